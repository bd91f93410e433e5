//! The changes to parts of a request that have few values: all of them.

use claw_runtime::bundle::{AttrRoot, Fact};
use claw_runtime::{Json, Probe};

use super::edits::{Edit, Part};
use crate::proof::space::{Place, Space, TestKind, Why};

/// So many names of one kind are tried.
const MOST: usize = 64;

/// Every change of one such part.
pub fn options(space: &Space<'_>, probe: &Probe<'_>, request: &Json) -> Vec<Edit> {
    let tables = &space.sides[0].lowered.tables;
    let words = |at: &str| -> Vec<String> {
        match request.pointer(at) {
            Some(Json::Arr(words)) => words.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    };
    let mut out: Vec<Edit> = (0u32..)
        .zip(&tables.environments)
        .map(|(env, _)| Edit::Env(env))
        .filter(|e| *e != Edit::Env(probe.env()))
        .collect();
    let roles = || tables.roles.iter().map(|role| role.name.clone()).take(MOST);
    let held = words("/agent/roles");
    let by_all = |role: &String| held.contains(role) && delegated(request).iter().all(|words| words.contains(role));
    out.extend(roles().filter(|role| !by_all(role)).map(|role| Edit::AgentRole { role, held: true }));
    out.extend(held.into_iter().map(|role| Edit::AgentRole { role, held: false }));
    if matches!(request.pointer("/agent/chain"), Some(Json::Arr(agents)) if !agents.is_empty()) {
        out.push(Edit::Alone);
    }
    if reads_user(space) {
        let held = words("/user/roles");
        if !probe.has_root(AttrRoot::User) {
            out.push(Edit::User);
        }
        out.extend(roles().filter(|role| !held.contains(role)).map(|role| Edit::UserRole { role, held: true }));
        out.extend(held.into_iter().map(|role| Edit::UserRole { role, held: false }));
    }
    let asks = |test: &crate::proof::space::Test| matches!(test.kind, TestKind::Free { why: Why::History, .. });
    out.extend(space.tests.iter().any(asks).then_some(Edit::Earlier));
    let there = [
        (Part::User, probe.has_root(AttrRoot::User)),
        (Part::Context, probe.has_root(AttrRoot::Context)),
        (Part::Session, probe.fact(Fact::SessionId).is_some()),
    ];
    out.extend(there.into_iter().filter(|(_, there)| *there).map(|(part, _)| Edit::Without(part)));
    let carried = words("/labels");
    if probe.fact(Fact::SessionId).is_some() {
        let labels = tables.labels.iter().filter(|label| !carried.contains(*label)).take(MOST);
        out.extend(labels.map(|label| Edit::Label { label: label.clone(), carried: true }));
    } else {
        out.push(Edit::Session);
    }
    out.extend(carried.into_iter().map(|label| Edit::Label { label, carried: false }));
    out
}

/// The roles of the agents that delegated.
fn delegated(request: &Json) -> Vec<Vec<String>> {
    let Some(Json::Arr(agents)) = request.pointer("/agent/chain") else { return Vec::new() };
    let roles = |agent: &Json| match agent.get("roles") {
        Some(Json::Arr(words)) => words.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    agents.iter().map(roles).collect()
}

/// Whether any test, or a limit, asks for the acting user.
fn reads_user(space: &Space<'_>) -> bool {
    let tables = &space.sides[0].lowered.tables;
    let of_user =
        |place: &Option<Place>| matches!(place, Some(Place::Attr(AttrRoot::User, _) | Place::Fact(Fact::UserId)));
    space.tests.iter().any(|test| matches!(test.kind, TestKind::UserRole(_)))
        || space.slots.iter().any(|slot| of_user(&space.bases[slot.base.0].places[0]))
        || !tables.tools[space.tool(0).index()].limits.is_empty()
}
