//! What can be written at the cursor.
//!
//! The place is told from the tokens before it (`place.rs`), since a declaration that is being typed has no tree yet;
//! names and types come from what was resolved.

mod clauses;
mod members;
mod names;
mod snippets;
#[cfg(test)]
mod tests;

pub(super) use snippets::meaning;

use claw_syntax::{Span, TokenKind};

use super::Cursor;
use super::place::Place;
use crate::analysis::Analysis;
use crate::hir::FileId;

/// What kind of thing is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompletionKind {
    Keyword,
    Snippet,
    Tool,
    Scope,
    Function,
    Member,
    Field,
    Variable,
    Constant,
    /// A word of a vocabulary, or a value of an enum.
    Word,
    Type,
    Module,
    File,
    Approval,
    Rule,
}

/// One thing that can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    pub label: String,
    pub kind: CompletionKind,
    /// Its type or signature.
    pub detail: String,
    /// Markdown.
    pub doc: String,
    /// What is written; with `${1:…}` and `$0` where `is_snippet`.
    pub insert: String,
    pub is_snippet: bool,
    /// What it replaces.
    pub replace: Span,
    /// Lower ones come first.
    pub order: u32,
}

impl Completion {
    /// The text to write where the editor knows no snippets.
    pub fn plain(&self) -> String {
        if !self.is_snippet {
            return self.insert.clone();
        }
        let (mut out, mut rest) = (String::new(), self.insert.as_str());
        while let Some((before, after)) = rest.split_once('$') {
            out += before;
            rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
            if let Some((hole, after)) = after.strip_prefix('{').and_then(|after| after.split_once('}')) {
                out += hole.split_once(':').map_or("", |(_, text)| text);
                rest = after;
            }
        }
        out + rest
    }
}

/// What can be written at `offset`, the likeliest first.
pub fn completions(analysis: &Analysis, file: FileId, offset: u32) -> Vec<Completion> {
    let Some(cursor) = Cursor::new(analysis, file, offset) else { return Vec::new() };
    if cursor.in_comment() {
        return Vec::new();
    }
    let mut offers = Offers::new(Place::new(cursor));
    offers.all();
    let mut found = offers.found;
    found.sort_by(|a, b| (a.order, &a.label).cmp(&(b.order, &b.label)));
    let mut seen = std::collections::HashSet::new();
    found.retain(|c| seen.insert(c.label.clone()));
    found
}

/// What was found so far for one place.
#[derive(Debug)]
struct Offers<'a> {
    place: Place<'a>,
    replace: Span,
    found: Vec<Completion>,
}

impl<'a> Offers<'a> {
    fn new(place: Place<'a>) -> Offers<'a> {
        let replace = place.cursor.word().unwrap_or(Span::at(place.cursor.offset));
        Offers { place, replace, found: Vec::new() }
    }

    fn all(&mut self) {
        let token = self.place.cursor.token();
        let offset = self.place.cursor.offset;
        if token.is_some_and(|t| t.kind.is_number() && t.span.end == offset) {
            return;
        }
        if let Some(token) = token.filter(|t| t.kind.is_string() && t.span.start < offset) {
            let closed = token.kind != TokenKind::UnterminatedStr && token.span.end == offset;
            let before = self.place.tokens.iter().rev().find(|t| t.span.start < token.span.start);
            if !closed && before.is_some_and(|t| t.kind == TokenKind::KwUse) {
                self.files(token);
            }
            return;
        }
        match self.place.last() {
            Some(TokenKind::At) => self.attribute_names(),
            Some(TokenKind::Dot) => self.members(),
            _ if self.attribute_argument() => {}
            _ => self.declarations_or_clauses(),
        }
    }

    /// At the start of a line a new declaration can begin even if the one before is not finished.
    fn declarations_or_clauses(&mut self) {
        let starts_line = self.replace.start == 0
            || self.place.cursor.text.as_bytes().get(self.replace.start as usize - 1) == Some(&b'\n');
        let finished = self.place.open.is_empty()
            && (self.place.head().is_none() || self.place.last() == Some(TokenKind::RBrace) || starts_line);
        if finished || starts_line && !self.replace.is_empty() {
            self.snippets();
        }
        if !finished {
            self.clauses();
        }
    }

    fn push(&mut self, kind: CompletionKind, order: u32, label: &str, detail: &str, doc: &str) {
        self.found.push(Completion {
            label: label.to_owned(),
            kind,
            detail: detail.to_owned(),
            doc: doc.to_owned(),
            insert: label.to_owned(),
            is_snippet: false,
            replace: self.replace,
            order,
        });
    }

    fn snippet(&mut self, kind: CompletionKind, order: u32, label: &str, detail: &str, insert: &str) {
        self.push(kind, order, label, detail, "");
        if let Some(last) = self.found.last_mut() {
            insert.clone_into(&mut last.insert);
            last.is_snippet = true;
        }
    }

    /// Words of the language, in this order.
    fn keywords(&mut self, order: u32, words: &[&str]) {
        for (word, at) in words.iter().zip(order..) {
            self.push(CompletionKind::Keyword, at, word, snippets::meaning(word), "");
        }
    }
}
