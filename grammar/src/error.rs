//! What is said about text that breaks the grammar.
//!
//! Each distinct mistake has a code of its own, E0001 to E0049. Codes are
//! never reused.

use crate::span::Span;

/// How bad a [`SyntaxError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The file is not a policy.
    Error,
    /// The file is read as it stands.
    Warning,
}

/// One mistake in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The stable code, such as `E0003`; one of `CODES`.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, lower-case, without a final period.
    pub message: String,
    /// Where.
    pub span: Span,
    /// Further places, each with what there is to say about it.
    pub labels: Vec<(Span, String)>,
    /// How to go on, if there is something to say.
    pub help: Option<String>,
    /// The one mend, where there is just one.
    pub fix: Option<Fix>,
}

/// A mend that can be applied to the text as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an imperative.
    pub title: String,
    /// Replacements that don't overlap, in order.
    pub edits: Vec<(Span, String)>,
}

impl SyntaxError {
    /// An error with nothing but a message.
    pub fn new(code: &'static str, span: Span, message: impl Into<String>) -> SyntaxError {
        SyntaxError {
            code,
            severity: Severity::Error,
            message: message.into(),
            span,
            labels: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// Makes it a warning.
    pub fn warning(mut self) -> SyntaxError {
        self.severity = Severity::Warning;
        self
    }

    /// Adds a further place.
    pub fn label(mut self, span: Span, text: impl Into<String>) -> SyntaxError {
        self.labels.push((span, text.into()));
        self
    }

    /// Sets the help line.
    pub fn help(mut self, help: impl Into<String>) -> SyntaxError {
        self.help = Some(help.into());
        self
    }

    /// Sets a fix of one replacement.
    pub fn fix(self, title: impl Into<String>, span: Span, text: impl Into<String>) -> SyntaxError {
        self.fix_all(title, vec![(span, text.into())])
    }

    /// Sets a fix of several replacements.
    pub fn fix_all(mut self, title: impl Into<String>, edits: Vec<(Span, String)>) -> SyntaxError {
        self.fix = Some(Fix {
            title: title.into(),
            edits,
        });
        self
    }
}
