//! One pass over the records of a log.

use std::collections::BTreeMap;

use claw_runtime::{Digest, Time};
use serde::{Serialize, Serializer};

use super::approvals::{ApprovalUse, Askings};
use super::cases::{Cases, Place, Settled, Verdict};
use super::clauses::{ClauseUse, Seen};
use super::subjects::SubjectUse;
use crate::audit::{AppliedFacts, DecisionEvent, Event, Record, ReloadEvent, ReloadOutcome, ResultOutcome};

/// How many names of a kind are told apart; calls of further ones are counted in [`Usage::left_out`].
const NAMES: usize = 100_000;
/// How many reloads are kept: the latest.
const RELOADS: usize = 64;

/// Which records count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Those from this time on. A record without a time is outside of every bounded window.
    pub since: Option<Time>,
    /// Those before this time.
    pub until: Option<Time>,
    /// Those of this tenant.
    pub tenant: Option<String>,
    /// Decisions of the policy with this root package: others may have clauses of the same names.
    pub package: Option<String>,
}

/// What a log says of a policy.
#[derive(Debug, Default, Serialize)]
pub struct Usage {
    /// Records in the window.
    pub records: u64,
    /// Decisions among them.
    pub decisions: u64,
    /// Decisions by outcome: `allow`, `require_approval`, `deny`.
    pub outcomes: BTreeMap<String, u64>,
    /// Decisions of other policies, by package; nothing else is counted of them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub other_packages: BTreeMap<String, u64>,
    /// How allowed calls ended: `ok`, `error`, `not_executed`.
    pub results: BTreeMap<String, u64>,
    /// The earliest time told.
    #[serde(serialize_with = "time", skip_serializing_if = "Option::is_none")]
    pub first: Option<Time>,
    /// The latest.
    #[serde(serialize_with = "time", skip_serializing_if = "Option::is_none")]
    pub last: Option<Time>,
    /// By the clause's qualified name, or its package and text.
    pub clauses: BTreeMap<String, ClauseUse>,
    /// By the approval's name.
    pub approvals: BTreeMap<String, ApprovalUse>,
    /// By the agent's id.
    pub agents: BTreeMap<String, SubjectUse>,
    /// By the tool's name on the wire, with its server in front where there is one.
    pub tools: BTreeMap<String, SubjectUse>,
    /// By session.
    pub sessions: BTreeMap<String, SubjectUse>,
    /// By the fact that was unknown.
    pub unknown: BTreeMap<String, UnknownFact>,
    /// Policies that were loaded or refused, the latest last.
    pub reloads: Vec<Loaded>,
    /// How much was not counted by name, because there are too many names.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: u64,
    #[serde(skip)]
    state: State,
}

#[derive(Debug, Default)]
struct State {
    window: Window,
    cases: Cases,
    askings: Askings,
}

/// A fact whose being unknown made clauses apply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct UnknownFact {
    /// Calls.
    pub calls: u64,
    /// By clause.
    pub clauses: BTreeMap<String, u64>,
}

/// A reload of a policy, as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Loaded {
    /// The record.
    pub seq: u64,
    /// When.
    #[serde(serialize_with = "time", skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// What came of it.
    pub outcome: ReloadOutcome,
    /// Whose policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// Its package.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// Its digest.
    #[serde(serialize_with = "digest", skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Who signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Counts all records that are in the window. They come in the order of the log.
#[must_use]
pub fn usage(records: impl IntoIterator<Item = Record>, window: Window) -> Usage {
    let mut usage = Usage::new(window);
    records.into_iter().for_each(|record| usage.add(&record));
    usage.finish();
    usage
}

impl Window {
    fn has(&self, record: &Record) -> bool {
        let after = self.since.is_none_or(|since| record.time.is_some_and(|time| time >= since));
        let before = self.until.is_none_or(|until| record.time.is_some_and(|time| time < until));
        let of_tenant = self.tenant.is_none() || self.tenant.as_deref() == record.event.tenant();
        after && before && of_tenant
    }
}

impl Usage {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(window: Window) -> Usage {
        Usage { state: State { window, ..State::default() }, ..Usage::default() }
    }

    /// Counts one record. Records come in the order of the log; [`Usage::finish`] ends them.
    pub fn add(&mut self, record: &Record) {
        if !self.state.window.has(record) {
            return;
        }
        self.records = self.records.saturating_add(1);
        self.first = self.first.or(record.time).min(record.time.or(self.first));
        self.last = self.last.max(record.time);
        let mut settled = Vec::new();
        let at = Place { seq: record.seq, time: record.time };
        match &record.event {
            Event::Decision(event) => self.decision(record, event, &mut settled),
            Event::Result(event) => super::clauses::count(&mut self.results, result_word(event.outcome)),
            Event::Reload(event) => self.reload(record, event),
            Event::Ask(event) => {
                self.state.cases.ask(at, event, &mut settled);
                self.state.askings.ask(record.time, event, &mut self.approvals);
            }
            Event::Vote(event) => self.state.cases.vote(at, event),
            Event::Approval(event) => {
                self.state.cases.approval(at, event);
                self.state.askings.state(record.time, event, &mut self.approvals);
            }
            _ => {}
        }
        settled.into_iter().for_each(|case| self.settle(case));
    }

    /// After the last record: what people decided is counted, and medians are worked out.
    pub fn finish(&mut self) {
        self.state.cases.finish().into_iter().for_each(|case| self.settle(case));
        self.left_out = self.left_out.saturating_add(std::mem::take(&mut self.state.cases.left_out));
        self.state.askings.finish(self.last, &mut self.approvals);
    }

    fn decision(&mut self, record: &Record, event: &DecisionEvent, settled: &mut Vec<Settled>) {
        if event.replayed {
            return;
        }
        if self.state.window.package.as_ref().is_some_and(|package| *package != event.package) {
            super::clauses::count(&mut self.other_packages, &event.package);
            return;
        }
        self.decisions = self.decisions.saturating_add(1);
        super::clauses::count(&mut self.outcomes, &event.decision);
        let repeated = self.state.cases.is_repeated(record.time, event);
        if !repeated {
            let seen = Seen { seq: record.seq, time: record.time, event };
            self.clauses(&seen, &event.applied, true);
            self.clauses(&seen, &event.shadow, false);
            self.unknown(&event.applied);
        }
        self.state.cases.decision(Place { seq: record.seq, time: record.time }, event, settled);
        let (time, tool) = (record.time, tool(event.server.as_deref(), &event.tool));
        let left_out = &mut self.left_out;
        let mut each = |names: &mut BTreeMap<String, SubjectUse>, name: &str| match named(names, name) {
            Some(subject) => subject.add(time, event, repeated),
            None => *left_out = left_out.saturating_add(1),
        };
        each(&mut self.agents, &event.agent.id);
        each(&mut self.tools, &tool);
        if let Some(session) = &event.session {
            each(&mut self.sessions, session);
        }
    }

    /// Counts clauses by name, all effects of one together.
    fn clauses(&mut self, seen: &Seen<'_>, applied: &[AppliedFacts], in_force: bool) {
        let mut by_clause: BTreeMap<&str, Vec<&AppliedFacts>> = BTreeMap::new();
        applied.iter().for_each(|effect| by_clause.entry(&effect.clause).or_default().push(effect));
        for (clause, effects) in by_clause {
            match named(&mut self.clauses, clause) {
                Some(known) => known.add(seen, &effects, in_force),
                None => self.left_out = self.left_out.saturating_add(1),
            }
        }
    }

    fn unknown(&mut self, applied: &[AppliedFacts]) {
        let mut by_fact: BTreeMap<&str, std::collections::BTreeSet<&str>> = BTreeMap::new();
        for effect in applied {
            for fact in &effect.unknown {
                by_fact.entry(fact).or_default().insert(&effect.clause);
            }
        }
        for (fact, clauses) in by_fact {
            let Some(known) = named(&mut self.unknown, fact) else { continue };
            known.calls = known.calls.saturating_add(1);
            clauses.into_iter().for_each(|clause| super::clauses::count(&mut known.clauses, clause));
        }
    }

    fn reload(&mut self, record: &Record, event: &ReloadEvent) {
        if self.reloads.len() >= RELOADS {
            self.reloads.remove(0);
        }
        self.reloads.push(Loaded {
            seq: record.seq,
            at: record.time,
            outcome: event.outcome,
            tenant: event.tenant.clone(),
            package: event.package.clone(),
            digest: event.digest,
            signer: event.signer.clone(),
            error: event.error.clone(),
        });
    }

    /// People have decided on a call: who agrees, who disagrees.
    fn settle(&mut self, case: Settled) {
        for part in case.parts {
            let Some(known) = self.clauses.get_mut(&part.clause) else { continue };
            let side = if part.in_force { &mut known.in_force } else { &mut known.shadow };
            match part.stance.agrees(case.verdict) {
                Some(true) => side.evidence.agree(),
                Some(false) => side.evidence.disagree(case.at.seq),
                None => {}
            }
        }
        if case.verdict == Verdict::Refused {
            let subject = case.subject;
            let found = [
                self.agents.get_mut(&subject.agent),
                self.tools.get_mut(&subject.tool),
                subject.session.as_ref().and_then(|session| self.sessions.get_mut(session)),
            ];
            found.into_iter().flatten().for_each(|subject| subject.refuse(case.at.time));
        }
    }
}

/// A tool as people name it: with its server in front.
pub(super) fn tool(server: Option<&str>, tool: &str) -> String {
    server.map_or_else(|| tool.to_owned(), |server| format!("{server}/{tool}"))
}

fn named<'m, T: Default>(names: &'m mut BTreeMap<String, T>, name: &str) -> Option<&'m mut T> {
    if names.len() >= NAMES && !names.contains_key(name) {
        return None;
    }
    Some(names.entry(name.to_owned()).or_default())
}

fn result_word(outcome: ResultOutcome) -> &'static str {
    match outcome {
        ResultOutcome::Ok => "ok",
        ResultOutcome::Error => "error",
        ResultOutcome::NotExecuted => "not_executed",
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's shape")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// As RFC 3339 in UTC.
pub(super) fn time<S: Serializer>(time: &Option<Time>, to: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => to.collect_str(time),
        None => to.serialize_none(),
    }
}

fn digest<S: Serializer>(digest: &Option<Digest>, to: S) -> Result<S::Ok, S::Error> {
    match digest {
        Some(digest) => to.collect_str(digest),
        None => to.serialize_none(),
    }
}
