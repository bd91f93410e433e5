//! The audit log: many threads record, each record is durable when [`AuditLog::record`] returns, and they share the
//! cost of making it so.
//!
//! An event is serialised by the thread that brings it. Under a lock it gets its number and the hash of the record before,
//! and joins the records that wait. Whoever finds the sink free takes all that wait there as one batch; the others wait
//! until theirs is kept. `chain.rs` knows the order of records and what a failure means for it; this file knows threads.

mod chain;
mod error;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use claw_runtime::Time;

use self::chain::{Chain, Entry, Phase};
pub use self::error::AuditError;
use super::event::Event;
use super::record::{Line, MAX_LINE, Prepared, Tail};
use super::sink::Sink;
use crate::signing::SecretKey;

/// How a log behaves.
#[derive(Debug)]
pub struct Options {
    /// Signs checkpoints; without it there are none.
    pub signer: Option<SecretKey>,
    /// A checkpoint after so many records. Default 1,000.
    pub checkpoint_records: u64,
    /// A checkpoint also with a record that is so much later than the first that no key vouches for yet, by the records'
    /// own times. Default one minute.
    pub checkpoint_every: claw_runtime::Duration,
    /// What to do while the sink fails. Default [`OnFailure::Deny`].
    pub on_failure: OnFailure,
    /// How long a failed sink is left alone. Default half a second.
    pub retry: Duration,
    /// How long to wait for a record to be kept. Default five seconds. A sink that hangs holds up the one thread that is
    /// talking to it for longer; sinks bound that themselves.
    pub patience: Duration,
    /// The most bytes of one event. Default 1 MiB.
    pub event_bytes: usize,
    /// The most records that may wait for the sink. Default 100,000.
    pub waiting: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            signer: None,
            checkpoint_records: 1000,
            checkpoint_every: claw_runtime::Duration::from_millis(60_000),
            on_failure: OnFailure::Deny,
            retry: Duration::from_millis(500),
            patience: Duration::from_secs(5),
            event_bytes: 1 << 20,
            waiting: 100_000,
        }
    }
}

/// What a failing sink means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// Recording fails, and with it whatever was to be recorded.
    #[default]
    Deny,
    /// Records wait in memory, in order, until the sink works again. They are lost if the process ends before.
    Spool {
        /// How many; further ones fail.
        max_records: usize,
    },
}

/// A log that is open for recording. Share it between threads.
pub struct AuditLog {
    inner: Arc<Inner>,
    ticker: Option<(Sender<()>, JoinHandle<()>)>,
}

struct Inner {
    chain: Mutex<Chain>,
    /// Something changed that a waiting thread may look at.
    changed: Condvar,
    sink: Mutex<Box<dyn Sink>>,
    patience: Duration,
    event_bytes: usize,
    spooling: bool,
}

/// Where a record stands, for the thread that brought it.
#[derive(Debug, Default)]
struct Ticket(AtomicU8);

impl Ticket {
    const KEPT: u8 = 1;
    const FAILED: u8 = 2;

    fn settle(&self, how: u8) {
        self.0.store(how, Ordering::Release);
    }
    fn get(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }
}

impl AuditLog {
    /// Continues the log that the sink holds, or begins one.
    ///
    /// # Errors
    /// [`AuditError::Unavailable`] where the sink can't tell where it ends.
    pub fn open(mut sink: Box<dyn Sink>, options: Options) -> Result<AuditLog, AuditError> {
        let tail = sink.tail().map_err(|error| AuditError::Unavailable(error.to_string()))?;
        let spooling = matches!(options.on_failure, OnFailure::Spool { .. });
        let every = sink.flush_every().into_iter().chain(spooling.then_some(options.retry)).min();
        let (patience, event_bytes) = (options.patience, options.event_bytes.min(MAX_LINE / 2));
        let notes = sink.notes();
        let chain = Mutex::new(Chain::new(tail, notes, options));
        let inner = Inner { chain, changed: Condvar::new(), sink: Mutex::new(sink), patience, event_bytes, spooling };
        let inner = Arc::new(inner);
        let ticker = match every {
            Some(every) => Some(tick(&inner, every.max(Duration::from_millis(1)))?),
            None => None,
        };
        Ok(AuditLog { inner, ticker })
    }

    /// Records that something happened at this time, and answers the record's number once the sink has it.
    ///
    /// # Errors
    /// [`AuditError`]: the record is not there, or nobody knows. What was to be recorded must not happen.
    pub fn record(&self, time: impl Into<Option<Time>>, event: &Event) -> Result<u64, AuditError> {
        self.inner.record(time.into(), std::slice::from_ref(event))
    }

    /// Records several events, one directly behind the other; the number is the last one's.
    ///
    /// # Errors
    /// As [`AuditLog::record`]; a part of them may have been kept.
    pub fn record_all(&self, time: impl Into<Option<Time>>, events: &[Event]) -> Result<u64, AuditError> {
        self.inner.record(time.into(), events)
    }

    /// The last record that the sink has kept: worth publishing where the log's keeper can't change it, since
    /// [`verify`](super::verify()) can be told to expect it.
    #[must_use]
    pub fn head(&self) -> Option<Tail> {
        self.inner.lock().held
    }

    /// How many records wait in memory because the sink fails.
    #[must_use]
    pub fn spooled(&self) -> usize {
        self.inner.lock().spool.len()
    }

    /// Signs what there is, makes it durable and ends the log; later records fail. Dropping a log does the same.
    ///
    /// # Errors
    /// [`AuditError`]: the end of the log is not safe.
    pub fn close(&self) -> Result<(), AuditError> {
        self.inner.close()
    }
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.ticker.take() {
            drop(stop);
            let _ = thread.join();
        }
        // Nobody is left to be told.
        let _ = self.inner.close();
    }
}

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditLog").field("head", &self.head()).finish_non_exhaustive()
    }
}

/// Calls the log every so often, until the sender is dropped.
fn tick(inner: &Arc<Inner>, every: Duration) -> Result<(Sender<()>, JoinHandle<()>), AuditError> {
    let (stop, stopped) = channel::<()>();
    let inner: Weak<Inner> = Arc::downgrade(inner);
    let run = move || {
        while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
            let Some(inner) = inner.upgrade() else { return };
            inner.tick();
        }
    };
    let thread = std::thread::Builder::new().name("claw-audit".to_owned()).spawn(run);
    let thread = thread.map_err(|error| AuditError::Unavailable(format!("cannot start a thread: {error}")))?;
    Ok((stop, thread))
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Chain> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sink(&self) -> MutexGuard<'_, Box<dyn Sink>> {
        self.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn prepare(&self, event: &Event) -> Result<Prepared, AuditError> {
        let prepared = Prepared::new(event).map_err(|error| AuditError::Unavailable(error.to_string()))?;
        if prepared.len() > self.event_bytes {
            return Err(AuditError::TooLarge { bytes: prepared.len(), max: self.event_bytes });
        }
        Ok(prepared)
    }

    fn record(&self, time: Option<Time>, events: &[Event]) -> Result<u64, AuditError> {
        let deadline = after(self.patience);
        let prepared: Result<Vec<Prepared>, AuditError> = events.iter().map(|event| self.prepare(event)).collect();
        let ready = prepared.and_then(|prepared| Ok((prepared, self.ready(self.lock(), deadline, events.len())?)));
        let (prepared, mut chain) = match ready {
            Ok(ready) => ready,
            Err(error) => {
                self.lock().lose(events.len(), &error);
                return Err(error);
            }
        };
        let mut last = (0, Arc::new(Ticket::default()));
        for event in prepared {
            let ticket = Arc::new(Ticket::default());
            last = (chain.push(event, time, Some(ticket.clone()))?, ticket);
        }
        self.wait(chain, &last.1, deadline)?;
        Ok(last.0)
    }

    /// Waits until records can be chained: the sink works, or the spool has room.
    fn ready<'a>(
        &'a self,
        mut chain: MutexGuard<'a, Chain>,
        deadline: Instant,
        more: usize,
    ) -> Result<MutexGuard<'a, Chain>, AuditError> {
        let mut tried = false;
        loop {
            chain.has_room(more)?;
            match &chain.phase {
                Phase::Up => return Ok(chain),
                Phase::Over(error) => return Err(error.clone()),
                Phase::Down { .. } if chain.busy && self.spooling => return chain.has_spool(more).map(|()| chain),
                Phase::Down { .. } if chain.busy => chain = self.pause(chain, deadline)?,
                Phase::Down { retry_at, .. } if !tried && Instant::now() >= *retry_at => {
                    tried = true;
                    chain = self.recover(chain);
                }
                Phase::Down { .. } if self.spooling => return chain.has_spool(more).map(|()| chain),
                Phase::Down { error, .. } => return Err(AuditError::Unavailable(error.clone())),
            }
        }
    }

    /// Lets others go on until something has changed.
    fn pause<'a>(&self, chain: MutexGuard<'a, Chain>, deadline: Instant) -> Result<MutexGuard<'a, Chain>, AuditError> {
        let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
        let left = left.ok_or(AuditError::Slow(self.patience))?;
        Ok(self.changed.wait_timeout(chain, left).unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Waits until the record is kept; writes what waits, whenever nobody else does.
    fn wait<'a>(
        &'a self,
        mut chain: MutexGuard<'a, Chain>,
        ticket: &Ticket,
        deadline: Instant,
    ) -> Result<(), AuditError> {
        loop {
            match ticket.get() {
                Ticket::KEPT => return Ok(()),
                Ticket::FAILED => return Err(chain.why()),
                _ if !chain.busy && matches!(chain.phase, Phase::Up) => chain = self.write(chain),
                _ => chain = self.pause(chain, deadline)?,
            }
        }
    }

    /// Hands all that wait to the sink.
    fn write<'a>(&'a self, mut chain: MutexGuard<'a, Chain>) -> MutexGuard<'a, Chain> {
        let batch = std::mem::take(&mut chain.pending);
        chain.busy = true;
        drop(chain);
        let (lines, entries): (Vec<Line>, Vec<Entry>) = batch.into_iter().unzip();
        let (result, notes) = {
            let mut sink = self.sink();
            (sink.append(&lines), sink.notes())
        };
        let mut chain = self.lock();
        chain.notes.extend(notes);
        match result {
            Ok(()) => chain.kept(&lines, &entries),
            Err(error) => chain.failed(&error, lines, entries),
        }
        self.done(chain)
    }

    /// Asks a sink that had failed where it ends, and hands it what waited.
    fn recover<'a>(&'a self, mut chain: MutexGuard<'a, Chain>) -> MutexGuard<'a, Chain> {
        chain.busy = true;
        drop(chain);
        let (found, notes) = {
            let mut sink = self.sink();
            (sink.tail(), sink.notes())
        };
        let mut chain = self.lock();
        chain.notes.extend(notes);
        let mut result = found.map(|tail| chain.reconcile(tail));
        while result.is_ok() && !matches!(chain.phase, Phase::Over(_)) {
            let Some(lines) = chain.next_spooled() else {
                chain.up();
                break;
            };
            drop(chain);
            result = self.sink().append(&lines);
            chain = self.lock();
            if result.is_ok() {
                chain.drained(&lines);
            }
        }
        if let Err(error) = result {
            chain.down(&error);
        }
        self.done(chain)
    }

    fn done<'a>(&self, mut chain: MutexGuard<'a, Chain>) -> MutexGuard<'a, Chain> {
        chain.busy = false;
        self.changed.notify_all();
        chain
    }

    /// What has to be done now and then: making durable, and trying a failed sink again.
    fn tick(&self) {
        let mut chain = self.lock();
        if chain.busy {
            return;
        }
        match chain.phase {
            Phase::Up => {
                chain.busy = true;
                drop(chain);
                let result = self.sink().flush();
                let mut chain = self.lock();
                if let Err(error) = result {
                    chain.failed(&error, Vec::new(), Vec::new());
                }
                drop(self.done(chain));
            }
            Phase::Down { retry_at, .. } if self.spooling && Instant::now() >= retry_at => drop(self.recover(chain)),
            _ => {}
        }
    }

    fn close(&self) -> Result<(), AuditError> {
        let deadline = after(self.patience);
        let mut chain = self.lock();
        while chain.busy {
            chain = self.pause(chain, deadline)?;
        }
        if matches!(chain.phase, Phase::Down { .. }) {
            chain = self.recover(chain);
        }
        if matches!(chain.phase, Phase::Up) {
            chain.finish();
        }
        while matches!(chain.phase, Phase::Up) && (chain.busy || !chain.pending.is_empty()) {
            chain = if chain.busy { self.pause(chain, deadline)? } else { self.write(chain) };
        }
        match &chain.phase {
            Phase::Up => {}
            Phase::Over(AuditError::Closed) => return Ok(()),
            Phase::Down { .. } | Phase::Over(_) => return Err(chain.why()),
        }
        chain.phase = Phase::Over(AuditError::Closed);
        drop(chain);
        self.changed.notify_all();
        self.sink().flush().map_err(|error| AuditError::Unavailable(error.to_string()))
    }
}

/// That much later; a day, where it is longer than that.
fn after(patience: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(patience.min(Duration::from_secs(86_400))).unwrap_or(now)
}

/// Lines that wait, in order, with what becomes of them.
type Queue = VecDeque<(Line, Entry)>;
