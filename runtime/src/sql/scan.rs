//! SQL text to tokens and statements, without comments. Knows how the dialects quote, not what they mean.
//!
//! Servers read the same bytes differently: by dialect, version and settings (`NO_BACKSLASH_ESCAPES`,
//! `standard_conforming_strings`, `ANSI_QUOTES`). What one of them could end elsewhere than we do is [`Opaque`]: better
//! to refuse an odd statement than to be told a string where the server sees a command. The bounds here are also what
//! keeps the parser's recursion shallow.

use crate::SqlDialect::{self, Ansi, Mysql, Postgres, Sqlite};

/// Longest text that is read.
const MAX_BYTES: usize = 64 << 10;
/// Most statements that are read.
const MAX_STATEMENTS: usize = 100;
/// Deepest nesting of parentheses.
const MAX_NESTING: usize = 16;
/// Most tokens between two commas, those of the enclosing parentheses included: a bound on how deep operators nest.
const MAX_CHAIN: usize = 1000;

/// The text cannot be read with certainty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opaque;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword or a name without quotes.
    Word,
    /// A name in quotes.
    Quoted,
    /// A string in quotes.
    Text,
    Number,
    /// `(` or `[`
    Open,
    /// `)` or `]`
    Close,
    Comma,
    Dot,
    Semicolon,
    /// A character of an operator.
    Operator,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

impl Token {
    /// The token as it is written.
    pub fn text<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// Is it this keyword, in any case?
    pub fn is(&self, text: &str, word: &str) -> bool {
        self.kind == Kind::Word && self.text(text).eq_ignore_ascii_case(word)
    }
}

/// Text whose comments are replaced by spaces, and its tokens.
#[derive(Debug)]
pub(super) struct Script {
    pub text: String,
    tokens: Vec<Token>,
}

impl Script {
    /// The tokens of each statement that is not empty.
    pub fn statements(&self) -> impl Iterator<Item = &[Token]> {
        self.tokens.split(|t| t.kind == Kind::Semicolon).filter(|tokens| !tokens.is_empty())
    }
}

/// Reads a text; what is left of it can be given to a parser whatever it holds.
pub(super) fn scan(dialect: SqlDialect, text: &str) -> Result<Script, Opaque> {
    if text.len() > MAX_BYTES || text.chars().any(is_forbidden) {
        return Err(Opaque);
    }
    let mut scanner = Scanner { dialect, text, at: 0, out: String::with_capacity(text.len()), tokens: Vec::new() };
    while scanner.at < text.len() {
        scanner.token()?;
    }
    let script = Script { text: scanner.out, tokens: scanner.tokens };
    bounded(&script)?;
    Ok(script)
}

/// Control characters, and characters that make text look different from what it is.
fn is_forbidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Are parentheses balanced, and is nothing nested too deeply?
fn bounded(script: &Script) -> Result<(), Opaque> {
    // For each open parenthesis, the tokens since its last comma.
    let mut chains = vec![0usize];
    let mut total = 0usize;
    for token in &script.tokens {
        match token.kind {
            Kind::Open => chains.push(0),
            Kind::Close => {
                total = total.saturating_sub(chains.pop().unwrap_or_default());
                count(&mut chains, &mut total)?;
            }
            Kind::Comma => {
                let chain = chains.last_mut().ok_or(Opaque)?;
                total = total.saturating_sub(*chain);
                *chain = 0;
            }
            Kind::Semicolon if chains.len() > 1 => return Err(Opaque),
            Kind::Semicolon => {
                chains = vec![0];
                total = 0;
            }
            _ => count(&mut chains, &mut total)?,
        }
        if chains.len() > MAX_NESTING.saturating_add(1) {
            return Err(Opaque);
        }
    }
    if chains.len() != 1 || script.statements().count() > MAX_STATEMENTS {
        return Err(Opaque);
    }
    Ok(())
}

fn count(chains: &mut [usize], total: &mut usize) -> Result<(), Opaque> {
    let chain = chains.last_mut().ok_or(Opaque)?;
    *chain = chain.saturating_add(1);
    *total = total.saturating_add(1);
    if *total > MAX_CHAIN { Err(Opaque) } else { Ok(()) }
}

struct Scanner<'t> {
    dialect: SqlDialect,
    text: &'t str,
    at: usize,
    out: String,
    tokens: Vec<Token>,
}

impl<'t> Scanner<'t> {
    fn peek(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at.saturating_add(ahead)).copied().unwrap_or_default()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Copies the next `len` bytes as a token.
    fn push(&mut self, kind: Kind, len: usize) -> Result<(), Opaque> {
        let end = self.at.saturating_add(len);
        let token = self.text.get(self.at..end).ok_or(Opaque)?;
        let start = self.out.len();
        self.out.push_str(token);
        self.tokens.push(Token { kind, start, end: self.out.len() });
        self.at = end;
        Ok(())
    }

    /// Leaves out the next `len` bytes, a comment.
    fn skip(&mut self, len: usize) {
        self.at = self.at.saturating_add(len);
        self.out.push(' ');
    }

    fn token(&mut self) -> Result<(), Opaque> {
        let quotes_names = match self.dialect {
            Postgres | Ansi => b"\"".as_slice(),
            Mysql => b"`",
            Sqlite => b"\"`[",
        };
        match (self.peek(0), self.peek(1)) {
            (b' ' | b'\t' | b'\n', _) | (b'\r', b'\n') => {
                self.out.push(char::from(self.peek(0)));
                self.at = self.at.saturating_add(1);
                Ok(())
            }
            (b'-', b'-') => self.line_comment(2),
            (b'#', _) if self.dialect == Mysql => self.line_comment(1),
            (b'#', _) if self.dialect != Postgres => Err(Opaque),
            (b'/', b'*') => self.block_comment(),
            (c, _) if quotes_names.contains(&c) => self.quoted(Kind::Quoted, if c == b'[' { b']' } else { c }, false),
            (b'\'', _) => self.quoted(Kind::Text, b'\'', false),
            (b'"', _) => self.quoted(Kind::Text, b'"', false),
            (b'$', _) => self.dollar(),
            (b'[', _) if self.dialect == Postgres => self.push(Kind::Open, 1),
            (b']', _) if self.dialect == Postgres => self.push(Kind::Close, 1),
            (b'(', _) => self.push(Kind::Open, 1),
            (b')', _) => self.push(Kind::Close, 1),
            (b',', _) => self.push(Kind::Comma, 1),
            (b';', _) => self.push(Kind::Semicolon, 1),
            (b'0'..=b'9', _) | (b'.', b'0'..=b'9') => self.number(),
            (b'.', _) => self.push(Kind::Dot, 1),
            (c, _) if c.is_ascii_alphabetic() || c == b'_' => self.word(),
            (b'@', c) if self.dialect == Mysql && matches!(c, b'\'' | b'"' | b'`') => Err(Opaque),
            (
                b'+' | b'-' | b'*' | b'/' | b'<' | b'>' | b'=' | b'~' | b'!' | b'@' | b'#' | b'%' | b'^' | b'&' | b'|'
                | b'?' | b':',
                _,
            ) => self.push(Kind::Operator, 1),
            // Other scripts outside quotes, a client's commands (`\!`), a lone carriage return, braces.
            _ => Err(Opaque),
        }
    }

    fn line_comment(&mut self, marker: usize) -> Result<(), Opaque> {
        // For MySQL, `--` not followed by white space is twice a minus.
        if self.dialect == Mysql && marker == 2 && !matches!(self.peek(2), b' ' | b'\t' | b'\n' | b'\r' | 0) {
            return Err(Opaque);
        }
        let line = self.rest().split('\n').next().unwrap_or_default();
        // A lone carriage return ends the comment for some.
        if line.strip_suffix('\r').unwrap_or(line).contains('\r') {
            return Err(Opaque);
        }
        self.skip(line.len());
        Ok(())
    }

    fn block_comment(&mut self) -> Result<(), Opaque> {
        // MySQL runs `/*! … */` and MariaDB `/*M! … */`; `/*+ … */` sets variables.
        let executable = matches!((self.peek(2), self.peek(3)), (b'!' | b'+', _) | (b'M' | b'm', b'!'));
        if executable && matches!(self.dialect, Mysql | Ansi) {
            return Err(Opaque);
        }
        let rest = self.rest();
        let (mut depth, mut at) = (1usize, 2usize);
        while depth > 0 {
            let tail = rest.get(at..).ok_or(Opaque)?;
            let next = tail.find(['*', '/']).ok_or(Opaque)?;
            at = at.saturating_add(next);
            let tail = rest.get(at..).unwrap_or_default();
            let step = if tail.starts_with("*/") {
                depth = depth.saturating_sub(1);
                2
            } else if tail.starts_with("/*") {
                // Only Postgres is certain to nest comments.
                if self.dialect != Postgres {
                    return Err(Opaque);
                }
                depth = depth.saturating_add(1);
                2
            } else {
                1
            };
            at = at.saturating_add(step);
        }
        self.skip(at);
        Ok(())
    }

    /// A name or string in quotes. `escapes`: a backslash escapes, for certain.
    fn quoted(&mut self, kind: Kind, quote: u8, escapes: bool) -> Result<(), Opaque> {
        let bytes = self.rest().as_bytes();
        let mut at = 1usize;
        let mut backslashes = 0usize;
        loop {
            let c = *bytes.get(at).ok_or(Opaque)?;
            if c == quote && escapes && backslashes % 2 == 1 {
                // An escaped quote.
            } else if c == quote {
                // Whether this quote is escaped depends on a setting of the server; SQLite has none.
                if kind == Kind::Text && self.dialect != Sqlite && backslashes % 2 == 1 {
                    return Err(Opaque);
                }
                let doubled = bytes.get(at.saturating_add(1)) == Some(&quote);
                if !doubled {
                    break;
                }
                // `]` is not doubled in SQLite, which then sees the end.
                if quote == b']' {
                    return Err(Opaque);
                }
                at = at.saturating_add(1);
            }
            if kind == Kind::Quoted && matches!(c, b'\n' | b'\r' | b'\t') {
                return Err(Opaque);
            }
            backslashes = if c == b'\\' { backslashes.saturating_add(1) } else { 0 };
            at = at.saturating_add(1);
        }
        self.push(kind, at.saturating_add(1))?;
        // Strings that follow an escape string in Postgres are escape strings too.
        if escapes && self.rest().trim_start().starts_with(['\'', '-', '/']) {
            return Err(Opaque);
        }
        Ok(())
    }

    /// `$1`, `$name` or, in Postgres, `$tag$ … $tag$`.
    fn dollar(&mut self) -> Result<(), Opaque> {
        let rest = self.rest();
        let name = rest.get(1..).unwrap_or_default();
        let len = name.bytes().take_while(|c| c.is_ascii_alphanumeric() || *c == b'_').count();
        let after = name.as_bytes().get(len).copied().unwrap_or_default();
        let numbered = len > 0 && name.bytes().take(len).all(|c| c.is_ascii_digit());
        if after == b'$' && self.dialect == Postgres && !name.starts_with(|c: char| c.is_ascii_digit()) {
            let tag_len = len.saturating_add(2);
            let tag = rest.get(..tag_len).ok_or(Opaque)?;
            let body = rest.get(tag_len..).ok_or(Opaque)?;
            let end = body.find(tag).ok_or(Opaque)?;
            return self.push(Kind::Text, end.saturating_add(tag_len.saturating_mul(2)));
        }
        let named = len > 0 && self.dialect == Sqlite;
        if after == b'$' || !after.is_ascii() || !(numbered || named) {
            return Err(Opaque);
        }
        self.push(Kind::Number, len.saturating_add(1))
    }

    fn number(&mut self) -> Result<(), Opaque> {
        let bytes = self.rest().as_bytes();
        let byte = |at: usize| bytes.get(at).copied().unwrap_or_default();
        let digits = |from: usize| bytes.iter().skip(from).take_while(|c| c.is_ascii_digit()).count();
        let mut at = digits(0);
        if byte(0) == b'0' && matches!(byte(1), b'x' | b'X') {
            at = bytes.iter().skip(2).take_while(|c| c.is_ascii_hexdigit()).count().saturating_add(2);
        } else {
            if byte(at) == b'.' {
                at = at.saturating_add(1);
                at = at.saturating_add(digits(at));
            }
            if matches!(byte(at), b'e' | b'E') {
                let sign = usize::from(matches!(byte(at.saturating_add(1)), b'+' | b'-'));
                let exponent = digits(at.saturating_add(1).saturating_add(sign));
                at = at.saturating_add(1).saturating_add(sign).saturating_add(exponent);
            }
        }
        // `1or` is two tokens for some and one for others.
        let after = byte(at);
        if after.is_ascii_alphanumeric() || matches!(after, b'_' | b'$' | b'.') || !after.is_ascii() {
            return Err(Opaque);
        }
        self.push(Kind::Number, at)
    }

    fn word(&mut self) -> Result<(), Opaque> {
        let rest = self.rest();
        let len = rest.bytes().take_while(|c| c.is_ascii_alphanumeric() || *c == b'_').count();
        let word = rest.get(..len).unwrap_or_default();
        let next = self.peek(len);
        let prefixes_text = next == b'\'' || (next == b'"' && self.dialect == Mysql);
        if next == b'$' || !next.is_ascii() {
            return Err(Opaque);
        }
        if word.eq_ignore_ascii_case("u") && next == b'&' && matches!(self.peek(len.saturating_add(1)), b'\'' | b'"') {
            return Err(Opaque);
        }
        if !prefixes_text {
            return self.push(Kind::Word, len);
        }
        match word.to_ascii_lowercase().as_str() {
            "e" if self.dialect == Postgres => {
                self.out.push_str(word);
                self.at = self.at.saturating_add(len);
                self.quoted(Kind::Text, b'\'', true)
            }
            "x" | "b" | "n" => {
                self.out.push_str(word);
                self.at = self.at.saturating_add(len);
                self.quoted(Kind::Text, next, false)
            }
            "_utf8" | "_utf8mb4" | "_binary" | "_ascii" | "_latin1" if self.dialect == Mysql => {
                self.push(Kind::Word, len)
            }
            _ => Err(Opaque),
        }
    }
}
