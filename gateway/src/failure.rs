//! Why a command could not do its work: wrong usage, what can't be read or opened. Ends in exit status 2.

use std::fmt;
use std::path::Path;

/// An error of usage or of the outside world, in the form the user sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Lower-case, with what the user wrote in backticks, without a final period.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Failure {
    /// A failure without help.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), help: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Failure {
        self.help = Some(help.into());
        self
    }

    /// An error of the operating system; `what` is an infinitive: "read", "write".
    #[must_use]
    pub fn io(what: &str, path: &Path, error: &std::io::Error) -> Failure {
        Failure::new(format!("cannot {what} `{}`: {}", path.display(), describe(error)))
    }
}

/// The system's message without the "(os error 2)" behind it.
pub(crate) fn describe(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => text.to_owned(),
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
