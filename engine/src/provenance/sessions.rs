//! The memories of many sessions, bounded: the least recently used one makes room.
//!
//! A session that is not held may have been told anything. So one that was not started here, or had to make room, is of
//! unknown past: nothing in it is known, and its requests say so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Provenance, ProvenanceOptions};

/// What the sessions of a gateway were told. Sessions are named within their tenant.
#[derive(Debug)]
pub struct Sessions {
    options: ProvenanceOptions,
    most: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    sessions: HashMap<Name, Kept>,
    /// Counts uses.
    clock: u64,
}

/// A tenant's and a session's name.
type Name = (Option<String>, String);

#[derive(Debug)]
struct Kept {
    provenance: Arc<Mutex<Provenance>>,
    used: u64,
}

impl Sessions {
    /// At most so many sessions, each with these bounds.
    #[must_use]
    pub fn new(most: usize, options: ProvenanceOptions) -> Sessions {
        Sessions { options, most: most.max(1), held: Mutex::default() }
    }

    /// Begins a session that was told nothing. One that is held already goes on as it is.
    pub fn start(&self, tenant: Option<&str>, session: &str) {
        let fresh = || Provenance::new(self.options.clone());
        self.find(tenant, session, fresh);
    }

    /// Begins a session that another one started: it has been told what the other was told until now. One that is held
    /// already goes on as it is.
    pub fn start_child(&self, tenant: Option<&str>, parent: &str, session: &str) {
        let parent = lock(&self.find(tenant, parent, || self.unknown())).clone();
        self.find(tenant, session, || parent);
    }

    /// Reads or adds to what a session was told. Other sessions don't wait meanwhile.
    pub fn with<T>(&self, tenant: Option<&str>, session: &str, f: impl FnOnce(&mut Provenance) -> T) -> T {
        f(&mut lock(&self.find(tenant, session, || self.unknown())))
    }

    /// Ends a session. If it is used again, it is of unknown past.
    pub fn end(&self, tenant: Option<&str>, session: &str) {
        lock(&self.held).sessions.remove(&name(tenant, session));
    }

    /// How many sessions are held.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.held).sessions.len()
    }

    /// Is none held?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn unknown(&self) -> Provenance {
        let mut provenance = Provenance::new(self.options.clone());
        provenance.missed(&[], &[]);
        provenance
    }

    fn find(&self, tenant: Option<&str>, session: &str, new: impl FnOnce() -> Provenance) -> Arc<Mutex<Provenance>> {
        let name = name(tenant, session);
        let mut held = lock(&self.held);
        held.clock = held.clock.saturating_add(1);
        let used = held.clock;
        if let Some(kept) = held.sessions.get_mut(&name) {
            kept.used = used;
            return Arc::clone(&kept.provenance);
        }
        while held.sessions.len() >= self.most {
            let Some(oldest) = held.sessions.iter().min_by_key(|(_, kept)| kept.used).map(|(name, _)| name.clone())
            else {
                break;
            };
            held.sessions.remove(&oldest);
        }
        let provenance = Arc::new(Mutex::new(new()));
        held.sessions.insert(name, Kept { provenance: Arc::clone(&provenance), used });
        provenance
    }
}

fn name(tenant: Option<&str>, session: &str) -> Name {
    (tenant.map(str::to_owned), session.to_owned())
}

/// A panic in between leaves a memory with more than it was told, or all of it: nothing is lost that restricts.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use claw_runtime::RequestInput;

    use super::*;

    fn known(sessions: &Sessions, tenant: Option<&str>, session: &str) -> bool {
        let mut input = RequestInput::tool("t").arg("x", "hello");
        sessions.with(tenant, session, |provenance| provenance.fill(&mut input));
        !input.origins.is_empty()
    }

    fn told(sessions: &Sessions, session: &str) {
        sessions.with(None, session, |provenance| provenance.told(&["user_prompt"], &[], "hello"));
    }

    #[test]
    fn sessions_are_apart() {
        let sessions = Sessions::new(10, ProvenanceOptions::default());
        sessions.start(None, "a");
        sessions.start(None, "b");
        sessions.start(Some("t"), "a");
        told(&sessions, "a");
        assert!(known(&sessions, None, "a"));
        assert!(!known(&sessions, None, "b"));
        assert!(!known(&sessions, Some("t"), "a"));
        sessions.start_child(None, "a", "child");
        sessions.start(None, "a");
        assert!(known(&sessions, None, "child") && known(&sessions, None, "a"));
    }

    #[test]
    fn a_past_that_is_not_known_makes_nothing_known() {
        let sessions = Sessions::new(2, ProvenanceOptions::default());
        // Not started here.
        told(&sessions, "a");
        assert!(!known(&sessions, None, "a"));
        assert!(!sessions.with(None, "a", |provenance| provenance.is_complete()));
        sessions.start_child(None, "a", "b");
        assert!(!known(&sessions, None, "b"));
        // Had to make room.
        for session in ["c", "d", "e"] {
            sessions.start(None, session);
            told(&sessions, session);
        }
        assert_eq!(sessions.len(), 2);
        assert!(known(&sessions, None, "d") && known(&sessions, None, "e"));
        told(&sessions, "c");
        assert!(!known(&sessions, None, "c"));
        // Ended.
        sessions.end(None, "c");
        told(&sessions, "c");
        assert!(!known(&sessions, None, "c"));
        assert!(!sessions.is_empty());
    }
}
