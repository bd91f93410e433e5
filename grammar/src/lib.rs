//! Lexer, parser, syntax tree and formatter of the claw policy language.
//!
//! Text in, plain data out: nothing here reads a file, resolves a name or
//! knows a type. [`parse`] never fails; what it could not understand becomes a
//! hole in the tree and an entry in [`Parse::errors`].

#![warn(missing_docs)]

pub mod ast;
mod error;
mod span;

pub use error::{Fix, Severity, SyntaxError};
pub use span::Span;
