//! Tools, constants, windows, words, and what the host supplies.

use claw_compiler::report::{Constant, Declared, Ref, Report, Tool, Window, Word};
use maud::{Markup, html};

use super::text::{code, fact, folded, joined, link, links, meta, prose, shown, table, title};

/// More elements or lines than this are folded away.
const MANY: usize = 20;

pub fn tools(report: &Report) -> Markup {
    html! {
        @if report.tools.is_empty() { p.empty { "The policy declares no tools." } }
        @for tool in &report.tools {
            "\n"
            article id=(tool.heading.id) {
                (title(&tool.heading, html! {
                    @if tool.kind != "tool" { span.badge.mark { (tool.kind) } " " }
                    @for tag in &tool.tags { span.badge.idle { (link(tag)) } " " }
                }))
                (prose(&tool.heading.doc))
                (code(&tool.code))
                dl.facts { (tool_facts(report, tool)) }
                (meta(report, &tool.heading))
            }
        }
    }
}

fn tool_facts(report: &Report, tool: &Tool) -> Markup {
    html! {
        (fact("Called", tool.wire.is_some(), html! { code { (shown(tool.wire.as_deref().unwrap_or_default())) } }))
        (fact("Server", tool.server.is_some(), shown(tool.server.as_deref().unwrap_or_default())))
        (fact("Definition", true, html! {
            @match &tool.pinned {
                Some(digest) => { "pinned to " span.digest { (shown(digest)) } },
                None => "not pinned",
            }
        }))
        (fact("Tier", !report.tiers.is_empty(), tiers(tool)))
        (fact("Granted by", true, html! { @if tool.grants.is_empty() { "nothing" } @else { (folded(&tool.grants, "grant", "grants")) } }))
        (fact("Rules", true, html! { @if tool.rules.is_empty() { "none" } @else { (folded(&tool.rules, "rule", "rules")) } }))
        (fact("Limits", !tool.limits.is_empty(), links(&tool.limits)))
        (fact("Invariants", !tool.invariants.is_empty(), links(&tool.invariants)))
    }
}

fn tiers(tool: &Tool) -> Markup {
    html! {
        @if tool.tiers.is_empty() { "none: every call is denied as unclassified" }
        @for (at, tier) in tool.tiers.iter().enumerate() {
            @if at > 0 { ", " }
            (link(&tier.tier))
            @if !tier.always { " under conditions" }
        }
    }
}

pub fn windows(report: &Report) -> Markup {
    html! {
        @for window in &report.windows {
            "\n"
            article id=(window.heading.id) {
                (title(&window.heading, html! {}))
                (prose(&window.heading.doc))
                p { (when(window)) }
                (code(&window.code))
                (meta(report, &window.heading))
            }
        }
    }
}

fn when(window: &Window) -> Markup {
    html! {
        (days(&window.days))
        ", " @if window.hours.is_empty() { "all day" } @else { (window.hours.join(" and ")) }
        ", on the clocks of " (shown(&window.zone))
        @if !window.except.is_empty() { ", but not on " (window.except.join(", ")) }
        "."
    }
}

/// `Monday to Friday`, where the days follow one another.
fn days(days: &[&str]) -> String {
    const WEEK: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    match days {
        days if days.len() == WEEK.len() => "Every day".to_owned(),
        [first, _, .., last] if WEEK.windows(days.len()).any(|run| run == days) => format!("{first} to {last}"),
        days => days.join(", "),
    }
}

pub fn constants(report: &Report) -> Markup {
    html! {
        @for constant in &report.constants {
            "\n"
            article id=(constant.heading.id) {
                (title(&constant.heading, html! { span.type { (shown(&constant.ty)) } }))
                (prose(&constant.heading.doc))
                (source(constant))
                (values(constant))
                (meta(report, &constant.heading))
            }
        }
    }
}

/// A long set fills pages: it is folded away.
fn source(constant: &Constant) -> Markup {
    let lines = constant.code.text.lines().count();
    html! {
        @if lines > MANY { details { summary { "As written, " (lines) " lines" } (code(&constant.code)) } }
        @else { (code(&constant.code)) }
    }
}

/// Values are shown beside their source: it may be a file, or computed.
fn values(constant: &Constant) -> Markup {
    let list = html! { ul.values { @for value in &constant.values { li { code { (shown(value)) } } } } };
    html! {
        @if !constant.collection {
            dl.facts { (fact("Value", true, html! { @for value in &constant.values { code { (shown(value)) } } })) }
        } @else if constant.values.len() > MANY {
            details { summary { (constant.values.len()) " elements" } (list) }
        } @else {
            dl.facts { (fact("Elements", true, html! { @if constant.values.is_empty() { "none" } @else { (list) } })) }
        }
    }
}

pub fn predicates(report: &Report) -> Markup {
    html! {
        p { "Conditions with a name, as clauses use them." }
        (plain(report, &report.predicates))
    }
}

pub fn types(report: &Report) -> Markup {
    plain(report, &report.types)
}

fn plain(report: &Report, items: &[Declared]) -> Markup {
    html! {
        @for item in items {
            "\n"
            article id=(item.heading.id) {
                (title(&item.heading, html! {}))
                (prose(&item.heading.doc))
                (code(&item.code))
                (meta(report, &item.heading))
            }
        }
    }
}

pub fn word_count(report: &Report) -> usize {
    let words = [&report.tiers, &report.environments, &report.origins];
    words.iter().map(|words| words.len()).sum::<usize>() + report.roles.len() + report.labels.len() + report.tags.len()
}

/// The closed sets of words that a policy speaks in.
pub fn vocabulary(report: &Report) -> Markup {
    let none = || html! {};
    html! {
        (table("Vocabulary", html! {
            thead { tr { th scope="col" { "Word" } th scope="col" { "Kind" } th scope="col" { "Meaning" } } }
            tbody {
                @for word in &report.tiers { (word_row(word, "tier", none())) }
                @for word in &report.environments { (word_row(word, "environment", none())) }
                @for role in &report.roles { (word_row(&role.word, "role", about("includes", &role.includes))) }
                @for label in &report.labels { (word_row(&label.word, "label", about("marked by", &label.marked_by))) }
                @for tag in &report.tags { (word_row(&tag.word, "tag", about("on", &tag.tools))) }
                @for word in &report.origins { (word_row(word, "origin", none())) }
            }
        }))
    }
}

fn about(word: &str, refs: &[Ref]) -> Markup {
    html! { @if !refs.is_empty() { (word) " " (folded(refs, "tool", "tools")) } }
}

fn word_row(word: &Word, kind: &str, about: Markup) -> Markup {
    html! {
        "\n"
        tr id=(word.id) {
            th scope="row" { (shown(&word.name)) }
            td { (kind) }
            td { (prose(&word.doc)) (about) }
        }
    }
}

pub fn host(report: &Report) -> Markup {
    let host = &report.host;
    let nothing =
        host.attributes.is_empty() && host.live.is_empty() && host.externs.is_empty() && host.constraints.is_empty();
    html! {
        @if nothing { p.empty { "Nothing beyond what every request holds." } }
        @if !host.attributes.is_empty() { h3 { "Attributes" } (attributes(report)) }
        @if !host.live.is_empty() {
            h3 { "Data sent with each request" }
            p { "What is not sent counts as unknown." }
            (plain(report, &host.live))
        }
        @if !host.externs.is_empty() { h3 { "Functions" } (externs(report)) }
        @if !host.constraints.is_empty() {
            h3 { "Constraints it enforces" }
            p { "A host that can't enforce a constraint gets a denial where one is set." }
            (constraints(report))
        }
    }
}

fn attributes(report: &Report) -> Markup {
    table(
        "Attributes",
        html! {
            thead { tr { th scope="col" { "Attribute" } th scope="col" { "Type" } th scope="col" { "Meaning" } } }
            tbody {
                @for attr in &report.host.attributes {
                    "\n"
                    tr id=(attr.id) {
                        th scope="row" { code { (attr.of) "." (shown(&attr.name)) } }
                        td { code { (shown(&attr.ty)) } @if attr.optional { " (may be absent)" } }
                        td { (prose(&attr.doc)) }
                    }
                }
            }
        },
    )
}

fn externs(report: &Report) -> Markup {
    html! {
        @for function in &report.host.externs {
            "\n"
            article id=(function.heading.id) {
                (title(&function.heading, html! {}))
                (prose(&function.heading.doc))
                (code(&function.code))
                p { "Failing, or no answer within " (function.timeout) ", counts as unknown." }
                (meta(report, &function.heading))
            }
        }
    }
}

fn constraints(report: &Report) -> Markup {
    table(
        "Constraints",
        html! {
            thead {
                tr { th scope="col" { "Constraint" } th scope="col" { "Type" } th scope="col" { "Of several" } th scope="col" { "Set by" } }
            }
            tbody {
                @for constraint in &report.host.constraints {
                    "\n"
                    tr id=(constraint.heading.id) {
                        th scope="row" { (shown(&constraint.heading.name)) (prose(&constraint.heading.doc)) }
                        td { code { (shown(&constraint.ty)) } }
                        td { (constraint.merge) }
                        td { @if constraint.set_by.is_empty() { "no rule" } @else { (joined(&constraint.set_by, ", ")) } }
                    }
                }
            }
        },
    )
}
