//! The workloads that every engine can be asked to express.

pub mod agents;
pub mod labels;
pub mod lists;
pub mod matrix;
pub mod patterns;
pub mod roles;

use crate::workload::Workload;

/// Makes the workload of a size.
pub type Make = fn(usize) -> Workload;

/// All workloads, by name and size; `quick` leaves out the large ones. They are made one at a time, since they are large.
pub fn all(quick: bool) -> Vec<(&'static str, usize, Make)> {
    let sizes: &[usize] = if quick { &[10, 200] } else { &[10, 50, 200, 2_000, 10_000, 100_000] };
    let mut all: Vec<(&str, usize, Make)> =
        sizes.iter().map(|size| ("agents", *size, agents::workload as Make)).collect();
    let many = |many: usize, few: usize| if quick { few } else { many };
    all.extend([
        ("roles", many(1_000, 20), roles::workload as Make),
        ("hosts", 1, patterns::hosts),
        ("hosts", many(500, 10), patterns::hosts),
        ("folders", 1, patterns::folders),
        ("folders", many(500, 10), patterns::folders),
        ("regexes", 1, patterns::names),
        ("regexes", many(200, 10), patterns::names),
        ("lists", many(100, 5), lists::workload),
        ("matrix", 40, |_| matrix::workload()),
        ("labels", 8, labels::workload),
    ]);
    all
}
