//! Tokens with their comments, and the blanks between neighbours on one line.

use crate::Parse;
use crate::ast::{Target, TargetKind};
use crate::span::Span;
use crate::token::TokenKind;
use crate::visit::Visit;
use std::collections::HashSet;

/// A token as the formatter sees it.
#[derive(Debug)]
pub(super) struct Tok<'s> {
    pub kind: TokenKind,
    pub text: &'s str,
    pub span: Span,
    /// Comments on lines of their own before it.
    pub lead: Vec<Comment<'s>>,
    /// A comment behind it on its line.
    pub trail: Option<&'s str>,
    /// Whether an empty line stands right before it (behind its `lead`).
    pub blank: bool,
    /// Whether it is separated from the token before it when both are on one line.
    pub space: bool,
}

/// A comment on a line of its own.
#[derive(Debug)]
pub(super) struct Comment<'s> {
    pub text: &'s str,
    /// Whether an empty line stands before it.
    pub blank: bool,
}

impl Tok<'_> {
    /// Whether an empty line stands before the token and its comments.
    pub fn wants_blank(&self) -> bool {
        self.lead.first().map_or(self.blank, |c| c.blank)
    }

    pub fn width(&self) -> usize {
        self.text.chars().count()
    }
}

/// All tokens of the file, and one of no text at its end that holds the last comments.
pub(super) fn tokens<'s>(parse: &Parse, source: &'s str) -> Vec<Tok<'s>> {
    let mut out: Vec<Tok<'s>> = Vec::new();
    let mut lead: Vec<Comment<'s>> = Vec::new();
    let mut line_ends = 0;
    for token in &parse.tokens {
        let text = token.span.text(source);
        if token.kind == TokenKind::Whitespace {
            line_ends += text.matches('\n').count();
        } else if token.kind.is_trivia() {
            match out.last_mut() {
                Some(last) if line_ends == 0 && lead.is_empty() => last.trail = Some(text.trim_end()),
                _ => lead.push(Comment { text: text.trim_end(), blank: line_ends > 1 }),
            }
            line_ends = 0;
        } else {
            let lead = std::mem::take(&mut lead);
            let (kind, span, blank) = (token.kind, token.span, line_ends > 1);
            out.push(Tok { kind, text, span, lead, trail: None, blank, space: true });
            line_ends = 0;
        }
    }
    let end = Span::at(parse.file.span.end);
    out.push(Tok { kind: TokenKind::Whitespace, text: "", span: end, lead, trail: None, blank: false, space: false });
    set_spaces(&mut out, &globs(parse));
    out
}

/// The ends of patterns such as `jira.*`, whose star is no multiplication.
fn globs(parse: &Parse) -> HashSet<u32> {
    struct Globs(HashSet<u32>);
    impl Visit for Globs {
        fn visit_target(&mut self, target: &Target) {
            if matches!(target.kind, TargetKind::Glob(_)) {
                self.0.insert(target.span.end);
            }
        }
    }
    let mut globs = Globs(HashSet::new());
    globs.visit_file(&parse.file);
    globs.0
}

fn set_spaces(tokens: &mut [Tok<'_>], globs: &HashSet<u32>) {
    use TokenKind::*;
    let mut angles = 0_usize;
    // The kinds of the two tokens before.
    let (mut before, mut prev) = (None, None);
    let mut prev_is_angle = false;
    for token in tokens {
        let is_open_angle = token.kind == Lt && prev == Some(TypeCtor);
        let is_close_angle = token.kind == Gt && angles > 0;
        angles = angles + usize::from(is_open_angle) - usize::from(is_close_angle);
        let is_glob = token.kind == Star && globs.contains(&token.span.end);
        token.space = !(is_open_angle || is_close_angle || is_glob || (prev_is_angle && before == Some(TypeCtor)))
            && prev.is_some_and(|prev| spaced(before, prev, token.kind));
        prev_is_angle = is_open_angle;
        before = prev;
        prev = Some(token.kind);
    }
}

/// Whether a blank stands between `prev` and `next`; `before` stands before `prev`.
fn spaced(before: Option<TokenKind>, prev: TokenKind, next: TokenKind) -> bool {
    use TokenKind::*;
    match (prev, next) {
        (LBrace, RBrace) => false,
        (LParen | LBracket | Dot | DotDot | At, _) => false,
        (_, RParen | RBracket | Comma | Colon | Dot | DotDot | Question) => false,
        (kind, LParen) => {
            !(kind.is_name() || matches!(kind, KwAny | KwAll | KwNone | KwCount | KwTagged | RParen | RBracket))
        }
        (Minus, _) => before.is_some_and(ends_operand),
        _ => true,
    }
}

/// Whether a `-` behind it subtracts.
fn ends_operand(kind: TokenKind) -> bool {
    use TokenKind::*;
    kind.is_name()
        || kind.is_number()
        || kind.is_string()
        || matches!(kind, RParen | RBracket | RBrace | KwTrue | KwFalse | TypeCtor | Gt)
}
