//! A policy as a document: everything a reviewer or an auditor asks of it, as plain data.
//!
//! Nothing is judged here but invariants, by the prover: conditions are shown as written, and "under conditions" means
//! that there are some. Knows nothing of pages or of terminals, reads no clock and no path outside
//! the workspace, so equal sources give equal reports.

mod access;
mod anchors;
mod checks;
mod clauses;
mod code;
mod context;
mod declared;
mod index;
mod model;
mod risk;
mod summary;

use claw_runtime::{LoadError, Policy};

use crate::graph::Budget;
use crate::proof::side::Side;
use crate::{Analysis, Checked, compile};

use context::Context;
pub use model::*;

/// Makes the report of a policy. `checked` is the package of `analysis`; with `coverage` its tests are run. The warnings
/// are those of `analysis`: also the prover's, if it was asked to [prove](Analysis::prove).
pub fn report(analysis: &Analysis, checked: &Checked, coverage: bool) -> Result<Report, LoadError> {
    let bundle = Policy::from_bundle(compile(checked, &analysis.sources, Budget::default()))?.digest().to_string();
    let cx = &Context::new(analysis);
    let mut report = Report {
        package: cx.package.name.clone(),
        doc: cx.package.modules.first().map(|root| root.doc.clone()).unwrap_or_default(),
        bundle,
        modules: declared::modules(cx),
        summary: Vec::new(),
        tiers: declared::tiers(cx),
        environments: declared::environments(cx),
        roles: declared::roles(cx),
        matrix: risk::matrix(cx),
        classify: risk::classify(cx),
        access: access::access(cx),
        grants: access::grants(cx),
        scopes: access::scopes(cx),
        tools: declared::tools(cx),
        approvals: risk::approvals(cx),
        rules: clauses::rules(cx),
        limits: clauses::limits(cx),
        invariants: clauses::invariants(cx, &Side::new(checked, &analysis.sources)?),
        windows: declared::windows(cx),
        constants: declared::constants(cx),
        predicates: declared::predicates(cx),
        types: declared::types(cx),
        labels: declared::labels(cx),
        tags: declared::tags(cx),
        origins: declared::origins(cx),
        host: declared::host(cx),
        index: index::index(cx),
        tests: checks::tests(cx, checked, coverage)?,
        warnings: checks::warnings(cx),
    };
    report.summary = summary::summary(&report);
    Ok(report)
}
