//! Counts of one approval: how often people were asked for it, for which clauses, and how they answered.

use std::collections::BTreeMap;

use claw_runtime::{Duration, Time};
use serde::Serialize;

use crate::audit::{ApprovalEvent, ApprovalState, AskEvent};

/// How many answers are measured, and how many askings are followed at a time.
const FOLLOWED: usize = 100_000;

/// What the log says of one approval.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ApprovalUse {
    /// Askings.
    pub asked: u64,
    /// Those that enough people agreed to.
    pub granted: u64,
    /// Those that someone refused.
    pub refused: u64,
    /// Those that ended before either.
    pub expired: u64,
    /// From the asking to the answer, in the middle: half were faster. In milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_ms: Option<i64>,
    /// The same by clause that required it.
    pub clauses: BTreeMap<String, ClauseAsked>,
    #[serde(skip)]
    waits: Vec<i64>,
}

/// How people answered where one clause had them asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClauseAsked {
    /// Askings in which it was shown.
    pub asked: u64,
    /// Those that enough people agreed to.
    pub granted: u64,
    /// Those that someone refused.
    pub refused: u64,
}

impl ApprovalUse {
    /// Nobody ever refused, and somebody was asked: the question may be asked in vain.
    #[must_use]
    pub fn is_always_granted(&self) -> bool {
        self.granted > 0 && self.refused == 0
    }

    /// How long people took to answer, in the middle.
    #[must_use]
    pub fn median(&self) -> Option<Duration> {
        self.median_ms.map(Duration::from_millis)
    }
}

/// Askings on their way.
#[derive(Debug, Default)]
pub(super) struct Askings {
    open: BTreeMap<String, Open>,
}

#[derive(Debug)]
struct Open {
    approval: String,
    clauses: Vec<String>,
    at: Option<Time>,
    expires_at: Option<Time>,
}

impl Askings {
    pub(super) fn ask(&mut self, time: Option<Time>, event: &AskEvent, uses: &mut BTreeMap<String, ApprovalUse>) {
        if self.open.len() >= FOLLOWED || self.open.contains_key(&event.asking) {
            return;
        }
        let of = uses.entry(event.approval.clone()).or_default();
        of.asked = of.asked.saturating_add(1);
        for clause in &event.clauses {
            let by = of.clauses.entry(clause.clone()).or_default();
            by.asked = by.asked.saturating_add(1);
        }
        let open = Open {
            approval: event.approval.clone(),
            clauses: event.clauses.clone(),
            at: time,
            expires_at: event.expires_at,
        };
        self.open.insert(event.asking.clone(), open);
    }

    pub(super) fn state(
        &mut self,
        time: Option<Time>,
        event: &ApprovalEvent,
        uses: &mut BTreeMap<String, ApprovalUse>,
    ) {
        let (granted, refused, expired) = match event.state {
            ApprovalState::Granted => (1, 0, 0),
            ApprovalState::Refused => (0, 1, 0),
            ApprovalState::Expired => (0, 0, 1),
            // Answered before.
            ApprovalState::Consumed | ApprovalState::Released => return,
        };
        // What was answered is answered: an expiry later is none of an unanswered question.
        let Some(open) = self.open.remove(&event.asking) else { return };
        let of = uses.entry(open.approval).or_default();
        of.granted = of.granted.saturating_add(granted);
        of.refused = of.refused.saturating_add(refused);
        of.expired = of.expired.saturating_add(expired);
        for clause in open.clauses {
            let by = of.clauses.entry(clause).or_default();
            by.granted = by.granted.saturating_add(granted);
            by.refused = by.refused.saturating_add(refused);
        }
        if let (Some(asked), Some(answered), 0, true) = (open.at, time, expired, of.waits.len() < FOLLOWED) {
            of.waits.push(answered.since(asked).as_millis().max(0));
        }
    }

    /// Works out what needs all answers, and counts what nobody answered before the end of the log.
    pub(super) fn finish(&mut self, end: Option<Time>, uses: &mut BTreeMap<String, ApprovalUse>) {
        for open in std::mem::take(&mut self.open).into_values() {
            if open.expires_at.zip(end).is_some_and(|(expires, end)| expires < end) {
                let of = uses.entry(open.approval).or_default();
                of.expired = of.expired.saturating_add(1);
            }
        }
        for of in uses.values_mut() {
            of.waits.sort_unstable();
            of.median_ms = of.waits.get(of.waits.len() / 2).copied();
        }
    }
}
