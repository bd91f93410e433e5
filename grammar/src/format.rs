//! The canonical layout.
//!
//! Tokens go in, tokens come out in the same order: layout is decided from the
//! tree, but text is only ever copied from the source. Afterwards the result
//! is compared with the source, token by token and comment by comment; a
//! layout that lost something is refused, not written.

mod align;
mod items;
mod layout;
mod tokens;
mod writer;

use crate::lexer::lex;
use crate::token::TokenKind;
use crate::{Parse, SyntaxError};

/// Lines are at most this wide, where there is a place to break them.
pub(crate) const WIDTH: usize = 110;

/// Why a file was not formatted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormatRefused {
    /// The file has syntax errors: moving text about would hide them.
    SyntaxErrors(Vec<SyntaxError>),
    /// The layout would have lost or changed something. This is a defect of the formatter.
    NotFaithful,
}

impl std::fmt::Display for FormatRefused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FormatRefused::SyntaxErrors(errors) => {
                let plural = if errors.len() == 1 { "" } else { "s" };
                write!(f, "the file has {} syntax error{plural}", errors.len())
            }
            FormatRefused::NotFaithful => write!(f, "the layout would have changed more than blanks"),
        }
    }
}

impl std::error::Error for FormatRefused {}

/// The canonical layout of `source`.
///
/// Keeps every comment and single blank lines, and changes nothing else than
/// blanks, line ends and commas before a closing bracket.
///
/// # Errors
/// Refuses files with syntax errors.
pub fn format(source: &str) -> Result<String, FormatRefused> {
    format_parse(&crate::parse(source), source)
}

/// [`format`](fn@format) for a file that is parsed already: `parse` must come from `source`.
///
/// # Errors
/// Refuses files with syntax errors.
pub fn format_parse(parse: &Parse, source: &str) -> Result<String, FormatRefused> {
    if parse.has_errors() {
        let errors = parse.errors.iter().filter(|e| e.severity == crate::Severity::Error);
        return Err(FormatRefused::SyntaxErrors(errors.cloned().collect()));
    }
    let formatted = items::file(parse, source);
    if essence(source) == essence(&formatted) { Ok(formatted) } else { Err(FormatRefused::NotFaithful) }
}

/// What formatting must not change: tokens without commas before closing brackets, and comments.
fn essence(source: &str) -> (Vec<&str>, Vec<&str>) {
    let mut code: Vec<&str> = Vec::new();
    let mut comments = Vec::new();
    for token in lex(source) {
        let text = token.span.text(source);
        if token.kind.is_comment() {
            comments.push(text.trim_end());
        } else if token.kind != TokenKind::Whitespace {
            if token.kind.is_closer() && code.last() == Some(&",") {
                code.pop();
            }
            code.push(text);
        }
    }
    (code, comments)
}
