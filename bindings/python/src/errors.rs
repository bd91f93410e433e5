//! From failures to the exceptions of `claw._errors`, which are plain Python classes.

use claw_engine::EngineError;
use claw_engine::policies::LoadFailure;
use claw_runtime::StateError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

/// The classes, looked up once.
macro_rules! class {
    ($py:expr, $name:literal) => {{
        static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
        CLASS.import($py, "claw._errors", $name)
    }};
}

/// Makes an exception, or the failure to make it.
fn raise<'py>(class: PyResult<&Bound<'py, PyType>>, args: impl pyo3::call::PyCallArgs<'py>) -> PyErr {
    match class.and_then(|class| class.call1(args)) {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

/// The policy has errors.
pub fn compile(py: Python<'_>, message: String, diagnostics: Vec<crate::compile::Diagnostic>) -> PyErr {
    raise(class!(py, "CompileError"), (message, diagnostics))
}

/// A bundle is not accepted.
pub fn load(py: Python<'_>, failure: &LoadFailure) -> PyErr {
    raise(class!(py, "LoadError"), (failure.to_string(), failure.kind()))
}

/// A step other than a decision failed.
pub fn engine(py: Python<'_>, error: &EngineError) -> PyErr {
    let message = error.to_string();
    match error {
        EngineError::NoLedger => raise(class!(py, "Refused"), (message, "no_ledger")),
        EngineError::NothingToAsk => raise(class!(py, "Refused"), (message, "nothing_to_ask")),
        EngineError::Refused(refusal) => raise(class!(py, "Refused"), (message, refusal.code())),
        EngineError::State(_) => raise(class!(py, "StateUnavailable"), (message,)),
        EngineError::Audit(_) => raise(class!(py, "AuditUnavailable"), (message,)),
    }
}

/// A store of past calls can't be opened.
pub fn state(py: Python<'_>, error: &StateError) -> PyErr {
    raise(class!(py, "StateUnavailable"), (error.to_string(),))
}

/// A ledger of approvals can't be opened.
pub fn ledger(py: Python<'_>, message: String) -> PyErr {
    raise(class!(py, "Refused"), (message, "unavailable"))
}

/// An audit log can't be opened.
pub fn audit(py: Python<'_>, message: String) -> PyErr {
    raise(class!(py, "AuditUnavailable"), (message,))
}

/// The engine was closed.
pub fn closed(py: Python<'_>) -> PyErr {
    raise(class!(py, "Closed"), ("the engine is closed",))
}

/// The call may not be executed.
pub fn not_allowed(py: Python<'_>, message: String, call: Py<crate::call::Call>, needs_approval: bool) -> PyErr {
    let class = if needs_approval { class!(py, "ApprovalRequired") } else { class!(py, "Denied") };
    raise(class, (message, call))
}
