//! Small changes to a text, by position.

use claw_syntax::{Span, Token, TokenKind};

/// Replacements that don't overlap.
#[derive(Debug, Default)]
pub(super) struct Edits {
    list: Vec<(Span, String)>,
}

impl Edits {
    pub fn replace(&mut self, span: Span, text: impl Into<String>) {
        self.list.push((span, text.into()));
    }

    pub fn insert(&mut self, offset: u32, text: impl Into<String>) {
        self.replace(Span::at(offset), text);
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// `source` with all changes; those at one place in the order they were made.
    pub fn apply(mut self, source: &str) -> String {
        self.list.sort_by_key(|(span, _)| (span.start, span.end));
        let mut out = String::with_capacity(source.len());
        let mut at = 0;
        for (span, text) in self.list {
            out.push_str(source.get(at..span.start as usize).unwrap_or_default());
            out.push_str(&text);
            at = at.max(span.end as usize);
        }
        out.push_str(source.get(at..).unwrap_or_default());
        out
    }
}

/// Looks for tokens by position.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tokens<'a>(pub &'a [Token]);

impl Tokens<'_> {
    /// The first token of a kind that begins at `from` or after it.
    pub fn next(self, from: u32, kind: TokenKind) -> Option<Span> {
        let start = self.0.partition_point(|t| t.span.start < from);
        self.0.iter().skip(start).find(|t| t.kind == kind).map(|t| t.span)
    }

    /// Whether the next token at `from` or after it, blanks and comments aside, is of this kind.
    pub fn follows(self, from: u32, kind: TokenKind) -> bool {
        let start = self.0.partition_point(|t| t.span.start < from);
        self.0.iter().skip(start).find(|t| !t.kind.is_trivia()).is_some_and(|t| t.kind == kind)
    }
}
