//! What all endpoints for hosts share: reading a request within the host's tenant, and answering with a decision.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use claw_engine::EngineError;
use claw_engine::ledger::Refusal;
use claw_runtime::{Decision, Invalid, Json, Limits, RequestInput};

use crate::app::App;
use crate::config::Caller;
use crate::http::Problem;

/// Texts up to this length are read on the spot; longer ones where others are not held up.
const SHORT: usize = 16 << 10;

/// Why a request is not one that can be decided.
pub(super) enum Unread {
    /// It is malformed: a denial.
    Invalid(Invalid),
    /// Something else is wrong.
    Problem(Problem),
}

impl From<Invalid> for Unread {
    fn from(invalid: Invalid) -> Unread {
        Unread::Invalid(invalid)
    }
}

impl From<Problem> for Unread {
    fn from(problem: Problem) -> Unread {
        Unread::Problem(problem)
    }
}

impl IntoResponse for Unread {
    fn into_response(self) -> Response {
        match self {
            Unread::Invalid(invalid) => (StatusCode::BAD_REQUEST, Answer(denial(invalid).to_json())).into_response(),
            Unread::Problem(problem) => problem.into_response(),
        }
    }
}

/// An answer in the runtime's own JSON, whose numbers are exact.
pub(super) struct Answer(pub(super) Json);

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], self.0.to_string()).into_response()
    }
}

/// A request in its wire form, in the caller's tenant.
pub(super) async fn request(app: &App, caller: &Caller, bytes: &Bytes) -> Result<RequestInput, Unread> {
    let input = read(app, bytes, RequestInput::from_json).await??;
    in_tenant(input, caller)
}

/// Any JSON, by the rules for requests: bounded, no key twice.
pub(super) async fn json(app: &App, bytes: &Bytes) -> Result<Json, Unread> {
    Ok(read(app, bytes, |bytes, limits| Json::parse(bytes, limits).map_err(Invalid::from)).await??)
}

async fn read<T: Send + 'static>(
    app: &App,
    bytes: &Bytes,
    parse: impl FnOnce(&[u8], &Limits) -> T + Send + 'static,
) -> Result<T, Problem> {
    if bytes.len() <= SHORT {
        return Ok(parse(bytes, app.guard.engine().limits()));
    }
    let bytes = bytes.clone();
    app.guard.blocking(move |engine| parse(&bytes, engine.limits())).await.ok_or_else(Problem::internal)
}

/// The same request with the tenant of its host, unless it names another.
pub(super) fn in_tenant(mut input: RequestInput, caller: &Caller) -> Result<RequestInput, Unread> {
    input.tenant = own_tenant(caller, input.tenant)?;
    Ok(input)
}

/// The tenant of a host; a problem if it names another.
pub(super) fn own_tenant(caller: &Caller, named: Option<String>) -> Result<Option<String>, Problem> {
    match named {
        Some(named) if caller.tenant.as_deref() != Some(named.as_str()) => {
            let message = "the request names another tenant than the token's";
            Err(Problem::new(StatusCode::FORBIDDEN, "other_tenant", message)
                .help("leave `tenant` out, or ask with that tenant's token"))
        }
        _ => Ok(caller.tenant.clone()),
    }
}

/// The only members that an object may have.
pub(super) fn only(json: &Json, known: &[&str]) -> Result<(), Problem> {
    let Json::Obj(members) = json else { return Err(Problem::bad_request("the body must be an object")) };
    match members.iter().find(|(key, _)| !known.contains(&&**key)) {
        None => Ok(()),
        Some((key, _)) => {
            let shown: String = key.chars().filter(|c| !c.is_control()).take(60).collect();
            let message = format!("`{shown}` is not a key of this object");
            Err(Problem::bad_request(message).help(format!("it may have: {}", known.join(", "))))
        }
    }
}

/// A denial of a request that can't be read.
pub(super) fn denial(invalid: Invalid) -> Decision {
    let pointer = Some(invalid.pointer).filter(|pointer| !pointer.is_empty());
    Decision { pointer, ..Decision::denial(invalid.reason, Some(invalid.message)) }
}

pub(super) fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Obj(members.into_iter().map(|(key, value)| (Arc::from(key), value)).collect())
}

pub(super) fn text(text: impl std::fmt::Display) -> Json {
    Json::str(text.to_string())
}

/// Why a step other than a decision failed.
pub(super) fn failed(error: &EngineError) -> Problem {
    let (status, code) = match error {
        EngineError::NoLedger | EngineError::NothingToAsk => (StatusCode::CONFLICT, "nobody_to_ask"),
        EngineError::Refused(Refusal::Unavailable(_) | Refusal::Contended | Refusal::ClockBackwards) => {
            (StatusCode::SERVICE_UNAVAILABLE, "approvals_unavailable")
        }
        EngineError::Refused(refusal) => (StatusCode::CONFLICT, refusal.code()),
        EngineError::State(_) => (StatusCode::SERVICE_UNAVAILABLE, "state_unavailable"),
        EngineError::Audit(_) => (StatusCode::SERVICE_UNAVAILABLE, "audit_unavailable"),
    };
    Problem::new(status, code, error.to_string())
}
