//! Walks over the expressions of a typed package.

use crate::hir::{EffectKind, Expr, ExprKind, Message, MessagePart, Package};

/// Calls `f` for `expr` and everything below it, outermost first.
pub fn walk<'a>(expr: &'a Expr, f: &mut dyn FnMut(&'a Expr)) {
    f(expr);
    children(expr, &mut |child| walk(child, f));
}

/// Calls `f` for the direct operands of `expr`.
pub fn children<'a>(expr: &'a Expr, f: &mut dyn FnMut(&'a Expr)) {
    match &expr.kind {
        ExprKind::Error
        | ExprKind::Const(_)
        | ExprKind::Let(_)
        | ExprKind::Live(_)
        | ExprKind::Local(_)
        | ExprKind::Arg(_)
        | ExprKind::PriorArg(_)
        | ExprKind::Fact(_)
        | ExprKind::Attr(..)
        | ExprKind::HasLabel(_)
        | ExprKind::AgentHasRole(_)
        | ExprKind::UserHasRole(_)
        | ExprKind::TierAtLeast(_)
        | ExprKind::Origins(..)
        | ExprKind::Collect(_) => {}
        ExprKind::RecordField(e, _)
        | ExprKind::Like(e, _)
        | ExprKind::Matches(e, _)
        | ExprKind::Not(e)
        | ExprKind::InWindow(e, _)
        | ExprKind::Len(e)
        | ExprKind::Present(e)
        | ExprKind::JsonAt(e, ..) => f(e),
        ExprKind::Eq(a, b)
        | ExprKind::Compare(_, a, b)
        | ExprKind::In(a, b)
        | ExprKind::Concat(a, b)
        | ExprKind::Quant(_, a, b)
        | ExprKind::Else(a, b) => {
            f(a);
            f(b);
        }
        ExprKind::Builtin(_, es)
        | ExprKind::And(es)
        | ExprKind::Or(es)
        | ExprKind::List(es)
        | ExprKind::Predicate(_, es)
        | ExprKind::Extern(_, es) => es.iter().for_each(f),
        ExprKind::Prior { keys, tests, .. } => {
            keys.iter().for_each(|(_, e)| f(e));
            tests.iter().for_each(f);
        }
    }
}

/// Calls `f` for each outermost expression that a clause, predicate or message of the package holds.
pub fn roots<'a>(package: &'a Package, f: &mut dyn FnMut(&'a Expr)) {
    package.predicates.iter().for_each(|p| f(&p.body));
    clauses(package, f);
}

/// Like [`roots`] without the predicates, which count only where something names them.
pub fn clauses<'a>(package: &'a Package, f: &mut dyn FnMut(&'a Expr)) {
    for scope in &package.scopes {
        scope.arms.iter().filter_map(|arm| arm.condition.as_ref()).for_each(&mut *f);
    }
    for arm in &package.classify {
        arm.when.iter().chain(&arm.unless).for_each(&mut *f);
    }
    for rule in &package.rules {
        rule.when.iter().chain(&rule.unless).for_each(&mut *f);
        for effect in &rule.effects {
            match &effect.kind {
                EffectKind::Deny(text) => message(text, f),
                EffectKind::Constrain(_, value) => f(value),
                EffectKind::Require(_) | EffectKind::Mark(_) | EffectKind::Error => {}
            }
        }
        rule.suggest.iter().for_each(|text| message(text, f));
    }
    for limit in &package.limits {
        for arm in &limit.arms {
            arm.when.iter().chain(&arm.sum).for_each(&mut *f);
        }
        if let crate::hir::Beyond::Deny(Some(text)) = &limit.beyond {
            message(text, f);
        }
    }
    for invariant in &package.invariants {
        invariant.when.iter().chain(&invariant.unless).for_each(&mut *f);
    }
}

fn message<'a>(message: &'a Message, f: &mut dyn FnMut(&'a Expr)) {
    for part in &message.parts {
        if let MessagePart::Expr(expr, _) = part {
            f(expr);
        }
    }
}

/// Calls `f` for every expression of the package, however deep.
pub fn all<'a>(package: &'a Package, f: &mut dyn FnMut(&'a Expr)) {
    roots(package, &mut |root| walk(root, f));
}
