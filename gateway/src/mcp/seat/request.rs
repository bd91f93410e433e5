//! From a call to the request that is decided. All of it but the arguments is the configuration's word.

use claw_engine::Engine;
use claw_runtime::{Digest, Json, Kind, Limits, Reason, RequestInput};
use serde_json::Value;

use super::{Place, Subject};

/// Why a call is denied before any policy sees it.
pub(super) struct Refused {
    pub(super) input: Box<RequestInput>,
    pub(super) reason: Reason,
    pub(super) message: String,
}

/// The request for a call. It may block.
pub(super) fn build(engine: &Engine, place: &Place, subject: &Subject, call_id: &str) -> Result<RequestInput, Refused> {
    let _ = engine;
    let mut input = caller(place, subject.kind, &subject.name, call_id);
    input.tool_digest = subject.definition.as_ref().and_then(digest).map(|digest| digest.to_string());
    input.args = match arguments(&subject.args, &Limits::default()) {
        Ok(args) => args,
        Err(message) => {
            return Err(Refused { input: Box::new(input), reason: Reason::LimitsExceeded, message });
        }
    };
    Ok(input)
}

/// Who calls, where, for whom.
fn caller(place: &Place, kind: Kind, name: &str, call_id: &str) -> RequestInput {
    let Place { seats, caller, server, session } = place;
    let environment = caller.environment.as_ref().unwrap_or(&seats.0.app.config.environment);
    RequestInput {
        call_id: Some(call_id.to_owned()),
        tenant: caller.tenant.clone(),
        session: Some(session.clone()),
        environment: environment.clone(),
        agent: caller.agent.clone(),
        user: caller.user.clone(),
        context: caller.context.clone(),
        server: Some(server.name.clone()),
        ..RequestInput::tool(name).kind(kind)
    }
}

fn arguments(args: &Value, limits: &Limits) -> Result<Json, String> {
    if args.is_null() {
        return Ok(Json::Obj(Vec::new()));
    }
    Json::parse(args.to_string().as_bytes(), limits).map_err(|error| error.to_string())
}

/// The digest of a definition, as `pinned "…"` in a policy names it.
pub(super) fn digest(definition: &Value) -> Option<Digest> {
    let most = usize::MAX;
    let limits = Limits { bytes: most, nodes: most, elements: most, string: most, depth: 120, ..Limits::default() };
    Json::parse(definition.to_string().as_bytes(), &limits).ok().map(|json| Digest::of_json(&json))
}
