//! The command line, the configuration, and the gateway as a process.

mod cli;
mod config;
mod process;
mod run;
mod stdio;
mod tls;
