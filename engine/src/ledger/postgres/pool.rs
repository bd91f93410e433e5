//! A few connections to PostgreSQL, each on a thread of its own.
//!
//! The client has no time-out of its own for an answer that never comes, and may not be called from an asynchronous
//! program's threads. On a thread of its own neither is a problem: whoever waits for too long goes away, and the thread
//! ends when its connection does. Knows nothing of what is asked.

use std::collections::HashMap;
use std::fmt;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use postgres::types::ToSql;
use postgres::{Client, Statement};

use super::PostgresOptions;
use crate::ledger::store::{Answer, StoreError};

/// What every connection is told first, besides when to give up: to lose nothing that it has confirmed.
const SETTINGS: &str = "set synchronous_commit = on; set default_transaction_isolation = 'read committed'";

type Connect = dyn Fn() -> Result<Client, postgres::Error> + Send + Sync;
type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// What is done on a connection.
pub(super) trait Operation<T>: FnOnce(&mut Connection) -> Result<T, postgres::Error> + Send + 'static {}

impl<T, F: FnOnce(&mut Connection) -> Result<T, postgres::Error> + Send + 'static> Operation<T> for F {}

/// When an answer comes too late.
#[derive(Clone, Copy)]
struct Deadline {
    begun: Instant,
    after: Duration,
}

impl Deadline {
    fn left(self) -> Duration {
        self.after.saturating_sub(self.begun.elapsed())
    }
}

/// Connections that are lent to one operation at a time.
pub(super) struct Pool {
    connect: Arc<Connect>,
    options: PostgresOptions,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    workers: Mutex<Workers>,
    changed: Condvar,
}

#[derive(Default)]
struct Workers {
    idle: Vec<SyncSender<Job>>,
    /// How many threads there are.
    living: usize,
}

/// One connection with its prepared statements.
pub(super) struct Connection {
    client: Client,
    statements: HashMap<&'static str, Statement>,
}

impl Connection {
    fn new(connect: &Connect, options: PostgresOptions) -> Result<Connection, postgres::Error> {
        let mut client = connect()?;
        client.batch_execute(SETTINGS)?;
        // Before we do.
        let patience =
            options.timeout.as_millis().saturating_mul(3).checked_div(5).unwrap_or_default().clamp(1, 1_000_000);
        client.batch_execute(&format!("set statement_timeout = {patience}; set lock_timeout = {patience}"))?;
        Ok(Connection { client, statements: HashMap::new() })
    }

    pub(super) fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    fn prepared(&mut self, sql: &'static str) -> Result<Statement, postgres::Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }

    /// Runs a statement; how many rows it changed.
    pub(super) fn execute(
        &mut self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, postgres::Error> {
        let statement = self.prepared(sql)?;
        self.client.execute(&statement, params)
    }

    /// The first column of all rows.
    pub(super) fn texts(
        &mut self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<String>, postgres::Error> {
        let statement = self.prepared(sql)?;
        self.client.query(&statement, params)?.iter().map(|row| row.try_get(0)).collect()
    }
}

impl Pool {
    pub(super) fn new(
        connect: impl Fn() -> Result<Client, postgres::Error> + Send + Sync + 'static,
        options: PostgresOptions,
    ) -> Pool {
        Pool { connect: Arc::new(connect), options, shared: Arc::default() }
    }

    fn deadline(&self) -> Deadline {
        Deadline { begun: Instant::now(), after: self.options.timeout }
    }

    /// Runs an operation on some connection. Fails after the time for an answer; the operation may be done nevertheless then.
    pub(super) fn run<T: Send + 'static>(&self, operation: impl Operation<T>) -> Answer<T> {
        self.run_until(self.deadline(), operation)
    }

    /// As [`Pool::run`], for what may as well be done twice: once more if it fails at once, since the connection may
    /// have been dead for long.
    pub(super) fn run_again<T: Send + 'static>(&self, operation: impl Operation<T> + Clone) -> Answer<T> {
        let deadline = self.deadline();
        self.run_until(deadline, operation.clone()).or_else(|_| self.run_until(deadline, operation))
    }

    fn run_until<T: Send + 'static>(&self, deadline: Deadline, operation: impl Operation<T>) -> Answer<T> {
        let worker = self.worker(deadline)?;
        let (reply, answer) = mpsc::sync_channel(1);
        let job: Job = Box::new(move |connection| {
            // Nobody may be waiting any more.
            let _ = reply.send(operation(connection));
        });
        worker.send(job).map_err(|_| StoreError("the connection was lost".to_owned()))?;
        match answer.recv_timeout(deadline.left()) {
            Ok(Ok(answer)) => {
                self.shared.lock().idle.push(worker);
                self.shared.changed.notify_one();
                Ok(answer)
            }
            // Whether the connection is still good can't be told from the error: the next one is a new one.
            Ok(Err(error)) => {
                if is_lost(&error) {
                    self.forget_idle();
                }
                Err(StoreError(described(&error)))
            }
            Err(RecvTimeoutError::Timeout) => Err(StoreError("the database takes too long".to_owned())),
            Err(RecvTimeoutError::Disconnected) => {
                self.forget_idle();
                Err(StoreError("the database can't be reached".to_owned()))
            }
        }
    }

    /// Where one connection was lost, the others are likely to be: a server was started anew.
    fn forget_idle(&self) {
        let idle = std::mem::take(&mut self.shared.lock().idle);
        drop(idle);
    }

    /// An idle connection, or a new one, or the next that becomes idle.
    fn worker(&self, deadline: Deadline) -> Answer<SyncSender<Job>> {
        let mut workers = self.shared.lock();
        loop {
            if let Some(worker) = workers.idle.pop() {
                return Ok(worker);
            }
            if workers.living < self.options.connections.max(1) {
                workers.living = workers.living.saturating_add(1);
                drop(workers);
                return self.start();
            }
            if deadline.left().is_zero() {
                return Err(StoreError("all connections to the database are in use".to_owned()));
            }
            workers = self
                .shared
                .changed
                .wait_timeout(workers, deadline.left())
                .map_or_else(|poisoned| poisoned.into_inner().0, |(workers, _)| workers);
        }
    }

    /// Starts the thread of a connection that is counted already.
    fn start(&self) -> Answer<SyncSender<Job>> {
        let (jobs, queue) = mpsc::sync_channel::<Job>(1);
        let (connect, options) = (Arc::clone(&self.connect), self.options);
        let living = Living(Arc::clone(&self.shared));
        let body = move || {
            let _living = living;
            // Without a connection the jobs are dropped, which is an answer.
            let Ok(mut connection) = Connection::new(&*connect, options) else { return };
            while let Ok(job) = queue.recv() {
                job(&mut connection);
            }
        };
        thread::Builder::new()
            .name("claw-ledger".to_owned())
            .spawn(body)
            .map(|_| jobs)
            .map_err(|e| StoreError(format!("no thread for a connection: {e}")))
    }
}

impl Shared {
    /// Nothing panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, Workers> {
        self.workers.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Takes a thread out of the count when it ends, however it ends.
struct Living(Arc<Shared>);

impl Drop for Living {
    fn drop(&mut self) {
        let mut workers = self.0.lock();
        workers.living = workers.living.saturating_sub(1);
        drop(workers);
        self.0.changed.notify_one();
    }
}

/// Is the connection gone, and not just this operation? Class 57P is a server that goes away.
fn is_lost(error: &postgres::Error) -> bool {
    error.as_db_error().is_none_or(|db| db.code().code().starts_with("57P"))
}

/// The error with what the server says; without parameters, which may be somebody's data.
fn described(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{}: {}", db.code().code(), db.message()),
        None => error.to_string(),
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}
