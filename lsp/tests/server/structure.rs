//! Folding, growing selections, links, highlights and colours, asked over the protocol.

use serde_json::{Value, json};

use super::Editor;

const URI: &str = "untitled:structure";
const POLICY: &str = "package p
environments dev
roles r
/// Gives money back. 😀
/// Once.
@see(\"https://acme.com/refunds\")
tool refund(amount: decimal)
grant refund to r
rule x {
  on refund
  when args.amount > 5.0
  deny \"no\"
}
";

fn opened() -> Editor {
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(URI, POLICY);
    editor
}

#[test]
fn declarations_and_comments_fold() {
    let folds = opened().about("textDocument/foldingRange", URI, json!({}));
    let lines: Vec<(u64, u64, &str)> = folds
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["startLine"].as_u64().unwrap(), f["endLine"].as_u64().unwrap(), f["kind"].as_str().unwrap()))
        .collect();
    assert_eq!(lines, [(3, 4, "comment"), (5, 6, "region"), (8, 12, "region")]);
}

#[test]
fn selections_grow_to_the_file() {
    let mut editor = opened();
    let at = json!({ "positions": [{ "line": 10, "character": 13 }, { "line": 0, "character": 0 }] });
    let answer = editor.about("textDocument/selectionRange", URI, at);
    let mut widths = Vec::new();
    let mut range = &answer[0];
    while range.is_object() {
        widths.push((range["range"]["start"]["line"].clone(), range["range"]["start"]["character"].clone()));
        range = &range["parent"];
    }
    assert_eq!(widths.first(), Some(&(json!(10), json!(12))));
    assert_eq!(widths.last(), Some(&(json!(0), json!(0))));
    assert!(widths.len() >= 6, "{widths:?}");
    assert!(answer[1].is_object());
}

#[test]
fn addresses_are_links() {
    let links = opened().about("textDocument/documentLink", URI, json!({}));
    assert_eq!(links[0]["target"], "https://acme.com/refunds");
    assert_eq!(links[0]["range"]["start"], json!({ "line": 5, "character": 6 }));
}

#[test]
fn all_places_of_a_name_are_marked() {
    let marks = opened().at("textDocument/documentHighlight", URI, 9, 7);
    let kinds: Vec<&Value> = marks.as_array().unwrap().iter().map(|m| &m["kind"]).collect();
    assert_eq!(kinds, [&json!(3), &json!(2), &json!(2)]);
}

/// Applies a difference as an editor does.
fn apply(data: &[Value], edits: &Value) -> Vec<Value> {
    let mut data = data.to_vec();
    for edit in edits.as_array().unwrap() {
        let start = edit["start"].as_u64().unwrap() as usize;
        let end = start + edit["deleteCount"].as_u64().unwrap() as usize;
        data.splice(start..end, edit["data"].as_array().cloned().unwrap_or_default());
    }
    data
}

#[test]
fn colours_in_full_in_part_and_as_a_difference() {
    let mut editor = opened();
    let full = editor.about("textDocument/semanticTokens/full", URI, json!({}));
    let data = full["data"].as_array().unwrap().clone();
    assert!(data.len().is_multiple_of(5) && data.len() > 100, "{full}");
    // The emoji is two units wide in UTF-16.
    assert!(data.chunks(5).any(|t| t[2] == json!("/// Gives money back. 😀".encode_utf16().count())), "{full}");
    let range = json!({ "range": { "start": { "line": 6, "character": 0 }, "end": { "line": 7, "character": 0 } } });
    let part = editor.about("textDocument/semanticTokens/range", URI, range);
    assert_eq!(part["data"][0], 6);
    editor.edit(URI, 2, (10, 7), (10, 18), "args.amount >= 1.5 and args.amount");
    let previous = json!({ "previousResultId": full["resultId"] });
    let delta = editor.about("textDocument/semanticTokens/full/delta", URI, previous);
    let now = editor.about("textDocument/semanticTokens/full", URI, json!({}));
    assert_eq!(Value::from(apply(&data, &delta["edits"])), now["data"]);
    assert_ne!(now["data"], full["data"]);
    let unknown = editor.about("textDocument/semanticTokens/full/delta", URI, json!({ "previousResultId": "old" }));
    assert_eq!(unknown["data"], now["data"]);
}
