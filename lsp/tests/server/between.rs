//! Signatures, hints and lenses over the protocol, and the command of a lens.

use serde_json::json;

use super::Editor;

const URI: &str = "untitled:between";
const POLICY: &str = "package p
tiers low < high
environments dev
roles r
tool refund(amount: decimal)
grant refund to r
classify { low on refund }
matrix {
  tier | dev
  low | allow
  high | deny
}
rule x { on refund when len(\"a\") > 1 deny \"no\" }
test \"once\" {
  as agent \"a\" { roles: [r] }
  in dev
  at 2026-03-02T10:00:00Z
  call refund { amount: 5.0 }
  expect allow
}
";

fn opened(text: &str) -> Editor {
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(URI, text);
    editor
}

#[test]
fn a_call_of_a_test_has_a_signature() {
    let help = opened(POLICY).at("textDocument/signatureHelp", URI, 17, 26);
    assert_eq!(help["signatures"][0]["label"], "refund(amount: decimal)", "{help}");
    assert_eq!(help["activeParameter"], 0);
}

#[test]
fn the_tier_stands_behind_a_target() {
    let range = json!({ "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } } });
    let hints = opened(POLICY).about("textDocument/inlayHint", URI, range);
    assert_eq!(hints[0]["label"], "low (dev: allow)", "{hints}");
    assert_eq!(hints[0]["position"], json!({ "line": 12, "character": 18 }));
}

#[test]
fn a_test_runs() {
    let policy = POLICY.replace("rule x { on refund when len(\"a\") > 1 deny \"no\" }", "");
    for (text, passes) in [(policy.clone(), true), (policy.replace("expect allow", "expect deny"), false)] {
        let mut editor = opened(&text);
        let lenses = editor.about("textDocument/codeLens", URI, json!({}));
        let titles: Vec<&str> =
            lenses.as_array().unwrap().iter().filter_map(|l| l["command"]["title"].as_str()).collect();
        assert_eq!(titles, ["no rules", "run test"]);
        let command = &lenses[1]["command"];
        let run = json!({ "command": command["command"], "arguments": command["arguments"] });
        let answer = editor.request("workspace/executeCommand", run);
        assert_eq!(answer["result"]["passed"], passes, "{answer}");
    }
}
