//! The audit log: what was asked, decided, voted, done and reloaded, in a chain of records that shows every change.
//!
//! [`Event`] says what happened. An [`AuditLog`] numbers events, chains them by hash and hands them to a [`Sink`];
//! [`verify`] reads such a chain without trusting who kept it. Nothing here decides anything: a record that can't be
//! written is an error, and the engine makes it a denial.

mod canonical;
mod decision;
mod event;
mod log;
mod read;
mod record;
mod redact;
mod sink;
mod verify;
mod wire;

pub use self::canonical::CanonicalError;
pub use self::event::{
    AgentFacts, AppliedFacts, ApprovalEvent, ApprovalState, AskEvent, CheckpointEvent, DecisionEvent, DroppedEvent,
    Event, GapEvent, Omitted, ReloadEvent, ReloadOutcome, ResultEvent, ResultOutcome, SpoolEvent, TornEvent, Verdict,
    VoteEvent,
};
pub use self::log::{AuditError, AuditLog, OnFailure, Options};
pub use self::read::{Place, ReadError, Records, read};
pub use self::record::{GENESIS, Line, MAX_LINE, Record, RecordError, Tail};
pub use self::redact::{REDACTED, Redaction};
#[cfg(feature = "otel")]
pub use self::sink::OtelSink;
#[cfg(feature = "sqlite")]
pub use self::sink::SqliteSink;
pub use self::sink::{FileOptions, FileSink, Fsync, Sink, SinkError, Tee};
#[cfg(feature = "postgres")]
pub use self::sink::{PostgresOptions, PostgresSink};
pub use self::verify::{Expected, Gap, GapKind, Report, verify};
pub use self::wire::Payload;
