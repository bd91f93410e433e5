//! Reads shell commands without running them.
//!
//! Total and bounded: any text gives a [`Script`], in time and memory proportional to its length, without
//! recursion. What is not understood becomes [`script::Opaque`] with a reason and a place, never a guess.

pub(crate) mod meaning;
pub(crate) mod script;
