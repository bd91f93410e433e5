//! The tables of the file: how they are made, which hold what, and what is removed from them.

use std::path::Path;

use claw_runtime::state::{Answer, StateError};
use claw_runtime::{Digest, Duration};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::{File, Instant, Key, Labels, Session, SqliteOptions, Wait, bad, is_busy, read, unavailable};

/// The version of the tables, in the file's `user_version`.
const VERSION: i64 = 1;
/// Says that the file is a claw store ("claw" in ASCII), in the file's `application_id`.
const APPLICATION: i64 = 0x636c_6177;

/// Records that have passed are removed so many at a time.
pub(super) const SWEEP: usize = 8;
/// Sessions, or ids, that one transaction forgets.
const PORTION: usize = 500;
/// Requests may bring times of the past, so evidence that has expired is remembered for longer.
pub(super) const EVIDENCE_MARGIN: Duration = Duration::from_millis(86_400_000);

/// All have the same shape: a record's name within its tenant, its bytes, and the time by which it may be removed.
const TABLES: [&str; 6] = ["sessions", "priors", "pending", "settled", "pots", "evidence"];

/// Where a record is kept.
pub(super) fn table(key: &Key) -> &'static str {
    match key {
        Key::Session(_) | Key::Labels(_) => "sessions",
        Key::Query(..) | Key::Known(..) | Key::Place(..) => "priors",
        Key::Pending(..) => "pending",
        Key::Settled(_) => "settled",
        Key::Pot(_) => "pots",
        Key::Evidence(_) => "evidence",
    }
}

/// Makes a new file readable to its owner only, as SQLite then makes the files beside it: answers of pending calls contain
/// their arguments. Where that fails, opening says why.
pub(super) fn keep_private(path: &Path) {
    if path == Path::new(":memory:") {
        return;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path));
}

/// Sets the connection up, and makes the tables if the file is new.
pub(super) fn prepare(connection: &mut Connection, options: &SqliteOptions) -> Answer<()> {
    connection.busy_timeout(options.timeout).map_err(unavailable)?;
    let pragma =
        |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(unavailable);
    let application = pragma("application_id")?;
    if application != 0 && application != APPLICATION {
        return Err(bad("the file is not a store of past calls"));
    }
    let page = pragma("page_size")?;
    let pages = i64::try_from(options.bytes).unwrap_or(i64::MAX) / page.max(1);
    let set = |name: &str, value: &dyn rusqlite::ToSql| {
        // Some of these answer with the value that holds now.
        connection.pragma_update_and_check(None, name, value, |_| Ok(())).or_else(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => Ok(()),
            other => Err(unavailable(other)),
        })
    };
    write_ahead(connection, options)?;
    set("synchronous", &if options.sync { "FULL" } else { "NORMAL" })?;
    set("max_page_count", &pages.max(1))?;
    connection.set_prepared_statement_cache_capacity(64);
    make(connection)
}

/// Readers of the file then don't wait for its writer. The mode stays with the file; setting it fails, without
/// waiting, while another process does the same.
fn write_ahead(connection: &Connection, options: &SqliteOptions) -> Answer<()> {
    let end = Instant::now().checked_add(options.timeout);
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())) {
            Ok(()) => return Ok(()),
            Err(error) if is_busy(&error) && end.is_some_and(|end| Instant::now() < end) => {
                std::thread::sleep(Wait::from_millis(5));
            }
            Err(error) => return Err(unavailable(error)),
        }
    }
}

fn make(connection: &mut Connection) -> Answer<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(unavailable)?;
    let number = |sql: &str| transaction.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(unavailable);
    match number("PRAGMA user_version")? {
        VERSION => return Ok(()),
        0 if number("SELECT count(*) FROM sqlite_schema")? == 0 => {}
        0 => return Err(bad("the file is not a store of past calls")),
        newer => {
            let why = format!("the file has version {newer}, this engine reads {VERSION}");
            return Err(StateError::Unavailable(why));
        }
    }
    let mut sql = String::from(
        "CREATE TABLE tenants (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, latest TEXT) STRICT;
         CREATE TABLE forgotten (tenant INTEGER NOT NULL, id BLOB NOT NULL, PRIMARY KEY (tenant, id)) STRICT, WITHOUT ROWID;",
    );
    for table in TABLES {
        sql += &format!(
            "CREATE TABLE {table} (tenant INTEGER NOT NULL, id BLOB NOT NULL, value BLOB NOT NULL, at TEXT,
               PRIMARY KEY (tenant, id)) STRICT, WITHOUT ROWID;
             CREATE INDEX {table}_at ON {table} (tenant, at) WHERE at IS NOT NULL;"
        );
    }
    sql += &format!("PRAGMA user_version = {VERSION}; PRAGMA application_id = {APPLICATION};");
    transaction.execute_batch(&sql).map_err(unavailable)?;
    transaction.commit().map_err(unavailable)
}

/// The tenants' numbers and names.
pub(super) fn tenants(transaction: &Transaction<'_>) -> Answer<Vec<(i64, String)>> {
    rows(transaction, "SELECT id, name FROM tenants", [])
}

/// How far forgetting has come within a tenant.
#[derive(Debug, Default)]
pub(super) struct Progress {
    ids_done: bool,
    /// The last session that was looked at.
    session: Vec<u8>,
}

/// Forgets a portion of what is older than `time`. Says whether there may be more.
pub(super) fn forget(file: &File<'_>, time: &str, progress: &mut Progress) -> Answer<bool> {
    let Some((tenant, _)) = file.tenant else { return Ok(false) };
    if !progress.ids_done {
        progress.ids_done = !forget_ids(file.transaction, tenant, time)?;
        return Ok(true);
    }
    forget_sessions(file, tenant, time, progress)
}

fn forget_ids(transaction: &Transaction<'_>, tenant: i64, time: &str) -> Answer<bool> {
    let mut removed = 0;
    // The names of pending calls with a session begin with the session's.
    for (table, only) in [("settled", ""), ("pending", "AND length(id) = 33")] {
        let sql = format!(
            "DELETE FROM {table} WHERE tenant = ?1 AND id IN \
             (SELECT id FROM {table} WHERE tenant = ?1 AND at < ?2 {only} LIMIT {PORTION})"
        );
        removed += transaction.execute(&sql, params![tenant, time]).map_err(unavailable)?;
    }
    Ok(removed > 0)
}

fn forget_sessions(file: &File<'_>, tenant: i64, time: &str, progress: &mut Progress) -> Answer<bool> {
    let sql =
        format!("SELECT id, at FROM sessions WHERE tenant = ?1 AND id > ?2 AND at < ?3 ORDER BY id LIMIT {PORTION}");
    let old: Vec<(Vec<u8>, String)> = rows(file.transaction, &sql, params![tenant, progress.session, time])?;
    for (id, _) in &old {
        let name = id.first_chunk().copied().map(Digest).ok_or_else(|| bad("a session's name is broken"))?;
        forget_session(file, tenant, name)?;
    }
    progress.session = old.last().map(|(id, _)| id.clone()).unwrap_or_default();
    Ok(old.len() == PORTION)
}

/// Drops a session without pending calls, and remembers that, if anything is lost with it.
fn forget_session(file: &File<'_>, tenant: i64, name: Digest) -> Answer<()> {
    let session: Session = read(file, &Key::Session(name))?.unwrap_or_default();
    if session.pending > 0 {
        return Ok(());
    }
    let labels: Labels = read(file, &Key::Labels(name))?.unwrap_or_default();
    let transaction = file.transaction;
    // All that begins with the session's name; a letter comes next.
    let end = [name.0.as_slice(), &[u8::MAX]].concat();
    let mut priors = 0;
    for table in ["priors", "sessions"] {
        let sql = format!("DELETE FROM {table} WHERE tenant = ?1 AND id >= ?2 AND id < ?3");
        let removed = transaction.execute(&sql, params![tenant, name.0.as_slice(), end]).map_err(unavailable)?;
        priors += if table == "priors" { removed } else { 0 };
    }
    if priors > 0 || !labels.is_blank() {
        let sql = "INSERT OR IGNORE INTO forgotten (tenant, id) VALUES (?1, ?2)";
        transaction.execute(sql, params![tenant, name.0.as_slice()]).map_err(unavailable)?;
    }
    Ok(())
}

fn rows<T>(transaction: &Transaction<'_>, sql: &str, params: impl rusqlite::Params) -> Answer<Vec<T>>
where
    T: Pair,
{
    let mut query = transaction.prepare(sql).map_err(unavailable)?;
    let rows = query.query_map(params, T::of).map_err(unavailable)?;
    rows.collect::<rusqlite::Result<_>>().map_err(unavailable)
}

/// A row of two columns.
trait Pair: Sized {
    fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self>;
}

impl<A: rusqlite::types::FromSql, B: rusqlite::types::FromSql> Pair for (A, B) {
    fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<(A, B)> {
        Ok((row.get(0)?, row.get(1)?))
    }
}
