//! What a command would run: the calls in a [`Script`], wrappers taken off, inner commands read in turn.

use std::sync::Arc;

use super::script::{Opaque, Script};
use crate::ShellDialect;
use crate::call::Call;

/// What a command would run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// The simple commands that may run, in the order of the text.
    pub calls: Vec<Call>,
    /// For each call that reads a pipe: its index, and the index of a call whose output it may read.
    pub pipes: Vec<(u32, u32)>,
    /// What is not understood; further calls may hide there. Empty: these calls are all.
    pub opaque: Vec<Opaque>,
    /// The texts of the substitutions.
    pub substitutions: Vec<Arc<str>>,
    /// Nothing but calls of known words, joined by `;`, newline, `&&`, `||` and `|`; no wrapper taken off.
    pub plain: bool,
}

/// What a script would run.
pub(crate) fn meaning(_dialect: ShellDialect, _text: &str, _script: &Script) -> Meaning {
    Meaning::default()
}
