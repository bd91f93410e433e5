//! `clawc why` and `clawc query`.

mod common;

use common::Folder;
use serde_json::{Value, json};

fn request(tool: &str, environment: &str, args: &Value) -> String {
    json!({ "environment": environment, "agent": { "id": "bot", "roles": ["support"] }, "session": "s",
            "time": "2026-03-02T10:00:00Z", "tool": tool, "args": args })
    .to_string()
}

#[test]
fn a_denial_is_explained() {
    let folder = Folder::with_shop();
    folder.write("r.json", request("look", "prod", &json!({ "order": "o-1" })));
    let out = folder.run(&["why", ".", "--request", "r.json"]).expect(0).out;
    for part in [
        "DENY  rule, in prod",
        "shop.ticket_in_prod  main.claw:",
        "granted? granted\n    support in agent.roles → true\n      agent.roles = [\"support\"]",
        "denied by a rule? a rule denies it",
        "would be allowed in `dev`",
        "(for example `context.ticket` = `\"T-",
    ] {
        assert!(out.contains(part), "{part} in\n{out}");
    }
}

#[test]
fn the_explanation_is_data_too() {
    let folder = Folder::with_shop();
    folder.write("r.json", request("look", "prod", &json!({ "order": "o-1" })));
    let out = folder.run(&["why", ".", "--request", "r.json", "--format", "json"]).expect(0).out;
    let why: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(why["decision"]["decision"], "deny");
    assert_eq!(why["path"][0]["question"], "grant");
    assert_eq!(why["single_changes_complete"], true);
    for miss in why["near_misses"].as_array().unwrap() {
        folder.write("changed.json", miss["request"].to_string());
        let again = folder.run(&["eval", ".", "--request", "changed.json", "--format", "json"]).expect(0).out;
        let again: Value = serde_json::from_str(&again).unwrap();
        assert_eq!(again["decision"], miss["decision"], "{miss}");
    }
}

#[test]
fn an_allowed_call_may_become_stricter() {
    let folder = Folder::with_shop();
    folder.write("r.json", request("look", "dev", &json!({ "order": "o-1" })));
    let quiet = folder.run(&["why", ".", "--request", "r.json"]).expect(0).out;
    assert!(quiet.starts_with("ALLOW") && !quiet.contains("near misses"), "{quiet}");
    let out = folder.run(&["why", ".", "--request", "r.json", "--stricter"]).expect(0).out;
    assert!(out.contains("would be denied in `prod`"), "{out}");
    assert!(out.contains("would be denied if the agent did not hold role `support`"), "{out}");
}

#[test]
fn earlier_calls_count() {
    let folder = Folder::with_shop();
    folder.write("r.json", request("refund", "dev", &json!({ "order": "o-1", "amount": 5 })));
    let out = folder.run(&["why", ".", "--request", "r.json"]).expect(0).out;
    assert!(out.starts_with("DENY") && out.contains("prior look("), "{out}");
    folder.write("calls.jsonl", request("look", "dev", &json!({ "order": "o-1" })));
    let out = folder.run(&["why", ".", "--request", "r.json", "--session", "calls.jsonl"]).expect(0).out;
    assert!(out.starts_with("ALLOW"), "{out}");
}

#[test]
fn what_is_no_request_is_a_decision_all_the_same() {
    let folder = Folder::with_shop();
    folder.write("r.json", "{ \"tool\": ");
    let out = folder.run(&["why", ".", "--request", "r.json"]).expect(0).out;
    assert!(out.starts_with("DENY  invalid_request"), "{out}");
    folder.write("r.json", request("look", "prod", &json!({ "order": 7 })));
    let out = folder.run(&["why", ".", "--request", "r.json"]).expect(0).out;
    assert!(out.starts_with("DENY  invalid_request") && !out.contains("near misses"), "{out}");
    folder.write("r.json", "");
    folder
        .run(&["why", ".", "--request", "r.json"])
        .fails_with("there is no request in `r.json`", "a request is a JSON object; see `clawc eval --help`");
}

#[test]
fn a_query_is_a_table() {
    let folder = Folder::with_shop();
    let out = folder.run(&["query", ".", "--tool", "look"]).expect(0).out;
    assert!(out.contains("look  support  allow [1]  allow* [2]"), "{out}");
    assert!(out.contains("[2] by shop.grant refund, look to support (main.claw:11:1), if `context.ticket"), "{out}");
    assert!(out.contains("1 row is left out"), "{out}");
    let all = folder.run(&["query", ".", "--tool", "lo*", "--outcome", "any"]).expect(0).out;
    assert!(all.contains("look  lead     —"), "{all}");
    let document = folder.run(&["query", ".", "--role", "support", "--format", "markdown"]).expect(0).out;
    assert!(document.starts_with("| tool | role | dev | prod |\n| --- | --- | --- | --- |\n"), "{document}");
}

#[test]
fn a_query_is_data_too() {
    let folder = Folder::with_shop();
    let out = folder
        .run(&["query", ".", "--tool", "look", "--env", "prod", "--without-approval", "--format", "json"])
        .expect(0)
        .out;
    let table: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(table["environments"], json!(["prod"]));
    let cell = &table["rows"][0]["cells"][0];
    assert_eq!(
        (&table["rows"][0]["tool"], &cell["reach"], &cell["always"]),
        (&json!("look"), &json!("allow"), &json!(false))
    );
    folder.write("r.json", cell["how"]["example"].to_string());
    let again = folder.run(&["eval", ".", "--request", "r.json"]).expect(0).out;
    assert!(again.starts_with("ALLOW"), "{again}");
}

#[test]
fn names_that_are_not_there_are_told() {
    let folder = Folder::with_shop();
    folder
        .run(&["query", ".", "--tool", "refnud"])
        .fails_with("there is no tool `refnud` in this policy", "did you mean `refund`?");
    folder
        .run(&["query", ".", "--env", "mars"])
        .fails_with("there is no environment `mars` in this policy", "it has `dev` and `prod`");
}
