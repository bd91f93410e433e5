//! What a merge did, for people to read.

use std::fmt;

use claw_syntax::ast::ToolKind;

/// What became of one declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The server offers it and the file had none: it stands at the end of the file now.
    Added,
    /// Its text was changed.
    Changed,
    /// The server does not offer it any more; it was left in the file.
    Removed,
    /// Its text is as it was.
    Kept,
}

impl Status {
    pub fn word(self) -> &'static str {
        match self {
            Status::Added => "added",
            Status::Changed => "changed",
            Status::Removed => "removed",
            Status::Kept => "kept",
        }
    }
}

/// One declaration of the file, or of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub status: Status,
    pub kind: ToolKind,
    /// The name in policies.
    pub name: String,
    /// The name on the wire.
    pub wire: String,
    /// What was changed, and where file and server differ although nothing was.
    pub details: Vec<String>,
}

/// All of them: those of the file in its order, then what was added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub entries: Vec<Entry>,
}

impl Report {
    /// How many have this status.
    pub fn count(&self, status: Status) -> usize {
        self.entries.iter().filter(|e| e.status == status).count()
    }

    /// Whether the file has changed.
    pub fn has_changes(&self) -> bool {
        self.entries.iter().any(|e| matches!(e.status, Status::Added | Status::Changed))
    }
}

impl fmt::Display for Report {
    /// What is worth a look, and a count of all.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in self.entries.iter().filter(|e| e.status != Status::Kept || !e.details.is_empty()) {
            write!(f, "{:<8} {} `{}`", entry.status.word(), entry.kind.word(), entry.name)?;
            if entry.wire != entry.name {
                write!(f, " (`{}`)", super::text::short(&entry.wire))?;
            }
            writeln!(f)?;
            for detail in &entry.details {
                writeln!(f, "         - {detail}")?;
            }
        }
        let counts = [Status::Added, Status::Changed, Status::Removed, Status::Kept];
        let counts: Vec<String> = counts.iter().map(|s| format!("{} {}", self.count(*s), s.word())).collect();
        writeln!(f, "{}", counts.join(", "))
    }
}
