//! One file for each feature: from a request's positions to the compiler's answer and back to the protocol's terms.
//!
//! The answers themselves are worked out in the compiler (`claw_compiler::ide`).

pub mod call_hierarchy;
mod code_actions;
mod code_lens;
pub mod commands;
mod completion;
mod definition;
mod document_symbols;
mod folding;
mod formatting;
mod highlight;
mod hover;
mod inlay_hints;
mod links;
mod references;
pub mod rename;
mod selection;
pub mod semantic_tokens;
mod signature_help;
mod type_definition;
mod workspace_symbols;

pub use code_actions::{code_actions, kinds as code_action_kinds};
pub use code_lens::{RUN_TEST, code_lens, run_test};
pub use completion::completion;
pub use definition::definition;
pub use document_symbols::document_symbols;
pub use folding::folding;
pub use formatting::{formatting, on_type_formatting, range_formatting};
pub use highlight::highlight;
pub use hover::hover;
pub use inlay_hints::inlay_hints;
pub use links::links;
pub use references::references;
pub use selection::selection;
pub use signature_help::signature_help;
pub use type_definition::type_definition;
pub use workspace_symbols::workspace_symbols;
