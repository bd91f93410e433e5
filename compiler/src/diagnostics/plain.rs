//! One line per finding, for tests and logs.

use std::fmt::Write;

use super::Diagnostic;
use crate::source::Sources;

/// `file:line:column CODE message | help`, one line for each, columns in characters.
pub fn plain(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let mut out = String::new();
    for d in diagnostics {
        let (path, at) = sources.position(d.primary.loc);
        let _ = write!(out, "{path}:{}:{} {} {}", at.line, at.column, d.code, d.message);
        if let Some(help) = &d.help {
            let _ = write!(out, " | {help}");
        }
        out.push('\n');
    }
    out
}
