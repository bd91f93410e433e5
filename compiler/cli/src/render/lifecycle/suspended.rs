//! `clawc policy suspended`: what is out of force, and why.

use claw_compiler::status::Clause;
use claw_engine::lifecycle::Status;
use serde::Serialize;

use super::moment;
use super::table::headed;
use crate::failure::Failure;
use crate::lifecycle::{Review, status_of};
use crate::output::Paint;
use crate::render::json::pretty;

#[derive(Serialize)]
struct Json<'a> {
    clause: String,
    kind: &'static str,
    status: Status,
    reason: Option<&'a str>,
    place: String,
    /// When it applied last, as far as the log knows.
    last: Option<String>,
}

fn out_of_force(review: &Review) -> impl Iterator<Item = Clause<'_>> {
    let clauses = review.own_clauses().into_iter();
    clauses.filter(|clause| matches!(status_of(clause), Status::Suspended | Status::Archived))
}

/// For people.
pub fn human(review: &Review, paint: Paint) -> String {
    let rows = out_of_force(review).map(|clause| {
        let last = review.usage().clauses.get(&clause.id()).and_then(|of| of.last());
        let reason = clause.reason().unwrap_or("—").to_owned();
        vec![clause.id(), status_of(&clause).to_string(), moment(last), review.place(&clause), reason]
    });
    let text = headed(&["clause", "status", "last applied (UTC)", "where", "reason"], rows, usize::MAX);
    if text.is_empty() { format!("{}\n", paint.dim("nothing is suspended or archived")) } else { text }
}

/// For programs.
pub fn json(review: &Review) -> Result<String, Failure> {
    let rows: Vec<Json<'_>> = out_of_force(review)
        .map(|clause| {
            let of = review.usage().clauses.get(&clause.id());
            Json {
                clause: clause.id(),
                kind: clause.kind,
                status: status_of(&clause),
                reason: clause.reason(),
                place: review.place(&clause),
                last: of.and_then(|of| of.last()).map(|time| time.to_string()),
            }
        })
        .collect();
    pretty(&rows)
}
