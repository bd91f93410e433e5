//! Policies of several files: on disk, in buffers, and both.

use serde_json::json;

use super::{Editor, Folder, starts};

#[test]
fn used_files_come_from_disk_and_unsaved_buffers_stand_for_them() {
    let folder = Folder::new();
    let company = folder.write("company.claw", "package company\nroles support\n");
    let text = "package p\nuse \"./company.claw\" as company\nenvironments dev\ntool t()\ngrant t to support\n";
    let main = folder.write("main.claw", text);
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(&main, text);
    assert_eq!(starts(&editor.findings_at(&main, 1)), []);
    // The role disappears in the editor, though not on disk.
    editor.open(&company, "package company\n");
    assert_eq!(starts(&editor.findings(&main)), [(4, 11)]);
    // Closed without saving: the file counts again.
    editor.close(&company);
    assert_eq!(starts(&editor.findings(&main)), []);
    // A used file with a mistake of its own is reported at that file.
    editor.open(&company, "package company\nroles support\npredicate p(x: string) = x == y\n");
    let wrong = editor.findings(&company);
    assert_eq!(starts(&wrong).len(), 1, "{wrong:#?}");
}

const MAIN: &str = "package p
use \"./lib/tools.claw\" as tools
use \"./lib/company.claw\" as company
environments dev
grant tools.send to staff
rule inside { on tools.send unless company.inside(args.to) deny \"outside\" }
";
const TOOLS: &str = "package tools\ntool send(to: email)\n";
const COMPANY: &str = "package company\nroles staff\npredicate inside(to: email) = to.domain == \"example.com\"\n";

fn three() -> (Folder, String, String, String) {
    let folder = Folder::new();
    let main = folder.write("main.claw", MAIN);
    let tools = folder.write("lib/tools.claw", TOOLS);
    let company = folder.write("lib/company.claw", COMPANY);
    (folder, main, tools, company)
}

#[test]
fn requests_cross_files_open_or_not() {
    let (_folder, main, tools, company) = three();
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(&main, MAIN);
    let there = editor.at("textDocument/definition", &main, 4, 14);
    assert_eq!((&there["uri"], &there["range"]["start"]["line"]), (&json!(tools), &json!(1)));
    let there = editor.at("textDocument/definition", &main, 5, 45);
    assert_eq!(there["uri"], company);
    // From a file that another uses, to that other one.
    editor.open(&tools, TOOLS);
    let more = json!({ "position": { "line": 1, "character": 6 }, "context": { "includeDeclaration": true } });
    let found = editor.about("textDocument/references", &tools, more);
    let places: Vec<&str> = found.as_array().unwrap().iter().map(|l| l["uri"].as_str().unwrap()).collect();
    assert_eq!(places.iter().filter(|uri| **uri == main).count(), 2, "{found}");
    assert_eq!(places.iter().filter(|uri| **uri == tools).count(), 1, "{found}");
}

#[test]
fn a_file_is_seen_as_part_of_the_policy_in_its_folder_that_uses_it() {
    let (folder, main, _, company) = three();
    let mut editor = Editor::in_folder(&folder, json!({}));
    // Only the used file is open; what the root makes of it is seen at the root.
    editor.open(&company, "package company\nroles stuff\npredicate inside(to: email) = to.domain == \"example.com\"\n");
    assert_eq!(starts(&editor.findings(&main)), [(4, 20)]);
    editor.change(&company, 2, COMPANY);
    assert_eq!(starts(&editor.findings(&main)), []);
}

#[test]
fn files_that_change_on_disk_are_read_again() {
    let (folder, main, tools, _) = three();
    let watching = json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } });
    let mut editor = Editor::in_folder(&folder, watching);
    editor.open(&main, MAIN);
    assert_eq!(starts(&editor.findings(&main)), []);
    let told = |editor: &mut Editor, kind: u32| {
        editor.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": tools, "type": kind }] }));
    };
    folder.write("lib/tools.claw", "package tools\ntool sent(to: email)\n");
    told(&mut editor, 2);
    assert_eq!(starts(&editor.findings(&main)).len(), 2);
    std::fs::remove_file(folder.0.join("lib/tools.claw")).unwrap();
    told(&mut editor, 3);
    assert_eq!(starts(&editor.findings(&main)), [(1, 4)]);
    folder.write("lib/tools.claw", TOOLS);
    told(&mut editor, 1);
    assert_eq!(starts(&editor.findings(&main)), []);
}

#[test]
fn a_client_that_cannot_watch_gets_news_when_it_saves() {
    let (folder, main, _, _) = three();
    let mut editor = Editor::in_folder(&folder, json!({}));
    editor.open(&main, MAIN);
    assert_eq!(starts(&editor.findings(&main)), []);
    folder.write("lib/tools.claw", "package tools\n");
    editor.notify("textDocument/didSave", json!({ "textDocument": { "uri": main } }));
    assert_eq!(starts(&editor.findings(&main)).len(), 2);
}

#[test]
fn data_files_are_read_and_read_again() {
    let folder = Folder::new();
    let text = "package p\nenvironments dev\nroles r\ntool t(a: string)\nlet names: set<string> from \"names.json\"\ngrant t to r\nrule x { on t when args.a in names deny \"no\" }\n";
    let main = folder.write("main.claw", text);
    let mut editor = Editor::in_folder(&folder, json!({}));
    editor.open(&main, text);
    assert_eq!(starts(&editor.findings(&main)).len(), 1);
    let names = folder.write("names.json", "[\"a\", \"b\"]");
    let changes = json!({ "changes": [{ "uri": names, "type": 1 }] });
    editor.notify("workspace/didChangeWatchedFiles", changes.clone());
    assert_eq!(starts(&editor.findings(&main)), []);
    folder.write("names.json", "[1]");
    editor.notify("workspace/didChangeWatchedFiles", changes);
    assert_eq!(starts(&editor.findings(&main)).len(), 1);
}

/// Two policies use one file: what is wrong for either is shown, once, and references come from both.
#[test]
fn several_roots_share_a_file() {
    let folder = Folder::new();
    let tools = folder.write("tools.claw", TOOLS);
    let policy = |name: &str| {
        format!("package {name}\nuse \"./tools.claw\" as tools\nenvironments dev\nroles r\ngrant tools.send to r\n")
    };
    let (one, two) = (folder.write("one.claw", &policy("one")), folder.write("two.claw", &policy("two")));
    let mut editor = Editor::in_folder(&folder, json!({}));
    editor.open(&tools, TOOLS);
    editor.open(&one, &policy("one"));
    let more = json!({ "position": { "line": 1, "character": 6 }, "context": { "includeDeclaration": true } });
    let found = editor.about("textDocument/references", &tools, more);
    let count = |uri: &str| found.as_array().unwrap().iter().filter(|l| l["uri"] == *uri).count();
    assert_eq!((count(&one), count(&two), count(&tools)), (1, 1, 1), "{found}");
    editor.change(&tools, 2, "package tools\ntool sent(to: email)\n");
    assert_eq!(starts(&editor.findings(&two)), [(4, 12)]);
}

#[test]
fn folders_come_and_go() {
    let (folder, main, _, company) = three();
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(&company, "package company\n");
    assert_eq!(starts(&editor.findings(&company)), []);
    let change = |added: bool| {
        let this = json!([{ "uri": folder.uri(""), "name": "x" }]);
        let (added, removed) = if added { (this, json!([])) } else { (json!([]), this) };
        json!({ "event": { "added": added, "removed": removed } })
    };
    editor.notify("workspace/didChangeWorkspaceFolders", change(true));
    assert_eq!(starts(&editor.findings(&main)).len(), 2);
    editor.notify("workspace/didChangeWorkspaceFolders", change(false));
    assert_eq!(starts(&editor.findings(&main)), []);
}

#[test]
fn standard_modules_can_be_opened_and_have_no_findings_of_their_own() {
    let (mut editor, _) = Editor::initialized(json!({}));
    let main = "untitled:main";
    let text = "package p\nuse std.tools.codex as codex\nenvironments dev\nroles r\ngrant codex.update_plan to r\n";
    editor.open(main, text);
    editor.findings(main);
    let there = editor.at("textDocument/definition", main, 4, 15);
    let uri = there["uri"].as_str().unwrap().to_owned();
    let text = std::fs::read_to_string(uri.strip_prefix("file://").unwrap()).unwrap();
    assert!(text.contains("package std.tools.codex"));
    editor.open(&uri, &text);
    assert_eq!(editor.findings(&uri), Vec::<serde_json::Value>::new());
}
