//! Text to tokens. Never fails: every byte belongs to a token.
//!
//! Knows which words are reserved *here*: a word with a meaning is a plain
//! name unless what surrounds it fits that meaning, so that a role may be
//! called `user` and a tool `test`.

use crate::span::Span;
use crate::token::{Token, TokenKind};
use logos::Logos;

/// Splits `source` into tokens that cover every byte, trivia included.
pub fn lex(source: &str) -> Vec<Token> {
    let mut tokens = split_type_closers(source, scan(source));
    settle_words(source, &mut tokens);
    tokens
}

/// The tokens as the bare alphabet gives them.
fn scan(source: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::with_capacity(source.len() / 4);
    for (result, range) in TokenKind::lexer(source).spanned() {
        let text = source.get(range.clone()).unwrap_or("");
        let kind = refine(result.unwrap_or(TokenKind::Unknown), text);
        let span = Span::from(range);
        match tokens.last_mut() {
            // One complaint per run of unreadable text.
            Some(last) if kind == TokenKind::Unknown && last.kind == kind => last.span.end = span.end,
            _ => tokens.push(Token { kind, span }),
        }
    }
    tokens
}

/// Tells apart what the regular expressions can't.
fn refine(kind: TokenKind, text: &str) -> TokenKind {
    match kind {
        TokenKind::Comment if text.starts_with("///") && !text.starts_with("////") => TokenKind::DocComment,
        TokenKind::Comment if text.starts_with("//!") => TokenKind::InnerDoc,
        TokenKind::RawStr if !raw_string_is_closed(text) => TokenKind::UnterminatedStr,
        other => other,
    }
}

fn raw_string_is_closed(text: &str) -> bool {
    let hashes = text.bytes().skip(1).take_while(|b| *b == b'#').count();
    let closer = format!("\"{}", "#".repeat(hashes));
    text.len() >= 1 + hashes + 1 + closer.len() && text.ends_with(&closer)
}

/// In `let x: set<host>= y` the `>=` is a `>` that closes a type and a `=`.
fn split_type_closers(source: &str, scanned: Vec<Token>) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(scanned.len());
    for token in scanned {
        if token.kind == TokenKind::Ge && closes_type(source, &tokens) {
            let middle = token.span.start + 1;
            tokens.push(Token { kind: TokenKind::Gt, span: Span::new(token.span.start, middle) });
            tokens.push(Token { kind: TokenKind::Assign, span: Span::new(middle, token.span.end) });
        } else {
            tokens.push(token);
        }
    }
    tokens
}

/// Whether the tokens before a `>` have an open `list<` or `set<`, a few tokens back.
fn closes_type(source: &str, before: &[Token]) -> bool {
    let mut closed = 0;
    let mut tokens = before.iter().rev().filter(|t| !t.kind.is_trivia()).take(24);
    while let Some(token) = tokens.next() {
        match token.kind {
            TokenKind::Gt => closed += 1,
            TokenKind::Lt if closed > 0 => closed -= 1,
            TokenKind::Lt => {
                return tokens.next().is_some_and(|t| matches!(t.span.text(source), "list" | "set"));
            }
            TokenKind::Ident | TokenKind::QuotedIdent | TokenKind::Dot => {}
            TokenKind::LParen | TokenKind::RParen => {}
            kind if kind.is_keyword() => {}
            _ => return false,
        }
    }
    false
}

/// What a word can see of its surroundings.
struct Context {
    /// The token before it, as scanned.
    prev: Option<TokenKind>,
    /// Whether a line end lies between the two.
    line_start: bool,
    /// The token after it, settled.
    next: Option<TokenKind>,
    /// The token after that, settled.
    after_next: Option<TokenKind>,
}

/// From right to left, so that each word knows what the next one turned out to be.
fn settle_words(source: &str, tokens: &mut [Token]) {
    let mut next = None;
    let mut after_next = None;
    for index in (0..tokens.len()).rev() {
        let Some(token) = tokens.get(index).copied() else { continue };
        if token.kind.is_trivia() {
            continue;
        }
        let mut kind = token.kind;
        if kind == TokenKind::Ident && next == Some(TokenKind::Lt) {
            let prev = before(source, tokens, index).0;
            if matches!(token.span.text(source), "list" | "set") && prev != Some(TokenKind::Dot) {
                kind = TokenKind::TypeCtor;
            }
        } else if kind.is_keyword() {
            let (prev, line_start) = before(source, tokens, index);
            if !stays_keyword(kind, &Context { prev, line_start, next, after_next }) {
                kind = TokenKind::Ident;
            }
        }
        if let Some(slot) = tokens.get_mut(index) {
            slot.kind = kind;
        }
        after_next = next;
        next = Some(kind);
    }
}

/// The token before `index` that is not trivia, and whether `index` starts a line.
fn before(source: &str, tokens: &[Token], index: usize) -> (Option<TokenKind>, bool) {
    let mut line_start = false;
    for token in tokens.get(..index).unwrap_or(&[]).iter().rev() {
        if !token.kind.is_trivia() {
            return (Some(token.kind), line_start);
        }
        line_start |= token.span.text(source).contains('\n');
    }
    (None, true)
}

fn stays_keyword(kind: TokenKind, at: &Context) -> bool {
    use TokenKind::*;
    let after_dot = at.prev == Some(Dot) && !at.line_start;
    let is_key = at.next == Some(Colon) || (at.next == Some(Question) && matches!(at.after_next, Some(Colon) | None));
    if after_dot || is_key || at.prev == Some(At) {
        return false;
    }
    // `call matrix {…}`: a tool and its arguments.
    if at.prev == Some(KwCall) && !at.line_start && at.next == Some(LBrace) {
        return false;
    }
    match at.next {
        Some(next) if fits(kind, next) => true,
        _ if !is_soft(kind) => true,
        // A declaration or clause whose rest is broken should still be seen as one.
        Some(Dot | Pipe | Comma | RParen) => false,
        // Elsewhere it is the root `tier`, also where it is all of an expression.
        _ if kind == KwTier => false,
        _ => at.line_start && can_end_clause(at.prev),
    }
}

/// Words that are plain names unless [`fits`] says otherwise.
fn is_soft(kind: TokenKind) -> bool {
    use TokenKind::*;
    kind.starts_declaration()
        || matches!(
            kind,
            KwDays
                | KwHours
                | KwZone
                | KwExcept
                | KwNote
                | KwBy
                | KwExpires
                | KwReuse
                | KwMax
                | KwSum
                | KwFrom
                | KwIncludes
                | KwCall
                | KwAt
                | KwFails
                | KwTier
                | KwBecause
                | KwMarks
                | KwReason
                | KwPinned
                | KwPrior
                | KwCount
                | KwAll
                | KwNone
                | KwTagged
                | KwOf
        )
}

/// Whether `next` can follow `kind` in its meaning as a keyword.
fn fits(kind: TokenKind, next: TokenKind) -> bool {
    use TokenKind::*;
    match kind {
        KwTest | KwInvariant | KwPinned | KwZone | KwFrom => next.is_string(),
        KwAgent | KwUser | KwContext => next == LBrace || next.is_string(),
        KwClassify | KwMatrix | KwConstraints | KwLifecycle => next == LBrace,
        KwUse => next.is_name() || next.is_string(),
        KwGrant => next.is_name() || next.is_string() || matches!(next, KwAny | KwTagged | Star),
        KwHours | KwExcept | KwExpires | KwReuse | KwAt => next.is_number(),
        KwBy => next.is_name() || next.is_number(),
        KwMax => next.is_name() || next.is_number() || matches!(next, LParen | Minus | KwPer),
        KwSum => {
            next.is_name() || next.is_number() || matches!(next, LParen | Minus | KwAny | KwAll | KwNone | KwCount)
        }
        KwBecause => next.is_name() || next.is_string(),
        KwAll | KwNone | KwCount | KwTagged | KwIncludes => next == LParen,
        KwFails => next == KwExpect,
        kind if is_soft(kind) => next.is_name(),
        _ => false,
    }
}

/// Whether a declaration or a clause can end with this token.
fn can_end_clause(prev: Option<TokenKind>) -> bool {
    use TokenKind::*;
    match prev {
        None => true,
        Some(kind) => {
            kind.is_name()
                || kind.is_number()
                || kind.is_string()
                || matches!(kind, RBrace | RParen | RBracket | Gt | KwTrue | KwFalse | KwAny)
                || matches!(kind, KwAllow | KwDeny | KwFails)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::lex;
    use crate::token::TokenKind::{self, *};

    fn kinds(source: &str) -> Vec<TokenKind> {
        lex(source).into_iter().map(|t| t.kind).filter(|k| !k.is_trivia()).collect()
    }

    /// The words of `source` that are reserved where they stand.
    fn reserved(source: &str) -> Vec<&str> {
        lex(source).into_iter().filter(|t| t.kind.is_keyword()).map(|t| t.span.text(source)).collect()
    }

    #[test]
    fn numbers_run_to_the_end_of_their_word() {
        assert_eq!(
            kinds("15m 2h30m 15min 1.5h 9.50 1_000 5k"),
            [Duration, Duration, BadNumber, BadNumber, Decimal, Int, BadNumber]
        );
        assert_eq!(kinds("2026-03-02 2026-3-2 09:00 9:00 .5"), [Date, BadNumber, Time, BadNumber, BadNumber]);
        assert_eq!(kinds("2026-03-02T10:00:00+01:00 2026-03-02T10:00:00"), [DateTime, BadNumber]);
        assert_eq!(kinds("09:00..18:00"), [Time, DotDot, Time]);
    }

    #[test]
    fn strings_end_with_their_line() {
        assert_eq!(
            kinds("\"a\\\"b\" \"open\nx r#\"a\"b\"# r\"open"),
            [Str, UnterminatedStr, Ident, RawStr, UnterminatedStr]
        );
    }

    #[test]
    fn words_that_are_clauses_only_where_they_fit() {
        assert_eq!(reserved("sum 1 max"), ["sum"]);
        assert!(reserved("sum count(x in xs: x == 1)").contains(&"sum"));
        assert!(reserved("tier").is_empty());
    }

    #[test]
    fn types_close_before_an_equals_sign() {
        assert_eq!(
            kinds("let x: set<list<host>>= y"),
            [KwLet, Ident, Colon, TypeCtor, Lt, TypeCtor, Lt, Ident, Gt, Gt, Assign, Ident]
        );
        assert_eq!(kinds("a >= b"), [Ident, Ge, Ident]);
    }

    #[test]
    fn words_are_reserved_where_they_fit() {
        assert_eq!(
            reserved("environments dev, test\nroles user, rule\ntool test(in: int)"),
            ["environments", "roles", "tool"]
        );
        assert_eq!(
            reserved("agent { tool: string }\ntest \"t\" { as agent \"a\" { in: 1 } }"),
            ["agent", "test", "as", "agent"]
        );
        assert_eq!(reserved("each tool, user beyond"), ["each", "beyond"]);
        assert_eq!(reserved("x.in.any == tier and all(t in xs: t)"), ["and", "all", "in"]);
        assert_eq!(reserved("unless prior t(prior.on == 1) within 5m"), ["unless", "prior", "within"]);
        assert_eq!(reserved("expect deny tier low reason rule\n call x"), ["expect", "deny", "tier", "reason", "call"]);
    }

    #[test]
    fn a_broken_declaration_is_still_one() {
        assert_eq!(reserved("labels a\nrule {"), ["labels", "rule"]);
        assert_eq!(reserved("args.\n  unless x"), ["unless"]);
    }
}
