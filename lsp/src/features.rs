//! One file for each feature: from a request's positions to the compiler's answer and back to the protocol's terms.
//!
//! The answers themselves are worked out in the compiler (`claw_compiler::ide`).

mod definition;
mod document_symbols;
mod formatting;
mod hover;
mod references;
mod workspace_symbols;

pub use definition::definition;
pub use document_symbols::document_symbols;
pub use formatting::formatting;
pub use hover::hover;
pub use references::references;
pub use workspace_symbols::workspace_symbols;
