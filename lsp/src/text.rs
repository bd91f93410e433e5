//! A document's text, kept in step with the client's.
//!
//! Lines end with `\n` or `\r\n`. A lone `\r` is a character like any other: the editors that could mean a line end by it
//! replace it before they send a document.

use claw_compiler::source::LineIndex;
use tower_lsp::lsp_types::{Position, TextDocumentContentChangeEvent};

use crate::map::Encoding;

/// Carries out a change as the client describes it: of a range, or of the whole text where it names none. What lies
/// outside of the text is taken as the nearest place in it.
pub fn change(text: &mut String, change: TextDocumentContentChangeEvent, encoding: Encoding) {
    let Some(range) = change.range else {
        *text = change.text;
        return;
    };
    let lines = LineIndex::new(text);
    let offset = |at: Position| encoding.offset(&lines, text, at) as usize;
    let start = offset(range.start);
    let end = offset(range.end).max(start);
    text.replace_range(start..end, &change.text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tower_lsp::lsp_types::Range;

    /// A client that counts for itself: a list of lines, each a list of characters.
    fn position(text: &str, offset: usize, encoding: Encoding) -> Position {
        let before = &text[..offset];
        let line = before.matches('\n').count();
        let column = before.rsplit('\n').next().unwrap_or_default();
        let character = match encoding {
            Encoding::Utf8 => column.len(),
            Encoding::Utf16 => column.chars().map(char::len_utf16).sum(),
        };
        Position::new(line as u32, character as u32)
    }

    fn edit(range: Range, text: &str) -> TextDocumentContentChangeEvent {
        TextDocumentContentChangeEvent { range: Some(range), range_length: None, text: text.to_owned() }
    }

    /// Offsets at which a cursor can stand: between characters, and not inside `\r\n`.
    fn places(text: &str) -> Vec<usize> {
        let inside = |at: usize| text[..at].ends_with('\r') && text[at..].starts_with('\n');
        (0..=text.len()).filter(|at| text.is_char_boundary(*at) && !inside(*at)).collect()
    }

    proptest! {
        #[test]
        fn random_edits_keep_both_texts_the_same(
            first in "[a-z😀é\u{301}\n]{0,30}",
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), "(\r\n|[a-c𝒳e\u{301}\n ]){0,4}"), 0..20),
            bytes in any::<bool>(),
        ) {
            let encoding = if bytes { Encoding::Utf8 } else { Encoding::Utf16 };
            let (mut client, mut server) = (first.clone(), first);
            for (a, b, new) in edits {
                let places = places(&client);
                let (a, b) = (*a.get(&places), *b.get(&places));
                let (a, b) = (a.min(b), a.max(b));
                let range = Range::new(position(&client, a, encoding), position(&client, b, encoding));
                client.replace_range(a..b, &new);
                change(&mut server, edit(range, &new), encoding);
                prop_assert_eq!(&client, &server);
            }
        }

        #[test]
        fn no_range_is_too_odd(text in "[a😀\r\n]{0,12}", a in any::<(u32, u32)>(), b in any::<(u32, u32)>(), small in any::<bool>()) {
            let shrink = |(line, character): (u32, u32)| if small { (line % 5, character % 5) } else { (line, character) };
            let at = |(line, character)| Position::new(line, character);
            let mut changed = text;
            change(&mut changed, edit(Range::new(at(shrink(a)), at(shrink(b))), "x"), Encoding::Utf16);
            prop_assert!(changed.contains('x'));
        }
    }

    #[test]
    fn past_the_end_of_a_line_is_its_end() {
        let mut text = "ab\r\ncd\n".to_owned();
        change(&mut text, edit(Range::new(Position::new(0, 99), Position::new(0, 99)), "!"), Encoding::Utf16);
        assert_eq!(text, "ab!\r\ncd\n");
        change(&mut text, edit(Range::new(Position::new(9, 0), Position::new(9, 9)), "end"), Encoding::Utf8);
        assert_eq!(text, "ab!\r\ncd\nend");
    }
}
