//! Who uses what, where types are declared, and formatting in part, asked over the protocol.

use serde_json::{Value, json};

use super::Editor;

const URI: &str = "untitled:hierarchy";
const POLICY: &str = "package p
environments dev
roles r
enum color { red, green }
tool paint(c: color, a: email)
predicate ours(a: email) = a.domain under \"acme.com\"
predicate fine(a: email) = ours(a) or a.local == \"x\"
scope inside { on paint where fine(args.a) }
grant inside to r
rule   mad {   on paint
  when args.c == \"red\" and not ours(args.a)
      deny \"no\"
}
";

fn opened() -> Editor {
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(URI, POLICY);
    editor
}

fn names(calls: &Value, side: &str) -> Vec<String> {
    calls
        .as_array()
        .unwrap_or_else(|| panic!("{calls}"))
        .iter()
        .map(|c| c[side]["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn predicates_and_scopes_have_users_and_uses() {
    let mut editor = opened();
    let items = editor.at("textDocument/prepareCallHierarchy", URI, 6, 28);
    assert_eq!(items[0]["name"], "ours");
    let incoming = editor.request("callHierarchy/incomingCalls", json!({ "item": items[0] }))["result"].clone();
    assert_eq!(names(&incoming, "from"), ["fine", "mad"]);
    assert_eq!(incoming[1]["fromRanges"][0]["start"], json!({ "line": 10, "character": 31 }));
    let fine = editor.request("callHierarchy/incomingCalls", json!({ "item": incoming[0]["from"] }))["result"].clone();
    assert_eq!(names(&fine, "from"), ["inside"]);
    let outgoing = editor.request("callHierarchy/outgoingCalls", json!({ "item": fine[0]["from"] }))["result"].clone();
    assert_eq!(names(&outgoing, "to"), ["fine"]);
    let scope = editor.request("callHierarchy/incomingCalls", json!({ "item": fine[0]["from"] }))["result"].clone();
    assert_eq!(names(&scope, "from"), ["grant inside to r"]);
    assert_eq!(editor.at("textDocument/prepareCallHierarchy", URI, 4, 6), Value::Null);
}

#[test]
fn the_type_of_an_argument_is_declared_somewhere() {
    let mut editor = opened();
    let there = editor.at("textDocument/typeDefinition", URI, 10, 12);
    assert_eq!(there["range"]["start"], json!({ "line": 3, "character": 5 }));
    assert_eq!(editor.at("textDocument/typeDefinition", URI, 10, 38), Value::Null);
}

#[test]
fn a_range_and_a_closing_brace_format_their_declaration() {
    let mut editor = opened();
    let options = json!({ "tabSize": 2, "insertSpaces": true });
    let range = json!({ "start": { "line": 11, "character": 0 }, "end": { "line": 11, "character": 3 } });
    let edits = editor.about("textDocument/rangeFormatting", URI, json!({ "options": options, "range": range }));
    let text = edits[0]["newText"].as_str().unwrap();
    assert!(
        text.starts_with("rule mad {\n  on      paint\n  when    args.c") && text.contains("\n  deny    \"no\""),
        "{text}"
    );
    let above = json!({ "start": { "line": 5, "character": 0 }, "end": { "line": 6, "character": 3 } });
    let none = editor.about("textDocument/rangeFormatting", URI, json!({ "options": options, "range": above }));
    assert_eq!(none, json!([]));
    let typed = json!({ "options": options, "ch": "}", "position": { "line": 12, "character": 1 } });
    assert_eq!(editor.about("textDocument/onTypeFormatting", URI, typed), edits);
    let inside = json!({ "options": options, "ch": "}", "position": { "line": 10, "character": 1 } });
    assert_eq!(editor.about("textDocument/onTypeFormatting", URI, inside), json!([]));
}
