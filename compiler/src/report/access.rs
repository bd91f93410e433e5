//! Who may do what: grants, the scopes they name, and the table of tools and roles that follows from them.
//!
//! Only grants are looked at. What a tier, a rule or a limit says against a call is told elsewhere in the report.

use super::anchors::Thing;
use super::context::Context;
use super::model::{Access, AccessCell, AccessGroup, AccessRow, Code, Grant, Holder, Holds, Ref, Scope, Way};
use crate::analysis::Symbol;
use crate::hir::{self, EnvId, Loc, RoleId, ScopeId, Status, Target, TargetKind, ToolId};

pub(super) fn grants(cx: &Context<'_>) -> Vec<Grant> {
    let grants = cx.package.grants.iter().enumerate();
    grants
        .map(|(at, grant)| Grant {
            heading: cx.heading(Thing::Grant(at), &grant.decl),
            status: grant.status.word(),
            target: cx.target([&grant.target]),
            to: cx.roles(&grant.to),
            users: cx.roles(&grant.for_user),
            code: cx.code(grant.decl.loc),
        })
        .collect()
}

pub(super) fn scopes(cx: &Context<'_>) -> Vec<Scope> {
    let scope = |(at, scope): (u32, &hir::Scope)| {
        let id = ScopeId(at);
        let names = |target: &Target| target.arms.iter().any(|arm| matches!(arm.kind, TargetKind::Scope(s) if s == id));
        let naming: Vec<usize> =
            (0..).zip(&cx.package.grants).filter(|(_, grant)| names(&grant.target)).map(|(at, _)| at).collect();
        let holders = || naming.iter().filter_map(|at| cx.package.grants.get(*at)).filter(|grant| counts(grant));
        let mut roles: Vec<RoleId> = holders().flat_map(|grant| grant.to.iter().copied()).collect();
        roles.sort_unstable();
        roles.dedup();
        let mut tools: Vec<ToolId> = scope.arms.iter().flat_map(|arm| arm.target.tools.iter().copied()).collect();
        tools.sort_unstable();
        tools.dedup();
        Scope {
            heading: cx.heading(Thing::Named(Symbol::Scope(id)), &scope.decl),
            code: cx.code(scope.decl.loc),
            tools: cx.tools(&tools),
            grants: naming.iter().map(|at| grant_ref(cx, *at)).collect(),
            roles: cx.roles(&roles),
            to_any: holders().any(|grant| grant.to_any),
        }
    };
    (0..).zip(&cx.package.scopes).map(scope).collect()
}

pub(super) fn grant_ref(cx: &Context<'_>, at: usize) -> Ref {
    let name = cx.package.grants.get(at).map(|grant| grant.decl.name.clone()).unwrap_or_default();
    Ref { id: cx.id(Thing::Grant(at)), name }
}

/// Whether a grant gives anything: those on trial and those set aside don't.
fn counts(grant: &hir::Grant) -> bool {
    grant.status == Status::Confirmed
}

/// Tools by roles, in each group of environments where it is the same.
pub(super) fn access(cx: &Context<'_>) -> Access {
    let package = cx.package;
    let live: Vec<(usize, &hir::Grant)> = package.grants.iter().enumerate().filter(|(_, g)| counts(g)).collect();
    let reached = |tool: ToolId| live.iter().any(|(_, grant)| grant.target.tools.contains(&tool));
    let all = (0..package.tools.len() as u32).map(ToolId);
    let (tools, unreached): (Vec<ToolId>, Vec<ToolId>) = all.partition(|tool| reached(*tool));
    let (roles, idle): (Vec<RoleId>, Vec<RoleId>) =
        (0..package.roles.len() as u32).map(RoleId).partition(|role| live.iter().any(|(_, g)| holds(cx, g, *role)));
    let anyone = live.iter().any(|(_, grant)| grant.to_any);
    // Where everything is granted to any agent, all roles hold the same.
    let named = live.iter().any(|(_, grant)| !grant.to_any);
    let columns: Vec<Option<RoleId>> =
        anyone.then_some(None).into_iter().chain(roles.iter().filter(|_| named).copied().map(Some)).collect();
    let environments: Vec<Option<EnvId>> = match package.environments.len() {
        0 => vec![None],
        n => (0..n as u32).map(|at| Some(EnvId(at))).collect(),
    };
    let mut groups: Vec<AccessGroup> = Vec::new();
    for env in environments {
        let rows: Vec<AccessRow> = tools.iter().map(|tool| row(cx, &live, &columns, *tool, env)).collect();
        let name = env.map(|env| cx.environment(env));
        match groups.iter_mut().find(|group| group.rows == rows) {
            Some(group) => group.environments.extend(name),
            None => groups.push(AccessGroup {
                environments: name.into_iter().collect(),
                holders: columns.iter().map(|role| holder(cx, *role)).collect(),
                rows,
            }),
        }
    }
    groups.retain(|group| !group.rows.is_empty());
    Access { groups, unreached: cx.tools(&unreached), idle_roles: cx.roles(if anyone { &[] } else { &idle }) }
}

fn holder(cx: &Context<'_>, role: Option<RoleId>) -> Holder {
    Holder { role: role.map(|role| cx.named(Symbol::Role(role))) }
}

/// Whether an agent with this role holds the grant: directly, by a role that its own includes, or as any agent.
fn holds(cx: &Context<'_>, grant: &hir::Grant, role: RoleId) -> bool {
    let closure = cx.package.roles.get(role.index()).map(|role| role.closure.as_slice()).unwrap_or_default();
    grant.to_any || grant.to.iter().any(|to| closure.contains(to))
}

fn row(
    cx: &Context<'_>,
    live: &[(usize, &hir::Grant)],
    columns: &[Option<RoleId>],
    tool: ToolId,
    env: Option<EnvId>,
) -> AccessRow {
    let cells = columns.iter().map(|column| {
        let held = live.iter().filter(|(_, grant)| match column {
            Some(role) => holds(cx, grant, *role),
            None => grant.to_any,
        });
        cell(held.flat_map(|(at, grant)| ways(cx, *at, grant, tool, env)).collect())
    });
    AccessRow { tool: cx.named(Symbol::Tool(tool)), cells: cells.collect() }
}

fn cell(ways: Vec<Way>) -> AccessCell {
    let free = |way: &Way| way.conditions.is_empty() && way.users.is_empty();
    let holds = match (ways.is_empty(), ways.iter().any(free)) {
        (true, _) => Holds::Never,
        (_, true) => Holds::Always,
        (_, false) => Holds::Conditions,
    };
    AccessCell { holds, ways }
}

/// How one grant reaches a tool.
fn ways(cx: &Context<'_>, at: usize, grant: &hir::Grant, tool: ToolId, env: Option<EnvId>) -> Vec<Way> {
    let way = |path: Path| Way {
        grant: grant_ref(cx, at),
        scopes: path.scopes.iter().map(|scope| cx.named(Symbol::Scope(*scope))).collect(),
        conditions: path.conditions.iter().map(|loc| condition(cx, *loc)).collect(),
        users: cx.roles(&grant.for_user),
    };
    paths(cx, &grant.target, tool, env).into_iter().map(way).collect()
}

fn condition(cx: &Context<'_>, loc: Loc) -> Code {
    cx.code(loc)
}

/// A way through scopes to a tool.
#[derive(Clone, Debug, Default)]
struct Path {
    scopes: Vec<ScopeId>,
    conditions: Vec<Loc>,
}

/// Scopes can't name themselves, directly or not: a policy that has passed the checker has no circle here.
fn paths(cx: &Context<'_>, target: &Target, tool: ToolId, env: Option<EnvId>) -> Vec<Path> {
    let outside = target.envs.as_ref().is_some_and(|envs| env.is_some_and(|env| !envs.contains(&env)));
    if outside || !target.tools.contains(&tool) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for arm in &target.arms {
        match &arm.kind {
            TargetKind::Any(tools) | TargetKind::Glob(_, tools) | TargetKind::Tagged(_, tools) => {
                found.extend(tools.contains(&tool).then(Path::default));
            }
            TargetKind::Tool(id) => found.extend((*id == tool).then(Path::default)),
            TargetKind::Scope(id) => {
                let arms = cx.package.scopes.get(id.index()).map(|scope| scope.arms.as_slice()).unwrap_or_default();
                for arm in arms {
                    for mut path in paths(cx, &arm.target, tool, env) {
                        path.scopes.insert(0, *id);
                        path.conditions.extend(arm.condition.iter().map(|condition| condition.loc));
                        found.push(path);
                    }
                }
            }
            TargetKind::Error => {}
        }
    }
    found
}
