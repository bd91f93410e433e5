//! One file for each subcommand.

pub mod build;
pub mod check;
pub mod eval;
pub mod explain;
pub mod fmt;
pub mod inspect;
pub mod test;
