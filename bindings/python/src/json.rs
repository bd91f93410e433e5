//! JSON values from Python objects and back: exact, bounded, without a text in between.
//!
//! What a model could have sent (a number that is none, a string that is no text, too much of it) is [`Refused::Invalid`]
//! and becomes a denial. What only a programmer can get wrong (an object that is no JSON) is [`Refused::Python`].

use std::sync::Arc;

use claw_runtime::{Invalid, Json, Limits, Reason};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDate, PyDateTime, PyDict, PyFloat, PyInt, PyList, PyNone, PyString, PyTuple, PyType};

use crate::times;

/// Why an object was not read.
pub enum Refused {
    /// It is malformed or too large: to be denied.
    Invalid(Invalid),
    /// It is nothing that a request consists of. The pointer says where.
    Unfit { pointer: String, message: String },
    /// Python raised.
    Python(PyErr),
}

impl From<PyErr> for Refused {
    fn from(error: PyErr) -> Refused {
        Refused::Python(error)
    }
}

impl Refused {
    fn malformed(message: impl Into<String>) -> Refused {
        Refused::Invalid(Invalid { reason: Reason::InvalidRequest, pointer: String::new(), message: message.into() })
    }

    fn too_much(message: impl Into<String>) -> Refused {
        Refused::Invalid(Invalid { reason: Reason::LimitsExceeded, pointer: String::new(), message: message.into() })
    }

    fn unfit(message: impl Into<String>) -> Refused {
        Refused::Unfit { pointer: String::new(), message: message.into() }
    }

    /// The same, seen from the object that holds it.
    fn under(mut self, token: &str) -> Refused {
        if let Refused::Invalid(Invalid { pointer, .. }) | Refused::Unfit { pointer, .. } = &mut self {
            // Names may be long; a pointer need not be.
            let token: String = token.chars().take(60).collect();
            *pointer = format!("/{}{pointer}", token.replace('~', "~0").replace('/', "~1"));
        }
        self
    }

    /// The exception, or what is to be denied.
    pub fn split(self) -> Result<Invalid, PyErr> {
        match self {
            Refused::Invalid(invalid) => Ok(invalid),
            Refused::Unfit { pointer, message } if pointer.is_empty() => Err(PyTypeError::new_err(message)),
            Refused::Unfit { pointer, message } => Err(PyTypeError::new_err(format!("{pointer}: {message}"))),
            Refused::Python(error) => Err(error),
        }
    }
}

/// Reads objects within limits.
pub struct Reader<'a> {
    limits: &'a Limits,
    nodes: usize,
    /// About as long as the text would be.
    bytes: usize,
}

impl<'a> Reader<'a> {
    pub fn new(limits: &'a Limits) -> Reader<'a> {
        Reader { limits, nodes: 0, bytes: 0 }
    }

    /// Reads one object with all that it holds.
    pub fn value(&mut self, object: &Bound<'_, PyAny>) -> Result<Json, Refused> {
        self.at(object, 0)
    }

    fn at(&mut self, object: &Bound<'_, PyAny>, depth: usize) -> Result<Json, Refused> {
        self.nodes = self.nodes.saturating_add(1);
        if self.nodes > self.limits.nodes {
            return Err(Refused::too_much(format!("there are more than {} values", self.limits.nodes)));
        }
        if let Ok(text) = object.cast::<PyString>() {
            self.text(text).map(Json::Str)
        } else if let Ok(dict) = object.cast::<PyDict>() {
            self.object(dict, self.deeper(depth)?)
        } else if let Ok(list) = object.cast::<PyList>() {
            self.array(list.len(), list.iter(), self.deeper(depth)?)
        } else if object.cast::<PyBool>().is_ok() {
            self.spend(5)?;
            Ok(Json::Bool(object.is_truthy()?))
        } else if object.cast::<PyInt>().is_ok() {
            self.int(object)
        } else if let Ok(number) = object.cast::<PyFloat>() {
            self.float(number.value())
        } else if object.cast::<PyNone>().is_ok() {
            self.spend(4)?;
            Ok(Json::Null)
        } else if let Ok(tuple) = object.cast::<PyTuple>() {
            self.array(tuple.len(), tuple.iter(), self.deeper(depth)?)
        } else {
            self.rarer(object)
        }
    }

    fn rarer(&mut self, object: &Bound<'_, PyAny>) -> Result<Json, Refused> {
        let py = object.py();
        if object.is_instance(decimal_class(py)?)? {
            // The class's own text: what a subclass prints is its own affair.
            let text: String = decimal_class(py)?.call_method1("__str__", (object,))?.extract()?;
            return self.number(&text);
        }
        if object.cast::<PyDateTime>().is_ok() {
            let text = times::text(object).map_err(|error| Refused::unfit(error.value(py).to_string()))?;
            self.spend(text.len())?;
            return Ok(Json::str(text));
        }
        if object.cast::<PyDate>().is_ok() {
            let text: String = py.get_type::<PyDate>().call_method1("isoformat", (object,))?.extract()?;
            self.spend(text.len())?;
            return Ok(Json::str(text));
        }
        let class = object.get_type().qualname()?;
        Err(Refused::unfit(format!(
            "a `{class}` is no part of a request: it consists of dict, list, tuple, str, int, float, Decimal, bool, None, \
             and of date and datetime"
        )))
    }

    fn text(&mut self, text: &Bound<'_, PyString>) -> Result<Arc<str>, Refused> {
        let Ok(text) = text.to_str() else { return Err(Refused::malformed("this string holds half a character")) };
        if text.len() > self.limits.string {
            return Err(Refused::too_much(format!("a string has more than {} bytes", self.limits.string)));
        }
        self.spend(text.len().saturating_add(2))?;
        Ok(text.into())
    }

    fn object(&mut self, dict: &Bound<'_, PyDict>, depth: usize) -> Result<Json, Refused> {
        self.counted(dict.len(), "members")?;
        // A copy of the pairs: whatever runs meanwhile can't disturb it.
        let pairs = dict.items();
        let mut members = Vec::with_capacity(pairs.len());
        for pair in pairs.iter() {
            let (key, value) = pair.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
            // Of plain strings a dict holds none twice. Other classes could be equal and not say so.
            let Ok(key) = key.cast_exact::<PyString>() else {
                let class = key.get_type().qualname()?;
                return Err(Refused::unfit(format!(
                    "the keys of a request are plain strings, this one is a `{class}`"
                )));
            };
            let key = self.text(key)?;
            let value = self.at(&value, depth).map_err(|refused| refused.under(&key))?;
            members.push((key, value));
        }
        Ok(Json::Obj(members))
    }

    fn array<'py>(
        &mut self,
        len: usize,
        items: impl Iterator<Item = Bound<'py, PyAny>>,
        depth: usize,
    ) -> Result<Json, Refused> {
        self.counted(len, "elements")?;
        let mut array = Vec::with_capacity(len);
        for (at, item) in items.enumerate() {
            // A list may grow while it is read.
            self.counted(at.saturating_add(1), "elements")?;
            array.push(self.at(&item, depth).map_err(|refused| refused.under(&at.to_string()))?);
        }
        Ok(Json::Arr(array))
    }

    fn int(&mut self, object: &Bound<'_, PyAny>) -> Result<Json, Refused> {
        if let Ok(small) = object.extract::<i64>() {
            self.spend(20)?;
            return Ok(Json::int(small));
        }
        // Writing out a long number takes time that grows with its square; how long it is can be asked first.
        let bits: usize = object.py().get_type::<PyInt>().call_method1("bit_length", (object,))?.extract()?;
        if bits > self.limits.number.saturating_mul(4) {
            return Err(self.long_number());
        }
        let text: String = object.py().get_type::<PyInt>().call_method1("__repr__", (object,))?.extract()?;
        self.number(&text)
    }

    fn float(&mut self, number: f64) -> Result<Json, Refused> {
        if !number.is_finite() {
            return Err(Refused::malformed(format!("`{number}` is no number of JSON")));
        }
        // The shortest text that is this number, as Python writes it, too.
        let text = if number == 0.0 { "0".to_owned() } else { number.to_string() };
        if text.len() > self.limits.number {
            return Err(self.long_number());
        }
        self.spend(text.len())?;
        Ok(Json::Num(text.into()))
    }

    /// A number from its text, by the rules for numbers in JSON.
    fn number(&mut self, text: &str) -> Result<Json, Refused> {
        self.spend(text.len())?;
        match Json::parse(text.as_bytes(), self.limits) {
            Ok(number @ Json::Num(_)) => Ok(number),
            Err(error) if error.limit => Err(self.long_number()),
            Ok(_) | Err(_) => Err(Refused::malformed("this is no number of JSON")),
        }
    }

    fn long_number(&self) -> Refused {
        Refused::too_much(format!("a number has more than {} characters", self.limits.number))
    }

    fn deeper(&self, depth: usize) -> Result<usize, Refused> {
        if depth >= self.limits.depth {
            return Err(Refused::too_much(format!("values are nested more than {} deep", self.limits.depth)));
        }
        Ok(depth.saturating_add(1))
    }

    fn counted(&mut self, len: usize, what: &str) -> Result<(), Refused> {
        if len > self.limits.elements {
            return Err(Refused::too_much(format!("there are more than {} {what}", self.limits.elements)));
        }
        Ok(())
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Refused> {
        // A comma or a colon.
        self.bytes = self.bytes.saturating_add(bytes).saturating_add(1);
        if self.bytes > self.limits.bytes {
            return Err(Refused::too_much(format!("the request has more than {} bytes", self.limits.bytes)));
        }
        Ok(())
    }
}

fn decimal_class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    CLASS.import(py, "decimal", "Decimal")
}

/// A Python object of this value. Numbers keep their exact value: `int` where they are integral, `float` where the
/// shortest text of one is this number, else `Decimal`.
pub fn to_py<'py>(py: Python<'py>, json: &Json) -> PyResult<Bound<'py, PyAny>> {
    Ok(match json {
        Json::Null => py.None().into_bound(py),
        Json::Bool(truth) => PyBool::new(py, *truth).to_owned().into_any(),
        Json::Num(text) => number_to_py(py, text)?,
        Json::Str(text) => PyString::new(py, text).into_any(),
        Json::Arr(items) => {
            let list = PyList::empty(py);
            items.iter().try_for_each(|item| list.append(to_py(py, item)?))?;
            list.into_any()
        }
        Json::Obj(members) => {
            let dict = PyDict::new(py);
            members.iter().try_for_each(|(key, value)| dict.set_item(&**key, to_py(py, value)?))?;
            dict.into_any()
        }
    })
}

fn number_to_py<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    if let Ok(small) = text.parse::<i64>() {
        return Ok(small.into_pyobject(py)?.into_any());
    }
    if !text.contains('.') {
        return py.get_type::<PyInt>().call1((text,));
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number.to_string() == text => Ok(PyFloat::new(py, number).into_any()),
        _ => decimal_class(py)?.call1((text,)),
    }
}
