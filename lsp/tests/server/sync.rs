//! The text: edits of ranges in either encoding, many of them, and requests between them.

use serde_json::json;

use super::{CLEAN, Editor, TWO_ERRORS, URI, starts};

/// Ranges are counted in what was agreed on.
#[test]
fn edits_behind_emoji_and_combining_characters_hit_their_place() {
    // 😀 is 2 units of UTF-16 and 4 bytes; é here is e with a combining accent: 2 units, 3 bytes.
    let text = "package p\nenvironments dev\nroles r\ntool t(a: string)\ngrant t to r\nrule x { on t deny \"😀e\u{301}\" unless args.b == \"y\" }\n";
    let (before, _) = text.lines().last().unwrap().split_at(text.lines().last().unwrap().find("b ==").unwrap());
    for (encoding, column) in [("utf-16", before.encode_utf16().count()), ("utf-8", before.len())] {
        let (mut editor, _) = Editor::initialized(json!({ "general": { "positionEncodings": [encoding] } }));
        editor.open(URI, text);
        assert_eq!(starts(&editor.findings_at(URI, 1)).len(), 1, "{encoding}");
        let column = column as u32;
        editor.edit(URI, 2, (5, column), (5, column + 1), "a");
        assert_eq!(starts(&editor.findings_at(URI, 2)), [], "{encoding}");
        // And a whole line goes.
        editor.edit(URI, 3, (4, 0), (5, 0), "");
        editor.findings_at(URI, 3);
        assert!(editor.at("textDocument/hover", URI, 4, 12).is_object());
    }
}

#[test]
fn thousands_of_keystrokes_end_in_what_the_final_text_says() {
    let (mut editor, _) = Editor::initialized(json!({}));
    editor.open(URI, "");
    let mut version = 1;
    for _ in 0..46 {
        // Typed letter by letter, with a question now and then, and deleted again from the end.
        let (mut line, mut column) = (0, 0);
        let mut places = Vec::new();
        for letter in TWO_ERRORS.chars() {
            version += 1;
            editor.edit(URI, version, (line, column), (line, column), &letter.to_string());
            places.push((line, column));
            (line, column) = if letter == '\n' { (line + 1, 0) } else { (line, column + letter.len_utf16() as u32) };
            if version % 50 == 0 {
                let place = json!({ "line": line, "character": column });
                editor.ask("textDocument/hover", json!({ "textDocument": { "uri": URI }, "position": place }));
            }
        }
        let mut end = (line, column);
        for place in places.into_iter().rev() {
            version += 1;
            editor.edit(URI, version, place, end, "");
            end = place;
        }
    }
    assert!(version > 10_000);
    editor.edit(URI, version + 1, (0, 0), (0, 0), CLEAN);
    assert_eq!(starts(&editor.findings_at(URI, version + 1)), []);
    editor.change(URI, version + 2, TWO_ERRORS);
    assert_eq!(starts(&editor.findings_at(URI, version + 2)).len(), 2);
}
