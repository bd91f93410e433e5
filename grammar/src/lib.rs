//! Lexer, parser, syntax tree and formatter of the claw policy language.
//!
//! Text in, plain data out: nothing here reads a file, resolves a name or
//! knows a type. [`parse`] never fails; what it could not understand becomes a
//! hole in the tree and an entry in [`Parse::errors`].
//!
//! ```
//! let parse = claw_syntax::parse("rule r { on any when x = 1 deny \"no\" }");
//! assert_eq!(parse.file.items.len(), 1);
//! assert_eq!(parse.errors[0].message, "`=` compares nothing");
//! ```

#![warn(missing_docs)]

pub mod ast;
mod builder;
mod error;
mod feed;
mod format;
mod lexcheck;
mod lexer;
mod literal;
mod message;
mod parser;
mod recovery;
mod span;
mod token;
mod validate;
pub mod visit;

pub use error::{CODES, Fix, Severity, SyntaxError};
pub use feed::NESTING_LIMIT;
pub use format::{FormatRefused, format, format_parse};
pub use lexer::lex;
pub use message::parse_message;
pub use span::Span;
pub use token::{KEYWORDS, Token, TokenKind};

/// The outcome of parsing: a tree, whatever the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parse {
    /// The tree, with holes where the text could not be understood.
    pub file: ast::File,
    /// What is wrong, in the order of the text.
    pub errors: Vec<SyntaxError>,
    /// All tokens, trivia included, end to end.
    pub tokens: Vec<Token>,
}

impl Parse {
    /// Whether the file is wrong, warnings aside.
    pub fn has_errors(&self) -> bool {
        self.errors.iter().any(|e| e.severity == Severity::Error)
    }
}

/// Parses a file. Never fails, whatever the text; sources are at most 4 GiB.
pub fn parse(source: &str) -> Parse {
    let tokens = lex(source);
    let (file, mut errors) = parser::parse_file(source, &tokens);
    errors.extend(validate::validate(&file));
    errors.sort_by_key(|e| (e.span, e.code, e.labels.first().map(|(at, _)| *at)));
    // A bracket may be missed both where a declaration begins and at the end: the nearer place stays.
    errors.dedup_by_key(|e| (e.span, e.code));
    Parse { file, errors, tokens }
}
