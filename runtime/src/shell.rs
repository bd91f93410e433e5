//! Reads shell commands without running them.
//!
//! Total and bounded: any text gives a [`script::Script`], in time and memory proportional to its length, without
//! recursion. What is not understood becomes [`script::Opaque`] with a reason and a place, never a guess.

pub(crate) mod interpreters;
pub(crate) mod meaning;
pub(crate) mod network;
pub(crate) mod options;
pub(crate) mod parse;
pub(crate) mod script;
pub(crate) mod wrappers;
