//! What the tests share: the reference interpreter, random policies and requests, and the pages in Markdown.

pub mod agents;
pub mod brute;
pub mod expect;
pub mod generate;
pub mod host;
pub mod markdown;
pub mod project;
pub mod reference;

/// The Rust in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
