//! Rules, limits and invariants.

use super::anchors::Thing;
use super::context::Context;
use super::model::{Effect, EffectKind, Invariant, Limit, Proof, Ref, Rule, Verdict};
use crate::analysis::Symbol;
use crate::hir::{self, Beyond, Claim, LimitId, RuleId};
use crate::ide;
use crate::proof::{self, invariants::Verdict as Judged, side::Side};

pub(super) fn rule_ref(cx: &Context<'_>, at: u32) -> Ref {
    cx.named(Symbol::Rule(RuleId(at)))
}

pub(super) fn limit_ref(cx: &Context<'_>, at: u32) -> Ref {
    cx.named(Symbol::Limit(LimitId(at)))
}

pub(super) fn invariant_ref(cx: &Context<'_>, at: usize) -> Ref {
    let name = cx.package.invariants.get(at).map(|invariant| invariant.decl.name.clone()).unwrap_or_default();
    Ref { id: cx.id(Thing::Invariant(at)), name }
}

pub(super) fn rules(cx: &Context<'_>) -> Vec<Rule> {
    let rule = |(at, rule): (u32, &hir::Rule)| Rule {
        heading: cx.heading(Thing::Named(Symbol::Rule(RuleId(at))), &rule.decl),
        clause: ide::qualified_name(cx.package, &rule.decl),
        status: rule.status.word(),
        target: cx.target([&rule.target]),
        effects: rule.effects.iter().filter_map(|e| effect(cx, &e.kind)).collect(),
        suggest: rule.suggest.as_ref().map(|message| cx.message(message)),
        code: cx.code(rule.decl.loc),
    };
    (0..).zip(&cx.package.rules).map(rule).collect()
}

fn effect(cx: &Context<'_>, kind: &hir::EffectKind) -> Option<Effect> {
    Some(match kind {
        hir::EffectKind::Deny(message) => {
            Effect { kind: EffectKind::Deny, text: Some(cx.message(message)), refs: Vec::new() }
        }
        hir::EffectKind::Require(ids) => Effect { kind: EffectKind::Require, text: None, refs: cx.approvals(ids) },
        hir::EffectKind::Constrain(id, value) => Effect {
            kind: EffectKind::Constrain,
            text: Some(cx.code(value.loc).text),
            refs: vec![cx.named(Symbol::Constraint(*id))],
        },
        hir::EffectKind::Mark(id) => {
            Effect { kind: EffectKind::Mark, text: None, refs: vec![cx.named(Symbol::Label(*id))] }
        }
        hir::EffectKind::Error => return None,
    })
}

pub(super) fn limits(cx: &Context<'_>) -> Vec<Limit> {
    let limit = |(at, limit): (u32, &hir::Limit)| {
        let (approvals, message) = match &limit.beyond {
            Beyond::Deny(message) => (Vec::new(), message.as_ref().map(|message| cx.message(message))),
            Beyond::Require(ids) => (cx.approvals(ids), None),
        };
        Limit {
            heading: cx.heading(Thing::Named(Symbol::Limit(LimitId(at))), &limit.decl),
            clause: ide::qualified_name(cx.package, &limit.decl),
            status: limit.status.word(),
            target: cx.target(limit.arms.iter().map(|arm| &arm.target)),
            max: limit.max.to_string(),
            per: limit.per.to_string(),
            sums: limit.arms.iter().filter_map(|arm| Some(cx.code(arm.sum.as_ref()?.loc))).collect(),
            each: limit.keys.iter().map(|key| key.name()).collect(),
            approvals,
            message,
            code: cx.code(limit.decl.loc),
        }
    };
    (0..).zip(&cx.package.limits).map(limit).collect()
}

pub(super) fn invariants(cx: &Context<'_>, side: &Side) -> Vec<Invariant> {
    let invariants = cx.package.invariants.iter().enumerate().zip(proof::invariants::prove(side));
    invariants
        .map(|((at, invariant), judged)| Invariant {
            heading: cx.heading(Thing::Invariant(at), &invariant.decl),
            target: cx.target([&invariant.target]),
            claim: claim(cx, &invariant.claim),
            verdict: verdict(&judged),
            code: cx.code(invariant.decl.loc),
        })
        .collect()
}

fn verdict(judged: &Judged) -> Verdict {
    let (proof, text) = match judged {
        Judged::Proved { vacuous: false } => (Proof::Proved, "It holds for every request.".to_owned()),
        Judged::Proved { vacuous: true } => {
            (Proof::Vacuous, "It is about no call: its condition is never met.".to_owned())
        }
        Judged::Refuted { tool, .. } => (Proof::Refuted, format!("A call of `{tool}` breaks it.")),
        Judged::Unknown { tool, because } => {
            let because = because.join(", ");
            let text =
                format!("No call of `{tool}` was found that breaks it; it can't be proved because of {because}.");
            (Proof::Open, text)
        }
    };
    Verdict { proof, text }
}

fn claim(cx: &Context<'_>, claim: &Claim) -> String {
    match claim {
        Claim::NeverAllow => "is never allowed outright".to_owned(),
        Claim::NeverDeny => "is never denied".to_owned(),
        Claim::AlwaysDeny => "is always denied".to_owned(),
        Claim::AlwaysRequire(id) => {
            format!("always asks for `{}`", cx.named(Symbol::Approval(*id)).name)
        }
        Claim::Error => String::new(),
    }
}
