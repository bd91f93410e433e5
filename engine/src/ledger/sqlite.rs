//! Askings in a SQLite file: for the gateways of one machine.
//!
//! Every change is one statement, and lasting when it is answered. A file that stays locked is an error after
//! [`SqliteOptions::timeout`].

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use claw_runtime::{Digest, Time};
use rusqlite::{Connection, Params, params};

use super::sql::{self, Row};
use super::store::{Answer, Cursor, PER_TENANT, Store, StoreError};
use super::{Asking, AskingId};

/// How a file is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    /// How long another process may hold the file.
    pub timeout: Duration,
}

impl Default for SqliteOptions {
    /// 5 s.
    fn default() -> SqliteOptions {
        SqliteOptions { timeout: Duration::from_secs(5) }
    }
}

/// Askings in a SQLite file.
pub struct SqliteStore(Mutex<Connection>);

impl SqliteStore {
    /// Opens the file, or makes it. Other tables in it are left alone.
    pub fn open(path: &Path) -> Answer<SqliteStore> {
        SqliteStore::open_with(path, SqliteOptions::default())
    }

    /// As [`SqliteStore::open`], with other options.
    pub fn open_with(path: &Path, options: SqliteOptions) -> Answer<SqliteStore> {
        let connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(options.timeout).map_err(failed)?;
        connection
            .pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))
            .and_then(|()| connection.pragma_update(None, "synchronous", "full"))
            .and_then(|()| connection.execute_batch(sql::SCHEMA))
            .map_err(failed)?;
        Ok(SqliteStore(Mutex::new(connection)))
    }

    /// A panic of another thread leaves no open transaction: statements stand alone.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn execute(&self, statement: &str, params: impl Params) -> Answer<usize> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(&numbered(statement)).map_err(failed)?;
        statement.execute(params).map_err(failed)
    }

    fn select(&self, query: &str, params: impl Params) -> Answer<Vec<Asking>> {
        let bodies: Vec<String> = {
            let connection = self.connection();
            let mut query = connection.prepare_cached(&numbered(query)).map_err(failed)?;
            let rows = query.query_map(params, |row| row.get(0)).map_err(failed)?;
            rows.collect::<Result<_, _>>().map_err(failed)?
        };
        bodies.iter().map(|body| sql::read(body)).collect()
    }
}

impl Store for SqliteStore {
    fn get(&self, id: &AskingId) -> Answer<Option<Asking>> {
        Ok(self.select(sql::BY_ID, [id.to_string()])?.pop())
    }

    fn insert(&self, asking: &Asking) -> Answer<Option<Asking>> {
        let Row { slot, id, scope, request, opened, expires, awaits_votes, version, body } = Row::of(asking)?;
        // What stands there may be forgotten between the two statements.
        for _ in 0..3 {
            let row = params![slot, id, scope, request, opened, expires, awaits_votes, version, body, PER_TENANT];
            if self.execute(sql::INSERT, row)? == 1 {
                return Ok(None);
            }
            if let Some(there) = self.select(sql::BY_SLOT, [&slot])?.pop() {
                return Ok(Some(there));
            }
        }
        Err(StoreError::full())
    }

    fn compare_and_set(&self, old: &Asking, new: &Asking) -> Answer<bool> {
        let (old, new) = (Row::of(old)?, Row::of(new)?);
        let Row { id, opened, expires, awaits_votes, version, body, .. } = new;
        let row = params![old.slot, old.id, old.version, id, opened, expires, awaits_votes, version, body];
        Ok(self.execute(sql::REPLACE, row)? == 1)
    }

    fn of_request(&self, tenant: Option<&str>, request: &Digest) -> Answer<Vec<Asking>> {
        self.select(sql::BY_REQUEST, [sql::scope(tenant), request.to_string()])
    }

    fn open(&self, tenant: Option<&str>, now: Time, after: Option<&Cursor>, limit: usize) -> Answer<Vec<Asking>> {
        let (opened, id) = Cursor::columns(after);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.select(sql::OPEN, params![sql::scope(tenant), now.as_millis(), opened, id, limit])
    }

    fn closed(&self, tenant: Option<&str>, now: Time, limit: usize) -> Answer<Vec<Asking>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.select(sql::CLOSED, params![sql::scope(tenant), now.as_millis(), limit])
    }

    fn remove_expired(&self, before: Time) -> Answer<u64> {
        let removed = self.execute(sql::REMOVE, [before.as_millis()])?;
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

/// `$3` is a name in SQLite; `?3` is what `$3` means in PostgreSQL.
fn numbered(statement: &str) -> String {
    statement.replace('$', "?")
}

fn failed(error: rusqlite::Error) -> StoreError {
    StoreError(error.to_string())
}
