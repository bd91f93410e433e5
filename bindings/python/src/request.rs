//! Requests as Python states them: dicts or JSON texts, read once, perhaps for many decisions.

use std::sync::Arc;

use claw_runtime as rt;
use claw_runtime::{Invalid, Json, Limits, RequestInput};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::{PyBackedBytes, PyBackedStr};
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyString};

use crate::decision::Decision;
use crate::json::{self, Reader};

/// From this length on, a text is read while other threads run.
const LONG: usize = 8 << 10;

/// A request that can't be read, with what is known of it all the same.
pub struct Unread {
    pub invalid: Invalid,
    pub call_id: Option<String>,
    pub environment: String,
}

/// Reads a request. The outer error is an exception.
pub fn read(object: &Bound<'_, PyAny>, limits: &Limits) -> PyResult<Result<RequestInput, Unread>> {
    let py = object.py();
    if let Ok(dict) = object.cast::<PyDict>() {
        return match Reader::new(limits).value(dict) {
            Ok(json) => Ok(RequestInput::from_value(&json).map_err(|invalid| Unread::new(invalid, Some(&json)))),
            Err(refused) => {
                let text = |key: &str| dict.get_item(key).ok().flatten()?.extract::<String>().ok();
                let (call_id, environment) = (text("call_id"), text("environment").unwrap_or_default());
                Ok(Err(Unread { invalid: refused.split()?, call_id, environment }))
            }
        };
    }
    match Text::of(object)? {
        Some(text) if text.len() >= LONG => Ok(py.detach(|| text.read(limits))),
        Some(text) => Ok(text.read(limits)),
        None => {
            let class = object.get_type().qualname()?;
            Err(PyTypeError::new_err(format!("a request is a dict, or JSON in a str or bytes, not a `{class}`")))
        }
    }
}

/// A request as JSON text, readable while other threads of the interpreter run.
pub enum Text {
    Str(PyBackedStr),
    Bytes(PyBackedBytes),
    /// A str that is no text: half a surrogate pair.
    Broken,
}

impl Text {
    /// The text that an object is, if it is one.
    pub fn of(object: &Bound<'_, PyAny>) -> PyResult<Option<Text>> {
        if let Ok(text) = object.cast::<PyString>() {
            return Ok(Some(text.extract::<PyBackedStr>().map_or(Text::Broken, Text::Str)));
        }
        if object.cast::<PyBytes>().is_ok() || object.cast::<PyByteArray>().is_ok() {
            // What can be changed is copied.
            return Ok(Some(Text::Bytes(object.extract::<PyBackedBytes>()?)));
        }
        Ok(None)
    }

    fn len(&self) -> usize {
        match self {
            Text::Str(text) => text.len(),
            Text::Bytes(bytes) => bytes.len(),
            Text::Broken => 0,
        }
    }

    /// Reads it.
    pub fn read(&self, limits: &Limits) -> Result<RequestInput, Unread> {
        let bytes = match self {
            Text::Str(text) => text.as_bytes(),
            Text::Bytes(bytes) => bytes,
            Text::Broken => return Err(Unread::new(not_text(), None)),
        };
        let json = Json::parse(bytes, limits).map_err(|error| Unread::new(error.into(), None))?;
        RequestInput::from_value(&json).map_err(|invalid| Unread::new(invalid, Some(&json)))
    }
}

fn not_text() -> Invalid {
    let message = "this is not UTF-8".to_owned();
    Invalid { reason: rt::Reason::InvalidRequest, pointer: String::new(), message }
}

impl Unread {
    fn new(invalid: Invalid, json: Option<&Json>) -> Unread {
        let text = |key: &str| json?.get(key)?.as_str().map(str::to_owned);
        Unread { invalid, call_id: text("call_id"), environment: text("environment").unwrap_or_default() }
    }

    /// The denial where no policy has seen it.
    pub fn bare_denial(self) -> rt::Decision {
        rt::Decision {
            call_id: self.call_id.map(Into::into),
            pointer: Some(self.invalid.pointer).filter(|pointer| !pointer.is_empty()),
            ..rt::Decision::denial(self.invalid.reason, Some(self.invalid.message))
        }
    }

    /// The denial by a policy that knows of it no more than this.
    pub fn denial(self, policy: &rt::Policy) -> rt::Decision {
        let environment = policy.bundle().environments.iter().find(|name| **name == self.environment);
        let environment = environment.map(|name| name.as_str().into());
        let (package, policy_digest) = (policy.package().into(), policy.digest());
        rt::Decision { environment, package, policy_digest, ..self.bare_denial() }
    }
}

/// A request that fits a policy, or its denial.
pub type Checked = Result<Arc<rt::Request>, Arc<rt::Decision>>;

/// A request that a policy has read and checked: deciding on it is fast. Made by `Policy.prepare`, and good for that
/// policy. One that is malformed is kept, too: every decision on it is its denial.
#[pyclass(frozen, module = "claw")]
pub struct Request {
    pub policy: Arc<rt::Policy>,
    pub state: Checked,
}

#[pymethods]
impl Request {
    /// The denial, if the request is malformed or does not fit the policy.
    #[getter]
    fn denial(&self) -> Option<Decision> {
        self.state.as_ref().err().map(|denial| Decision::whole(Arc::clone(denial)))
    }

    /// The host's name for the call.
    #[getter]
    fn call_id(&self) -> Option<&str> {
        match &self.state {
            Ok(request) => request.call_id(),
            Err(denial) => denial.call_id.as_deref(),
        }
    }

    /// Names what is judged: the same for the same call in the same situation. `None` for a malformed request.
    #[getter]
    fn digest(&self) -> Option<String> {
        self.state.as_ref().ok().map(|request| request.digest(&self.policy).to_string())
    }

    /// The canonical arguments. `None` for a malformed request.
    #[getter]
    fn args<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match &self.state {
            Ok(request) => json::to_py(py, &request.args_json(&self.policy)).map(Some),
            Err(_) => Ok(None),
        }
    }

    fn __repr__(&self) -> String {
        match &self.state {
            Ok(request) => format!("<claw.Request {}>", request.digest(&self.policy)),
            Err(denial) => format!("<claw.Request denied: {}>", denial.reason),
        }
    }
}
