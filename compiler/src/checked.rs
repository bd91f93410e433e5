//! The gate between checking and compiling: a package that has no errors.
//!
//! Everything behind this gate may rely on names being resolved and expressions being typed, and has no way to
//! report a diagnostic. Knows nothing of atoms, graphs or bundles.

use std::sync::Arc;

use crate::hir::{EffectKind, Expr, ExprKind, Message, MessagePart, Package, Target, TargetKind};

/// Environments that fit into a condition's bit set.
pub const MAX_ENVIRONMENTS: usize = 64;

/// A package in which nothing was reported as an error.
#[derive(Clone, Debug)]
pub struct Checked(Arc<Package>);

impl Checked {
    /// `has_errors` says whether any diagnostic of the package is an error. Besides that, a package with a hole
    /// left by one, or with more environments than a bundle can hold, is refused: compiling it would have to guess.
    pub fn new(package: Arc<Package>, has_errors: bool) -> Option<Checked> {
        let sound = !has_errors && package.environments.len() <= MAX_ENVIRONMENTS && !has_holes(&package);
        sound.then_some(Checked(package))
    }

    pub fn package(&self) -> &Package {
        &self.0
    }
}

fn has_holes(package: &Package) -> bool {
    let mut targets: Vec<&Target> = Vec::new();
    targets.extend(package.scopes.iter().flat_map(|s| &s.arms).map(|a| &a.target));
    targets.extend(package.grants.iter().map(|g| &g.target));
    targets.extend(package.classify.iter().map(|c| &c.target));
    targets.extend(package.rules.iter().map(|r| &r.target));
    targets.extend(package.limits.iter().flat_map(|l| &l.arms).map(|a| &a.target));
    let hole = |t: &Target| t.arms.iter().any(|a| matches!(a.kind, TargetKind::Error));
    let mut found = targets.into_iter().any(hole)
        || package.rules.iter().flat_map(|r| &r.effects).any(|e| matches!(e.kind, EffectKind::Error));
    expressions(package, &mut |expr| found = found || contains_error(expr));
    found
}

fn contains_error(expr: &Expr) -> bool {
    let mut found = matches!(expr.kind, ExprKind::Error);
    children(expr, &mut |child| found = found || contains_error(child));
    found
}

/// Visits every expression of the package that can end up in a bundle.
fn expressions<'p>(package: &'p Package, visit: &mut dyn FnMut(&'p Expr)) {
    let p = package;
    p.predicates.iter().for_each(|d| visit(&d.body));
    p.scopes.iter().flat_map(|s| &s.arms).filter_map(|a| a.condition.as_ref()).for_each(&mut *visit);
    p.classify.iter().flat_map(|c| c.when.iter().chain(&c.unless)).for_each(&mut *visit);
    p.limits.iter().flat_map(|l| &l.arms).flat_map(|a| a.when.iter().chain(&a.sum)).for_each(&mut *visit);
    for rule in &p.rules {
        rule.when.iter().chain(&rule.unless).for_each(&mut *visit);
        rule.suggest.iter().for_each(|m| interpolations(m, visit));
        for effect in &rule.effects {
            match &effect.kind {
                EffectKind::Deny(message) => interpolations(message, visit),
                EffectKind::Constrain(_, value) => visit(value),
                EffectKind::Require(_) | EffectKind::Mark(_) | EffectKind::Error => {}
            }
        }
    }
}

fn interpolations<'p>(message: &'p Message, visit: &mut dyn FnMut(&'p Expr)) {
    for part in &message.parts {
        if let MessagePart::Expr(expr, _) = part {
            visit(expr);
        }
    }
}

/// The direct parts of an expression, in source order. A predicate's body is not a part of its call.
pub fn children<'e>(expr: &'e Expr, visit: &mut dyn FnMut(&'e Expr)) {
    use ExprKind::*;
    match &expr.kind {
        Error | Const(_) | Let(_) | Live(_) | Local(_) | Arg(_) | PriorArg(_) | Fact(_) | Attr(..) | HasLabel(_)
        | AgentHasRole(_) | UserHasRole(_) | TierAtLeast(_) | Origins(..) | Collect(_) => {}
        RecordField(a, _) | Like(a, _) | Matches(a, _) | Not(a) | InWindow(a, _) | Len(a) | Present(a)
        | JsonAt(a, _, _) => visit(a),
        Eq(a, b) | Compare(_, a, b) | In(a, b) | Concat(a, b) | Quant(_, a, b) | Else(a, b) => {
            visit(a);
            visit(b);
        }
        Builtin(_, parts) | And(parts) | Or(parts) | List(parts) | Predicate(_, parts) | Extern(_, parts) => {
            parts.iter().for_each(visit);
        }
        Prior { keys, tests, .. } => {
            keys.iter().for_each(|(_, value)| visit(value));
            tests.iter().for_each(visit);
        }
    }
}
