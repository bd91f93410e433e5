//! Reads an audit log: what it says, and whether it can be believed.

use std::path::PathBuf;

use claw_engine::audit::{self, Expected, Gap};
use claw_engine::lifecycle::{Usage, Window};
use claw_engine::signing::PublicKey;

use crate::failure::Failure;
use crate::render::text::visible;

/// How many problems are told one by one.
const TOLD: usize = 5;

/// What a log says, and what is wrong with it.
#[derive(Debug)]
pub struct Log {
    pub usage: Usage,
    /// Records that are missing, changed or unreadable, in words; empty where the chain is whole.
    pub problems: Vec<String>,
}

/// Reads the parts of one log, the oldest first. With keys, its checkpoints must be signed by one of them.
pub fn read(paths: &[PathBuf], keys: Vec<PublicKey>, window: Window) -> Result<Log, Failure> {
    let report = audit::verify(paths, &Expected { keys, head: None }).map_err(unreadable)?;
    let mut problems: Vec<String> = report.gaps.iter().map(problem).collect();
    if report.lost > 0 {
        problems.push(format!("{} events could not be recorded, as the log itself says", report.lost));
    }
    let more = problems.len().saturating_sub(TOLD);
    problems.truncate(TOLD);
    if more > 0 {
        problems.push(format!("{more} more problems; `clawc audit verify` tells all"));
    }
    let mut usage = Usage::new(window);
    for path in paths {
        for record in audit::read(path).map_err(unreadable)? {
            // What is no record is a problem already.
            match record {
                // What was appended since is not verified yet.
                Ok((_, record)) if report.last.is_some_and(|last| record.seq <= last) => usage.add(&record),
                Ok(_) => {}
                Err(audit::ReadError::Record { .. }) => {}
                Err(error) => return Err(unreadable(error)),
            }
        }
    }
    usage.finish();
    Ok(Log { usage, problems })
}

/// `audit.jsonl:3: record 2 is missing`
fn problem(gap: &Gap) -> String {
    let line = gap.line.map(|line| format!(":{line}")).unwrap_or_default();
    let place = gap.file.as_ref().map(|file| format!("{file}{line}: ")).unwrap_or_default();
    visible(&format!("{place}{}", gap.kind))
}

fn unreadable(error: audit::ReadError) -> Failure {
    Failure::new(visible(&error.to_string()))
}
