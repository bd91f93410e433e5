//! Where records go.
//!
//! A sink keeps lines in the order in which it gets them and can tell the last one. It knows no events and no chain;
//! that what it kept is still what it was given, [`verify`](super::verify()) finds out.

mod file;
#[cfg(feature = "otel")]
mod otel;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod tee;
#[cfg(feature = "postgres")]
mod timed;

use std::fmt;
use std::time::Duration;

pub(crate) use self::file::list as segments;
pub use self::file::{FileOptions, FileSink, Fsync};
#[cfg(feature = "otel")]
pub use self::otel::OtelSink;
#[cfg(feature = "postgres")]
pub use self::postgres::{PostgresOptions, PostgresSink};
#[cfg(feature = "sqlite")]
pub(crate) use self::sqlite::SqliteLines;
#[cfg(feature = "sqlite")]
pub use self::sqlite::SqliteSink;
pub use self::tee::Tee;
use super::event::Event;
use super::record::{Line, Tail};

/// Keeps the lines of one log. Used by one thread at a time.
pub trait Sink: Send + fmt::Debug {
    /// The last line that is kept: looked up anew, after reconnecting and mending whatever there is to mend. Asked when a
    /// log is opened, and after every failure before anything is appended again.
    ///
    /// # Errors
    /// [`SinkError`], also where another writer has the log.
    fn tail(&mut self) -> Result<Option<Tail>, SinkError>;

    /// Keeps the lines behind the last one: all of them or, with an error, none. Where a failure leaves it open which,
    /// [`Sink::tail`] tells afterwards. When this returns they are as durable as the sink promises.
    ///
    /// # Errors
    /// [`SinkError`]; the sink may be used again after [`Sink::tail`] has succeeded.
    fn append(&mut self, lines: &[Line]) -> Result<(), SinkError>;

    /// Makes durable what is not yet.
    ///
    /// # Errors
    /// [`SinkError`]: what was appended since the last success may be lost in a crash.
    fn flush(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// How often to call [`Sink::flush`] in the background; `None`: never.
    fn flush_every(&self) -> Option<Duration> {
        None
    }

    /// What happened to the sink that belongs into the log, since this was last asked.
    fn notes(&mut self) -> Vec<Event> {
        Vec::new()
    }
}

/// Why a sink did not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkError {
    /// It is full, unreachable or broken; later it may work again.
    Unavailable(String),
    /// Another writer has the log.
    Busy(String),
    /// What it holds is no log that could be continued.
    Damaged(String),
}

impl SinkError {
    /// An error of the operating system; `what` is an infinitive with its object: "write `audit-000001.jsonl`".
    pub(crate) fn io(what: impl fmt::Display, error: &std::io::Error) -> SinkError {
        SinkError::Unavailable(format!("cannot {what}: {error}"))
    }
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SinkError::Unavailable(what) | SinkError::Busy(what) | SinkError::Damaged(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for SinkError {}
