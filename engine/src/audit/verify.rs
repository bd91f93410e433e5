//! Verifies a log: whether every record is there, unchanged and in its place, and how much of it a key vouches for.
//!
//! Trusts nobody who kept the log. What is wrong is told once: after each finding the check goes on from the next record
//! as it stands. Knows records as JSON only, so that events of later versions verify as well.

mod gap;
mod walk;

use std::path::PathBuf;

use serde::Serialize;

use claw_runtime::Digest;

pub use self::gap::{Gap, GapKind};
use self::walk::Walk;
use super::read::{Lines, ReadError};
use crate::signing::PublicKey;

/// What the log is held against.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// Whose checkpoints count. Without keys, signatures are not looked at.
    pub keys: Vec<PublicKey>,
    /// A record that must be there, and its hash: what [`AuditLog::head`](super::AuditLog::head) once said.
    pub head: Option<(u64, Digest)>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many records were read.
    pub records: u64,
    /// The number of the first.
    pub first: Option<u64>,
    /// The highest number of a record.
    pub last: Option<u64>,
    /// The last record's hash, as it states it.
    #[serde(serialize_with = "super::wire::text_option::serialize")]
    pub head: Option<Digest>,
    /// How many checkpoints there are.
    pub checkpoints: u64,
    /// The last record that a key of [`Expected::keys`] vouches for, and with it all before.
    pub signed_through: Option<u64>,
    /// How many records came after the checkpoint that says so.
    pub unsigned: u64,
    /// The records up to this one were removed by the host's retention, and the log says so.
    pub dropped_through: Option<u64>,
    /// Events that the log itself tells could not be recorded. All of them were denied.
    pub lost: u64,
    /// Everything that is wrong, in the order of the log.
    pub gaps: Vec<Gap>,
}

impl Report {
    /// Nothing is wrong.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.gaps.is_empty()
    }
}

/// Verifies one log, which is kept in these files and directories, the oldest first.
///
/// # Errors
/// [`ReadError`] where a file can't be read; what is wrong *in* it is in the report.
pub fn verify(paths: &[PathBuf], expected: &Expected) -> Result<Report, ReadError> {
    let mut walk = Walk::new(expected);
    for path in paths {
        for line in Lines::open(path)? {
            walk.line(line?);
        }
    }
    Ok(walk.finish())
}
