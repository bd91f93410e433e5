//! W0408: approvals that no call is ever asked for.

use claw_runtime::bundle::ApprovalId;

use super::look::Look;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::W0408;
use crate::hir::{self, Beyond, Decl, EffectKind, Loc, ModuleId, Outcome, Package};

pub fn run(look: &mut Look<'_, '_>) {
    let package = look.package();
    for (at, approval) in (0..).zip(&package.approvals) {
        if approval.decl.module != ModuleId(0) {
            continue;
        }
        let uses = uses(package, hir::ApprovalId(at));
        // One that nothing names is unused, and one that only dead clauses name goes with them.
        if !uses.is_empty() && !uses.iter().any(|(decl, _)| look.is_done(decl)) && !is_required(look, ApprovalId(at)) {
            let name = &approval.decl.name;
            let message = format!("no call is ever asked for the approval `{name}`");
            let finding = Diagnostic::new(W0408, approval.decl.name_loc, message)
                .help("correct what requires it, or remove it")
                .note("whatever it is required for is denied or not granted");
            let finding = uses.iter().take(3).fold(finding, |finding, (_, loc)| finding.label(*loc, "required here"));
            look.useless(&approval.decl, finding);
        }
    }
}

fn is_required(look: &mut Look<'_, '_>, approval: ApprovalId) -> bool {
    look.cx.tools().any(|tool| {
        let required = look.outcomes(tool).requires(approval);
        !look.impossible(tool, required)
    })
}

/// The clauses that require an approval.
fn uses(package: &Package, approval: hir::ApprovalId) -> Vec<(&Decl, Loc)> {
    let mut found = Vec::new();
    for cell in &package.matrix {
        if matches!(&cell.outcome, Outcome::Require(ids) if ids.contains(&approval)) {
            found.push((&cell.decl, cell.decl.name_loc));
        }
    }
    for rule in &package.rules {
        for effect in &rule.effects {
            if matches!(&effect.kind, EffectKind::Require(ids) if ids.contains(&approval)) {
                found.push((&rule.decl, rule.decl.name_loc));
            }
        }
    }
    for limit in &package.limits {
        if matches!(&limit.beyond, Beyond::Require(ids) if ids.contains(&approval)) {
            found.push((&limit.decl, limit.decl.name_loc));
        }
    }
    found
}
