//! Why something could not be recorded.

use std::fmt;
use std::time::Duration;

/// Why something is not in the log, or may not be. The engine answers each of them with a denial, `audit_unavailable`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditError {
    /// The sink failed, or failed a moment ago and is left alone for now.
    Unavailable(String),
    /// The sink fails, and so many records wait already.
    Full {
        /// How many may wait.
        max: usize,
    },
    /// The sink did not keep the record in this time. It may still do.
    Slow(Duration),
    /// The event is larger than the log allows.
    TooLarge {
        /// What it has.
        bytes: usize,
        /// What it may have.
        max: usize,
    },
    /// The sink no longer ends where it did: records are gone, or somebody else has added some. Nothing is recorded any
    /// more; the log has to be looked at, and opened again.
    Diverged(String),
    /// The log was closed.
    Closed,
}

impl fmt::Display for AuditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AuditError::Unavailable(what) => write!(f, "the audit log is unavailable: {what}"),
            AuditError::Full { max } => {
                write!(f, "the audit log is unavailable, and {max} records wait for it already")
            }
            AuditError::Slow(patience) => write!(f, "the audit log did not answer within {patience:?}"),
            AuditError::TooLarge { bytes, max } => {
                write!(f, "an event of {bytes} bytes is too large for the audit log, which takes {max}")
            }
            AuditError::Diverged(what) => write!(f, "the audit log is not as it was left: {what}"),
            AuditError::Closed => f.write_str("the audit log is closed"),
        }
    }
}

impl std::error::Error for AuditError {}
