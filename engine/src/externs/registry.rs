//! The functions by name, and the way of a question: cache, breaker, thread, time-out, type.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use claw_runtime::{ExternAnswer, ExternCall, Externs, Policy, Value};

use super::breaker::Breaker;
use super::cache::Cache;
use super::metrics::{Counters, End, ExternMetrics};
use super::pool::{Job, Pool};
use super::{Extern, ExternOptions, Question, Reply};

/// The functions that a host offers to policies, by the names that these declare. Clones share everything, so one
/// registry serves the policies of all tenants and their reloads.
#[derive(Clone, Debug)]
pub struct ExternRegistry {
    options: ExternOptions,
    pool: Arc<Pool>,
    functions: BTreeMap<String, Arc<Entry>>,
}

/// One function, and what is remembered of it.
struct Entry {
    function: Box<dyn Extern>,
    /// How long an answer may be used again.
    ttl: Option<Duration>,
    cache: Mutex<Cache>,
    breaker: Mutex<Breaker>,
    counters: Counters,
    /// Threads that it holds.
    share: Arc<Mutex<usize>>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("ttl", &self.ttl).field("counters", &self.counters).finish_non_exhaustive()
    }
}

/// A poisoned lock is taken all the same: what these guard is whole between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ExternRegistry {
    /// A registry without functions.
    #[must_use]
    pub fn new(options: ExternOptions) -> ExternRegistry {
        let pool = Pool::new(options.threads, options.threads_per_function, options.waiting);
        ExternRegistry { options, pool: Arc::new(pool), functions: BTreeMap::new() }
    }

    /// Adds a function, or replaces the one of this name.
    #[must_use]
    pub fn with(self, name: &str, function: impl Extern + 'static) -> ExternRegistry {
        self.add(name, Box::new(function), None)
    }

    /// As [`ExternRegistry::with`]; an answer is used again for the same arguments for as long as `ttl`. Unknown is
    /// not remembered.
    #[must_use]
    pub fn with_cached(self, name: &str, ttl: Duration, function: impl Extern + 'static) -> ExternRegistry {
        self.add(name, Box::new(function), Some(ttl))
    }

    fn add(mut self, name: &str, function: Box<dyn Extern>, ttl: Option<Duration>) -> ExternRegistry {
        let entry = Entry {
            function,
            ttl,
            cache: Mutex::default(),
            breaker: Mutex::default(),
            counters: Counters::default(),
            share: Arc::default(),
        };
        self.functions.insert(name.to_owned(), Arc::new(entry));
        self
    }

    /// Lets a policy ask these functions. What it declares and this has not stays unknown; see
    /// [`Policy::missing_externs`].
    #[must_use]
    pub fn register_into(&self, policy: Policy) -> Policy {
        policy.with_externs(Arc::new(self.clone()))
    }

    /// What happened to the questions to a function; `None` if there is none of this name.
    #[must_use]
    pub fn metrics(&self, name: &str) -> Option<ExternMetrics> {
        self.functions.get(name).map(|entry| entry.counters.read())
    }

    /// The names of all functions, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.functions.keys().map(String::as_str)
    }

    /// The declared time-out, or the host's if that is shorter.
    fn timeout(&self, call: &ExternCall<'_>) -> Duration {
        let declared = u64::try_from(call.timeout().as_millis()).unwrap_or(0);
        Duration::from_millis(declared).min(self.options.max_timeout)
    }

    /// Puts a question on its way, or answers it at once.
    fn start(&self, place: usize, call: &ExternCall<'_>, send: &Sender<Reported>) -> Result<Waiting, ExternAnswer> {
        let Some(entry) = self.functions.get(call.name()) else { return Err(ExternAnswer::Unknown) };
        let now = Instant::now();
        if let Some(answer) = entry.ttl.and_then(|ttl| lock(&entry.cache).get(call.args(), now, ttl)) {
            entry.counters.count(End::Cached);
            return Err(ExternAnswer::Value(answer));
        }
        if !lock(&entry.breaker).admits(now) {
            entry.counters.count(End::Skipped);
            return Err(ExternAnswer::Unknown);
        }
        let deadline = now.checked_add(self.timeout(call)).unwrap_or(now);
        let question =
            Question { name: call.name().to_owned(), args: call.args().to_vec(), json: call.args_json(), deadline };
        let started = Arc::new(AtomicBool::new(false));
        let (run_entry, run_started, send) = (Arc::clone(entry), Arc::clone(&started), send.clone());
        let run = Box::new(move || {
            run_started.store(true, Ordering::SeqCst);
            let reply = catch_unwind(AssertUnwindSafe(|| run_entry.function.call(&question)));
            // Nobody listens any more if it was late.
            let _ = send.send((place, reply.map_err(drop)));
        });
        if !self.pool.submit(Job { share: Arc::clone(&entry.share), deadline, run }) {
            lock(&entry.breaker).not_asked();
            entry.counters.count(End::Refused);
            return Err(ExternAnswer::Unknown);
        }
        Ok(Waiting { entry: Arc::clone(entry), deadline, started })
    }

    /// Waits for what is on its way, each until its own deadline.
    fn collect(
        &self,
        calls: &[ExternCall<'_>],
        mut waiting: BTreeMap<usize, Waiting>,
        receive: &Receiver<Reported>,
        answers: &mut [ExternAnswer],
    ) {
        let mut late: Vec<Arc<Entry>> = Vec::new();
        while let Some(next) = waiting.values().map(|w| w.deadline).min() {
            let (place, answer) = match receive.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok((place, reply)) => {
                    let (Some(waited), Some(call)) = (waiting.remove(&place), calls.get(place)) else { continue };
                    (place, waited.entry.judge(call, reply))
                }
                Err(_) => {
                    let Some(place) = waiting.iter().find(|(_, w)| w.deadline == next).map(|(place, _)| *place) else {
                        return;
                    };
                    let Some(waited) = waiting.remove(&place) else { return };
                    self.too_late(&waited, &mut late);
                    (place, ExternAnswer::TimedOut)
                }
            };
            if let Some(slot) = answers.get_mut(place) {
                *slot = answer;
            }
        }
    }

    /// A function's time-outs in one decision count as one in a row.
    fn too_late(&self, waited: &Waiting, late: &mut Vec<Arc<Entry>>) {
        let entry = &waited.entry;
        if !waited.started.load(Ordering::SeqCst) && *lock(&entry.share) == 0 {
            // Others hold all threads: not its fault.
            entry.counters.count(End::Refused);
            lock(&entry.breaker).not_asked();
            return;
        }
        entry.counters.count(End::TimedOut);
        if !late.iter().any(|known| Arc::ptr_eq(known, entry)) {
            lock(&entry.breaker).timed_out(Instant::now(), self.options.trip_after, self.options.rest);
            late.push(Arc::clone(entry));
        }
    }
}

/// Which question, and the reply; the error is a panic.
type Reported = (usize, Result<Result<Reply, String>, ()>);

/// A question on its way.
struct Waiting {
    entry: Arc<Entry>,
    deadline: Instant,
    /// A thread has begun with it.
    started: Arc<AtomicBool>,
}

impl Entry {
    /// What a reply in time comes to.
    fn judge(&self, call: &ExternCall<'_>, reply: Result<Result<Reply, String>, ()>) -> ExternAnswer {
        lock(&self.breaker).answered();
        let value = match reply {
            Err(()) => {
                self.counters.count(End::Panicked);
                return ExternAnswer::Unknown;
            }
            Ok(Err(why)) => Err(why),
            Ok(Ok(Reply::Value(value))) if call.fits(&value) => Ok(value),
            Ok(Ok(Reply::Json(json))) => {
                call.read(&json).ok_or_else(|| format!("answered {}, which is not of the declared type", json.kind()))
            }
            Ok(Ok(Reply::Value(_))) => Err("answered a value that is not of the declared type".to_owned()),
        };
        match value {
            Ok(value) => {
                self.counters.count(End::Answered);
                self.remember(call.args(), &value);
                ExternAnswer::Value(value)
            }
            Err(why) => {
                self.counters.failed(why);
                ExternAnswer::Unknown
            }
        }
    }

    fn remember(&self, args: &[Value], value: &Value) {
        if let Some(ttl) = self.ttl {
            lock(&self.cache).put(args.to_vec(), value.clone(), Instant::now(), ttl);
        }
    }
}

impl Externs for ExternRegistry {
    fn has(&self, name: &str) -> bool {
        self.functions.contains_key(name)
    }

    fn ask(&self, calls: &[ExternCall<'_>]) -> Vec<ExternAnswer> {
        let (send, receive) = channel();
        let mut answers = vec![ExternAnswer::Unknown; calls.len()];
        let mut waiting = BTreeMap::new();
        for (place, (call, answer)) in calls.iter().zip(&mut answers).enumerate() {
            match self.start(place, call, &send) {
                Ok(on_its_way) => drop(waiting.insert(place, on_its_way)),
                Err(at_once) => *answer = at_once,
            }
        }
        self.collect(calls, waiting, &receive, &mut answers);
        answers
    }
}
