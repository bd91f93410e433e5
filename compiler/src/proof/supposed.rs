//! A past in which every call that policies ask for has succeeded.
//!
//! For telling what would be, had it happened. Whether it can happen is another question: the earlier call would have to
//! be allowed, too.

use claw_runtime::state::{Answer, CallStatus, Commit, PotKey, PriorQuery, Realm, Usage};
use claw_runtime::{
    Decimal, Digest, Duration, MemoryState, SessionScope, SettleOutcome, Settlement, State, StateView, Time, Tri,
};

/// A store in which queries of history are true, if that is supposed.
#[derive(Debug)]
pub struct Supposed<'s> {
    pub store: &'s MemoryState,
    pub earlier: bool,
}

struct View<'v> {
    view: &'v dyn StateView,
    earlier: bool,
}

impl State for Supposed<'_> {
    fn transact(&self, scope: &SessionScope<'_>, step: &mut dyn FnMut(&dyn StateView) -> Option<Commit>) -> Answer<()> {
        self.store.transact(scope, &mut |view| step(&View { view, earlier: self.earlier }))
    }

    fn settle(&self, scope: &SessionScope<'_>, call_id: &str, how: Settlement) -> Answer<SettleOutcome> {
        self.store.settle(scope, call_id, how)
    }
}

impl StateView for View<'_> {
    fn has_label(&self, realm: Realm, label: &str) -> Answer<Tri> {
        self.view.has_label(realm, label)
    }

    fn prior(&self, query: &PriorQuery<'_>) -> Answer<Tri> {
        // Of which call it would have been is unknown where a key is.
        if self.earlier && query.key.is_some() { Ok(Tri::True) } else { self.view.prior(query) }
    }

    fn pot(&self, pot: &PotKey, window: Duration, now: Time, room: Decimal) -> Answer<Usage> {
        self.view.pot(pot, window, now, room)
    }

    fn call(&self, call_id: &str) -> Answer<CallStatus> {
        self.view.call(call_id)
    }

    fn consumed(&self, asking: &Digest) -> Answer<Option<Time>> {
        self.view.consumed(asking)
    }

    fn latest(&self) -> Answer<Option<Time>> {
        self.view.latest()
    }
}
