//! Everything that a store keeps of one tenant. Knows the bounds; knows nothing of locks or of other tenants.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::MemoryBounds;
use super::hash::Map;
use super::pot::Pots;
use super::session::{PendingCall, Session, SettledCalls};
use crate::state::{
    Answer, CallRecord, CallStatus, Charge, Commit, Consumption, Fields, PotKey, PriorQuery, Realm, SessionScope,
    SettleOutcome, Settlement, StateError, StateView, Usage,
};
use crate::{Decimal, Digest, Duration, Time, Tri};

#[derive(Debug, Default)]
pub(super) struct Tenant {
    latest: Option<Time>,
    /// Calls without a session: only their ids and what is pending.
    alone: Session,
    sessions: Map<Arc<str>, Session>,
    /// Every session without a pending call, and some others, each at most once: by when it was last used
    /// ([`Session::used`]) or, where nobody has looked since, by a time before that. Oldest first.
    idle: BTreeMap<u64, Arc<str>>,
    /// Sessions with a pending call.
    busy: usize,
    uses: u64,
    /// Fingerprints of sessions that were evicted.
    evicted: HashSet<u64>,
    /// Too many were evicted to remember which.
    evicted_any: bool,
    /// Calls that are allowed and not settled, in all sessions.
    pending: usize,
    /// Calls that are settled, in all sessions and in `former`.
    settled: usize,
    /// Settled calls of sessions that were evicted.
    former: Map<Arc<str>, SettledCalls>,
    pots: Pots,
    /// First uses of evidence, and when each may be forgotten.
    consumed: Map<Digest, (Time, Time)>,
}

impl Tenant {
    /// Writes all of a commit or nothing.
    pub(super) fn commit(&mut self, scope: &SessionScope<'_>, commit: Commit, bounds: &MemoryBounds) -> Answer<()> {
        // Whatever may be refused comes first; nothing after it can fail.
        let held = self.session(scope.session);
        let parent = admit_parent(scope, held, bounds);
        let leaves_traces = commit.call.is_some() || !commit.labels.is_empty() || scope.parent_session.is_some();
        let opens = leaves_traces && held.is_none();
        let mut charges: &[Charge] = &[];
        if let Some(call) = &commit.call {
            self.admit(scope.session, held, call, bounds)?;
            self.admit_evidence(&call.effects.consumed, bounds.consumed)?;
            charges = &call.effects.charges;
            self.pots.check(charges)?;
        }
        parent?;
        if opens && self.sessions.len() >= bounds.sessions && self.sessions.len() <= self.busy {
            return Err(StateError::Full("sessions"));
        }
        let latest = self.latest.max(commit.now);
        self.pots.make_room(charges, latest, bounds.pots)?;

        self.latest = latest;
        self.pots.add(charges);
        if opens {
            self.open(scope.session, bounds);
        }
        for used in commit.call.iter().flat_map(|call| &call.effects.consumed) {
            self.consumed.entry(used.asking).or_insert((used.at, used.expires));
        }
        self.take_in(scope, commit, bounds);
        Ok(())
    }

    /// Is there room for a call's id?
    fn admit(
        &self,
        session: Option<&str>,
        held: Option<&Session>,
        call: &CallRecord,
        bounds: &MemoryBounds,
    ) -> Answer<()> {
        if !matches!(self.call_in(session, held, &call.id), CallStatus::New) {
            return Err(StateError::Unavailable("the call id is taken".to_owned()));
        }
        if held.map_or(0, |held| held.calls.len()) >= bounds.pending {
            return Err(StateError::Full("pending calls"));
        }
        // Every pending call will need a place among the settled ones.
        if self.settled.saturating_add(self.pending) >= bounds.settled {
            return Err(StateError::Full("settled calls"));
        }
        Ok(())
    }

    /// Writes into the session what was admitted, and makes it the last one to be evicted.
    fn take_in(&mut self, scope: &SessionScope<'_>, commit: Commit, bounds: &MemoryBounds) {
        let begins = usize::from(commit.call.is_some());
        let Some(session) = scope.session.map_or(Some(&mut self.alone), |name| self.sessions.get_mut(name)) else {
            return;
        };
        session.last_used = session.last_used.max(commit.now);
        self.uses = self.uses.saturating_add(1);
        session.used = self.uses;
        self.pending = self.pending.saturating_add(begins);
        let Some(name) = scope.session else {
            if let Some(call) = commit.call {
                session.begin(call, commit.now, false, bounds);
            }
            return;
        };
        session.add_labels(&commit.labels);
        session.parents.extend(scope.parent_session.map(Arc::from));
        let was_idle = session.calls.is_empty();
        if let Some(call) = commit.call {
            session.begin(call, commit.now, true, bounds);
        }
        if !session.calls.is_empty() {
            self.busy = self.busy.saturating_add(usize::from(was_idle));
        } else if !session.listed {
            self.list(name);
        }
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

    /// Holds a session that is not held yet, evicting another if need be.
    fn open(&mut self, name: Option<&str>, bounds: &MemoryBounds) {
        let Some(name) = name else { return };
        if self.sessions.len() >= bounds.sessions {
            self.evict_oldest(bounds);
        }
        let mut session = Session::default();
        session.lost = self.is_lost(name);
        session.settled = self.former.remove(name).unwrap_or_default();
        self.sessions.insert(Arc::from(name), session);
    }

    /// Puts a session without a pending call, which is not there yet, into the list of those that may be evicted.
    fn list(&mut self, name: &str) {
        let Some(key) = self.sessions.get_key_value(name).map(|(key, _)| key.clone()) else { return };
        let Some(session) = self.sessions.get_mut(name) else { return };
        session.listed = true;
        self.idle.insert(session.used, key);
    }

    /// Evicts the session that was used least recently of those without a pending call.
    fn evict_oldest(&mut self, bounds: &MemoryBounds) {
        while let Some((listed_at, name)) = self.idle.pop_first() {
            let Some(session) = self.sessions.get_mut(&name) else { continue };
            if !session.calls.is_empty() {
                // It comes back once they are settled.
                session.listed = false;
            } else if session.used != listed_at {
                self.idle.insert(session.used, name);
            } else {
                return self.evict(&name, bounds);
            }
        }
    }

    /// Drops a session, and remembers that, if anything is lost with it. Its settled calls are not.
    fn evict(&mut self, name: &Arc<str>, bounds: &MemoryBounds) {
        let Some(mut session) = self.sessions.remove(name) else { return };
        if !session.settled.is_empty() {
            session.settled.shrink();
            self.former.insert(name.clone(), std::mem::take(&mut session.settled));
        }
        if session.is_blank() || self.evicted_any {
            return;
        }
        self.evicted.insert(fingerprint(name));
        if self.evicted.len() > bounds.evicted {
            self.evicted_any = true;
            self.evicted = HashSet::new();
        }
    }

    pub(super) fn settle(&mut self, name: Option<&str>, call_id: &str, how: Settlement) -> SettleOutcome {
        let Some(session) = name.map_or(Some(&mut self.alone), |name| self.sessions.get_mut(name)) else {
            return self.settled_or_unknown(name, call_id);
        };
        let Some(PendingCall { record, begun, number }) = session.calls.remove(call_id) else {
            return self.settled_or_unknown(name, call_id);
        };
        session.settled.insert(&record.id, begun);
        self.settled = self.settled.saturating_add(1);
        self.pending = self.pending.saturating_sub(1);
        self.uses = self.uses.saturating_add(1);
        session.used = self.uses;
        if name.is_some() {
            session.settle(&record.effects, number, how);
        }
        if how == Settlement::NotExecuted {
            for charge in &record.effects.charges {
                self.pots.release(charge);
            }
        }
        if let Some(name) = name
            && session.calls.is_empty()
        {
            self.busy = self.busy.saturating_sub(1);
            if !session.listed {
                self.list(name);
            }
        }
        SettleOutcome::Settled
    }

    fn settled_or_unknown(&self, session: Option<&str>, call_id: &str) -> SettleOutcome {
        match self.call(session, call_id) {
            CallStatus::Settled => SettleOutcome::AlreadySettled,
            CallStatus::New | CallStatus::Pending { .. } => SettleOutcome::UnknownCall,
        }
    }

    pub(super) fn forget_before(&mut self, time: Time, bounds: &MemoryBounds) {
        let held = self.sessions.values_mut().map(|session| &mut session.settled);
        let all = held.chain(self.former.values_mut()).chain([&mut self.alone.settled]);
        let forgotten: usize = all.map(|calls| calls.forget_before(time)).sum();
        self.settled = self.settled.saturating_sub(forgotten);
        self.former.retain(|_, calls| !calls.is_empty());
        let old = |session: &Session| session.calls.is_empty() && session.last_used.is_some_and(|used| used < time);
        let old = self.sessions.iter().filter(|(_, session)| old(session));
        let old: Vec<Arc<str>> = old.map(|(name, _)| name.clone()).collect();
        for name in old {
            self.evict(&name, bounds);
        }
        self.idle.retain(|_, name| self.sessions.contains_key(name));
    }

    fn session(&self, name: Option<&str>) -> Option<&Session> {
        name.map_or(Some(&self.alone), |name| self.sessions.get(name))
    }

    fn is_lost(&self, session: &str) -> bool {
        self.evicted_any || (!self.evicted.is_empty() && self.evicted.contains(&fingerprint(session)))
    }

    fn call(&self, session: Option<&str>, call_id: &str) -> CallStatus {
        self.call_in(session, self.session(session), call_id)
    }

    fn call_in(&self, session: Option<&str>, held: Option<&Session>, call_id: &str) -> CallStatus {
        if let Some(held) = held {
            return held.call(call_id);
        }
        let former = session.and_then(|name| self.former.get(name));
        if former.is_some_and(|calls| calls.contains(call_id)) { CallStatus::Settled } else { CallStatus::New }
    }
}

fn admit_parent(scope: &SessionScope<'_>, held: Option<&Session>, bounds: &MemoryBounds) -> Answer<()> {
    let (Some(parent), Some(session)) = (scope.parent_session, held) else { return Ok(()) };
    let full = session.parents.len() >= bounds.parents && !session.parents.contains(parent);
    if full { Err(StateError::Full("parent sessions")) } else { Ok(()) }
}

/// Short, since there may be many. A collision makes a session that is not lost look lost, which is the safe side.
fn fingerprint(session: &str) -> u64 {
    let mut hash = Fields::new("claw session");
    hash.text(session);
    hash.finish().0.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// One scope's past.
pub(super) struct View<'a> {
    tenant: &'a Tenant,
    scope: &'a SessionScope<'a>,
    bounds: &'a MemoryBounds,
    /// The scope's session, once it was looked for.
    held: OnceCell<Option<&'a Session>>,
}

impl<'a> View<'a> {
    pub(super) fn new(tenant: &'a Tenant, scope: &'a SessionScope<'a>, bounds: &'a MemoryBounds) -> View<'a> {
        View { tenant, scope, bounds, held: OnceCell::new() }
    }

    fn held(&self) -> Option<&'a Session> {
        *self.held.get_or_init(|| self.tenant.session(self.scope.session))
    }
}

impl StateView for View<'_> {
    /// Looks at the session and all that it inherits from.
    fn has_label(&self, realm: Realm, label: &str) -> Answer<Tri> {
        let Some(session) = self.scope.session else { return Ok(Tri::Unknown) };
        let parent = self.scope.parent_session.filter(|parent| *parent != session);
        if parent.is_none() && self.held().is_none_or(|held| held.parents.is_empty()) {
            // It inherits nothing.
            return Ok(match self.held() {
                Some(held) => held.own_label(realm, label),
                None => {
                    if self.tenant.is_lost(session) {
                        Tri::Unknown
                    } else {
                        Tri::False
                    }
                }
            });
        }
        let mut names = vec![session];
        names.extend(parent);
        let mut answer = Tri::False;
        let mut next = 0;
        while let Some(name) = names.get(next).copied() {
            next += 1;
            match self.tenant.sessions.get(name) {
                Some(found) => {
                    answer = answer.or(found.own_label(realm, label));
                    if answer.is_true() {
                        return Ok(answer);
                    }
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
        let (answer, lost) = match self.held() {
            Some(session) => (session.priors.ask(query), session.lost),
            None => (Tri::False, self.tenant.is_lost(name)),
        };
        Ok(answer.or(if lost { Tri::Unknown } else { Tri::False }))
    }

    fn pot(&self, pot: &PotKey, window: Duration, now: Time, room: Decimal) -> Answer<Usage> {
        self.tenant.pots.usage(pot, window, now, room)
    }

    fn call(&self, call_id: &str) -> Answer<CallStatus> {
        Ok(self.tenant.call_in(self.scope.session, self.held(), call_id))
    }

    fn consumed(&self, asking: &Digest) -> Answer<Option<Time>> {
        Ok(self.tenant.consumed.get(asking).map(|(at, _)| *at))
    }

    fn latest(&self) -> Answer<Option<Time>> {
        Ok(self.tenant.latest)
    }
}
