//! Shell commands: the type `command(dialect)`. Keeps the original bytes; runs nothing.
//!
//! Commands are not taken apart yet: all of a command's text is opaque, so that nothing about it is
//! known and every test of it is unknown.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{ShellDialect, Value};

/// A list of which some elements are known, and perhaps all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialList {
    /// The known elements.
    pub items: Arc<[Value]>,
    /// There are no others.
    pub complete: bool,
}

impl PartialList {
    /// Nothing is known.
    #[must_use]
    pub fn unknown() -> PartialList {
        PartialList { items: Arc::default(), complete: false }
    }
}

/// A shell command.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Command {
    dialect: ShellDialect,
    text: Arc<str>,
}

impl Command {
    /// A command as it was written; text that is no command is opaque, not an error.
    #[must_use]
    pub fn new(dialect: ShellDialect, text: impl Into<Arc<str>>) -> Command {
        Command { dialect, text: text.into() }
    }

    /// The dialect it is read in.
    #[must_use]
    pub fn dialect(&self) -> ShellDialect {
        self.dialect
    }

    /// The original text, which is what is dispatched.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The simple commands that would run.
    #[must_use]
    pub fn calls(&self) -> PartialList {
        PartialList::unknown()
    }

    /// Does some part resist being read statically?
    #[must_use]
    pub fn opaque(&self) -> bool {
        true
    }
}
