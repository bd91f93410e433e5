//! What a caller is shown of what a server lists: what some grant could cover, and whose definition is the one that was
//! agreed to. It may show too much, never too little: each call is decided for itself.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use claw_engine::Engine;
use claw_runtime::{Digest, Kind, Policy};

use super::{Listed, Place, request, uri};
use crate::config::Pin;
use crate::mcp::pins::Stated;

/// What each caller may call, for as long as a policy is in force.
#[derive(Debug, Default)]
pub(super) struct Callable(Mutex<HashMap<String, (Digest, Arc<Names>)>>);

/// Kinds, servers and names on the wire.
type Names = HashSet<(&'static str, Option<String>, String)>;

impl Callable {
    /// What the place's caller may call. Nothing, where it does not fit the policy.
    fn of(&self, place: &Place, policy: &Policy) -> Arc<Names> {
        let (caller, digest) = (&place.caller, policy.digest());
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, names)) = known().get(&caller.name)
            && *of == digest
        {
            return Arc::clone(names);
        }
        let tools = policy.callable(&caller.agent, caller.user.as_ref(), request::environment(place));
        let tools = tools.unwrap_or_else(|invalid| {
            tracing::warn!(caller = %caller.name, %invalid, "a caller does not fit the policy: nothing is listed for it");
            Vec::new()
        });
        let name = |tool: &claw_runtime::bundle::ToolDef| {
            (crate::mcp::pins::word(tool.kind), tool.server.clone(), tool.wire.clone())
        };
        let names: Arc<Names> = Arc::new(tools.into_iter().map(name).collect());
        known().insert(caller.name.clone(), (digest, Arc::clone(&names)));
        names
    }
}

/// Which of these may be shown, in their order. It may block.
pub(super) fn shown(engine: &Engine, place: &Place, kind: Kind, listed: &[Listed]) -> Vec<bool> {
    let digests = &place.seats.0.digests;
    let digest = |one: &Listed| digests.of(&place.server.name, kind, &one.name, &one.definition);
    let stated: Vec<Option<Digest>> = listed.iter().map(digest).collect();
    let held = held(place, kind, listed, &stated);
    let Some(loaded) = engine.policies().current(place.caller.tenant.as_deref()) else {
        return vec![false; listed.len()];
    };
    let policy = &loaded.policy;
    let names = place.seats.0.callable.of(place, policy);
    let server = Some(place.server.name.as_str());
    let is_callable = |name: &str, digest: Option<Digest>| {
        let mut tool = policy.tool(kind, server, name);
        if tool.is_none() && kind == Kind::Resource {
            tool = uri::resource(policy, &place.server.name, name)
                .and_then(|(wire, _)| policy.tool(kind, server, &wire))
                // Its pin is for the template, and this is one resource.
                .filter(|tool| tool.pinned.is_none());
        }
        tool.is_some_and(|tool| {
            let known = names.contains(&(crate::mcp::pins::word(kind), tool.server.clone(), tool.wire.clone()));
            known && tool.pinned.is_none_or(|pin| digest == Some(pin))
        })
    };
    let shown = listed.iter().zip(&stated).zip(held);
    shown.map(|((one, digest), held)| held && is_callable(&one.name, *digest)).collect()
}

/// Which are as they were pinned; what is new is pinned. What is not listed is held where nothing was pinned.
fn held(place: &Place, kind: Kind, listed: &[Listed], digests: &[Option<Digest>]) -> Vec<bool> {
    if place.server.pin == Pin::Policy {
        return vec![true; listed.len()];
    }
    let (server, pins) = (place.server.name.as_str(), &place.seats.0.pins);
    let stated = listed.iter().zip(digests).map(|(one, digest)| {
        let digest = digest.filter(|_| !one.definition.is_null())?;
        let name = request::defined_name(kind, &one.definition).unwrap_or(&one.name);
        Some(Stated { kind, name, definition: &one.definition, digest })
    });
    let stated: Vec<Option<Stated<'_>>> = stated.collect();
    let readable: Vec<Stated<'_>> = stated.iter().flatten().copied().collect();
    let mut held = pins.hold(server, &readable).into_iter();
    let of_one = |(one, stated): (&Listed, &Option<Stated<'_>>)| match stated {
        Some(_) => held.next().unwrap_or(false),
        None => one.definition.is_null() && pins.accepted(server, kind, &one.name).is_none(),
    };
    listed.iter().zip(&stated).map(of_one).collect()
}
