//! A call that was decided: the answer, and what the later steps need to know of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use claw_runtime::{Decision, Digest, Invalid, Json, Outcome, Policy, Reason, Request, RequestInput};

use crate::ledger::{AskingId, Shown};
use crate::policies::Loaded;

/// A call that an engine has decided. Keep it until the call is settled.
#[derive(Debug)]
pub struct Call {
    /// Shared with a store in memory, which keeps it for a repetition of the call.
    decision: Arc<Decision>,
    input: RequestInput,
    judged: Option<Judged>,
    started: Instant,
    took: Duration,
}

/// What decided a call.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) loaded: Arc<Loaded>,
    /// `None` where the policy did not understand it.
    pub(super) request: Option<Request>,
    /// The approvals that the call holds.
    pub(super) held: Vec<AskingId>,
}

impl Call {
    pub(super) fn new(input: RequestInput, decision: Arc<Decision>, judged: Judged, started: Instant) -> Call {
        Call { decision, input, judged: Some(judged), started, took: started.elapsed() }
    }

    /// A call that no policy decided.
    pub(super) fn denied(input: RequestInput, decision: Decision, started: Instant) -> Call {
        Call { decision: Arc::new(decision), input, judged: None, started, took: started.elapsed() }
    }

    /// A request that can't be read.
    pub(super) fn unread(invalid: &Invalid, started: Instant) -> Call {
        let decision = Decision {
            pointer: Some(invalid.pointer.clone()).filter(|pointer| !pointer.is_empty()),
            ..Decision::denial(invalid.reason, Some(invalid.message.clone()))
        };
        Call::denied(RequestInput::default(), decision, started)
    }

    /// A call that the host denies before it reaches the engine, or whose answer got lost. It can't be executed or settled.
    #[must_use]
    pub fn refused(input: RequestInput, reason: Reason, message: impl Into<String>) -> Call {
        let decision = super::denial(&input, reason, message.into());
        Call::denied(input, decision, Instant::now())
    }

    /// Turns the answer into a denial.
    pub(super) fn deny(&mut self, reason: Reason, message: String) {
        let decision = Decision::clone(&self.decision);
        self.decision = Arc::new(super::unavailable(decision, reason, message));
    }

    /// Takes another answer, made with approvals.
    pub(super) fn decided(&mut self, input: RequestInput, decision: Arc<Decision>, held: Vec<AskingId>) {
        self.input = input;
        self.decision = decision;
        self.took = self.started.elapsed();
        if let Some(judged) = &mut self.judged {
            judged.held = held;
        }
    }

    /// The answer.
    #[must_use]
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// May the call be executed now?
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.decision.is_allowed()
    }

    /// Does it wait for approvals?
    #[must_use]
    pub fn needs_approval(&self) -> bool {
        self.decision.outcome == Outcome::RequireApproval
    }

    /// The arguments to dispatch: the canonical ones, which were judged. `None` unless the call is allowed.
    #[must_use]
    pub fn args(&self) -> Option<&Json> {
        self.is_allowed().then_some(&self.decision.args)
    }

    /// The digest of the policy that decided; `None` where there was none.
    #[must_use]
    pub fn policy_digest(&self) -> Option<Digest> {
        self.judged.as_ref().map(|judged| judged.loaded.version.digest)
    }

    /// The request as the host stated it, with the engine's time if it had none.
    #[must_use]
    pub fn input(&self) -> &RequestInput {
        &self.input
    }

    /// What approvers are shown of the call, whatever its length: [`Shown::whole_call`]. `None` where no policy understood it.
    #[must_use]
    pub fn shown_whole(&self) -> Option<String> {
        self.judged().map(|(policy, request)| Shown::whole_call(policy, request))
    }

    /// How long deciding took, approvals included, the audit log not.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    pub(super) fn policy(&self) -> Option<&Policy> {
        self.judged.as_ref().map(|judged| &judged.loaded.policy)
    }

    pub(super) fn judged(&self) -> Option<(&Policy, &Request)> {
        let judged = self.judged.as_ref()?;
        Some((&judged.loaded.policy, judged.request.as_ref()?))
    }

    pub(super) fn held(&self) -> &[AskingId] {
        self.judged.as_ref().map(|judged| judged.held.as_slice()).unwrap_or_default()
    }

    pub(super) fn since_started(&self) -> Duration {
        self.started.elapsed()
    }
}
