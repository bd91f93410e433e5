//! What may only ever make a decision stricter: labels and tiers.
//!
//! Both are over-approximated at run time. That is safe only if more of them can never loosen anything, so they
//! stand positively in `when`, negated in `unless`, under nothing but `and`, `or` and `not`, and nowhere that grants,
//! classifies or leaves the policy. Predicates are looked through.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{EffectKind, Expr, ExprKind, Loc, Message, MessagePart, Package, PredicateId};
use crate::resolve::Cx;
use crate::visit;

/// How a label or a tier has to occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// `when`: more of them make it hold more.
    When,
    /// `unless`: more of them make it hold less.
    Unless,
}

impl Cx<'_> {
    pub(super) fn check_one_way(&mut self) {
        let package = std::mem::take(&mut self.package);
        let mut inside = BTreeMap::new();
        for id in 0..package.predicates.len() as u32 {
            collect_inside(&package, PredicateId(id), &mut inside);
        }
        let mut check = Check { cx: self, package: &package, inside, seen: BTreeSet::new(), followed: BTreeSet::new() };
        check.clauses();
        self.package = package;
    }
}

/// Where labels (true) and tiers occur.
type Places = BTreeSet<(Loc, bool)>;

struct Check<'c, 'w, 'p> {
    cx: &'c mut Cx<'w>,
    package: &'p Package,
    /// By predicate: the labels and tiers in it, further predicates looked through.
    inside: BTreeMap<PredicateId, Places>,
    /// Predicates that were followed from a call, so that nests of them are not followed again and again.
    followed: BTreeSet<(Loc, PredicateId, bool)>,
    /// Places that were reported already.
    seen: BTreeSet<Loc>,
}

impl Check<'_, '_, '_> {
    fn clauses(&mut self) {
        let p = self.package;
        for scope in &p.scopes {
            for condition in scope.arms.iter().filter_map(|a| a.condition.as_ref()) {
                self.forbid(condition, "a scope");
            }
        }
        for arm in &p.classify {
            arm.when.iter().chain(&arm.unless).for_each(|c| self.forbid(c, "a classification"));
        }
        for rule in &p.rules {
            rule.when.iter().for_each(|c| self.condition(c, Side::When, None));
            rule.unless.iter().for_each(|c| self.condition(c, Side::Unless, None));
            for effect in &rule.effects {
                match &effect.kind {
                    EffectKind::Deny(message) => self.message(message),
                    EffectKind::Constrain(_, value) => self.forbid(value, "the value of a constraint"),
                    _ => {}
                }
            }
            rule.suggest.iter().for_each(|m| self.message(m));
        }
        for limit in &p.limits {
            for arm in &limit.arms {
                arm.when.iter().for_each(|c| self.condition(c, Side::When, None));
                arm.sum.iter().for_each(|e| self.forbid(e, "a sum"));
            }
            if let crate::hir::Beyond::Deny(Some(message)) = &limit.beyond {
                self.message(message);
            }
        }
        // Extern functions are asked in invariants and unused predicates, too.
        visit::all(p, &mut |e| {
            if let ExprKind::Extern(_, args) = &e.kind {
                args.iter().for_each(|arg| self.forbid(arg, "an argument of an extern function"));
            }
        });
    }

    fn message(&mut self, message: &Message) {
        for part in &message.parts {
            if let MessagePart::Expr(e, _) = part {
                self.forbid(e, "a message");
            }
        }
    }

    /// A condition whose labels and tiers stand on the side they have to. `call` is the predicate call that led here.
    fn condition(&mut self, e: &Expr, side: Side, call: Option<Loc>) {
        self.signed(e, side, side == Side::When, call);
    }

    /// `positive`: whether the condition may hold more where `e` does. Under `unless` it starts false.
    fn signed(&mut self, e: &Expr, side: Side, positive: bool, call: Option<Loc>) {
        match &e.kind {
            ExprKind::And(list) | ExprKind::Or(list) => list.iter().for_each(|e| self.signed(e, side, positive, call)),
            ExprKind::Not(inner) => self.signed(inner, side, !positive, call),
            ExprKind::HasLabel(_) | ExprKind::TierAtLeast(_) => {
                if !positive {
                    self.wrong_side(e, side, call);
                }
            }
            ExprKind::Predicate(id, args) => {
                args.iter().for_each(|arg| self.nested(arg, call));
                let call = call.unwrap_or(e.loc);
                let reads = self.inside.get(id).is_some_and(|places| !places.is_empty());
                if reads && self.followed.insert((call, *id, positive)) {
                    let package = self.package;
                    self.signed(&package.predicates[id.index()].body, side, positive, Some(call));
                }
            }
            ExprKind::Extern(..) => {}
            _ => visit::children(e, &mut |child| self.nested(child, call)),
        }
    }

    /// Inside something that is neither `and` nor `or` nor `not`.
    fn nested(&mut self, e: &Expr, call: Option<Loc>) {
        for (place, is_label) in occurrences(e, &self.inside) {
            let what = if is_label { "a label" } else { "the tier" };
            let at = call.unwrap_or_else(|| self.place_in(e, place));
            let error =
                Diagnostic::new(codes::E0303, at, format!("{what} can't be asked for inside another expression")).help(
                    "labels and tiers stand under `and`, `or` and `not` only: more of them must always mean stricter",
                );
            self.report(error, at, (at != place).then_some(place));
        }
    }

    /// Nowhere in `e`.
    fn forbid(&mut self, e: &Expr, place: &str) {
        for (loc, is_label) in occurrences(e, &self.inside) {
            let what = if is_label { "labels" } else { "the tier" };
            let at = self.place_in(e, loc);
            let error = Diagnostic::new(codes::E0304, at, format!("{place} can't depend on {what}"))
                .help("write a rule `when` it is so: what grants, classifies or is shown may not depend on what can only grow");
            self.report(error, at, (at != loc).then_some(loc));
        }
    }

    fn wrong_side(&mut self, e: &Expr, side: Side, call: Option<Loc>) {
        let is_label = matches!(e.kind, ExprKind::HasLabel(_));
        let at = call.unwrap_or(e.loc);
        let name = match e.kind {
            ExprKind::HasLabel(id) => self.package.labels[id.index()].decl.name.clone(),
            _ => String::new(),
        };
        let error = match (is_label, side) {
            (true, Side::When) => Diagnostic::new(
                codes::E0301,
                at,
                format!("this holds where the label `{name}` is missing, so the label would loosen it"),
            )
            .help(format!("in `when` ask for the label itself: `{name} in session.labels`")),
            (true, Side::Unless) => {
                Diagnostic::new(codes::E0301, at, format!("the label `{name}` would exempt from this"))
                    .help(format!("in `unless` labels stand negated: `{name} not in session.labels`"))
            }
            (false, Side::When) => Diagnostic::new(codes::E0302, at, "a higher tier would loosen this")
                .help("in `when` compare with `>=` or `>`"),
            (false, Side::Unless) => Diagnostic::new(codes::E0302, at, "a higher tier would exempt from this")
                .help("in `unless` compare with `<` or `<=`"),
        };
        self.report(error, at, call.map(|_| e.loc));
    }

    fn report(&mut self, error: Diagnostic, at: Loc, inner: Option<Loc>) {
        if !self.seen.insert(at) {
            return;
        }
        let error = match inner {
            Some(inner) if inner != at => error.label(inner, "by way of this"),
            _ => error,
        };
        self.cx.report(error);
    }

    /// `target` itself if it is written in `e`; else the call of a predicate that leads there.
    fn place_in(&self, e: &Expr, target: Loc) -> Loc {
        if e.loc.file == target.file && e.loc.span.covers(target.span) {
            target
        } else {
            self.call_to(e, target).unwrap_or(e.loc)
        }
    }

    /// The call in `e` by which `target` is reached.
    fn call_to(&self, e: &Expr, target: Loc) -> Option<Loc> {
        let mut found = None;
        visit::walk(e, &mut |e| {
            if let ExprKind::Predicate(id, _) = &e.kind {
                let inner = self.inside.get(id);
                if inner.is_some_and(|places| places.iter().any(|(loc, _)| *loc == target)) {
                    found = Some(e.loc);
                }
            }
        });
        found
    }
}

/// All labels and tiers in `e`, predicates looked through.
fn occurrences(e: &Expr, inside: &BTreeMap<PredicateId, Places>) -> Places {
    let mut out = Places::new();
    visit::walk(e, &mut |e| match &e.kind {
        ExprKind::HasLabel(_) => out.extend([(e.loc, true)]),
        ExprKind::TierAtLeast(_) => out.extend([(e.loc, false)]),
        ExprKind::Predicate(id, _) => out.extend(inside.get(id).into_iter().flatten().copied()),
        _ => {}
    });
    out
}

/// Fills `inside` for a predicate, after those that it uses. Circles were cut.
fn collect_inside(package: &Package, id: PredicateId, inside: &mut BTreeMap<PredicateId, Places>) {
    if inside.contains_key(&id) {
        return;
    }
    inside.insert(id, Places::new());
    let body = &package.predicates[id.index()].body;
    let mut used = Vec::new();
    visit::walk(body, &mut |e| {
        if let ExprKind::Predicate(id, _) = e.kind {
            used.push(id);
        }
    });
    for id in used {
        collect_inside(package, id, inside);
    }
    let places = occurrences(body, inside);
    inside.insert(id, places);
}
