//! The session: its beginning, its end, and what must not end it.

use serde_json::{Value, json};

use super::{CLEAN, Editor, TWO_ERRORS, URI, starts};

#[test]
fn the_process_ends_on_exit_although_standard_input_stays_open() {
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(URI, CLEAN);
    // As Eglot sends it.
    let answer = editor.request("shutdown", Value::Null);
    assert_eq!((&answer["result"], answer.get("error")), (&Value::Null, None));
    editor.notify("exit", Value::Null);
    assert_eq!(editor.exit_status(), 0);
    assert!(editor.stdin.is_some());
}

#[test]
fn exit_without_shutdown_is_a_failure() {
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.notify("exit", json!({}));
    assert_eq!(editor.exit_status(), 1);
}

#[test]
fn closed_input_ends_the_process() {
    let (mut editor, _) = Editor::initialized(json!({}));
    drop(editor.stdin.take());
    assert_eq!(editor.exit_status(), 1);
}

#[test]
fn unknown_methods_are_answered() {
    let (mut editor, _) = Editor::initialized(json!({}));
    assert_eq!(
        editor.request(
            "textDocument/moniker",
            json!({ "textDocument": { "uri": URI }, "position": { "line": 0, "character": 0 } })
        )["error"]["code"],
        -32601
    );
    // And the server goes on.
    editor.open(URI, TWO_ERRORS);
    assert_eq!(starts(&editor.findings(URI)).len(), 2);
}
