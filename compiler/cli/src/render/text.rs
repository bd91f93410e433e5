//! Small helpers for readable and harmless text.

use claw_compiler::diagnostics::Diagnostic;
pub use claw_compiler::terminal::visible;

/// A finding's message with its help and notes, each in a line of its own.
pub fn explained(diagnostic: &Diagnostic) -> String {
    let help = diagnostic.help.iter().map(|help| format!("\nhelp: {help}"));
    let notes = diagnostic.notes.iter().map(|note| format!("\nnote: {note}"));
    std::iter::once(diagnostic.message.clone()).chain(help).chain(notes).collect()
}

/// `1 error`, `2 errors`.
pub fn count(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// Every line of `text` behind `indent`.
pub fn indented(text: &str, indent: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{indent}{line}\n") }).collect()
}
