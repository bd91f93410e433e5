//! Which policy is in force, and how it came to be.

use claw_engine::policies;
use pyo3::prelude::*;

use crate::times;

/// A policy that is, or was, in force.
#[pyclass(frozen, module = "claw")]
pub struct Version(pub std::sync::Arc<policies::Version>);

#[pymethods]
impl Version {
    /// Names exactly this policy.
    #[getter]
    fn digest(&self) -> String {
        self.0.digest.to_string()
    }

    /// The package of the root module.
    #[getter]
    fn package(&self) -> &str {
        &self.0.package
    }

    /// Whose signature was verified; `None` where none is demanded.
    #[getter]
    fn signer(&self) -> Option<String> {
        self.0.signer.as_ref().map(ToString::to_string)
    }

    /// Where it came from.
    #[getter]
    fn source(&self) -> &str {
        &self.0.source
    }

    /// When it came into force.
    #[getter]
    fn at<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0.at.map(|at| times::to_py(py, at)).transpose()
    }

    /// Ascends from version to version, with gaps.
    #[getter]
    fn sequence(&self) -> u64 {
        self.0.sequence
    }

    fn __repr__(&self) -> String {
        format!("<claw.Version {} {}>", self.0.package, self.0.digest)
    }
}
