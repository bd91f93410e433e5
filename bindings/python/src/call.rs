//! One call that an engine has decided: its answer, and its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use claw_engine as en;
use claw_runtime::{SettleOutcome, Settlement};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::decision::Decision;
use crate::engine::Engine;
use crate::json;

/// A call that was decided. If it is allowed, execute it with `args` and settle it; in a `with` block it settles itself:
/// as `ok`, or as `error` if the block raises.
#[pyclass(frozen, module = "claw")]
pub struct Call {
    inner: Arc<en::Call>,
    engine: Py<Engine>,
    settled: AtomicBool,
}

impl Call {
    pub fn new(inner: en::Call, engine: Py<Engine>) -> Call {
        Call { inner: Arc::new(inner), engine, settled: AtomicBool::new(false) }
    }

    pub fn inner(&self) -> &Arc<en::Call> {
        &self.inner
    }
}

#[pymethods]
impl Call {
    /// The answer.
    #[getter]
    fn decision(&self) -> Decision {
        Decision::of_call(Arc::clone(&self.inner))
    }

    /// May the call be executed now?
    #[getter]
    fn allowed(&self) -> bool {
        self.inner.is_allowed()
    }

    /// Must people agree first?
    #[getter]
    fn needs_approval(&self) -> bool {
        self.inner.needs_approval()
    }

    /// The arguments to dispatch: the canonical ones, which were judged. `None` unless the call is allowed.
    #[getter]
    fn args<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.inner.args().map(|args| json::to_py(py, args)).transpose()
    }

    /// The host's name for the call.
    #[getter]
    fn id(&self) -> Option<&str> {
        self.inner.input().call_id.as_deref()
    }

    /// The digest of the policy that decided; `None` where there was none.
    #[getter]
    fn policy_digest(&self) -> Option<String> {
        self.inner.policy_digest().map(|digest| digest.to_string())
    }

    /// How long deciding took.
    #[getter]
    fn took(&self) -> Duration {
        self.inner.took()
    }

    /// Whether `settle` was called and did not raise.
    #[getter]
    fn settled(&self) -> bool {
        self.settled.load(Ordering::SeqCst)
    }

    /// Records how the call has ended: `"ok"`, `"error"` or `"not_executed"`. `result` is what the tool answered: the
    /// audit log keeps its digest. Says `"settled"`, `"already_settled"` or `"unknown_call"`.
    #[pyo3(signature = (how="ok", result=None))]
    fn settle(&self, py: Python<'_>, how: &str, result: Option<&Bound<'_, PyAny>>) -> PyResult<&'static str> {
        let how = settlement(how)?;
        let result = result.map(result_bytes).transpose()?;
        let outcome = self.engine.get().settle_call(py, &self.inner, how, result)?;
        self.settled.store(true, Ordering::SeqCst);
        Ok(outcome)
    }

    /// Asks for the approvals that the call waits for.
    fn ask(&self, py: Python<'_>) -> PyResult<Vec<crate::asking::Asking>> {
        self.engine.get().ask_for(py, &self.inner)
    }

    fn __enter__(this: Py<Call>) -> Py<Call> {
        this
    }

    #[pyo3(signature = (exc_type, exc_value, traceback))]
    fn __exit__(
        &self,
        py: Python<'_>,
        exc_type: &Bound<'_, PyAny>,
        exc_value: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        let _ = (exc_value, traceback);
        if self.inner.is_allowed() && !self.settled() {
            // Whether a call that was broken off had an effect is not known: what it used stays used.
            self.settle(py, if exc_type.is_none() { "ok" } else { "error" }, None)?;
        }
        Ok(false)
    }

    fn __bool__(&self) -> bool {
        self.allowed()
    }

    fn __str__(&self) -> String {
        crate::render::decision(self.inner.decision())
    }

    fn __repr__(&self) -> String {
        let decision = self.inner.decision();
        format!("<claw.Call {} {} ({})>", self.id().unwrap_or("?"), decision.outcome, decision.reason)
    }
}

/// How a call has ended, by its word.
pub fn settlement(how: &str) -> PyResult<Settlement> {
    match how {
        "ok" => Ok(Settlement::Ok),
        "error" => Ok(Settlement::Error),
        "not_executed" => Ok(Settlement::NotExecuted),
        other => Err(PyValueError::new_err(format!("`{other}` is not one of `ok`, `error`, `not_executed`"))),
    }
}

/// What settling did, as a word.
pub fn settled(outcome: SettleOutcome) -> &'static str {
    match outcome {
        SettleOutcome::Settled => "settled",
        SettleOutcome::AlreadySettled => "already_settled",
        SettleOutcome::UnknownCall => "unknown_call",
    }
}

/// A tool's result: bytes, or a text.
pub fn result_bytes(result: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if let Ok(bytes) = result.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    if let Ok(text) = result.cast::<PyString>() {
        return Ok(text.to_str()?.as_bytes().to_vec());
    }
    let class = result.get_type().qualname()?;
    Err(PyTypeError::new_err(format!("a result is bytes or a str, not a `{class}`")))
}
