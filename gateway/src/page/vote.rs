//! A vote from the page's form.

use axum::Form;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use claw_engine::EngineError;
use claw_engine::ledger::{AskingId, Refusal};
use claw_runtime::{Time, Vote, VoteVerdict};
use serde::Deserialize;

use super::desk::{Desk, Inner};
use super::html::{self, detail::Attempt};
use super::visit::{self, Visit};
use super::{page, show, words};
use crate::config::Person;

#[derive(Debug, Deserialize)]
pub(super) struct Sent {
    csrf: String,
    verdict: VoteVerdict,
    #[serde(default)]
    note: String,
}

/// `POST /approvals/{id}/votes`
pub(super) async fn vote(
    State(desk): State<Desk>,
    visit: Visit,
    headers: HeaderMap,
    uri: Uri,
    id: Result<Path<String>, PathRejection>,
    sent: Result<Form<Sent>, FormRejection>,
) -> Response {
    let Ok(Form(Sent { csrf, verdict, note })) = sent else {
        let help = "go back, and press one of the two buttons; a note has at most 4,096 bytes";
        return page(StatusCode::BAD_REQUEST, html::notice("The form can't be read", help, Some("/approvals")));
    };
    if !visit.session.is_own_form(&csrf) || !visit::is_from_here(&desk, &headers, &uri) {
        return page(StatusCode::FORBIDDEN, html::foreign_form());
    }
    let Some(id) = id.ok().and_then(|id| id.parse::<AskingId>().ok()) else {
        return show::missing(&visit, &Refusal::NotFound);
    };
    match cast(&desk, &visit.session.person, id, verdict, &note, visit.now).await {
        Ok(()) => Redirect::to(&format!("/approvals/{id}")).into_response(),
        Err(error) => {
            let (title, help) = words::not_counted(&error);
            let attempt = Attempt { title, help, note };
            show::after_attempt(&desk, &visit, id, status(&error), Some(&attempt)).await
        }
    }
}

/// Records a person's vote, if it counts.
pub(super) async fn cast(
    desk: &Inner,
    person: &Person,
    id: AskingId,
    verdict: VoteVerdict,
    note: &str,
    now: Time,
) -> Result<(), EngineError> {
    // Browsers send line breaks as two characters.
    let note = note.replace("\r\n", "\n").trim().to_owned();
    let note = Some(note).filter(|note| !note.is_empty());
    let vote = Vote { person: person.name.clone(), roles: person.roles.clone(), verdict, note, at: now };
    desk.app.guard.vote(person.tenant.clone(), id, vote).await.map(drop)
}

/// How HTTP says it.
pub(super) fn status(error: &EngineError) -> StatusCode {
    match error {
        EngineError::NoLedger | EngineError::NothingToAsk => StatusCode::NOT_FOUND,
        EngineError::State(_) | EngineError::Audit(_) => StatusCode::SERVICE_UNAVAILABLE,
        EngineError::Refused(refusal) => match refusal {
            Refusal::NotFound | Refusal::OtherTenant => StatusCode::NOT_FOUND,
            Refusal::OwnRequest | Refusal::AgentMayNotVote | Refusal::WrongRole => StatusCode::FORBIDDEN,
            Refusal::NoteRequired | Refusal::TooLarge(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refusal::Unavailable(_) | Refusal::Contended | Refusal::ClockBackwards => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::CONFLICT,
        },
    }
}
