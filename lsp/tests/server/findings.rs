//! Findings: where they stand, when they come, when they go.

use serde_json::{Value, json};

use super::{CLEAN, Editor, TWO_ERRORS, URI, starts};

fn column_of(text: &str, line: usize, word: &str, units: impl Fn(&str) -> usize) -> u64 {
    let line = text.lines().nth(line).unwrap();
    units(&line[..line.find(word).unwrap()]) as u64
}

#[test]
fn findings_come_at_utf16_columns_and_go() {
    let (mut editor, server) = Editor::initialized(json!({}));
    assert_eq!(server["positionEncoding"], "utf-16");
    editor.open(URI, TWO_ERRORS);
    let findings = editor.findings(URI);
    let utf16 = |text: &str| text.encode_utf16().count();
    // Where exactly in `args.b` the finding begins is the compiler's business.
    let (first, second) = (column_of(TWO_ERRORS, 4, "nobody", utf16), column_of(TWO_ERRORS, 5, "args.b", utf16));
    let found = starts(&findings);
    assert_eq!(found.len(), 2, "{findings:#?}");
    assert_eq!(found[0], (4, first));
    assert!(found[1] == (5, second) || found[1] == (5, second + 5), "{found:?}");
    assert!(findings.iter().all(|finding| finding["source"] == "claw" && finding["code"].is_string()));

    editor.change(URI, 2, CLEAN);
    assert_eq!(starts(&editor.findings_at(URI, 2)), []);
}

#[test]
fn bytes_are_counted_where_the_client_offers_it() {
    let (mut editor, server) = Editor::initialized(json!({ "general": { "positionEncodings": ["utf-16", "utf-8"] } }));
    assert_eq!(server["positionEncoding"], "utf-8");
    editor.open(URI, TWO_ERRORS);
    let found = starts(&editor.findings(URI));
    let column = column_of(TWO_ERRORS, 5, "args.b", str::len);
    assert!(found[1] == (5, column) || found[1] == (5, column + 5), "{found:?}");
}

#[test]
fn the_last_of_many_edits_counts() {
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(URI, CLEAN);
    for version in 2..300 {
        editor.change(URI, version, if version % 2 == 0 { TWO_ERRORS } else { CLEAN });
    }
    editor.change(URI, 300, TWO_ERRORS);
    assert_eq!(starts(&editor.findings_at(URI, 300)).len(), 2);
}

#[test]
fn closing_clears() {
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(URI, TWO_ERRORS);
    assert_eq!(starts(&editor.findings(URI)).len(), 2);
    editor.close(URI);
    assert_eq!(starts(&editor.findings(URI)), []);
}

#[test]
fn a_client_that_pulls_gets_findings_when_it_asks_and_nothing_twice() {
    let pulling = json!({ "textDocument": { "diagnostic": {} } });
    let (mut editor, _) = Editor::initialized(pulling);
    editor.open(URI, TWO_ERRORS);
    let report = editor.about("textDocument/diagnostic", URI, json!({}));
    assert_eq!((report["kind"].as_str(), starts(report["items"].as_array().unwrap()).len()), (Some("full"), 2));
    let again = editor.about("textDocument/diagnostic", URI, json!({ "previousResultId": report["resultId"] }));
    assert_eq!((again["kind"].as_str(), &again["resultId"]), (Some("unchanged"), &report["resultId"]));
    // Asked right after an edit, without any pause.
    editor.edit(URI, 2, (4, 11), (4, 17), "r");
    let report = editor.about("textDocument/diagnostic", URI, json!({ "previousResultId": report["resultId"] }));
    assert_eq!(starts(report["items"].as_array().unwrap()).len(), 1, "{report}");
    assert_eq!(editor.pushed(URI), 0);
}

#[test]
fn fast_typing_is_not_answered_letter_by_letter() {
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(URI, CLEAN);
    editor.findings_at(URI, 1);
    let start = std::time::Instant::now();
    for version in 2..42 {
        editor.edit(URI, version, (0, 9), (0, 9), "p");
    }
    let before = editor.pushes_until(URI, 41);
    // A machine that is busy with other things may see pauses in the typing.
    let pauses = start.elapsed().as_millis() / 150;
    assert!(before as u128 <= 1 + pauses, "{before} reports for 40 keystrokes and {pauses} pauses");
}

#[test]
fn codes_lead_to_their_page() {
    let shows = json!({ "textDocument": { "publishDiagnostics": { "codeDescriptionSupport": true } } });
    let help = "https://policies.example/{code}";
    for options in [json!({}), json!({ "helpUri": help })] {
        let params = json!({ "processId": null, "capabilities": shows, "initializationOptions": options });
        let (mut editor, _) = Editor::with(params);
        editor.open(URI, TWO_ERRORS);
        let finding = editor.findings(URI).swap_remove(0);
        let (code, href) = (finding["code"].as_str().unwrap(), finding["codeDescription"]["href"].as_str().unwrap());
        match href.strip_prefix("file://") {
            Some(page) => assert!(std::fs::read_to_string(page).unwrap().starts_with(&format!("# {code}"))),
            None => assert_eq!(href, help.replace("{code}", code)),
        }
    }
}

#[test]
fn related_places_and_tags_are_told() {
    let (mut editor, _) = Editor::initialized(json!({}));
    let text = "package p\nenvironments dev\nroles r\ntool t(a: string)\ntool t(b: string)\ngrant t to r\n";
    editor.open(URI, text);
    let findings = editor.findings(URI);
    let twice = findings.iter().find(|f| f["severity"] == 1).unwrap();
    assert_eq!(twice["relatedInformation"][0]["location"]["range"]["start"]["line"], 3, "{twice}");
    editor.change(URI, 2, &text.replace("tool t(b: string)", "let unused: int = 3"));
    let findings = editor.findings_at(URI, 2);
    assert!(findings.iter().any(|f| f["tags"] == json!([1])), "{findings:#?}");
}

#[test]
fn what_only_a_look_at_all_requests_shows_follows_when_typing_pauses() {
    let (mut editor, _) = Editor::initialized(json!({}));
    let policy = "package p\nenvironments dev\nroles r\ntool t(n: int)\ngrant t to r\n";
    let claim = "invariant \"small\" { on t when args.n > 3 never allow }\n";
    editor.open(URI, &format!("{policy}{claim}"));
    assert_eq!(starts(&editor.findings_at(URI, 1)), [], "first what checking finds");
    let found = editor.findings_at(URI, 1);
    assert_eq!(found[0]["code"], "E0601", "{found:?}");
    editor.edit(URI, 2, (4, 0), (5, 0), "");
    let codes = |found: &[Value]| found.iter().map(|f| f["code"].clone()).collect::<Vec<_>>();
    let found = editor.findings_at(URI, 2);
    assert!(!codes(&found).contains(&json!("E0601")), "{found:?}");
}
