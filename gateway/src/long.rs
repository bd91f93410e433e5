//! The whole text of calls that are too long for the ledger, as long as people may be looking at them.
//!
//! The ledger keeps what it shows, which is bounded. Here is the rest, in memory: gone with the process, and the oldest
//! of it when there is too much. People are told when it is not there.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use claw_runtime::Digest;

/// Bytes of all texts together.
const BYTES: usize = 64 * 1024 * 1024;

/// Texts by the digests of their requests.
#[derive(Debug, Default)]
pub(crate) struct LongCalls(Mutex<Texts>);

#[derive(Debug, Default)]
struct Texts {
    texts: HashMap<Digest, Arc<str>>,
    /// The oldest first.
    order: VecDeque<Digest>,
    bytes: usize,
}

impl LongCalls {
    /// Keeps a text, if it is not one that would take the room of all others.
    pub(crate) fn keep(&self, request: Digest, text: String) {
        let mut kept = self.kept();
        if text.len() > BYTES / 2 || kept.texts.contains_key(&request) {
            return;
        }
        kept.bytes = kept.bytes.saturating_add(text.len());
        kept.texts.insert(request, text.into());
        kept.order.push_back(request);
        while kept.bytes > BYTES {
            let Some(oldest) = kept.order.pop_front() else { break };
            let gone = kept.texts.remove(&oldest).map_or(0, |text| text.len());
            kept.bytes = kept.bytes.saturating_sub(gone);
        }
    }

    /// The text of a request, if it is still there.
    pub(crate) fn get(&self, request: &Digest) -> Option<Arc<str>> {
        self.kept().texts.get(request).cloned()
    }

    /// Nothing panics while it holds the lock.
    fn kept(&self) -> MutexGuard<'_, Texts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_give_way() {
        let long = LongCalls::default();
        let digest = |i: usize| Digest::of(i.to_string().as_bytes());
        for i in 0..10 {
            long.keep(digest(i), "x".repeat(BYTES / 8));
        }
        let there: Vec<bool> = (0..10).map(|i| long.get(&digest(i)).is_some()).collect();
        assert_eq!(there, [false, false, true, true, true, true, true, true, true, true]);
        long.keep(digest(11), "x".repeat(BYTES));
        assert!(long.get(&digest(11)).is_none() && long.get(&digest(2)).is_some(), "one that is too long costs none");
    }
}
