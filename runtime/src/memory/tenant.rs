//! Everything that a store keeps of one tenant. Knows the bounds; knows nothing of locks or of other tenants.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::MemoryBounds;
use super::pot::Pots;
use super::session::{PendingCall, Session};
use crate::state::{
    Answer, CallRecord, CallStatus, Commit, Consumption, Fields, PotKey, PriorQuery, Realm, SessionScope,
    SettleOutcome, Settlement, StateError, StateView, Usage,
};
use crate::{Decimal, Digest, Duration, Time, Tri};

#[derive(Debug, Default)]
pub(super) struct Tenant {
    latest: Option<Time>,
    /// Calls without a session: only their ids and what is pending.
    alone: Session,
    sessions: HashMap<Arc<str>, Session>,
    /// Sessions without a pending call by when they were last used ([`Session::used`]), oldest first.
    idle: BTreeMap<u64, Arc<str>>,
    uses: u64,
    /// Fingerprints of sessions that were evicted.
    evicted: HashSet<u64>,
    /// Too many were evicted to remember which.
    evicted_any: bool,
    /// Calls that are allowed and not settled, in all sessions.
    pending: usize,
    /// Settled calls by session and id, with the time they began.
    settled: HashMap<Digest, Option<Time>>,
    pots: Pots,
    /// First uses of evidence, and when each may be forgotten.
    consumed: HashMap<Digest, (Time, Time)>,
}

impl Tenant {
    /// Writes all of a commit or nothing.
    pub(super) fn commit(&mut self, scope: &SessionScope<'_>, commit: Commit, bounds: &MemoryBounds) -> Answer<()> {
        // Whatever may be refused comes first; nothing after it can fail.
        let staged = match &commit.call {
            Some(call) => {
                self.admit(scope.session, call, bounds)?;
                self.pots.stage(&call.effects.charges)?
            }
            None => Vec::new(),
        };
        self.admit_parent(scope, bounds)?;
        let leaves_traces = commit.call.is_some() || !commit.labels.is_empty() || scope.parent_session.is_some();
        if leaves_traces {
            self.admit_session(scope.session, bounds)?;
        }
        let latest = self.latest.max(commit.now);
        self.pots.make_room(&staged, latest, bounds.pots)?;

        self.latest = latest;
        if leaves_traces {
            self.open(scope.session, bounds);
        }
        self.pots.install(staged);
        let begins = commit.call.is_some();
        for used in commit.call.iter().flat_map(|call| &call.effects.consumed) {
            self.consumed.entry(used.asking).or_insert((used.at, used.expires));
        }
        if let Some(session) = self.session_mut(scope.session) {
            session.last_used = session.last_used.max(commit.now);
            if scope.session.is_some() {
                session.add_labels(&commit.labels);
                session.parents.extend(scope.parent_session.map(Arc::from));
            }
            if let Some(call) = commit.call {
                session.begin(call, commit.now, scope.session.is_some(), bounds);
            }
        }
        if begins {
            self.pending = self.pending.saturating_add(1);
        }
        self.touch(scope.session);
        Ok(())
    }

    /// Is there room for a call and what it leaves behind?
    fn admit(&mut self, session: Option<&str>, call: &CallRecord, bounds: &MemoryBounds) -> Answer<()> {
        if !matches!(self.call(session, &call.id), CallStatus::New) {
            return Err(StateError::Unavailable("the call id is taken".to_owned()));
        }
        if self.session(session).map_or(0, |s| s.calls.len()) >= bounds.pending {
            return Err(StateError::Full("pending calls"));
        }
        // Every pending call will need a place among the settled ones.
        if self.settled.len().saturating_add(self.pending) >= bounds.settled {
            return Err(StateError::Full("settled calls"));
        }
        self.admit_evidence(&call.effects.consumed, bounds.consumed)
    }

    fn admit_evidence(&mut self, uses: &[Consumption], bound: usize) -> Answer<()> {
        if self.consumed.len().saturating_add(uses.len()) <= bound || uses.is_empty() {
            return Ok(());
        }
        if let Some(latest) = self.latest {
            self.consumed.retain(|_, (_, expires)| *expires >= latest);
        }
        let fits = self.consumed.len().saturating_add(uses.len()) <= bound;
        if fits { Ok(()) } else { Err(StateError::Full("used evidence")) }
    }

    fn admit_parent(&self, scope: &SessionScope<'_>, bounds: &MemoryBounds) -> Answer<()> {
        let (Some(parent), Some(session)) = (scope.parent_session, self.session(scope.session)) else { return Ok(()) };
        let full = session.parents.len() >= bounds.parents && !session.parents.contains(parent);
        if full { Err(StateError::Full("parent sessions")) } else { Ok(()) }
    }

    fn admit_session(&self, name: Option<&str>, bounds: &MemoryBounds) -> Answer<()> {
        let held = self.session(name).is_some();
        if held || self.sessions.len() < bounds.sessions || !self.idle.is_empty() {
            Ok(())
        } else {
            Err(StateError::Full("sessions"))
        }
    }

    /// Makes sure that the session is held, evicting another if need be.
    fn open(&mut self, name: Option<&str>, bounds: &MemoryBounds) {
        let Some(name) = name.filter(|name| !self.sessions.contains_key(*name)) else { return };
        if self.sessions.len() >= bounds.sessions
            && let Some((_, oldest)) = self.idle.pop_first()
        {
            self.evict(&oldest, bounds);
        }
        let mut session = Session::default();
        session.lost = self.is_lost(name);
        self.sessions.insert(Arc::from(name), session);
    }

    /// Drops a session, and remembers that, if anything is lost with it.
    fn evict(&mut self, name: &str, bounds: &MemoryBounds) {
        let Some(session) = self.sessions.remove(name) else { return };
        self.idle.remove(&session.used);
        if session.is_blank() || self.evicted_any {
            return;
        }
        self.evicted.insert(fingerprint(name));
        if self.evicted.len() > bounds.evicted {
            self.evicted_any = true;
            self.evicted = HashSet::new();
        }
    }

    /// Makes the session the last one to be evicted, or keeps it from being evicted while a call is pending.
    fn touch(&mut self, name: Option<&str>) {
        let Some((name, session)) = name.and_then(|name| self.sessions.get_key_value(name)) else { return };
        let name = name.clone();
        self.idle.remove(&session.used);
        self.uses = self.uses.saturating_add(1);
        if session.calls.is_empty() {
            self.idle.insert(self.uses, name.clone());
        }
        if let Some(session) = self.sessions.get_mut(&name) {
            session.used = self.uses;
        }
    }

    pub(super) fn settle(&mut self, session_name: Option<&str>, call_id: &str, how: Settlement) -> SettleOutcome {
        let name = call_fingerprint(session_name, call_id);
        let in_session = session_name.is_some();
        let Some(session) = self.session_mut(session_name) else { return self.settled_or_unknown(&name) };
        let Some(PendingCall { record, begun, number }) = session.calls.remove(call_id) else {
            return self.settled_or_unknown(&name);
        };
        if in_session {
            session.settle(&record.effects, number, how);
        }
        if how == Settlement::NotExecuted {
            for charge in &record.effects.charges {
                self.pots.release(charge);
            }
        }
        self.pending = self.pending.saturating_sub(1);
        self.settled.insert(name, begun);
        self.touch(session_name);
        SettleOutcome::Settled
    }

    fn settled_or_unknown(&self, call: &Digest) -> SettleOutcome {
        if self.settled.contains_key(call) { SettleOutcome::AlreadySettled } else { SettleOutcome::UnknownCall }
    }

    pub(super) fn forget_before(&mut self, time: Time, bounds: &MemoryBounds) {
        self.settled.retain(|_, begun| begun.is_none_or(|begun| begun >= time));
        let old = |name: &&Arc<str>| self.sessions.get(*name).and_then(|s| s.last_used).is_some_and(|used| used < time);
        let forgotten: Vec<_> = self.idle.values().filter(old).cloned().collect();
        for name in forgotten {
            self.evict(&name, bounds);
        }
    }

    fn session(&self, name: Option<&str>) -> Option<&Session> {
        name.map_or(Some(&self.alone), |name| self.sessions.get(name))
    }

    fn session_mut(&mut self, name: Option<&str>) -> Option<&mut Session> {
        name.map_or(Some(&mut self.alone), |name| self.sessions.get_mut(name))
    }

    fn is_lost(&self, session: &str) -> bool {
        self.evicted_any || self.evicted.contains(&fingerprint(session))
    }

    fn call(&self, session: Option<&str>, call_id: &str) -> CallStatus {
        if let Some(call) = self.session(session).and_then(|s| s.calls.get(call_id)) {
            return CallStatus::Pending { digest: call.record.digest, answer: call.record.answer.clone() };
        }
        if self.settled.contains_key(&call_fingerprint(session, call_id)) {
            CallStatus::Settled
        } else {
            CallStatus::New
        }
    }
}

fn call_fingerprint(session: Option<&str>, call_id: &str) -> Digest {
    let mut hash = Fields::new("claw call");
    hash.option(session);
    hash.text(call_id);
    hash.finish()
}

/// Short, since there may be many. A collision makes a session that is not lost look lost, which is the safe side.
fn fingerprint(session: &str) -> u64 {
    let mut hash = Fields::new("claw session");
    hash.text(session);
    hash.finish().0.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// One scope's past.
pub(super) struct View<'a> {
    pub(super) tenant: &'a Tenant,
    pub(super) scope: &'a SessionScope<'a>,
    pub(super) bounds: &'a MemoryBounds,
}

impl StateView for View<'_> {
    /// Looks at the session and all that it inherits from.
    fn has_label(&self, realm: Realm, label: &str) -> Answer<Tri> {
        let Some(session) = self.scope.session else { return Ok(Tri::Unknown) };
        let mut names = vec![session];
        names.extend(self.scope.parent_session.filter(|parent| *parent != session));
        let mut answer = Tri::False;
        let mut next = 0;
        while let Some(name) = names.get(next).copied() {
            next += 1;
            match self.tenant.sessions.get(name) {
                Some(found) if found.has_label(realm, label) => return Ok(Tri::True),
                Some(found) => {
                    answer = answer.or(if found.lost { Tri::Unknown } else { Tri::False });
                    for parent in &found.parents {
                        if !names.contains(&&**parent) {
                            names.push(parent);
                        }
                    }
                }
                None if self.tenant.is_lost(name) => answer = Tri::Unknown,
                None => {}
            }
            if names.len() > self.bounds.ancestors.saturating_add(1) {
                return Ok(Tri::Unknown);
            }
        }
        Ok(answer)
    }

    fn prior(&self, query: &PriorQuery<'_>) -> Answer<Tri> {
        let Some(name) = self.scope.session else { return Ok(Tri::Unknown) };
        let (answer, lost) = match self.tenant.sessions.get(name) {
            Some(session) => (session.priors.ask(query), session.lost),
            None => (Tri::False, self.tenant.is_lost(name)),
        };
        Ok(answer.or(if lost { Tri::Unknown } else { Tri::False }))
    }

    fn pot(&self, pot: &PotKey, window: Duration, now: Time, room: Decimal) -> Answer<Usage> {
        self.tenant.pots.usage(pot, window, now, room)
    }

    fn call(&self, call_id: &str) -> Answer<CallStatus> {
        Ok(self.tenant.call(self.scope.session, call_id))
    }

    fn consumed(&self, asking: &Digest) -> Answer<Option<Time>> {
        Ok(self.tenant.consumed.get(asking).map(|(at, _)| *at))
    }

    fn latest(&self) -> Answer<Option<Time>> {
        Ok(self.tenant.latest)
    }
}
