//! What is said about a policy: findings as plain data.
//!
//! Knows places as byte ranges in files and nothing of terminals, editors or JSON: rendering is the business of
//! whoever shows them. Every code is declared once, in [`codes`].

pub mod codes;
mod pages;
mod plain;

use std::fmt;

use crate::hir::Loc;

pub use pages::page;
pub use plain::plain;

/// The stable code of a kind of finding, such as `E0101`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub &'static str);

impl Code {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// Its entry in the registry.
    pub fn info(self) -> Option<CodeInfo> {
        codes::all().find(|info| info.code == self)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What the registry says about a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeInfo {
    pub code: Code,
    pub severity: Severity,
    /// A few words: the heading of its page.
    pub title: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The policy can't be compiled.
    Error,
    /// The policy compiles; something in it is probably not meant.
    Warning,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// A place with what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    pub loc: Loc,
    /// May be empty on the primary label: the message says it all.
    pub text: String,
}

/// Whether a fix may be applied without a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Applicability {
    /// Surely what was meant.
    Certain,
    /// Probably what was meant.
    Likely,
}

/// One replacement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edit {
    pub loc: Loc,
    pub text: String,
}

/// A mend.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fix {
    /// What it does, as an imperative.
    pub title: String,
    /// Replacements that don't overlap, in order.
    pub edits: Vec<Edit>,
    pub applicability: Applicability,
}

/// How an editor may show a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tag {
    /// The text has no effect.
    Unnecessary,
    Deprecated,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    pub severity: Severity,
    /// What is wrong, lower-case, in the author's words, without a final period.
    pub message: String,
    pub primary: Label,
    /// Further places.
    pub labels: Vec<Label>,
    /// How to go on.
    pub help: Option<String>,
    /// Background: why this is so.
    pub notes: Vec<String>,
    /// The mend, where there is just one.
    pub fix: Option<Fix>,
    pub tags: Vec<Tag>,
}

impl Diagnostic {
    /// A finding with the severity that the registry gives its code.
    pub fn new(code: Code, loc: Loc, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: if code.0.starts_with('W') { Severity::Warning } else { Severity::Error },
            message: message.into(),
            primary: Label { loc, text: String::new() },
            labels: Vec::new(),
            help: None,
            notes: Vec::new(),
            fix: None,
            tags: Vec::new(),
        }
    }

    /// What to write at the primary place.
    pub fn here(mut self, text: impl Into<String>) -> Diagnostic {
        self.primary.text = text.into();
        self
    }

    /// Adds a further place.
    pub fn label(mut self, loc: Loc, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { loc, text: text.into() });
        self
    }

    /// Sets the help line.
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Sets the help line, if there is one.
    pub fn maybe_help(mut self, help: Option<String>) -> Diagnostic {
        if help.is_some() {
            self.help = help;
        }
        self
    }

    /// Adds background.
    pub fn note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }

    /// Sets a fix of one replacement that is probably meant.
    pub fn fix(self, title: impl Into<String>, loc: Loc, text: impl Into<String>) -> Diagnostic {
        self.fix_all(title, vec![Edit { loc, text: text.into() }], Applicability::Likely)
    }

    /// Sets a fix.
    pub fn fix_all(mut self, title: impl Into<String>, edits: Vec<Edit>, applicability: Applicability) -> Diagnostic {
        self.fix = Some(Fix { title: title.into(), edits, applicability });
        self
    }

    /// Marks text without effect.
    pub fn unnecessary(mut self) -> Diagnostic {
        self.tags.push(Tag::Unnecessary);
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Help and fix for a misspelt word: `did you mean …`.
    pub fn did_you_mean(self, loc: Loc, suggestion: Option<&str>) -> Diagnostic {
        match suggestion {
            Some(word) => self.help(format!("did you mean `{word}`?")).fix(format!("change it to `{word}`"), loc, word),
            None => self,
        }
    }
}

/// Sorts by file and place and drops what was said twice.
pub fn sort_and_dedup(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| {
        (a.primary.loc, a.severity, a.code, &a.message).cmp(&(b.primary.loc, b.severity, b.code, &b.message))
    });
    diagnostics.dedup_by(|a, b| a.primary.loc == b.primary.loc && a.code == b.code && a.message == b.message);
}
