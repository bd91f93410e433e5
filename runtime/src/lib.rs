//! The claw runtime: evaluates compiled policies.
//!
//! This is all that a gateway embeds. It reads no clock and no file, starts no thread, and never panics:
//! whatever cannot be known is *unknown*, and unknown never grants.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![warn(missing_docs)]
