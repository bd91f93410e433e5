//! A log in one SQLite file, which can be asked with SQL: table `audit`, a row for each record.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::file::{lock, private};
use super::{Sink, SinkError};
use crate::audit::read::{Place, RawLine, ReadError};
use crate::audit::{Line, MAX_LINE, Tail};

/// The layout. `line` is the record; the other columns repeat what queries ask for, and nothing reads them back.
const SCHEMA: &str = "\
CREATE TABLE IF NOT EXISTS audit (
  seq INTEGER PRIMARY KEY,
  time TEXT,
  event TEXT NOT NULL,
  tenant TEXT,
  hash TEXT NOT NULL,
  line TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS audit_time ON audit (time);";

/// A log in an SQLite file. Records are durable when they are appended.
#[derive(Debug)]
pub struct SqliteSink {
    path: PathBuf,
    /// Held as long as the sink lives: `x.sqlite.lock`.
    _lock: File,
    busy: Duration,
    connection: Option<Connection>,
    last: Option<Tail>,
}

impl SqliteSink {
    /// Opens the log in this file, or begins one that its owner alone may read. Others may read it meanwhile, and nobody else can write to it.
    ///
    /// # Errors
    /// [`SinkError::Busy`] where somebody else writes to it.
    pub fn open(path: impl Into<PathBuf>) -> Result<SqliteSink, SinkError> {
        SqliteSink::open_with(path, Duration::from_secs(2))
    }

    /// The same, and waits so long for a database that others have locked, as those do who copy or vacuum it.
    ///
    /// # Errors
    /// [`SinkError::Busy`] where somebody else writes to it.
    pub fn open_with(path: impl Into<PathBuf>, busy: Duration) -> Result<SqliteSink, SinkError> {
        let path = path.into();
        let mut beside = path.clone().into_os_string();
        beside.push(".lock");
        let lock = lock(Path::new(&beside))?;
        // SQLite gives the files beside it the same mode.
        let made = private(OpenOptions::new().create(true).truncate(false).write(true), 0o600).open(&path);
        made.map_err(|e| SinkError::io(format!("open `{}`", path.display()), &e))?;
        let mut sink = SqliteSink { path, _lock: lock, busy, connection: None, last: None };
        sink.connect()?;
        Ok(sink)
    }

    fn connect(&mut self) -> Result<(), SinkError> {
        self.connection = None;
        let failed = |e: rusqlite::Error| self.failure("open", &e);
        let connection = Connection::open(&self.path).map_err(failed)?;
        connection.busy_timeout(self.busy).map_err(failed)?;
        connection.pragma_update(None, "journal_mode", "wal").map_err(failed)?;
        connection.pragma_update(None, "synchronous", "full").map_err(failed)?;
        connection.execute_batch(SCHEMA).map_err(failed)?;
        let line: Option<String> = connection
            .query_row("SELECT line FROM audit ORDER BY seq DESC LIMIT 1", [], |row| row.get(0))
            .optional()
            .map_err(failed)?;
        let damaged =
            |e| SinkError::Damaged(format!("the last row of `{}` can't be continued: {e}", self.path.display()));
        self.last = line.map(|line| Tail::of_line(line.as_bytes())).transpose().map_err(damaged)?;
        self.connection = Some(connection);
        Ok(())
    }

    fn failure(&self, what: &str, error: &rusqlite::Error) -> SinkError {
        SinkError::Unavailable(format!("cannot {what} `{}`: {error}", self.path.display()))
    }

    fn insert(&mut self, lines: &[Line]) -> Result<(), SinkError> {
        let path = self.path.clone();
        let failed = |e: rusqlite::Error| SinkError::Unavailable(format!("cannot write `{}`: {e}", path.display()));
        let connection = self.connection.as_mut();
        let connection = connection.ok_or_else(|| SinkError::Unavailable("the log failed before".to_owned()))?;
        let transaction = connection.transaction().map_err(failed)?;
        {
            let insert = "INSERT INTO audit (seq, time, event, tenant, hash, line) VALUES (?, ?, ?, ?, ?, ?)";
            let mut statement = transaction.prepare_cached(insert).map_err(failed)?;
            for line in lines {
                let seq = i64::try_from(line.seq).map_err(|_| SinkError::Unavailable("the log is full".to_owned()))?;
                let time = line.time.map(|time| format!("{:.3}", time.timestamp()));
                let row = params![seq, time, line.event, line.tenant, line.hash.to_string(), line.text];
                statement.execute(row).map_err(failed)?;
            }
        }
        transaction.commit().map_err(failed)
    }
}

impl Sink for SqliteSink {
    fn tail(&mut self) -> Result<Option<Tail>, SinkError> {
        self.connect()?;
        Ok(self.last)
    }

    fn append(&mut self, lines: &[Line]) -> Result<(), SinkError> {
        let Some(last) = lines.last() else { return Ok(()) };
        let tail = last.tail(self.last.as_ref());
        if let Err(error) = self.insert(lines) {
            self.connection = None;
            return Err(error);
        }
        self.last = Some(tail);
        Ok(())
    }
}

/// How many rows are read at once.
const PAGE: usize = 500;

/// The rows of a log, for reading and verifying: in the order of their numbers.
pub(crate) struct SqliteLines {
    file: Arc<Path>,
    connection: Connection,
    page: std::vec::IntoIter<RawLine>,
    /// The last row that was read.
    after: i64,
    over: bool,
}

impl SqliteLines {
    pub(crate) fn open(path: &Path) -> Result<SqliteLines, String> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| error.to_string())?;
        connection.busy_timeout(Duration::from_secs(30)).map_err(|error| error.to_string())?;
        connection.prepare("SELECT seq, line FROM audit").map_err(|_| "it holds no audit log".to_owned())?;
        let page = Vec::new().into_iter();
        Ok(SqliteLines { file: path.into(), connection, page, after: i64::MIN, over: false })
    }

    pub(crate) fn next(&mut self) -> Option<Result<RawLine, ReadError>> {
        if let Some(line) = self.page.next() {
            return Some(Ok(line));
        }
        if self.over {
            return None;
        }
        match self.read_page() {
            Ok(page) => {
                self.over = page.len() < PAGE;
                self.page = page.into_iter();
                self.page.next().map(Ok)
            }
            Err(error) => {
                self.over = true;
                Some(Err(ReadError::Database { path: self.file.to_path_buf(), error: error.to_string() }))
            }
        }
    }

    fn read_page(&mut self) -> rusqlite::Result<Vec<RawLine>> {
        let query = "SELECT seq, CAST(line AS BLOB) FROM audit WHERE seq > ? ORDER BY seq LIMIT ?";
        let mut statement = self.connection.prepare_cached(query)?;
        let mut rows = statement.query(params![self.after, i64::try_from(PAGE).unwrap_or(500)])?;
        let mut page = Vec::new();
        while let Some(row) = rows.next()? {
            self.after = row.get(0)?;
            let mut bytes: Vec<u8> = row.get(1)?;
            let too_long = bytes.len() > MAX_LINE;
            bytes.truncate(MAX_LINE);
            let place = Place { file: self.file.clone(), line: u64::try_from(self.after).unwrap_or(0) };
            page.push(RawLine { place, bytes, ended: true, too_long });
        }
        Ok(page)
    }
}
