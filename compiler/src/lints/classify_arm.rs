//! W0401: a classify arm that never raises anything, because an arm without condition says as much or more.

use std::collections::BTreeSet;

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::W0401;
use crate::hir::{ClassifyArm, Package, TargetKind, ToolId};

pub fn run(package: &Package, out: &mut Vec<Diagnostic>) {
    for (i, arm) in package.classify.iter().enumerate() {
        let mut left: BTreeSet<ToolId> = arm.target.tools.iter().copied().collect();
        if left.is_empty() {
            continue;
        }
        let mut covering = None;
        for (j, other) in package.classify.iter().enumerate() {
            let stricter = other.tier > arm.tier || (other.tier == arm.tier && (is_conditional(arm) || j < i));
            if j != i && !is_conditional(other) && stricter {
                let before = left.len();
                left.retain(|tool| other.target.tools.binary_search(tool).is_err());
                if left.len() < before {
                    covering.get_or_insert(other);
                }
            }
        }
        if let (true, Some(other)) = (left.is_empty(), covering) {
            let tier = |arm: &ClassifyArm| package.tiers.get(arm.tier.index()).map(|t| t.decl.name.as_str());
            let message = format!("this arm never raises a tier to `{}`", tier(arm).unwrap_or_default());
            out.push(
                Diagnostic::new(W0401, arm.decl.loc, message)
                    .label(other.decl.loc, format!("already `{}`, without condition", tier(other).unwrap_or_default()))
                    .help("remove the arm, or give it a higher tier")
                    .unnecessary(),
            );
        }
    }
}

/// Whether the arm may not apply to some call of its tools.
fn is_conditional(arm: &ClassifyArm) -> bool {
    !arm.when.is_empty()
        || !arm.unless.is_empty()
        || arm.target.envs.is_some()
        || arm.target.arms.iter().any(|target| matches!(target.kind, TargetKind::Scope(_)))
}
