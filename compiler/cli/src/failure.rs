//! Why a command could not do its work at all: wrong usage, unreadable files. Ends in exit status 2.
//!
//! What is wrong *in* a policy is a diagnostic and no business of this file.

use std::fmt;
use std::path::Path;

/// An error of usage or of the outside world, in the form the user sees.
#[derive(Debug)]
pub struct Failure {
    /// Lower-case, with what the user wrote in backticks, without a final period.
    pub message: String,
    pub help: Option<String>,
}

impl Failure {
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), help: None }
    }

    pub fn help(mut self, help: impl Into<String>) -> Failure {
        self.help = Some(help.into());
        self
    }

    /// `what` is an infinitive: "read", "write".
    pub fn io(what: &str, path: &Path, error: &std::io::Error) -> Failure {
        Failure::new(format!("cannot {what} `{}`: {}", path.display(), describe(error)))
    }
}

/// The system's message without the "(os error 2)" behind it.
fn describe(error: &std::io::Error) -> String {
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

/// What a command that did its work found; the exit status of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    Clean = 0,
    Findings = 1,
    Failed = 2,
    /// `eval --exit-status`: some decision asks for approval, none denies.
    Approval = 3,
    /// `eval --exit-status`: some decision denies.
    Deny = 4,
}
