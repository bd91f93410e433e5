//! The same for programs: a person's token in each request, JSON in the answers.
//!
//! Browsers send no such header by themselves, so that no foreign page can.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequestParts, Json, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use claw_engine::EngineError;
use claw_engine::ledger::{Asking, AskingId, Cursor, Refusal};
use claw_runtime::{Json as Value, Time, VoteVerdict};
use serde::Deserialize;
use std::sync::Arc;

use super::desk::{Desk, Inner};
use super::look::Board;
use super::{show, visit, vote};
use crate::config::Person;

/// A person, by the token in the request.
#[derive(Debug)]
pub(super) struct Caller {
    person: Arc<Person>,
    now: Time,
}

impl FromRequestParts<Desk> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Caller, Response> {
        let Some(now) = desk.now() else {
            return Err(error(StatusCode::SERVICE_UNAVAILABLE, "no_clock", "the time is not known", None));
        };
        let from = visit::address(&parts.extensions);
        if let Err(seconds) = desk.throttle.check(from, now) {
            let help = format!("try again in {seconds} s");
            let mut answer = error(StatusCode::TOO_MANY_REQUESTS, "too_many", "too many wrong tokens", Some(&help));
            answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            return Err(answer);
        }
        let mut tokens = parts.headers.get_all(header::AUTHORIZATION).iter();
        let token = match (tokens.next(), tokens.next()) {
            (Some(value), None) => value.to_str().ok().and_then(|value| {
                let (scheme, token) = value.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
            }),
            _ => None,
        };
        if let Some((person, _)) = token.and_then(|token| desk.person(token, now)) {
            return Ok(Caller { person, now });
        }
        if token.is_some() {
            desk.throttle.failed(from, now);
        }
        let help = "send `authorization: Bearer TOKEN` with the token of someone who may vote";
        let mut answer = error(StatusCode::UNAUTHORIZED, "unauthorized", "no person's token came along", Some(help));
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        Err(answer)
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Turn {
    after: Option<String>,
}

/// `GET /v1/approvals`
pub(super) async fn list(
    State(desk): State<Desk>,
    caller: Caller,
    turn: Result<Query<Turn>, QueryRejection>,
) -> Response {
    let after = match turn.ok().map(|turn| turn.0.after.map(|after| after.parse::<Cursor>()).transpose()) {
        Some(Ok(after)) => after,
        _ => return error(StatusCode::BAD_REQUEST, "bad_request", "`after` is not a place in the list", None),
    };
    match Board::of(&desk, caller.person.tenant.as_deref(), caller.now, after).await {
        Ok(board) => {
            let texts = |askings: &[Asking]| Value::Arr(askings.iter().map(|a| a.to_json(caller.now)).collect());
            let next = board.next.map_or(Value::Null, |next| Value::str(next.to_string()));
            json(&[("waiting", texts(&board.waiting)), ("next", next), ("recent", texts(&board.recent))])
        }
        Err(refusal) => refused(&EngineError::Refused(refusal)),
    }
}

/// `GET /v1/approvals/{id}`
pub(super) async fn detail(
    State(desk): State<Desk>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    let Some(id) = id.ok().and_then(|id| id.parse::<AskingId>().ok()) else {
        return refused(&EngineError::Refused(Refusal::NotFound));
    };
    answer(&desk, &caller, id).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sent {
    verdict: VoteVerdict,
    note: Option<String>,
}

/// `POST /v1/approvals/{id}/votes`
pub(super) async fn vote(
    State(desk): State<Desk>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
    sent: Result<Json<Sent>, JsonRejection>,
) -> Response {
    let Some(id) = id.ok().and_then(|id| id.parse::<AskingId>().ok()) else {
        return refused(&EngineError::Refused(Refusal::NotFound));
    };
    let Sent { verdict, note } = match sent {
        Ok(Json(sent)) => sent,
        Err(rejection) => {
            let help = "send {\"verdict\": \"grant\" or \"refuse\", \"note\": \"…\"} as application/json";
            return error(rejection.status(), "bad_request", "the vote can't be read", Some(help));
        }
    };
    match vote::cast(&desk, &caller.person, id, verdict, note.as_deref().unwrap_or_default(), caller.now).await {
        Ok(()) => answer(&desk, &caller, id).await,
        Err(failed) => refused(&failed),
    }
}

async fn answer(desk: &Inner, caller: &Caller, id: AskingId) -> Response {
    match show::asking(desk, caller.person.tenant.as_deref(), id).await {
        Ok(asking) => text(StatusCode::OK, asking.to_json(caller.now).canonical()),
        Err(refusal) => refused(&EngineError::Refused(refusal)),
    }
}

/// Another tenant's asking does not exist for whoever asks.
fn refused(failed: &EngineError) -> Response {
    let refusal = match failed {
        EngineError::Refused(Refusal::OtherTenant) => &Refusal::NotFound,
        EngineError::Refused(refusal) => refusal,
        other => return error(vote::status(other), "unavailable", &other.to_string(), None),
    };
    error(vote::status(failed), refusal.code(), &refusal.to_string(), None)
}

fn error(status: StatusCode, code: &str, message: &str, help: Option<&str>) -> Response {
    let mut members = vec![("code", Value::str(code)), ("message", Value::str(message))];
    members.extend(help.map(|help| ("help", Value::str(help))));
    text(status, object(&[("error", object(&members))]).canonical())
}

fn object(members: &[(&str, Value)]) -> Value {
    Value::Obj(members.iter().map(|(key, value)| ((*key).into(), value.clone())).collect())
}

fn json(members: &[(&str, Value)]) -> Response {
    text(StatusCode::OK, object(members).canonical())
}

fn text(status: StatusCode, text: String) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, text).into_response()
}
