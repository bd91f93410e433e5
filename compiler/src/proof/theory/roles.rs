//! Roles and labels: sets of words, with what roles include.

use super::{Fail, Req, Situation};
use crate::proof::answers::Answers;
use crate::proof::space::{Space, TestKind};

type Outcome = Result<(), (Vec<Req>, Fail)>;

/// The roles of one side's policy that a role brings along.
fn brings(space: &Space<'_>, side: usize, role: &str) -> Vec<String> {
    let roles = &space.sides[side].lowered.tables.roles;
    let own = roles.iter().find(|def| def.name == role);
    let closure = own.map(|def| def.closure.as_slice()).unwrap_or_default();
    closure.iter().map(|i| roles[*i as usize].name.clone()).collect()
}

/// All roles that every policy declares, so that a request may name them.
fn declared(space: &Space<'_>) -> Vec<String> {
    let names = |side: usize| space.sides[side].lowered.tables.roles.iter().map(|r| r.name.clone());
    let in_all = |name: &String| (1..space.sides.len()).all(|side| names(side).any(|other| other == *name));
    names(0).filter(in_all).collect()
}

/// A demand on a role as one side understands it.
struct Demand {
    side: usize,
    role: String,
    req: Req,
}

fn demands(space: &Space<'_>, reqs: &[Req]) -> Vec<Demand> {
    let mut out = Vec::new();
    for req in reqs {
        let test = &space.tests[req.test.0 as usize];
        let (TestKind::AgentRole(role) | TestKind::UserRole(role)) = &test.kind else { continue };
        let side = test.exprs.iter().position(Option::is_some).unwrap_or(0);
        out.push(Demand { side, role: role.clone(), req: *req });
    }
    out
}

/// The roles that bring nothing of what is forbidden.
fn allowed(space: &Space<'_>, demands: &[Demand], forbidden: impl Fn(Answers) -> bool) -> Vec<String> {
    let harmless = |role: &String| {
        !demands.iter().any(|d| forbidden(d.req.allowed) && brings(space, d.side, role).contains(&d.role))
    };
    declared(space).into_iter().filter(harmless).collect()
}

/// A role of `from` that brings what is demanded, preferring the role itself.
fn choose(space: &Space<'_>, demand: &Demand, from: &[String]) -> Option<String> {
    let own = from.iter().find(|role| **role == demand.role);
    own.or_else(|| from.iter().find(|role| brings(space, demand.side, role).contains(&demand.role))).cloned()
}

/// The agent's roles. A role is held for certain if the whole chain holds it, and perhaps if only some do.
pub(super) fn agent(space: &Space<'_>, reqs: &[Req], out: &mut Situation) -> Outcome {
    let demands = demands(space, reqs);
    // The caller gets what must be held by anyone; what called it, what must be held by all.
    let anyone = allowed(space, &demands, |answers| answers == Answers::FALSE);
    let everyone = allowed(space, &demands, |answers| !answers.has(claw_runtime::Tri::True));
    let mut chain = Vec::new();
    let mut needs_chain = false;
    for demand in &demands {
        let answers = demand.req.allowed;
        if answers == Answers::TRUE {
            match (choose(space, demand, &everyone), choose(space, demand, &anyone)) {
                (Some(role), _) => {
                    out.agent_roles.push(role.clone());
                    chain.push(role);
                }
                (None, Some(_)) => {
                    return Err(match brought_along(space, &demands, demand) {
                        Some(core) => (core, Fail::Never),
                        None => (reqs.to_vec(), Fail::Stuck("roles of a chain of delegation")),
                    });
                }
                (None, None) => return Err((clash(space, &demands, demand), Fail::Never)),
            }
        } else if !answers.has(claw_runtime::Tri::False) {
            // Held by someone: for certain if it may be, so that no chain is needed.
            let for_all = answers.has(claw_runtime::Tri::True).then(|| choose(space, demand, &everyone)).flatten();
            if let Some(role) = for_all {
                out.agent_roles.push(role.clone());
                chain.push(role);
                continue;
            }
            match choose(space, demand, &anyone) {
                Some(role) => {
                    out.agent_roles.push(role);
                    needs_chain = true;
                }
                None => return Err((clash(space, &demands, demand), Fail::Never)),
            }
        } else if answers == Answers::KNOWN || answers.has(claw_runtime::Tri::Unknown) {
            // Not held will do.
        }
    }
    tidy(&mut out.agent_roles);
    tidy(&mut chain);
    let unmet =
        |demand: &Demand| !demand.req.allowed.has(held(space, demand, &out.agent_roles, needs_chain.then_some(&chain)));
    if demands.iter().any(unmet) {
        return Err((reqs.to_vec(), Fail::Stuck("roles of a chain of delegation")));
    }
    if needs_chain {
        out.chain_roles = Some(chain);
    }
    Ok(())
}

fn held(space: &Space<'_>, demand: &Demand, caller: &[String], chain: Option<&Vec<String>>) -> claw_runtime::Tri {
    let by = |roles: &[String]| roles.iter().any(|role| brings(space, demand.side, role).contains(&demand.role));
    let chain = chain.map_or(by(caller), |chain| by(chain));
    match (by(caller), chain) {
        (true, true) => claw_runtime::Tri::True,
        (false, false) => claw_runtime::Tri::False,
        _ => claw_runtime::Tri::Unknown,
    }
}

/// The demand that can't be met, and those that forbid every role that would meet it.
fn clash(space: &Space<'_>, demands: &[Demand], unmet: &Demand) -> Vec<Req> {
    let meeting: Vec<String> =
        declared(space).into_iter().filter(|role| brings(space, unmet.side, role).contains(&unmet.role)).collect();
    let forbids = |d: &&Demand| {
        d.req.allowed == Answers::FALSE && meeting.iter().any(|role| brings(space, d.side, role).contains(&d.role))
    };
    let mut core: Vec<Req> = demands.iter().filter(forbids).map(|d| d.req).collect();
    core.push(unmet.req);
    core.sort_unstable();
    core.dedup();
    core
}

/// Whoever holds what is demanded holds a certain other role, too: so a chain that all holds the one all holds the
/// other, which must not be.
fn brought_along(space: &Space<'_>, demands: &[Demand], unmet: &Demand) -> Option<Vec<Req>> {
    let meeting: Vec<String> =
        declared(space).into_iter().filter(|role| brings(space, unmet.side, role).contains(&unmet.role)).collect();
    let not_all = |d: &&Demand| !d.req.allowed.has(claw_runtime::Tri::True);
    let always = |d: &&Demand| meeting.iter().all(|role| brings(space, d.side, role).contains(&d.role));
    let other = demands.iter().filter(not_all).find(always)?;
    Some(vec![unmet.req, other.req])
}

fn tidy(roles: &mut Vec<String>) {
    roles.sort_unstable();
    roles.dedup();
}

/// The roles of a user who is there: held or not.
pub(super) fn user(space: &Space<'_>, reqs: &[Req], out: &mut Situation) -> Outcome {
    let demands = demands(space, reqs);
    if let Some(demand) = demands.iter().find(|d| d.req.allowed == Answers::UNKNOWN) {
        return Err((vec![demand.req], Fail::Never));
    }
    let forbids = |answers: Answers| !answers.has(claw_runtime::Tri::True);
    let free = allowed(space, &demands, forbids);
    let mut roles = Vec::new();
    for demand in demands.iter().filter(|d| !d.req.allowed.has(claw_runtime::Tri::False)) {
        match choose(space, demand, &free) {
            Some(role) => roles.push(role),
            None => {
                let mut core: Vec<Req> = demands.iter().filter(|d| forbids(d.req.allowed)).map(|d| d.req).collect();
                core.push(demand.req);
                return Err((core, Fail::Never));
            }
        }
    }
    tidy(&mut roles);
    out.user = Some(roles);
    Ok(())
}

/// The labels of a session that is there and was not marked before: those that the request carries.
pub(super) fn labels(space: &Space<'_>, reqs: &[Req], out: &mut Situation) -> Outcome {
    for req in reqs {
        let TestKind::Label(label) = &space.tests[req.test.0 as usize].kind else { continue };
        // A request that carries what a policy does not declare is refused by it.
        let declares = |side: &&crate::proof::side::Side| side.lowered.tables.labels.contains(label);
        let carried = space.sides.iter().all(declares);
        if req.allowed == Answers::UNKNOWN || (!carried && !req.allowed.has(claw_runtime::Tri::False)) {
            return Err((vec![*req], Fail::Never));
        }
        if !req.allowed.has(claw_runtime::Tri::False) {
            out.labels.push(label.clone());
        }
    }
    tidy(&mut out.labels);
    Ok(())
}

/// The labels that a request without a session has to carry.
pub(super) fn carried_labels(space: &Space<'_>, reqs: &[Req], out: &mut Situation) {
    for req in reqs {
        if let TestKind::Label(label) = &space.tests[req.test.0 as usize].kind
            && !req.allowed.has(claw_runtime::Tri::Unknown)
        {
            out.labels.push(label.clone());
        }
    }
    tidy(&mut out.labels);
}
