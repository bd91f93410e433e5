//! The list: what waits for the reader, what waits for others, what is over.

use claw_engine::ledger::{Asking, harmless};
use claw_runtime::{Time, Vote, VoteVerdict};
use maud::{Markup, html};

use super::value::unquoted;
use super::{frame, value};
use crate::config::Person;
use crate::page::look::{Board, over_at};
use crate::page::show::left;
use crate::page::visit::Visit;
use crate::page::words;

/// Characters of a name in the list.
const NAME: usize = 120;
/// Arguments in the list, and characters of each.
const GIST_ARGS: usize = 6;
const GIST: usize = 120;

/// The whole page.
pub(in crate::page) fn page(visit: &Visit, board: &Board, further: bool) -> Markup {
    let (person, now) = (&*visit.session.person, visit.now);
    let (own, others): (Vec<&Asking>, Vec<&Asking>) = board.waiting.iter().partition(|asking| awaits(asking, person));
    let body = html! {
        div #list data-live {
            h1 { "Waiting for you" @if !own.is_empty() { " " span .number { (own.len()) } } }
            @if own.is_empty() {
                p .empty { "Nothing. What agents ask for appears here by itself." }
            } @else {
                ul .cards { @for asking in &own { (waiting(asking, now)) } }
            }
            @if !others.is_empty() {
                h2 { "Waiting for others" }
                ul .cards .calm { @for asking in &others { (waiting(asking, now)) } }
            }
            @if let Some(next) = &board.next {
                p { a href={ "/approvals?after=" (next) } { "More that wait" } }
            }
            @if further { p { a href="/approvals" { "Back to the first ones" } } }
            @if !board.recent.is_empty() {
                h2 { "Recently" }
                ul .rows { @for asking in &board.recent { (over(asking, now)) } }
            }
        }
    };
    frame("Approvals", Some(&visit.session), Some(&board.mark(now).to_string()), &body)
}

/// May this person still vote, and would it count?
fn awaits(asking: &Asking, person: &Person) -> bool {
    let voted = asking.votes.iter().any(|vote| vote.person == person.name);
    !voted && entitled(asking, person).is_ok()
}

/// May this person vote on it at all?
pub(super) fn entitled(asking: &Asking, person: &Person) -> Result<(), claw_runtime::VoteRefusal> {
    // A refusal needs neither a note nor a time.
    let vote = Vote { roles: person.roles.clone(), ..Vote::refuse(person.name.clone(), asking.opened_at) };
    asking.ballot.may_vote(&vote)
}

fn waiting(asking: &Asking, now: Time) -> Markup {
    html! {
        li {
            a .card href={ "/approvals/" (asking.id) } {
                span .what { (tool(asking)) }
                @if let Some(gist) = gist(asking) { (gist) }
                span .by { (who(asking)) " · " (harmless(&asking.ballot.name, NAME)) ": " (words::missing(asking)) }
                (countdown(asking, now))
            }
        }
    }
}

fn over(asking: &Asking, now: Time) -> Markup {
    let state = asking.state(now);
    let people: Vec<String> = asking.votes.iter().map(|vote| harmless(&vote.person, NAME)).collect();
    html! {
        li {
            a .row href={ "/approvals/" (asking.id) } {
                span .state .{ (state.code()) } { (words::state(state).0) }
                span .what { (tool(asking)) }
                span .by { (who(asking)) @if !people.is_empty() { " · " (people.join(", ")) } }
                time datetime=(over_at(asking)) { (words::time(over_at(asking))) }
            }
        }
    }
}

/// How much time is left: the script counts on.
pub(super) fn countdown(asking: &Asking, now: Time) -> Markup {
    let left = left(asking.expires_at, now);
    html! {
        time .left datetime=(asking.expires_at) data-left=(left) title=(words::time(asking.expires_at)) {
            (words::span(left)) " left"
        }
    }
}

/// The tool that is to be called.
pub(super) fn tool(asking: &Asking) -> Markup {
    value::marked(line(asking, "tool").map_or("a call", unquoted))
}

/// `bot for ulla in prod`
pub(super) fn who(asking: &Asking) -> Markup {
    let ballot = &asking.ballot;
    html! {
        @if let Some(agent) = ballot.agents.first() { (value::marked(&harmless(agent, NAME))) }
        @if let Some(user) = &ballot.user { " for " (value::marked(&harmless(user, NAME))) }
        @if let Some(environment) = line(asking, "environment") { " in " (value::marked(unquoted(environment))) }
    }
}

/// The first of the arguments, on one line: what a list has room for.
fn gist(asking: &Asking) -> Option<Markup> {
    let args = asking.shown.call.iter().filter_map(|line| Some((line.name.strip_prefix("args.")?, &line.text)));
    let mut args = args.take(GIST_ARGS).peekable();
    args.peek()?;
    Some(html! {
        span .gist { @for (name, text) in args { span .key { (name) } " " (start(text)) " " } }
    })
}

fn start(text: &str) -> Markup {
    let end = text.char_indices().nth(GIST).map(|(end, _)| end);
    html! { (end.and_then(|end| text.get(..end)).unwrap_or(text)) @if end.is_some() { "…" } }
}

/// What approvers are shown under this name.
fn line<'a>(asking: &'a Asking, name: &str) -> Option<&'a str> {
    asking.shown.call.iter().find(|line| line.name == name).map(|line| line.text.as_str())
}

/// How many agreed.
pub(super) fn agreed(asking: &Asking) -> usize {
    asking.votes.iter().filter(|vote| vote.verdict == VoteVerdict::Grant).count()
}
