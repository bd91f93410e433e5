//! Every call has a tier: conditional arms must cover everything together.

use claw_runtime::bundle::ToolId;

use super::findings::Cx;
use super::formula::F;
use super::prover::Example;
use super::witness::About;
use crate::diagnostics::{Diagnostic, codes};
use crate::hir;

pub(super) fn run(cx: &mut Cx<'_>) {
    if cx.package().tiers.is_empty() {
        return;
    }
    for tool in cx.tools() {
        one(cx, tool);
    }
}

fn one(cx: &mut Cx<'_>, tool: ToolId) {
    let prover = cx.prover(tool);
    let outcomes = prover.outcomes[0].clone();
    if outcomes.classified == F::TRUE {
        return;
    }
    let unclassified = prover.space().f.not(outcomes.classified);
    // One that is granted is what somebody would meet.
    let granted = prover.space().f.and(outcomes.granted, unclassified);
    let instances = &prover.space().sides[0].lowered.tables.instances;
    let no_arm: Vec<About> = outcomes
        .arms
        .iter()
        .map(|(_, arm)| About { side: 0, cond: instances[arm.instance as usize].cond, holds: false })
        .collect();
    let mut found = Example::None;
    for goal in [granted, unclassified] {
        found = prover.example_about(goal, &no_arm, &mut |decisions| decisions[0].tier.is_none());
        if !matches!(found, Example::None) {
            break;
        }
    }
    let decl = &cx.package().tools[tool.index()].decl;
    let (name, lowest) = (&decl.name, &cx.package().tiers[0].decl.name);
    let new = |message: String| Diagnostic::new(codes::E0407, decl.name_loc, message);
    let finding = match found {
        Example::None => return,
        Example::Call(witness) => {
            let error = new(format!("`{name}` is not classified for every call: no arm covers this one"));
            cx.with_call(error, &format!("{name} has a tier"), &witness)
        }
        Example::Unknown(because) => new(format!("`{name}` is not classified for every call, as far as can be told"))
            .note(format!("it can't be told because of {}", because.join(", "))),
    };
    let finding =
        arms(cx, tool).into_iter().fold(finding, |finding, loc| finding.label(loc, "covers some of its calls"));
    cx.report(finding.help(format!("add an arm without a condition to `classify`: `{lowest} on {name}`")));
}

/// The arms about a tool.
fn arms(cx: &Cx<'_>, tool: ToolId) -> Vec<hir::Loc> {
    const MOST: usize = 3;
    let about = |arm: &&hir::ClassifyArm| arm.target.tools.contains(&hir::ToolId(tool.0));
    cx.package().classify.iter().filter(about).map(|arm| arm.decl.name_loc).take(MOST).collect()
}
