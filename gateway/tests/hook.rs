//! The hook as hosts run it: a process for each event, whose exit status and output are the answer.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

const POLICY: &str = r#"
package team

environments laptop, ci
roles        coder, sre
labels       untrusted
context      { project: path }

tool Bash(command: command(bash), description?: string)
tool Write(file_path: path, content: string)
tool WebFetch(url: url, prompt: string)
tool Deploy(to: string)
tool Count(n: int)
tool shell_command(command: command(bash), workdir?: string)
tool git_log(repo: string) on server "git"

grant any to coder

approval person { by user expires 10m }
approval second { by 1 of sre expires 10m }

rule inside {
  on      Write
  unless  args.file_path under context.project
  deny    "only files of the project"
  suggest "write below the project"
}
rule pages { on WebFetch mark untrusted }
rule after_pages {
  on      Bash
  when    untrusted in session.labels and any(c in args.command.calls: c.program == "curl")
  deny    "nothing leaves after pages"
}
rule removing { on Bash when any(c in args.command.calls: c.program == "rm") require person }
rule deploying { on Deploy require second }
rule look_first {
  on      Deploy
  unless  prior git_log(prior.repo == args.to) within 10m
  deny    "look at the log first"
}
rule removing_too { on shell_command when any(c in args.command.calls: c.program == "rm") require person }
limit counted { on Count max 5 per 1h each user }
limit removed { on Bash when any(c in args.command.calls: c.program == "rm") max 2 per 1h each user }
"#;

/// Compiling takes its time in a debug build on a busy machine; a hook that hangs ends the test all the same.
const PATIENCE: &str = "300";

struct Project(tempfile::TempDir);

#[derive(Debug, PartialEq)]
struct Answer {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Project {
    fn new() -> Project {
        let project = Project(tempfile::tempdir().unwrap());
        project.write(".claw/policy/main.claw", POLICY);
        project
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("shop")
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_claw-gateway"));
        command.args(args).arg("--data").arg(self.data()).current_dir(self.path());
        command.env_clear().env("USER", "emma").env("HOME", self.0.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self, host: &str, event: &str) -> Child {
        let mut child = self.command(&["hook", host, "--timeout", PATIENCE]).spawn().unwrap();
        // One that answers without reading closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(event.as_bytes());
        child
    }

    fn hook(&self, host: &str, event: &Value) -> Answer {
        end(self.start(host, &event.to_string()))
    }

    fn before(&self, id: &str, tool: &str, args: Value) -> Value {
        json!({ "hook_event_name": "PreToolUse", "session_id": "s", "cwd": self.path(), "tool_name": tool,
                "tool_input": args, "tool_use_id": id, "permission_mode": "default", "transcript_path": "t" })
    }

    fn call(&self, id: &str, tool: &str, args: Value) -> Answer {
        self.hook("claude", &self.before(id, tool, args))
    }

    fn after(&self, id: &str, tool: &str) {
        let mut event = self.before(id, tool, json!({}));
        event["hook_event_name"] = "PostToolUse".into();
        event["tool_response"] = json!({ "stdout": "x" });
        self.hook("claude", &event).passes();
    }
}

fn end(child: Child) -> Answer {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Answer { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

impl Answer {
    #[track_caller]
    fn passes(&self) {
        assert_eq!(*self, Answer { code: Some(0), out: String::new(), err: String::new() });
    }

    /// Blocked in both ways, with this in the reason.
    #[track_caller]
    fn blocks(&self, reason: &str) {
        assert_eq!(self.code, Some(2), "{self:?}");
        let out: Value = serde_json::from_str(&self.out).unwrap();
        let told = &out["hookSpecificOutput"];
        assert_eq!(told["permissionDecision"], "deny", "{self:?}");
        let said = told["permissionDecisionReason"].as_str().unwrap();
        assert!(said.contains(reason) && self.err.contains(reason), "{reason}: {self:?}");
    }

    /// What the user is asked.
    #[track_caller]
    fn asks(&self) -> String {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""), "{self:?}");
        let out: Value = serde_json::from_str(&self.out).unwrap();
        assert_eq!(out["hookSpecificOutput"]["permissionDecision"], "ask", "{self:?}");
        out["hookSpecificOutput"]["permissionDecisionReason"].as_str().unwrap().to_owned()
    }
}

#[test]
fn claude_code_is_told_in_its_format() {
    let project = Project::new();
    project.call("t1", "Bash", json!({ "command": "ls", "description": "look" })).passes();
    let denied = project.call("t2", "Write", json!({ "file_path": "/etc/x", "content": "" }));
    let reason = "denied: only files of the project\nwhat to do: write below the project";
    assert_eq!((denied.code, denied.err.as_str()), (Some(2), &*format!("claw: {reason}\n")));
    let json = json!({ "hookSpecificOutput": { "hookEventName": "PreToolUse", "permissionDecision": "deny",
                       "permissionDecisionReason": reason } });
    assert_eq!(serde_json::from_str::<Value>(&denied.out).unwrap(), json);
    let asked = project.call("t3", "Bash", json!({ "command": "rm x" })).asks();
    assert_eq!(asked, "claw asks you: team.removing (`person`)");
    // Where the host is to ask about nothing that is allowed.
    let mut child = project.command(&["hook", "claude", "--on-allow", "allow", "--timeout", PATIENCE]).spawn().unwrap();
    let event = project.before("t4", "Bash", json!({ "command": "ls" })).to_string();
    child.stdin.take().unwrap().write_all(event.as_bytes()).unwrap();
    let allowed = end(child);
    assert!(allowed.out.contains(r#""permissionDecision":"allow""#) && allowed.code == Some(0), "{allowed:?}");
    let mut helper = project.before("t5", "Bash", json!({ "command": "ls" }));
    helper["agent_id"] = "a-1".into();
    helper["agent_type"] = "explorer".into();
    project.hook("claude", &helper).passes();
    // The log has the policy once, and each call.
    let log = fs::read_to_string(project.data().join("audit/audit-000001.jsonl")).unwrap();
    let count = |event: &str| log.matches(&format!("\"event\":\"{event}\"")).count();
    assert_eq!((count("reload"), count("vote"), count("ask")), (1, 1, 1), "{log}");
    assert!(log.contains("left to the host's own prompt") && log.contains("\"chain\""), "{log}");
    // Events that ask nothing.
    for event in ["SessionStart", "UserPromptSubmit", "PermissionRequest", "Stop"] {
        project.hook("claude", &json!({ "hook_event_name": event, "session_id": "s" })).passes();
    }
}

#[test]
fn codex_and_openclaw_are_told_in_theirs() {
    let project = Project::new();
    let codex =
        |id: &str, command: &str| project.hook("codex", &project.before(id, "Bash", json!({ "command": command })));
    codex("c1", "ls").passes();
    let denied = codex("c2", "rm x");
    assert_eq!((denied.code, denied.out.as_str()), (Some(2), ""), "codex lets a call pass that is answered `ask`");
    assert!(denied.err.contains("claw-gateway approvals grant"), "{denied:?}");
    let openclaw = |id: &str, event: &str, tool: &str, params: Value| {
        let event = json!({ "event": event, "sessionKey": "k", "toolCallId": id, "toolName": tool, "params": params });
        let answer = project.hook("openclaw", &event);
        let told: Value = serde_json::from_str(&answer.out).unwrap();
        (answer.code.unwrap(), told["answer"].as_str().unwrap().to_owned())
    };
    let is = |code, answer: &str| (code, answer.to_owned());
    assert_eq!(openclaw("o1", "before_tool_call", "Bash", json!({ "command": "ls" })), is(0, "allow"));
    assert_eq!(openclaw("o1", "after_tool_call", "Bash", json!({})), is(0, "allow"));
    assert_eq!(openclaw("o2", "before_tool_call", "Bash", json!({ "command": "rm x" })), is(0, "ask"));
    assert_eq!(openclaw("o2", "refused", "Bash", json!({})), is(0, "allow"));
    assert_eq!(openclaw("o3", "before_tool_call", "Nope", json!({})), is(2, "deny"));
    assert_eq!(openclaw("o4", "anything", "Bash", json!({})), is(2, "deny"));
}

#[test]
fn whatever_can_not_be_read_blocks() {
    let project = Project::new();
    let raw = |text: &str| end(project.start("claude", text));
    for text in ["", "{", "[]", &*"[".repeat(100_000)] {
        raw(text).blocks("the hook's event can't be read");
    }
    raw("{\"hook_event_name\":\"Nope\"}").blocks("`Nope` is not known");
    raw("{\"hook_event_name\":\"PreToolUse\"}").blocks("no `tool_name`");
    let event = project.before("t1", "Bash", json!({ "command": "ls" }));
    let text = event.to_string();
    raw(&text.replace("\"tool_use_id\"", "\"id\"")).blocks("no `tool_use_id`");
    let twice = text.replace("{\"command\":\"ls\"}", "{\"command\":\"ls\",\"command\":\"rm x\"}");
    raw(&twice).blocks("arguments can't be read");
    project.call("t2", "Bash", json!({ "command": "x".repeat(5 << 20) })).blocks("arguments can't be read");

    project.write(".claw/hook.toml", "polcy = 1");
    project.hook("claude", &event).blocks("hook.toml` is wrong: unknown field `polcy`");
    fs::remove_file(project.path().join(".claw/hook.toml")).unwrap();
    project.hook("claude", &event).passes();
    project.write(".claw/policy/main.claw", "package team\ngrant nothing to nobody\n");
    project.hook("claude", &event).blocks("has errors; `clawc check");
    fs::remove_dir_all(project.path().join(".claw/policy")).unwrap();
    project.hook("claude", &event).blocks("there is no policy in");
    project.write(".claw/policy.clawb", "not a bundle");
    project.hook("claude", &event).blocks("the policy can't be used");
}

#[test]
fn folders_and_files_that_do_not_work_block() {
    let project = Project::new();
    let event = project.before("t1", "Bash", json!({ "command": "ls" }));
    fs::write(project.data(), "a file where a folder should be").unwrap();
    project.hook("claude", &event).blocks("cannot make");
    fs::remove_file(project.data()).unwrap();
    project.hook("claude", &event).passes();
    for (file, reason) in [("state.db", "past calls can't be opened"), ("ledger.db", "askings can't be opened")] {
        let path = project.data().join(file);
        let aside = project.data().join("aside");
        fs::rename(&path, &aside).unwrap();
        fs::write(&path, "not a database, but quite long enough to be looked at ".repeat(100)).unwrap();
        project.hook("claude", &event).blocks(reason);
        fs::rename(&aside, &path).unwrap();
    }
    let segment = project.data().join("audit/audit-000001.jsonl");
    let there = fs::read(&segment).unwrap();
    fs::write(&segment, "{}\n").unwrap();
    project.hook("claude", &event).blocks("the audit log can't be opened");
    fs::write(&segment, there).unwrap();
    project.hook("claude", &event).passes();
}

/// A full disk, a signal, a missing program: what does not end in a status of ours is made one by the command line that
/// `clawc init` writes.
#[cfg(unix)]
#[test]
fn what_kills_the_hook_blocks_through_the_command_line() {
    let project = Project::new();
    let event = project.before("t1", "Bash", json!({ "command": "ls" }));
    let program = env!("CARGO_BIN_EXE_claw-gateway");
    let hook = format!("{program} hook claude --timeout {PATIENCE} --data {}", project.data().display());
    for line in [
        &*format!("ulimit -f 0; {hook} || {{ [ $? = 2 ] || echo failed >&2; exit 2; }}"),
        "no-such-program hook claude || { [ $? = 2 ] || echo failed >&2; exit 2; }",
        &*format!("{program} hook cloude || {{ [ $? = 2 ] || echo failed >&2; exit 2; }}"),
        "sh -c 'kill -9 $$' || { [ $? = 2 ] || echo failed >&2; exit 2; }",
    ] {
        let mut command = Command::new("sh");
        command.arg("-c").arg(line).current_dir(project.path()).env("USER", "emma");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(event.to_string().as_bytes());
        assert_eq!(end(child).code, Some(2), "{line}");
    }
    project.hook("claude", &event).passes();
}

#[test]
fn a_hook_that_can_not_go_on_blocks_in_time() {
    let project = Project::new();
    project.call("t1", "Bash", json!({ "command": "ls" })).passes();
    let quick = || project.command(&["hook", "claude", "--timeout", "2"]).spawn().unwrap();
    // Nobody ends the event.
    let mut child = quick();
    let stdin = child.stdin.take();
    end(child).blocks("it could not be decided within 2 s");
    drop(stdin);
    // Another process does not give the folder back.
    let lock = fs::File::options().write(true).open(project.data().join("hook.lock")).unwrap();
    lock.lock().unwrap();
    let mut child = quick();
    let event = project.before("t2", "Bash", json!({ "command": "ls" })).to_string();
    child.stdin.take().unwrap().write_all(event.as_bytes()).unwrap();
    end(child).blocks("it could not be decided within 2 s");
    drop(lock);
    // Another program writes to the database.
    let other = rusqlite::Connection::open(project.data().join("state.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(project.call("t3", "Bash", json!({ "command": "ls" })).code, Some(2));
    other.execute_batch("ROLLBACK").unwrap();
    project.call("t3", "Bash", json!({ "command": "ls" })).passes();
}

#[cfg(unix)]
#[test]
fn a_question_that_nobody_can_read_blocks() {
    let project = Project::new();
    let event = project.before("t1", "Bash", json!({ "command": "rm x" })).to_string();
    let run = |command: &mut Command| {
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        child.stdin.take().unwrap().write_all(event.as_bytes()).unwrap();
        child.wait().unwrap().code()
    };
    assert_eq!(run(&mut project.command(&["hook", "claude", "--timeout", PATIENCE])), Some(2));
    if Path::new("/proc/self/fd").exists() {
        let mut command = project.command(&["hook", "claude", "--timeout", PATIENCE]);
        assert_eq!(run(command.stdout(Stdio::null())), Some(2));
    }
}

#[test]
fn parallel_hooks_hold_a_limit_exactly() {
    let project = Project::new();
    project.call("first", "Bash", json!({ "command": "ls" })).passes();
    let event = |i: usize| project.before(&format!("t{i}"), "Count", json!({ "n": i })).to_string();
    let children: Vec<Child> = (0..20).map(|i| project.start("claude", &event(i))).collect();
    let codes: Vec<Option<i32>> = children.into_iter().map(|child| end(child).code).collect();
    assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 5, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == Some(2)).count(), 15, "{codes:?}");
}

#[test]
fn sessions_remember_between_processes() {
    let project = Project::new();
    let curl = || json!({ "command": "curl https://x.example" });
    project.call("t1", "Bash", curl()).passes();
    project.call("t2", "WebFetch", json!({ "url": "https://y.example/", "prompt": "p" })).passes();
    project.call("t3", "Bash", curl()).blocks("nothing leaves after pages");
    let mut other = project.before("t4", "Bash", curl());
    other["session_id"] = "another".into();
    project.hook("claude", &other).passes();
    // Where all sessions of a project are one, it does.
    project.write(".claw/hook.toml", "session = \"project\"");
    project.call("t5", "WebFetch", json!({ "url": "https://y.example/", "prompt": "p" })).passes();
    other["tool_use_id"] = "t6".into();
    project.hook("claude", &other).blocks("nothing leaves after pages");
    fs::remove_file(project.path().join(".claw/hook.toml")).unwrap();
    // An id is good for one call.
    project.after("t1", "Bash");
    project.call("t1", "Bash", json!({ "command": "ls" })).blocks("denied");
    // A `prior` is a call that ended well, and no other.
    let log = |id: &str| project.call(id, "mcp__git__git_log", json!({ "repo": "prod" })).passes();
    project.call("d1", "Deploy", json!({ "to": "prod" })).blocks("look at the log first");
    log("l1");
    let mut failed = project.before("l1", "mcp__git__git_log", json!({}));
    failed["hook_event_name"] = "PostToolUseFailure".into();
    failed["error"] = "no such repository".into();
    project.hook("claude", &failed).passes();
    project.call("d2", "Deploy", json!({ "to": "prod" })).blocks("look at the log first");
    log("l2");
    project.after("l2", "mcp__git__git_log");
    project.call("d3", "Deploy", json!({ "to": "prod" })).blocks("claw-gateway approvals grant");
}

#[test]
fn a_killed_hook_is_charged_once() {
    let project = Project::new();
    for i in 0..3 {
        // The host was killed after the answer, and asks again.
        project.call("same", "Count", json!({ "n": 1 })).passes();
        let event = project.before(&format!("k{i}"), "Bash", json!({ "command": "ls" })).to_string();
        let mut child = project.start("claude", &event);
        child.kill().unwrap();
        child.wait().unwrap();
    }
    for i in 0..4 {
        project.call(&format!("t{i}"), "Count", json!({ "n": 1 })).passes();
    }
    project.call("t5", "Count", json!({ "n": 1 })).blocks("at most 5 in 1h");
}

#[test]
fn what_the_user_is_asked_about_is_charged_and_what_they_refuse_is_not() {
    let project = Project::new();
    let remove = |id: &str| project.call(id, "Bash", json!({ "command": "rm x" }));
    remove("t1").asks();
    remove("t1").asks();
    let question = remove("t2").asks();
    remove("t3").blocks("at most 2 in 1h");
    let batch = |response: &str| {
        let call = json!({ "tool_name": "Bash", "tool_input": {}, "tool_use_id": "t2", "tool_response": response });
        let event = json!({ "hook_event_name": "PostToolBatch", "session_id": "s", "tool_calls": [call] });
        project.hook("claude", &event).passes();
    };
    batch("a result");
    remove("t4").blocks("at most 2 in 1h");
    batch(&question);
    remove("t5").asks();
    project.after("t5", "Bash");
    batch(&question);
    remove("t6").blocks("at most 2 in 1h");
}

#[cfg(unix)]
#[test]
fn others_vote_on_the_command_line_and_it_is_good_for_one_call() {
    let project = Project::new();
    let me = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    project.write(".claw/hook.toml", &format!("user = {{ id = \"emma\" }}\n[people]\n\"{}\" = [\"sre\"]\n", me.trim()));
    project.call("l1", "mcp__git__git_log", json!({ "repo": "prod" })).passes();
    project.after("l1", "mcp__git__git_log");
    let deploy = |id: &str| project.call(id, "Deploy", json!({ "to": "prod" }));
    let denied = deploy("d1");
    denied.blocks("then make exactly the same call again");
    let id = denied.err.split("approvals grant ").nth(1).unwrap().split('`').next().unwrap().to_owned();
    let run = |args: &[&str]| end(project.command(args).stdin(Stdio::null()).spawn().unwrap());
    let list = run(&["approvals", "list"]);
    assert!(list.out.contains(&id) && list.out.contains("Deploy"), "{list:?}");
    let shown = run(&["approvals", "show", &id]);
    assert!(shown.out.contains("\"prod\""), "{shown:?}");
    assert_eq!(run(&["approvals", "grant", "ffffffffffff"]).code, Some(1));
    let agent = project.command(&["approvals", "grant", &id]).env("CLAUDECODE", "1").output().unwrap();
    assert_eq!(agent.status.code(), Some(2), "agents do not vote");
    let granted = run(&["approvals", "grant", &id]);
    assert_eq!((granted.code, granted.out), (Some(0), format!("{id} is granted\n")), "{}", granted.err);
    deploy("d2").passes();
    deploy("d3").blocks("approvals grant");
}

#[cfg(unix)]
#[test]
fn paths_are_followed() {
    let project = Project::new();
    fs::create_dir(project.0.path().join("outside")).unwrap();
    std::os::unix::fs::symlink(project.0.path().join("outside"), project.path().join("link")).unwrap();
    let write = |id: &str, path: &str| project.call(id, "Write", json!({ "file_path": path, "content": "" }));
    let inside = project.path().join("new/a.txt");
    write("t1", inside.to_str().unwrap()).passes();
    write("t2", "relative.txt").passes();
    write("t3", "../outside.txt").blocks("only files of the project");
    write("t4", "link/a.txt").blocks("only files of the project");
    write("t5", "~/a.txt").blocks("denied");
}
