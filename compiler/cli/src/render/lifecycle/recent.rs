//! `clawc policy recent`: what changed, and what applied last.

use claw_engine::audit::ReloadOutcome;
use claw_engine::lifecycle::{Change, ClauseUse, Loaded};
use serde::Serialize;

use super::table::headed;
use super::{moment, section};
use crate::failure::Failure;
use crate::lifecycle::Review;
use crate::output::Paint;
use crate::render::json::pretty;

#[derive(Serialize)]
struct Json<'a> {
    package: &'a str,
    log: super::status::LogJson<'a>,
    reloads: Vec<&'a Loaded>,
    changes: Vec<Changed<'a>>,
    applied: Vec<Applied<'a>>,
}

/// A clause that began or ceased to count.
#[derive(Serialize)]
struct Changed<'a> {
    clause: &'a str,
    #[serde(flatten)]
    change: &'a Change,
}

#[derive(Serialize)]
struct Applied<'a> {
    clause: &'a str,
    last: Option<String>,
    /// It counted then.
    in_force: bool,
    calls: u64,
}

/// The latest first.
fn changes(review: &Review) -> Vec<Changed<'_>> {
    let clauses = review.usage().clauses.iter();
    let mut changes: Vec<Changed<'_>> =
        clauses.flat_map(|(clause, of)| of.changes.iter().map(|change| Changed { clause, change })).collect();
    changes.sort_by_key(|changed| std::cmp::Reverse(changed.change.seq));
    changes
}

fn applied(review: &Review) -> Vec<(&str, &ClauseUse)> {
    let mut clauses: Vec<(&str, &ClauseUse)> = review.usage().clauses.iter().map(|(c, of)| (c.as_str(), of)).collect();
    clauses.sort_by_key(|(_, of)| std::cmp::Reverse(of.last()));
    clauses
}

/// For people.
pub fn human(review: &Review, top: usize, paint: Paint) -> String {
    let usage = review.usage();
    let reloads = usage.reloads.iter().rev().map(|reload| {
        let what = match reload.outcome {
            ReloadOutcome::Loaded => "loaded",
            ReloadOutcome::Refused => "refused",
            ReloadOutcome::RolledBack => "rolled back",
            ReloadOutcome::Withdrawn => "withdrawn",
        };
        let digest = reload.digest.map(|digest| digest.to_string().chars().take(19).collect()).unwrap_or_default();
        let by = reload.signer.as_ref().map(|signer| format!("signed by {signer}"));
        let note = reload.error.clone().or(by).unwrap_or_default();
        vec![moment(reload.at), what.to_owned(), reload.package.clone().unwrap_or_default(), digest, note]
    });
    let changes = changes(review).into_iter().map(|changed| {
        let what = if changed.change.in_force { "counts now" } else { "counts no more: only tried out" };
        let at = moment(changed.change.at);
        vec![at, changed.clause.to_owned(), what.to_owned(), format!("seen in record {}", changed.change.seq)]
    });
    let applied = applied(review).into_iter().map(|(clause, of)| {
        let side = if of.counted_last { &of.in_force } else { &of.shadow };
        let how = if of.counted_last { "in force" } else { "tried out" };
        vec![moment(of.last()), clause.to_owned(), how.to_owned(), side.calls.to_string()]
    });
    let reloads = headed(&["at (UTC)", "policy", "package", "digest", ""], reloads, top);
    let changes = headed(&["at (UTC)", "clause", "change", ""], changes, top);
    let applied = headed(&["last (UTC)", "clause", "", "calls"], applied, top);
    let text = [
        section("Policies", &reloads, paint),
        section("Clauses that changed", &changes, paint),
        section("Clauses that applied", &applied, paint),
    ]
    .concat();
    let text = text.trim_start_matches('\n');
    if text.is_empty() { "nothing\n".to_owned() } else { text.to_owned() }
}

/// For programs.
pub fn json(review: &Review, top: usize) -> Result<String, Failure> {
    let applied = applied(review).into_iter().take(top).map(|(clause, of)| Applied {
        clause,
        last: of.last().map(|time| time.to_string()),
        in_force: of.counted_last,
        calls: if of.counted_last { of.in_force.calls } else { of.shadow.calls },
    });
    pretty(&Json {
        package: &review.project.analysis.package.name,
        log: super::status::log(review),
        reloads: review.usage().reloads.iter().rev().take(top).collect(),
        changes: changes(review).into_iter().take(top).collect(),
        applied: applied.collect(),
    })
}
