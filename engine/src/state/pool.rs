//! A bounded number of connections that threads take turns with, and wait for no longer than they may.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Connections, some of them not made yet.
#[derive(Debug)]
pub(super) struct Pool<T> {
    slots: Mutex<Slots<T>>,
    freed: Condvar,
}

#[derive(Debug)]
struct Slots<T> {
    idle: Vec<T>,
    /// How many more may be made or are being used.
    free: usize,
}

/// The right to use one connection.
pub(super) struct Lease<'a, T> {
    pool: &'a Pool<T>,
    /// The connection; `None` if it is to be made. What is left here goes back to the pool.
    pub(super) held: Option<T>,
}

impl<T> Pool<T> {
    /// At most `bound` at a time, and at least one.
    pub(super) fn new(bound: usize) -> Pool<T> {
        Pool { slots: Mutex::new(Slots { idle: Vec::new(), free: bound.max(1) }), freed: Condvar::new() }
    }

    /// One that is free before the deadline.
    pub(super) fn take(&self, deadline: Instant) -> Option<Lease<'_, T>> {
        let mut slots = self.lock();
        while slots.free == 0 {
            let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
            slots = self.freed.wait_timeout(slots, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        slots.free = slots.free.saturating_sub(1);
        let held = slots.idle.pop();
        Some(Lease { pool: self, held })
    }

    /// Drops those that nobody uses.
    #[cfg(feature = "redis")]
    pub(super) fn clear(&self) {
        self.lock().idle.clear();
    }

    /// Nothing that is done under the lock can panic halfway.
    fn lock(&self) -> MutexGuard<'_, Slots<T>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Drop for Lease<'_, T> {
    fn drop(&mut self) {
        let mut slots = self.pool.lock();
        slots.idle.extend(self.held.take());
        slots.free = slots.free.saturating_add(1);
        drop(slots);
        self.pool.freed.notify_one();
    }
}
