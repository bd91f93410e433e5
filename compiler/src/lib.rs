//! Checks claw policies and compiles them.
//!
//! [`Workspace`] holds the texts, [`Analysis`] is what is known about them. Neither reads a file or a clock.

pub mod analysis;
pub mod certify;
pub mod checked;
pub mod compile;
pub mod diagnostics;
#[cfg(feature = "draw")]
pub mod draw;
pub mod emit;
pub mod fetch;
pub mod graph;
pub mod hir;
pub mod ide;
pub mod import;
pub mod lints;
pub mod lower;
pub mod patterns;
pub mod picture;
pub mod proof;
pub mod report;
mod resolve;
pub mod source;
pub mod status;
pub mod suggest;
pub mod terminal;
pub mod testing;
mod typeck;
pub mod visit;
pub mod workspace;
pub mod zones;

pub use analysis::{Analysis, Missing, MissingKind, Symbol};
pub use certify::{Certificate, certify};
pub use checked::Checked;
pub use compile::compile;
pub use diagnostics::{Code, Diagnostic, Severity};
pub use workspace::Workspace;
