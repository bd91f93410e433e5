//! The same for programs: a person's token in each request, JSON in the answers.
//!
//! Browsers send no such header by themselves, so that no foreign page can.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequestParts, Json, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use claw_engine::EngineError;
use claw_engine::ledger::{Asking, AskingId, Cursor, Refusal};
use claw_runtime::{Json as Value, Time, VoteVerdict};
use serde::Deserialize;

use super::desk::{Desk, Inner};
use super::look::Board;
use super::{show, visit, vote};
use crate::auth::{self, Closed};
use crate::config::Person;
use crate::http::Problem;

/// A person, by the token in the request.
#[derive(Debug)]
pub(super) struct Caller {
    person: Arc<Person>,
    now: Time,
}

impl FromRequestParts<Desk> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Caller, Problem> {
        let now = desk.now().ok_or_else(no_clock)?;
        let from = visit::address(&parts.extensions);
        desk.throttle.check(from, now).map_err(too_many)?;
        let admitted = auth::bearer(&parts.headers).and_then(|token| desk.app.doors.person(token, now));
        if matches!(admitted, Err(Closed::Unknown | Closed::Expired)) {
            desk.throttle.failed(from, now);
        }
        Ok(Caller { person: admitted?, now })
    }
}

fn no_clock() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no_clock", "the gateway does not know the time")
}

fn too_many(seconds: i64) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", "too many wrong tokens came from this address")
        .help(format!("try again in {seconds} s"))
        .with_header(header::RETRY_AFTER, seconds.into())
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
) -> Result<Response, Problem> {
    let after = turn.ok().map(|turn| turn.0.after.map(|after| after.parse::<Cursor>()).transpose());
    let Some(Ok(after)) = after else { return Err(Problem::bad_request("`after` is not a place in the list")) };
    let board = Board::of(&desk, caller.person.tenant.as_deref(), caller.now, after).await;
    let board = board.map_err(|refusal| refused(&EngineError::Refused(refusal)))?;
    let texts = |askings: &[Asking]| Value::Arr(askings.iter().map(|asking| asking.to_json(caller.now)).collect());
    let next = board.next.map_or(Value::Null, |next| Value::str(next.to_string()));
    let members = [("waiting", texts(&board.waiting)), ("next", next), ("recent", texts(&board.recent))];
    Ok(json(&Value::Obj(members.into_iter().map(|(key, value)| (key.into(), value)).collect())))
}

/// `GET /v1/approvals/{id}`
pub(super) async fn detail(
    State(desk): State<Desk>,
    caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id = id_of(id)?;
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
) -> Result<Response, Problem> {
    let id = id_of(id)?;
    let Json(Sent { verdict, note }) = sent.map_err(|rejection| {
        Problem::new(rejection.status(), "bad_request", "the vote can't be read")
            .help("send {\"verdict\": \"grant\" or \"refuse\", \"note\": \"…\"} as application/json")
    })?;
    let note = note.as_deref().unwrap_or_default();
    let cast = vote::cast(&desk, &caller.person, id, verdict, note, caller.now).await;
    cast.map_err(|failed| refused(&failed))?;
    answer(&desk, &caller, id).await
}

fn id_of(id: Result<Path<String>, PathRejection>) -> Result<AskingId, Problem> {
    let id = id.ok().and_then(|id| id.parse::<AskingId>().ok());
    id.ok_or_else(|| refused(&EngineError::Refused(Refusal::NotFound)))
}

async fn answer(desk: &Inner, caller: &Caller, id: AskingId) -> Result<Response, Problem> {
    let asking = show::asking(desk, caller.person.tenant.as_deref(), id).await;
    let asking = asking.map_err(|refusal| refused(&EngineError::Refused(refusal)))?;
    Ok(json(&asking.to_json(caller.now)))
}

/// Another tenant's asking does not exist for whoever asks.
fn refused(failed: &EngineError) -> Problem {
    let refusal = match failed {
        EngineError::Refused(Refusal::OtherTenant) => &Refusal::NotFound,
        EngineError::Refused(refusal) => refusal,
        other => return Problem::new(vote::status(other), "unavailable", other.to_string()),
    };
    Problem::new(vote::status(failed), refusal.code(), refusal.to_string())
}

fn json(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], value.canonical()).into_response()
}
