//! Functions that policies ask, as Python callables.
//!
//! The registry runs them on threads of its own, within the time-out that the policy declares. Everything here fails to
//! *unknown*, which grants nothing.

use std::collections::BTreeMap;

use claw_engine::externs::{Extern, ExternOptions, ExternRegistry, Question, Reply};
use claw_runtime::Limits;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::json::{self, Reader};

/// A callable. Gets the arguments in the order of the declaration, as JSON has them; secrets are written out.
struct Callable(Py<PyAny>);

impl Extern for Callable {
    fn call(&self, question: &Question) -> Result<Reply, String> {
        // `None` while the interpreter is ending.
        Python::try_attach(|py| self.ask(py, question)).unwrap_or_else(|| Err("the interpreter is ending".to_owned()))
    }
}

impl Callable {
    fn ask(&self, py: Python<'_>, question: &Question) -> Result<Reply, String> {
        // Waiting for the interpreter may have taken all the time that there was.
        if question.left().is_zero() {
            return Err("it is too late to ask".to_owned());
        }
        let asked = || -> PyResult<Bound<'_, PyAny>> {
            let args = question.json.iter().map(|arg| json::to_py(py, arg)).collect::<PyResult<Vec<_>>>()?;
            self.0.bind(py).call1(PyTuple::new(py, args)?)
        };
        let answer = asked().map_err(|error| error.to_string())?;
        if answer.is_none() {
            return Err("it does not know".to_owned());
        }
        match Reader::new(&Limits::default()).value(&answer) {
            Ok(json) => Ok(Reply::Json(json)),
            Err(refused) => Err(refused.split().map_or_else(|error| error.to_string(), |invalid| invalid.to_string())),
        }
    }
}

/// The functions by the names that policies call them by.
pub fn registry(functions: BTreeMap<String, Bound<'_, PyAny>>) -> PyResult<ExternRegistry> {
    let mut registry = ExternRegistry::new(ExternOptions::default());
    for (name, function) in functions {
        if !function.is_callable() {
            return Err(PyTypeError::new_err(format!("`{name}` can't be called")));
        }
        registry = registry.with(&name, Callable(function.unbind()));
    }
    Ok(registry)
}
