//! One file for each subcommand.

pub mod audit;
pub mod build;
pub mod check;
pub mod completions;
pub mod diff;
pub mod eval;
pub mod explain;
pub mod fmt;
pub mod graph;
pub mod import;
pub mod init;
pub mod inspect;
pub mod keygen;
pub mod man;
pub mod policy;
pub mod promote;
pub mod query;
pub mod report;
pub mod suspend;
pub mod test;
pub mod why;
