//! One run of one step: reads a tenant's records as they are asked for, remembers what each was, and at the end has
//! them checked and changed by one script.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use claw_runtime::state::{Answer, CLOCK_TOLERANCE, StateError};
use claw_runtime::{Digest, Time};
use redis::Value;

use super::super::draft::Plan;
use super::super::keys::Key;
use super::super::past::Source;
use super::super::stamp;
use super::link::{Arguments, Failure, Link, late, nonsense};
use super::{RedisOptions, names};

/// What became of a step.
pub(super) enum End {
    /// It is written, as the tenant's so-manyeth.
    Written(u64),
    /// Another step has changed what this one has read. Names what.
    Conflict(String),
    /// The tenant is in no generation, or in another.
    NoGeneration,
    OtherGeneration,
    /// Steps that were written are missing.
    RolledBack,
}

pub(super) struct Step<'a> {
    tag: &'a str,
    pub(super) options: &'a RedisOptions,
    pub(super) deadline: Instant,
    link: RefCell<Link>,
    records: RefCell<BTreeMap<Key, Option<Vec<u8>>>>,
    forgotten: RefCell<BTreeMap<Digest, bool>>,
    /// The tenant's latest time, once it is known.
    latest: Cell<Option<Option<Time>>>,
    /// The step depends on the latest time.
    told_time: Cell<bool>,
    /// The connection has answered before this step.
    was_used: bool,
    /// The connection is of no more use, and why.
    broken: RefCell<Option<StateError>>,
}

impl<'a> Step<'a> {
    pub(super) fn new(link: Link, tag: &'a str, options: &'a RedisOptions, deadline: Instant) -> Step<'a> {
        Step {
            was_used: link.used,
            tag,
            options,
            deadline,
            link: RefCell::new(link),
            records: RefCell::default(),
            forgotten: RefCell::default(),
            latest: Cell::default(),
            told_time: Cell::default(),
            broken: RefCell::default(),
        }
    }

    /// The connection, if it is still good.
    pub(super) fn into_link(self) -> Option<Link> {
        self.broken.into_inner().is_none().then(|| self.link.into_inner())
    }

    /// Has a connection failed that was good before, for another reason than that time is up? Then the server may only
    /// have been restarted.
    pub(super) fn is_stale(&self) -> bool {
        self.was_used && self.failed().is_some_and(|error| error != late())
    }

    /// Has something failed that makes all answers since worthless?
    pub(super) fn failed(&self) -> Option<StateError> {
        self.broken.borrow().clone()
    }

    /// One of the tenant's own keys.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.tag)
    }

    pub(super) fn ask<T>(&self, ask: impl FnOnce(&mut Link) -> Result<T, Failure>) -> Answer<T> {
        if let Some(error) = self.failed() {
            return Err(error);
        }
        ask(&mut self.link.borrow_mut()).map_err(|failure| match failure {
            Failure::Refused(error) => error,
            Failure::Broken(error) => {
                *self.broken.borrow_mut() = Some(error.clone());
                error
            }
        })
    }

    /// Reads what is not known yet, with one question to the server.
    fn fetch(&self, keys: &[Key], sessions: &[Digest]) -> Answer<()> {
        let is_new = |key: &&Key| !self.records.borrow().contains_key(key);
        let keys: Vec<Key> = keys.iter().filter(is_new).copied().collect();
        let mut pipeline = redis::pipe();
        let tells_time = self.latest.get().is_none();
        if tells_time {
            pipeline.cmd("GET").arg(self.key("clock"));
        }
        for key in &keys {
            match names::place(self.tag, key) {
                (name, field) if field.is_empty() => pipeline.cmd("GET").arg(name),
                (name, field) => pipeline.cmd("HGET").arg(name).arg(field),
            };
        }
        for session in sessions {
            let (set, member) = names::seen(self.tag, session);
            pipeline.cmd("SISMEMBER").arg(set).arg(member);
        }
        if pipeline.is_empty() {
            return Ok(());
        }
        let mut answers = self.ask(|link| link.ask_all(&pipeline, self.deadline))?.into_iter();
        let mut next = || answers.next().ok_or_else(nonsense);
        if tells_time {
            self.latest.set(Some(time(next()?)?));
        }
        for key in keys {
            let value = bytes(next()?)?;
            self.records.borrow_mut().insert(key, value);
        }
        for session in sessions {
            let Value::Int(found @ (0 | 1)) = next()? else { return Err(nonsense()) };
            self.forgotten.borrow_mut().insert(*session, found == 1);
        }
        Ok(())
    }

    /// Has all that was read checked, and the plan written.
    pub(super) fn end(&self, plan: &Plan, generation: &str, least: u64) -> Answer<End> {
        let (arguments, checked) = self.arguments(plan, generation, least);
        let (code, detail) = self.ask(|link| link.commit(&arguments, self.deadline))?;
        let number = u64::try_from(detail).map_err(|_| nonsense())?;
        Ok(match code {
            0 => {
                self.replicate(plan)?;
                End::Written(number)
            }
            1 => {
                let check = usize::try_from(number).unwrap_or_default().checked_sub(1);
                End::Conflict(check.and_then(|i| checked.get(i).cloned()).unwrap_or_default())
            }
            2 if number == 0 => End::NoGeneration,
            2 => End::OtherGeneration,
            3 => End::RolledBack,
            _ => return Err(nonsense()),
        })
    }

    /// Waits until enough replicas have it, too.
    fn replicate(&self, plan: &Plan) -> Answer<()> {
        if self.options.replicas == 0 || (plan.writes.is_empty() && plan.now.is_none()) {
            return Ok(());
        }
        // Somewhat less than is left, so that the server's answer still comes in time.
        let left = self.deadline.saturating_duration_since(Instant::now()).as_millis().saturating_mul(3) / 4;
        let mut wait = redis::cmd("WAIT");
        // No time at all would be taken for ever.
        wait.arg(self.options.replicas).arg(u64::try_from(left).unwrap_or(u64::MAX).max(1));
        let have: i64 = self.ask(|link| link.ask(&wait, self.deadline))?;
        if usize::try_from(have).is_ok_and(|have| have >= self.options.replicas) {
            Ok(())
        } else {
            Err(StateError::Unavailable("too few replicas have the call".to_owned()))
        }
    }

    /// The sessions that are kept for longer now: the call's, and those that it was asked to inherit from.
    fn used(&self, plan: &Plan) -> BTreeSet<Digest> {
        let records = self.records.borrow();
        let held = records.iter().filter(|(_, value)| value.is_some());
        let labels = held.filter_map(|(key, _)| if let Key::Labels(session) = key { Some(*session) } else { None });
        plan.session.into_iter().flat_map(|session| labels.clone().chain([session])).collect()
    }

    /// The arguments of `commit.lua`, and what each check is of.
    fn arguments(&self, plan: &Plan, generation: &str, least: u64) -> (Arguments, Vec<String>) {
        let fixed = ["generation", "clock", "count"].map(|name| self.key(name));
        let mut script = Script { out: Arguments { keys: fixed.into(), values: Vec::new() } };
        let records = self.records.borrow();
        let members = plan.session.filter(|_| plan.remember).map(|session| names::seen(self.tag, &session));
        let used = self.used(plan);
        let now = self.latest.get().flatten().max(plan.now);

        script.text(generation);
        script.text(&least.to_string());
        script.text(&plan.now.map_or_else(String::new, stamp::write));
        let told = now.filter(|_| self.told_time.get()).and_then(|now| now.checked_add(CLOCK_TOLERANCE));
        script.text(&told.map_or_else(String::new, stamp::write));
        for count in [records.len(), members.iter().len(), plan.writes.len(), used.len()] {
            script.text(&count.to_string());
        }
        let mut checked = Vec::new();
        for (key, value) in records.iter() {
            let (name, field) = names::place(self.tag, key);
            checked.push(name.clone());
            script.record(name, field, value.as_deref());
        }
        if let Some((set, member)) = members {
            script.key(set);
            script.text(&member.to_string());
        }
        for write in &plan.writes {
            let (name, field) = names::place(self.tag, &write.key);
            script.record(name, field, write.value.as_deref());
            let life = names::life(write, now, self.options);
            script.text(&life.map_or_else(String::new, |life| life.to_string()));
        }
        for session in used {
            script.key(names::session_key(self.tag, &session));
            script.text(&names::session_life(self.options).to_string());
        }
        (script.out, checked)
    }
}

/// A script's arguments in the making.
struct Script {
    out: Arguments,
}

impl Script {
    fn text(&mut self, text: &str) {
        self.out.values.push(text.as_bytes().to_vec());
    }

    /// Names a key by its place.
    fn key(&mut self, name: String) {
        let known = self.out.keys.iter().position(|key| *key == name);
        let place = known.unwrap_or(self.out.keys.len());
        if known.is_none() {
            self.out.keys.push(name);
        }
        self.text(&place.saturating_add(1).to_string());
    }

    fn record(&mut self, name: String, field: Vec<u8>, value: Option<&[u8]>) {
        self.key(name);
        self.out.values.push(field);
        self.out.values.push(value.map_or_else(|| b"-".to_vec(), |value| [b"+", value].concat()));
    }
}

impl Source for Step<'_> {
    fn get(&self, key: &Key) -> Answer<Option<Vec<u8>>> {
        self.fetch(&[*key], &[])?;
        self.records.borrow().get(key).cloned().ok_or_else(nonsense)
    }

    fn latest(&self) -> Answer<Option<Time>> {
        self.told_time.set(true);
        self.fetch(&[], &[])?;
        self.latest.get().ok_or_else(nonsense)
    }

    fn is_forgotten(&self, session: &Digest) -> Answer<bool> {
        if let Some(known) = self.forgotten.borrow().get(session) {
            return Ok(*known);
        }
        self.fetch(&[], &[*session])?;
        self.forgotten.borrow().get(session).copied().ok_or_else(nonsense)
    }

    fn prefetch(&self, keys: &[Key]) -> Answer<()> {
        // Sessions are mostly new or held; asking at once whether they are forgotten saves a question later.
        let labels = |key: &Key| if let Key::Labels(session) = key { Some(*session) } else { None };
        let sessions: Vec<Digest> = keys.iter().filter_map(labels).collect();
        self.fetch(keys, &sessions)
    }
}

fn bytes(value: Value) -> Answer<Option<Vec<u8>>> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => Ok(Some(bytes)),
        _ => Err(nonsense()),
    }
}

fn time(value: Value) -> Answer<Option<Time>> {
    let Some(bytes) = bytes(value)? else { return Ok(None) };
    let time = std::str::from_utf8(&bytes).ok().and_then(stamp::read);
    time.map(Some).ok_or_else(|| StateError::Unavailable("a tenant's time is broken".to_owned()))
}
