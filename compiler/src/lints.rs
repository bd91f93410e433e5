//! Warnings: what a policy may say, and probably does not mean.
//!
//! Lints are pure functions over the checked package. A warning can be silenced by `@allow(CODE, "reason")` on the
//! declaration that it is in.

mod classify_arm;
mod duplicates;
mod grants;
mod labels;
pub(crate) mod unread_argument;
mod unused;

use std::sync::Arc;

use crate::analysis::Analysis;
use crate::diagnostics::{self, Diagnostic, Severity};
use crate::hir::{Attribute, Loc, Package};

/// One lint.
type Lint = fn(&Package, &mut Vec<Diagnostic>);

const LINTS: &[Lint] = &[
    unused::declarations,
    unused::words,
    labels::marked_but_never_read,
    duplicates::constants,
    duplicates::rules,
    grants::unreachable_tools,
    grants::covered_grants,
    grants::by_exclusion,
    unread_argument::run,
    classify_arm::run,
];

/// Runs every lint, over a package without errors.
pub fn run(package: &Package, out: &mut Vec<Diagnostic>) {
    for lint in LINTS {
        lint(package, out);
    }
}

/// Adds the lints' findings.
pub(crate) fn finish(analysis: &mut Analysis) {
    let package = Arc::clone(&analysis.package);
    if !analysis.has_errors() {
        run(&package, &mut analysis.diagnostics);
    }
    silence(analysis);
}

/// Drops the warnings that were silenced, and puts all in order.
pub(crate) fn silence(analysis: &mut Analysis) {
    let package = Arc::clone(&analysis.package);
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

/// Whether the root module is a policy of its own. A module without grants is vocabulary and restrictions for
/// others, so nothing in it can be called unused.
pub(crate) fn is_policy(package: &Package) -> bool {
    !package.grants.is_empty()
}
