//! The acting user's own confirmation (`by user`), asked for in their client by MCP's elicitation.
//!
//! Whether the client really asks its user is the client's word: it is believed where the configuration says so.

use claw_engine::ledger::{Asking, State};
use claw_runtime::Vote;
use serde_json::{Value, json};

use super::flow::Flow;
use super::{Answer, Question};

/// Asks the acting user for each of these that only they can confirm, one after another, and votes as they say. Ends
/// when all are answered, or one is left unanswered; never, where there is nothing to ask.
pub(super) async fn ask(flow: &Flow, askings: &[Asking]) {
    let place = &flow.seat.0;
    let app = &place.seats.0.app;
    let (Some(user), Some(client)) = (&place.caller.user, &flow.client) else { return std::future::pending().await };
    if !app.config.approvals.elicitation || !client.can_elicit() {
        return std::future::pending().await;
    }
    let mine = |asking: &&Asking| {
        let voted = asking.votes.iter().any(|vote| vote.person == user.id);
        asking.ballot.by_user && !voted && asking.state(asking.seen_at) == State::Open
    };
    let mine: Vec<&Asking> = askings.iter().filter(mine).collect();
    if mine.is_empty() {
        return std::future::pending().await;
    }
    for asking in mine {
        let vote = match client.elicit(question(asking)).await {
            Answer::Accept(filled) => with_note(Vote::grant(user.id.as_str(), asking.opened_at), &filled),
            Answer::Decline => Vote::refuse(user.id.as_str(), asking.opened_at),
            Answer::Cancel => return,
        };
        if let Err(error) = app.guard.vote(place.caller.tenant.clone(), asking.id, vote).await {
            tracing::warn!(asking = %asking.id, user = %user.id, %error, "a user's confirmation does not count");
        }
    }
}

fn question(asking: &Asking) -> Question {
    let message = format!(
        "Your confirmation is needed before this runs. Accept only if you want exactly this:\n\n{}",
        asking.shown.to_text()
    );
    let needed: &[&str] = if asking.ballot.note_required { &["note"] } else { &[] };
    let schema = json!({
        "type": "object",
        "properties": { "note": { "type": "string", "title": "Note", "description": "Why you agree", "maxLength": 1000 } },
        "required": needed,
    });
    Question { message, schema }
}

fn with_note(vote: Vote, filled: &Value) -> Vote {
    match filled.get("note").and_then(Value::as_str).map(str::trim).filter(|note| !note.is_empty()) {
        Some(note) => vote.note(note),
        None => vote,
    }
}
