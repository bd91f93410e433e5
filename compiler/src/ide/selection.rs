//! Growing a selection: word, expression, what stands in the brackets, the brackets, the declaration, the file.

use claw_syntax::Span;

use super::Cursor;
use crate::analysis::Analysis;
use crate::hir::FileId;

/// The parts around a place, each inside the next; the last is the whole file.
pub fn selection(analysis: &Analysis, file: FileId, offset: u32) -> Vec<Span> {
    let Some(cursor) = Cursor::new(analysis, file, offset) else { return Vec::new() };
    let mut spans: Vec<Span> = cursor.token().filter(|t| !t.kind.is_trivia()).map(|t| t.span).into_iter().collect();
    cursor.each_expr(&mut |expr| spans.push(expr.span));
    brackets(&cursor, &mut spans);
    if let Some(item) = cursor.item() {
        spans.push(item.span);
        if let Some(doc) = item.docs.first() {
            spans.push(doc.span.join(item.span));
        }
    }
    spans.push(Span::new(0, u32::try_from(cursor.text.len()).unwrap_or(u32::MAX)));
    spans.retain(|span| span.touches(cursor.offset));
    spans.sort_by_key(|span| span.len());
    let mut chain: Vec<Span> = Vec::new();
    for span in spans {
        if chain.last().is_none_or(|inner| span.covers(*inner) && span != *inner) {
            chain.push(span);
        }
    }
    chain
}

/// What stands in each pair of brackets around the cursor, and the pair.
fn brackets(cursor: &Cursor<'_>, spans: &mut Vec<Span>) {
    let mut open = Vec::new();
    for token in &cursor.parse.tokens {
        if token.kind.is_opener() {
            open.push(token.span);
        } else if token.kind.is_closer()
            && let Some(opener) = open.pop()
            && opener.end <= cursor.offset
            && cursor.offset <= token.span.start
        {
            let inside = Span::new(opener.end, token.span.start);
            let text = cursor.text_of(inside);
            let lead = text.len() - text.trim_start().len();
            let tail = text.len() - text.trim_end().len();
            if lead < text.len() {
                spans.push(Span::new(inside.start + lead as u32, inside.end - tail as u32));
            }
            spans.push(opener.join(token.span));
        }
    }
}
