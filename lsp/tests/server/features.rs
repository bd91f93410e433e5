//! What the server offers, asked over the protocol: every method it advertises answers, and with something.

use serde_json::{Value, json};

use super::{Editor, Folder, starts};

const URI: &str = "untitled:features";
const POLICY: &str = "package p
environments dev
roles r
/// Gives money back.
tool refund(amount: decimal)
grant   refund to r
rule x { on refund when args.amount > 5.0 deny \"é😀 no\" }
";

fn opened(capabilities: Value) -> (Editor, Value) {
    let (mut editor, server) = Editor::initialized(capabilities);
    editor.open(URI, POLICY);
    (editor, server)
}

/// Each method has a test below; whoever advertises more tests more.
#[test]
fn nothing_is_advertised_that_is_not_there() {
    let (_editor, server) = Editor::initialized(json!({}));
    let mut offered: Vec<&str> = server.as_object().unwrap().keys().map(String::as_str).collect();
    offered.sort_unstable();
    let tested = [
        "callHierarchyProvider",
        "codeActionProvider",
        "codeLensProvider",
        "completionProvider",
        "definitionProvider",
        "documentFormattingProvider",
        "documentHighlightProvider",
        "documentLinkProvider",
        "documentOnTypeFormattingProvider",
        "documentRangeFormattingProvider",
        "documentSymbolProvider",
        "executeCommandProvider",
        "foldingRangeProvider",
        "hoverProvider",
        "inlayHintProvider",
        "positionEncoding",
        "referencesProvider",
        "renameProvider",
        "selectionRangeProvider",
        "semanticTokensProvider",
        "signatureHelpProvider",
        "textDocumentSync",
        "typeDefinitionProvider",
        "workspace",
        "workspaceSymbolProvider",
    ];
    assert_eq!(offered, tested);
    assert_eq!(server["textDocumentSync"]["change"], 2);
    let (_editor, server) = Editor::initialized(json!({ "textDocument": { "diagnostic": {} } }));
    assert_eq!(server["diagnosticProvider"]["interFileDependencies"], true);
}

#[test]
fn hover_shows_signature_and_documentation() {
    let (mut editor, _) = opened(json!({}));
    let hover = editor.at("textDocument/hover", URI, 6, 14);
    let text = hover["contents"]["value"].as_str().unwrap();
    assert!(text.contains("tool refund(amount: decimal)") && text.contains("Gives money back."), "{text}");
    assert_eq!(hover["range"]["start"], json!({ "line": 6, "character": 12 }));
    assert_eq!(editor.at("textDocument/hover", URI, 6, 300), Value::Null);
}

#[test]
fn definition_leads_to_the_name_and_links_tell_more() {
    let (mut editor, _) = opened(json!({}));
    let there = editor.at("textDocument/definition", URI, 5, 10);
    assert_eq!(there["range"]["start"], json!({ "line": 4, "character": 5 }));
    let (mut editor, _) = opened(json!({ "textDocument": { "definition": { "linkSupport": true } } }));
    let there = editor.at("textDocument/definition", URI, 5, 10);
    assert_eq!(there[0]["targetSelectionRange"]["start"], json!({ "line": 4, "character": 5 }));
    assert_eq!(there[0]["originSelectionRange"]["start"], json!({ "line": 5, "character": 8 }));
}

#[test]
fn references_are_found_with_and_without_the_declaration() {
    let (mut editor, _) = opened(json!({}));
    for (with, count) in [(true, 3), (false, 2)] {
        let more = json!({ "position": { "line": 4, "character": 6 }, "context": { "includeDeclaration": with } });
        let found = editor.about("textDocument/references", URI, more);
        assert_eq!(found.as_array().unwrap().len(), count, "{found}");
    }
}

#[test]
fn the_outline_is_a_tree_or_a_list() {
    let (mut editor, _) = opened(json!({}));
    let list = editor.about("textDocument/documentSymbol", URI, json!({}));
    let names: Vec<&str> = list.as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["environments", "dev", "roles", "r", "refund", "amount", "grant refund to r", "x"]);
    let tree = json!({ "textDocument": { "documentSymbol": { "hierarchicalDocumentSymbolSupport": true } } });
    let (mut editor, _) = opened(tree);
    let tree = editor.about("textDocument/documentSymbol", URI, json!({}));
    assert_eq!((tree[2]["name"].as_str(), tree[2]["children"][0]["name"].as_str()), (Some("refund"), Some("amount")));
}

#[test]
fn formatting_changes_only_what_differs() {
    let (mut editor, _) = opened(json!({}));
    let options = json!({ "options": { "tabSize": 4, "insertSpaces": true } });
    let edits = editor.about("textDocument/formatting", URI, options.clone());
    let edits = edits.as_array().unwrap();
    assert!(!edits.is_empty());
    for edit in edits {
        let place = |side: &str| {
            let at = &edit["range"][side];
            (at["line"].as_u64().unwrap() as u32, at["character"].as_u64().unwrap() as u32)
        };
        editor.edit(URI, 2, place("start"), place("end"), edit["newText"].as_str().unwrap());
    }
    assert_eq!(editor.about("textDocument/formatting", URI, options.clone()), json!([]));
    assert_eq!(starts(&editor.findings_at(URI, 2)), []);
    // A file with syntax errors is left as it is.
    editor.change(URI, 3, "rule {");
    assert_eq!(editor.about("textDocument/formatting", URI, options), Value::Null);
}

#[test]
fn declarations_are_found_by_a_few_letters_in_files_that_are_not_open() {
    let folder = Folder::new();
    let main = folder.write("main.claw", "package p\nenvironments dev\nuse \"./sub/tools.claw\" as tools\n");
    folder.write("sub/tools.claw", "package tools\ntool give_back(amount: decimal)\n");
    folder.write(".hidden/other.claw", "package other\ntool give_up()\n");
    let mut editor = Editor::in_folder(&folder, json!({}));
    editor.open(&main, "package p\nenvironments dev\n");
    let found = editor.request("workspace/symbol", json!({ "query": "gb" }))["result"].clone();
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found[0]["location"]["uri"], folder.uri("sub/tools.claw"));
}
