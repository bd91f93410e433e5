//! `clawc policy`: what an audit log says of a policy.

mod common;
#[path = "common/log.rs"]
mod log;

use claw_engine::audit::Verdict::{Grant, Refuse};
use claw_engine::audit::{AuditLog, Event, FileOptions, FileSink, Options, ReloadEvent, ReloadOutcome};
use claw_engine::signing::SecretKey;
use claw_runtime::Time;
use common::Folder;
use log::{Log, TRIAL};

fn reload() -> Event {
    Event::Reload(ReloadEvent {
        tenant: None,
        outcome: ReloadOutcome::Loaded,
        package: Some("shop".into()),
        digest: None,
        previous: None,
        source: None,
        signer: Some("A1B2".into()),
        error: None,
    })
}

fn folder() -> Folder {
    let mut log = Log::of(TRIAL)
        .refund("a", "500.00", Refuse)
        .refund("b", "5.00", Grant)
        .refund("c", "6.00", Grant)
        .call("look", r#"{ "order": "" }"#)
        .call("look", r#"{ "order": "o" }"#);
    log.push(&reload());
    let folder = Folder::new();
    folder.write("main.claw", TRIAL);
    folder.write("audit/audit-000001.jsonl", log.text());
    folder
}

#[test]
fn status_tells_who_agrees_and_what_is_missing() {
    let folder = folder();
    let run = folder.run(&["policy", "status", ".", "--audit", "audit"]).expect(0);
    insta::assert_snapshot!(run.out);
    assert_eq!(run.err, "");
    let run = folder.run(&["policy", "status", ".", "--audit", "audit", "--format", "json"]).expect(0);
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let clause = |name: &str| {
        let clauses = json["clauses"].as_array().unwrap();
        clauses.iter().find(|clause| clause["clause"] == name).unwrap_or_else(|| panic!("{name}")).clone()
    };
    let big = clause("shop.big_refunds");
    assert_eq!(big["usage"]["shadow"]["evidence"]["agreements"], 1);
    assert_eq!((&big["owners"][0], &big["doc"]), (&"ann".into(), &"Large refunds are not for agents.".into()));
    assert_eq!(big["promote"]["to"], "confirmed");
    let asks = clause("shop.refunds_in_prod");
    let evidence = &asks["usage"]["in_force"]["evidence"];
    assert_eq!((&evidence["agreements"], &evidence["disagreements"]), (&1.into(), &2.into()));
    assert_eq!(json["approvals"]["four_eyes"]["refused"], 1);
    assert_eq!(json["gates"]["promote"]["agreements"], 3);
}

#[test]
fn recent_tells_reloads_and_what_applied_last() {
    let folder = folder();
    let run = folder.run(&["policy", "recent", ".", "--audit", "audit"]).expect(0);
    insta::assert_snapshot!(run.out);
    let run = folder.run(&["policy", "recent", ".", "--audit", "audit", "--format", "json"]).expect(0);
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(json["reloads"][0]["signer"], "A1B2");
}

#[test]
fn risky_tells_where_trouble_gathers() {
    let folder = folder();
    let run = folder.run(&["policy", "risky", ".", "--audit", "audit"]).expect(0);
    insta::assert_snapshot!(run.out);
}

#[test]
fn a_window_leaves_out_what_was_before() {
    let folder = folder();
    let run = folder.run(&["policy", "status", ".", "--audit", "audit", "--since", "2026-03-03"]).expect(0);
    assert!(run.err.contains("the log has no decision of the policy `shop`"), "{}", run.err);
    let run = folder.run(&["policy", "status", ".", "--audit", "audit", "--since", "yesterday"]).expect(2);
    assert!(run.err.contains("`yesterday` is no time"), "{}", run.err);
}

#[test]
fn decisions_of_other_policies_are_left_out() {
    let folder = folder();
    folder.write("main.claw", TRIAL.replace("package shop", "package store"));
    let run = folder.run(&["policy", "status", ".", "--audit", "audit"]).expect(0);
    assert!(run.err.contains("the log has no decision of the policy `store`, only of `shop`"), "{}", run.err);
    assert!(run.out.contains("store  0 decisions"), "{}", run.out);
    assert!(run.out.contains("Never used\n  store.grant refund, look to support  grant"), "{}", run.out);
}

#[test]
fn nothing_is_suspended_at_first() {
    let run = folder().run(&["policy", "suspended"]).expect(0);
    assert_eq!(run.out, "nothing is suspended or archived\n");
    let run = folder().run(&["policy", "suspended", "--format", "json"]).expect(0);
    assert_eq!(run.out, "[]\n");
}

#[test]
fn a_log_that_is_not_there_is_an_error() {
    let run = folder().run(&["policy", "status", ".", "--audit", "nowhere"]).expect(2);
    assert!(run.err.contains("nowhere"), "{}", run.err);
    folder().run(&["policy", "status", "."]).expect(2);
}

#[test]
fn with_a_key_only_its_checkpoints_are_believed() {
    let folder = folder();
    let (ours, theirs) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    folder.write("ours.pub", ours.public().to_file_text());
    folder.write("theirs.pub", theirs.public().to_file_text());
    let sink = FileSink::open(folder.path().join("signed"), FileOptions::default()).unwrap();
    let options = Options { signer: Some(ours), checkpoint_records: 1, ..Options::default() };
    let log = AuditLog::open(Box::new(sink), options).unwrap();
    let time = Time::parse("2026-03-02T09:00:00Z").unwrap();
    log.record(time, &reload()).unwrap();
    drop(log);
    let status = |key: &str| folder.run(&["policy", "status", ".", "--audit", "signed", "--key", key]).expect(0).err;
    assert!(!status("ours.pub").contains("key"), "{}", status("ours.pub"));
    assert!(status("theirs.pub").contains("key"), "{}", status("theirs.pub"));
}

#[test]
fn people_who_always_agree_are_pointed_out() {
    let folder = Folder::new();
    folder.write("main.claw", TRIAL);
    let log = Log::of(TRIAL).refund("a", "5.00", Grant).refund("b", "6.00", Grant);
    folder.write("audit.jsonl", log.text());
    let out = folder.run(&["policy", "status", ".", "--audit", "audit.jsonl"]).expect(0).out;
    let section = "Never refused\n  four_eyes: asked 2, granted 2\n    for shop.refunds_in_prod: asked 2, granted 2\n";
    assert!(out.contains(section), "{out}");
    assert!(out.contains("may be suspended"), "{out}");
    folder.write("audit.jsonl", log.refund("c", "7.00", Refuse).text());
    let out = folder.run(&["policy", "status", ".", "--audit", "audit.jsonl"]).expect(0).out;
    assert!(!out.contains("Never refused") && !out.contains("may be suspended"), "{out}");
}

#[test]
fn what_was_promoted_lately_is_seen_in_the_log() {
    let confirmed = TRIAL.replace("@status(candidate)", "@status(confirmed)");
    let large = r#"{ "order": "o", "amount": 500 }"#;
    let log = Log::of(TRIAL).call("refund", large).with(&confirmed).wait(1).call("refund", large);
    let folder = Folder::new();
    folder.write("main.claw", &confirmed);
    folder.write("audit.jsonl", log.text());
    let out = folder.run(&["policy", "recent", ".", "--audit", "audit.jsonl"]).expect(0).out;
    assert!(out.contains("2026-03-03 09:02  shop.big_refunds  counts now  seen in record 2\n"), "{out}");
}
