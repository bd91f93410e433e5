//! Requests for approval as voters and hosts see them.

use claw_engine::ledger;
use claw_runtime::Time;
use pyo3::prelude::*;

use crate::json;
use crate::times;

/// A request for an approval with everything that became of it. A picture of one moment: ask the engine again for news.
#[pyclass(frozen, module = "claw")]
pub struct Asking {
    pub inner: ledger::Asking,
    /// When it was looked at.
    pub now: Time,
}

#[pymethods]
impl Asking {
    /// Its name: for `Engine.vote` and `Engine.asking`.
    #[getter]
    fn id(&self) -> String {
        self.inner.id.to_string()
    }

    /// `"open"`, `"granted"`, `"refused"`, `"expired"` or `"consumed"`.
    #[getter]
    fn state(&self) -> &'static str {
        self.inner.state(self.now).code()
    }

    /// The approval's name, as decisions have it.
    #[getter]
    #[allow(clippy::misnamed_getters)] // A ballot calls so what is qualified by the package.
    fn approval(&self) -> &str {
        &self.inner.ballot.name
    }

    /// Whose it is.
    #[getter]
    fn tenant(&self) -> Option<&str> {
        self.inner.ballot.tenant.as_deref()
    }

    /// Names the request that is asked about.
    #[getter]
    fn request_digest(&self) -> String {
        self.inner.ballot.request_digest.to_string()
    }

    /// The clauses that require the approval.
    #[getter]
    fn clauses(&self) -> Vec<String> {
        self.inner.ballot.clauses.clone()
    }

    /// When it was first asked for.
    #[getter]
    fn opened_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        times::to_py(py, self.inner.opened_at)
    }

    /// The last moment at which it may be used.
    #[getter]
    fn expires_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        times::to_py(py, self.inner.expires_at)
    }

    /// Everything that a voter must be shown, as text.
    #[getter]
    fn text(&self) -> String {
        self.inner.shown.to_text()
    }

    /// For an approver's page: what is asked, where it stands, who voted how. Every text in it is harmless, also as
    /// Markdown or HTML.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_py(py, &self.inner.to_json(self.now))
    }

    fn __str__(&self) -> String {
        self.text()
    }

    fn __repr__(&self) -> String {
        format!("<claw.Asking {} {} {}>", self.inner.ballot.name, self.state(), self.inner.id)
    }
}
