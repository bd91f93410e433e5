//! `clawc policy status`: every clause with its counts and what is missing for its next step.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use claw_compiler::status::Clause;
use claw_engine::lifecycle::{ApprovalUse, ClauseAsked, ClauseUse, Gates, Judgement, Status as Of, Step};
use claw_runtime::Duration;
use serde::Serialize;

use super::table::{headed, table};
use super::{gate, moment, section, span};
use crate::failure::Failure;
use crate::lifecycle::{Review, status_of};
use crate::output::Paint;
use crate::render::json::pretty;
use crate::render::text::visible;

/// For people.
pub fn human(review: &Review, paint: Paint) -> String {
    let clauses = review.own_clauses();
    let tried: Vec<&Clause<'_>> =
        clauses.iter().filter(|clause| matches!(status_of(clause), Of::Hint | Of::Candidate)).collect();
    let counting: Vec<&Clause<'_>> = clauses.iter().filter(|clause| status_of(clause) == Of::Confirmed).collect();
    let mut text = head(review, paint);
    text.push_str(&section("Tried out", &trials(review, &tried), paint));
    text.push_str(&section("In force", &in_force(review, &counting), paint));
    text.push_str(&section("Approvals", &approvals(review), paint));
    text.push_str(&section("Never refused", &never_refused(review), paint));
    text.push_str(&section("Never used", &never_used(review, &counting), paint));
    text
}

fn head(review: &Review, paint: Paint) -> String {
    let usage = review.usage();
    let outcome = |word: &str| usage.outcomes.get(word).copied().unwrap_or_default();
    format!(
        "{}  {} decisions from {} to {}: {} allowed, {} waiting for approval, {} denied\n",
        paint.bold(&visible(&review.project.analysis.package.name)),
        usage.decisions,
        moment(usage.first),
        moment(usage.last),
        outcome("allow"),
        outcome("require_approval"),
        outcome("deny"),
    )
}

fn trials(review: &Review, clauses: &[&Clause<'_>]) -> String {
    let none = ClauseUse::default();
    let rows = clauses.iter().map(|clause| {
        let of = review.usage().clauses.get(&clause.id()).unwrap_or(&none);
        let side = &of.shadow;
        vec![
            clause.id(),
            status_of(clause).to_string(),
            effects(&side.effects),
            side.calls.to_string(),
            side.unattended.to_string(),
            side.evidence.agreements.to_string(),
            side.evidence.disagreements.to_string(),
            moment(side.last),
            next(review.judge(Step::Promote, clause).as_ref(), "may be promoted"),
        ]
    });
    let heading = ["clause", "status", "would", "calls", "unattended", "agree", "disagree", "last (UTC)", "next"];
    headed(&heading, rows, usize::MAX)
}

fn in_force(review: &Review, clauses: &[&Clause<'_>]) -> String {
    let applied = clauses.iter().filter_map(|clause| {
        let of = review.usage().clauses.get(&clause.id())?;
        let side = &of.in_force;
        (side.calls > 0).then(|| {
            vec![
                clause.id(),
                effects(&side.effects),
                side.calls.to_string(),
                side.agents.count().to_string(),
                side.evidence.agreements.to_string(),
                side.evidence.disagreements.to_string(),
                moment(side.last),
                leaving(review, clause),
            ]
        })
    });
    let heading = ["clause", "does", "calls", "agents", "agree", "disagree", "last (UTC)", "next"];
    headed(&heading, applied, usize::MAX)
}

/// Whether a clause that counts may be put out of force; nothing where it may not.
fn leaving(review: &Review, clause: &Clause<'_>) -> String {
    let may = |step| review.judge(step, clause).is_some_and(|judgement| judgement.holds());
    let words = [(Step::Suspend, "may be suspended"), (Step::Archive, "may be archived")];
    words.into_iter().find(|(step, _)| may(*step)).map_or_else(String::new, |(_, word)| word.to_owned())
}

/// The first thing that is missing.
fn next(judgement: Option<&Judgement>, open: &str) -> String {
    let Some(judgement) = judgement else { return String::new() };
    let missing = judgement.findings.iter().find(|finding| !finding.holds);
    missing.map_or_else(|| open.to_owned(), |finding| gate(&finding.gate))
}

fn effects(effects: &BTreeMap<String, u64>) -> String {
    effects.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn approvals(review: &Review) -> String {
    let rows = review.usage().approvals.iter().map(|(name, of)| {
        vec![
            name.clone(),
            of.asked.to_string(),
            of.granted.to_string(),
            of.refused.to_string(),
            of.expired.to_string(),
            of.median().map_or_else(|| "—".to_owned(), |median| span(Duration::as_millis(median))),
        ]
    });
    headed(&["approval", "asked", "granted", "refused", "expired", "median"], rows, usize::MAX)
}

/// Approvals, and clauses that require them, to which people always agreed.
fn never_refused(review: &Review) -> String {
    let mut text = String::new();
    for (name, of) in review.usage().approvals.iter().filter(|(_, of)| of.is_always_granted()) {
        let _ = writeln!(text, "{}: asked {}, granted {}", visible(name), of.asked, of.granted);
        for (clause, by) in &of.clauses {
            let _ = writeln!(text, "  for {}: asked {}, granted {}", visible(clause), by.asked, by.granted);
        }
    }
    text
}

fn never_used(review: &Review, clauses: &[&Clause<'_>]) -> String {
    let unused = clauses
        .iter()
        .filter(|clause| review.usage().clauses.get(&clause.id()).is_none_or(|of| of.in_force.calls == 0));
    let rows: Vec<Vec<String>> = unused
        .map(|clause| vec![clause.id(), clause.kind.to_owned(), review.place(clause), leaving(review, clause)])
        .collect();
    table(&rows)
}

#[derive(Serialize)]
struct Json<'a> {
    package: &'a str,
    gates: Gates,
    log: LogJson<'a>,
    clauses: Vec<ClauseJson<'a>>,
    approvals: &'a BTreeMap<String, ApprovalUse>,
    never_refused: BTreeMap<&'a str, &'a BTreeMap<String, ClauseAsked>>,
}

#[derive(Serialize)]
pub(super) struct LogJson<'a> {
    records: u64,
    decisions: u64,
    outcomes: &'a BTreeMap<String, u64>,
    results: &'a BTreeMap<String, u64>,
    first: Option<String>,
    last: Option<String>,
    problems: &'a [String],
}

#[derive(Serialize)]
struct ClauseJson<'a> {
    clause: String,
    kind: &'static str,
    status: Of,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    place: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    doc: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    owners: Vec<&'a str>,
    /// `null`: the log does not know it.
    usage: Option<&'a ClauseUse>,
    promote: Option<Judgement>,
    suspend: Option<Judgement>,
    archive: Option<Judgement>,
}

pub(super) fn log(review: &Review) -> LogJson<'_> {
    let usage = review.usage();
    LogJson {
        records: usage.records,
        decisions: usage.decisions,
        outcomes: &usage.outcomes,
        results: &usage.results,
        first: usage.first.map(|time| time.to_string()),
        last: usage.last.map(|time| time.to_string()),
        problems: &review.log.problems,
    }
}

/// For programs.
pub fn json(review: &Review) -> Result<String, Failure> {
    let clauses = review.own_clauses();
    let usage = review.usage();
    let clauses = clauses.iter().map(|clause| ClauseJson {
        clause: clause.id(),
        kind: clause.kind,
        status: status_of(clause),
        reason: clause.reason(),
        place: review.place(clause),
        doc: &clause.decl.doc,
        owners: owners(clause),
        usage: usage.clauses.get(&clause.id()),
        promote: review.judge(Step::Promote, clause),
        suspend: review.judge(Step::Suspend, clause),
        archive: review.judge(Step::Archive, clause),
    });
    let always = usage.approvals.iter().filter(|(_, of)| of.is_always_granted());
    pretty(&Json {
        package: &review.project.analysis.package.name,
        gates: review.gates,
        log: log(review),
        clauses: clauses.collect(),
        approvals: &usage.approvals,
        never_refused: always.map(|(name, of)| (name.as_str(), &of.clauses)).collect(),
    })
}

fn owners<'a>(clause: &Clause<'a>) -> Vec<&'a str> {
    let owners = clause.decl.attrs.iter().filter(|attr| attr.name == "owner");
    owners.flat_map(|attr| attr.args.iter().map(String::as_str)).collect()
}
