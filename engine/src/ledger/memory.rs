//! Askings in memory: for one process, gone with it. Bounded: a full store refuses, it forgets nothing that counts.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard};

use claw_runtime::{Digest, Time};

use super::store::{Answer, Cursor, PER_TENANT, Store, StoreError};
use super::{Asking, AskingId, Slot, State};

/// Askings that are kept unless another bound is set.
const ASKINGS: usize = 100_000;

/// Askings in memory.
#[derive(Debug)]
pub struct MemoryStore {
    table: Mutex<Table>,
    bound: usize,
}

/// The askings by their slots, and where to find them. An asking's tenant and request follow from its slot.
#[derive(Debug, Default)]
struct Table {
    slots: BTreeMap<Slot, Asking>,
    by_id: HashMap<AskingId, Slot>,
    tenants: HashMap<Option<String>, Tenant>,
}

/// One tenant's slots, by the requests' digests.
#[derive(Debug, Default)]
struct Tenant {
    slots: usize,
    requests: BTreeMap<Digest, BTreeSet<Slot>>,
}

impl Table {
    fn put(&mut self, slot: Slot, asking: &Asking) {
        if let Some(old) = self.slots.insert(slot, asking.clone()) {
            self.by_id.remove(&old.id);
        }
        self.by_id.insert(asking.id, slot);
        let tenant = self.tenants.entry(asking.ballot.tenant.clone()).or_default();
        if tenant.requests.entry(asking.ballot.request_digest).or_default().insert(slot) {
            tenant.slots = tenant.slots.saturating_add(1);
        }
    }

    fn tenant(&self, tenant: Option<&str>) -> Option<&Tenant> {
        self.tenants.get(&tenant.map(str::to_owned))
    }

    /// The slots of a tenant.
    fn of_tenant(&self, tenant: Option<&str>) -> impl Iterator<Item = &Asking> {
        let requests = self.tenant(tenant).map(|tenant| &tenant.requests);
        requests.into_iter().flat_map(BTreeMap::values).flatten().filter_map(|slot| self.slots.get(slot))
    }

    /// May the tenant have another asking? Looks through those it has only if there are that many.
    fn has_room(&self, tenant: Option<&str>, now: Time) -> bool {
        let bound = usize::try_from(PER_TENANT).unwrap_or(usize::MAX);
        self.tenant(tenant).is_none_or(|tenant| tenant.slots < bound)
            || self.of_tenant(tenant).filter(|asking| asking.expires_at >= now).count() < bound
    }

    fn remove_expired(&mut self, before: Time) -> usize {
        let expired = self.slots.extract_if(.., |_, asking| asking.expires_at < before).collect::<Vec<_>>();
        for (slot, asking) in &expired {
            self.by_id.remove(&asking.id);
            if let Some(tenant) = self.tenants.get_mut(&asking.ballot.tenant) {
                tenant.slots = tenant.slots.saturating_sub(1);
                let slots = tenant.requests.get_mut(&asking.ballot.request_digest);
                let emptied = slots.is_some_and(|slots| slots.remove(slot) && slots.is_empty());
                if emptied {
                    tenant.requests.remove(&asking.ballot.request_digest);
                }
            }
        }
        self.tenants.retain(|_, tenant| tenant.slots > 0);
        expired.len()
    }
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
        MemoryStore { table: Mutex::default(), bound: askings }
    }

    /// Nothing panics while it holds the lock.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn get(&self, id: &AskingId) -> Answer<Option<Asking>> {
        let table = self.table();
        Ok(table.by_id.get(id).and_then(|slot| table.slots.get(slot)).cloned())
    }

    fn insert(&self, asking: &Asking) -> Answer<Option<Asking>> {
        let slot = asking.slot();
        let mut table = self.table();
        if let Some(there) = table.slots.get(&slot) {
            return Ok(Some(there.clone()));
        }
        if table.slots.len() >= self.bound {
            table.remove_expired(asking.opened_at);
        }
        if table.slots.len() >= self.bound {
            return Err(StoreError(format!("it is full ({} askings)", self.bound)));
        }
        if !table.has_room(asking.ballot.tenant.as_deref(), asking.opened_at) {
            return Err(StoreError::full());
        }
        table.put(slot, asking);
        Ok(None)
    }

    fn compare_and_set(&self, old: &Asking, new: &Asking) -> Answer<bool> {
        let slot = old.slot();
        let mut table = self.table();
        let is_old = |there: &Asking| there.id == old.id && there.version == old.version;
        let same = table.slots.get(&slot).is_some_and(is_old);
        if same {
            table.put(slot, new);
        }
        Ok(same)
    }

    fn of_request(&self, tenant: Option<&str>, request: &Digest) -> Answer<Vec<Asking>> {
        let table = self.table();
        let slots = table.tenant(tenant).and_then(|tenant| tenant.requests.get(request));
        Ok(slots.into_iter().flatten().filter_map(|slot| table.slots.get(slot)).cloned().collect())
    }

    fn open(&self, tenant: Option<&str>, now: Time, after: Option<&Cursor>, limit: usize) -> Answer<Vec<Asking>> {
        let table = self.table();
        let later = |asking: &&Asking| after.is_none_or(|after| Cursor::after(asking) > *after);
        let mut open: Vec<&Asking> =
            table.of_tenant(tenant).filter(later).filter(|asking| asking.state(now) == State::Open).collect();
        open.sort_by_key(|asking| Cursor::after(asking));
        Ok(open.into_iter().take(limit).cloned().collect())
    }

    fn closed(&self, tenant: Option<&str>, now: Time, limit: usize) -> Answer<Vec<Asking>> {
        let table = self.table();
        let mut closed: Vec<&Asking> =
            table.of_tenant(tenant).filter(|asking| asking.state(now) != State::Open).collect();
        closed.sort_by_key(|asking| std::cmp::Reverse(Cursor::after(asking)));
        Ok(closed.into_iter().take(limit).cloned().collect())
    }

    fn remove_expired(&self, before: Time) -> Answer<u64> {
        Ok(u64::try_from(self.table().remove_expired(before)).unwrap_or(u64::MAX))
    }
}
