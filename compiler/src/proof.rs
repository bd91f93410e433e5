//! Answers about all requests at once: what can never happen, what always does, and the smallest request that shows
//! otherwise.
//!
//! Works on the clauses of a checked policy as formulas over their tests. Three answers are given: it is so for every
//! request, it is not and here is one, or it can't be told and why. Whatever is shown has been decided by the runtime
//! first.

pub mod answers;
pub mod case;
mod completeness;
pub mod diff;
pub mod engine;
pub mod findings;
pub mod formula;
mod history;
pub mod invariants;
mod lints;
pub mod near;
pub mod outcome;
pub mod prover;
pub mod query;
pub mod samples;
pub mod side;
pub mod space;
mod supposed;
pub mod text;
pub mod theory;
pub mod why;
pub mod witness;
pub mod words;

#[cfg(test)]
mod tests;
