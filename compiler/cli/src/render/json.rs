//! Findings for machines. The shape is documented in the long help of `clawc check`.

use claw_compiler::Certificate;
use claw_compiler::diagnostics::{Applicability, Diagnostic};
use claw_compiler::hir::Loc;
use claw_compiler::source::{Columns, Sources};
use serde::Serialize;

use crate::failure::Failure;
use crate::render::human::Counts;

/// What `clawc check --format json` prints.
#[derive(Debug, Default, Serialize)]
pub struct Findings {
    pub diagnostics: Vec<Finding>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    certificates: Vec<Certified>,
    pub summary: Summary,
}

/// What `--certify` says of one policy.
#[derive(Debug, Serialize)]
struct Certified {
    policy: String,
    certified: bool,
    #[serde(flatten)]
    certificate: Certificate,
}

#[derive(Debug, Default, Serialize)]
pub struct Summary {
    pub errors: usize,
    pub warnings: usize,
    pub files: usize,
}

#[derive(Debug, Serialize)]
pub struct Finding {
    code: &'static str,
    severity: &'static str,
    message: String,
    file: String,
    range: Range,
    labels: Vec<Label>,
    help: Option<String>,
    notes: Vec<String>,
    fix: Option<Fix>,
}

#[derive(Debug, Serialize)]
struct Label {
    file: String,
    range: Range,
    message: String,
}

#[derive(Debug, Serialize)]
struct Fix {
    title: String,
    /// `certain` may be applied without a look, `likely` not.
    applicability: &'static str,
    edits: Vec<Edit>,
}

#[derive(Debug, Serialize)]
struct Edit {
    file: String,
    range: Range,
    text: String,
}

#[derive(Debug, Serialize)]
struct Range {
    start: Position,
    end: Position,
}

/// One-based line and column (in characters), and the offset in bytes.
#[derive(Debug, Serialize)]
struct Position {
    line: u32,
    column: u32,
    offset: u32,
}

impl Findings {
    pub fn add(&mut self, diagnostics: &[Diagnostic], sources: &Sources, show: &dyn Fn(&str) -> String) {
        let place = |loc: Loc| (show(&sources.get(loc.file).path), range(sources, loc));
        self.diagnostics.extend(diagnostics.iter().map(|diagnostic| finding(diagnostic, &place)));
        let counts = Counts::of(diagnostics);
        self.summary.errors += counts.errors;
        self.summary.warnings += counts.warnings;
    }
}

impl Findings {
    pub fn certify(&mut self, policy: &str, certificate: Certificate, errors: usize) {
        self.summary.errors += errors;
        self.certificates.push(Certified { policy: policy.to_owned(), certified: certificate.holds(), certificate });
    }
}

fn finding(diagnostic: &Diagnostic, place: &dyn Fn(Loc) -> (String, Range)) -> Finding {
    let (file, range) = place(diagnostic.primary.loc);
    let label = |label: &claw_compiler::diagnostics::Label| {
        let (file, range) = place(label.loc);
        Label { file, range, message: label.text.clone() }
    };
    let primary = (!diagnostic.primary.text.is_empty()).then_some(&diagnostic.primary);
    let fix = diagnostic.fix.as_ref().map(|fix| Fix {
        title: fix.title.clone(),
        applicability: match fix.applicability {
            Applicability::Certain => "certain",
            Applicability::Likely => "likely",
        },
        edits: fix
            .edits
            .iter()
            .map(|edit| {
                let (file, range) = place(edit.loc);
                Edit { file, range, text: edit.text.clone() }
            })
            .collect(),
    });
    Finding {
        code: diagnostic.code.as_str(),
        severity: diagnostic.severity.word(),
        message: diagnostic.message.clone(),
        file,
        range,
        labels: primary.into_iter().chain(&diagnostic.labels).map(label).collect(),
        help: diagnostic.help.clone(),
        notes: diagnostic.notes.clone(),
        fix,
    }
}

fn range(sources: &Sources, loc: Loc) -> Range {
    let file = sources.get(loc.file);
    let position = |offset| {
        let at = file.lines.position(&file.text, offset, Columns::Chars);
        Position { line: at.line, column: at.column, offset }
    };
    Range { start: position(loc.span.start), end: position(loc.span.end) }
}

/// Any of our shapes as indented JSON with a final line break.
pub fn pretty(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(format!("cannot write the answer as JSON: {error}")))?;
    Ok(text + "\n")
}

/// Text that is JSON already, to be put into one of our shapes.
pub fn raw(text: &str) -> Result<Box<serde_json::value::RawValue>, Failure> {
    serde_json::value::RawValue::from_string(text.to_owned())
        .map_err(|error| Failure::new(format!("cannot write the answer as JSON: {error}")))
}
