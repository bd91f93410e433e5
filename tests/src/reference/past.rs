//! The past as a plain list of events, looked through from the start for every question.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use claw_runtime::{Decimal, Duration, Time, Tri};

use super::Answer;
use super::approvals::Asking;
use super::call::Call;

/// How an allowed call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not settled yet.
    Pending,
    Ok,
    Error,
    NotExecuted,
}

/// An allowed call.
#[derive(Clone, Debug)]
pub struct Event {
    pub call: Rc<Call>,
    pub answer: Answer,
    pub status: Status,
    pub marks: BTreeSet<String>,
    pub charges: Vec<Charge>,
    /// Evidence that it used up.
    pub uses: Vec<Asking>,
}

/// An addition to a pot.
#[derive(Clone, Debug)]
pub struct Charge {
    /// The limit, and a value for each of its keys.
    pub pot: (usize, Vec<String>),
    pub amount: Decimal,
    pub at: Time,
}

type Session = (Option<String>, String);

/// Everything that was begun.
#[derive(Clone, Debug, Default)]
pub struct Past {
    pub events: Vec<Event>,
    /// Labels that requests carried.
    labels: BTreeMap<Session, BTreeSet<String>>,
    parents: BTreeMap<Session, BTreeSet<String>>,
    latest: BTreeMap<Option<String>, Time>,
}

impl Past {
    /// Earlier allowed calls of the call's session; none if it has no session.
    pub fn of_session<'a>(&'a self, call: &'a Call) -> impl Iterator<Item = &'a Event> {
        self.events
            .iter()
            .filter(|e| call.session.is_some() && e.call.session == call.session && e.call.tenant == call.tenant)
    }

    /// When evidence was first used. That it was stays true, however the call ended.
    pub fn first_use(&self, asking: &Asking) -> Option<i64> {
        let uses = self.events.iter().filter(|e| e.uses.contains(asking));
        uses.filter_map(|e| e.call.time).map(Time::as_millis).next()
    }

    /// The event that the call's id belongs to.
    pub fn same_id(&self, call: &Call) -> Option<&Event> {
        let same = |e: &&Event| e.call.id == call.id && e.call.session == call.session && e.call.tenant == call.tenant;
        self.events.iter().find(same)
    }

    /// Does the session, or one that it inherits from, carry the label?
    pub fn has_label(&self, label: &str, call: &Call) -> Tri {
        let Some(session) = &call.session else { return Tri::Unknown };
        let mut open = vec![session.clone()];
        open.extend(call.parent.clone());
        let mut seen = BTreeSet::new();
        while let Some(session) = open.pop() {
            if !seen.insert(session.clone()) {
                continue;
            }
            let key = (call.tenant.clone(), session.clone());
            let marked = self.events.iter().any(|e| {
                e.call.tenant == call.tenant
                    && e.call.session.as_ref() == Some(&session)
                    && e.status != Status::NotExecuted
                    && e.marks.contains(label)
            });
            if marked || self.labels.get(&key).is_some_and(|l| l.contains(label)) {
                return Tri::True;
            }
            open.extend(self.parents.get(&key).into_iter().flatten().cloned());
        }
        Tri::False
    }

    /// Remembers what a request brings, whatever is answered.
    pub fn seen(&mut self, call: &Call) {
        if let Some(time) = call.time {
            let latest = self.latest.entry(call.tenant.clone()).or_insert(time);
            *latest = time.max(*latest);
        }
        let Some(session) = &call.session else { return };
        let key = (call.tenant.clone(), session.clone());
        self.labels.entry(key.clone()).or_default().extend(call.labels.iter().cloned());
        if let Some(parent) = &call.parent {
            self.parents.entry(key).or_default().insert(parent.clone());
        }
    }

    /// The time to reckon with in limits: none without a clock, or with one that went back.
    pub fn clock(&self, call: &Call) -> Option<Time> {
        let time = call.time?;
        match self.latest.get(&call.tenant) {
            Some(latest) if *latest > time => (latest.as_millis() - time.as_millis() <= 2_000).then_some(*latest),
            _ => Some(time),
        }
    }

    /// The sum in a pot at a time.
    pub fn used(&self, tenant: &Option<String>, pot: &(usize, Vec<String>), window: Duration, now: i64) -> Decimal {
        self.charges(tenant, pot)
            .filter(|charge| end(charge.at, window) + window.as_millis() > now)
            .fold(Decimal::ZERO, |sum, charge| sum.checked_add(charge.amount).expect("sums of these tests are small"))
    }

    /// The first moment from `now` on at which no more than `room` is in the pot.
    pub fn free_at(
        &self,
        tenant: &Option<String>,
        pot: &(usize, Vec<String>),
        window: Duration,
        now: i64,
        room: Decimal,
    ) -> Option<i64> {
        let mut moments: Vec<i64> = self.charges(tenant, pot).map(|c| end(c.at, window) + window.as_millis()).collect();
        moments.push(now);
        moments.sort_unstable();
        moments.into_iter().filter(|t| *t >= now).find(|t| self.used(tenant, pot, window, *t) <= room)
    }

    fn charges<'a>(
        &'a self,
        tenant: &'a Option<String>,
        pot: &'a (usize, Vec<String>),
    ) -> impl Iterator<Item = &'a Charge> {
        self.events
            .iter()
            .filter(move |e| e.call.tenant == *tenant && e.status != Status::NotExecuted)
            .flat_map(|e| &e.charges)
            .filter(move |c| c.pot == *pot)
    }
}

/// Where the bucket of a moment ends. A window has sixty buckets, aligned to the epoch.
fn end(at: Time, window: Duration) -> i64 {
    let size = window.as_millis() / 60;
    (at.as_millis().div_euclid(size) + 1) * size
}
