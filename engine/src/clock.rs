//! Where the time comes from: the machine, or a test.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use claw_runtime::{Duration, Time};

/// A clock. May be wrong, or go backwards: whoever uses one must stay safe then.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time; `None` if it can't be told.
    fn now(&self) -> Option<Time>;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Option<Time> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        Time::from_millis(i64::try_from(since.as_millis()).ok()?)
    }
}

/// A clock that stands still until it is set: for tests.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows this time.
    #[must_use]
    pub fn new(now: Time) -> ManualClock {
        ManualClock(AtomicI64::new(now.as_millis()))
    }

    /// Sets it, also backwards.
    pub fn set(&self, now: Time) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }

    /// Moves it on, or back.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Option<Time> {
        Time::from_millis(self.0.load(Ordering::SeqCst))
    }
}
