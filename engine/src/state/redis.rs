//! A store of past calls in Redis, which many gateways share.
//!
//! A step reads what it needs without holding anything, and ends with one script that checks that all of it is still
//! so and then writes everything, or writes nothing: then the step runs again. So of two calls that want the last of a
//! budget one gets it, and no lock that somebody may fail to release decides which.
//!
//! Redis may lose what it has: by a restart without persistence, a failover, `FLUSHALL`. The store carries a
//! *generation* that gateways pin when they connect, and every tenant a count of its steps that never goes back; where
//! either is missing, the past is unknown, and the store unavailable until the host says [`RedisState::reset`].
//!
//! Knows how records are kept, not what is in them.

mod generation;
mod link;
mod names;
mod step;
mod turn;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration as Wait, Instant};

use claw_runtime::state::{Answer, Commit, SessionScope, SettleOutcome, Settlement, State, StateError, StateView};

use self::generation::{Generation, lost};
use self::link::{Failure, Link, late};
use self::step::{End, Step};
use self::turn::{Turn, pause};
use super::StateBounds;
use super::draft::Plan;
use super::keys::Scope;
use super::past::Past;
use super::pool::Pool;

/// A step that was disturbed so often queues up behind others like it.
const PATIENCE: u32 = 3;
/// A step that was disturbed so often gives up.
const ATTEMPTS: u32 = 200;
/// Tenants whose count of steps is remembered.
const TENANTS: usize = 100_000;

/// How a [`RedisState`] is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisOptions {
    /// What the names of all keys begin with. Default `claw`.
    pub prefix: String,
    /// How long one call may take altogether: connecting, waiting for others, the server's answers. Default 1 s.
    pub timeout: Wait,
    /// Connections at a time. Default 8.
    pub connections: usize,
    /// How long a session is kept after its last call; from then on its labels and earlier calls are unknown, and its
    /// calls that are not settled can't be any more. Default 30 days.
    pub sessions: Wait,
    /// How long the id of a settled call is kept; from then on it would be taken for a new call. Default 7 days.
    pub settled: Wait,
    /// How many replicas must have a call before it is allowed (`WAIT`). Default 0.
    pub replicas: usize,
    /// The generation that the store must have; `None`: whichever it has, or a new one if it is empty.
    pub generation: Option<String>,
    /// Bounds of one session.
    pub bounds: StateBounds,
}

impl Default for RedisOptions {
    fn default() -> RedisOptions {
        let days = |days: u64| Wait::from_secs(days.saturating_mul(86_400));
        RedisOptions {
            prefix: "claw".to_owned(),
            timeout: Wait::from_secs(1),
            connections: 8,
            sessions: days(30),
            settled: days(7),
            replicas: 0,
            generation: None,
            bounds: StateBounds::default(),
        }
    }
}

/// Past calls, kept in Redis.
pub struct RedisState {
    client: redis::Client,
    pool: Pool<Link>,
    options: RedisOptions,
    pinned: Mutex<Pinned>,
    warnings: Vec<String>,
}

/// What the server must not have lost.
#[derive(Clone, Default)]
struct Pinned {
    generation: String,
    /// The latest count of steps that was seen, by tenant.
    counts: HashMap<String, u64>,
}

/// What became of one run.
enum Run<T> {
    Done(T),
    /// Something else has changed this meanwhile.
    Disturbed(String),
    /// The connection was of no use any more before anything was written.
    Stale,
}

impl RedisState {
    /// Connects with the default options. `url` is such as `redis://host:6379/0` or `redis+unix:///path`.
    pub fn connect(url: &str) -> Answer<RedisState> {
        RedisState::connect_with(url, RedisOptions::default())
    }

    /// Connects, and pins the store's generation; makes one if the store has none.
    ///
    /// Fails if the server can't be reached, has another generation than is expected, is known to have lost the past,
    /// or may evict keys (`maxmemory-policy` is not `noeviction`): it would forget what was spent.
    pub fn connect_with(url: &str, options: RedisOptions) -> Answer<RedisState> {
        let what = if options.generation.is_some() { Generation::Expect } else { Generation::Make };
        RedisState::open(url, options, what)
    }

    /// Connects to a server that has lost the past, and accepts that: [`RedisState::reset`] for a gateway that starts.
    pub fn connect_anew(url: &str, options: RedisOptions) -> Answer<RedisState> {
        RedisState::open(url, options, Generation::Reset)
    }

    fn open(url: &str, options: RedisOptions, what: Generation) -> Answer<RedisState> {
        let client = redis::Client::open(url)
            .map_err(|e| StateError::Unavailable(format!("this is no address of a Redis: {e}")))?;
        let deadline = end(&options)?;
        let mut link = Link::connect(&client, deadline)?;
        let warnings = check_eviction(&mut link, deadline)?;
        let generation = generation::settle(&mut link, &options, what, deadline)?;
        let pinned = Mutex::new(Pinned { generation, counts: HashMap::new() });
        let pool = Pool::new(options.connections);
        if let Some(mut lease) = pool.take(deadline) {
            lease.held = Some(link);
        }
        Ok(RedisState { client, pool, options, pinned, warnings })
    }

    /// The generation that is pinned: for [`RedisOptions::generation`], so that a gateway that starts later does not take
    /// an emptied server for a new one.
    #[must_use]
    pub fn generation(&self) -> String {
        self.pinned().generation.clone()
    }

    /// What could not be made sure of when connecting.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Accepts that the server has lost the past, or some of it, and goes on with what it has now: budgets, ids and
    /// labels that were lost begin anew. Every gateway that had pinned the old generation has to do so.
    pub fn reset(&self) -> Answer<()> {
        let deadline = end(&self.options)?;
        self.pool.clear();
        let mut link = Link::connect(&self.client, deadline)?;
        let generation = generation::settle(&mut link, &self.options, Generation::Reset, deadline)?;
        *self.pinned() = Pinned { generation, counts: HashMap::new() };
        Ok(())
    }

    /// Nothing that is done under the lock can panic halfway.
    fn pinned(&self) -> MutexGuard<'_, Pinned> {
        self.pinned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` until what it has read was still so when it was done.
    fn retry<T>(&self, tenant: Option<&str>, work: &mut dyn FnMut(&Step<'_>) -> Answer<(T, Plan)>) -> Answer<T> {
        let deadline = end(&self.options)?;
        let tag = names::tag(&self.options.prefix, tenant);
        let mut turn = None;
        let mut stale = false;
        for attempt in 0..ATTEMPTS {
            match self.run(&tag, deadline, work)? {
                Run::Done(done) => return Ok(done),
                // One that was restarted leaves all connections stale, of which the first to be noticed ends the others.
                Run::Stale if stale => break,
                Run::Stale => {
                    stale = true;
                    self.pool.clear();
                }
                Run::Disturbed(what) if attempt >= PATIENCE && turn.is_none() => {
                    turn = Some(Turn::wait(self, &tag, &what, deadline)?);
                }
                Run::Disturbed(_) => pause(attempt),
            }
        }
        Err(StateError::Unavailable("too many others want the same".to_owned()))
    }

    fn run<T>(
        &self,
        tag: &str,
        deadline: Instant,
        work: &mut dyn FnMut(&Step<'_>) -> Answer<(T, Plan)>,
    ) -> Answer<Run<T>> {
        let mut lease = self.pool.take(deadline).ok_or_else(late)?;
        let link = match lease.held.take() {
            Some(link) => link,
            None => Link::connect(&self.client, deadline)?,
        };
        let step = Step::new(link, tag, &self.options, deadline);
        let worked = work(&step);
        if step.is_stale() {
            return Ok(Run::Stale);
        }
        let ended = match (step.failed(), worked) {
            // Whatever was made of a failed question counts for nothing.
            (Some(error), _) | (None, Err(error)) => Err(error),
            (None, Ok((done, plan))) => self.end(&step, tag, &plan).map(|end| match end {
                End::Conflict(what) => Run::Disturbed(what),
                _ => Run::Done(done),
            }),
        };
        lease.held = step.into_link();
        ended
    }

    /// Has the step written, if the server has not lost anything.
    fn end(&self, step: &Step<'_>, tag: &str, plan: &Plan) -> Answer<End> {
        let (generation, least) = {
            let pinned = self.pinned();
            (pinned.generation.clone(), pinned.counts.get(tag).copied())
        };
        let mut end = step.end(plan, &generation, least.unwrap_or(0))?;
        if matches!(end, End::NoGeneration | End::OtherGeneration)
            && least.is_none()
            && generation::ask(step, Generation::Adopt, &generation)? == generation
        {
            end = step.end(plan, &generation, 0)?;
        }
        if matches!(end, End::RolledBack) || (matches!(end, End::NoGeneration) && least.is_some()) {
            generation::ask(step, Generation::Lose, &generation)?;
        }
        match end {
            End::Written(count) => {
                let mut pinned = self.pinned();
                let room = pinned.counts.len() < TENANTS;
                if pinned.generation == generation && (room || least.is_some()) {
                    let known = pinned.counts.entry(tag.to_owned()).or_default();
                    *known = count.max(*known);
                }
                Ok(End::Written(count))
            }
            End::NoGeneration | End::OtherGeneration => Err(lost("its generation is another")),
            End::RolledBack => Err(lost("calls are missing")),
            end @ End::Conflict(_) => Ok(end),
        }
    }
}

impl State for RedisState {
    fn transact(&self, scope: &SessionScope<'_>, step: &mut dyn FnMut(&dyn StateView) -> Option<Commit>) -> Answer<()> {
        let names = Scope::new(scope);
        self.retry(scope.tenant, &mut |source| {
            let past = Past { source, scope: &names, bounds: &self.options.bounds };
            let plan = match step(&past) {
                Some(commit) => past.commit(commit)?,
                None => Plan::default(),
            };
            Ok(((), plan))
        })
    }

    fn settle(&self, scope: &SessionScope<'_>, call_id: &str, how: Settlement) -> Answer<SettleOutcome> {
        let names = Scope::new(scope);
        self.retry(scope.tenant, &mut |source| {
            Past { source, scope: &names, bounds: &self.options.bounds }.settle(call_id, how)
        })
    }
}

impl fmt::Debug for RedisState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisState").field("options", &self.options).finish_non_exhaustive()
    }
}

fn end(options: &RedisOptions) -> Answer<Instant> {
    Instant::now().checked_add(options.timeout).ok_or_else(late)
}

/// Refuses a server that evicts keys. Warns where it does not say.
fn check_eviction(link: &mut Link, deadline: Instant) -> Answer<Vec<String>> {
    let mut ask = redis::cmd("CONFIG");
    ask.arg("GET").arg("maxmemory-policy");
    match link.ask::<HashMap<String, String>>(&ask, deadline) {
        Ok(found) => match found.get("maxmemory-policy").map(String::as_str) {
            Some("noeviction") => Ok(Vec::new()),
            Some(policy) => {
                let why =
                    format!("it may forget what was spent: its `maxmemory-policy` is `{policy}`, not `noeviction`");
                Err(StateError::Unavailable(why))
            }
            None => Ok(vec!["the server does not say whether it evicts keys".to_owned()]),
        },
        Err(Failure::Refused(why)) => Ok(vec![format!("the server does not say whether it evicts keys: {why}")]),
        Err(Failure::Broken(error)) => Err(error),
    }
}

fn random() -> Answer<u64> {
    getrandom::u64().map_err(|_| StateError::Unavailable("the system has no random numbers".to_owned()))
}
