//! Calls of MCP servers as a seat guards them, without any transport.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod approvals;
mod calls;
mod world;
