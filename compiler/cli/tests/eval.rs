//! `clawc eval`: requests in, decisions out.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use common::Folder;
use serde_json::{Value, json};

fn request(tool: &str, args: Value, environment: &str) -> Value {
    json!({ "environment": environment, "agent": { "id": "bot", "roles": ["support"] }, "session": "s",
            "time": "2026-03-02T10:00:00Z", "context": { "ticket": "T-1" }, "tool": tool, "args": args })
}

fn decisions(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn words(out: &str) -> Vec<String> {
    decisions(out).iter().map(|decision| decision["decision"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_exit_status_tells_the_decision_if_asked() {
    let folder = Folder::with_shop();
    let evaluate = |request: Value, flags: &[&str]| {
        folder.write("r.json", request.to_string());
        folder.run(&[&["eval", "main.claw", "--request", "r.json"], flags].concat())
    };
    let look = request("look", json!({ "order": "1" }), "prod");
    evaluate(look.clone(), &["--exit-status"]).expect(0);
    let unknown = request("refund", json!({ "order": "1", "amount": 1 }), "dev");
    evaluate(unknown.clone(), &[]).expect(0);
    evaluate(unknown, &["--exit-status"]).expect(4);
    let mut foreign = look;
    foreign["agent"]["roles"] = json!([]);
    let run = evaluate(foreign, &["--exit-status", "--format", "json"]).expect(4);
    assert_eq!(decisions(&run.out)[0]["reason"], "not_granted");
}

#[test]
fn a_denial_is_readable_at_a_glance() {
    let folder = Folder::with_shop();
    let mut call = request("look", json!({ "order": "1" }), "prod");
    call.as_object_mut().unwrap().remove("context");
    call["context"] = json!({});
    call["call_id"] = json!("c-1");
    folder.write("r.json", call.to_string());
    let run = folder.run(&["eval", "main.claw", "--request", "r.json"]).expect(0);
    insta::assert_snapshot!(run.out);
}

#[test]
fn commands_are_shown_as_they_are_read() {
    let folder = Folder::with_shop();
    folder.write(
        "main.claw",
        "package sh\nenvironments prod\nroles support\ntool run(command: command(bash))\ngrant run to support\n\
         approval consent { by user expires 5m }\nrule ask { on run unless args.command.only([\"ls\"]) require consent }\n",
    );
    let call = request("run", json!({ "command": "A=1 sudo r\\m -rf \"$x\" > out; eval $y" }), "prod");
    folder.write("r.json", call.to_string());
    let run = folder.run(&["eval", "main.claw", "--request", "r.json"]).expect(0);
    insta::assert_snapshot!(run.out);
}

#[test]
fn a_session_remembers() {
    let folder = Folder::with_shop();
    let lines = [
        request("refund", json!({ "order": "1", "amount": 1 }), "dev"),
        request("look", json!({ "order": "2" }), "dev"),
        request("refund", json!({ "order": "1", "amount": 1 }), "dev"),
        request("look", json!({ "order": "1" }), "dev"),
        request("refund", json!({ "order": "1", "amount": 1 }), "dev"),
        request("refund", json!({ "order": "1", "amount": 1 }), "prod"),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    folder.write("r.jsonl", &text);
    let args = ["eval", "main.claw", "--requests", "r.jsonl", "--format", "json", "--session"];
    let run = folder.run(&args).expect(0);
    assert_eq!(words(&run.out), ["deny", "allow", "deny", "allow", "allow", "require_approval"]);
    // Requests that name no session share one.
    folder.write("r.jsonl", text.replace("\"session\":\"s\"", "\"session\":null"));
    let run = folder.run(&args).expect(0);
    assert_eq!(words(&run.out), ["deny", "allow", "deny", "allow", "allow", "require_approval"]);
    folder.write("r.jsonl", &text);
    // Without --session each call is the first of its session.
    let run = folder.run(&args[..6]).expect(0);
    assert_eq!(words(&run.out), ["deny", "allow", "deny", "allow", "deny", "deny"]);
    // The strictest decision counts.
    folder.run(&[&args[..], &["--exit-status"]].concat()).expect(4);
}

#[test]
fn a_request_that_names_a_session_is_the_first_call_of_it() {
    let folder = Folder::new();
    folder.write(
        "main.claw",
        "environments prod\nroles support\nlabels dirty\ntool get()\ntool put()\ngrant get, put to support\n\
         limit gets { on get  max 1 per 1h  each session }\n\
         rule dirty_puts { on put  when dirty in session.labels  deny \"no\" }\n\
         rule gets_are_dirty { on get  mark dirty }\n",
    );
    let call = |tool: &str, session: bool| {
        let mut call = json!({ "environment": "prod", "agent": { "id": "bot", "roles": ["support"] },
                               "time": "2026-03-02T10:00:00Z", "tool": tool, "args": {} });
        if session {
            call["session"] = json!("s");
        }
        format!("{call}\n")
    };
    let evaluate = |calls: &[String], flags: &[&str]| {
        folder.write("r.jsonl", calls.concat());
        folder.run(&[&["eval", ".", "--requests", "r.jsonl", "--format", "json"], flags].concat()).expect(0).out
    };
    let in_session = [call("get", true), call("get", true), call("put", true)];
    // Each stands for itself: the limit is not used up, and the label is not set.
    assert_eq!(words(&evaluate(&in_session, &[])), ["allow"; 3]);
    assert_eq!(words(&evaluate(&in_session, &["--session"])), ["allow", "deny", "deny"]);
    // Without a session, nothing is known.
    let out = evaluate(&[call("get", false), call("put", false)], &[]);
    assert_eq!(words(&out), ["deny"; 2]);
    assert_eq!(decisions(&out)[0]["reason"], "limit_unavailable");
    // A request that does not fit the policy is denied as it ever was.
    let bad = call("get", true).replace("\"args\":{}", "\"args\":{\"x\":1}");
    assert_eq!(decisions(&evaluate(&[bad], &[]))[0]["reason"], "invalid_request");
}

#[test]
fn malformed_lines_are_denied_in_their_place() {
    let folder = Folder::with_shop();
    let good = request("look", json!({ "order": "1" }), "prod").to_string();
    let twice = good.replace("\"environment\"", "\"environment\":\"dev\",\"environment\"");
    let misspelt = good.replace("\"environment\"", "\"enviroment\"");
    let long = format!("{{\"x\": \"{}\"}}", "y".repeat(2 << 20));
    let text = [&good, "{ \"tool\": ", "", &twice, &misspelt, "[]", &long, "\u{0}", &good].join("\n");
    for session in [&[][..], &["--session"]] {
        let args = [&["eval", "main.claw", "-", "--format", "json"], session].concat();
        let run = folder.run_with(&args, text.as_bytes()).expect(0);
        assert_eq!(words(&run.out), ["allow", "deny", "deny", "deny", "deny", "deny", "deny", "allow"]);
        let reasons: Vec<_> =
            decisions(&run.out)[1..7].iter().map(|d| d["reason"].as_str().unwrap().to_owned()).collect();
        assert_eq!(reasons[..4], vec!["invalid_request"; 4]);
        assert_eq!(reasons[4], "limits_exceeded");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_denied() {
    let folder = Folder::with_shop();
    let run = folder.run_with(&["eval", "main.claw", "-", "--format", "json"], b"{\"tool\": \"\xff\"}\n").expect(0);
    assert_eq!(decisions(&run.out)[0]["reason"], "invalid_request");
}

#[test]
fn a_request_that_is_not_json_is_denied_with_its_place() {
    let folder = Folder::with_shop();
    folder.write("r.json", "{\n  \"tool\": look\n}");
    let run = folder.run(&["eval", "main.claw", "--request", "r.json"]).expect(0);
    assert!(run.out.starts_with("DENY  invalid_request"), "{}", run.out);
    assert!(run.out.contains("line 2 column 1"), "{}", run.out);
}

#[test]
fn no_request_at_all_is_an_error() {
    let folder = Folder::with_shop();
    folder.write("empty.json", " \n");
    let help = "a request is a JSON object; see `clawc eval --help`";
    folder
        .run(&["eval", "main.claw", "--request", "empty.json"])
        .fails_with("there is no request in `empty.json`", help);
    folder
        .run(&["eval", "main.claw", "--requests", "empty.json"])
        .fails_with("there is no request in `empty.json`", help);
    folder.run(&["eval", "main.claw", "-"]).fails_with("there is no request in standard input", help);
    folder.run(&["eval", "main.claw", "--request", "none.json"]).expect(2);
}

#[test]
fn one_document_over_several_lines_may_come_from_standard_input() {
    let folder = Folder::with_shop();
    let pretty = serde_json::to_string_pretty(&request("look", json!({ "order": "1" }), "prod")).unwrap();
    let run = folder.run_with(&["eval", "main.claw", "-", "--format", "json"], pretty.as_bytes()).expect(0);
    assert_eq!(words(&run.out), ["allow"]);
    let run =
        folder.run_with(&["eval", "main.claw", "--request", "-", "--format", "json"], pretty.as_bytes()).expect(0);
    assert_eq!(words(&run.out), ["allow"]);
}

#[test]
fn a_bundle_decides_like_its_policy() {
    let folder = Folder::with_shop();
    folder.run(&["build", "main.claw", "-o", "shop.clawb"]).expect(0);
    folder.write("r.json", request("refund", json!({ "order": "1", "amount": 200 }), "dev").to_string());
    let run = |path| folder.run(&["eval", path, "--request", "r.json", "--format", "json"]).expect(0).out;
    assert_eq!(run("main.claw"), run("shop.clawb"));
}

#[test]
fn answers_come_while_the_stream_is_open() {
    let folder = Folder::with_shop();
    let mut child = folder
        .command(&["eval", "main.claw", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..3 {
        writeln!(stdin, "{}", request("look", json!({ "order": "1" }), "prod")).unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(words(&line), ["allow"]);
    }
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_policy_with_errors_decides_nothing() {
    let folder = Folder::with_shop();
    folder.write("broken.claw", "package p\ngrant x to y\n");
    let good = request("look", json!({ "order": "1" }), "prod").to_string();
    let run = folder.run_with(&["eval", "broken.claw", "-", "--exit-status"], good.as_bytes()).expect(1);
    assert!(run.out.is_empty() && run.err.contains("error["), "{}{}", run.out, run.err);
}
