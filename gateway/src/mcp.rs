//! The proxy of MCP servers (Model Context Protocol).
//!
//! `seat` decides and knows no transport; the rest carries messages and decides nothing.

pub mod seat;
