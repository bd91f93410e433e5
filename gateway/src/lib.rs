//! A gateway between agents and their tools.
//!
//! It stands where calls pass, asks `claw-engine` about each, and is the only way to the tools behind it: as a proxy of
//! MCP servers, as a decision service over HTTP, or as the hook of a coding agent. People approve in its page.
//!
//! All of it goes through [`guard::Guard`], which is the engine for an async host. What fails anywhere is a denial.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![warn(missing_docs)]

pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod failure;
pub mod guard;
pub mod hook;
pub mod http;
mod long;
pub mod mcp;
pub mod metrics;
pub mod open;
pub mod page;
pub mod run;
pub mod service;
pub mod sources;
pub mod tls;
pub mod webhook;
pub mod words;
