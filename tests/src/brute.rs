//! Small policies of which every request, or a fair share of them, can be tried: what proofs are compared with.
//!
//! [`policy`] writes a policy with invariants about one tool, [`Requests`] lists calls of it, and [`compare`] holds the
//! prover's answers against the decisions. Knows the prover's answers, not how it finds them.

pub mod compare;
pub mod condition;
pub mod domain;
pub mod policy;
pub mod requests;

pub use compare::{Report, compare};
pub use policy::{Small, policy};
pub use requests::Requests;
