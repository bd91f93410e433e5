//! From the parser's stumbles to errors that a person can act on.
//!
//! One mistake makes the parser stumble several times; only the first counts
//! until something begins that can be right by itself. Knows names of
//! terminals, not the grammar.

use crate::ast::DocLine;
use crate::error::{SyntaxError, code};
use crate::span::Span;
use crate::token::TokenKind;

/// A place where the parser could not go on.
#[derive(Clone, Debug)]
pub(crate) struct Stumble {
    /// The token there; empty at the end of the file.
    pub at: Span,
    /// Its kind; `None` at the end of the file.
    pub found: Option<TokenKind>,
    /// What could have stood there, as the generator names it.
    pub expected: Vec<String>,
}

type Fed = (u32, TokenKind, u32);

/// Reports `stumbles` over `tokens`, leaving out those that follow from others.
pub(crate) fn report(source: &str, base: u32, tokens: &[Fed], mut stumbles: Vec<Stumble>) -> Vec<SyntaxError> {
    stumbles.sort_by_key(|s| s.at.start);
    let view = View { source, base };
    let mut errors = Vec::new();
    let mut open: Vec<Span> = Vec::new();
    let mut rest = tokens.iter().enumerate().peekable();
    let mut blamed = false;
    for stumble in stumbles {
        while let Some((index, token)) = rest.next_if(|(_, t)| t.0 < stumble.at.start) {
            blamed &= !view.begins_anew(tokens, index);
            blamed |= view.is_unterminated(token);
            track(token, &mut open);
        }
        if !blamed {
            let index = rest.peek().map_or(tokens.len(), |(index, _)| *index);
            let line_start = view.starts_line(tokens, index);
            let before = index.checked_sub(1).and_then(|i| tokens.get(i)).filter(|_| line_start);
            errors.push(view.explain(&stumble, line_start, before, open.last().copied()));
        }
        blamed = true;
        if stumble.found.is_some_and(TokenKind::starts_declaration) {
            open.clear();
        } else if let Some(opener) = open.last()
            && view.is_unclosed(&stumble, *opener)
        {
            open.pop();
        }
    }
    errors
}

fn track(token: &Fed, open: &mut Vec<Span>) {
    if token.1.is_opener() {
        open.push(Span::new(token.0, token.2));
    } else if token.1.is_closer() {
        open.pop();
    }
}

struct View<'s> {
    source: &'s str,
    base: u32,
}

impl View<'_> {
    fn text(&self, start: u32, end: u32) -> &str {
        Span::new(start.saturating_sub(self.base), end.saturating_sub(self.base)).text(self.source)
    }

    fn starts_line(&self, tokens: &[Fed], index: usize) -> bool {
        let Some(token) = tokens.get(index) else { return true };
        match index.checked_sub(1).and_then(|i| tokens.get(i)) {
            None => true,
            Some(before) => self.text(before.2, token.0).contains('\n'),
        }
    }

    /// Whether the token can begin something that is right although what stands before it is wrong.
    fn begins_anew(&self, tokens: &[Fed], index: usize) -> bool {
        use TokenKind::*;
        let kind = |i: usize| tokens.get(i).map(|t| t.1);
        match kind(index) {
            Some(KwIn | KwAs | KwWith) => self.starts_line(tokens, index),
            Some(k) if k.starts_clause() || k.starts_declaration() => true,
            Some(Ident) => {
                matches!(kind(index + 1), Some(Pipe | Colon | Question | KwOn)) && self.starts_line(tokens, index)
            }
            _ => false,
        }
    }

    /// Whether the token is a string that swallowed the rest of its line.
    fn is_unterminated(&self, token: &Fed) -> bool {
        let text = self.text(token.0, token.2);
        token.1 == TokenKind::Str && (text.len() < 2 || !text.ends_with(['"', '\'', '#']))
    }

    /// Whether the bracket at `opener` could have been closed where the parser stumbled.
    fn lacks_closer(&self, stumble: &Stumble, opener: Span) -> bool {
        let closer = match self.text(opener.start, opener.end) {
            "(" => "\")\"",
            "[" => "\"]\"",
            _ => "\"}\"",
        };
        stumble.expected.iter().any(|e| e == closer)
    }

    /// Whether what was found can only stand outside the bracket at `opener`.
    fn is_unclosed(&self, stumble: &Stumble, opener: Span) -> bool {
        // In a block of clauses another clause is no sign of a missing brace.
        let in_clauses = stumble.expected.iter().any(|e| CLAUSE_SIGNS.contains(&e.trim_matches('"')));
        let outside = stumble
            .found
            .is_none_or(|kind| kind.is_closer() || kind.starts_declaration() || (kind.starts_clause() && !in_clauses));
        let is_paren = self.text(opener.start, opener.end) != "{";
        self.lacks_closer(stumble, opener) && outside && (is_paren || !in_clauses)
    }

    /// `before` is the token before the stumble, if the stumble starts a line.
    fn explain(&self, stumble: &Stumble, line_start: bool, before: Option<&Fed>, open: Option<Span>) -> SyntaxError {
        let options = humanise(&stumble.expected);
        let at_border = stumble.found.is_none_or(|kind| kind.starts_declaration() && line_start);
        let text = self.text(stumble.at.start, stumble.at.end);
        if let Some(opener) = open
            && (self.is_unclosed(stumble, opener) || (self.lacks_closer(stumble, opener) && at_border))
        {
            let bracket = self.text(opener.start, opener.end);
            return crate::feed::unclosed(bracket, opener, stumble.at);
        }
        let Some(found) = stumble.found else {
            let error = SyntaxError::new(code::UNEXPECTED_END, stumble.at, "the file ends too early");
            return with_expected(error, &options);
        };
        let wants_name = stumble.expected.iter().any(|e| e == "\"a name\"");
        let wants_expr = options.iter().any(|o| o == "an expression");
        if found.is_keyword() && wants_name && !wants_expr && !(line_start && found.starts_clause()) {
            return SyntaxError::new(code::RESERVED_WORD, stumble.at, format!("`{text}` is a reserved word"))
                .help("put it in backticks to use it as a name")
                .fix("put it in backticks", stumble.at, format!("`{text}`"));
        }
        if let (Some(before), [only]) = (before, options.as_slice()) {
            // What is missing is missing at the end of the line above.
            let message = format!("expected {only} after `{}`", self.text(before.0, before.2));
            return SyntaxError::new(code::UNEXPECTED, Span::new(before.0, before.2), message);
        }
        let message = match options.as_slice() {
            [only] => format!("expected {only}, found `{text}`"),
            [one, two] => format!("expected {one} or {two}, found `{text}`"),
            _ => format!("unexpected `{text}`"),
        };
        let error = SyntaxError::new(code::UNEXPECTED, stumble.at, message);
        if options.len() > 2 { with_expected(error, &options) } else { error }
    }
}

fn with_expected(error: SyntaxError, options: &[String]) -> SyntaxError {
    match options {
        [] => error,
        [only] => error.help(format!("expected {only}")),
        [one, two, ..] if options.len() == 2 => error.help(format!("expected {one} or {two}")),
        [one, two, three, ..] => error.help(format!("expected {one}, {two} or {three}")),
        _ => error,
    }
}

/// Names of terminals as a person would say them, the most telling first.
fn humanise(expected: &[String]) -> Vec<String> {
    let mut names: Vec<&str> = expected.iter().map(|e| e.trim_matches('"')).collect();
    names.retain(|n| !matches!(*n, "a malformed number" | "unreadable text"));
    let mut out: Vec<String> = Vec::new();
    collapse(&mut names, &mut out, "an expression", &["(", "["], EXPRESSION_STARTS);
    collapse(&mut names, &mut out, "a type", &["list<", "a name"], &["list<", "a name"]);
    collapse(&mut names, &mut out, "a declaration", &["rule", "grant"], DECLARATION_STARTS);
    if names.iter().filter(|n| CLAUSE_WORDS.contains(n)).count() > 2 {
        names.retain(|n| !CLAUSE_WORDS.contains(n));
        out.push("a clause".to_owned());
    }
    if names.iter().any(|n| matches!(*n, "," | "}" | ")" | "]" | "or")) {
        // After an operand any operator could follow; that helps nobody.
        names.retain(|n| !OPERATORS.contains(n));
    }
    let is_symbol = |n: &&str| n.chars().all(|c| !c.is_alphabetic());
    let quote = |n: &str| if n.starts_with("a ") || n.starts_with("an ") { n.to_owned() } else { format!("`{n}`") };
    out.extend(names.iter().filter(|n| n.starts_with("a ") || n.starts_with("an ")).map(|n| quote(n)));
    out.extend(names.iter().filter(|n| is_symbol(n)).map(|n| quote(n)));
    out.extend(
        names.iter().filter(|n| !is_symbol(n) && !n.starts_with("a ") && !n.starts_with("an ")).map(|n| quote(n)),
    );
    out
}

/// Replaces the `members` of a class by its `name` if all of its `signs` are there.
fn collapse(names: &mut Vec<&str>, out: &mut Vec<String>, name: &str, signs: &[&str], members: &[&str]) {
    if signs.iter().all(|sign| names.contains(sign)) {
        names.retain(|n| !members.contains(n));
        out.push(name.to_owned());
    }
}

const EXPRESSION_STARTS: &[&str] = &[
    "(",
    "[",
    "{",
    "not",
    "-",
    "a name",
    "a string",
    "an integer",
    "a decimal",
    "a duration",
    "a time of day",
    "a date",
    "a date with time",
    "true",
    "false",
    "any",
    "all",
    "none",
    "count",
    "prior",
];

const OPERATORS: &[&str] = &[
    "and", "or", "not", "==", "!=", "<", "<=", ">", ">=", "=", "in", "under", "like", "matches", "+", "-", "*", "else",
    "as", ".", "(",
];

/// Words that only the parser of a block of clauses waits for.
const CLAUSE_SIGNS: &[&str] = &["when", "deny", "on", "max", "call", "expect", "by", "days", "never"];

/// First words of clauses that begin no declaration and are no operators.
const CLAUSE_WORDS: &[&str] = &[
    "on",
    "when",
    "unless",
    "deny",
    "require",
    "constrain",
    "mark",
    "suggest",
    "max",
    "each",
    "beyond",
    "never",
    "always",
    "at",
    "with",
    "call",
    "fails",
    "expect",
    "days",
    "hours",
    "zone",
    "except",
    "by",
    "expires",
    "reuse",
    "note",
    "sum",
];

const DECLARATION_STARTS: &[&str] = &[
    "package",
    "use",
    "tiers",
    "environments",
    "roles",
    "labels",
    "tags",
    "origins",
    "agent",
    "user",
    "context",
    "record",
    "enum",
    "tool",
    "resource",
    "prompt",
    "let",
    "live",
    "predicate",
    "window",
    "scope",
    "grant",
    "approval",
    "classify",
    "matrix",
    "constraints",
    "rule",
    "limit",
    "extern",
    "lifecycle",
    "invariant",
    "test",
    "@",
];

/// Documentation that no declaration, field or parameter follows.
pub(crate) fn detached_docs(line: DocLine) -> SyntaxError {
    let slashes = Span::new(line.span.start, line.span.start + 3);
    SyntaxError::new(code::DETACHED_DOCS, line.span, "this documentation belongs to nothing")
        .warning()
        .help("`///` stands on its own line before a declaration, a field or a parameter")
        .fix("make it a comment", slashes, "//")
}
