//! claw itself, and the function that one would write by hand.

use claw_runtime::{NoState, Policy, Request};

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
        self.policy.decide(&self.requests[case], &NoState).is_allowed()
    }
    fn decide_json(&mut self, wire: &Wire) -> Option<bool> {
        let request = self.policy.prepare_json(wire.claw.as_bytes()).ok();
        Some(request.is_some_and(|request| self.policy.decide(&request, &NoState).is_allowed()))
    }
}
