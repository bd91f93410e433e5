//! From a call to the request that is decided. All of it but the arguments is the configuration's word, or was found
//! out by the gateway itself.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use claw_engine::Engine;
use claw_runtime::{Digest, Json, Kind, Limits, Policy, Reason, RequestInput};
use serde_json::Value;

use super::{Place, Subject, resolve, uri};
use crate::config::{Pin, Reach};
use crate::mcp::pins::Stated;

/// Why a call is denied before any policy sees it.
pub(super) struct Refused {
    pub(super) input: Box<RequestInput>,
    pub(super) reason: Reason,
    pub(super) message: String,
}

/// Arguments of so many values and bytes are read at once.
const QUICK: usize = 4_096;

/// Whether [`build`] asks no file and takes no time: most calls.
pub(super) fn is_quick(engine: &Engine, place: &Place, subject: &Subject) -> bool {
    let (server, shared) = (&place.server, &place.seats.0);
    let pinned = || {
        let digest = stated(place, subject);
        let name = subject.definition.as_ref().and_then(|it| defined_name(subject.kind, it)).unwrap_or(&subject.name);
        shared.pins.accepted(&server.name, subject.kind, name) == digest
    };
    let follows_links = || {
        let loaded = engine.policies().current(place.caller.tenant.as_deref());
        loaded.is_some_and(|loaded| {
            let tool = loaded.policy.tool(subject.kind, Some(&server.name), &subject.name);
            tool.is_some_and(|tool| resolve::has_paths(&loaded.policy.bundle().schema, &tool.params))
        })
    };
    let local = matches!(server.reach, Reach::Child { .. });
    shared.memory.is_quick(&place.seen)
        && subject.kind != Kind::Resource
        && is_small(&subject.args, &mut QUICK.clone())
        && (server.pin == Pin::Policy || pinned())
        && !(local && follows_links())
}

fn is_small(value: &Value, left: &mut usize) -> bool {
    let size = match value {
        Value::String(text) => text.len().saturating_add(1),
        _ => 1,
    };
    let Some(rest) = left.checked_sub(size) else { return false };
    *left = rest;
    match value {
        Value::Array(items) => items.iter().all(|item| is_small(item, left)),
        Value::Object(members) => members.iter().all(|(name, member)| name.len() < QUICK && is_small(member, left)),
        _ => true,
    }
}

/// The request for a call, as the world is now. It may block.
pub(super) fn build(engine: &Engine, place: &Place, subject: &Subject, call_id: &str) -> Result<RequestInput, Refused> {
    let mut input = caller(place, subject.kind, &subject.name, call_id);
    let refused = |input: RequestInput, reason, message| Err(Refused { input: Box::new(input), reason, message });
    let digest = stated(place, subject);
    input.tool_digest = digest.map(|digest| digest.to_string());
    if let Err(message) = pinned(place, subject, digest) {
        return refused(input, Reason::ToolChanged, message);
    }
    match arguments(subject, engine.limits()) {
        Ok(args) => input.args = args,
        Err(error) => {
            let reason = if error.limit { Reason::LimitsExceeded } else { Reason::InvalidRequest };
            return refused(input, reason, format!("the arguments can't be judged: {error}"));
        }
    }
    let labels = match place.seats.0.memory.labels(&place.seen) {
        Ok(labels) => labels,
        Err(message) => return refused(input, Reason::StateUnavailable, message),
    };
    // Without a policy the engine denies.
    let Some(loaded) = engine.policies().current(input.tenant.as_deref()) else { return Ok(input) };
    let policy = &loaded.policy;
    if subject.kind == Kind::Resource
        && let Some((wire, args)) = uri::resource(policy, &place.server.name, &subject.name)
    {
        (input.tool, input.args) = (wire, args);
    }
    // Of labels that the policy does not declare no clause can speak.
    let declared = &policy.bundle().labels;
    input.labels = labels.into_iter().filter(|label| declared.contains(label)).collect();
    paths(policy, place, &mut input);
    place.seats.0.memory.with(&place.seen, |session| drop(session.fill_for(policy, &mut input)));
    Ok(input)
}

/// The digest of the definition that the server states now.
fn stated(place: &Place, subject: &Subject) -> Option<Digest> {
    let definition = subject.definition.as_ref()?;
    place.seats.0.digests.of(&place.server.name, subject.kind, &subject.name, definition)
}

/// Who calls, where, for whom.
fn caller(place: &Place, kind: Kind, name: &str, call_id: &str) -> RequestInput {
    let Place { caller, server, session, .. } = place;
    RequestInput {
        call_id: Some(call_id.to_owned()),
        tenant: caller.tenant.clone(),
        session: Some(session.clone()),
        environment: environment(place).to_owned(),
        agent: caller.agent.clone(),
        user: caller.user.clone(),
        context: caller.context.clone(),
        server: Some(server.name.clone()),
        ..RequestInput::tool(name).kind(kind)
    }
}

/// Where a caller works.
pub(super) fn environment(place: &Place) -> &str {
    place.caller.environment.as_deref().unwrap_or(&place.seats.0.app.config.environment)
}

/// Whether the definition is the one that was pinned, where the gateway pins. It pins what it has not seen yet.
fn pinned(place: &Place, subject: &Subject, digest: Option<Digest>) -> Result<(), String> {
    let (server, pins) = (&place.server, &place.seats.0.pins);
    if server.pin == Pin::Policy {
        return Ok(());
    }
    let Some(definition) = &subject.definition else {
        // Not listed: of a tool that was listed once nobody knows what it is now.
        return match pins.accepted(&server.name, subject.kind, &subject.name) {
            None => Ok(()),
            Some(_) => Err(format!("`{}` is not listed by the server `{}` any more", subject.name, server.name)),
        };
    };
    let name = defined_name(subject.kind, definition).unwrap_or(&subject.name);
    let Some(digest) = digest else { return Err(format!("the definition of `{name}` can't be read")) };
    match pins.hold(&server.name, &[Stated { kind: subject.kind, name, definition, digest }]).as_slice() {
        [true] => Ok(()),
        _ => Err(format!(
            "the definition of `{name}` has changed since it was first seen; whoever runs the gateway can look at it with \
             `claw-gateway pins list` and accept it with `claw-gateway pins accept {}`",
            server.name
        )),
    }
}

/// What a definition is the definition of.
pub(super) fn defined_name(kind: Kind, definition: &Value) -> Option<&str> {
    let text = |key: &str| definition.get(key).and_then(Value::as_str);
    match kind {
        Kind::Tool | Kind::Prompt => text("name"),
        Kind::Resource => text("uriTemplate").or_else(|| text("uri")),
    }
}

fn arguments(subject: &Subject, limits: &Limits) -> Result<Json, claw_runtime::JsonError> {
    if subject.args.is_null() || subject.kind == Kind::Resource {
        return Ok(Json::Obj(Vec::new()));
    }
    Json::parse(subject.args.to_string().as_bytes(), limits)
}

/// Where paths lead that a child process on this machine will open.
fn paths(policy: &Policy, place: &Place, input: &mut RequestInput) {
    let (Reach::Child { .. }, Some(tool)) =
        (&place.server.reach, policy.tool(input.kind, input.server.as_deref(), &input.tool))
    else {
        return;
    };
    let schema = &policy.bundle().schema;
    if resolve::has_paths(schema, &tool.params) {
        input.resolved = resolve::resolved(schema, &tool.params, &input.args);
    }
}

/// The digests of the definitions that were seen last: computing one costs more than deciding a call.
#[derive(Debug, Default)]
pub(super) struct Digests(Mutex<HashMap<Defined, (Value, Digest)>>);

/// What has a definition: the server, its kind, its name.
type Defined = (String, Kind, String);

/// So many definitions are kept.
const DEFINITIONS: usize = 40_000;

impl Digests {
    /// The digest of a definition, as `pinned "…"` in a policy names it.
    pub(super) fn of(&self, server: &str, kind: Kind, name: &str, definition: &Value) -> Option<Digest> {
        let key = (server.to_owned(), kind, name.to_owned());
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((same, digest)) = known().get(&key)
            && same == definition
        {
            return Some(*digest);
        }
        let digest = claw_compiler::import::definition_digest(definition.to_string().as_bytes()).ok()?;
        let mut known = known();
        if known.len() >= DEFINITIONS {
            known.clear();
        }
        known.insert(key, (definition.clone(), digest));
        Some(digest)
    }
}
