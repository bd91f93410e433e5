//! Reading shell commands: what a policy pays that asks about a command, and what one pays that does not.

use claw_benches::policy;
use claw_runtime::{Command, NoState, Policy, ShellDialect};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// What agents run all day, and a longer one (300 bytes).
const COMMANDS: [(&str, &str); 3] = [
    ("status", "git status"),
    ("test", "cd app && npm test 2>&1 | tail -20"),
    (
        "long",
        "cd services/billing && for f in $(git diff --name-only origin/main -- '*.rs' | head -40); do \
         printf '== %s\\n' \"$f\"; grep -nE 'unwrap\\(\\)|expect\\(|panic!' \"$f\" | sed 's/^/  /' | cut -c1-160; done; \
         RUST_BACKTRACE=1 timeout 600 cargo test --quiet --workspace -- --test-threads=4 2>&1 | tail -n 60 || true",
    ),
];
const NAMES: [&str; 3] = [COMMANDS[0].0, COMMANDS[1].0, COMMANDS[2].0];

fn text(name: &str) -> &'static str {
    COMMANDS.iter().find(|(key, _)| *key == name).map(|(_, text)| *text).expect("a listed name")
}

/// A policy of one tool with this parameter, and these rules.
fn tool(parameter: &str, rules: &str) -> Policy {
    policy(&format!(
        "package bench\nuse std.shell as shell\nenvironments prod\nroles agent\ntool bash(c: {parameter})\n\
         grant bash to agent\n{rules}"
    ))
}

fn json(command: &str) -> String {
    serde_json::json!({
        "call_id": "c-1", "time": "2026-03-02T09:00:00Z", "session": "s", "environment": "prod",
        "agent": { "id": "bot", "roles": ["agent"] }, "tool": "bash", "args": { "c": command },
    })
    .to_string()
}

/// From JSON to the decision: the command is read anew each time.
fn decide(bencher: Bencher, policy: &Policy, name: &str) {
    let json = json(text(name));
    bencher.bench_local(|| {
        policy.prepare_json(black_box(json.as_bytes())).is_ok_and(|r| policy.decide(&r, &NoState).is_allowed())
    });
}

/// All calls of one command.
#[divan::bench(args = NAMES)]
fn read(bencher: Bencher, name: &str) {
    bencher.bench_local(|| Command::new(ShellDialect::Bash, black_box(text(name))).calls().items.len());
}

/// A policy that does not look into the command: reading it costs nothing.
#[divan::bench(args = NAMES)]
fn unread(bencher: Bencher, name: &str) {
    decide(bencher, &tool("command(bash)", "rule r { on bash unless agent in agent.roles deny \"no\" }"), name);
}

/// The same with a string for the command.
#[divan::bench(args = NAMES)]
fn string(bencher: Bencher, name: &str) {
    decide(bencher, &tool("string", "rule r { on bash unless agent in agent.roles deny \"no\" }"), name);
}

/// A list of programs.
#[divan::bench(args = NAMES)]
fn only(bencher: Bencher, name: &str) {
    let rule =
        "rule r { on bash unless args.c.only([\"git\", \"cd\", \"npm\", \"tail\", \"grep\", \"sed\"]) deny \"no\" }";
    decide(bencher, &tool("command(bash)", rule), name);
}

/// The stock question of what may run unasked.
#[divan::bench(args = NAMES)]
fn known_safe(bencher: Bencher, name: &str) {
    decide(bencher, &tool("command(bash)", "rule r { on bash unless shell.known_safe(args.c) deny \"no\" }"), name);
}

/// The stock question of what must not run.
#[divan::bench(args = NAMES)]
fn destroys(bencher: Bencher, name: &str) {
    decide(bencher, &tool("command(bash)", "rule r { on bash when shell.destroys(args.c) deny \"no\" }"), name);
}

/// The whole stock guard: four questions to find the tier, and the rules.
#[divan::bench(args = NAMES)]
fn guard(bencher: Bencher, name: &str) {
    let policy = policy("package bench\nuse std.guards.claude_code with grants\n");
    let json = serde_json::json!({
        "call_id": "c-1", "time": "2026-03-02T09:00:00Z", "session": "s", "environment": "laptop",
        "agent": { "id": "bot", "roles": ["coder"] }, "user": { "id": "eva" },
        "tool": "Bash", "args": { "command": text(name) },
    })
    .to_string();
    let decide = || {
        let request = policy.prepare_json(black_box(json.as_bytes())).unwrap_or_else(|denial| panic!("{denial}"));
        policy.decide(&request, &NoState)
    };
    bencher.bench_local(decide);
}
