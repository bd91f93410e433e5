//! Answers, converted when they are looked at.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use claw_engine as en;
use claw_runtime as rt;
use claw_runtime::{Json, NoState, Outcome, Reason};
use pyo3::prelude::*;

use crate::json;
use crate::render;

/// What may be done with a call, and why. True in a condition exactly if the call is allowed.
#[pyclass(frozen, module = "claw")]
pub struct Decision(Source);

enum Source {
    /// Decided; the grounds are found when they are asked for.
    Lazy {
        policy: Arc<rt::Policy>,
        request: Arc<rt::Request>,
        verdict: rt::Verdict,
        whole: OnceLock<Box<rt::Decision>>,
    },
    Whole(Arc<rt::Decision>),
    OfCall(Arc<en::Call>),
}

impl Decision {
    /// Decides without a past. The policy asks no function of the host, so it can be asked for its grounds later.
    pub fn lazy(policy: &Arc<rt::Policy>, request: Arc<rt::Request>) -> Decision {
        let verdict = policy.decide(&request, &NoState);
        Decision(Source::Lazy { policy: Arc::clone(policy), request, verdict, whole: OnceLock::new() })
    }

    pub fn whole(decision: Arc<rt::Decision>) -> Decision {
        Decision(Source::Whole(decision))
    }

    pub fn of_call(call: Arc<en::Call>) -> Decision {
        Decision(Source::OfCall(call))
    }

    pub fn get(&self) -> &rt::Decision {
        match &self.0 {
            Source::Whole(decision) => decision,
            Source::OfCall(call) => call.decision(),
            Source::Lazy { policy, request, whole, .. } => {
                whole.get_or_init(|| Box::new(policy.explain(request, &NoState)))
            }
        }
    }

    fn verdict(&self) -> (Outcome, Reason) {
        match &self.0 {
            Source::Lazy { verdict, .. } => (verdict.outcome, verdict.reason),
            _ => (self.get().outcome, self.get().reason),
        }
    }

    /// A member of the wire form, for Python.
    fn member<'py>(&self, py: Python<'py>, key: &str) -> PyResult<Bound<'py, PyAny>> {
        json::to_py(py, self.get().to_json().get(key).unwrap_or(&Json::Null))
    }
}

#[pymethods]
impl Decision {
    /// `"allow"`, `"require_approval"` or `"deny"`.
    #[getter]
    fn outcome(&self) -> &'static str {
        self.verdict().0.code()
    }

    /// May the call be executed now?
    #[getter]
    fn allowed(&self) -> bool {
        self.verdict().0 == Outcome::Allow
    }

    /// Must people agree first?
    #[getter]
    fn needs_approval(&self) -> bool {
        self.verdict().0 == Outcome::RequireApproval
    }

    /// Why: one of a closed list of words, such as `"granted"` or `"rule"`.
    #[getter]
    fn reason(&self) -> &'static str {
        self.verdict().1.code()
    }

    /// The host's name for the call.
    #[getter]
    fn call_id(&self) -> Option<&str> {
        self.get().call_id.as_deref()
    }

    /// What is wrong with the request, where no clause says it.
    #[getter]
    fn message(&self) -> Option<&str> {
        self.get().message.as_deref()
    }

    /// Where in the request `message` applies, as a JSON pointer.
    #[getter]
    fn pointer(&self) -> Option<&str> {
        self.get().pointer.as_deref()
    }

    /// The call's tier.
    #[getter]
    fn tier(&self) -> Option<&str> {
        self.get().tier.as_deref()
    }

    /// The request's environment.
    #[getter]
    fn environment(&self) -> Option<&str> {
        self.get().environment.as_deref()
    }

    /// The canonical arguments: what was judged. `None` where the request was not understood.
    #[getter]
    fn args<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_py(py, &self.get().args)
    }

    /// How the commands among the arguments are read.
    #[getter]
    fn commands<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_py(py, &Json::Arr(self.get().commands.iter().map(rt::CommandReading::to_json).collect()))
    }

    /// Every clause that applied, in the policy's order.
    #[getter]
    fn applied<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_py(py, &Json::Arr(self.get().applied.iter().map(rt::Applied::to_json).collect()))
    }

    /// The approvals that are required and outstanding.
    #[getter]
    fn approvals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_py(py, &Json::Arr(self.get().approvals.iter().map(rt::Approval::to_json).collect()))
    }

    /// What the host has to enforce when it executes the call.
    #[getter]
    fn constraints<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.member(py, "constraints")
    }

    /// Labels that the session carries once the call was allowed.
    #[getter]
    fn marks(&self) -> Vec<String> {
        self.get().marks.clone()
    }

    /// How long until a limit that denies has room again.
    #[getter]
    fn retry_after(&self) -> Option<Duration> {
        let wait = self.get().retry_after?;
        Some(Duration::from_millis(u64::try_from(wait.as_millis()).unwrap_or(0)))
    }

    /// What hints and candidates would have done.
    #[getter]
    fn shadow<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_py(py, &Json::Arr(self.get().shadow.iter().map(rt::Applied::to_json).collect()))
    }

    /// Was the same call allowed before under this id, and is not settled yet?
    #[getter]
    fn replayed(&self) -> bool {
        self.get().replayed
    }

    /// Names what was judged. `None` where the request was not understood.
    #[getter]
    fn request_digest(&self) -> Option<String> {
        self.get().request_digest.map(|digest| digest.to_string())
    }

    /// The policy's package; empty if there was no policy.
    #[getter]
    fn package(&self) -> &str {
        &self.get().package
    }

    /// The policy's digest.
    #[getter]
    fn policy_digest(&self) -> String {
        self.get().policy_digest.to_string()
    }

    /// The whole decision as it goes over the wire.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_py(py, &self.get().to_json())
    }

    /// The whole decision as one line of JSON.
    fn to_json(&self) -> String {
        self.get().to_string()
    }

    fn __bool__(&self) -> bool {
        self.allowed()
    }

    fn __str__(&self) -> String {
        render::decision(self.get())
    }

    fn __repr__(&self) -> String {
        format!("<claw.Decision {} ({})>", self.outcome(), self.reason())
    }
}
