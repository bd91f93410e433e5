//! W0301 to W0303: grants that reach nothing, too little or more than they say.

use std::collections::{BTreeMap, BTreeSet};

use super::is_policy;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::{W0301, W0302, W0303};
use crate::hir::{
    EnvId, Expr, ExprKind, Grant, ModuleId, Package, QuantOp, RoleId, Status, Target, TargetKind, ToolId,
};
use crate::visit;

/// W0301: a tool of the root module that no grant covers.
pub fn unreachable_tools(package: &Package, out: &mut Vec<Diagnostic>) {
    if !is_policy(package) {
        return;
    }
    let granted: BTreeSet<ToolId> =
        package.grants.iter().filter(|g| is_live(g)).flat_map(|g| g.target.tools.iter().copied()).collect();
    for (i, tool) in package.tools.iter().enumerate() {
        if tool.decl.module == ModuleId(0) && !granted.contains(&ToolId(i as u32)) {
            let name = &tool.decl.name;
            out.push(
                Diagnostic::new(W0301, tool.decl.name_loc, format!("no grant reaches tool `{name}`"))
                    .help(format!("every call of it is denied; grant it (`grant {name} to …`) or remove it")),
            );
        }
    }
}

/// W0302: a grant that another one makes superfluous.
pub fn covered_grants(package: &Package, out: &mut Vec<Diagnostic>) {
    // Only a grant about the same tool can cover one: looking at all pairs would take too long.
    let mut by_tool: BTreeMap<ToolId, Vec<usize>> = BTreeMap::new();
    for (i, grant) in package.grants.iter().enumerate() {
        grant.target.tools.iter().for_each(|tool| by_tool.entry(*tool).or_default().push(i));
    }
    for (i, grant) in package.grants.iter().enumerate() {
        let Some(candidates) = grant.target.tools.first().and_then(|tool| by_tool.get(tool)) else { continue };
        let covering = candidates.iter().map(|j| (*j, &package.grants[*j])).find(|(j, other)| {
            // Of two equal grants the later is the superfluous one.
            *j != i && covers(package, other, grant) && (!covers(package, grant, other) || *j < i)
        });
        if let Some((_, other)) = covering {
            out.push(
                Diagnostic::new(W0302, grant.decl.loc, "this grant adds nothing to another one")
                    .label(other.decl.loc, "this one covers it")
                    .help("remove the narrower grant, or narrow the wider one")
                    .unnecessary(),
            );
        }
    }
}

fn is_live(grant: &Grant) -> bool {
    !matches!(grant.status, Status::Suspended | Status::Archived)
}

/// Whether `wide` surely holds wherever `narrow` does.
fn covers(package: &Package, wide: &Grant, narrow: &Grant) -> bool {
    wide.status == Status::Confirmed
        && narrow.status == Status::Confirmed
        && covers_envs(&wide.target.envs, &narrow.target.envs)
        && (wide.to_any || (!narrow.to_any && covers_roles(package, &wide.to, &narrow.to)))
        && (wide.for_user.is_empty()
            || (!narrow.for_user.is_empty() && covers_roles(package, &wide.for_user, &narrow.for_user)))
        // Last, since it looks at all tools: where a thousand roles are granted any, few pairs get here.
        && covers_targets(package, &wide.target, &narrow.target)
}

fn covers_envs(wide: &Option<Vec<EnvId>>, narrow: &Option<Vec<EnvId>>) -> bool {
    match (wide, narrow) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => narrow.iter().all(|env| wide.contains(env)),
    }
}

/// Whoever holds a role of `narrow` holds one of `wide`.
fn covers_roles(package: &Package, wide: &[RoleId], narrow: &[RoleId]) -> bool {
    narrow.iter().all(|role| {
        let held = package.roles.get(role.index()).map(|r| r.closure.as_slice()).unwrap_or_default();
        wide.iter().any(|w| w == role || held.contains(w))
    })
}

fn covers_targets(package: &Package, wide: &Target, narrow: &Target) -> bool {
    let scopes = |target: &Target| -> BTreeSet<u32> {
        let scope = |kind: &TargetKind| if let TargetKind::Scope(id) = kind { Some(id.0) } else { None };
        target.arms.iter().filter_map(|arm| scope(&arm.kind)).collect()
    };
    let outright = outright_tools(package, wide);
    let (wide_scopes, narrow_scopes) = (scopes(wide), scopes(narrow));
    let narrow_outright = outright_tools(package, narrow);
    narrow_outright.iter().all(|tool| outright.contains(tool))
        && narrow_scopes.iter().all(|id| {
            wide_scopes.contains(id)
                || package
                    .scopes
                    .get(*id as usize)
                    .is_some_and(|s| s.arms.iter().all(|a| a.target.tools.iter().all(|t| outright.contains(t))))
        })
}

/// The tools that a target covers whatever their arguments and environment.
fn outright_tools(package: &Package, target: &Target) -> BTreeSet<ToolId> {
    let mut tools = BTreeSet::new();
    for arm in &target.arms {
        match &arm.kind {
            TargetKind::Any(list) | TargetKind::Glob(_, list) | TargetKind::Tagged(_, list) => tools.extend(list),
            TargetKind::Tool(tool) => drop(tools.insert(*tool)),
            TargetKind::Scope(id) => {
                let arms = package.scopes.get(id.index()).map(|s| s.arms.as_slice()).unwrap_or_default();
                for arm in arms.iter().filter(|a| a.condition.is_none() && a.target.envs.is_none()) {
                    tools.extend(outright_tools(package, &arm.target));
                }
            }
            TargetKind::Error => {}
        }
    }
    tools
}

/// W0303: a scope that says what is *not* allowed, and so grants everything nobody thought of.
pub fn by_exclusion(package: &Package, out: &mut Vec<Diagnostic>) {
    for arm in package.scopes.iter().flat_map(|scope| &scope.arms) {
        let Some(condition) = &arm.condition else { continue };
        visit::walk(condition, &mut |expr| {
            let form = match &expr.kind {
                ExprKind::Quant(QuantOp::None, ..) => "none",
                ExprKind::Not(inner) if matches!(inner.kind, ExprKind::In(..)) && !is_role_test(inner) => "not in",
                _ => return,
            };
            out.push(
                Diagnostic::new(W0303, expr.loc, format!("this scope grants by exclusion (`{form}`)"))
                    .help("list what is allowed (`in`, `all`), and put what is forbidden into a rule that denies")
                    .note("whatever is not thought of here is granted"),
            );
        });
    }
}

fn is_role_test(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::AgentHasRole(_) | ExprKind::UserHasRole(_))
}
