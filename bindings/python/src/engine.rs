//! The engine for Python: every step that may wait runs while other threads of the interpreter do.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use claw_engine as en;
use claw_engine::ledger::{AskingId, Cursor, Ledger};
use claw_engine::policies::{LoadFailure, Loaded, Timing};
use claw_engine::{Clock, SystemClock, Target};
use claw_runtime::{Digest, Limits, SessionScope, Settlement, Time, Vote, VoteVerdict};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::asking::Asking;
use crate::call::{self, Call};
use crate::decision::Decision;
use crate::request::{self, Request};
use crate::version::Version;
use crate::{build, compile, errors, externs, times};

/// Policy, past calls, approvals and audit as one thing that is asked before each tool call. Any number of threads may
/// use one.
#[pyclass(frozen, module = "claw")]
pub struct Engine {
    /// `None` once it is closed. Locked for moments only: whoever works has a handle of their own.
    inner: RwLock<Option<en::Engine>>,
    clock: Arc<dyn Clock>,
    limits: Limits,
    /// Everything is in memory and nothing calls back: no step waits for anything, and each takes less time than giving the
    /// interpreter back and getting it again among other threads.
    quick: bool,
    watches: Mutex<Vec<Py<Watch>>>,
}

#[pymethods]
impl Engine {
    #[new]
    #[pyo3(signature = (policy=None, *, state=None, ledger=None, audit=None, trust=None, modules=None, shared=false, keep=8,
        enforces=Vec::new(), limits=None, externs=None, clock=None))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        policy: Option<&Bound<'_, PyAny>>,
        state: Option<&Bound<'_, PyAny>>,
        ledger: Option<&Bound<'_, PyAny>>,
        audit: Option<&Bound<'_, PyAny>>,
        trust: Option<Vec<Bound<'_, PyAny>>>,
        modules: Option<BTreeMap<String, String>>,
        shared: bool,
        keep: usize,
        enforces: Vec<String>,
        limits: Option<&Bound<'_, PyDict>>,
        externs: Option<BTreeMap<String, Bound<'_, PyAny>>>,
        clock: Option<Py<PyAny>>,
    ) -> PyResult<Engine> {
        let memory = |place: Option<&Bound<'_, PyAny>>| {
            place.is_none_or(|place| place.cast::<PyString>().is_ok_and(|place| place == "memory"))
        };
        let quick = memory(state) && memory(ledger) && audit.is_none() && externs.is_none() && clock.is_none();
        let clock: Arc<dyn Clock> = match clock {
            Some(callable) => Arc::new(times::PyClock(callable)),
            None => Arc::new(SystemClock),
        };
        let limits = build::limits(limits)?;
        let ledger = ledger.map_or_else(|| Ok(Ledger::in_memory()), |ledger| build::ledger(py, ledger))?;
        let mut builder = en::Engine::builder(build::trust(trust, modules)?)
            .shared_clock(Arc::clone(&clock))
            .limits(limits.clone())
            .enforces(enforces)
            .ledger(ledger)
            .policies(|policies| policies.shared(shared).keep(keep));
        if let Some(functions) = externs {
            builder = builder.externs(externs::registry(functions)?);
        }
        if let Some(state) = state {
            builder = builder.shared_state(build::state(py, state)?);
        }
        if let Some(audit) = audit {
            builder = builder.audit(build::audit(py, audit)?);
        }
        let engine =
            Engine { inner: RwLock::new(Some(builder.build())), clock, limits, quick, watches: Mutex::default() };
        if let Some(policy) = policy {
            engine.load(py, policy, None, None)?;
        }
        Ok(engine)
    }

    /// Decides a call and, if it is allowed, reserves what it needs, takes its approvals, and records it. Never fails for
    /// what is in a request. Settle the call if it is allowed.
    fn begin(this: &Bound<'_, Engine>, request: &Bound<'_, PyAny>) -> PyResult<Call> {
        let py = this.py();
        let engine = this.get();
        let inner = engine.open(py)?;
        if request.cast::<Request>().is_ok() {
            return Err(PyTypeError::new_err(
                "a prepared request is for `Policy.decide`; an engine takes what it was made of",
            ));
        }
        let call = match request::read(request, &engine.limits)? {
            Ok(input) => engine.run(py, || inner.begin(input)),
            Err(unread) => engine.run(py, || inner.begin_unread(&unread.invalid)),
        };
        Ok(Call::new(call, this.clone().unbind()))
    }

    /// As `begin`, for a `with` block that executes the call: raises `Denied` or `ApprovalRequired` unless it is allowed,
    /// and settles it at the end.
    fn call(this: &Bound<'_, Engine>, request: &Bound<'_, PyAny>) -> PyResult<Py<Call>> {
        let py = this.py();
        let call = Py::new(py, Engine::begin(this, request)?)?;
        let inner = call.get().inner();
        if inner.is_allowed() {
            return Ok(call);
        }
        let message = crate::render::decision(inner.decision());
        let needs_approval = inner.needs_approval();
        Err(errors::not_allowed(py, message, call, needs_approval))
    }

    /// What `begin` would answer now to a call with a new id. Reserves and records nothing.
    fn preview(&self, py: Python<'_>, request: &Bound<'_, PyAny>) -> PyResult<Decision> {
        let inner = self.open(py)?;
        let decision = match request::read(request, &self.limits)? {
            Ok(input) => self.run(py, || inner.preview(input)),
            Err(unread) => unread.bare_denial(),
        };
        Ok(Decision::whole(Arc::new(decision)))
    }

    /// Records how a call has ended; see `Call.settle`.
    #[pyo3(signature = (call, how="ok", result=None))]
    fn settle(
        &self,
        py: Python<'_>,
        call: &Bound<'_, Call>,
        how: &str,
        result: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<&'static str> {
        let result = result.map(call::result_bytes).transpose()?;
        self.settle_call(py, call.get().inner(), call::settlement(how)?, result)
    }

    /// The same for a host that was started anew and has no `Call` any more: by the names of the call.
    #[pyo3(signature = (call_id, how, *, tenant=None, session=None, parent_session=None, result=None))]
    #[allow(clippy::too_many_arguments)]
    fn settle_by_id(
        &self,
        py: Python<'_>,
        call_id: &str,
        how: &str,
        tenant: Option<&str>,
        session: Option<&str>,
        parent_session: Option<&str>,
        result: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<&'static str> {
        let inner = self.open(py)?;
        let (how, result) = (call::settlement(how)?, result.map(call::result_bytes).transpose()?);
        let scope = SessionScope { tenant, session, parent_session };
        let settled = py.detach(|| inner.settle_by_id(&scope, call_id, how, result.as_deref()));
        settled.map(call::settled).map_err(|error| errors::engine(py, &error))
    }

    /// Asks for the approvals that a call waits for. Asking again gives the same askings, with the votes so far.
    fn ask(&self, py: Python<'_>, call: &Bound<'_, Call>) -> PyResult<Vec<Asking>> {
        self.ask_for(py, call.get().inner())
    }

    /// Records a person's vote: `"grant"` or `"refuse"`. Who they are and which roles they hold is the host's word.
    #[pyo3(signature = (asking, person, verdict, *, roles=Vec::new(), note=None, tenant=None))]
    #[allow(clippy::too_many_arguments)]
    fn vote(
        &self,
        py: Python<'_>,
        asking: &Bound<'_, PyAny>,
        person: String,
        verdict: &str,
        roles: Vec<String>,
        note: Option<String>,
        tenant: Option<&str>,
    ) -> PyResult<Asking> {
        let inner = self.open(py)?;
        let id = asking_id(asking)?;
        let verdict = match verdict {
            "grant" => VoteVerdict::Grant,
            "refuse" => VoteVerdict::Refuse,
            other => return Err(PyValueError::new_err(format!("`{other}` is not one of `grant`, `refuse`"))),
        };
        let at = self.now(py)?;
        let vote = Vote { person, roles, verdict, note, at };
        let voted = py.detach(|| inner.vote(tenant, &id, vote));
        let inner = voted.map_err(|error| errors::engine(py, &error))?;
        Ok(Asking { now: at.max(inner.seen_at), inner })
    }

    /// One asking of this tenant.
    #[pyo3(signature = (id, *, tenant=None))]
    fn asking(&self, py: Python<'_>, id: &Bound<'_, PyAny>, tenant: Option<&str>) -> PyResult<Asking> {
        let ledger = self.ledger(py)?;
        let (id, now) = (asking_id(id)?, self.now(py)?);
        let found = py.detach(|| ledger.get(tenant, &id));
        let inner = found.map_err(|refusal| errors::engine(py, &refusal.into()))?;
        Ok(Asking { inner, now })
    }

    /// The tenant's askings that await votes, oldest first, 200 at most; `after` is the last one of the page before.
    #[pyo3(signature = (tenant=None, *, after=None))]
    fn askings(&self, py: Python<'_>, tenant: Option<&str>, after: Option<&Asking>) -> PyResult<Vec<Asking>> {
        let ledger = self.ledger(py)?;
        let now = self.now(py)?;
        let after = after.map(|asking| Cursor::after(&asking.inner));
        let page = py.detach(|| ledger.open_askings(tenant, now, after.as_ref()));
        let page = page.map_err(|refusal| errors::engine(py, &refusal.into()))?;
        Ok(page.askings.into_iter().map(|inner| Asking { inner, now }).collect())
    }

    /// Puts a policy in force: a `Bundle` or its bytes, the text of a policy, or the path of a bundle, a policy or a folder.
    /// A decision is wholly by the old policy or wholly by the new one. What can't be accepted leaves in force what was.
    #[pyo3(signature = (policy, *, tenant=None, signature=None))]
    fn load(
        &self,
        py: Python<'_>,
        policy: &Bound<'_, PyAny>,
        tenant: Option<&str>,
        signature: Option<&str>,
    ) -> PyResult<Version> {
        let inner = self.open(py)?;
        let refused = |source: &str, error: PyErr| {
            // The audit log notes what could not be compiled as well.
            drop(inner.policies().refuse(tenant, source, error.value(py).to_string()));
            error
        };
        let (source, bytes) = if let Ok(text) = policy.cast::<PyString>() {
            let bundle = compile::from_text(py, text.to_str()?, BTreeMap::new(), "main.claw", true);
            ("memory".to_owned(), Arc::clone(bundle.map_err(|error| refused("memory", error))?.bytes()))
        } else if let Ok(path) = policy.extract::<PathBuf>() {
            if path.extension().is_some_and(|extension| extension == "clawb") {
                return self.load_file(py, path, tenant);
            }
            let source = path.display().to_string();
            let bundle = compile::from_path(py, &path, true).map_err(|error| refused(&source, error))?;
            (source, Arc::clone(bundle.bytes()))
        } else {
            ("memory".to_owned(), compile::bundle_bytes(policy)?)
        };
        version(py, py.detach(|| inner.policies().load_as(tenant, &source, &bytes, signature)))
    }

    /// Puts the bundle in a file in force, with the signature beside it.
    #[pyo3(signature = (path, *, tenant=None))]
    fn load_file(&self, py: Python<'_>, path: PathBuf, tenant: Option<&str>) -> PyResult<Version> {
        let inner = self.open(py)?;
        version(py, py.detach(|| inner.load_file(tenant, &path)))
    }

    /// Puts an earlier policy in force again: the one before, or the one of this digest.
    #[pyo3(signature = (*, tenant=None, to=None))]
    fn roll_back(&self, py: Python<'_>, tenant: Option<&str>, to: Option<&str>) -> PyResult<Version> {
        let inner = self.open(py)?;
        let target = match to {
            None => Target::Previous,
            Some(digest) => Target::Digest(digest.parse::<Digest>().map_err(PyValueError::new_err)?),
        };
        version(py, py.detach(|| inner.roll_back(tenant, target)))
    }

    /// Takes a tenant's policy and its history away: every call of it is denied from now on.
    #[pyo3(signature = (*, tenant=None))]
    fn withdraw(&self, py: Python<'_>, tenant: Option<&str>) -> PyResult<()> {
        let inner = self.open(py)?;
        py.detach(|| inner.policies().withdraw(tenant));
        Ok(())
    }

    /// The policy in force for calls of this tenant.
    #[pyo3(signature = (*, tenant=None))]
    fn current(&self, py: Python<'_>, tenant: Option<&str>) -> PyResult<Option<Version>> {
        Ok(self.open(py)?.policies().current(tenant).map(|loaded| Version(Arc::clone(&loaded.version))))
    }

    /// What was in force before and can be rolled back to, the latest first.
    #[pyo3(signature = (*, tenant=None))]
    fn history(&self, py: Python<'_>, tenant: Option<&str>) -> PyResult<Vec<Version>> {
        Ok(self.open(py)?.policies().history(tenant).into_iter().map(Version).collect())
    }

    /// Tenants that have a policy of their own; `None` stands for calls without one.
    fn tenants(&self, py: Python<'_>) -> PyResult<Vec<Option<String>>> {
        let tenants = self.open(py)?.policies().tenants();
        Ok(tenants.into_iter().map(|tenant| tenant.as_deref().map(str::to_owned)).collect())
    }

    /// Loads a bundle now and again whenever its file changes, until the watch is stopped or the engine is closed.
    #[pyo3(signature = (path, *, tenant=None, quiet=0.2, compare=5.0))]
    fn watch(
        &self,
        py: Python<'_>,
        path: PathBuf,
        tenant: Option<&str>,
        quiet: f64,
        compare: f64,
    ) -> PyResult<Py<Watch>> {
        let inner = self.open(py)?;
        let timing = Timing { quiet: seconds(quiet)?, compare: seconds(compare)? };
        let watch = py.detach(|| inner.policies().watch(tenant, &path, timing))?;
        let watch = Py::new(py, Watch(Mutex::new(Some(watch))))?;
        let mut watches = lock(&self.watches);
        watches.retain(|watch| !watch.get().is_stopped());
        watches.push(watch.clone_ref(py));
        Ok(watch)
    }

    /// The tools that some grant could cover for this caller; see `Policy.callable`.
    #[pyo3(signature = (agent, user=None, *, environment, tenant=None))]
    fn callable(
        &self,
        py: Python<'_>,
        agent: &Bound<'_, PyDict>,
        user: Option<&Bound<'_, PyDict>>,
        environment: &str,
        tenant: Option<&str>,
    ) -> PyResult<Vec<(Option<String>, String)>> {
        let inner = self.open(py)?;
        let (agent, user) = build::caller(agent, user, environment, &self.limits)?;
        py.detach(|| inner.callable(tenant, &agent, user.as_ref(), environment)).map_err(build::invalid)
    }

    /// Drops askings that expired before this moment; how many.
    fn forget_askings(&self, py: Python<'_>, before: &Bound<'_, PyAny>) -> PyResult<u64> {
        let (ledger, before) = (self.ledger(py)?, times::from_py(before)?);
        py.detach(|| ledger.forget(before)).map_err(|refusal| errors::engine(py, &refusal.into()))
    }

    /// Ends watches, closes the audit log and lets go of the stores, as soon as what is under way is done. Whatever is asked
    /// afterwards raises `Closed`: settle calls before.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let inner = self.inner.write().unwrap_or_else(PoisonError::into_inner).take();
        let Some(inner) = inner else { return Ok(()) };
        let watches = std::mem::take(&mut *lock(&self.watches));
        watches.iter().for_each(|watch| watch.get().stop(py));
        let closed = py.detach(move || inner.audit().map_or(Ok(()), claw_engine::audit::AuditLog::close));
        closed.map_err(|error| errors::audit(py, error.to_string()))
    }

    /// Whether it was closed.
    #[getter]
    fn closed(&self) -> bool {
        self.handle().is_none()
    }

    fn __enter__(this: Py<Engine>) -> Py<Engine> {
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
        let _ = (exc_type, exc_value, traceback);
        self.close(py).map(|()| false)
    }

    fn __repr__(&self) -> String {
        match self.handle() {
            Some(inner) => format!("<claw.Engine {} policies>", inner.policies().tenants().len()),
            None => "<claw.Engine closed>".to_owned(),
        }
    }
}

impl Engine {
    fn handle(&self) -> Option<en::Engine> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs a step of a call: while other threads of the interpreter run, if it may have to wait.
    fn run<T: Send>(&self, py: Python<'_>, step: impl FnOnce() -> T + Send) -> T {
        if self.quick { step() } else { py.detach(step) }
    }

    fn open(&self, py: Python<'_>) -> PyResult<en::Engine> {
        self.handle().ok_or_else(|| errors::closed(py))
    }

    fn ledger(&self, py: Python<'_>) -> PyResult<Ledger> {
        self.open(py)?.ledger().cloned().ok_or_else(|| errors::engine(py, &en::EngineError::NoLedger))
    }

    fn now(&self, py: Python<'_>) -> PyResult<Time> {
        self.clock.now().ok_or_else(|| errors::ledger(py, "the time is not known".to_owned()))
    }

    pub fn settle_call(
        &self,
        py: Python<'_>,
        call: &en::Call,
        how: Settlement,
        result: Option<Vec<u8>>,
    ) -> PyResult<&'static str> {
        let inner = self.open(py)?;
        let settled = self.run(py, || inner.settle(call, how, result.as_deref()));
        settled.map(call::settled).map_err(|error| errors::engine(py, &error))
    }

    pub fn ask_for(&self, py: Python<'_>, call: &en::Call) -> PyResult<Vec<Asking>> {
        let inner = self.open(py)?;
        let asked = py.detach(|| inner.ask(call));
        let askings = asked.map_err(|error| errors::engine(py, &error))?;
        Ok(askings.into_iter().map(|inner| Asking { now: inner.seen_at, inner }).collect())
    }
}

/// A file that is being watched.
#[pyclass(frozen, module = "claw")]
pub struct Watch(Mutex<Option<claw_engine::policies::Watch>>);

#[pymethods]
impl Watch {
    /// Ends it; a reload that is under way is finished first.
    fn stop(&self, py: Python<'_>) {
        let watch = lock(&self.0).take();
        // The reload may be waiting for the interpreter.
        py.detach(|| drop(watch));
    }

    /// Why changes are only found by comparing contents, if so.
    #[getter]
    fn problem(&self) -> Option<String> {
        lock(&self.0).as_ref()?.problem().map(str::to_owned)
    }
}

impl Watch {
    fn is_stopped(&self) -> bool {
        lock(&self.0).is_none()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Ending waits for a reload, which may wait for the interpreter, which whoever drops this holds.
        if let Some(watch) = lock(&self.0).take() {
            drop(std::thread::Builder::new().name("claw watch end".to_owned()).spawn(move || drop(watch)));
        }
    }
}

/// A poisoned lock is taken all the same: what these guard is whole between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn version(py: Python<'_>, loaded: Result<Arc<Loaded>, LoadFailure>) -> PyResult<Version> {
    match loaded {
        Ok(loaded) => Ok(Version(Arc::clone(&loaded.version))),
        Err(failure) => Err(errors::load(py, &failure)),
    }
}

fn seconds(seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds).map_err(|_| PyValueError::new_err(format!("`{seconds}` is no span of time")))
}

/// An asking, or its id.
fn asking_id(asking: &Bound<'_, PyAny>) -> PyResult<AskingId> {
    if let Ok(asking) = asking.cast::<Asking>() {
        return Ok(asking.get().inner.id);
    }
    let Ok(text) = asking.cast::<PyString>() else {
        return Err(PyTypeError::new_err("an asking is named by itself, or by its id"));
    };
    text.to_str()?.parse().map_err(|_| PyValueError::new_err("this is no id of an asking"))
}
