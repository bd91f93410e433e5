//! One session: its labels, its pending calls and what it answers about earlier ones.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::MemoryBounds;
use super::hash::Map;
use super::prior::Priors;
use crate::state::{CallRecord, CallStatus, Effects, Realm, Settlement};
use crate::{Digest, Time, Tri};

#[derive(Debug, Default)]
pub(super) struct Session {
    /// It was evicted once: what it does not know is unknown.
    pub(super) lost: bool,
    /// The latest time that a call in it brought.
    pub(super) last_used: Option<Time>,
    /// When it was last used, by the tenant's count.
    pub(super) used: u64,
    /// It stands in [`super::tenant::Tenant`]'s list of idle sessions.
    pub(super) listed: bool,
    /// Sessions whose labels it inherits.
    pub(super) parents: BTreeSet<Arc<str>>,
    /// Calls that are allowed and not settled.
    pub(super) calls: Map<Arc<str>, PendingCall>,
    /// Calls that are.
    pub(super) settled: SettledCalls,
    pub(super) priors: Priors,
    confirmed: Labels,
    shadow: Labels,
    /// Numbers pending calls.
    begun: u64,
}

#[derive(Debug)]
pub(super) struct PendingCall {
    pub(super) record: CallRecord,
    pub(super) begun: Option<Time>,
    pub(super) number: u64,
}

/// Settled calls by what [`SettledCalls::key`] makes of their ids, with the time they began.
#[derive(Debug, Default)]
pub(super) struct SettledCalls(Map<Arc<str>, Option<Time>>);

/// The bytes of a call's id that are kept after it is settled.
const ID: usize = 64;

impl SettledCalls {
    /// A long id is kept as its digest; that is longer than any id which is kept as it is, so the two are never the same.
    fn key(id: &Arc<str>) -> Arc<str> {
        if id.len() <= ID { id.clone() } else { Digest::of(id.as_bytes()).to_string().into() }
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        if id.len() <= ID { self.0.contains_key(id) } else { self.0.contains_key(&*SettledCalls::key(&id.into())) }
    }

    pub(super) fn insert(&mut self, id: &Arc<str>, begun: Option<Time>) {
        self.0.insert(SettledCalls::key(id), begun);
    }

    /// Forgets the calls that began before this time; says how many these were.
    pub(super) fn forget_before(&mut self, time: Time) -> usize {
        let before = self.0.len();
        self.0.retain(|_, begun| begun.is_none_or(|begun| begun >= time));
        before.saturating_sub(self.0.len())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }
}

type Labels = Map<Arc<str>, Marked>;

/// What holds a label in place.
#[derive(Debug, Default)]
struct Marked {
    /// A request carried it, or a call that marked it was (or may have been) executed: it stays for good.
    forever: bool,
    /// Pending calls that marked it.
    pending: usize,
}

impl Session {
    /// Nothing would be lost if it were forgotten.
    pub(super) fn is_blank(&self) -> bool {
        !self.lost
            && self.parents.is_empty()
            && self.confirmed.is_empty()
            && self.shadow.is_empty()
            && self.priors.is_empty()
    }

    pub(super) fn call(&self, id: &str) -> CallStatus {
        if let Some(PendingCall { record, .. }) = self.calls.get(id) {
            return CallStatus::Pending { digest: record.digest, answer: record.answer.clone() };
        }
        if self.settled.contains(id) { CallStatus::Settled } else { CallStatus::New }
    }

    /// Does it carry the label, whatever those carry that it inherits from?
    pub(super) fn own_label(&self, realm: Realm, label: &str) -> Tri {
        let labels = match realm {
            Realm::Confirmed => &self.confirmed,
            Realm::Shadow => &self.shadow,
        };
        match (labels.contains_key(label), self.lost) {
            (true, _) => Tri::True,
            (false, true) => Tri::Unknown,
            (false, false) => Tri::False,
        }
    }

    /// Labels that a request carried.
    pub(super) fn add_labels(&mut self, labels: &[Arc<str>]) {
        for label in labels {
            self.confirmed.entry(label.clone()).or_default().forever = true;
        }
    }

    /// Takes a call in. One without a session (`remembers` is false) leaves neither labels nor history.
    pub(super) fn begin(&mut self, record: CallRecord, begun: Option<Time>, remembers: bool, bounds: &MemoryBounds) {
        let number = self.begun;
        self.begun = self.begun.wrapping_add(1);
        if remembers {
            for (realm, label) in marks(&record.effects) {
                let marked = self.labels(realm).entry(label.clone()).or_default();
                marked.pending = marked.pending.saturating_add(1);
            }
            for prior in &record.effects.priors {
                self.priors.begin(prior, number, bounds.priors);
            }
        }
        self.calls.insert(record.id.clone(), PendingCall { record, begun, number });
    }

    /// Keeps or takes back what the call numbered so had reserved.
    pub(super) fn settle(&mut self, effects: &Effects, number: u64, how: Settlement) {
        for (realm, label) in marks(effects) {
            let labels = self.labels(realm);
            if let Some(marked) = labels.get_mut(label) {
                marked.pending = marked.pending.saturating_sub(1);
                marked.forever |= how != Settlement::NotExecuted;
                if !marked.forever && marked.pending == 0 {
                    labels.remove(label);
                }
            }
        }
        for prior in &effects.priors {
            self.priors.settle(prior, number, how == Settlement::Ok);
        }
    }

    fn labels(&mut self, realm: Realm) -> &mut Labels {
        match realm {
            Realm::Confirmed => &mut self.confirmed,
            Realm::Shadow => &mut self.shadow,
        }
    }
}

/// The marks, each once.
fn marks(effects: &Effects) -> BTreeSet<(Realm, &Arc<str>)> {
    effects.marks.iter().map(|(realm, label)| (*realm, label)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settled_calls_are_told_apart_whatever_the_length_of_their_ids() {
        let long = "x".repeat(ID + 1);
        let digest = Digest::of(long.as_bytes()).to_string();
        let mut settled = SettledCalls::default();
        settled.insert(&long.as_str().into(), None);
        assert!(settled.contains(&long));
        for other in ["x".repeat(ID), "x".repeat(ID + 2), digest] {
            assert!(!settled.contains(&other), "{other}");
        }
    }
}
