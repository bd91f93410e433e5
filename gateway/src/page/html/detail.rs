//! One asking: what would be done, why it needs people, who agreed, and the reader's vote.

use claw_engine::ledger::{Asking, Line, ShownClause, State, harmless};
use claw_runtime::{Vote, VoteVerdict};
use maud::{Markup, html};

use super::list::{agreed, countdown, entitled, tool, who};
use super::{alert, frame, value};
use crate::page::visit::Visit;
use crate::page::words;

/// Characters of a note, all of what the ledger keeps; of a name.
const NOTE: usize = 4_096;
const NAME: usize = 512;

/// What else is known, beside the asking.
#[derive(Debug)]
pub(in crate::page) struct Beside {
    /// The state of the tenant's list, from before the asking was looked up.
    pub(in crate::page) mark: Option<String>,
    /// What is shown in part can be had as a whole.
    pub(in crate::page) whole: bool,
}

/// What became of an attempt to vote that did not succeed.
#[derive(Debug)]
pub(in crate::page) struct Attempt {
    pub(in crate::page) title: String,
    pub(in crate::page) help: String,
    /// What was written, so that nobody has to write it again.
    pub(in crate::page) note: String,
}

/// The whole page.
pub(in crate::page) fn page(visit: &Visit, asking: &Asking, beside: &Beside, attempt: Option<&Attempt>) -> Markup {
    let (args, rest): (Vec<&Line>, Vec<&Line>) =
        asking.shown.call.iter().partition(|line| line.name.starts_with("args.") || line.name.starts_with("runs at "));
    let body = html! {
        p .back { a href="/approvals" { "All requests" } }
        div .asking {
            div .subject {
                h1 .tool { (tool(asking)) }
                p .by { (who(asking)) }
                @if !asking.shown.is_whole() { (parts_missing(asking, beside.whole)) }
                section aria-labelledby="arguments" {
                    h2 #arguments { "With exactly these arguments" }
                    @if args.is_empty() { p .empty { "No arguments." } } @else { (lines(&args, "args.")) }
                }
                section aria-labelledby="why" {
                    h2 #why { "Why it needs approval" }
                    @for clause in &asking.shown.clauses { (reason(clause)) }
                    @if asking.shown.clauses.is_empty() { p .empty { "The policy says no more." } }
                }
                section aria-labelledby="call" {
                    h2 #call { "Everything else about the call" }
                    (lines(&rest, ""))
                    p .digest { "Request " code { (asking.shown.request_digest) } }
                }
            }
            aside .standing {
                (standing(visit, asking))
                div #form data-live data-kind=(kind(visit, asking)) { (form(visit, asking, attempt)) }
            }
        }
    };
    let title = format!("{} · {}", words::state(asking.state(visit.now)).0, asking.shown.approval);
    frame(&title, Some(&visit.session), beside.mark.as_deref(), &body)
}

/// Says that not everything is on the page, and where it is.
fn parts_missing(asking: &Asking, has_whole: bool) -> Markup {
    html! {
        p .cut {
            "Some of this is too long for this page, and is cut where it says so. "
            @if has_whole {
                a href={ "/approvals/" (asking.id) "/whole" } { "Read the whole call" } "."
            } @else {
                "The rest is not kept any more; it is once the agent asks again. Refuse what you would have to see."
            }
        }
    }
}

/// Names and values. `prefix` is left out of the names: the heading says it.
fn lines(lines: &[&Line], prefix: &str) -> Markup {
    html! {
        dl .lines {
            @for line in lines {
                div {
                    dt { (value::marked(line.name.strip_prefix(prefix).unwrap_or(&line.name))) }
                    dd { (value::value(&line.text)) }
                }
            }
        }
    }
}

fn reason(clause: &ShownClause) -> Markup {
    html! {
        div .reason {
            h3 { code { (value::marked(&clause.clause)) } }
            @for line in &clause.lines {
                p .{ "line-" (line.name) } {
                    @match line.name.as_str() {
                        "suggests" => { span .label { "Suggests " } }
                        "unknown" => { span .label { "Applies since this is not known: " } }
                        _ => {}
                    }
                    (value::marked(&line.text))
                }
            }
        }
    }
}

/// Where it stands: changes by itself.
fn standing(visit: &Visit, asking: &Asking) -> Markup {
    let state = asking.state(visit.now);
    let (name, meaning) = words::state(state);
    html! {
        section #standing .sheet data-live aria-label="Where it stands" {
            p .head {
                span .state .{ (state.code()) } { (name) }
                @if matches!(state, State::Open | State::Granted) { (countdown(asking, visit.now)) }
            }
            p .meaning { (meaning) "." }
            h2 { "What it takes" }
            ul .needs { @for need in &asking.shown.needs { li { (need) } } }
            @if state == State::Open { p .missing { "Still missing: " (words::missing(asking).trim_start_matches("needs ")) "." } }
            @if !asking.votes.is_empty() {
                h2 { "Votes" span .visually-hidden { ", " (agreed(asking)) " for it" } }
                ol .votes { @for vote in &asking.votes { (voted(vote)) } }
            }
            p .times {
                "Asked " time datetime=(asking.opened_at) { (words::time(asking.opened_at)) }
                br;
                @if state == State::Expired { "Expired " } @else { "Expires " }
                time datetime=(asking.expires_at) { (words::time(asking.expires_at)) }
            }
        }
    }
}

fn voted(vote: &Vote) -> Markup {
    let (class, word) = match vote.verdict {
        VoteVerdict::Grant => ("granted", "approved"),
        VoteVerdict::Refuse => ("refused", "refused"),
    };
    // Lines are a note's own; all else in it is made harmless.
    let note = vote.note.as_deref().unwrap_or_default();
    html! {
        li .{ (class) } {
            strong { (value::marked(&harmless(&vote.person, NAME))) } " " (word) " "
            time datetime=(vote.at) { (words::time(vote.at)) }
            @if !note.is_empty() {
                blockquote { @for line in note.lines() { p { (value::marked(&harmless(line, NOTE))) } } }
            }
        }
    }
}

/// The script leaves a form alone that someone is filling in, as long as this stays the same.
fn kind(visit: &Visit, asking: &Asking) -> String {
    let voted = asking.votes.iter().any(|vote| vote.person == visit.session.person.name);
    format!("{} {voted}", asking.state(visit.now))
}

fn form(visit: &Visit, asking: &Asking, attempt: Option<&Attempt>) -> Markup {
    let person = &visit.session.person;
    let own = asking.votes.iter().find(|vote| vote.person == person.name);
    let may = entitled(asking, person);
    html! {
        @if let Some(attempt) = attempt { (alert(&attempt.title, &attempt.help)) }
        @if let Some(vote) = own {
            @let word = if vote.verdict == VoteVerdict::Grant { "You approved this." } else { "You refused this." };
            p .yours { (word) }
        }
        @if asking.state(visit.now) == State::Open && own.is_none() {
            @match may {
                Err(refusal) => p .yours { "You can't vote on this: " (words::not_a_voter(refusal, &asking.ballot)) "." },
                Ok(()) => (ballot(visit, asking, attempt)),
            }
        }
        @if asking.state(visit.now) == State::Granted && own.is_none() && may.is_ok() {
            (ballot(visit, asking, attempt))
        }
    }
}

fn ballot(visit: &Visit, asking: &Asking, attempt: Option<&Attempt>) -> Markup {
    let note = attempt.map_or("", |attempt| &attempt.note);
    let needs_note = asking.ballot.note_required;
    html! {
        form .sheet .ballot method="post" action={ "/approvals/" (asking.id) "/votes" } {
            h2 { "Your vote" }
            label for="note" {
                "Note "
                span .hint { @if needs_note { "(needed to approve)" } @else { "(if you like)" } }
            }
            // What a browser counts is not bytes: what is too long is said, and not cut off.
            textarea #note name="note" rows="3" aria-describedby="final" autofocus[attempt.is_some()] { "\n" (note) }
            input type="hidden" name="csrf" value=(visit.session.csrf);
            div .buttons {
                button .grant type="submit" name="verdict" value="grant" { "Approve" }
                button .refuse type="submit" name="verdict" value="refuse" { "Refuse" }
            }
            p #final .hint { "Both are kept for good. One refusal is enough, and stands until this expires." }
        }
    }
}
