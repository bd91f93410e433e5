//! Findings: where they stand, when they come, when they go.

use serde_json::json;

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
