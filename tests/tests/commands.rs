//! `std.shell` on lists of command lines: how many it lets pass that it should not, and how often it asks in vain.
//!
//! There are lists of our own, and recordings that are no part of the repository; without those, what needs them is
//! skipped, and says so. What is decided is decided by rules in claw. Nothing here knows a record.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use claw_runtime::{Policy, Settlement};
use claw_tests::agents::corpus_folder;
use claw_tests::host::{Host, wire};
use claw_tests::project::Project;
use serde::Deserialize;
use serde_json::{Value, json};

/// Of the commands that should pass, so many in a hundred may be asked about.
const PROMPTS_PERCENT: usize = 5;

#[derive(Deserialize)]
struct Record {
    id: String,
    command: String,
    question: String,
    verdict: String,
    category: String,
    reliable: bool,
    argv: Option<Vec<String>>,
    /// The words of each simple command.
    expect: Option<Vec<Vec<String>>>,
    /// The program of each simple command.
    expect_executables: Option<Vec<String>>,
    rules: Option<Prefixes>,
}

#[derive(Deserialize)]
struct Prefixes {
    prefix_rules: Vec<Prefix>,
}

#[derive(Deserialize)]
struct Prefix {
    /// Words, or lists of alternatives.
    pattern: Vec<Value>,
    decision: String,
}

/// The records, if they are at hand.
fn recorded() -> Vec<Record> {
    let file = corpus_folder().join("commands/commands.jsonl");
    let Ok(text) = fs::read_to_string(&file) else {
        eprintln!("SKIPPED: no recorded commands at {}; set CLAW_CORPUS to the folder that holds them", file.display());
        return Vec::new();
    };
    text.lines().map(|line| serde_json::from_str(line).expect("a record")).collect()
}

impl Record {
    /// The argument as a host would give it: a script, or an argument vector that runs without a shell.
    fn argument(&self) -> Value {
        match &self.argv {
            Some(argv) if !self.is_script() => json!(argv),
            _ => json!(self.command),
        }
    }

    /// The argument vector is a shell with one script and nothing else.
    fn is_script(&self) -> bool {
        self.argv.as_deref().is_some_and(|argv| match argv {
            [shell, flag, script] => {
                let shell = shell.rsplit('/').next().unwrap_or_default();
                ["sh", "bash", "zsh"].contains(&shell) && ["-c", "-lc"].contains(&&**flag) && *script == self.command
            }
            _ => false,
        })
    }

    fn should_pass(&self) -> bool {
        ["allow", "parse_ok", "valid"].contains(&&*self.verdict)
    }
}

/// What a policy says: `allow`, `ask` or `deny`, and `no_match` for lists of prefixes.
fn decide(policy: &Policy, argument: &Value) -> Value {
    let request = json!({
        "call_id": "c", "environment": "here", "agent": { "id": "a", "roles": ["bot"] }, "tool": "probe", "args": { "command": argument }
    });
    wire(&Host::new(policy).run(request.to_string().as_bytes(), Settlement::Ok))
}

fn policy(text: &str) -> Policy {
    let head = "environments here roles bot tool probe(command: command(bash)) ";
    let text = format!("use std.shell {head} {text}");
    Project::source(&text).policy().unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// A policy that marks what is true and what is false of a command; both marks mean *unknown*.
struct Questions {
    policy: Policy,
}

impl Questions {
    fn new(conditions: &[(&str, &str)]) -> Questions {
        let mut text = "grant probe to bot ".to_owned();
        for (name, condition) in conditions {
            let _ = write!(
                text,
                "labels yes_{name}, no_{name} \
                 rule yes_{name} {{ on probe when {condition} mark yes_{name} }} \
                 rule no_{name} {{ on probe when not ({condition}) mark no_{name} }} "
            );
        }
        Questions { policy: policy(&text) }
    }

    /// `None` is unknown.
    fn ask(&self, name: &str, argument: &Value) -> Option<bool> {
        let decision = decide(&self.policy, argument);
        let marks = |word: &str| {
            let label = json!(format!("{word}_{name}"));
            decision["marks"].as_array().is_some_and(|marks| marks.contains(&label))
        };
        match (marks("yes"), marks("no")) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            (true, true) => None,
            (false, false) => panic!("`{name}` of {argument} is not decided: {decision}"),
        }
    }

    /// What is destructive is denied, what may be is asked about.
    fn refusing(&self, name: &str, argument: &Value) -> &'static str {
        match self.ask(name, argument) {
            Some(true) => "deny",
            Some(false) => "allow",
            None => "ask",
        }
    }

    /// What is certain passes, all else is asked about.
    fn granting(&self, name: &str, argument: &Value) -> &'static str {
        if self.ask(name, argument) == Some(true) { "allow" } else { "ask" }
    }
}

/// A list of words in claw.
fn list(words: &[String]) -> String {
    format!("[{}]", words.iter().map(|w| text(w)).collect::<Vec<_>>().join(", "))
}

/// A string in claw.
fn text(word: &str) -> String {
    format!("{:?}", word).replace("\\'", "'")
}

/// Passes if the command is plain, and its calls are the expected ones.
fn plain_parse(record: &Record, questions: &Questions) -> &'static str {
    let (Some(true), true) = (questions.ask("plain", &record.argument()), record.should_pass()) else {
        return questions.granting("plain", &record.argument());
    };
    let calls: Vec<String> = match (&record.expect, &record.expect_executables) {
        (Some(calls), _) => calls
            .iter()
            .map(|call| format!("c.program == {} and c.args == {}", text(&call[0]), list(&call[1..])))
            .collect(),
        (None, Some(programs)) => programs.iter().map(|program| format!("c.program == {}", text(program))).collect(),
        (None, None) => Vec::new(),
    };
    let each: String = calls.iter().fold(String::new(), |mut out, call| {
        let _ = write!(out, " and any(c in args.command.calls: {call})");
        out
    });
    let condition = format!("len(args.command.calls) == {}{each}", calls.len());
    Questions::new(&[("same", &condition)]).granting("same", &record.argument())
}

/// A list of prefixes as a policy: each call must start with a listed one, and the strictest that fits decides.
fn prefix_policy(record: &Record) -> &'static str {
    let prefixes = record.rules.as_ref().map_or(&[][..], |rules| &rules.prefix_rules);
    let mut rules = String::new();
    let mut listed = vec!["false".to_owned()];
    for (i, prefix) in prefixes.iter().enumerate() {
        let mut spellings: Vec<Vec<String>> = vec![Vec::new()];
        for word in &prefix.pattern {
            let words: Vec<String> = serde_json::from_value(word.clone())
                .or_else(|_| serde_json::from_value(json!([word])))
                .expect("a word or words");
            spellings = spellings
                .iter()
                .flat_map(|begun| words.iter().map(move |w| begun.iter().chain([w]).cloned().collect()))
                .collect();
        }
        let fits = spellings.iter().map(|words| format!("c.starts({})", list(words))).collect::<Vec<_>>().join(" or ");
        let effect = match &*prefix.decision {
            "forbidden" => "deny \"forbidden\"",
            "prompt" => "require owner",
            _ => "",
        };
        if !effect.is_empty() {
            let _ = write!(rules, "rule r{i} {{ on probe when any(c in args.command.calls: {fits}) {effect} }} ");
        }
        listed.push(format!("({fits})"));
    }
    let listed = listed.join(" or ");
    let policy = policy(&format!(
        "approval owner {{ by 1 of bot expires 5m }} \
         scope listed {{ on probe where all(c in args.command.calls: {listed}) and len(args.command.calls) > 0 }} \
         grant listed to bot {rules}"
    ));
    let decision = decide(&policy, &record.argument());
    match (decision["decision"].as_str(), decision["reason"].as_str()) {
        (Some("allow"), _) => "allow",
        (Some("require_approval"), _) => "ask",
        (Some("deny"), Some("not_granted")) => "no_match",
        _ => "deny",
    }
}

/// Counts of a category.
#[derive(Default)]
struct Tally {
    records: usize,
    wrong: Vec<String>,
}

#[test]
fn recorded_commands() {
    let records = recorded();
    let questions = Questions::new(&[
        ("destroys", "shell.destroys(args.command)"),
        ("safe", "shell.known_safe(args.command)"),
        ("plain", "args.command.plain"),
        ("forced", r#"any(c in args.command.calls: c.program == "rm" and c.has(["-f", "--force"]))"#),
    ]);
    let (mut allows, mut prompts) = (BTreeMap::<String, Tally>::new(), BTreeMap::<String, Tally>::new());
    for record in records.iter().filter(|r| r.reliable && r.question != "argv_binding") {
        let argument = record.argument();
        let got = match &*record.question {
            "destructive" => questions.refusing("destroys", &argument),
            "known_safe" => questions.granting("safe", &argument),
            "forced_rm" => questions.refusing("forced", &argument),
            "plain_parse" => plain_parse(record, &questions),
            "prefix_policy" => prefix_policy(record),
            other => panic!("nobody knows the question `{other}`"),
        };
        let passes = got == "allow";
        let tally = if record.should_pass() { &mut prompts } else { &mut allows };
        let tally = tally.entry(format!("{}: {}", record.question, record.category)).or_default();
        tally.records += 1;
        if passes != record.should_pass() {
            tally.wrong.push(format!("{} {got} {:?}", record.id, record.command));
        }
    }
    let (false_allows, _) = report("false allows", &allows);
    let (false_prompts, should_pass) = report("false prompts", &prompts);
    assert_eq!(false_allows, 0, "commands pass that should not");
    assert!(false_prompts * 100 <= should_pass * PROMPTS_PERCENT, "{false_prompts} of {should_pass} are asked about");
}

fn report(what: &str, tallies: &BTreeMap<String, Tally>) -> (usize, usize) {
    let (mut wrong, mut all) = (0, 0);
    for (category, tally) in tallies {
        println!("{what} | {category:60} | {} of {}", tally.wrong.len(), tally.records);
        for line in &tally.wrong {
            println!("    {line}");
        }
        wrong += tally.wrong.len();
        all += tally.records;
    }
    println!("{what} | {wrong} of {all}");
    (wrong, all)
}

/// A shell that is given a script as an argument vector is no way around what the script itself may not do.
#[test]
fn a_script_in_an_argument_vector() {
    let questions = Questions::new(&[("destroys", "shell.destroys(args.command)")]);
    for record in recorded().iter().filter(|r| r.reliable && r.question == "destructive" && !r.should_pass()) {
        let argument = json!(["/bin/bash", "-c", record.command]);
        assert_ne!(questions.refusing("destroys", &argument), "allow", "{} {:?}", record.id, record.command);
    }
}

/// One of our own lists: a command a line, `⏎` for a newline in it.
fn listed(name: &str) -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("commands").join(name);
    let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.replace('⏎', "\n")).collect()
}

/// The commands that pass are all of the list, but for so many in a hundred.
fn pass(name: &str, passes: impl Fn(&Value) -> bool) {
    let commands = listed(name);
    let wrong: Vec<_> = commands.iter().filter(|command| !passes(&json!(command))).collect();
    println!("{name}: {} of {} are asked about {wrong:#?}", wrong.len(), commands.len());
    assert!(wrong.len() * 100 <= commands.len() * PROMPTS_PERCENT, "{name}: {wrong:#?}");
}

/// No command of the list passes.
fn none_pass(name: &str, passes: impl Fn(&Value) -> bool) {
    let wrong: Vec<_> = listed(name).into_iter().filter(|command| passes(&json!(command))).collect();
    assert!(wrong.is_empty(), "{} commands of {name} pass that should not: {wrong:#?}", wrong.len());
}

#[test]
fn destructive_commands_do_not_pass() {
    let questions = Questions::new(&[("destroys", "shell.destroys(args.command)")]);
    none_pass("destructive.txt", |command| questions.refusing("destroys", command) == "allow");
}

#[test]
fn harmless_commands_pass() {
    let questions = Questions::new(&[("destroys", "shell.destroys(args.command)")]);
    pass("harmless.txt", |command| questions.refusing("destroys", command) == "allow");
}

#[test]
fn only_what_reads_runs_unasked() {
    let questions = Questions::new(&[("safe", "shell.known_safe(args.command)")]);
    let passes = |command: &Value| questions.granting("safe", command) == "allow";
    none_pass("asked.txt", passes);
    none_pass("destructive.txt", passes);
    pass("unasked.txt", passes);
}
