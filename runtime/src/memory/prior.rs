//! What a session answers about its earlier calls: per query and key, only the latest times matter.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::hash::Map;
use crate::state::{PriorQuery, PriorRecord};
use crate::{Digest, Time, Tri};

#[derive(Debug, Default)]
pub(super) struct Priors {
    queries: Map<Digest, Query>,
    /// By query and key.
    known: Map<(Digest, Digest), Calls>,
    /// The keys of `known`, oldest first.
    order: VecDeque<(Digest, Digest)>,
}

/// What a session knows of one query of history beside its keys. There are as many of these as the policy has queries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// All calls, whatever their key.
    any: Calls,
    /// Calls whose key is unknown, and so may be any.
    unkeyed: Calls,
    /// Calls whose entry in `known` was dropped.
    lost: Latest,
}

/// The latest of the calls that may answer a query, all with the same key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calls {
    /// Settled *ok*, and the query's tests of the call were true.
    ok: Latest,
    /// Settled *ok*, and the tests were unknown.
    maybe: Latest,
    /// Not settled, by begin time and number.
    pending: BTreeSet<(Option<Time>, u64)>,
}

/// The latest of some times, one of which may be unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Latest {
    time: Option<Time>,
    undated: bool,
}

impl Latest {
    fn add(&mut self, time: Option<Time>) {
        self.time = self.time.max(time);
        self.undated |= time.is_none();
    }

    fn join(&mut self, other: Latest) {
        self.time = self.time.max(other.time);
        self.undated |= other.undated;
    }

    /// Is one of them within the query's window?
    fn counts(self, query: &PriorQuery<'_>) -> Tri {
        let undated = if self.undated { Tri::Unknown } else { Tri::False };
        let Some(time) = self.time else { return undated };
        let Some(now) = query.now else { return Tri::Unknown };
        // An end beyond the calendar is never reached.
        undated.or(Tri::from(time.checked_add(query.within).is_none_or(|end| now <= end)))
    }

    /// The same where it is not known whether these are the calls that are asked for.
    fn may_count(self, query: &PriorQuery<'_>) -> Tri {
        self.counts(query).min(Tri::Unknown)
    }
}

impl Calls {
    fn pending(&self) -> Latest {
        Latest {
            time: self.pending.last().and_then(|(time, _)| *time),
            undated: self.pending.first().is_some_and(|(time, _)| time.is_none()),
        }
    }

    /// Settled or not.
    fn all(&self) -> Latest {
        let mut all = self.pending();
        all.join(self.ok);
        all.join(self.maybe);
        all
    }

    /// Remembers a call as pending. `number` tells the calls of a session apart.
    pub fn begin(&mut self, record: &PriorRecord, number: u64) {
        self.pending.insert((record.begun, number));
    }

    /// Records how a pending call ended.
    pub fn settle(&mut self, record: &PriorRecord, number: u64, ok: bool) {
        self.pending.remove(&(record.begun, number));
        if ok {
            let settled = if record.test.is_true() { &mut self.ok } else { &mut self.maybe };
            settled.add(record.begun);
        }
    }
}

impl Query {
    /// Remembers a call as pending. One with a key is to be remembered in its key's [`Calls`], too.
    pub fn begin(&mut self, record: &PriorRecord, number: u64) {
        self.any.begin(record, number);
        if record.key.is_none() {
            self.unkeyed.begin(record, number);
        }
    }

    /// Records how a pending call ended, as [`Query::begin`] did.
    pub fn settle(&mut self, record: &PriorRecord, number: u64, ok: bool) {
        self.any.settle(record, number, ok);
        if record.key.is_none() {
            self.unkeyed.settle(record, number, ok);
        }
    }

    /// Remembers that the calls of a key are not kept any longer: they may have had any.
    pub fn lose(&mut self, calls: &Calls) {
        self.lost.join(calls.all());
    }

    /// What [`crate::StateView::prior`] answers, given the calls with the key that is asked for.
    #[must_use]
    pub fn ask(&self, query: &PriorQuery<'_>, same_key: Option<&Calls>) -> Tri {
        if query.key.is_none() {
            return self.any.all().may_count(query);
        }
        let same_key = same_key.map_or(Tri::False, |calls| {
            calls.ok.counts(query).or(calls.maybe.may_count(query)).or(calls.pending().may_count(query))
        });
        same_key.or(self.unkeyed.all().may_count(query)).or(self.lost.may_count(query))
    }
}

impl Priors {
    pub(super) fn is_empty(&self) -> bool {
        self.queries.is_empty()
    }

    /// Remembers a call as pending; at most `bound` keys are kept.
    pub(super) fn begin(&mut self, record: &PriorRecord, number: u64, bound: usize) {
        if record.test.is_false() {
            return;
        }
        self.queries.entry(record.query).or_default().begin(record, number);
        let Some(key) = record.key else { return };
        let name = (record.query, key);
        if !self.known.contains_key(&name) {
            while self.known.len() >= bound && self.drop_oldest() {}
            self.order.push_back(name);
        }
        self.known.entry(name).or_default().begin(record, number);
    }

    /// Forgets the oldest key, and remembers until when that matters. Says whether there was one.
    fn drop_oldest(&mut self) -> bool {
        let Some(name) = self.order.pop_front() else { return false };
        if let Some(calls) = self.known.remove(&name) {
            self.queries.entry(name.0).or_default().lose(&calls);
        }
        true
    }

    /// Records how a pending call ended.
    pub(super) fn settle(&mut self, record: &PriorRecord, number: u64, ok: bool) {
        if record.test.is_false() {
            return;
        }
        self.queries.entry(record.query).or_default().settle(record, number, ok);
        // Where the key was dropped meanwhile, `lost` has the call already.
        if let Some(calls) = record.key.and_then(|key| self.known.get_mut(&(record.query, key))) {
            calls.settle(record, number, ok);
        }
    }

    pub(super) fn ask(&self, query: &PriorQuery<'_>) -> Tri {
        let Some(found) = self.queries.get(query.query) else { return Tri::False };
        found.ask(query, query.key.and_then(|key| self.known.get(&(*query.query, *key))))
    }
}
