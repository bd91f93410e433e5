//! Askings in PostgreSQL: for gateways on many machines.
//!
//! Every change is one statement in a transaction of its own, and lasting when it is answered. A server that is slow
//! or gone is an error after [`PostgresOptions::timeout`] at the latest; the next operation connects anew.

use std::fmt;
use std::time::Duration;

use claw_runtime::{Digest, Time};
use postgres::{Client, Config, NoTls};

use self::pool::{Connection, Operation, Pool};
use super::sql::{self, Row};
use super::store::{Answer, Cursor, PER_TENANT, Store, StoreError};
use super::{Asking, AskingId};

mod pool;

/// How a database is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostgresOptions {
    /// How long an answer may take, all in all. The server gives up on a statement after three fifths of it.
    pub timeout: Duration,
    /// How many connections there may be, with those that nobody waits for any more. At least one.
    pub connections: usize,
}

impl Default for PostgresOptions {
    /// 5 s, 8 connections.
    fn default() -> PostgresOptions {
        PostgresOptions { timeout: Duration::from_secs(5), connections: 8 }
    }
}

/// Makes the table, unless it is there: whoever may only use it need not be allowed to make it. The lock keeps two
/// gateways from making it at the same time.
fn prepare(client: &mut Client) -> Result<(), postgres::Error> {
    let known = "select to_regclass('claw_askings_v1') is not null";
    if client.query_one(known, &[])?.try_get(0)? {
        return Ok(());
    }
    let mut transaction = client.transaction()?;
    transaction.execute("select pg_advisory_xact_lock(7163)", &[])?;
    transaction.batch_execute(sql::SCHEMA)?;
    transaction.commit()
}

/// Askings in PostgreSQL.
pub struct PostgresStore {
    pool: Pool,
}

impl PostgresStore {
    /// Connects without TLS, as over a Unix socket. Makes the table if it is not there.
    pub fn connect(config: &Config) -> Answer<PostgresStore> {
        PostgresStore::connect_with(config, PostgresOptions::default())
    }

    /// As [`PostgresStore::connect`], with other options.
    pub fn connect_with(config: &Config, options: PostgresOptions) -> Answer<PostgresStore> {
        let mut config = config.clone();
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(options.timeout);
        }
        PostgresStore::with(move || config.connect(NoTls), options)
    }

    /// Connects as the host says, with TLS for example. It is called for each connection, and again when one was lost;
    /// it should set a time-out.
    pub fn with(
        connect: impl Fn() -> Result<Client, postgres::Error> + Send + Sync + 'static,
        options: PostgresOptions,
    ) -> Answer<PostgresStore> {
        let store = PostgresStore { pool: Pool::new(connect, options) };
        store.pool.run(|connection| prepare(connection.client()))?;
        Ok(store)
    }

    fn select(&self, query: impl Operation<Vec<String>> + Clone) -> Answer<Vec<Asking>> {
        self.pool.run_again(query)?.iter().map(|body| sql::read(body)).collect()
    }
}

impl Store for PostgresStore {
    fn get(&self, id: &AskingId) -> Answer<Option<Asking>> {
        let id = id.to_string();
        Ok(self.select(move |connection| connection.texts(sql::BY_ID, &[&id]))?.pop())
    }

    fn insert(&self, asking: &Asking) -> Answer<Option<Asking>> {
        let row = Row::of(asking)?;
        let slot = row.slot.clone();
        let add = move |connection: &mut Connection| {
            let Row { slot, id, scope, request, opened, expires, awaits_votes, version, body } = &row;
            connection.execute(
                sql::INSERT,
                &[slot, id, scope, request, opened, expires, awaits_votes, version, body, &PER_TENANT],
            )
        };
        // What stands there may be forgotten between the two statements. To insert may be repeated, as to read.
        for _ in 0..3 {
            if self.pool.run_again(add.clone())? == 1 {
                return Ok(None);
            }
            let slot = slot.clone();
            if let Some(there) = self.select(move |connection| connection.texts(sql::BY_SLOT, &[&slot]))?.pop() {
                return Ok(Some(there));
            }
        }
        Err(StoreError::full())
    }

    fn compare_and_set(&self, old: &Asking, new: &Asking) -> Answer<bool> {
        let (old, new) = (Row::of(old)?, Row::of(new)?);
        let changed = self.pool.run(move |connection| {
            let Row { id, opened, expires, awaits_votes, version, body, .. } = &new;
            let (slot, known, seen) = (&old.slot, &old.id, &old.version);
            connection.execute(sql::REPLACE, &[slot, known, seen, id, opened, expires, awaits_votes, version, body])
        })?;
        Ok(changed == 1)
    }

    fn of_request(&self, tenant: Option<&str>, request: &Digest) -> Answer<Vec<Asking>> {
        let (scope, request) = (sql::scope(tenant), request.to_string());
        self.select(move |connection| connection.texts(sql::BY_REQUEST, &[&scope, &request]))
    }

    fn open(&self, tenant: Option<&str>, now: Time, after: Option<&Cursor>, limit: usize) -> Answer<Vec<Asking>> {
        let (scope, now) = (sql::scope(tenant), now.as_millis());
        let (opened, id) = Cursor::columns(after);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.select(move |connection| connection.texts(sql::OPEN, &[&scope, &now, &opened, &id, &limit]))
    }

    fn closed(&self, tenant: Option<&str>, now: Time, limit: usize) -> Answer<Vec<Asking>> {
        let (scope, now) = (sql::scope(tenant), now.as_millis());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.select(move |connection| connection.texts(sql::CLOSED, &[&scope, &now, &limit]))
    }

    fn remove_expired(&self, before: Time) -> Answer<u64> {
        let before = before.as_millis();
        self.pool.run(move |connection| connection.execute(sql::REMOVE, &[&before]))
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}
