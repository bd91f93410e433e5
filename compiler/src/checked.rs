//! The gate between checking and compiling: a package that has no errors.
//!
//! Everything behind this gate may rely on names being resolved and expressions being typed, and has no way to
//! report a diagnostic. Knows nothing of atoms, graphs or bundles.

mod complexity;

use std::sync::Arc;

pub use complexity::{TooComplex, too_complex};

use crate::hir::{EffectKind, ExprKind, Package, Target, TargetKind};
use crate::visit;

/// Environments that fit into a condition's bit set.
pub const MAX_ENVIRONMENTS: usize = 64;

/// A package in which nothing was reported as an error.
#[derive(Clone, Debug)]
pub struct Checked(Arc<Package>);

impl Checked {
    /// `has_errors` says whether any diagnostic of the package is an error. Besides that, a package with a hole
    /// left by one, or that no bundle can hold, is refused: compiling it would have to guess.
    pub fn new(package: Arc<Package>, has_errors: bool) -> Option<Checked> {
        let sound = !has_errors
            && package.environments.len() <= MAX_ENVIRONMENTS
            && !has_holes(&package)
            && too_complex(&package).is_empty();
        sound.then_some(Checked(package))
    }

    pub fn package(&self) -> &Package {
        &self.0
    }
}

fn has_holes(package: &Package) -> bool {
    let hole = |t: &Target| t.arms.iter().any(|a| matches!(a.kind, TargetKind::Error));
    let mut found = targets(package).any(hole)
        || package.rules.iter().flat_map(|r| &r.effects).any(|e| matches!(e.kind, EffectKind::Error));
    visit::all(package, &mut |expr| found = found || matches!(expr.kind, ExprKind::Error));
    found
}

/// The targets of everything that ends up in a bundle.
fn targets(package: &Package) -> impl Iterator<Item = &Target> {
    let scopes = package.scopes.iter().flat_map(|s| &s.arms).map(|a| &a.target);
    let grants = package.grants.iter().map(|g| &g.target);
    let arms = package.classify.iter().map(|c| &c.target);
    let rules = package.rules.iter().map(|r| &r.target);
    let limits = package.limits.iter().flat_map(|l| &l.arms).map(|a| &a.target);
    scopes.chain(grants).chain(arms).chain(rules).chain(limits)
}
