//! claw for Python: the native half of the package `claw`.
//!
//! A thin layer over `claw-engine` and `claw-compiler`: it converts values and gives the interpreter back while work is
//! done. Nothing in it decides. What a caller sends is denied if it is malformed; what a programmer gets wrong raises.
#![deny(unsafe_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod asking;
mod bench;
mod build;
mod call;
mod compile;
mod decision;
mod engine;
mod errors;
mod externs;
mod json;
mod policy;
mod render;
mod request;
mod times;
mod version;

use pyo3::prelude::*;

/// The native half of `claw`.
#[pymodule]
fn _claw(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<compile::Bundle>()?;
    module.add_class::<compile::Diagnostic>()?;
    module.add_class::<policy::Policy>()?;
    module.add_class::<request::Request>()?;
    module.add_class::<decision::Decision>()?;
    module.add_class::<engine::Engine>()?;
    module.add_class::<engine::Watch>()?;
    module.add_class::<call::Call>()?;
    module.add_class::<asking::Asking>()?;
    module.add_class::<version::Version>()?;
    module.add_function(wrap_pyfunction!(compile::compile, module)?)?;
    module.add_function(wrap_pyfunction!(bench::_bench, module)?)
}
