//! Answers what a decision asks of the past from a tenant's records. Knows no store, only that it gets records.

use std::sync::Arc;

use claw_runtime::state::parts::{Calls, Pot, Query};
use claw_runtime::state::{Answer, CallStatus, PotKey, PriorQuery, Realm, StateView, Usage};
use claw_runtime::{Decimal, Digest, Duration, Time, Tri};
use serde::de::DeserializeOwned;

use super::StateBounds;
use super::keys::{Key, Scope};
use super::records::{self, Evidence, Labels, Pending};

/// Where a tenant's records come from. What it has answered in one step stays true until the step's plan is written,
/// or the plan is not written.
pub(super) trait Source {
    fn get(&self, key: &Key) -> Answer<Option<Vec<u8>>>;

    /// The latest time that a call of the tenant brought.
    fn latest(&self) -> Answer<Option<Time>>;

    /// Was the session, which is not held, held before, and something lost with it?
    fn is_forgotten(&self, session: &Digest) -> Answer<bool>;

    /// These will be asked for presently.
    fn prefetch(&self, _keys: &[Key]) -> Answer<()> {
        Ok(())
    }
}

/// One scope's past.
pub(super) struct Past<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) scope: &'a Scope,
    pub(super) bounds: &'a StateBounds,
}

/// A record's value.
pub(super) fn read<T: DeserializeOwned>(source: &dyn Source, key: &Key) -> Answer<Option<T>> {
    source.get(key)?.map(|bytes| records::decode(key, &bytes)).transpose()
}

impl Past<'_> {
    fn read<T: DeserializeOwned>(&self, key: &Key) -> Answer<Option<T>> {
        read(self.source, key)
    }

    /// The labels of a session, held or not.
    pub(super) fn labels(&self, session: Digest) -> Answer<Labels> {
        match self.read(&Key::Labels(session))? {
            Some(labels) => Ok(labels),
            None => Ok(Labels::new(self.source.is_forgotten(&session)?)),
        }
    }

    /// The records that nearly every call is about.
    pub(super) fn prefetch_call(&self, call: Digest) -> Answer<()> {
        let mut keys = vec![Key::Pending(self.scope.session, call), Key::Settled(call)];
        keys.extend(self.scope.session.iter().flat_map(|s| [Key::Labels(*s), Key::Session(*s)]));
        keys.extend(self.scope.parent.map(Key::Labels));
        self.source.prefetch(&keys)
    }
}

impl StateView for Past<'_> {
    /// Looks at the session and all that it inherits from.
    fn has_label(&self, realm: Realm, label: &str) -> Answer<Tri> {
        let Some(session) = self.scope.session else { return Ok(Tri::Unknown) };
        let mut names = vec![session];
        names.extend(self.scope.parent.filter(|parent| *parent != session));
        let mut answer = Tri::False;
        let mut next = 0;
        while let Some(name) = names.get(next).copied() {
            next += 1;
            let found = self.labels(name)?;
            if found.has(realm, label) {
                return Ok(Tri::True);
            }
            answer = answer.or(if found.lost { Tri::Unknown } else { Tri::False });
            for parent in found.parents {
                if !names.contains(&parent) {
                    names.push(parent);
                }
            }
            if names.len() > self.bounds.ancestors.saturating_add(1) {
                return Ok(Tri::Unknown);
            }
        }
        Ok(answer)
    }

    fn prior(&self, query: &PriorQuery<'_>) -> Answer<Tri> {
        let Some(session) = self.scope.session else { return Ok(Tri::Unknown) };
        let known_key = query.key.map(|key| Key::Known(session, *query.query, *key));
        let keys = [Some(Key::Query(session, *query.query)), known_key];
        self.source.prefetch(&keys.into_iter().flatten().collect::<Vec<_>>())?;
        let answer = match self.read::<Query>(&Key::Query(session, *query.query))? {
            None => Tri::False,
            Some(found) => {
                let same_key = known_key.map(|key| self.read::<Calls>(&key)).transpose()?.flatten();
                found.ask(query, same_key.as_ref())
            }
        };
        Ok(answer.or(if self.labels(session)?.lost { Tri::Unknown } else { Tri::False }))
    }

    fn pot(&self, pot: &PotKey, window: Duration, now: Time, room: Decimal) -> Answer<Usage> {
        match self.read::<Pot>(&Key::Pot(*pot))? {
            Some(pot) => pot.usage(window, now, room),
            None => Ok(Usage::empty(now, room)),
        }
    }

    fn call(&self, call_id: &str) -> Answer<CallStatus> {
        let call = self.scope.call(call_id);
        self.prefetch_call(call)?;
        if let Some(pending) = self.read::<Pending>(&Key::Pending(self.scope.session, call))? {
            let answer = Arc::new(pending.answer()?);
            return Ok(CallStatus::Pending { digest: pending.digest, answer });
        }
        let settled = self.source.get(&Key::Settled(call))?.is_some();
        Ok(if settled { CallStatus::Settled } else { CallStatus::New })
    }

    fn consumed(&self, asking: &Digest) -> Answer<Option<Time>> {
        Ok(self.read::<Evidence>(&Key::Evidence(*asking))?.map(|used| used.at))
    }

    fn latest(&self) -> Answer<Option<Time>> {
        self.source.latest()
    }
}
