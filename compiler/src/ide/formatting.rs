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

/// The same for the declarations that touch a range; what lies between them stays as it is.
///
/// # Errors
/// Refuses a file with syntax errors.
pub fn range_formatting(analysis: &Analysis, file: FileId, range: Span) -> Result<Vec<TextEdit>, FormatRefused> {
    let Some(parse) = analysis.parse(file) else { return Ok(Vec::new()) };
    let text = &analysis.sources.get(file).text;
    let new_text = claw_syntax::format_parse(parse, text)?;
    let new_parse = claw_syntax::parse(&new_text);
    let (old_items, new_items) = (&parse.file.items, &new_parse.file.items);
    // Layout never changes what is declared; were it ever to, nothing is done rather than the wrong thing.
    if old_items.len() != new_items.len() {
        return Ok(Vec::new());
    }
    let touched = old_items.iter().zip(new_items).filter(|(old, _)| {
        let whole = whole(old);
        whole.start <= range.end && range.start <= whole.end
    });
    let edits = touched.flat_map(|(old, new)| {
        let (at, new) = (whole(old), whole(new));
        let shift = move |edit: TextEdit| {
            TextEdit::new(Span::new(edit.span.start + at.start, edit.span.end + at.start), edit.text)
        };
        between(at.text(text), new.text(&new_text)).into_iter().map(shift)
    });
    Ok(edits.collect())
}

/// What was typed may have finished a declaration: `}` formats the one that ends there.
///
/// # Errors
/// Refuses a file with syntax errors.
pub fn on_type_formatting(analysis: &Analysis, file: FileId, offset: u32) -> Result<Vec<TextEdit>, FormatRefused> {
    let Some(parse) = analysis.parse(file) else { return Ok(Vec::new()) };
    match parse.file.items.iter().find(|item| item.span.end == offset) {
        Some(item) => range_formatting(analysis, file, item.span),
        None => Ok(Vec::new()),
    }
}

/// A declaration with its documentation.
fn whole(item: &claw_syntax::ast::Item) -> Span {
    item.docs.first().map_or(item.span, |doc| doc.span.join(item.span))
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
