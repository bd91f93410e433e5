//! Askings in memory: for one process, gone with it. Bounded: a full store refuses, it forgets nothing that counts.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use claw_runtime::{Digest, Time};

use super::store::{Answer, Cursor, Store, StoreError};
use super::{Asking, AskingId, Slot, State};

/// Askings that are kept unless another bound is set.
const ASKINGS: usize = 100_000;

/// Askings in memory.
#[derive(Debug)]
pub struct MemoryStore {
    slots: Mutex<BTreeMap<Slot, Asking>>,
    bound: usize,
}

impl Default for MemoryStore {
    fn default() -> MemoryStore {
        MemoryStore::bounded(ASKINGS)
    }
}

impl MemoryStore {
    /// An empty store for 100,000 askings.
    #[must_use]
    pub fn new() -> MemoryStore {
        MemoryStore::default()
    }

    /// An empty store for so many askings.
    #[must_use]
    pub fn bounded(askings: usize) -> MemoryStore {
        MemoryStore { slots: Mutex::default(), bound: askings }
    }

    /// A thread that panicked while it held the lock had changed nothing: every change is one assignment.
    fn slots(&self) -> MutexGuard<'_, BTreeMap<Slot, Asking>> {
        self.slots.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn select(&self, wanted: impl Fn(&Asking) -> bool) -> Vec<Asking> {
        self.slots().values().filter(|asking| wanted(asking)).cloned().collect()
    }
}

impl Store for MemoryStore {
    fn get(&self, id: &AskingId) -> Answer<Option<Asking>> {
        Ok(self.slots().values().find(|asking| asking.id == *id).cloned())
    }

    fn insert(&self, asking: &Asking) -> Answer<Option<Asking>> {
        let slot = asking.slot();
        let mut slots = self.slots();
        if let Some(there) = slots.get(&slot) {
            return Ok(Some(there.clone()));
        }
        if slots.len() >= self.bound {
            slots.retain(|_, old| old.expires_at >= asking.opened_at);
        }
        if slots.len() >= self.bound {
            return Err(StoreError(format!("it is full ({} askings)", self.bound)));
        }
        slots.insert(slot, asking.clone());
        Ok(None)
    }

    fn compare_and_set(&self, old: &Asking, new: &Asking) -> Answer<bool> {
        match self.slots().get_mut(&old.slot()) {
            Some(there) if there.id == old.id && there.version == old.version => {
                *there = new.clone();
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn of_request(&self, tenant: Option<&str>, request: &Digest) -> Answer<Vec<Asking>> {
        Ok(self.select(|asking| asking.is_of(tenant).is_ok() && asking.ballot.request_digest == *request))
    }

    fn open(&self, tenant: Option<&str>, now: Time, after: Option<&Cursor>, limit: usize) -> Answer<Vec<Asking>> {
        let mut open = self.select(|asking| {
            let later = after.is_none_or(|after| Cursor::after(asking) > *after);
            later && asking.is_of(tenant).is_ok() && asking.state(now) == State::Open
        });
        open.sort_by_key(Cursor::after);
        open.truncate(limit);
        Ok(open)
    }

    fn remove_expired(&self, before: Time) -> Answer<u64> {
        let mut slots = self.slots();
        let had = slots.len();
        slots.retain(|_, asking| asking.expires_at >= before);
        Ok(u64::try_from(had.saturating_sub(slots.len())).unwrap_or(u64::MAX))
    }
}
