//! What happened to the questions that a function was asked, counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What happened to the questions to one function since it was registered. Every call is counted once more below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExternMetrics {
    /// Questions.
    pub calls: u64,
    /// Answered in time, with a value of the declared type.
    pub answered: u64,
    /// Answered from the cache.
    pub cached: u64,
    /// Not answered in time.
    pub timeouts: u64,
    /// Answered with an error, or with a value of another type.
    pub errors: u64,
    /// Ended by a panic.
    pub panics: u64,
    /// Not asked, because of earlier time-outs.
    pub skipped: u64,
    /// Not asked, because too many questions were waiting or no thread could be had in time.
    pub refused: u64,
    /// Why the latest error was one. May quote what the function was told.
    pub last_error: Option<String>,
}

/// One kind of end.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    Answered,
    Cached,
    TimedOut,
    Failed,
    Panicked,
    Skipped,
    Refused,
}

/// How many of each, by `End`.
#[derive(Debug, Default)]
pub(super) struct Counters {
    ends: [AtomicU64; 7],
    last_error: Mutex<Option<String>>,
}

impl Counters {
    pub(super) fn count(&self, end: End) {
        if let Some(counter) = self.ends.get(end as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn failed(&self, why: String) {
        self.count(End::Failed);
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }

    pub(super) fn read(&self) -> ExternMetrics {
        let of = |end: End| self.ends.get(end as usize).map_or(0, |counter| counter.load(Ordering::Relaxed));
        ExternMetrics {
            calls: self.ends.iter().map(|counter| counter.load(Ordering::Relaxed)).sum(),
            answered: of(End::Answered),
            cached: of(End::Cached),
            timeouts: of(End::TimedOut),
            errors: of(End::Failed),
            panics: of(End::Panicked),
            skipped: of(End::Skipped),
            refused: of(End::Refused),
            last_error: self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
