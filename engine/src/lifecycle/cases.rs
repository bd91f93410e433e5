//! Calls that people were asked about, from the first decision to what people said.
//!
//! A case is one request (tenant and digest) from the decision that asked until its askings have ended; the same request
//! may come back later, as another case. Votes name requests, not clauses: which clauses were at stake is taken from the
//! decision that people were asked for.

use std::collections::BTreeMap;

use claw_runtime::{Digest, Time};

use crate::audit::{AppliedFacts, ApprovalEvent, ApprovalState, AskEvent, DecisionEvent, VoteEvent};

/// How many requests are followed at a time.
const OPEN: usize = 1 << 20;

/// What people said of a call as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Granted,
    Refused,
}

/// What a clause would have, or has, of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stance {
    /// It permits.
    Permits,
    /// It denies, asks or limits, without counting yet.
    WouldRestrict,
    /// It asks, and no other clause does.
    AsksAlone,
    /// It asks, as others do.
    AsksToo,
}

impl Stance {
    /// Whether people agree with it; `None` where their word says nothing of it.
    pub(super) fn agrees(self, verdict: Verdict) -> Option<bool> {
        match (self, verdict) {
            (Stance::Permits, _) => Some(verdict == Verdict::Granted),
            (Stance::AsksToo, Verdict::Granted) => None,
            (Stance::WouldRestrict | Stance::AsksAlone | Stance::AsksToo, _) => Some(verdict == Verdict::Refused),
        }
    }
}

/// One clause on one call.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) clause: String,
    pub(super) in_force: bool,
    pub(super) stance: Stance,
}

/// A question to people.
#[derive(Clone, Copy, Debug)]
struct Asking {
    state: State,
    expires_at: Option<Time>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Granted,
    /// Refused, used or expired.
    Ended,
}

/// A request that people were asked about.
#[derive(Clone, Debug, Default)]
struct Case {
    parts: Vec<Part>,
    subject: Subject,
    /// The host's name for the call, as it was last decided.
    call_id: Option<String>,
    askings: BTreeMap<String, Asking>,
    verdict: Option<(Verdict, Place)>,
    /// The call that people were asked about has run; more of them live on its `reuse`.
    ran: bool,
}

/// A record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) seq: u64,
    pub(super) time: Option<Time>,
}

/// Whose call it is.
#[derive(Clone, Debug, Default)]
pub(super) struct Subject {
    pub(super) agent: String,
    pub(super) tool: String,
    pub(super) session: Option<String>,
}

/// A case that people have decided.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) verdict: Verdict,
    /// The record that settled it.
    pub(super) at: Place,
    pub(super) parts: Vec<Part>,
    pub(super) subject: Subject,
}

type Key = (Option<String>, Digest);

/// All requests that people were asked about.
#[derive(Debug, Default)]
pub(super) struct Cases {
    open: BTreeMap<Key, Case>,
    pub(super) left_out: u64,
}

impl Case {
    /// Nobody is being asked any more: who asks now asks anew.
    fn is_over(&self, now: Option<Time>) -> bool {
        let expired = |asking: &Asking| asking.expires_at.zip(now).is_some_and(|(end, now)| now > end);
        !self.askings.is_empty() && self.askings.values().all(|asking| asking.state != State::Open || expired(asking))
    }

    fn asking(&mut self, id: &str) -> &mut Asking {
        self.askings.entry(id.to_owned()).or_insert(Asking { state: State::Open, expires_at: None })
    }

    fn decide(&mut self, verdict: Verdict, at: Place) {
        // One refusal is final, whatever others granted.
        if self.verdict.is_none_or(|(known, _)| known == Verdict::Granted && verdict == Verdict::Refused) {
            self.verdict = Some((verdict, at));
        }
    }

    fn settled(self) -> Option<Settled> {
        let (verdict, at) = self.verdict?;
        Some(Settled { verdict, at, parts: self.parts, subject: self.subject })
    }
}

impl Cases {
    /// Whether this is once more the call that waits for people, or what came of it: it counts once. A request that is
    /// decided in another way meanwhile, as by another policy, is another call.
    pub(super) fn is_repeated(&self, now: Option<Time>, event: &DecisionEvent) -> bool {
        let case = key(event.tenant.as_ref(), event.request_digest).and_then(|key| self.open.get(&key));
        case.is_some_and(|case| match event.decision.as_str() {
            // Before anybody was asked, only the host's name tells a call that is tried again from another.
            "require_approval" if case.askings.is_empty() => event.call_id.is_some() && event.call_id == case.call_id,
            "require_approval" => !case.is_over(now),
            "allow" => !event.evidence.is_empty() && !case.ran,
            _ => is_refused(event),
        })
    }

    /// A call was decided.
    pub(super) fn decision(&mut self, at: Place, event: &DecisionEvent, out: &mut Vec<Settled>) {
        let Some(key) = key(event.tenant.as_ref(), event.request_digest) else { return };
        let asks = event.decision == "require_approval";
        let granted = event.decision == "allow" && !event.evidence.is_empty();
        let refused = is_refused(event);
        if !(asks || granted || refused) {
            return;
        }
        if asks && self.open.get(&key).is_some_and(|case| case.is_over(at.time)) {
            out.extend(self.open.remove(&key).and_then(Case::settled));
        }
        let Some(case) = self.case(key) else { return };
        case.call_id.clone_from(&event.call_id);
        if case.parts.is_empty() || (asks && case.verdict.is_none()) {
            case.parts = parts(event);
            case.subject =
                Subject { agent: event.agent.id.clone(), tool: event.tool.clone(), session: event.session.clone() };
        }
        if refused {
            case.decide(Verdict::Refused, at);
        }
        if granted {
            case.ran = true;
            case.decide(Verdict::Granted, at);
            for asking in &event.evidence {
                case.asking(asking).state = State::Ended;
            }
        }
    }

    /// People were asked.
    pub(super) fn ask(&mut self, at: Place, event: &AskEvent, out: &mut Vec<Settled>) {
        let Some(key) = key(event.tenant.as_ref(), Some(event.request_digest)) else { return };
        if let Some(case) = self.open.get_mut(&key)
            && case.is_over(at.time)
            && !case.askings.contains_key(&event.asking)
        {
            // The decision before was taken for a repetition of the old case; what is at stake is the same.
            let (parts, subject) = (case.parts.clone(), case.subject.clone());
            out.extend(std::mem::replace(case, Case { parts, subject, ..Case::default() }).settled());
        }
        if let Some(case) = self.case(key) {
            case.asking(&event.asking).expires_at = event.expires_at;
        }
    }

    /// A person voted. Grants are told by what they came to: some approvals need several.
    pub(super) fn vote(&mut self, at: Place, event: &VoteEvent) {
        let refused = event.accepted && event.verdict == crate::audit::Verdict::Refuse;
        let case = key(event.tenant.as_ref(), event.request_digest).and_then(|key| self.open.get_mut(&key));
        if let Some(case) = case.filter(|_| refused) {
            case.decide(Verdict::Refused, at);
        }
    }

    /// An asking changed its state.
    pub(super) fn approval(&mut self, at: Place, event: &ApprovalEvent) {
        let case = key(event.tenant.as_ref(), Some(event.request_digest)).and_then(|key| self.open.get_mut(&key));
        let Some(case) = case else { return };
        match event.state {
            ApprovalState::Released => {}
            ApprovalState::Granted => {
                case.asking(&event.asking).state = State::Granted;
                if case.askings.values().all(|asking| asking.state == State::Granted) {
                    case.decide(Verdict::Granted, at);
                }
            }
            ApprovalState::Refused => {
                case.asking(&event.asking).state = State::Ended;
                case.decide(Verdict::Refused, at);
            }
            ApprovalState::Expired | ApprovalState::Consumed => case.asking(&event.asking).state = State::Ended,
        }
    }

    /// What people decided on calls that are still followed at the end of the log.
    pub(super) fn finish(&mut self) -> Vec<Settled> {
        std::mem::take(&mut self.open).into_values().filter_map(Case::settled).collect()
    }

    fn case(&mut self, key: Key) -> Option<&mut Case> {
        if self.open.len() >= OPEN && !self.open.contains_key(&key) {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        Some(self.open.entry(key).or_default())
    }
}

/// Denied because a person refused.
fn is_refused(event: &DecisionEvent) -> bool {
    event.decision == "deny" && event.reason == "approval_refused"
}

fn key(tenant: Option<&String>, digest: Option<Digest>) -> Option<Key> {
    digest.map(|digest| (tenant.cloned(), digest))
}

/// The clauses whose word on this call can be held against people's.
fn parts(event: &DecisionEvent) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    // People are asked only where no limit denies: one that applied has asked, too.
    let asks = |applied: &&AppliedFacts| matches!(applied.effect.as_str(), "require" | "limit");
    let mut asking: Vec<&str> = event.applied.iter().filter(asks).map(|applied| &*applied.clause).collect();
    asking.sort_unstable();
    asking.dedup();
    let mut add = |clause: &str, in_force: bool, stance: Stance| {
        if !parts.iter().any(|part| part.clause == clause && part.in_force == in_force) {
            parts.push(Part { clause: clause.to_owned(), in_force, stance });
        }
    };
    for applied in &event.applied {
        match applied.effect.as_str() {
            "grant" => add(&applied.clause, true, Stance::Permits),
            "require" | "limit" if asking.len() == 1 => add(&applied.clause, true, Stance::AsksAlone),
            "require" | "limit" => add(&applied.clause, true, Stance::AsksToo),
            _ => {}
        }
    }
    for shadow in &event.shadow {
        match shadow.effect.as_str() {
            "grant" => add(&shadow.clause, false, Stance::Permits),
            "deny" | "require" | "limit" => add(&shadow.clause, false, Stance::WouldRestrict),
            _ => {}
        }
    }
    parts
}
