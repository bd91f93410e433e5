//! Mistakes in a configuration: where, what, and what to do about it.
//!
//! Knows the text that they are in, and nothing of what it means.

use std::ops::Range;
use std::path::{Path, PathBuf};

use ariadne::{CharSet, Color, IndexType, Label, Report, ReportKind};
use claw_compiler::terminal::{visible, visible_source};
use serde_json::{Value, json};

use crate::sources::Source;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// No gateway starts with it.
    Error,
    /// Hardly what was meant.
    Warning,
}

impl Severity {
    fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Where, in bytes of the text.
    pub span: Range<usize>,
    /// What is wrong, in the user's words.
    pub message: String,
    /// What is underlined.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Finding {
    /// An error at this place.
    #[must_use]
    pub fn error(span: Range<usize>, message: impl Into<String>) -> Finding {
        Finding { severity: Severity::Error, span, message: message.into(), label: "here".to_owned(), help: None }
    }

    /// A warning at this place.
    #[must_use]
    pub fn warning(span: Range<usize>, message: impl Into<String>) -> Finding {
        Finding { severity: Severity::Warning, ..Finding::error(span, message) }
    }

    /// Says more about the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Finding {
        self.label = label.into();
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Finding {
        self.help = Some(help.into());
        self
    }
}

/// All mistakes of one file, with its text.
#[derive(Debug, Default)]
pub struct Findings {
    /// The file.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
    /// The mistakes; [`Findings::sort`] puts them into the order of the text.
    pub list: Vec<Finding>,
    /// Policies with errors of their own, which are shown as the compiler shows them.
    pub policies: Vec<Source>,
}

impl Findings {
    /// No mistakes in this text.
    #[must_use]
    pub fn new(file: &Path, text: &str) -> Findings {
        Findings { file: file.to_owned(), text: text.to_owned(), list: Vec::new(), policies: Vec::new() }
    }

    /// Whether a gateway must not start with this.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// Puts the mistakes into the order of the text, each once.
    pub fn sort(&mut self) {
        self.list.sort_by(|a, b| (a.span.start, a.span.end, &a.message).cmp(&(b.span.start, b.span.end, &b.message)));
        self.list.dedup();
    }

    /// For people: each with its lines, and a sum at the end.
    #[must_use]
    pub fn render(&self, colours: bool) -> String {
        let mut text: String = self.list.iter().map(|finding| self.draw(finding, colours) + "\n").collect();
        for source in &self.policies {
            if let Ok(analysis) = &source.analysis {
                text.push_str(&source.drawn(analysis, colours));
            }
        }
        text.push_str(&self.summary());
        text.push('\n');
        text
    }

    /// `2 errors, 1 warning`
    #[must_use]
    pub fn summary(&self) -> String {
        let count = |severity: Severity| match self.list.iter().filter(|f| f.severity == severity).count() {
            0 => None,
            1 => Some(format!("1 {}", severity.word())),
            n => Some(format!("{n} {}s", severity.word())),
        };
        let parts: Vec<String> = [Severity::Error, Severity::Warning].into_iter().filter_map(count).collect();
        if parts.is_empty() { "no findings".to_owned() } else { parts.join(", ") }
    }

    /// For programs: one object for each, with lines and columns from 1; also for the errors of policies.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let one = |finding: &Finding| {
            let (line, column) = position(&self.text, finding.span.start);
            json!({
                "severity": finding.severity.word(),
                "message": finding.message,
                "help": finding.help,
                "file": self.file.display().to_string(),
                "line": line,
                "column": column,
            })
        };
        let of_policies = self.policies.iter().flat_map(Source::findings);
        Value::Array(self.list.iter().map(one).chain(of_policies).collect())
    }

    fn draw(&self, finding: &Finding, colours: bool) -> String {
        let colour = if finding.severity == Severity::Error { Color::Red } else { Color::Yellow };
        let config = ariadne::Config::default()
            .with_index_type(IndexType::Byte)
            .with_color(colours)
            .with_char_set(CharSet::Unicode);
        let file = self.file.display().to_string();
        let span = (file.clone(), self.drawable(&finding.span));
        let mut report = Report::build(ReportKind::Error, span.clone())
            .with_config(config)
            .with_label(Label::new(span).with_message(visible(&finding.label)).with_color(colour));
        if let Some(help) = &finding.help {
            report.add_help(visible(help));
        }
        let mut drawn = Vec::new();
        let text = visible_source(&self.text);
        let written = report.finish().write((file, ariadne::Source::from(text)), &mut drawn);
        let drawn = if written.is_ok() { String::from_utf8_lossy(&drawn).into_owned() } else { String::new() };
        let word = finding.severity.word();
        let heading = match (colours, finding.severity) {
            (false, _) => format!("{word}: {}\n", visible(&finding.message)),
            (true, Severity::Error) => {
                format!("\x1b[1;31m{word}\x1b[0m\x1b[1m: {}\x1b[0m\n", visible(&finding.message))
            }
            (true, _) => format!("\x1b[1;33m{word}\x1b[0m\x1b[1m: {}\x1b[0m\n", visible(&finding.message)),
        };
        // Its first line is a heading in its own style.
        heading + &drawn.lines().skip(1).map(|line| format!("{}\n", line.trim_end())).collect::<String>()
    }

    /// A span inside the text, on character boundaries, in one line, and not empty if that can be helped.
    fn drawable(&self, span: &Range<usize>) -> Range<usize> {
        let start = self.text.floor_char_boundary(span.start.min(self.text.len()));
        let end = self.text.floor_char_boundary(span.end.min(self.text.len())).max(start);
        let line = self.text.get(start..end).and_then(|text| text.lines().next()).unwrap_or_default();
        if !line.is_empty() {
            return start..start.saturating_add(line.len());
        }
        let next = self.text.get(start..).and_then(|rest| rest.chars().next()).filter(|c| !matches!(c, '\n' | '\r'));
        start..start.saturating_add(next.map_or(0, char::len_utf8))
    }
}

/// Line and column in characters, both from 1.
pub(crate) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..text.floor_char_boundary(at)).unwrap_or_default();
    let line = before.matches('\n').count().saturating_add(1);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
    (line, column)
}
