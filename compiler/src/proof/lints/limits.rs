//! W0501: limits that never come to bear, as whatever they count is not granted or denied.

use claw_runtime::bundle::ClauseId;

use super::look::{Look, deletable};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::W0501;
use crate::hir::{Limit, ModuleId, Status};

pub fn run(look: &mut Look<'_, '_>) {
    for limit in &look.package().limits {
        let own = limit.decl.module == ModuleId(0) && limit.status == Status::Confirmed;
        if own && !look.is_done(&limit.decl) {
            one(look, limit);
        }
    }
}

fn one(look: &mut Look<'_, '_>, limit: &Limit) {
    let Some(clause) = look.clause(&limit.decl) else { return };
    let mut cases = Vec::new();
    for tool in look.cx.tools() {
        let outcomes = look.outcomes(tool);
        for (_, arm) in outcomes.limits.iter().filter(|(_, arm)| arm.clause == clause.0) {
            let counted = look.f(tool).and(arm.applies, outcomes.granted);
            if look.impossible(tool, counted) {
                continue;
            }
            let denials = look.denials(tool);
            let case = look.case(tool, counted, arm.applies, &denials);
            if case.reasons.is_empty() {
                return;
            }
            cases.push(case);
        }
    }
    let name = &limit.decl.name;
    let new = |message: String| Diagnostic::new(W0501, limit.decl.name_loc, message);
    let (finding, reasons): (Diagnostic, Vec<ClauseId>) = if cases.is_empty() {
        let finding = new(format!("limit `{name}` counts no call that is granted"));
        (finding.help("grant what it counts, or remove it"), Vec::new())
    } else {
        let Some(reasons) = look.covering(&cases) else { return };
        let finding = new(format!("limit `{name}` counts only calls that are denied anyway"));
        (finding.help("remove it, or narrow what denies them"), reasons)
    };
    let finding = look.labels(finding, &reasons, &|_| "denies them".to_owned());
    look.useless(&limit.decl, deletable(finding, &limit.decl, "the limit"));
}
