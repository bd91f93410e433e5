//! What the way of one request shows.

use super::{SMALL, path};
use claw_compiler::picture::{Outcome, Picture, Seen};

const FILES: [(&str, &str); 1] = [("p.claw", SMALL)];

fn request(tool: &str, args: &str) -> Picture {
    let request = format!(
        r#"{{"environment": "prod", "agent": {{"id": "a", "roles": ["clerk"]}}, "user": {{"id": "u"}},
            "session": "s", "tenant": "t", "time": "2026-03-02T10:00:00Z",
            "context": {{"ticket": "T-1"}}, "tool": "{tool}", "args": {args}}}"#
    );
    path(&FILES, &request)
}

/// What each step's exit came to, and the step.
fn exits(picture: &Picture) -> Vec<(&str, Option<Seen>)> {
    picture.clusters[0].steps.iter().map(|s| (&s.title[..], s.exit.as_ref().map(|exit| exit.seen))).collect()
}

fn texts(picture: &Picture) -> Vec<&str> {
    picture.clusters[0].steps.iter().flat_map(|step| &step.lines).map(|line| &line.text[..]).collect()
}

#[test]
fn what_applied_is_taken_and_the_values_stand_beside() {
    let picture = request("pay", r#"{"to": "666", "amount": 60}"#);
    let verdict = picture.verdict.as_ref().expect("decided");
    assert_eq!((verdict.outcome, &verdict.reason[..]), (Outcome::Deny, "rule"));
    assert!(exits(&picture).contains(&("not_him", Some(Seen::Taken))), "{:?}", exits(&picture));
    assert!(exits(&picture).contains(&("ticket", Some(Seen::Passed))));
    assert!(texts(&picture).contains(&"args.to = \"666\""), "{:?}", texts(&picture));
    assert!(texts(&picture).contains(&"context.ticket = \"T-1\""));
    assert_eq!(picture.clusters[0].end, Seen::Unreached);
    let table = picture.clusters[0].steps.iter().find_map(|step| step.table.as_ref()).expect("a matrix");
    let taken: Vec<_> = table.rows.iter().map(|row| row.cells.iter().any(|cell| cell.seen == Seen::Taken)).collect();
    assert_eq!(taken, [false, true], "tier high");
}

#[test]
fn nothing_is_reached_behind_a_missing_grant() {
    let picture = request("pay", r#"{"to": "x", "amount": 5000}"#);
    assert_eq!(picture.verdict.as_ref().expect("decided").reason, "not_granted");
    assert_eq!(exits(&picture)[0], ("is it granted?", Some(Seen::Taken)));
    assert!(exits(&picture).contains(&("not_him", Some(Seen::Unreached))), "{:?}", exits(&picture));
}

#[test]
fn a_request_that_is_not_understood_reaches_nothing() {
    let picture = request("pay", r#"{"to": 7}"#);
    assert_eq!(picture.verdict.as_ref().expect("decided").outcome, Outcome::Deny);
    assert!(picture.clusters[0].steps.iter().all(|step| step.seen == Seen::Unreached));
}

#[test]
fn secrets_are_not_shown() {
    let source = "package p environments e roles r tool set(password?: secret)
        grant any to r
        rule given { on set when present(args.password) deny \"no\" }";
    let request = r#"{"environment": "e", "agent": {"id": "a", "roles": ["r"]}, "user": {"id": "u"},
        "session": "s", "tenant": "t", "tool": "set", "args": {"password": "hunter2"}}"#;
    let picture = path(&[("p.claw", source)], request);
    let all = [picture.to_mermaid(), picture.to_dot(), picture.to_json(), picture.to_svg()].concat();
    assert!(!all.contains("hunter"), "{all}");
    assert!(all.contains("(a secret)"));
}
