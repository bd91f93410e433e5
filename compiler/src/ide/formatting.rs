//! The canonical layout, as edits.

use claw_syntax::{FormatRefused, Span};

use super::TextEdit;
use crate::analysis::Analysis;
use crate::hir::FileId;

/// What makes the file canonical; nothing where it is already, else one edit from the first line that differs to the
/// last.
///
/// # Errors
/// Refuses a file with syntax errors.
pub fn formatting(analysis: &Analysis, file: FileId) -> Result<Vec<TextEdit>, FormatRefused> {
    let Some(parse) = analysis.parse(file) else { return Ok(Vec::new()) };
    let text = &analysis.sources.get(file).text;
    Ok(between(text, &claw_syntax::format_parse(parse, text)?))
}

/// The edit that turns one text into another: whole lines, found by what the two begin and end with.
fn between(old: &str, new: &str) -> Vec<TextEdit> {
    if old == new {
        return Vec::new();
    }
    let head: usize = old.split_inclusive('\n').zip(new.split_inclusive('\n')).map_while(same).sum();
    let (old_rest, new_rest) = (old.get(head..).unwrap_or_default(), new.get(head..).unwrap_or_default());
    let tail: usize = lines_backwards(old_rest).zip(lines_backwards(new_rest)).map_while(same).sum();
    let span = Span::from(head..old.len() - tail);
    vec![TextEdit::new(span, new_rest.get(..new_rest.len() - tail).unwrap_or_default())]
}

fn lines_backwards(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n').rev()
}

fn same((old, new): (&str, &str)) -> Option<usize> {
    (old == new).then_some(old.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_lead_from_one_text_to_the_other() {
        for (old, new) in [
            ("a\nb\nc\n", "a\nB\nc\n"),
            ("a\na\n", "a\n"),
            ("a\n", "a\na\n"),
            ("", "é\n"),
            ("é", ""),
            ("x\ny", "x\ny\n"),
            ("a\n\n\nb\n", "a\n\nb\n"),
        ] {
            let edits = between(old, new);
            assert_eq!(TextEdit::apply(&edits, old), new, "{old:?}");
            assert!(edits.iter().all(|e| old.get(e.span.range()) != Some(e.text.as_str())));
        }
        assert_eq!(between("a\n", "a\n"), []);
    }
}
