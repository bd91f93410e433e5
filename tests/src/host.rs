//! A host as the tests need it: a policy, a store in memory, and requests as JSON.

use claw_runtime::{Decision, MemoryState, Policy, Request, Settlement};

/// A policy with a past.
#[derive(Debug)]
pub struct Host<'p> {
    policy: &'p Policy,
    state: MemoryState,
}

impl<'p> Host<'p> {
    /// A host that has seen nothing yet.
    pub fn new(policy: &'p Policy) -> Host<'p> {
        Host { policy, state: MemoryState::new() }
    }

    /// Decides and reserves. With the request, for settling, where it was understood.
    pub fn begin(&self, json: &[u8]) -> (Decision, Option<Request>) {
        match prepare(self.policy, json) {
            Ok(request) => (self.policy.begin(&request, &self.state), Some(request)),
            Err(denial) => (*denial, None),
        }
    }

    /// Decides, reserves, and settles what was allowed.
    pub fn run(&self, json: &[u8], how: Settlement) -> Decision {
        let (decision, request) = self.begin(json);
        if let Some(request) = request.filter(|_| decision.is_allowed()) {
            self.settle(&request, how);
        }
        decision
    }

    /// Records how an allowed call ended.
    pub fn settle(&self, request: &Request, how: Settlement) {
        self.policy.settle(request, how, &self.state).expect("a store in memory does not fail");
    }
}

/// Reads a request and checks it against the policy's declarations.
pub fn prepare(policy: &Policy, json: &[u8]) -> Result<Request, Box<Decision>> {
    policy.prepare_json(json)
}

/// The decision as it goes over the wire.
pub fn wire(decision: &Decision) -> serde_json::Value {
    serde_json::from_str(&decision.to_json().to_string()).expect("a decision is JSON")
}

/// What evidence has to name: the approvals that a decision asks for, and what was judged.
pub fn asked(decision: &Decision) -> serde_json::Value {
    let approvals = decision.approvals.iter().map(|approval| {
        let (id, clauses) = (approval.id.as_str(), approval.required_by.as_slice());
        serde_json::json!({ "id": id, "digest": approval.digest.to_string(), "required_by": clauses })
    });
    serde_json::json!({
        "approvals": approvals.collect::<Vec<_>>(),
        "request_digest": decision.request_digest.map(|digest| digest.to_string()),
    })
}

/// A request without a call id gets one: `begin` needs it, and pages may leave it out.
pub fn with_call_id(mut request: serde_json::Value, number: usize) -> serde_json::Value {
    if let Some(members) = request.as_object_mut() {
        members.entry("call_id").or_insert_with(|| format!("c-{number}").into());
    }
    request
}
