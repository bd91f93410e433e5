//! The proxy of MCP servers, seen from both sides: by a client that shows what is on the wire, and by a server that
//! behaves well or badly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod both_ways;
mod clients;
mod remote;
mod sessions;
mod several;
mod support;
mod trouble;
