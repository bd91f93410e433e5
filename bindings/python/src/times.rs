//! Moments between Python and claw: aware `datetime` objects, to the millisecond.

use std::fmt;

use claw_engine::Clock;
use claw_runtime::Time;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDateTime, PyType, PyTzInfo, PyTzInfoAccess};

/// A moment as a `datetime` in UTC.
pub fn to_py<'py>(py: Python<'py>, time: Time) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = CLASS.import(py, "datetime", "datetime")?;
    let utc = PyTzInfo::utc(py)?;
    // From text and not from a number of seconds, which would be a float.
    let text = time.to_string().replace('Z', "+00:00");
    class.call_method1("fromisoformat", (pad(&text),))?.call_method1("astimezone", (utc,))
}

/// Python before 3.11 reads fractions of three or six digits only.
fn pad(text: &str) -> String {
    let Some((whole, rest)) = text.split_once('.') else { return text.to_owned() };
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let zone = rest.get(digits.len()..).unwrap_or_default();
    format!("{whole}.{digits:0<6}{zone}")
}

/// A moment that Python states.
pub fn from_py(moment: &Bound<'_, PyAny>) -> PyResult<Time> {
    let text = text(moment)?;
    Time::parse(&text).map_err(PyValueError::new_err)
}

/// An aware `datetime` as text. One without a zone could be any moment and is refused.
pub fn text(moment: &Bound<'_, PyAny>) -> PyResult<String> {
    let moment = moment.cast::<PyDateTime>()?;
    if moment.get_tzinfo().is_none() {
        return Err(PyValueError::new_err("a datetime needs a time zone, such as datetime.timezone.utc"));
    }
    // The class's own method: what a subclass prints is its own affair.
    moment.py().get_type::<PyDateTime>().call_method1("isoformat", (moment,))?.extract()
}

/// A clock that is a Python callable. What it can't tell is not known.
pub struct PyClock(pub Py<PyAny>);

impl Clock for PyClock {
    fn now(&self) -> Option<Time> {
        // `None` while the interpreter is ending.
        Python::try_attach(|py| from_py(&self.0.bind(py).call0().ok()?).ok()).flatten()
    }
}

impl fmt::Debug for PyClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PyClock")
    }
}
