//! Cedar, by its crate: requests and entities are made beforehand.

use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use serde_json::Value;

use super::{Peer, Ready};
use crate::workload::{Wire, Workload};

struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    requests: Vec<Request>,
}

/// Cedar's authorizer.
pub fn ready(workload: &Workload) -> Ready {
    let policies: PolicySet = workload.cedar.clone()?.parse().map_err(|e| format!("{e}"))?;
    let requests = workload.cases.iter().map(|case| request(case.facts.clone())).collect::<Result<_, _>>()?;
    Ok(Box::new(Cedar { authorizer: Authorizer::new(), policies, entities: Entities::empty(), requests }))
}

fn request(facts: Value) -> Result<Request, String> {
    let uid = |text: &str| text.parse::<EntityUid>().map_err(|e| e.to_string());
    let action = uid(&format!("Action::\"{}\"", facts["tool"].as_str().unwrap_or("call")))?;
    let context = Context::from_json_value(facts, None).map_err(|e| e.to_string())?;
    Request::new(uid("Agent::\"bot-7\"")?, action, uid("Server::\"tools\"")?, context, None).map_err(|e| e.to_string())
}

impl Peer for Cedar {
    fn decide(&mut self, case: usize) -> bool {
        self.authorizer.is_authorized(&self.requests[case], &self.policies, &self.entities).decision()
            == Decision::Allow
    }

    fn decide_json(&mut self, wire: &Wire) -> Option<bool> {
        let facts: Value = serde_json::from_str(&wire.facts).ok()?;
        let request = request(facts).ok()?;
        Some(self.authorizer.is_authorized(&request, &self.policies, &self.entities).decision() == Decision::Allow)
    }
}
