//! A log in PostgreSQL: table `claw_audit`, a row for each record, and many logs beside each other, one for each gateway.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use postgres::error::SqlState;
use postgres::{Client, Config, NoTls};

use super::timed::Timed;
use super::{Sink, SinkError};
use crate::audit::{Line, Tail};

/// The layout. `line` is the record; the other columns repeat what queries ask for, and nothing reads them back.
const SCHEMA: &str = "\
CREATE TABLE IF NOT EXISTS claw_audit (
  log TEXT NOT NULL,
  seq BIGINT NOT NULL,
  time TEXT,
  event TEXT NOT NULL,
  tenant TEXT,
  hash TEXT NOT NULL,
  line TEXT NOT NULL,
  PRIMARY KEY (log, seq)
)";

/// Keeps a second writer out for as long as the connection lives. Waits as long as `lock_timeout` says: a connection that
/// was just given up has it for a moment longer.
const LOCK: &str = "SELECT pg_advisory_lock(hashtextextended('claw audit ' || $1, 0))";

const INSERT: &str = "\
INSERT INTO claw_audit (log, seq, time, event, tenant, hash, line)
SELECT $1, * FROM unnest($2::BIGINT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::TEXT[])";

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostgresOptions {
    /// How long an answer may take, connecting included. The server is told to give up after half of it. Default eight
    /// seconds.
    pub answer: Duration,
}

impl Default for PostgresOptions {
    fn default() -> PostgresOptions {
        PostgresOptions { answer: Duration::from_secs(8) }
    }
}

impl PostgresOptions {
    /// What every connection is told first: to give up before we do, and to lose nothing that it has confirmed.
    fn settings(self) -> String {
        let statement = (self.answer / 2).as_millis().max(1);
        let lock = (self.answer / 4).as_millis().max(1);
        format!("SET statement_timeout = {statement}; SET lock_timeout = {lock}; SET synchronous_commit = on")
    }
}

type Connect = dyn Fn() -> Result<Client, postgres::Error> + Send + Sync;

/// A log in a PostgreSQL database. Records are durable when they are appended, as far as the server's `fsync` goes.
#[derive(Debug)]
pub struct PostgresSink {
    inner: Timed<Connection>,
}

impl PostgresSink {
    /// Opens the log of this name, or begins one; without TLS, as over a Unix socket. Each gateway has a log of its own.
    ///
    /// # Errors
    /// [`SinkError::Busy`] where somebody else writes to it.
    pub fn open(config: &Config, log: impl Into<String>) -> Result<PostgresSink, SinkError> {
        PostgresSink::open_with(config, log, PostgresOptions::default())
    }

    /// The same, with time limits of the host's.
    ///
    /// # Errors
    /// [`SinkError::Busy`] where somebody else writes to it.
    pub fn open_with(
        config: &Config,
        log: impl Into<String>,
        options: PostgresOptions,
    ) -> Result<PostgresSink, SinkError> {
        let mut config = config.clone();
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(options.answer);
        }
        PostgresSink::with(move || config.connect(NoTls), log, options)
    }

    /// The same over connections that the host makes, with TLS for example: one, and another when that was lost. They are
    /// made and used on a thread of the sink's own.
    ///
    /// # Errors
    /// [`SinkError::Busy`] where somebody else writes to it.
    pub fn with(
        connect: impl Fn() -> Result<Client, postgres::Error> + Send + Sync + 'static,
        log: impl Into<String>,
        options: PostgresOptions,
    ) -> Result<PostgresSink, SinkError> {
        let (connect, log): (Arc<Connect>, String) = (Arc::new(connect), log.into());
        let make = move || Connection { connect: connect.clone(), log: log.clone(), options, client: None, last: None };
        let mut inner = Timed::new(make, options.answer);
        inner.tail()?;
        Ok(PostgresSink { inner })
    }
}

impl Sink for PostgresSink {
    fn tail(&mut self) -> Result<Option<Tail>, SinkError> {
        self.inner.tail()
    }

    fn append(&mut self, lines: &[Line]) -> Result<(), SinkError> {
        self.inner.append(lines)
    }
}

/// One connection, and where its log ends.
struct Connection {
    connect: Arc<Connect>,
    /// The log's name.
    log: String,
    options: PostgresOptions,
    client: Option<Client>,
    last: Option<Tail>,
}

impl Connection {
    fn reconnect(&mut self) -> Result<(), SinkError> {
        // The old connection has the lock, if it is still there.
        self.client = None;
        let mut client = (self.connect)().map_err(|error| failure("reach", &error))?;
        client.batch_execute(&self.options.settings()).map_err(|error| failure("set up", &error))?;
        client.query_one(LOCK, &[&self.log]).map_err(|error| {
            let held = error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
            let busy = || SinkError::Busy(format!("another process writes to the log `{}`", self.log));
            if held { busy() } else { failure("lock", &error) }
        })?;
        client.batch_execute(SCHEMA).map_err(|error| failure("set up", &error))?;
        let last = "SELECT line FROM claw_audit WHERE log = $1 ORDER BY seq DESC LIMIT 1";
        let last = client.query_opt(last, &[&self.log]).map_err(|error| failure("read", &error))?;
        let line: Option<String> = last.map(|row| row.get(0));
        let damaged = |e| SinkError::Damaged(format!("the last row of the log `{}` can't be continued: {e}", self.log));
        self.last = line.map(|line| Tail::of_line(line.as_bytes())).transpose().map_err(damaged)?;
        self.client = Some(client);
        Ok(())
    }

    fn insert(&mut self, lines: &[Line]) -> Result<(), SinkError> {
        let client = self.client.as_mut();
        let client = client.ok_or_else(|| SinkError::Unavailable("the log failed before".to_owned()))?;
        let numbers: Result<Vec<i64>, _> = lines.iter().map(|line| i64::try_from(line.seq)).collect();
        let numbers = numbers.map_err(|_| SinkError::Unavailable("the log is full".to_owned()))?;
        let times: Vec<Option<String>> =
            lines.iter().map(|line| line.time.map(|time| format!("{:.3}", time.timestamp()))).collect();
        let events: Vec<&str> = lines.iter().map(|line| line.event).collect();
        // PostgreSQL's texts have no NUL; a tenant that has one is found by the record alone.
        let tenants: Vec<Option<&str>> =
            lines.iter().map(|line| line.tenant.as_deref().filter(|tenant| !tenant.contains('\0'))).collect();
        let hashes: Vec<String> = lines.iter().map(|line| line.hash.to_string()).collect();
        let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        // One statement is one transaction: all rows or none.
        let row = client.execute(INSERT, &[&self.log, &numbers, &times, &events, &tenants, &hashes, &texts]);
        row.map(drop).map_err(|error| failure("write to", &error))
    }
}

/// PostgreSQL's own words, which name neither the password nor the contents.
fn failure(what: &str, error: &postgres::Error) -> SinkError {
    let why = error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    SinkError::Unavailable(format!("cannot {what} PostgreSQL: {why}"))
}

impl Sink for Connection {
    fn tail(&mut self) -> Result<Option<Tail>, SinkError> {
        self.reconnect()?;
        Ok(self.last)
    }

    fn append(&mut self, lines: &[Line]) -> Result<(), SinkError> {
        let Some(last) = lines.last() else { return Ok(()) };
        let tail = last.tail(self.last.as_ref());
        if let Err(error) = self.insert(lines) {
            self.client = None;
            return Err(error);
        }
        self.last = Some(tail);
        Ok(())
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("log", &self.log).finish_non_exhaustive()
    }
}
