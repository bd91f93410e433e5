//! One request put to a policy: what is decided, and what the tests come to.

use claw_runtime::bundle::ExprId;
use claw_runtime::{Decision, Json, Limits, MemoryState, NoState, Probe, RequestInput, Settlement, Tri};

use super::side::Side;
use super::supposed::Supposed;

/// The session of calls that name none, once a past is given.
const SESSION: &str = "eval";

/// What happened before the request.
#[derive(Debug, Default)]
pub struct Past {
    /// `None`: nothing, in a session that has just begun if the request names one.
    state: Option<MemoryState>,
}

impl Past {
    /// The calls that were made before, as requests, each of which succeeded if it was allowed.
    pub fn of<'r>(side: &Side, calls: impl IntoIterator<Item = &'r [u8]>) -> Past {
        let state = MemoryState::new();
        for (number, bytes) in calls.into_iter().enumerate() {
            let Ok(mut input) = RequestInput::from_json(bytes, &Limits::default()) else { continue };
            input.call_id.get_or_insert_with(|| format!("line {}", number + 1));
            input.session.get_or_insert_with(|| SESSION.to_owned());
            let Ok(request) = side.policy.prepare(&input) else { continue };
            if side.policy.begin(&request, &state).is_allowed() {
                // A store in memory holds the call that it just allowed.
                let _ = side.policy.settle(&request, Settlement::Ok, &state);
            }
        }
        Past { state: Some(state) }
    }

    /// Whether there was anything.
    pub fn is_given(&self) -> bool {
        self.state.is_some()
    }

    /// The decision about a request, which is not remembered.
    pub fn decide(&self, side: &Side, request: &Json) -> Decision {
        self.decide_supposing(side, request, false)
    }

    /// The same, where every earlier call that is asked for succeeded if that is supposed.
    pub fn decide_supposing(&self, side: &Side, request: &Json, earlier: bool) -> Decision {
        let bytes = request.canonical();
        let Some(input) = self.input(request) else { return side.policy.decide_json(bytes.as_bytes(), &NoState) };
        if input.session.is_none() {
            return side.policy.decide_json(bytes.as_bytes(), &NoState);
        }
        match side.policy.prepare(&input) {
            Ok(request) => {
                let new = MemoryState::new();
                let store = self.state.as_ref().unwrap_or(&new);
                side.policy.preview(&request, &Supposed { store, earlier })
            }
            Err(denial) => *denial,
        }
    }

    /// The request, if it fits the policy's declarations.
    pub fn probe<'s>(&self, side: &'s Side, request: &Json) -> Option<Probe<'s>> {
        let request = side.asked.prepare(&self.input(request)?).ok()?;
        Some(Probe::of(&side.asked, request))
    }

    /// What tests come to.
    pub fn truths(&self, probe: &Probe<'_>, tests: &[ExprId], earlier: bool) -> Vec<Tri> {
        let new = MemoryState::new();
        let store = self.state.as_ref().unwrap_or(&new);
        probe.truths(tests, &Supposed { store, earlier })
    }

    fn input(&self, request: &Json) -> Option<RequestInput> {
        let mut input = RequestInput::from_value(request).ok()?;
        if self.state.is_some() {
            input.session.get_or_insert_with(|| SESSION.to_owned());
        }
        Some(input)
    }
}
