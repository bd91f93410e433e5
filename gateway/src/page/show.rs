//! The list of what waits, and one asking with everything about it.

use std::time::Instant;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use claw_engine::ledger::{Asking, AskingId, Cursor, Refusal};
use claw_runtime::Time;
use serde::Deserialize;

use super::desk::{Desk, Inner};
use super::html::{self, detail::Attempt, detail::Beside};
use super::live::LOOK;
use super::look::Board;
use super::page;
use super::visit::Visit;

#[derive(Debug, Deserialize)]
pub(super) struct Turn {
    after: Option<String>,
}

/// `GET /approvals`
pub(super) async fn list(
    State(desk): State<Desk>,
    visit: Visit,
    turn: Result<Query<Turn>, QueryRejection>,
) -> Response {
    let after = turn.ok().and_then(|turn| turn.0.after).and_then(|after| after.parse::<Cursor>().ok());
    match Board::of(&desk, visit.tenant(), visit.now, after).await {
        Ok(board) => page(StatusCode::OK, html::list::page(&visit, &board, after.is_some())),
        Err(refusal) => unavailable(&refusal),
    }
}

/// `GET /approvals/{id}`
pub(super) async fn detail(
    State(desk): State<Desk>,
    visit: Visit,
    id: Result<Path<String>, PathRejection>,
) -> Response {
    match id.ok().and_then(|id| id.parse::<AskingId>().ok()) {
        Some(id) => after_attempt(&desk, &visit, id, StatusCode::OK, None).await,
        None => missing(&visit, &Refusal::NotFound),
    }
}

/// `GET /approvals/{id}/whole`: the whole call as plain text, where the page shows but a part of it.
pub(super) async fn whole(State(desk): State<Desk>, visit: Visit, id: Result<Path<String>, PathRejection>) -> Response {
    let found = match id.ok().and_then(|id| id.parse::<AskingId>().ok()) {
        Some(id) => asking(&desk, visit.tenant(), id).await,
        None => Err(Refusal::NotFound),
    };
    let text = match &found {
        Ok(asking) => desk.app.guard.whole_call(&asking.ballot.request_digest),
        Err(refusal) => return missing(&visit, refusal),
    };
    match text {
        Some(text) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text.to_string()).into_response(),
        None => missing(&visit, &Refusal::NotFound),
    }
}

/// The asking, with what became of an attempt to vote, if there was one.
pub(super) async fn after_attempt(
    desk: &Inner,
    visit: &Visit,
    id: AskingId,
    status: StatusCode,
    attempt: Option<&Attempt>,
) -> Response {
    let recently = Instant::now().checked_sub(LOOK).unwrap_or_else(Instant::now);
    let mark = desk.looks.mark(desk, visit.tenant(), recently).await.map(|mark| mark.to_string());
    match asking(desk, visit.tenant(), id).await {
        Ok(asking) => {
            let whole = !asking.shown.is_whole() && desk.app.guard.whole_call(&asking.ballot.request_digest).is_some();
            page(status, html::detail::page(visit, &asking, &Beside { mark, whole }, attempt))
        }
        Err(refusal) => missing(visit, &refusal),
    }
}

/// One asking of the tenant.
pub(super) async fn asking(desk: &Inner, tenant: Option<&str>, id: AskingId) -> Result<Asking, Refusal> {
    let tenant = tenant.map(str::to_owned);
    let get = desk.app.guard.blocking(move |engine| match engine.ledger() {
        Some(ledger) => ledger.get(tenant.as_deref(), &id),
        None => Err(Refusal::NotFound),
    });
    get.await.unwrap_or_else(|| Err(Refusal::Unavailable("the answer got lost".to_owned())))
}

/// No such asking, for whatever reason: another tenant's does not exist for whoever asks.
pub(super) fn missing(visit: &Visit, refusal: &Refusal) -> Response {
    match refusal {
        Refusal::NotFound | Refusal::OtherTenant => page(StatusCode::NOT_FOUND, html::nothing_here(visit)),
        other => unavailable(other),
    }
}

pub(super) fn unavailable(refusal: &Refusal) -> Response {
    tracing::warn!(%refusal, "the page of approvals can't be shown");
    let help = "reload the page in a moment; whoever runs the gateway finds the cause in its log";
    page(StatusCode::SERVICE_UNAVAILABLE, html::notice("The ledger of approvals does not answer", help, None))
}

/// So many milliseconds are left until then.
pub(super) fn left(until: Time, now: Time) -> i64 {
    until.as_millis().saturating_sub(now.as_millis()).max(0)
}
