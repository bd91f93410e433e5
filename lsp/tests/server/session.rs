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

/// A request that is cancelled is answered at once, as cancelled or, if it was quicker, with its result.
#[test]
fn cancelled_requests_are_answered_and_later_ones_too() {
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(URI, CLEAN);
    let place = json!({ "textDocument": { "uri": URI }, "position": { "line": 4, "character": 7 } });
    let ids: Vec<u64> = (0..200).map(|_| editor.ask("textDocument/hover", place.clone())).collect();
    for id in &ids {
        editor.notify("$/cancelRequest", json!({ "id": id }));
    }
    let mut cancelled = 0;
    for id in ids {
        let answer = editor.answer(id);
        match answer["error"]["code"].as_i64() {
            None => assert!(answer["result"].is_object(), "{answer}"),
            Some(code) => {
                assert_eq!(code, -32800, "{answer}");
                cancelled += 1;
            }
        }
    }
    println!("{cancelled} of 200 were cancelled in time");
    assert!(editor.request("textDocument/hover", place)["result"].is_object());
}

/// An answer about a text that is gone is none.
#[test]
fn what_the_typing_outran_is_dropped() {
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(URI, CLEAN);
    let place = json!({ "textDocument": { "uri": URI }, "position": { "line": 4, "character": 7 } });
    let mut ids = Vec::new();
    for version in 2..200 {
        editor.edit(URI, version, (0, 9), (0, 9), "p");
        ids.push(editor.ask("textDocument/hover", place.clone()));
    }
    let answers: Vec<Value> = ids.into_iter().map(|id| editor.answer(id)).collect();
    for answer in &answers {
        let code = answer["error"]["code"].as_i64();
        assert!(code == Some(-32801) || answer["result"].is_object(), "{answer}");
    }
    // The last one was not outrun.
    assert!(answers.last().unwrap()["result"].is_object());
}

#[test]
fn requests_about_unknown_documents_are_errors_and_harmless() {
    let (mut editor, _) = Editor::initialized(json!({}));
    let place =
        json!({ "textDocument": { "uri": "file:///nowhere/x.claw" }, "position": { "line": 4, "character": 7 } });
    assert_eq!(editor.request("textDocument/hover", place)["error"]["code"], -32602);
    // Changes and closings of what is not open.
    editor.edit("untitled:none", 4, (0, 0), (0, 0), "x");
    editor.close("untitled:none");
    editor.open(URI, TWO_ERRORS);
    assert_eq!(starts(&editor.findings(URI)).len(), 2);
}

#[test]
fn watching_is_asked_for_where_the_client_can() {
    let watching = json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } });
    let (mut editor, _) = Editor::initialized(watching);
    let request = editor.wait(|message| message["method"] == "client/registerCapability");
    let registration = &request["params"]["registrations"][0];
    assert_eq!(registration["method"], "workspace/didChangeWatchedFiles");
    assert_eq!(registration["registerOptions"]["watchers"][0]["globPattern"], "**/*.claw");
    editor.send(&json!({ "jsonrpc": "2.0", "id": request["id"], "result": null }));
    editor.open(URI, TWO_ERRORS);
    assert_eq!(starts(&editor.findings(URI)).len(), 2);
}
