//! What can be wrong with a bundle or a request.

use std::fmt;

use crate::{JsonError, Reason};

/// Why bytes were not accepted as a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// The bytes do not begin like a bundle.
    NotABundle,
    /// A bundle of another format version; this runtime reads [`crate::bundle::FORMAT`].
    Format(u32),
    /// More bytes than a bundle may have.
    TooLarge,
    /// The digest in the bundle is not that of its content: it was damaged or changed.
    Digest,
    /// The content is not what a compiler writes; the text says what is wrong where.
    Malformed(String),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::NotABundle => f.write_str("this is not a compiled policy"),
            LoadError::Format(found) => {
                write!(f, "the bundle has format {found}, this runtime reads format {}", crate::bundle::FORMAT)
            }
            LoadError::TooLarge => f.write_str("the bundle is too large"),
            LoadError::Digest => f.write_str("the bundle's content does not have the digest it states"),
            LoadError::Malformed(what) => write!(f, "malformed bundle: {what}"),
        }
    }
}

impl std::error::Error for LoadError {}

/// Why a request is denied before any clause sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Which kind of mistake.
    pub reason: Reason,
    /// Where, as a JSON pointer into the request; empty for the request as a whole.
    pub pointer: String,
    /// What is wrong: lower-case, no final period.
    pub message: String,
}

impl Invalid {
    pub(crate) fn new(pointer: impl Into<String>, message: impl Into<String>) -> Invalid {
        Invalid { reason: Reason::InvalidRequest, pointer: pointer.into(), message: message.into() }
    }

    pub(crate) fn because(reason: Reason, pointer: impl Into<String>, message: impl Into<String>) -> Invalid {
        Invalid { reason, pointer: pointer.into(), message: message.into() }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.pointer, self.message)
        }
    }
}

impl std::error::Error for Invalid {}

impl From<JsonError> for Invalid {
    fn from(error: JsonError) -> Invalid {
        let reason = if error.limit { Reason::LimitsExceeded } else { Reason::InvalidRequest };
        let message = format!("{} at line {} column {}", error.message, error.line, error.column);
        Invalid { reason, pointer: error.pointer, message }
    }
}

/// ` (did you mean …?)` where a known name is close to what was written, else nothing.
pub(crate) fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let limit = (written.chars().count() / 3).max(1);
    let nearest = known
        .into_iter()
        .take(10_000)
        .filter(|name| name.len().abs_diff(written.len()) <= 4 * limit)
        .map(|name| (distance(written, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .min();
    nearest.map_or_else(String::new, |(_, name)| format!(" (did you mean `{name}`?)"))
}

/// How many letters must be inserted, removed, replaced or swapped with their neighbour. Long names count as far.
fn distance(a: &str, b: &str) -> usize {
    const LONG: usize = 64;
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(LONG).collect(), b.chars().take(LONG).collect());
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(LONG);
            let mut best = (at(&row, j) + usize::from(from != to)).min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(to) && b.get(j - 1) == Some(from);
            if swapped {
                best = best.min(at(&before, j - 1) + 1);
            }
            next.push(best);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or(LONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_names() {
        let known = ["environment", "agent", "args", "context"];
        assert_eq!(did_you_mean("enviroment", known), " (did you mean `environment`?)");
        assert_eq!(did_you_mean("agrs", known), " (did you mean `args`?)");
        assert_eq!(did_you_mean("zzz", known), "");
        assert_eq!(did_you_mean("", known), "");
    }
}
