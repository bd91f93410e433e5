//! The engine: policy, past calls, approvals and audit as one thing that a gateway asks before each tool call.
//!
//! A call is one [`Engine::begin`], then, if it was allowed, its execution, then one [`Engine::settle`]. A call that needs
//! approvals is [asked](Engine::ask) for; people [vote](Engine::vote); then the same request begins again. Every step
//! is in the audit log before its answer is out.
//!
//! Composes what the other modules do, and adds no rule of its own but one: what fails is a denial.

mod approvals;
mod builder;
mod call;
mod trail;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use claw_runtime::{
    AgentInput, Decision, Invalid, Limits, Outcome, Reason, RequestInput, SessionScope, SettleOutcome, Settlement,
    State, StateError, Time, UserInput,
};

pub use self::builder::Builder;
pub use self::call::Call;
use self::call::Judged;
use crate::audit::{AuditError, AuditLog};
use crate::clock::Clock;
use crate::ledger::{Ledger, Refusal};
use crate::policies::{LoadFailure, Loaded, Policies, Target, Trust};

/// A store of past calls that threads share.
pub type SharedState = Arc<dyn State + Send + Sync>;

/// An engine. A handle: clones share everything, and any number of threads may use it.
///
/// All of it blocks the thread: stores and the log are waited for, each as long as its own bounds say. Hosts with an
/// async runtime call it where blocking is allowed.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    policies: Policies,
    state: SharedState,
    ledger: Option<Ledger>,
    audit: Option<Arc<AuditLog>>,
    clock: Arc<dyn Clock>,
    limits: Limits,
}

/// Why a step other than a decision failed. A decision never fails: it denies.
#[derive(Clone, Debug, PartialEq)]
pub enum EngineError {
    /// The engine was built without a ledger.
    NoLedger,
    /// The call does not wait for approvals, or nobody can be asked for them.
    NothingToAsk,
    /// The ledger refuses, and says why.
    Refused(Refusal),
    /// The store of past calls failed: whether the call is settled is unknown, and settling may be repeated.
    State(StateError),
    /// It happened, and could not be written to the audit log.
    Audit(AuditError),
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EngineError::NoLedger => f.write_str("the engine has no ledger of approvals"),
            EngineError::NothingToAsk => f.write_str("the call does not wait for approvals"),
            EngineError::Refused(refusal) => refusal.fmt(f),
            EngineError::State(error) => error.fmt(f),
            EngineError::Audit(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for EngineError {}

impl From<Refusal> for EngineError {
    fn from(refusal: Refusal) -> EngineError {
        EngineError::Refused(refusal)
    }
}

impl Engine {
    /// Starts describing an engine. It loads no bundle that `trust` does not accept.
    #[must_use]
    pub fn builder(trust: Trust) -> Builder {
        Builder::new(trust)
    }

    /// The policies in force: loading, watching, rolling back.
    #[must_use]
    pub fn policies(&self) -> &Policies {
        &self.0.policies
    }

    /// The audit log, if there is one.
    #[must_use]
    pub fn audit(&self) -> Option<&AuditLog> {
        self.0.audit.as_deref()
    }

    /// The ledger of approvals, if there is one.
    #[must_use]
    pub fn ledger(&self) -> Option<&Ledger> {
        self.0.ledger.as_ref()
    }

    /// The bounds on requests: for hosts that read one before they begin it.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// The time by the engine's clock, as requests get it that have none; `None` where the clock can't tell.
    #[must_use]
    pub fn time(&self) -> Option<Time> {
        self.0.clock.now()
    }

    /// Puts the bundle in a file in force, with the signature beside it; see [`Policies::load_file`].
    ///
    /// # Errors
    /// [`LoadFailure`]; what was in force stays.
    pub fn load_file(&self, tenant: Option<&str>, path: impl AsRef<Path>) -> Result<Arc<Loaded>, LoadFailure> {
        self.0.policies.load_file(tenant, path.as_ref())
    }

    /// Puts a bundle in force; see [`Policies::load`].
    ///
    /// # Errors
    /// [`LoadFailure`]; what was in force stays.
    pub fn load(
        &self,
        tenant: Option<&str>,
        bytes: &[u8],
        signature: Option<&str>,
    ) -> Result<Arc<Loaded>, LoadFailure> {
        self.0.policies.load(tenant, bytes, signature)
    }

    /// Puts an earlier policy in force again; see [`Policies::roll_back`].
    ///
    /// # Errors
    /// [`LoadFailure`]; what was in force stays.
    pub fn roll_back(&self, tenant: Option<&str>, to: Target) -> Result<Arc<Loaded>, LoadFailure> {
        self.0.policies.roll_back(tenant, to)
    }

    /// Decides a call and, if it is allowed, reserves what it needs, takes its approvals, and records it. Never fails.
    ///
    /// A request that has no time gets the engine's. With a ledger, approvals come from there and from nowhere else: a
    /// request that brings its own is invalid.
    #[must_use]
    pub fn begin(&self, mut input: RequestInput) -> Call {
        let started = Instant::now();
        input.time = input.time.or_else(|| self.0.clock.now());
        let call = self.decide(input, started);
        self.recorded(call)
    }

    /// As [`Engine::begin`], for a request in its wire form.
    #[must_use]
    pub fn begin_json(&self, bytes: &[u8]) -> Call {
        let started = Instant::now();
        match RequestInput::from_json(bytes, &self.0.limits) {
            Ok(input) => self.begin(input),
            Err(invalid) => self.recorded(Call::unread(&invalid, started)),
        }
    }

    /// As [`Engine::begin`], for a request that the host could not read: it is denied, and recorded.
    #[must_use]
    pub fn begin_unread(&self, invalid: &Invalid) -> Call {
        self.recorded(Call::unread(invalid, Instant::now()))
    }

    /// What [`Engine::begin`] would answer now to a call with a new id. Reserves and records nothing.
    #[must_use]
    pub fn preview(&self, mut input: RequestInput) -> Decision {
        input.time = input.time.or_else(|| self.0.clock.now());
        let loaded = match self.policy_for(&input) {
            Ok(loaded) => loaded,
            Err(denial) => return *denial,
        };
        let policy = &loaded.policy;
        let look = |input: &RequestInput| match policy.prepare(input) {
            Ok(request) => policy.preview(&request, &*self.0.state),
            Err(denial) => *denial,
        };
        let decision = look(&input);
        let (Some(ledger), Some(now), Some(digest)) = (&self.0.ledger, input.time, decision.request_digest) else {
            return decision;
        };
        if decision.outcome != Outcome::RequireApproval {
            return decision;
        }
        match ledger.evidence(input.tenant.as_deref(), &digest, now) {
            Ok(evidence) => {
                input.approvals = evidence;
                look(&input)
            }
            Err(refusal) => unavailable(decision, Reason::ApprovalsUnavailable, refusal.to_string()),
        }
    }

    /// The tools that some grant could cover for this caller, by their names on the wire with their servers: for leaving
    /// the others out of a tool list. None where there is no policy.
    ///
    /// # Errors
    /// [`Invalid`] where the caller does not fit the policy's declarations.
    pub fn callable(
        &self,
        tenant: Option<&str>,
        agent: &AgentInput,
        user: Option<&UserInput>,
        environment: &str,
    ) -> Result<Vec<(Option<String>, String)>, Invalid> {
        let Some(loaded) = self.0.policies.current(tenant) else { return Ok(Vec::new()) };
        let tools = loaded.policy.callable(agent, user, environment)?;
        Ok(tools.into_iter().map(|tool| (tool.server.clone(), tool.wire.clone())).collect())
    }

    /// Records how a call that was allowed has ended. `result` is what the tool answered: the log keeps its digest.
    ///
    /// # Errors
    /// [`EngineError::State`], and it may be repeated; [`EngineError::Audit`] where only the log failed.
    pub fn settle(&self, call: &Call, how: Settlement, result: Option<&[u8]>) -> Result<SettleOutcome, EngineError> {
        let Some(id) = call.input().call_id.as_deref() else { return Ok(SettleOutcome::UnknownCall) };
        let outcome = self.0.state.settle(&scope(call.input()), id, how).map_err(EngineError::State)?;
        if outcome == SettleOutcome::Settled {
            self.record(call.input().time, &trail::result(call, id, how, result))?;
        }
        Ok(outcome)
    }

    /// The same for a host that has no [`Call`] any more, since it was started anew: by the names of the call.
    ///
    /// # Errors
    /// As [`Engine::settle`].
    pub fn settle_by_id(
        &self,
        scope: &SessionScope<'_>,
        call_id: &str,
        how: Settlement,
        result: Option<&[u8]>,
    ) -> Result<SettleOutcome, EngineError> {
        let outcome = self.0.state.settle(scope, call_id, how).map_err(EngineError::State)?;
        if outcome == SettleOutcome::Settled {
            self.record(self.0.clock.now(), &trail::result_by_id(scope, call_id, how, result))?;
        }
        Ok(outcome)
    }

    fn policy_for(&self, input: &RequestInput) -> Result<Arc<Loaded>, Box<Decision>> {
        let tenant = input.tenant.as_deref();
        let Some(loaded) = self.0.policies.current(tenant) else {
            let whose = tenant.map_or("calls without a tenant".to_owned(), |name| format!("the tenant `{name}`"));
            return Err(Box::new(denial(input, Reason::NoPolicy, format!("there is no policy for {whose}"))));
        };
        if self.0.ledger.is_some() && !input.approvals.is_empty() {
            let message = "approvals come from the engine's ledger, not from requests".to_owned();
            let denial = denial(input, Reason::InvalidRequest, message);
            return Err(Box::new(Decision { pointer: Some("/approvals".to_owned()), ..denial }));
        }
        Ok(loaded)
    }

    fn decide(&self, input: RequestInput, started: Instant) -> Call {
        let loaded = match self.policy_for(&input) {
            Ok(loaded) => loaded,
            Err(denial) => return Call::denied(input, *denial, started),
        };
        let request = match loaded.policy.prepare(&input) {
            Ok(request) => request,
            Err(denial) => {
                return Call::new(
                    input,
                    Arc::from(denial),
                    Judged { loaded, request: None, held: Vec::new() },
                    started,
                );
            }
        };
        let decision = loaded.policy.begin_shared(&request, &*self.0.state);
        let judged = Judged { loaded, request: Some(request), held: Vec::new() };
        if decision.outcome != Outcome::RequireApproval {
            return Call::new(input, decision, judged, started);
        }
        self.with_approvals(Call::new(input, decision, judged, started))
    }

    /// Writes the decision to the log. What can't be written is not allowed.
    fn recorded(&self, mut call: Call) -> Call {
        if self.0.audit.is_none() {
            return call;
        }
        let event = trail::decision(&call);
        if let Err(EngineError::Audit(error)) = self.record(call.input().time, &event)
            && call.decision().outcome != Outcome::Deny
        {
            self.undo(&call);
            call.deny(Reason::AuditUnavailable, error.to_string());
        }
        call
    }

    /// Gives back what a call reserved that is not to run after all. An approval that it used stays used. What was
    /// reserved by an earlier answer, which may be running, stays as well.
    fn undo(&self, call: &Call) {
        let reserved = call.is_allowed() && !call.decision().replayed;
        if let (true, Some(id)) = (reserved, call.input().call_id.as_deref()) {
            // If the store fails as well, the reservation stays: too strict, not too lax.
            let _ = self.0.state.settle(&scope(call.input()), id, Settlement::NotExecuted);
        }
    }

    fn record(&self, at: Option<claw_runtime::Time>, event: &crate::audit::Event) -> Result<(), EngineError> {
        match &self.0.audit {
            Some(audit) => audit.record(at, event).map(drop).map_err(EngineError::Audit),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("policies", &self.0.policies.tenants()).finish_non_exhaustive()
    }
}

fn scope(input: &RequestInput) -> SessionScope<'_> {
    SessionScope {
        tenant: input.tenant.as_deref(),
        session: input.session.as_deref(),
        parent_session: input.parent_session.as_deref(),
    }
}

/// A denial that names the call.
fn denial(input: &RequestInput, reason: Reason, message: String) -> Decision {
    let call_id = input.call_id.as_deref().map(Into::into);
    Decision { call_id, ..Decision::denial(reason, Some(message)) }
}

/// The decision as a denial, with what names the call and its policy, and without anything to execute.
fn unavailable(decision: Decision, reason: Reason, message: String) -> Decision {
    Decision {
        outcome: Outcome::Deny,
        reason,
        message: Some(message),
        approvals: Vec::new(),
        constraints: Vec::new(),
        marks: Vec::new(),
        retry_after: None,
        replayed: false,
        ..decision
    }
}
