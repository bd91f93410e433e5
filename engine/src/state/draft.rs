//! Works out which records a call changes when it begins and when it settles. Pure: reads through a source, writes
//! nothing; a store writes the whole plan at once or nothing of it.

use std::collections::BTreeMap;

use claw_runtime::state::parts::{Calls, Pot, Query};
use claw_runtime::state::{Answer, CallRecord, Charge, Commit, PriorRecord, SettleOutcome, Settlement, StateError};
use claw_runtime::{Digest, Time};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::{Key, Write};
use super::past::{Past, read};
use super::records::{self, Evidence, Labels, Pending, Place, Session, Settled};

/// What is to be written.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The time that the call brought; the store keeps the latest.
    pub(super) now: Option<Time>,
    pub(super) writes: Vec<Write>,
    /// The session that is used.
    pub(super) session: Option<Digest>,
    /// Something would be lost if that session were forgotten: a store that forgets by itself has to remember that.
    #[cfg_attr(not(feature = "redis"), expect(dead_code, reason = "a file forgets only when it is told to"))]
    pub(super) remember: bool,
}

/// Changes on top of what a source holds.
struct Draft<'a> {
    past: &'a Past<'a>,
    writes: BTreeMap<Key, Write>,
    remember: bool,
}

impl Past<'_> {
    /// What beginning a call, or having denied one, leaves behind.
    pub(super) fn commit(&self, commit: Commit) -> Answer<Plan> {
        let mut draft = Draft::new(self);
        let leaves_traces = commit.call.is_some() || !commit.labels.is_empty() || self.scope.parent.is_some();
        let session = self.scope.session.filter(|_| leaves_traces);
        if let Some(session) = session {
            draft.inherit(session, &commit)?;
        }
        if let Some(call) = commit.call {
            draft.begin(call, commit.now)?;
        }
        Ok(draft.plan(commit.now, self.scope.session))
    }

    /// What settling a call changes.
    pub(super) fn settle(&self, call_id: &str, how: Settlement) -> Answer<(SettleOutcome, Plan)> {
        let call = self.scope.call(call_id);
        self.prefetch_call(call)?;
        let key = Key::Pending(self.scope.session, call);
        let Some(pending) = read::<Pending>(self.source, &key)? else {
            let settled = self.source.get(&Key::Settled(call))?.is_some();
            let outcome = if settled { SettleOutcome::AlreadySettled } else { SettleOutcome::UnknownCall };
            return Ok((outcome, Plan::default()));
        };
        let mut draft = Draft::new(self);
        if let Some(session) = self.scope.session {
            draft.settle_session(session, &pending, how)?;
        }
        if how == Settlement::NotExecuted {
            for charge in &pending.effects.charges {
                draft.release(charge)?;
            }
        }
        draft.remove(key);
        draft.put(Key::Settled(call), &Settled { begun: pending.begun }, pending.begun)?;
        Ok((SettleOutcome::Settled, draft.plan(None, self.scope.session)))
    }
}

impl<'a> Draft<'a> {
    fn new(past: &'a Past<'a>) -> Draft<'a> {
        Draft { past, writes: BTreeMap::new(), remember: false }
    }

    fn plan(self, now: Option<Time>, session: Option<Digest>) -> Plan {
        Plan { now, writes: self.writes.into_values().collect(), session, remember: self.remember }
    }

    fn get<T: DeserializeOwned>(&self, key: &Key) -> Answer<Option<T>> {
        match self.writes.get(key) {
            Some(Write { value: Some(bytes), .. }) => records::decode(key, bytes).map(Some),
            Some(Write { value: None, .. }) => Ok(None),
            None => read(self.past.source, key),
        }
    }

    fn put<T: Serialize>(&mut self, key: Key, value: &T, at: Option<Time>) -> Answer<()> {
        let value = Some(records::encode(&key, value)?);
        self.writes.insert(key, Write { key, value, at });
        Ok(())
    }

    fn remove(&mut self, key: Key) {
        self.writes.insert(key, Write { key, value: None, at: None });
    }

    fn labels(&self, session: Digest) -> Answer<Labels> {
        match self.get(&Key::Labels(session))? {
            Some(labels) => Ok(labels),
            None => self.past.labels(session),
        }
    }

    fn put_labels(&mut self, session: Digest, labels: &Labels) -> Answer<()> {
        self.remember |= !labels.is_blank();
        self.put(Key::Labels(session), labels, None)
    }

    /// Holds the session, with its parent and the labels of the request.
    fn inherit(&mut self, session: Digest, commit: &Commit) -> Answer<()> {
        let held: Option<Labels> = self.get(&Key::Labels(session))?;
        let before = match &held {
            Some(labels) => labels.clone(),
            None => self.past.labels(session)?,
        };
        let mut labels = before.clone();
        if let Some(parent) = self.past.scope.parent {
            if labels.parents.len() >= self.past.bounds.parents && !labels.parents.contains(&parent) {
                return Err(StateError::Full("parent sessions"));
            }
            labels.parents.insert(parent);
        }
        commit.labels.iter().for_each(|label| labels.carry(label));
        if held.is_none() || labels != before {
            self.put_labels(session, &labels)?;
        }
        Ok(())
    }

    fn begin(&mut self, call: CallRecord, now: Option<Time>) -> Answer<()> {
        let (session, name) = (self.past.scope.session, self.past.scope.call(&call.id));
        let key = Key::Pending(session, name);
        if self.past.source.get(&key)?.is_some() || self.past.source.get(&Key::Settled(name))?.is_some() {
            return Err(StateError::Unavailable("the call id is taken".to_owned()));
        }
        let number = session.map_or(Ok(0), |session| self.begin_session(session, &call))?;
        for charge in &call.effects.charges {
            self.charge(charge)?;
        }
        for used in &call.effects.consumed {
            let key = Key::Evidence(used.asking);
            if self.get::<Evidence>(&key)?.is_none() {
                self.put(key, &Evidence { at: used.at }, Some(used.expires))?;
            }
        }
        self.put(key, &Pending::new(call, now, number, self.past.bounds.answer)?, now)
    }

    /// Takes the call into its session; answers its number there.
    fn begin_session(&mut self, name: Digest, call: &CallRecord) -> Answer<u64> {
        let mut session: Session = self.get(&Key::Session(name))?.unwrap_or_default();
        if session.pending >= self.past.bounds.pending {
            return Err(StateError::Full("pending calls"));
        }
        let number = session.begun;
        session.begun = session.begun.wrapping_add(1);
        session.pending = session.pending.saturating_add(1);
        for prior in call.effects.priors.iter().filter(|prior| !prior.test.is_false()) {
            self.begin_prior(name, &mut session, prior, number)?;
        }
        if !call.effects.marks.is_empty() {
            let mut labels = self.labels(name)?;
            labels.begin(&call.effects);
            self.put_labels(name, &labels)?;
        }
        self.put(Key::Session(name), &session, None)?;
        Ok(number)
    }

    fn begin_prior(&mut self, name: Digest, session: &mut Session, prior: &PriorRecord, number: u64) -> Answer<()> {
        self.remember = true;
        let key = Key::Query(name, prior.query);
        let mut query: Query = self.get(&key)?.unwrap_or_default();
        query.begin(prior, number);
        self.put(key, &query, None)?;
        let Some(value) = prior.key else { return Ok(()) };
        let key = Key::Known(name, prior.query, value);
        let mut calls = match self.get::<Calls>(&key)? {
            Some(calls) => calls,
            None => {
                self.find_place(name, session, Place(prior.query, value))?;
                Calls::default()
            }
        };
        calls.begin(prior, number);
        self.put(key, &calls, None)
    }

    /// Gives a new key a place, and drops the oldest one where all are taken: that its calls are lost matters as long
    /// as they would have counted.
    fn find_place(&mut self, name: Digest, session: &mut Session, new: Place) -> Answer<()> {
        let bound = u64::from(self.past.bounds.priors.max(1));
        let key = Key::Place(name, u32::try_from(session.keys % bound).unwrap_or_default());
        if let Some(Place(query, value)) = self.get(&key)? {
            let (query_key, known) = (Key::Query(name, query), Key::Known(name, query, value));
            if let Some(calls) = self.get::<Calls>(&known)? {
                let mut query: Query = self.get(&query_key)?.unwrap_or_default();
                query.lose(&calls);
                self.put(query_key, &query, None)?;
                self.remove(known);
            }
        }
        session.keys = session.keys.wrapping_add(1);
        self.put(key, &new, None)
    }

    fn charge(&mut self, charge: &Charge) -> Answer<()> {
        let key = Key::Pot(charge.pot);
        let mut pot: Pot = self.get(&key)?.unwrap_or_else(|| Pot::new(charge.window));
        pot.add(charge)?;
        self.put(key, &pot, pot.empty_from())
    }

    /// Takes a charge back, if it is still there.
    fn release(&mut self, charge: &Charge) -> Answer<()> {
        let key = Key::Pot(charge.pot);
        let Some(mut pot) = self.get::<Pot>(&key)? else { return Ok(()) };
        pot.release(charge);
        if pot.is_empty() {
            self.remove(key);
            return Ok(());
        }
        self.put(key, &pot, pot.empty_from())
    }

    fn settle_session(&mut self, name: Digest, pending: &Pending, how: Settlement) -> Answer<()> {
        let mut session: Session = self.get(&Key::Session(name))?.unwrap_or_default();
        session.pending = session.pending.saturating_sub(1);
        self.put(Key::Session(name), &session, None)?;
        if !pending.effects.marks.is_empty() {
            let mut labels = self.labels(name)?;
            labels.settle(&pending.effects, how != Settlement::NotExecuted);
            self.put_labels(name, &labels)?;
        }
        for prior in pending.effects.priors.iter().filter(|prior| !prior.test.is_false()) {
            self.settle_prior(name, prior, pending.number, how == Settlement::Ok)?;
        }
        Ok(())
    }

    fn settle_prior(&mut self, name: Digest, prior: &PriorRecord, number: u64, ok: bool) -> Answer<()> {
        self.remember = true;
        let key = Key::Query(name, prior.query);
        let mut query: Query = self.get(&key)?.unwrap_or_default();
        query.settle(prior, number, ok);
        self.put(key, &query, None)?;
        // Where the key was dropped meanwhile, the query knows that its calls are lost.
        let Some(key) = prior.key.map(|value| Key::Known(name, prior.query, value)) else { return Ok(()) };
        if let Some(mut calls) = self.get::<Calls>(&key)? {
            calls.settle(prior, number, ok);
            self.put(key, &calls, None)?;
        }
        Ok(())
    }
}
