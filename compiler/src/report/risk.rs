//! Tiers, the matrix, and the approvals it asks for.

use std::collections::BTreeSet;

use super::anchors::Thing;
use super::clauses::{limit_ref, rule_ref};
use super::context::Context;
use super::model::{Approval, ClassifyArm, MatrixCell, MatrixRow, Outcome, Quorum, Ref};
use crate::analysis::Symbol;
use crate::hir::{self, ApprovalId, Beyond, EffectKind, EnvId, TierId};
use crate::ide;

/// The matrices of all modules, joined: a denial of any of them, else all approvals.
pub(super) fn matrix(cx: &Context<'_>) -> Vec<MatrixRow> {
    if cx.package.matrix.is_empty() {
        return Vec::new();
    }
    let environments = 0..cx.package.environments.len() as u32;
    let row = |tier| MatrixRow {
        tier: cx.named(Symbol::Tier(tier)),
        cells: environments.clone().map(|env| cell(cx, tier, EnvId(env))).collect(),
    };
    (0..cx.package.tiers.len() as u32).map(TierId).map(row).collect()
}

fn cell(cx: &Context<'_>, tier: TierId, env: EnvId) -> MatrixCell {
    let cells = || cx.package.matrix.iter().filter(|cell| cell.tier == tier && cell.env == env);
    let mut approvals: BTreeSet<ApprovalId> = BTreeSet::new();
    // A cell that nobody wrote denies.
    let mut denied = cells().next().is_none();
    for cell in cells() {
        match &cell.outcome {
            hir::Outcome::Allow => {}
            hir::Outcome::Require(ids) => approvals.extend(ids),
            hir::Outcome::Deny => denied = true,
        }
    }
    let outcome = match (denied, approvals.is_empty()) {
        (true, _) => Outcome::Deny,
        (false, true) => Outcome::Allow,
        (false, false) => Outcome::Require,
    };
    let mut asked: Vec<Ref> = match outcome {
        Outcome::Require => cx.approvals(&approvals.into_iter().collect::<Vec<_>>()),
        Outcome::Allow | Outcome::Deny => Vec::new(),
    };
    asked.sort_by(|a, b| a.name.cmp(&b.name));
    MatrixCell {
        id: cx.id(Thing::Cell(tier, env)),
        environment: cx.environment(env),
        outcome,
        approvals: asked,
        clauses: cells().map(|cell| ide::qualified_name(cx.package, &cell.decl)).collect(),
    }
}

pub(super) fn classify(cx: &Context<'_>) -> Vec<ClassifyArm> {
    let arms = cx.package.classify.iter().enumerate();
    arms.map(|(at, arm)| ClassifyArm {
        heading: cx.heading(Thing::Classify(at), &arm.decl),
        tier: cx.named(Symbol::Tier(arm.tier)),
        target: cx.target([&arm.target]),
        conditional: !arm.when.is_empty() || !arm.unless.is_empty() || arm.target.envs.is_some(),
        code: cx.code(arm.decl.loc),
    })
    .collect()
}

pub(super) fn approvals(cx: &Context<'_>) -> Vec<Approval> {
    let approval = |(at, approval): (u32, &hir::Approval)| {
        let id = ApprovalId(at);
        let quorum = |quorum: &hir::Quorum| Quorum { people: quorum.n, roles: cx.roles(&quorum.roles) };
        Approval {
            heading: cx.heading(Thing::Named(Symbol::Approval(id)), &approval.decl),
            quorums: approval.by.iter().map(quorum).collect(),
            by_user: approval.by_user,
            expires: approval.expires.to_string(),
            reuse: approval.reuse.as_ref().map(ToString::to_string),
            note_required: approval.note_required,
            code: cx.code(approval.decl.loc),
            asked_by: asked_by(cx, id),
        }
    };
    (0..).zip(&cx.package.approvals).map(approval).collect()
}

fn asked_by(cx: &Context<'_>, id: ApprovalId) -> Vec<Ref> {
    let package = cx.package;
    let cells =
        package.matrix.iter().filter(|cell| matches!(&cell.outcome, hir::Outcome::Require(ids) if ids.contains(&id)));
    let mut asking: Vec<Ref> = cells
        .map(|cell| Ref {
            id: cx.id(Thing::Cell(cell.tier, cell.env)),
            name: format!("{} in {}", cx.named(Symbol::Tier(cell.tier)).name, cx.environment(cell.env)),
        })
        .collect();
    // Several modules may say the same of one cell.
    asking.dedup();
    for (at, rule) in (0..).zip(&package.rules) {
        let asks = |effect: &hir::Effect| matches!(&effect.kind, EffectKind::Require(ids) if ids.contains(&id));
        asking.extend(rule.effects.iter().any(asks).then(|| rule_ref(cx, at)));
    }
    for (at, limit) in (0..).zip(&package.limits) {
        let asks = matches!(&limit.beyond, Beyond::Require(ids) if ids.contains(&id));
        asking.extend(asks.then(|| limit_ref(cx, at)));
    }
    asking
}
