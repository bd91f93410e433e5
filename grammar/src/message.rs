//! Messages: strings that interpolate `{expressions}`.
//!
//! Works on one literal; spans of the expressions lie in the file.

use crate::ast::{Segment, StrLit};
use crate::error::{SyntaxError, code};
use crate::literal;
use crate::span::Span;

/// The parts of the string literal `literal`, which begins at offset `base` of its file.
///
/// `{{` is a brace and so is `}}`; a `}` by itself is text.
pub fn parse_message(literal: &str, base: u32) -> (Vec<Segment>, Vec<SyntaxError>) {
    let span = Span::new(base, base + Span::from(0..literal.len()).end);
    segments(&literal::str_lit(literal, span))
}

/// The parts of `lit`.
pub(crate) fn segments(lit: &StrLit) -> (Vec<Segment>, Vec<SyntaxError>) {
    let (offset, body) = literal::body(&lit.source);
    let mut scan = Scan { raw: lit.is_raw(), text: String::new(), segments: Vec::new(), errors: Vec::new() };
    let mut at = offset;
    let mut rest = body;
    while let Some(brace) = rest.find(['{', '}']) {
        let (before, tail) = rest.split_at_checked(brace).unwrap_or((rest, ""));
        scan.text.push_str(before);
        let used = if tail.starts_with("{{") || tail.starts_with("}}") {
            scan.text.push_str(tail.get(..1).unwrap_or(""));
            2
        } else if tail.starts_with('}') {
            scan.text.push('}');
            1
        } else {
            let start = lit.span.start + Span::from(0..at + brace).end;
            scan.interpolation(tail, start)
        };
        at += brace + used;
        rest = tail.get(used..).unwrap_or("");
    }
    scan.text.push_str(rest);
    scan.end_text();
    (scan.segments, scan.errors)
}

struct Scan {
    raw: bool,
    /// Source text of the current text part, escapes unresolved.
    text: String,
    segments: Vec<Segment>,
    errors: Vec<SyntaxError>,
}

impl Scan {
    fn end_text(&mut self) {
        if self.text.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.text);
        let text = if self.raw { text } else { literal::unescape(&format!("\"{text}\""), &mut Vec::new()) };
        self.segments.push(Segment::Text(text));
    }

    /// Reads the interpolation that `tail` begins with, at `start` of the file; returns its length.
    fn interpolation(&mut self, tail: &str, start: u32) -> usize {
        let Some(length) = tail.find('}') else {
            let place = Span::new(start, start + 1);
            self.errors.push(
                SyntaxError::new(code::BAD_INTERPOLATION, place, "this `{` has no `}`")
                    .help("a brace that is text is written `{{`")
                    .fix("double the brace", place, "{{"),
            );
            self.text.push_str(tail);
            return tail.len();
        };
        let inner = tail.get(1..length).unwrap_or("");
        let place = Span::new(start, start + Span::from(0..length + 1).end);
        if inner.trim().is_empty() {
            self.errors.push(
                SyntaxError::new(code::BAD_INTERPOLATION, place, "there is nothing to interpolate between the braces")
                    .help("braces that are text are written `{{` and `}}`"),
            );
        } else {
            self.end_text();
            // Quotes are escaped here; blanks instead of backslashes keep every offset.
            let code = inner.replace("\\\"", " \"");
            let (expr, errors) = crate::parser::parse_expr(&code, start + 1);
            self.segments.push(Segment::Expr(expr));
            self.errors.extend(errors);
        }
        length + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ast::ExprKind;

    #[test]
    fn parts_and_spans() {
        let literal = r#""é {args.to} {{x}} \"{ours}""#;
        let (segments, errors) = parse_message(literal, 100);
        assert_eq!(errors, []);
        let [Segment::Text(a), Segment::Expr(to), Segment::Text(b), Segment::Expr(ours)] = segments.as_slice() else {
            panic!("{segments:?}")
        };
        assert_eq!((a.as_str(), b.as_str()), ("é ", " {x} \""));
        assert!(matches!(&to.kind, ExprKind::Field { .. }));
        assert_eq!(&literal[to.span.start as usize - 100..to.span.end as usize - 100], "args.to");
        assert_eq!(&literal[ours.span.start as usize - 100..ours.span.end as usize - 100], "ours");
    }

    #[test]
    fn broken_interpolations() {
        let codes = |literal: &str| parse_message(literal, 0).1.iter().map(|e| e.code).collect::<Vec<_>>();
        assert_eq!(codes(r#""{}""#), ["E0025"]);
        assert_eq!(codes(r#""a {b""#), ["E0025"]);
        assert_eq!(codes(r#""{a b}""#), ["E0001"]);
        assert_eq!(codes(r#""{a +}""#), ["E0002"]);
    }
}
