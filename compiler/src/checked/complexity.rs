//! How large conditions become when predicates and scopes are written out in them.
//!
//! Evaluation must be bounded, so bundles hold nothing that nests deeply or costs a million steps. A handful of
//! predicates that each use the one before twice is enough to get there; this finds such clauses beforehand.

use crate::hir::{Expr, ExprKind, Loc, Package, Target, TargetKind};
use crate::visit;

/// A little less than what the runtime loads: the lowering adds a few levels of its own.
const MAX_DEPTH: u64 = 100;
/// Elementary steps of one condition.
const MAX_WEIGHT: u64 = 1 << 19;

/// A clause or declaration that is too large once everything it uses is written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooComplex {
    /// The name of the declaration, or the expression.
    pub loc: Loc,
    /// How deep it nests.
    pub depth: u64,
    /// How many elementary steps it takes.
    pub weight: u64,
}

/// How deep something nests and how much it costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Size {
    depth: u64,
    weight: u64,
}

impl Size {
    /// What was never finished, because it uses itself.
    const ENDLESS: Size = Size { depth: u64::MAX, weight: u64::MAX };

    fn beside(self, other: Size) -> Size {
        Size { depth: self.depth.max(other.depth), weight: self.weight.saturating_add(other.weight) }
    }

    fn above(self, levels: u64) -> Size {
        Size { depth: self.depth.saturating_add(levels), weight: self.weight.saturating_add(levels) }
    }

    fn check(self, loc: Loc) -> Option<TooComplex> {
        let Size { depth, weight } = self;
        (depth > MAX_DEPTH || weight > MAX_WEIGHT).then_some(TooComplex { loc, depth, weight })
    }
}

/// Everything in the package that no bundle can hold. What merely uses something that is reported already is not
/// reported again.
pub fn too_complex(package: &Package) -> Vec<TooComplex> {
    let mut found = Vec::new();
    // What is reported counts as nothing where it is used.
    let mut keep = |size: Size, loc: Loc| match size.check(loc) {
        Some(finding) => {
            found.push(finding);
            Size::default()
        }
        None => size,
    };
    let predicates = predicates(package, &mut keep);
    let scopes = scopes(package, &predicates, &mut keep);
    let clause = |target: &Target, exprs: &mut dyn Iterator<Item = &Expr>| {
        let target = target_size(target, &scopes);
        exprs.map(|e| expr_size(e, &predicates)).fold(target, Size::beside).above(1)
    };
    for grant in &package.grants {
        keep(clause(&grant.target, &mut std::iter::empty()), grant.decl.name_loc);
    }
    for arm in &package.classify {
        keep(clause(&arm.target, &mut arm.when.iter().chain(&arm.unless)), arm.decl.name_loc);
    }
    for rule in &package.rules {
        keep(clause(&rule.target, &mut rule.when.iter().chain(&rule.unless)), rule.decl.name_loc);
    }
    for limit in &package.limits {
        for arm in &limit.arms {
            keep(clause(&arm.target, &mut arm.when.iter()), arm.loc);
        }
    }
    // Values and messages; conditions were counted above, and are no larger alone.
    visit::roots(package, &mut |expr| {
        let size = expr_size(expr, &predicates);
        if size.check(expr.loc).is_some()
            && !found.iter().any(|f| f.loc.file == expr.loc.file && covers(f.loc, expr.loc))
        {
            found.extend(size.check(expr.loc));
        }
    });
    found.dedup();
    found
}

fn covers(outer: Loc, inner: Loc) -> bool {
    outer.span.covers(inner.span)
}

fn expr_size(expr: &Expr, predicates: &[Size]) -> Size {
    let mut parts = Size::default();
    let mut largest = Size::default();
    visit::children(expr, &mut |child| {
        let size = expr_size(child, predicates);
        parts = parts.beside(size);
        largest = Size { depth: largest.depth.max(size.depth), weight: largest.weight.max(size.weight) };
    });
    match &expr.kind {
        // The arguments stand wherever the body uses them.
        ExprKind::Predicate(id, _) => {
            let body = predicates[id.index()];
            let weight = body.weight.saturating_mul(largest.weight.max(1));
            Size { depth: body.depth.saturating_add(largest.depth), weight }
        }
        _ => parts.above(1),
    }
}

fn target_size(target: &Target, scopes: &[Size]) -> Size {
    let arm = |kind: &TargetKind| match kind {
        TargetKind::Scope(id) => scopes[id.index()],
        _ => Size { depth: 1, weight: 1 },
    };
    target.arms.iter().map(|a| arm(&a.kind)).fold(Size::default(), Size::beside).above(2)
}

fn predicates(package: &Package, keep: &mut dyn FnMut(Size, Loc) -> Size) -> Vec<Size> {
    let uses = |i: usize| {
        let mut used = Vec::new();
        visit::walk(&package.predicates[i].body, &mut |e| {
            if let ExprKind::Predicate(id, _) = &e.kind {
                used.push(id.index());
            }
        });
        used
    };
    let mut sizes = vec![Size::ENDLESS; package.predicates.len()];
    for i in users_last(sizes.len(), &uses) {
        let decl = &package.predicates[i];
        sizes[i] = keep(expr_size(&decl.body, &sizes), decl.decl.name_loc);
    }
    sizes
}

fn scopes(package: &Package, predicates: &[Size], keep: &mut dyn FnMut(Size, Loc) -> Size) -> Vec<Size> {
    let uses = |i: usize| {
        let arms = package.scopes[i].arms.iter().flat_map(|a| &a.target.arms);
        let scope = |kind: &TargetKind| match kind {
            TargetKind::Scope(id) => Some(id.index()),
            _ => None,
        };
        arms.filter_map(|a| scope(&a.kind)).collect()
    };
    let mut sizes = vec![Size::ENDLESS; package.scopes.len()];
    for i in users_last(sizes.len(), &uses) {
        let scope = &package.scopes[i];
        let arm = |arm: &crate::hir::ScopeArm| {
            let condition = arm.condition.iter().map(|e| expr_size(e, predicates));
            condition.fold(target_size(&arm.target, &sizes), Size::beside).above(1)
        };
        let size = scope.arms.iter().map(arm).fold(Size::default(), Size::beside).above(1);
        sizes[i] = keep(size, scope.decl.name_loc);
    }
    sizes
}

/// An order in which everything stands behind what it uses. Without recursion, for chains may be long.
fn users_last(count: usize, uses: &dyn Fn(usize) -> Vec<usize>) -> Vec<usize> {
    let mut order = Vec::with_capacity(count);
    let mut seen = vec![false; count];
    for start in 0..count {
        let mut open = if seen[start] { Vec::new() } else { vec![(start, uses(start))] };
        seen[start] = true;
        while let Some((at, waiting)) = open.last_mut() {
            match waiting.pop() {
                Some(next) if !seen[next] => {
                    seen[next] = true;
                    open.push((next, uses(next)));
                }
                Some(_) => {}
                None => {
                    order.push(*at);
                    open.pop();
                }
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use claw_runtime::Type;

    use super::*;
    use crate::hir::{EffectKind, Predicate, PredicateId, Scope, ScopeArm, ScopeId, ToolId};
    use crate::lower::fixture::*;

    /// Predicates of which each uses the one before so many times; the last comes first if `reversed`.
    fn chain(length: u32, times: usize, reversed: bool) -> Package {
        let mut p = package();
        p.tools = vec![tool("t", vec![])];
        let id = |i: u32| PredicateId(if reversed { length - 1 - i } else { i });
        let body = |i: u32| match i {
            0 => flag(0),
            _ => test(ExprKind::Or(vec![test(ExprKind::Predicate(id(i - 1), vec![])); times])),
        };
        let mut all: Vec<Predicate> =
            (0..length).map(|i| Predicate { decl: decl(&format!("p{i}")), params: vec![], body: body(i) }).collect();
        if reversed {
            all.reverse();
        }
        p.predicates = all;
        let call = test(ExprKind::Predicate(id(length - 1), vec![]));
        let deny = vec![EffectKind::Deny(message("no"))];
        p.rules = vec![rule("r", target([TargetKind::Tool(ToolId(0))]), vec![call], vec![], deny)];
        p
    }

    #[test]
    fn long_chains_and_wide_ones_are_found_once() {
        for reversed in [false, true] {
            assert_eq!(too_complex(&chain(50, 1, reversed)), []);
            assert!(too_complex(&chain(120, 1, reversed)).iter().all(|f| f.depth == 101));
            assert_eq!(too_complex(&chain(120, 1, reversed)).len(), 1);
            assert_eq!(too_complex(&chain(15, 2, reversed)), []);
            assert!(too_complex(&chain(25, 2, reversed)).iter().all(|f| f.weight > MAX_WEIGHT));
            assert_eq!(too_complex(&chain(25, 2, reversed)).len(), 1);
            assert!(!too_complex(&chain(100_000, 1, reversed)).is_empty());
        }
    }

    #[test]
    fn the_runtime_loads_what_passes() {
        let mut sources = crate::source::Sources::default();
        sources.add("main.claw", "".into());
        let loads = |p: Package| {
            assert_eq!(too_complex(&p), []);
            let bundle = crate::compile(&checked(p), &sources, Default::default());
            claw_runtime::Policy::from_bytes(&bundle.to_bytes()).map(drop)
        };
        assert!(loads(chain(95, 1, false)).is_ok());
        assert!(loads(chain(17, 2, false)).is_ok());

        // Scopes nest too.
        let mut p = package();
        p.tools = vec![tool("t", vec![field("x", Type::Str, false)])];
        for i in 0..20 {
            let on = if i == 0 { TargetKind::Tool(ToolId(0)) } else { TargetKind::Scope(ScopeId(i - 1)) };
            let condition = Some(eq(arg("x", Type::Str), text(&format!("k{i}"))));
            let arms = vec![
                ScopeArm { target: target([on]), condition, loc: loc() },
                ScopeArm { target: target([TargetKind::Tool(ToolId(0))]), condition: Some(flag(i % 3)), loc: loc() },
            ];
            p.scopes.push(Scope { decl: decl(&format!("s{i}")), arms });
        }
        p.grants = vec![grant("grant s to any", target([TargetKind::Scope(ScopeId(19))]), &[])];
        assert!(loads(p).is_ok());
    }
}
