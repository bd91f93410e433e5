//! W0402 to W0404: tiers, cells of the matrix and arms of `classify` that no call meets.

use claw_runtime::bundle::ClauseId;

use super::look::{Look, deletable};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::{W0402, W0403, W0404};
use crate::hir::{ClassifyArm, MatrixCell, ModuleId, Outcome};
use crate::lower::Owner;
use crate::proof::formula::F;

/// W0404: arms that never raise a tier.
pub fn arms(look: &mut Look<'_, '_>) {
    for parts in look.side().extra.parts.iter().rev() {
        let Owner::Classify(at) = parts.owner else { continue };
        let arm = &look.package().classify[at];
        if !look.is_done(&arm.decl) {
            one(look, arm);
        }
    }
}

fn one(look: &mut Look<'_, '_>, arm: &ClassifyArm) {
    let Some(clause) = look.clause(&arm.decl) else { return };
    let mut cases = Vec::new();
    for tool in look.cx.tools() {
        let arms = look.outcomes(tool).arms;
        let Some((_, own)) = arms.iter().find(|(_, other)| other.clause == clause.0) else { continue };
        let others: Vec<(ClauseId, F)> = arms
            .iter()
            .filter(|(tier, other)| *tier >= arm.tier.0 && other.clause != clause.0)
            .map(|(_, other)| (ClauseId(other.clause), other.applies))
            .collect();
        let case = look.case(tool, own.applies, own.applies, &others);
        if case.reasons.is_empty() {
            return;
        }
        cases.push(case);
    }
    let Some(reasons) = look.covering(&cases) else { return };
    let tier = &look.package().tiers[arm.tier.index()].decl.name;
    let finding = Diagnostic::new(W0404, arm.decl.loc, format!("this arm never raises a tier to `{tier}`"))
        .help("remove the arm, or give it a higher tier");
    let says = if reasons.len() == 1 { "covers all of it already" } else { "covers some of it already" };
    let finding = look.labels(finding, &reasons, &|_| says.to_owned());
    look.useless(&arm.decl, deletable(finding, &arm.decl, "the arm"));
}

/// Whether some call of this tier, in this environment if one is given, can exist.
fn is_reached(look: &mut Look<'_, '_>, tier: usize, env: Option<usize>, granted: bool) -> bool {
    look.cx.tools().any(|tool| {
        let mut parts = vec![look.exactly(tool, u32::try_from(tier).unwrap_or(u32::MAX))];
        parts.extend(env.map(|env| look.f(tool).env(1 << env)));
        parts.extend(granted.then(|| look.outcomes(tool).granted));
        let f = look.f(tool).all(parts);
        !look.impossible(tool, f)
    })
}

/// Whether something about the arms of a tier was said already.
fn is_told(look: &Look<'_, '_>, tier: usize) -> bool {
    look.package().classify.iter().any(|arm| arm.tier.index() == tier && look.is_done(&arm.decl))
}

/// W0402: tiers that no call has.
pub fn tiers(look: &mut Look<'_, '_>) {
    let package = look.package();
    for (at, tier) in package.tiers.iter().enumerate() {
        if tier.decl.module != ModuleId(0) || is_told(look, at) || is_reached(look, at, None, false) {
            continue;
        }
        let name = &tier.decl.name;
        let finding = Diagnostic::new(W0402, tier.decl.name_loc, format!("no call reaches the tier `{name}`"));
        let arms = package.classify.iter().filter(|arm| arm.tier.index() == at);
        let finding = arms
            .take(3)
            .fold(finding, |finding, arm| finding.label(arm.decl.loc, "always covered by an arm of a higher tier"));
        look.useless(&tier.decl, finding.help(format!("classify something as `{name}`, or remove the tier")));
    }
}

/// W0403: cells that permit something, and no call that is granted gets there. Only where `deny` could stand instead:
/// a cell is never stricter than those above it.
pub fn cells(look: &mut Look<'_, '_>) {
    let package = look.package();
    // A tier that nothing reaches has no cell that something does.
    let reached: Vec<bool> =
        (0..package.tiers.len()).map(|tier| !is_told(look, tier) && is_reached(look, tier, None, true)).collect();
    for cell in package.matrix.iter().filter(|cell| cell.decl.module == ModuleId(0)) {
        let open = reached[cell.tier.index()] && cell.outcome != Outcome::Deny && deny_would_do(look, cell);
        if open && !is_reached(look, cell.tier.index(), Some(cell.env.index()), true) {
            let tier = &package.tiers[cell.tier.index()].decl.name;
            let env = &package.environments[cell.env.index()].decl.name;
            let message = format!("no call that is granted is `{tier}` in `{env}`");
            let finding = Diagnostic::new(W0403, cell.decl.name_loc, message)
                .help("say `deny`: then nothing passes here that nobody thought of")
                .fix("say `deny`", cell.decl.name_loc, "deny");
            look.cx.report(finding);
        }
    }
}

fn deny_would_do(look: &Look<'_, '_>, cell: &MatrixCell) -> bool {
    let higher =
        |other: &&MatrixCell| other.decl.module == cell.decl.module && other.env == cell.env && other.tier > cell.tier;
    look.package().matrix.iter().filter(higher).all(|other| other.outcome == Outcome::Deny)
}
