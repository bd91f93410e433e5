//! Random policies and requests.
//!
//! Everything is made from a seed by [`Rng`], and policies are source text: what comes out goes through the same
//! parser, checker and compiler as a file on disk. Knows the language's surface and nothing of the crates.

pub mod condition;
pub mod policy;
pub mod request;
pub mod rng;
mod shell;
pub mod universe;

pub use policy::{PolicyText, policy};
pub use request::{Session, again, request, with_evidence};
pub use rng::Rng;
