//! claw itself.

use claw_runtime::state::{Answer, CallStatus, PotKey, PriorQuery, Realm, Usage};
use claw_runtime::{Decimal, Digest, Duration, NoState, Policy, Request, StateView, Time, Tri};

use super::{Peer, Ready};
use crate::workload::{Wire, Workload};

struct Claw {
    policy: Policy,
    requests: Vec<Request>,
}

/// claw's runtime, with requests prepared.
pub fn ready(workload: &Workload) -> Ready {
    let policy = claw_benches::policy(&workload.claw);
    let requests = workload
        .cases
        .iter()
        .map(|case| policy.prepare_json(case.claw.as_bytes()).map_err(|denial| denial.to_string()))
        .collect::<Result<_, _>>()?;
    Ok(Box::new(Claw { policy, requests }))
}

impl Peer for Claw {
    fn decide(&mut self, case: usize) -> bool {
        self.policy.decide(&self.requests[case], &Fresh).is_allowed()
    }
    fn decide_json(&mut self, wire: &Wire) -> Option<bool> {
        let request = self.policy.prepare_json(wire.claw.as_bytes()).ok();
        Some(request.is_some_and(|request| self.policy.decide(&request, &Fresh).is_allowed()))
    }
}

/// A session that has just begun: all labels come with the request. Otherwise nothing is known.
struct Fresh;

impl StateView for Fresh {
    fn has_label(&self, _: Realm, _: &str) -> Answer<Tri> {
        Ok(Tri::False)
    }
    fn prior(&self, query: &PriorQuery<'_>) -> Answer<Tri> {
        NoState.prior(query)
    }
    fn pot(&self, pot: &PotKey, window: Duration, now: Time, room: Decimal) -> Answer<Usage> {
        NoState.pot(pot, window, now, room)
    }
    fn call(&self, call_id: &str) -> Answer<CallStatus> {
        NoState.call(call_id)
    }
    fn consumed(&self, asking: &Digest) -> Answer<Option<Time>> {
        NoState.consumed(asking)
    }
    fn latest(&self) -> Answer<Option<Time>> {
        NoState.latest()
    }
}
