//! What several features say of the same thing: what an approval needs, which tier a tool has, what the matrix says.

use claw_runtime::Schema;

use crate::hir::{Approval, Outcome, Package, RoleId, ScopeId, TargetKind, TierId, ToolId};

/// `2 of sre, security; expires after 15m`
pub fn approval(package: &Package, approval: &Approval) -> String {
    let mut needs: Vec<String> =
        approval.by.iter().map(|quorum| format!("{} of {}", quorum.n, roles(package, &quorum.roles))).collect();
    if approval.by_user {
        needs.push("the user".to_owned());
    }
    let mut text = format!("{}; expires after {}", needs.join(", and "), approval.expires);
    if let Some(reuse) = &approval.reuse {
        text += &format!("; serves the same call for {reuse}");
    }
    if approval.note_required {
        text += "; a note is required";
    }
    text
}

pub fn roles(package: &Package, ids: &[RoleId]) -> String {
    let names = ids.iter().filter_map(|id| package.roles.get(id.index()));
    names.map(|role| role.decl.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The tiers a call of this tool can have, lowest first; those that depend on a condition are said to.
pub fn tiers(package: &Package, tool: ToolId) -> Vec<(TierId, bool)> {
    let arms = package.classify.iter().filter(|arm| arm.target.tools.contains(&tool));
    let mut found: Vec<(TierId, bool)> =
        arms.map(|arm| (arm.tier, arm.when.is_empty() && arm.unless.is_empty() && arm.target.envs.is_none())).collect();
    found.sort_by_key(|(tier, always)| (*tier, !*always));
    found.dedup_by_key(|(tier, _)| *tier);
    // Arms below one that always holds decide nothing: the highest counts.
    let least = found.iter().filter(|(_, always)| *always).map(|(tier, _)| *tier).max();
    found.retain(|(tier, _)| least.is_none_or(|least| *tier >= least));
    found
}

pub fn tier_name(package: &Package, tier: TierId) -> &str {
    package.tiers.get(tier.index()).map_or("?", |word| word.decl.name.as_str())
}

/// `dev: allow, prod: on_call`
pub fn row(package: &Package, tier: TierId, envs: Option<&[crate::hir::EnvId]>) -> String {
    let cells = package.matrix.iter().filter(|cell| cell.tier == tier);
    let cells = cells.filter(|cell| envs.is_none_or(|envs| envs.contains(&cell.env)));
    let shown = cells.map(|cell| {
        let env = package.environments.get(cell.env.index()).map_or("?", |word| word.decl.name.as_str());
        format!("{env}: {}", outcome(package, &cell.outcome))
    });
    shown.collect::<Vec<_>>().join(", ")
}

pub fn outcome(package: &Package, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Allow => "allow".to_owned(),
        Outcome::Deny => "deny".to_owned(),
        Outcome::Require(approvals) => {
            let names = approvals.iter().filter_map(|id| package.approvals.get(id.index()));
            names.map(|approval| approval.decl.name.as_str()).collect::<Vec<_>>().join(" + ")
        }
    }
}

/// Who holds a scope: the texts of the grants that name it, or tools by `any`.
pub fn holders(package: &Package, scope: ScopeId) -> Vec<&str> {
    let names = |kind: &TargetKind| matches!(kind, TargetKind::Scope(id) if *id == scope);
    let grants = package.grants.iter().filter(|grant| grant.target.arms.iter().any(|arm| names(&arm.kind)));
    grants.map(|grant| grant.decl.name.as_str()).collect()
}

/// `a: T, b: U`
pub fn parameters(params: &[(String, claw_runtime::Type)], schema: &Schema) -> String {
    params.iter().map(|(name, ty)| format!("{name}: {}", ty.display(schema))).collect::<Vec<_>>().join(", ")
}
