//! What deciding costs without Python, measured in the same process: for `bench.py` alone.

use std::hint::black_box;
use std::time::Instant;

use claw_runtime::NoState;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::policy::Policy;

/// Nanoseconds for one decision on a JSON request: `prepared`, `explained`, or `json`, which is read each time.
#[pyfunction]
pub fn _bench(py: Python<'_>, policy: &Policy, request: &[u8], what: &str, times: u32) -> PyResult<f64> {
    let policy = policy.inner();
    let prepared = policy.prepare_json(request).map_err(|denial| PyValueError::new_err(denial.to_string()))?;
    let once: Box<dyn Fn() + Send + Sync> = match what {
        "prepared" => Box::new(|| {
            black_box(policy.decide(black_box(&prepared), &NoState));
        }),
        "explained" => Box::new(|| drop(black_box(policy.explain(black_box(&prepared), &NoState)))),
        "json" => Box::new(|| {
            black_box(policy.prepare_json(black_box(request)).map(|ready| policy.decide(&ready, &NoState))).ok();
        }),
        other => return Err(PyValueError::new_err(format!("nothing is called `{other}`"))),
    };
    let took = py.detach(|| {
        let started = Instant::now();
        (0..times).for_each(|_| once());
        started.elapsed()
    });
    Ok(took.as_secs_f64() * 1e9 / f64::from(times.max(1)))
}
