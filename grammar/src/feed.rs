//! From tokens to what the parser is fed.
//!
//! Takes out trivia and collects documentation, reports what is wrong with
//! single tokens and replaces them by what was meant, drops commas that end a
//! list without brackets, and measures nesting before any tree is built. It
//! sees tokens only, never structure.

use crate::ast::DocLine;
use crate::error::{SyntaxError, code};
use crate::span::Span;
use crate::token::{Token, TokenKind};
use std::collections::HashMap;

/// How deep brackets and operators may nest. Trees are walked and dropped recursively.
pub const NESTING_LIMIT: usize = 256;

/// What the parser reads, and what was noticed on the way.
#[derive(Default)]
pub(crate) struct Feed {
    /// Tokens as the grammar wants them: start, kind, end.
    pub tokens: Vec<(u32, TokenKind, u32)>,
    /// What is wrong with single tokens.
    pub errors: Vec<SyntaxError>,
    /// Documentation by the offset of the token it stands before.
    pub docs: HashMap<u32, Vec<DocLine>>,
    /// Documentation that stands before nothing.
    pub loose_docs: Vec<DocLine>,
    /// The `//!` lines at the top.
    pub inner_docs: Vec<DocLine>,
    /// Whether the nesting limit is passed; then nothing must be parsed.
    pub too_deep: bool,
    /// Whether brackets were closed at the end that the text leaves open.
    pub closed_at_end: bool,
}

/// Prepares `tokens` of `source`; offsets in them are shifted by `base`.
pub(crate) fn feed(source: &str, base: u32, tokens: &[Token]) -> Feed {
    let mut feed = Feed::default();
    let mut pending: Vec<DocLine> = Vec::new();
    let mut fresh_line = true;
    for token in tokens {
        let text = token.span.text(source);
        let span = Span::new(token.span.start + base, token.span.end + base);
        crate::lexcheck::check(*token, text, span, &mut feed.errors);
        match token.kind {
            TokenKind::Whitespace => fresh_line |= text.contains('\n'),
            TokenKind::DocComment if fresh_line => pending.push(doc_line(text, span)),
            TokenKind::DocComment => feed.loose_docs.push(doc_line(text, span)),
            TokenKind::InnerDoc if feed.tokens.is_empty() && pending.is_empty() => {
                feed.inner_docs.push(doc_line(text, span));
            }
            TokenKind::InnerDoc => feed.errors.push(late_inner_docs(span)),
            kind if kind.is_trivia() => {}
            kind => {
                fresh_line = false;
                if let Some(kind) = meant(kind) {
                    if !pending.is_empty() {
                        feed.docs.insert(span.start, std::mem::take(&mut pending));
                    }
                    feed.tokens.push((span.start, kind, span.end));
                }
            }
        }
    }
    feed.loose_docs.extend(pending);
    drop_list_end_commas(&mut feed);
    measure(&mut feed);
    close_brackets(source, base, &mut feed);
    feed
}

/// Reports brackets that the text leaves open, and closes them at its end.
///
/// The parser would find its way out too, but lose what is inside: and that
/// is where somebody is typing.
fn close_brackets(source: &str, base: u32, feed: &mut Feed) {
    let mut open: Vec<(TokenKind, Span)> = Vec::new();
    for &(start, kind, end) in &feed.tokens {
        if let Some(closer) = closer_of(kind) {
            open.push((closer, Span::new(start, end)));
        } else if kind.is_closer()
            && let Some(at) = open.iter().rposition(|(closer, _)| *closer == kind)
        {
            open.truncate(at);
        }
    }
    let end = base + Span::from(0..source.len()).end;
    if let Some((_, opener)) = open.last() {
        let at = Span::new(opener.start - base, opener.end - base);
        feed.errors.push(unclosed(at.text(source), *opener, Span::at(end)));
        feed.closed_at_end = true;
    }
    feed.tokens.extend(open.iter().rev().map(|(closer, _)| (end, *closer, end)));
}

fn closer_of(kind: TokenKind) -> Option<TokenKind> {
    match kind {
        TokenKind::LBrace => Some(TokenKind::RBrace),
        TokenKind::LParen => Some(TokenKind::RParen),
        TokenKind::LBracket => Some(TokenKind::RBracket),
        _ => None,
    }
}

/// The error for the bracket `text` at `opener`, which should be closed before `border`.
pub(crate) fn unclosed(text: &str, opener: Span, border: Span) -> SyntaxError {
    SyntaxError::new(code::UNCLOSED, opener, format!("this `{text}` is never closed"))
        .label(border, "it should be closed before this")
}

fn doc_line(text: &str, span: Span) -> DocLine {
    let body = text.get(3..).unwrap_or("").trim_end();
    DocLine { text: body.strip_prefix(' ').unwrap_or(body).to_owned(), span }
}

fn late_inner_docs(span: Span) -> SyntaxError {
    SyntaxError::new(code::LATE_INNER_DOCS, span, "`//!` documents the file and stands at its top")
        .warning()
        .help("use `///` to document the next declaration, or `//` for a comment")
}

/// The token that a wrong one stands for; `None` if the text is better without it.
fn meant(kind: TokenKind) -> Option<TokenKind> {
    use TokenKind::*;
    match kind {
        QuotedIdent | BadWord => Some(Ident),
        RawStr | SingleStr | UnterminatedStr => Some(Str),
        AmpAmp => Some(KwAnd),
        PipePipe => Some(KwOr),
        Bang => Some(KwNot),
        Semicolon | Unknown => None,
        other => Some(other),
    }
}

/// What a `{` opens: fields separated by commas, clauses, or the arms of `classify`, which begin with a tier's name.
#[derive(Clone, Copy, PartialEq)]
enum Bracket {
    Listed,
    Clauses,
    Arms,
}

/// Reports and removes commas after the last element of a list without brackets.
///
/// The grammar can't: whether a list goes on after the comma depends on what
/// the next clause begins with.
fn drop_list_end_commas(feed: &mut Feed) {
    let tokens = std::mem::take(&mut feed.tokens);
    let kind_at = |index: usize| tokens.get(index).map(|t| t.1);
    let mut open: Vec<Bracket> = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        match token.1 {
            TokenKind::LParen | TokenKind::LBracket => open.push(Bracket::Listed),
            TokenKind::LBrace => open.push(opened_by_brace(&kind_at, index)),
            kind if kind.is_closer() => {
                open.pop();
            }
            TokenKind::Comma
                if open.last() != Some(&Bracket::Listed)
                    && ends_list(&kind_at, index, open.last() == Some(&Bracket::Arms)) =>
            {
                let span = Span::new(token.0, token.2);
                feed.errors.push(
                    SyntaxError::new(code::TRAILING_COMMA, span, "`,` after the last element of the list")
                        .help("lists without brackets take no trailing comma")
                        .fix("remove the comma", span, ""),
                );
                continue;
            }
            _ => {}
        }
        feed.tokens.push(*token);
    }
}

fn opened_by_brace(kind_at: &impl Fn(usize) -> Option<TokenKind>, index: usize) -> Bracket {
    use TokenKind::*;
    let is_enum = index >= 2 && kind_at(index - 2) == Some(KwEnum);
    let fields =
        matches!(kind_at(index + 1), Some(Ident | Str)) && matches!(kind_at(index + 2), Some(Colon | Question));
    let is_classify = index >= 1 && kind_at(index - 1) == Some(KwClassify);
    match (is_enum || fields, is_classify) {
        (true, _) => Bracket::Listed,
        (false, true) => Bracket::Arms,
        (false, false) => Bracket::Clauses,
    }
}

fn ends_list(kind_at: &impl Fn(usize) -> Option<TokenKind>, index: usize, arms: bool) -> bool {
    use TokenKind::*;
    match kind_at(index + 1) {
        None | Some(RBrace | At) => true,
        Some(Ident) => arms && kind_at(index + 2) == Some(KwOn),
        Some(KwAny | KwTagged) => false,
        Some(kind) => kind.starts_clause() || kind.starts_declaration(),
    }
}

/// One open bracket while nesting is measured.
#[derive(Default)]
struct Level {
    /// Operators since the last comma or clause word.
    chain: usize,
    /// The deepest bracket since then.
    inner: usize,
    /// The deepest stretch so far.
    deepest: usize,
}

impl Level {
    fn depth(&self) -> usize {
        self.deepest.max(self.chain + self.inner)
    }

    fn next_stretch(&mut self) {
        self.deepest = self.depth();
        self.chain = 0;
        self.inner = 0;
    }
}

/// Bounds the depth of the tree from above: brackets nest, and each operator may add a level.
fn measure(feed: &mut Feed) {
    let mut levels = vec![Level::default()];
    for &(start, kind, end) in &feed.tokens {
        if kind.is_opener() {
            levels.push(Level::default());
        } else if kind.is_closer() && levels.len() > 1 {
            let depth = levels.pop().map_or(0, |level| level.depth());
            if let Some(level) = levels.last_mut() {
                level.inner = level.inner.max(depth + 1);
                // `f()()()` nests although its brackets lie side by side.
                level.chain += 1;
            }
        } else if let Some(level) = levels.last_mut() {
            if kind == TokenKind::Comma || ends_stretch(kind) {
                level.next_stretch();
            } else if is_operator(kind) {
                level.chain += 1;
            }
        }
        let here = levels.last().map_or(0, |level| level.chain + level.inner);
        if levels.len() + here > NESTING_LIMIT {
            feed.too_deep = true;
            feed.errors.push(
                SyntaxError::new(
                    code::TOO_DEEP,
                    Span::new(start, end),
                    format!("brackets and operators nest deeper than {NESTING_LIMIT} levels"),
                )
                .help("name parts of the condition with `predicate`, or use a list with `in`"),
            );
            return;
        }
    }
}

fn ends_stretch(kind: TokenKind) -> bool {
    use TokenKind::*;
    kind.starts_declaration() || (kind.starts_clause() && !matches!(kind, KwIn | KwAs))
}

fn is_operator(kind: TokenKind) -> bool {
    use TokenKind::*;
    matches!(
        kind,
        KwAnd
            | KwOr
            | KwNot
            | KwIn
            | KwUnder
            | KwLike
            | KwMatches
            | KwElse
            | KwAs
            | Dot
            | Assign
            | EqEq
            | NotEq
            | Lt
            | Le
            | Gt
            | Ge
            | Plus
            | Minus
            | Star
    )
}
