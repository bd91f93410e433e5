//! Completion over the protocol: half-typed code, snippets for those who know them.

use serde_json::json;

use super::Editor;

const URI: &str = "untitled:completion";
const POLICY: &str = "package p
environments dev
/// Gives money back.
tool refund(amount: decimal)
rule x {
  on refund
  when args.";

#[test]
fn arguments_in_an_unfinished_rule() {
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(URI, POLICY);
    let items = editor.at("textDocument/completion", URI, 6, 12);
    assert_eq!(items.as_array().map(Vec::len), Some(1), "{items}");
    assert_eq!(items[0]["label"], "amount");
    assert_eq!(items[0]["detail"], "decimal");
    assert_eq!(items[0]["textEdit"]["range"]["start"], json!({ "line": 6, "character": 12 }));
}

#[test]
fn snippets_only_for_clients_that_know_them() {
    let knows = json!({ "textDocument": { "completion": { "completionItem": { "snippetSupport": true } } } });
    for (capabilities, placeholders) in [(json!({}), false), (knows, true)] {
        let (mut editor, _) = Editor::initialized(capabilities);
        editor.open(URI, "package p\nsc");
        let items = editor.at("textDocument/completion", URI, 1, 2);
        let scope = items.as_array().unwrap().iter().find(|item| item["label"] == "scope").unwrap().clone();
        let text = scope["textEdit"]["newText"].as_str().unwrap().to_owned();
        assert!(text.starts_with("scope "), "{text}");
        assert_eq!(text.contains("${1:"), placeholders, "{text}");
        assert_eq!(scope["textEdit"]["range"]["start"], json!({ "line": 1, "character": 0 }));
    }
}
