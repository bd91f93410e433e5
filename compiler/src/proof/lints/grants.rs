//! W0305 and W0202: grants that others cover by what they mean, and such that permit nothing.

use super::look::{Look, deletable};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::{W0202, W0305};
use crate::hir::{Grant, ModuleId, Status, TargetKind};
use crate::proof::formula::F;
use crate::proof::outcome::Clause;
use claw_runtime::bundle::{ClauseId, ToolId};

pub fn run(look: &mut Look<'_, '_>) {
    let package = look.package();
    for grant in package.grants.iter().rev() {
        let scope_is_done = grant.target.arms.iter().any(|arm| match arm.kind {
            TargetKind::Scope(id) => package.scopes.get(id.index()).is_some_and(|scope| look.is_done(&scope.decl)),
            _ => false,
        });
        let own = grant.decl.module == ModuleId(0) && grant.status == Status::Confirmed;
        if own && !scope_is_done && !look.is_done(&grant.decl) {
            one(look, grant);
        }
    }
}

fn one(look: &mut Look<'_, '_>, grant: &Grant) {
    let Some(clause) = look.clause(&grant.decl) else { return };
    let mut cases = Vec::new();
    let mut permits = false;
    for tool in tools(look, grant) {
        let grants: Vec<Clause> = look.outcomes(tool).grants;
        let own = grants.iter().find(|g| g.clause == clause.0).map_or(F::FALSE, |g| g.applies);
        if look.impossible(tool, own) {
            continue;
        }
        permits = true;
        let others: Vec<(ClauseId, F)> =
            grants.iter().filter(|g| g.clause != clause.0).map(|g| (ClauseId(g.clause), g.applies)).collect();
        let case = look.case(tool, own, own, &others);
        if case.reasons.is_empty() {
            return;
        }
        cases.push(case);
    }
    if !permits {
        let finding = Diagnostic::new(W0202, grant.decl.loc, "this grant permits nothing")
            .help("correct its targets or its roles, or remove it")
            .note("there is no call that it applies to");
        return look.dead(&grant.decl, deletable(finding, &grant.decl, "the grant"));
    }
    let Some(reasons) = look.covering(&cases) else { return };
    let message = match reasons.len() {
        1 => "this grant adds nothing to another one",
        _ => "this grant adds nothing to others",
    };
    let finding = Diagnostic::new(W0305, grant.decl.loc, message).help("remove it, or narrow what covers it");
    let says = if reasons.len() == 1 { "permits all of it" } else { "permits some of it" };
    let finding = look.labels(finding, &reasons, &|_| says.to_owned());
    look.useless(&grant.decl, deletable(finding, &grant.decl, "the grant"));
}

fn tools(look: &Look<'_, '_>, grant: &Grant) -> Vec<ToolId> {
    let mut tools: Vec<ToolId> = grant.target.tools.iter().map(|tool| ToolId(tool.0)).collect();
    for arm in &grant.target.arms {
        if let TargetKind::Scope(id) = arm.kind
            && let Some(scope) = look.package().scopes.get(id.index())
        {
            tools.extend(scope.arms.iter().flat_map(|arm| &arm.target.tools).map(|tool| ToolId(tool.0)));
        }
    }
    tools.sort_unstable();
    tools.dedup();
    tools
}
