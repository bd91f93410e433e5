//! Decides and reserves in one step, so that two calls can't both take the last of a budget; and settles.
//!
//! A call is one `begin`, then, if it was allowed, its execution, then one `settle`. `begin` needs the request's `call_id`:
//! the same id and request get the same answer again until the call is settled (a host that lost the answer may ask
//! twice), and no answer but a denial afterwards.
//!
//! Knows the order of the steps; how to decide is `explain.rs`'s business, how to remember the store's.

use std::sync::Arc;

use crate::bundle::PriorDef;
use crate::eval::Eval;
use crate::externs::Answers;
use crate::state::{
    Answer, CallRecord, CallStatus, Commit, Effects, NoState, PriorRecord, SettleOutcome, Settlement, State,
    StateError, StateView, prior_key,
};
use crate::{Decision, Duration, Policy, Reason, Request, Tri};

impl Policy {
    /// Decides and, if the call is allowed, reserves what it needs: its share of every limit, its labels, its evidence
    /// and its id. All of it or, with a denial, nothing; only labels that the request carries stay in any case, and
    /// the clock that it brings.
    ///
    /// A request without a `call_id` is denied as invalid, since what it reserved could never be settled.
    ///
    /// ```no_run
    /// use claw_runtime::{MemoryState, Policy, Settlement};
    /// # fn execute(_: &claw_runtime::Json) -> bool { true }
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let policy = Policy::from_bytes(&std::fs::read("policy.clawb")?)?;
    /// let state = MemoryState::new();
    /// let request = br#"{ "call_id": "c-1", "session": "s-9", "environment": "prod", "agent": { "id": "bot-7" }, "tool": "ls" }"#;
    /// match policy.prepare_json(request) {
    ///     Err(denial) => println!("{denial}"),
    ///     Ok(request) => {
    ///         let decision = policy.begin(&request, &state);
    ///         if decision.is_allowed() {
    ///             let how = if execute(&decision.args) { Settlement::Ok } else { Settlement::Error };
    ///             policy.settle(&request, how, &state)?;
    ///         }
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn begin(&self, request: &Request, state: &dyn State) -> Decision {
        Arc::unwrap_or_clone(self.begin_shared(request, state))
    }

    /// As [`Policy::begin`], without a copy: a store in memory keeps the very answer that is given here.
    #[must_use]
    pub fn begin_shared(&self, request: &Request, state: &dyn State) -> Arc<Decision> {
        let Some(id) = request.call_id() else {
            return Arc::new(self.deny(request, Reason::InvalidRequest, "a call needs a `call_id` to begin"));
        };
        if request.policy != self.digest {
            // Its labels are another policy's, and must not be stored under this one's names.
            return Arc::new(self.explain(request, &NoState));
        }
        let began = Answers::settled_in(self, request, state, |view, answers| {
            let (step, call) = self.step(request, id, view, answers);
            let labels = request.labels(self).map(Arc::from).collect();
            (step, Some(Commit { now: request.time, labels, call }))
        });
        match began {
            (Ok(()), Some(step)) => step.decision,
            (Ok(()), None) => {
                Arc::new(self.unavailable(request, false, &StateError::Unavailable("it did nothing".to_owned())))
            }
            (Err(error), last) => {
                let charges = last.is_some_and(|step| step.charges);
                Arc::new(self.unavailable(request, charges, &error))
            }
        }
    }

    /// As [`Policy::begin`], for a request in its wire form. Never fails: what can't be read is denied.
    #[must_use]
    pub fn begin_json(&self, bytes: &[u8], state: &dyn State) -> Decision {
        match self.prepare_json(bytes) {
            Ok(request) => self.begin(&request, state),
            Err(denial) => *denial,
        }
    }

    /// Decides against a store and reserves nothing: what [`Policy::begin`] would answer now to a call with a new id.
    #[must_use]
    pub fn preview(&self, request: &Request, state: &dyn State) -> Decision {
        match Answers::settled_in(self, request, state, |view, answers| {
            (self.explain_effects(request, view, answers).0, None)
        }) {
            (Ok(()), Some(decision)) => decision,
            (Ok(()), None) => self.unavailable(request, false, &StateError::Unavailable("it did nothing".to_owned())),
            (Err(error), _) => self.unavailable(request, false, &error),
        }
    }

    /// Records how a call that `begin` allowed has ended. The same as [`State::settle`] with the request's scope and id.
    pub fn settle(&self, request: &Request, how: Settlement, state: &dyn State) -> Answer<SettleOutcome> {
        match request.call_id() {
            Some(id) => state.settle(&request.scope(), id, how),
            None => Ok(SettleOutcome::UnknownCall),
        }
    }

    fn step(&self, request: &Request, id: &str, view: &dyn StateView, answers: &Answers) -> (Step, Option<CallRecord>) {
        let digest = request.digest(self);
        match view.call(id) {
            Ok(CallStatus::New) => {}
            Ok(CallStatus::Pending { digest: begun, answer }) if begun == digest => {
                return Step::only(Decision { replayed: true, ..(*answer).clone() });
            }
            Ok(CallStatus::Pending { .. }) => {
                return Step::only(self.deny(
                    request,
                    Reason::InvalidRequest,
                    "this `call_id` belongs to another request that is not settled",
                ));
            }
            Ok(CallStatus::Settled) => {
                return Step::only(self.deny(
                    request,
                    Reason::DuplicateCall,
                    "the call with this `call_id` is settled",
                ));
            }
            Err(error) => return Step::only(self.unavailable(request, false, &error)),
        }
        let (decision, effects) = self.explain_effects(request, view, answers);
        if !decision.is_allowed() {
            return Step::only(decision);
        }
        let effects = Effects { priors: self.prior_records(request, view, answers), ..effects };
        let decision = Arc::new(decision);
        let step = Step { decision: decision.clone(), charges: !effects.charges.is_empty() };
        (step, Some(CallRecord { id: id.into(), digest, answer: decision, effects }))
    }

    /// What later queries of history will know of this call.
    fn prior_records(&self, request: &Request, view: &dyn StateView, answers: &Answers) -> Vec<PriorRecord> {
        let tool = self.bundle.tools.get(request.tool.index());
        let queries = tool.iter().flat_map(|tool| &tool.answers).filter_map(|id| self.bundle.priors.get(id.index()));
        queries
            .map(|query| self.prior_record(query, request, view, answers))
            .filter(|record| !record.test.is_false())
            .collect()
    }

    fn prior_record(
        &self,
        query: &PriorDef,
        request: &Request,
        view: &dyn StateView,
        answers: &Answers,
    ) -> PriorRecord {
        let args = request.known_args(self).unwrap_or_default();
        let key = query.params.iter().map(|param| args.get(*param as usize).and_then(Option::as_ref));
        let test = query.test.map_or(Tri::True, |test| match self.bundle.atoms.get(test.index()) {
            Some(atom) => Eval::new(self, request, view, answers).truth(atom.expr, None),
            None => Tri::Unknown,
        });
        PriorRecord {
            query: query.key,
            key: prior_key(key),
            test,
            begun: request.time,
            keep: Duration::from_millis(query.within_ms),
        }
    }

    /// A store that fails makes limits unavailable; whatever else it was needed for has its own reason.
    fn unavailable(&self, request: &Request, charges: bool, error: &StateError) -> Decision {
        let reason = if charges { Reason::LimitUnavailable } else { Reason::StateUnavailable };
        self.deny(request, reason, error.to_string())
    }
}

/// What one run of the step comes to.
struct Step {
    decision: Arc<Decision>,
    /// It is allowed and new, and adds to limits.
    charges: bool,
}

impl Step {
    /// An answer that reserves nothing.
    fn only(decision: Decision) -> (Step, Option<CallRecord>) {
        (Step { decision: Arc::new(decision), charges: false }, None)
    }
}
