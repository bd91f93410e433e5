//! `clawc policy risky`: who is denied and refused most, and what was unknown.

use std::collections::BTreeMap;

use claw_engine::lifecycle::{SubjectUse, UnknownFact};
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
    agents: Vec<Subject<'a>>,
    tools: Vec<Subject<'a>>,
    sessions: Vec<Subject<'a>>,
    unknown: Vec<Fact<'a>>,
}

#[derive(Serialize)]
struct Subject<'a> {
    name: &'a str,
    #[serde(flatten)]
    of: &'a SubjectUse,
}

#[derive(Serialize)]
struct Fact<'a> {
    fact: &'a str,
    #[serde(flatten)]
    of: &'a UnknownFact,
}

/// Those with the most trouble first; of equal ones, those with the most calls of the highest tier.
fn ranked<'a>(names: &'a BTreeMap<String, SubjectUse>, tier: Option<&str>, top: usize) -> Vec<Subject<'a>> {
    let high = |of: &SubjectUse| tier.map_or(0, |tier| of.of_tier(tier));
    let risky = |of: &SubjectUse| of.troubles() > 0 || high(of) > 0 || of.over_limit > 0 || of.unknown > 0;
    let mut all: Vec<Subject<'_>> =
        names.iter().filter(|(_, of)| risky(of)).map(|(name, of)| Subject { name, of }).collect();
    all.sort_by_key(|subject| std::cmp::Reverse((subject.of.troubles(), high(subject.of), subject.of.over_limit)));
    all.truncate(top);
    all
}

fn facts(review: &Review, top: usize) -> Vec<Fact<'_>> {
    let mut facts: Vec<Fact<'_>> = review.usage().unknown.iter().map(|(fact, of)| Fact { fact, of }).collect();
    facts.sort_by_key(|fact| std::cmp::Reverse(fact.of.calls));
    facts.truncate(top);
    facts
}

fn highest_tier(review: &Review) -> Option<&str> {
    review.project.analysis.package.tiers.last().map(|tier| tier.decl.name.as_str())
}

/// For people.
pub fn human(review: &Review, top: usize, paint: Paint) -> String {
    let (usage, tier) = (review.usage(), highest_tier(review));
    let table = |what: &str, names| {
        let high = tier.map(|tier| format!("tier {tier}"));
        let mut heading = vec![what, "calls", "denied", "refused", "over limit", "unknown"];
        heading.extend(high.as_deref());
        heading.extend(["denied as", "last (UTC)"]);
        let rows = ranked(names, tier, top).into_iter().map(|Subject { name, of }| {
            let counts = [of.calls, of.denied, of.refused, of.over_limit, of.unknown];
            let high = tier.map(|tier| of.of_tier(tier));
            let mut row = vec![name.to_owned()];
            row.extend(counts.into_iter().chain(high).map(|count| count.to_string()));
            row.push(most_common(&of.reasons));
            row.push(moment(of.last_trouble));
            row
        });
        headed(&heading, rows, top)
    };
    let facts = facts(review, top).into_iter().map(|Fact { fact, of }| {
        let clauses: Vec<&str> = of.clauses.keys().map(String::as_str).collect();
        vec![fact.to_owned(), of.calls.to_string(), clauses.join(", ")]
    });
    let text = [
        section("Agents", &table("agent", &usage.agents), paint),
        section("Tools", &table("tool", &usage.tools), paint),
        section("Sessions", &table("session", &usage.sessions), paint),
        section("Unknown facts", &headed(&["fact", "calls", "clauses that applied because of it"], facts, top), paint),
    ]
    .concat();
    let text = text.trim_start_matches('\n');
    if text.is_empty() { "nothing\n".to_owned() } else { text.to_owned() }
}

fn most_common(reasons: &BTreeMap<String, u64>) -> String {
    reasons.iter().max_by_key(|(_, count)| **count).map_or_else(|| "—".to_owned(), |(reason, _)| reason.clone())
}

/// For programs.
pub fn json(review: &Review, top: usize) -> Result<String, Failure> {
    let (usage, tier) = (review.usage(), highest_tier(review));
    pretty(&Json {
        package: &review.project.analysis.package.name,
        log: super::status::log(review),
        agents: ranked(&usage.agents, tier, top),
        tools: ranked(&usage.tools, tier, top),
        sessions: ranked(&usage.sessions, tier, top),
        unknown: facts(review, top),
    })
}
