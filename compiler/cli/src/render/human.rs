//! Findings for people: source excerpts with labels, drawn by the compiler, and how many there are.

use std::path::Path;

use claw_compiler::diagnostics::Diagnostic;
use claw_compiler::draw;
use claw_compiler::source::Sources;

use crate::output::Paint;
use crate::render::text::count;

/// Draws all findings of one analysis. `show` turns a path of the workspace into one the user can open.
pub fn diagnostics(
    diagnostics: &[Diagnostic],
    sources: &Sources,
    show: &dyn Fn(&str) -> String,
    paint: Paint,
) -> String {
    draw::diagnostics(diagnostics, sources, show, paint.on)
}

/// How many findings there are of each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub errors: usize,
    pub warnings: usize,
}

impl Counts {
    pub fn of(diagnostics: &[Diagnostic]) -> Counts {
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
        Counts { errors, warnings: diagnostics.len() - errors }
    }

    pub fn add(&mut self, other: Counts) {
        self.errors += other.errors;
        self.warnings += other.warnings;
    }

    /// `2 errors, 1 warning`
    pub fn summary(self, paint: Paint) -> String {
        let errors = (self.errors > 0).then(|| paint.red_bold(&count(self.errors, "error")));
        let warnings = (self.warnings > 0).then(|| paint.yellow_bold(&count(self.warnings, "warning")));
        let parts: Vec<_> = errors.into_iter().chain(warnings).collect();
        if parts.is_empty() { paint.green("no findings") } else { parts.join(", ") }
    }
}

/// A path of the workspace as the user would write it: relative to `base`, the root file's directory.
pub fn shown_path(base: &Path, path: &str) -> String {
    if path.starts_with("std.") && !path.ends_with(".claw") {
        return path.to_owned();
    }
    crate::files::tidy(&base.join(path)).display().to_string()
}
