//! A policy that decides without a past: for tests, for tools, and where a host keeps its own state.

use std::path::PathBuf;
use std::sync::Arc;

use claw_runtime as rt;
use claw_runtime::{MemoryState, NoState, RequestInput};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::build;
use crate::compile::{self, Files};
use crate::decision::Decision;
use crate::errors;
use crate::request::{self, Checked, Request, Text, Unread};

/// A compiled policy, ready to decide. It never changes; any number of threads may use it.
#[pyclass(frozen, module = "claw")]
pub struct Policy {
    inner: Arc<rt::Policy>,
    /// Never written to: what was before the first call of a session.
    nothing_before: MemoryState,
}

#[pymethods]
impl Policy {
    #[new]
    #[pyo3(signature = (bundle, *, enforces=Vec::new(), limits=None))]
    fn new(
        py: Python<'_>,
        bundle: &Bound<'_, PyAny>,
        enforces: Vec<String>,
        limits: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Policy> {
        let bytes = compile::bundle_bytes(bundle)?;
        let limits = build::limits(limits)?;
        let policy = py
            .detach(|| rt::Policy::from_bytes(&bytes))
            .map_err(|error| errors::load(py, &claw_engine::policies::LoadFailure::Bundle(error)))?
            .with_limits(limits)
            .with_enforced_constraints(enforces.iter().map(String::as_str));
        Ok(Policy { inner: Arc::new(policy), nothing_before: MemoryState::new() })
    }

    /// Compiles a policy from its text. `files` are those that it uses, by name.
    #[staticmethod]
    #[pyo3(signature = (source, *, files=None, enforces=Vec::new(), limits=None))]
    fn from_source(
        py: Python<'_>,
        source: &str,
        files: Option<Files>,
        enforces: Vec<String>,
        limits: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Policy> {
        let bundle = Bound::new(py, compile::from_text(py, source, files.unwrap_or_default(), "main.claw", true)?)?;
        Policy::new(py, &bundle, enforces, limits)
    }

    /// Reads a bundle, or compiles a policy file or the policy of a folder.
    #[staticmethod]
    #[pyo3(signature = (path, *, enforces=Vec::new(), limits=None))]
    fn from_file(
        py: Python<'_>,
        path: PathBuf,
        enforces: Vec<String>,
        limits: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Policy> {
        let bundle = Bound::new(py, compile::from_path(py, &path, true)?)?;
        Policy::new(py, &bundle, enforces, limits)
    }

    /// Reads and checks a request once, for many decisions on it.
    fn prepare(&self, request: &Bound<'_, PyAny>) -> PyResult<Request> {
        let state = self.checked(request::read(request, self.inner.limits())?);
        Ok(Request { policy: Arc::clone(&self.inner), state })
    }

    /// Decides. Never fails for what is in a request: a malformed one is denied.
    ///
    /// Nothing is known of other calls, so limits, labels and `prior` of a session are unknown and deny. With
    /// `first_call` the call is decided as the first one of the session that the request names.
    #[pyo3(signature = (request, *, first_call=false))]
    fn decide(&self, request: &Bound<'_, PyAny>, first_call: bool) -> PyResult<Decision> {
        match request.cast::<Request>() {
            Ok(prepared) => Ok(self.answer(request.py(), prepared.get(), first_call)),
            Err(_) => Ok(self.answer(request.py(), &self.prepare(request)?, first_call)),
        }
    }

    /// Decides many, while other threads run. The answers are in the order of the requests.
    #[pyo3(signature = (requests, *, first_call=false))]
    fn decide_batch(&self, requests: &Bound<'_, PyAny>, first_call: bool) -> PyResult<Vec<Decision>> {
        let py = requests.py();
        let mut items = Vec::new();
        for request in requests.try_iter()? {
            let request = request?;
            items.push(match (request.cast::<Request>(), Text::of(&request)?) {
                (Ok(ready), _) => Item::Ready(ready.get().state.clone()),
                (Err(_), Some(text)) => Item::Text(text),
                (Err(_), None) => Item::Ready(self.prepare(&request)?.state),
            });
        }
        let decide = |item| {
            let state = match item {
                Item::Ready(state) => state,
                Item::Text(text) => self.checked(text.read(self.inner.limits())),
            };
            self.decide_alone(state, first_call)
        };
        Ok(py.detach(|| items.into_iter().map(decide).collect()))
    }

    /// The tools that some grant could cover for this caller, as pairs of server (or `None`) and name: for leaving the
    /// others out of a tool list.
    #[pyo3(signature = (agent, user=None, *, environment))]
    fn callable(
        &self,
        agent: &Bound<'_, PyDict>,
        user: Option<&Bound<'_, PyDict>>,
        environment: &str,
    ) -> PyResult<Vec<(Option<String>, String)>> {
        let (agent, user) = build::caller(agent, user, environment, self.inner.limits())?;
        let tools = self.inner.callable(&agent, user.as_ref(), environment).map_err(build::invalid)?;
        Ok(tools.into_iter().map(|tool| (tool.server.clone(), tool.wire.clone())).collect())
    }

    /// Names exactly this policy.
    #[getter]
    fn digest(&self) -> String {
        self.inner.digest().to_string()
    }

    /// The package of the root module.
    #[getter]
    fn package(&self) -> &str {
        self.inner.package()
    }

    /// All modules, with the digests of their texts.
    #[getter]
    fn modules(&self) -> std::collections::BTreeMap<String, String> {
        self.inner.modules().iter().map(|module| (module.name.clone(), module.digest.to_string())).collect()
    }

    fn __repr__(&self) -> String {
        format!("<claw.Policy {} {}>", self.inner.package(), self.inner.digest())
    }
}

/// A request of a batch.
enum Item {
    Ready(Checked),
    /// Read while other threads run.
    Text(Text),
}

impl Policy {
    fn checked(&self, read: Result<RequestInput, Unread>) -> Checked {
        match read {
            Ok(input) => self.inner.prepare(&input).map(Arc::new).map_err(Arc::from),
            Err(unread) => Err(Arc::new(unread.denial(&self.inner))),
        }
    }

    /// The fast path. Deciding takes about as long as giving the interpreter back and taking it again, so it is kept; but
    /// not where a store or a function of the host might be waited for.
    fn answer(&self, py: Python<'_>, request: &Request, first_call: bool) -> Decision {
        if first_call || !self.inner.bundle().externs.is_empty() {
            return py.detach(|| self.decide_alone(request.state.clone(), first_call));
        }
        self.decide_alone(request.state.clone(), first_call)
    }

    fn decide_alone(&self, state: Checked, first_call: bool) -> Decision {
        match state {
            Err(denial) => Decision::whole(denial),
            Ok(request) if first_call && request.scope().session.is_some() => {
                Decision::whole(Arc::new(self.inner.preview(&request, &self.nothing_before)))
            }
            // The host's functions might answer otherwise when the grounds are asked for later.
            Ok(request) if !self.inner.bundle().externs.is_empty() => {
                Decision::whole(Arc::new(self.inner.explain(&request, &NoState)))
            }
            Ok(request) => Decision::lazy(&self.inner, request),
        }
    }

    pub fn inner(&self) -> &Arc<rt::Policy> {
        &self.inner
    }
}
