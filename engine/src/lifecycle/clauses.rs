//! Counts of one clause: when it applied, to what, and who agreed.

use std::collections::{BTreeMap, BTreeSet};

use claw_runtime::Time;
use serde::Serialize;

use crate::audit::{AppliedFacts, DecisionEvent};

/// How many different values are told apart.
const DISTINCT: usize = 1_000;
/// How many changes of a clause's standing, and how many examples, are kept: the latest.
const KEPT: usize = 16;

/// What the log says of one clause.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ClauseUse {
    /// `grant`, `classify`, `matrix`, `rule` or `limit`, as it was seen last.
    pub kind: String,
    /// While it counted.
    pub in_force: Applications,
    /// While it was a hint or a candidate: what it would have done.
    pub shadow: Applications,
    /// When it began or ceased to count, as far as the log shows: it can be seen only where the clause applied.
    pub changes: Vec<Change>,
    /// Whether it counted when it applied last.
    pub counted_last: bool,
}

/// A clause that applied without counting counts now, or the other way round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The first record that shows it.
    pub seq: u64,
    /// When that was written.
    #[serde(serialize_with = "super::usage::time")]
    pub at: Option<Time>,
    /// It counts from here on.
    pub in_force: bool,
}

/// How often a clause applied, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Applications {
    /// Calls that it applied to; a call that waits for people counts once.
    pub calls: u64,
    /// The same by effect: `deny`, `require`, `mark`, ….
    pub effects: BTreeMap<String, u64>,
    /// Calls among them that were allowed without anybody having voted.
    pub unattended: u64,
    /// The first time.
    #[serde(serialize_with = "super::usage::time", skip_serializing_if = "Option::is_none")]
    pub first: Option<Time>,
    /// The last time.
    #[serde(serialize_with = "super::usage::time", skip_serializing_if = "Option::is_none")]
    pub last: Option<Time>,
    /// The agents that called.
    pub agents: Distinct,
    /// What they called.
    pub tools: Distinct,
    /// The days (UTC) on which they did.
    pub days: Distinct,
    /// Facts whose being unknown made it apply, with how often.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unknown: BTreeMap<String, u64>,
    /// What people decided.
    pub evidence: Evidence,
}

/// What people decided on calls that a clause applied to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// As the clause would have it.
    pub agreements: u64,
    /// Against it.
    pub disagreements: u64,
    /// The records that settled the latest disagreements.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disagreed: Vec<u64>,
}

impl Evidence {
    pub(super) fn agree(&mut self) {
        self.agreements = self.agreements.saturating_add(1);
    }

    pub(super) fn disagree(&mut self, seq: u64) {
        self.disagreements = self.disagreements.saturating_add(1);
        keep_last(&mut self.disagreed, seq);
    }
}

/// How many different values there were; beyond a thousand they are no longer told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Distinct(BTreeSet<String>);

impl Distinct {
    /// How many; a thousand may be more.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The values, in their order.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    fn add(&mut self, value: &str) {
        if self.0.len() < DISTINCT && !self.0.contains(value) {
            self.0.insert(value.to_owned());
        }
    }
}

impl Serialize for Distinct {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(self.0.len()).unwrap_or(u64::MAX))
    }
}

/// One decision, as far as clauses are counted by it.
pub(super) struct Seen<'a> {
    pub(super) seq: u64,
    pub(super) time: Option<Time>,
    pub(super) event: &'a DecisionEvent,
}

impl ClauseUse {
    /// Counts the effects of this clause on one call: all of them together.
    pub(super) fn add(&mut self, seen: &Seen<'_>, effects: &[&AppliedFacts], in_force: bool) {
        if let Some(kind) = effects.first().map(|effect| &effect.kind).filter(|kind| **kind != self.kind) {
            self.kind.clone_from(kind);
        }
        let known = self.in_force.calls > 0 || self.shadow.calls > 0;
        if known && self.counted_last != in_force {
            keep_last(&mut self.changes, Change { seq: seen.seq, at: seen.time, in_force });
        }
        self.counted_last = in_force;
        let side = if in_force { &mut self.in_force } else { &mut self.shadow };
        side.add(seen, effects);
    }

    /// The last time that it applied, in force or not.
    #[must_use]
    pub fn last(&self) -> Option<Time> {
        self.in_force.last.max(self.shadow.last)
    }
}

impl Applications {
    fn add(&mut self, seen: &Seen<'_>, effects: &[&AppliedFacts]) {
        let event = seen.event;
        self.calls = self.calls.saturating_add(1);
        let words: BTreeSet<&str> = effects.iter().map(|effect| effect.effect.as_str()).collect();
        words.into_iter().for_each(|word| count(&mut self.effects, word));
        let facts: BTreeSet<&str> = effects.iter().flat_map(|effect| &effect.unknown).map(String::as_str).collect();
        facts.into_iter().for_each(|fact| count(&mut self.unknown, fact));
        if event.decision == "allow" && event.evidence.is_empty() {
            self.unattended = self.unattended.saturating_add(1);
        }
        // Records are in the order of the log; the clock may have gone back.
        self.first = self.first.or(seen.time).min(seen.time.or(self.first));
        self.last = self.last.max(seen.time);
        self.agents.add(&event.agent.id);
        self.tools.add(&event.tool);
        if let Some(time) = seen.time {
            self.days.add(time.timestamp().to_string().get(..10).unwrap_or_default());
        }
    }
}

/// Adds one to what is counted under a name; names beyond a thousand are left out.
pub(super) fn count(counts: &mut BTreeMap<String, u64>, name: &str) {
    if let Some(known) = counts.get_mut(name) {
        *known = known.saturating_add(1);
    } else if counts.len() < DISTINCT {
        counts.insert(name.to_owned(), 1);
    }
}

fn keep_last<T>(kept: &mut Vec<T>, new: T) {
    if kept.len() >= KEPT {
        kept.remove(0);
    }
    kept.push(new);
}
