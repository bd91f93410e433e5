//! The audit log: what is recorded, how it is kept, what verifying finds, and what failing sinks lead to.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod decisions;
mod faults;
mod files;
mod log;
#[cfg(all(feature = "postgres", feature = "otel"))]
#[path = "../servers/postgres.rs"]
mod postgres_server;
#[cfg(all(feature = "postgres", feature = "otel"))]
mod servers;
mod verify;

use std::path::{Path, PathBuf};

use claw_engine::audit::{
    AuditLog, DecisionEvent, Event, Expected, FileOptions, FileSink, Fsync, GapKind, Options, Payload, Report,
    SinkError,
};
use claw_engine::signing::SecretKey;
use claw_runtime::{Json, Time};

/// So many seconds after a fixed time.
pub fn at(seconds: i64) -> Time {
    Time::from_millis(1_772_000_000_000 + seconds * 1000).unwrap()
}

/// A decision on a call with this id.
pub fn event(id: &str) -> Event {
    let args = Json::Obj(vec![("n".into(), Json::Num("0.3".into())), ("to".into(), Json::str("eva@acme.com"))]);
    Event::Decision(Box::new(DecisionEvent {
        tenant: Some("acme".to_owned()),
        call_id: Some(id.to_owned()),
        tool: "send_email".to_owned(),
        environment: "prod".to_owned(),
        decision: "allow".to_owned(),
        reason: "granted".to_owned(),
        args: Payload(args),
        ..DecisionEvent::default()
    }))
}

/// Options under which files are written quickly and the tests' few records fill several segments.
pub fn quick() -> FileOptions {
    FileOptions { fsync: Fsync::Os, ..FileOptions::default() }
}

pub fn signed(key: SecretKey, records: u64) -> Options {
    Options { signer: Some(key), checkpoint_records: records, ..Options::default() }
}

/// The log of a directory. Tests that start processes may hold its lock a moment longer than they know.
pub fn open(directory: &Path, files: FileOptions, options: Options) -> AuditLog {
    for _ in 0..60 {
        match FileSink::open(directory, files.clone()) {
            Err(SinkError::Busy(_)) => {}
            sink => return AuditLog::open(Box::new(sink.unwrap()), options).unwrap(),
        }
    }
    panic!("somebody else has the log");
}

/// The log of a directory, held against these expectations.
pub fn check(path: &Path, expected: &Expected) -> Report {
    claw_engine::audit::verify(&[path.to_owned()], expected).unwrap()
}

pub fn kinds(report: &Report) -> Vec<GapKind> {
    report.gaps.iter().map(|gap| gap.kind.clone()).collect()
}

/// The segments of a log.
pub fn segments(directory: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"))
        .collect();
    found.sort();
    found
}

/// The events' names in the order of the log.
pub fn names(path: &Path) -> Vec<&'static str> {
    claw_engine::audit::read(path).unwrap().map(|record| record.unwrap().1.event.name()).collect()
}
