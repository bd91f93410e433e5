//! A store of past calls in one SQLite file, which several processes of one machine may share.
//!
//! Every step is one `BEGIN IMMEDIATE` transaction: it waits for the file's only writer, but for no longer than the
//! time-out, and then sees and changes the file alone. Whatever SQLite refuses (busy, full, corrupt) is an error, and
//! the transaction is rolled back.
//!
//! Knows how records are kept, not what is in them.

mod schema;

use std::fmt;
use std::path::Path;
use std::time::{Duration as Wait, Instant};

use claw_runtime::state::{Answer, Commit, SessionScope, SettleOutcome, Settlement, State, StateError, StateView};
use claw_runtime::{Digest, Time};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};

use self::schema::{EVIDENCE_MARGIN, SWEEP, table};
use super::draft::Plan;
use super::keys::{Key, Scope, Write};
use super::past::{Past, Source, read};
use super::pool::{Lease, Pool};
use super::records::{Labels, Session};
use super::{StateBounds, stamp};

/// How a [`SqliteState`] is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    /// How long a call waits for others that are writing; then the store is unavailable. Default 1 s.
    pub timeout: Wait,
    /// Bytes that the file may have; beyond, whatever needs more is refused. Default 4 GiB.
    pub bytes: u64,
    /// Waits for the disk after every call (`synchronous=FULL`). Without it, a loss of power, though not of the process, may
    /// take the last calls with it, and with them what they have spent. Default true.
    pub sync: bool,
    /// Bounds of one session.
    pub bounds: StateBounds,
}

impl Default for SqliteOptions {
    fn default() -> SqliteOptions {
        SqliteOptions { timeout: Wait::from_secs(1), bytes: 4 << 30, sync: true, bounds: StateBounds::default() }
    }
}

/// Past calls, kept in a SQLite file.
pub struct SqliteState {
    /// One connection: SQLite has one writer at a time anyway, and threads that wait here need not poll the file.
    pool: Pool<Connection>,
    options: SqliteOptions,
}

impl SqliteState {
    /// Opens the file with the default options, or makes it.
    pub fn open(path: impl AsRef<Path>) -> Answer<SqliteState> {
        SqliteState::open_with(path, SqliteOptions::default())
    }

    /// Opens the file, or makes it. Fails if it is not such a store, or is one of a newer version.
    pub fn open_with(path: impl AsRef<Path>, options: SqliteOptions) -> Answer<SqliteState> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE;
        schema::keep_private(path.as_ref());
        let mut connection = Connection::open_with_flags(path, flags).map_err(unavailable)?;
        schema::prepare(&mut connection, &options)?;
        let pool = Pool::new(1);
        if let Some(mut lease) = pool.take(Instant::now()) {
            lease.held = Some(connection);
        }
        Ok(SqliteState { pool, options })
    }

    /// Forgets the ids of settled calls that began before `time`, and the sessions that were last used before it and
    /// have no pending call: their labels and earlier calls are unknown from then on. From then on such an id would be
    /// taken for a new call: choose a time before which no host repeats one. What has no time is kept.
    ///
    /// Also forgets calls without a session that began before `time` and were never settled.
    pub fn forget_before(&self, time: Time) -> Answer<()> {
        let time = stamp::write(time);
        for (_, name) in self.write(schema::tenants)? {
            // In portions, so that calls need not wait for all of it.
            let mut progress = schema::Progress::default();
            while self.write(|transaction| schema::forget(&File::named(transaction, &name)?, &time, &mut progress))? {}
        }
        Ok(())
    }

    /// Runs `work` in a transaction of its own, and commits unless it fails.
    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Answer<T>) -> Answer<T> {
        let deadline = Instant::now().checked_add(self.options.timeout);
        let busy = || StateError::Unavailable("it is busy with other calls".to_owned());
        let mut lease: Lease<'_, Connection> = deadline.and_then(|end| self.pool.take(end)).ok_or_else(busy)?;
        let connection = lease.held.as_mut().ok_or_else(busy)?;
        let left = deadline.map_or(Wait::ZERO, |end| end.saturating_duration_since(Instant::now()));
        connection.busy_timeout(left).map_err(unavailable)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(unavailable)?;
        let done = work(&transaction)?;
        transaction.commit().map_err(unavailable)?;
        Ok(done)
    }
}

impl State for SqliteState {
    fn transact(&self, scope: &SessionScope<'_>, step: &mut dyn FnMut(&dyn StateView) -> Option<Commit>) -> Answer<()> {
        let names = Scope::new(scope);
        self.write(|transaction| {
            let file = File::new(transaction, scope.tenant)?;
            let past = Past { source: &file, scope: &names, bounds: &self.options.bounds };
            match step(&past) {
                Some(commit) => file.write(&past.commit(commit)?),
                None => Ok(()),
            }
        })
    }

    fn settle(&self, scope: &SessionScope<'_>, call_id: &str, how: Settlement) -> Answer<SettleOutcome> {
        let names = Scope::new(scope);
        self.write(|transaction| {
            let file = File::new(transaction, scope.tenant)?;
            let past = Past { source: &file, scope: &names, bounds: &self.options.bounds };
            let (outcome, plan) = past.settle(call_id, how)?;
            file.write(&plan)?;
            Ok(outcome)
        })
    }
}

impl fmt::Debug for SqliteState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteState").field("options", &self.options).finish_non_exhaustive()
    }
}

/// One tenant's records within a transaction.
struct File<'a> {
    transaction: &'a Transaction<'a>,
    name: String,
    /// Its number and latest time, if it is known.
    tenant: Option<(i64, Option<Time>)>,
}

impl<'a> File<'a> {
    fn new(transaction: &'a Transaction<'a>, tenant: Option<&str>) -> Answer<File<'a>> {
        // The tenant of requests that name none is not the one whose name is empty.
        File::named(transaction, &tenant.map_or_else(String::new, |name| format!("={name}")))
    }

    /// The tenant with this name in the file.
    fn named(transaction: &'a Transaction<'a>, name: &str) -> Answer<File<'a>> {
        let found = transaction
            .prepare_cached("SELECT id, latest FROM tenants WHERE name = ?1")
            .and_then(|mut query| {
                query.query_row([name], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?))).optional()
            })
            .map_err(unavailable)?;
        let time = |latest: Option<String>| match latest {
            Some(text) => stamp::read(&text).map(Some).ok_or_else(|| bad("a tenant's time is broken")),
            None => Ok(None),
        };
        let tenant = found.map(|(id, latest)| Ok((id, time(latest)?))).transpose()?;
        Ok(File { transaction, name: name.to_owned(), tenant })
    }

    fn write(&self, plan: &Plan) -> Answer<()> {
        if plan.now.is_none() && plan.writes.is_empty() {
            return Ok(());
        }
        let latest = self.tenant.and_then(|(_, latest)| latest).max(plan.now);
        let tenant = self.touch(latest)?;
        for write in &plan.writes {
            self.record(tenant, write, latest).map_err(unavailable)?;
        }
        if let Some(session) = plan.session {
            self.run(
                "UPDATE sessions SET at = max(coalesce(at, ?3), ?3) WHERE tenant = ?1 AND id = ?2 AND ?3 IS NOT NULL",
                params![tenant, Key::Labels(session).bytes(), plan.now.map(stamp::write)],
            )
            .map_err(unavailable)?;
        }
        Ok(())
    }

    /// The tenant's number, with its latest time recorded.
    fn touch(&self, latest: Option<Time>) -> Answer<i64> {
        let latest_text = latest.map(stamp::write);
        match self.tenant {
            Some((id, before)) => {
                if before != latest {
                    self.run("UPDATE tenants SET latest = ?2 WHERE id = ?1", params![id, latest_text])
                        .map_err(unavailable)?;
                }
                Ok(id)
            }
            None => {
                self.run("INSERT INTO tenants (name, latest) VALUES (?1, ?2)", params![self.name, latest_text])
                    .map_err(unavailable)?;
                Ok(self.transaction.last_insert_rowid())
            }
        }
    }

    fn record(&self, tenant: i64, write: &Write, latest: Option<Time>) -> rusqlite::Result<()> {
        let (table, id) = (table(&write.key), write.key.bytes());
        let Some(value) = &write.value else {
            return self.run(&format!("DELETE FROM {table} WHERE tenant = ?1 AND id = ?2"), params![tenant, id]);
        };
        // A session's time is kept beside its labels, and set by `write`.
        let sql = format!(
            "INSERT INTO {table} (tenant, id, value, at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT DO UPDATE SET value = excluded.value, at = coalesce(excluded.at, at)"
        );
        self.run(&sql, params![tenant, id, value, write.at.map(stamp::write)])?;
        // Each record that passes away makes room for several that did.
        let passed = match write.key {
            Key::Pot(_) => latest,
            Key::Evidence(_) => latest.and_then(|latest| latest.checked_sub(EVIDENCE_MARGIN)),
            _ => None,
        };
        let Some(passed) = passed else { return Ok(()) };
        let sql = format!(
            "DELETE FROM {table} WHERE tenant = ?1 AND id IN \
             (SELECT id FROM {table} WHERE tenant = ?1 AND at <= ?2 ORDER BY at LIMIT {SWEEP})"
        );
        self.run(&sql, params![tenant, stamp::write(passed)])
    }

    fn run(&self, sql: &str, params: impl rusqlite::Params) -> rusqlite::Result<()> {
        self.transaction.prepare_cached(sql)?.execute(params).map(drop)
    }
}

impl Source for File<'_> {
    fn get(&self, key: &Key) -> Answer<Option<Vec<u8>>> {
        let Some((tenant, _)) = self.tenant else { return Ok(None) };
        let sql = format!("SELECT value FROM {} WHERE tenant = ?1 AND id = ?2", table(key));
        self.transaction
            .prepare_cached(&sql)
            .and_then(|mut query| query.query_row(params![tenant, key.bytes()], |row| row.get(0)).optional())
            .map_err(unavailable)
    }

    fn latest(&self) -> Answer<Option<Time>> {
        Ok(self.tenant.and_then(|(_, latest)| latest))
    }

    fn is_forgotten(&self, session: &Digest) -> Answer<bool> {
        let Some((tenant, _)) = self.tenant else { return Ok(false) };
        self.transaction
            .prepare_cached("SELECT 1 FROM forgotten WHERE tenant = ?1 AND id = ?2")
            .and_then(|mut query| query.exists(params![tenant, session.0.as_slice()]))
            .map_err(unavailable)
    }
}

fn bad(why: &str) -> StateError {
    StateError::Unavailable(why.to_owned())
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn unavailable(error: rusqlite::Error) -> StateError {
    StateError::Unavailable(match error.sqlite_error_code() {
        _ if is_busy(&error) => "it is busy with other calls".to_owned(),
        Some(ErrorCode::DiskFull) => "its disk or its file is full".to_owned(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => "its file is damaged".to_owned(),
        _ => error.to_string(),
    })
}
