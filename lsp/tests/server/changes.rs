//! Mends, renames and commands, asked over the protocol.

use serde_json::{Value, json};

use super::{Editor, Folder};

const URI: &str = "untitled:changes";
const POLICY: &str = "package p
environments dev
roles r
tool send(to: email)
grant send to suport
rule x { on sned deny \"no\" }
";

fn actions(editor: &mut Editor, uri: &str, line: u32, more: &Value) -> Vec<Value> {
    let range = json!({ "start": { "line": line, "character": 0 }, "end": { "line": line, "character": 60 } });
    let answer = editor.about("textDocument/codeAction", uri, json!({ "range": range, "context": more }));
    answer.as_array().cloned().unwrap_or_default()
}

fn titles(actions: &[Value]) -> Vec<&str> {
    actions.iter().map(|a| a["title"].as_str().unwrap()).collect()
}

#[test]
fn a_finding_offers_its_mend_and_what_else_may_be_meant() {
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(URI, POLICY);
    let found = actions(&mut editor, URI, 5, &json!({ "diagnostics": [] }));
    assert_eq!(titles(&found), ["change it to `send`", "declare the tool `sned`"]);
    assert_eq!(found[0]["isPreferred"], true);
    assert_eq!(found[0]["diagnostics"][0]["code"], "E0101");
    assert_eq!(found[0]["edit"]["changes"][URI][0]["newText"], "send");
    assert_eq!(found[1]["edit"]["changes"][URI][0]["newText"], "tool sned()\n\n");
    let roles = actions(&mut editor, URI, 4, &json!({ "diagnostics": [] }));
    assert!(titles(&roles).contains(&"declare the role `suport`"), "{roles:?}");
    let none = actions(&mut editor, URI, 5, &json!({ "diagnostics": [], "only": ["refactor"] }));
    assert_eq!(none, Vec::<Value>::new());
}

#[test]
fn all_mechanical_mends_are_made_at_once() {
    let (mut editor, _) = Editor::initialized(json!({}));
    let text = "package p\nenvironments dev\nroles r\ntool t(a: string)\ngrant t to r\n\
                rule x { on t when args.a = \"x\" && args.a != \"y\" deny \"no\" }\nrule y { on tt deny \"no\" }\n";
    editor.open(URI, text);
    let only = json!({ "diagnostics": [], "only": ["source.fixAll"] });
    let all = actions(&mut editor, URI, 0, &only);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["edit"]["changes"][URI].as_array().unwrap().len(), 2, "{all:?}");
}

#[test]
fn an_unclassified_tool_and_missing_rows_can_be_written() {
    let (mut editor, _) = Editor::initialized(json!({}));
    let text = "package p\ntiers low < high\nenvironments dev, prod\nroles r\ntool t(a: string)\ntool u(a: string)\n\
                grant t, u to r\nclassify {\n  low on t\n}\nmatrix {\n  tier | dev | prod\n  low | allow | allow\n}\n";
    editor.open(URI, text);
    let tool = actions(&mut editor, URI, 5, &json!({ "diagnostics": [] }));
    assert_eq!(titles(&tool), ["classify `u` as low", "classify `u` as high"]);
    let rows = actions(&mut editor, URI, 11, &json!({ "diagnostics": [] }));
    assert_eq!(rows[0]["edit"]["changes"][URI][0]["newText"], "  high | deny | deny\n", "{rows:?}");
}

#[test]
fn a_rename_reaches_every_file_and_refuses_what_changes_a_meaning() {
    let folder = Folder::new();
    folder.write(
        "shared.claw",
        "package s\nenvironments dev\nroles r\npredicate ours(a: email) = a.domain under \"acme.com\"\n",
    );
    let text = "package p\nuse \"./shared.claw\" as s\ntool send_x(to: email)\nscope all { on send_* }\n\
                grant all to r\nrule x { on send_x when not s.ours(args.to) deny \"no\" }\n";
    folder.write("main.claw", text);
    let mut editor = Editor::in_folder(&folder, json!({}));
    let main = folder.uri("main.claw");
    editor.open(&main, text);
    let place = json!({ "position": { "line": 5, "character": 30 }, "newName": "internal" });
    let range = editor.at("textDocument/prepareRename", &main, 5, 30);
    assert_eq!(range["start"]["character"], 30, "{range}");
    let edit = editor.about("textDocument/rename", &main, place);
    let changes = edit["changes"].as_object().unwrap();
    assert_eq!(changes.len(), 2, "{edit}");
    assert_eq!(changes[&folder.uri("shared.claw")][0]["newText"], "internal");

    let refused = |editor: &mut Editor, line: u32, character: u32, name: &str| {
        let params = json!({ "textDocument": { "uri": main }, "position": { "line": line, "character": character }, "newName": name });
        let answer = editor.request("textDocument/rename", params);
        answer["error"]["message"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    };
    assert!(refused(&mut editor, 5, 13, "post").contains("send_*"));
    assert!(refused(&mut editor, 5, 13, "a`b").contains("no name"));
    assert!(refused(&mut editor, 5, 5, "").contains("no name"));
    // A tool that is renamed within its patterns keeps its name on the wire.
    let kept = json!({ "position": { "line": 5, "character": 13 }, "newName": "send_y" });
    let edit = editor.about("textDocument/rename", &main, kept);
    let texts: Vec<&Value> = edit["changes"][&main].as_array().unwrap().iter().map(|e| &e["newText"]).collect();
    assert!(texts.contains(&&json!(" as \"send_x\"")), "{edit}");
}

#[test]
fn commands_answer_with_graph_and_tests() {
    let (mut editor, _) = Editor::initialized(json!({}));
    let text = "package p\nenvironments dev\nroles r\ntool t(a: string)\ngrant t to r\n\
                test \"yes\" {\n  as     agent \"a\" { roles: [r] }\n  in     dev\n  call   t { a: \"x\" }\n  expect allow\n}\n\
                test \"no\" {\n  as     agent \"a\" { roles: [r] }\n  in     dev\n  call   t { a: \"x\" }\n  expect deny\n}\n";
    editor.open(URI, text);
    let run = |editor: &mut Editor, command: &str, line: u32| {
        let argument = json!({ "uri": URI, "position": { "line": line, "character": 5 } });
        editor.request("workspace/executeCommand", json!({ "command": command, "arguments": [argument] }))
    };
    let graph = run(&mut editor, "claw.graph", 3);
    assert_eq!(graph["result"]["tool"], "t");
    assert!(graph["result"]["svg"].as_str().unwrap().starts_with("<svg"), "{graph}");
    assert!(run(&mut editor, "claw.graph", 1)["error"]["message"].as_str().unwrap().contains("tool"));
    let tests = run(&mut editor, "claw.test", 0);
    assert_eq!((&tests["result"]["passed"], &tests["result"]["failed"]), (&json!(1), &json!(1)));
    assert!(tests["result"]["report"].as_str().unwrap().contains("FAILS  no"), "{tests}");
}
