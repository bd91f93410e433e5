//! What pins hold, forget and accept, over a real file.

#![allow(clippy::unwrap_used)]

use claw_runtime::Json;
use serde_json::json;

use super::*;

fn digest(definition: &Value) -> Digest {
    Digest::of_json(&Json::parse(definition.to_string().as_bytes(), &claw_runtime::Limits::default()).unwrap())
}

fn hold(pins: &Pins, server: &str, name: &str, definition: &Value) -> bool {
    let stated = Stated { kind: Kind::Tool, name, definition, digest: digest(definition) };
    pins.hold(server, &[stated]) == [true]
}

#[test]
fn what_was_seen_first_holds_until_another_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) =
        (json!({"name": "a", "description": "reads"}), json!({"name": "a", "description": "reads\u{202e}!"}));
    let pins = Pins::open(folder.path()).unwrap();
    assert!(hold(&pins, "s", "a", &old));
    assert!(!hold(&pins, "s", "a", &new));
    assert!(hold(&pins, "s", "a", &old), "the pinned one goes on holding");
    assert!(hold(&pins, "other", "a", &new), "servers are apart");
    let report = report(folder.path(), Some("s")).unwrap();
    assert!(
        report.contains(r#"- description: "reads""#) && report.contains(r#"+ description: "reads\u{202e}!""#),
        "{report}"
    );
    assert!(!report.contains("other"));
    assert_eq!(accept(folder.path(), "s", Some("b")).unwrap(), 0);
    assert_eq!(accept(folder.path(), "s", Some("a")).unwrap(), 1);
    assert!(pins.refresh().unwrap(), "another process has written");
    assert!(!pins.refresh().unwrap());
    assert!(hold(&pins, "s", "a", &new) && !hold(&pins, "s", "a", &old));
    // What is pinned outlives the process.
    let pins = Pins::open(folder.path()).unwrap();
    assert_eq!(pins.accepted("s", Kind::Tool, "a"), Some(digest(&new)));
    assert_eq!(pins.accepted("s", Kind::Prompt, "a"), None);
}

#[test]
fn ten_thousand_definitions_are_one_step() {
    let folder = tempfile::tempdir().unwrap();
    let pins = Pins::open(folder.path()).unwrap();
    let definitions: Vec<(String, Value)> = (0..10_000)
        .map(|i| (format!("tool-{i}"), json!({"name": format!("tool-{i}"), "inputSchema": {"type": "object"}})))
        .collect();
    let stated: Vec<Stated<'_>> = definitions
        .iter()
        .map(|(name, definition)| Stated { kind: Kind::Tool, name, definition, digest: digest(definition) })
        .collect();
    assert!(pins.hold("s", &stated).iter().all(|held| *held));
    assert_eq!(pins.all(None).unwrap().len(), 10_000);
}
