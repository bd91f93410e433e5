//! A store in memory: maps behind one lock, bounded, for a single process.
//!
//! A question costs O(log n) at most, whatever the length of the history: pots are rings of buckets, labels are
//! counts, and earlier calls are kept as the latest time per query and key. Evicting a session costs as much on average:
//! it catches up with the uses of sessions since the last one. What has to make room is remembered as
//! lost, so that its absence reads as unknown; what may not be lost makes the store full instead, and a full store
//! denies.
//!
//! Knows nothing of policies. Its only clock is the times that calls bring.

mod hash;
pub(crate) mod pot;
pub(crate) mod prior;
mod session;
mod tenant;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::hash::Map;
use self::tenant::{Tenant, View};
use crate::Time;
use crate::state::{Answer, Commit, SessionScope, SettleOutcome, Settlement, State, StateError, StateView};

/// Bounds of a [`MemoryState`]. All but the first hold for each tenant by itself, so that none can crowd out another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryBounds {
    /// Tenants. A further one is refused. Default 1,000.
    pub tenants: usize,
    /// Sessions. Beyond, the least recently used one without a pending call is evicted, and its labels and earlier
    /// calls are unknown from then on. Default 10,000.
    pub sessions: usize,
    /// Sessions that were evicted and may come back. Beyond, every session that is not held counts as evicted.
    /// Default 1,000,000.
    pub evicted: usize,
    /// Calls of one session that are allowed and not settled. A further one is refused. Default 1,000.
    pub pending: usize,
    /// Ids of settled calls. Once full, further calls are refused until [`MemoryState::forget_before`] makes room.
    /// Default 1,000,000.
    pub settled: usize,
    /// Answers to queries of history that one session keeps. Beyond, the oldest are dropped, and read as unknown
    /// while they would have counted. Default 10,000.
    pub priors: usize,
    /// Pots with something in them. A further one is unavailable. Default 100,000.
    pub pots: usize,
    /// Uses of evidence that has not expired. A further one is refused. Default 100,000.
    pub consumed: usize,
    /// Sessions from which one session inherits directly. Default 8.
    pub parents: usize,
    /// Sessions from which one session inherits altogether; beyond, labels are unknown. Default 64.
    pub ancestors: usize,
}

impl Default for MemoryBounds {
    fn default() -> MemoryBounds {
        MemoryBounds {
            tenants: 1_000,
            sessions: 10_000,
            evicted: 1_000_000,
            pending: 1_000,
            settled: 1_000_000,
            priors: 10_000,
            pots: 100_000,
            consumed: 100_000,
            parents: 8,
            ancestors: 64,
        }
    }
}

/// Past calls, kept in memory.
#[derive(Debug, Default)]
pub struct MemoryState {
    bounds: MemoryBounds,
    tenants: Mutex<Tenants>,
}

#[derive(Debug, Default)]
struct Tenants {
    /// The tenant of requests that name none.
    unnamed: Tenant,
    named: Map<Arc<str>, Tenant>,
}

impl Tenants {
    fn get(&self, name: Option<&str>) -> Option<&Tenant> {
        name.map_or(Some(&self.unnamed), |name| self.named.get(name))
    }

    fn get_mut(&mut self, name: Option<&str>) -> Option<&mut Tenant> {
        name.map_or(Some(&mut self.unnamed), |name| self.named.get_mut(name))
    }
}

impl MemoryState {
    /// An empty store with the default bounds.
    #[must_use]
    pub fn new() -> MemoryState {
        MemoryState::default()
    }

    /// An empty store.
    #[must_use]
    pub fn with_bounds(bounds: MemoryBounds) -> MemoryState {
        MemoryState { bounds, tenants: Mutex::default() }
    }

    /// Forgets the ids of settled calls that began before `time`, and evicts the sessions that were last used before
    /// it and have no pending call. From then on such an id would be taken for a new call: choose a time before
    /// which no host repeats one. What has no time is kept.
    pub fn forget_before(&self, time: Time) {
        let mut tenants = self.lock();
        tenants.unnamed.forget_before(time, &self.bounds);
        for tenant in tenants.named.values_mut() {
            tenant.forget_before(time, &self.bounds);
        }
    }

    /// A step that panicked has written nothing, so what the lock guards is whole even then.
    fn lock(&self) -> MutexGuard<'_, Tenants> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State for MemoryState {
    fn transact(&self, scope: &SessionScope<'_>, step: &mut dyn FnMut(&dyn StateView) -> Option<Commit>) -> Answer<()> {
        let mut tenants = self.lock();
        let commit = match tenants.get(scope.tenant) {
            Some(tenant) => step(&View::new(tenant, scope, &self.bounds)),
            None => step(&View::new(&Tenant::default(), scope, &self.bounds)),
        };
        let Some(commit) = commit else { return Ok(()) };
        if let Some(tenant) = tenants.get_mut(scope.tenant) {
            return tenant.commit(scope, commit, &self.bounds);
        }
        if tenants.named.len() >= self.bounds.tenants {
            return Err(StateError::Full("tenants"));
        }
        let mut tenant = Tenant::default();
        tenant.commit(scope, commit, &self.bounds)?;
        tenants.named.extend(scope.tenant.map(|name| (Arc::from(name), tenant)));
        Ok(())
    }

    fn settle(&self, scope: &SessionScope<'_>, call_id: &str, how: Settlement) -> Answer<SettleOutcome> {
        let mut tenants = self.lock();
        Ok(match tenants.get_mut(scope.tenant) {
            Some(tenant) => tenant.settle(scope.session, call_id, how),
            None => SettleOutcome::UnknownCall,
        })
    }
}

#[cfg(test)]
mod tests;
