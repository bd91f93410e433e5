//! Warnings: what a policy may say, and probably does not mean.
//!
//! Lints are pure functions over the checked package. A warning can be silenced by `@allow(CODE, "reason")` on the
//! declaration that it is in.

use std::sync::Arc;

use crate::analysis::Analysis;
use crate::diagnostics::{self, Diagnostic, Severity};
use crate::hir::{Attribute, Loc, Package};

/// Runs every lint.
pub fn run(_package: &Package, _out: &mut Vec<Diagnostic>) {}

/// Adds the lints' findings, drops those that were silenced, and puts all in order.
pub(crate) fn finish(analysis: &mut Analysis) {
    let package = Arc::clone(&analysis.package);
    run(&package, &mut analysis.diagnostics);
    let allowed = allowances(&package);
    analysis.diagnostics.retain(|d| {
        d.severity == Severity::Error
            || !allowed.iter().any(|(loc, code)| {
                code == d.code.as_str() && loc.file == d.primary.loc.file && loc.span.covers(d.primary.loc.span)
            })
    });
    diagnostics::sort_and_dedup(&mut analysis.diagnostics);
}

/// Every `@allow` with the declaration that it stands on.
fn allowances(package: &Package) -> Vec<(Loc, String)> {
    let mut out = Vec::new();
    package.for_each_decl(|decl| {
        let allows = decl.attrs.iter().filter(|a| a.name == "allow");
        out.extend(allows.filter_map(|a: &Attribute| Some((decl.loc, a.args.first()?.clone()))));
    });
    out
}
