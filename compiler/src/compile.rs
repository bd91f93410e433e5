//! From a checked package to a bundle, in one call.

use claw_runtime::bundle::Bundle;

use crate::checked::Checked;
use crate::emit::emit;
use crate::graph::{self, Budget};
use crate::lower::lower;
use crate::source::Sources;

/// Compiles a policy. `sources` are the texts it was checked from.
///
/// Deterministic: equal sources and budgets give equal bundles.
pub fn compile(checked: &Checked, sources: &Sources, budget: Budget) -> Bundle {
    let lowered = lower(checked);
    let graph = graph::build(&lowered, budget);
    emit(&graph, lowered, sources)
}
