//! Source text for reading: a clause without its documentation, its attributes and the indentation around it.

use claw_syntax::{Span, TokenKind};

use super::anchors::Thing;
use super::context::Context;
use super::model::{Code, CodeRef};
use crate::hir::Loc;

impl Context<'_> {
    /// The text under `loc` with links to what it speaks of.
    pub fn code(&self, loc: Loc) -> Code {
        let source = &self.analysis.sources.get(loc.file).text;
        let lines = dedented(source, self.body(loc));
        let mut code = Code::default();
        for line in &lines {
            self.links(loc, *line, code.text.len(), &mut code.refs);
            code.text += line.text(source);
            code.text.push('\n');
        }
        code.text.truncate(code.text.trim_end().len());
        code
    }

    /// Behind the documentation and the attributes.
    fn body(&self, loc: Loc) -> Span {
        let Some(parse) = self.analysis.parse(loc.file) else { return loc.span };
        let first = parse.tokens.partition_point(|token| token.span.start < loc.span.start);
        let inside = parse.tokens.iter().skip(first).take_while(|token| token.span.end <= loc.span.end);
        let mut depth = 0_u32;
        let mut attribute = false;
        for token in inside.filter(|token| !token.kind.is_trivia()) {
            match token.kind {
                TokenKind::At if depth == 0 => attribute = true,
                TokenKind::LParen if attribute => depth += 1,
                TokenKind::RParen if attribute => {
                    depth = depth.saturating_sub(1);
                    attribute = depth > 0;
                }
                _ if attribute => {}
                _ => return Span::new(token.span.start, loc.span.end),
            }
        }
        loc.span
    }

    fn links(&self, loc: Loc, line: Span, at: usize, out: &mut Vec<CodeRef>) {
        let all = &self.analysis.symbols.references;
        let first = all.partition_point(|r| (r.loc.file, r.loc.span.start) < (loc.file, line.start));
        let inside = all.iter().skip(first).take_while(|r| r.loc.file == loc.file && r.loc.span.end <= line.end);
        for reference in inside.filter(|r| !r.is_declaration) {
            if let Some(id) = self.anchors.id(Thing::Named(reference.symbol)) {
                let offset = at + (reference.loc.span.start - line.start) as usize;
                let end = offset + reference.loc.span.len() as usize;
                out.push(CodeRef { start: offset, end, id: id.to_owned() });
            }
        }
    }
}

/// The lines of a span, each without the blanks by which the first one is indented.
fn dedented(source: &str, span: Span) -> Vec<Span> {
    let (start, end) = (span.start as usize, span.end as usize);
    let indent = start - source[..start].rfind('\n').map_or(0, |at| at + 1);
    let mut lines = Vec::new();
    let mut at = start;
    for line in source[start..end].split('\n') {
        let next = at + line.len() + 1;
        let blanks = line.bytes().take_while(|b| *b == b' ').count().min(if at == start { 0 } else { indent });
        let text = line[blanks..].trim_end();
        lines.push(Span::new((at + blanks) as u32, (at + blanks + text.len()) as u32));
        at = next;
    }
    lines
}
