//! Rules, limits and invariants: each as written, with what it does in words.

use claw_compiler::report::{Effect, EffectKind, Limit, Proof, Report, Rule};
use maud::{Markup, html};

use super::text::{code, fact, inline, joined, links, meta, prose, short_code, shown, status_badge, target, title};

pub fn rules(report: &Report) -> Markup {
    html! {
        @if report.rules.is_empty() { p.empty { "No rule restricts what is granted." } }
        @else { p { "A rule applies where its conditions hold or where it is not known whether they do." } }
        @for rule in &report.rules {
            "\n"
            article id=(rule.heading.id) {
                (title(&rule.heading, html! {
                    @for effect in &rule.effects { (badge(effect)) " " }
                    (status_badge(rule.status))
                }))
                (prose(&rule.heading.doc))
                (code(&rule.code))
                dl.facts {
                    (fact("Covers", true, target(&rule.target)))
                    (messages(rule))
                }
                (meta(report, &rule.heading))
            }
        }
    }
}

/// What a rule does, in a word or two.
fn badge(effect: &Effect) -> Markup {
    html! {
        @match effect.kind {
            EffectKind::Deny => span.badge.deny { "denies" },
            EffectKind::Require => span.badge.require { "asks: " (joined(&effect.refs, " + ")) },
            EffectKind::Mark => span.badge.mark { "marks the session " (links(&effect.refs)) },
            EffectKind::Constrain => span.badge.mark {
                "constrains " (links(&effect.refs))
                @if let Some(value) = &effect.text { ": " (shown(value)) }
            },
        }
    }
}

/// What the agent is told.
fn messages(rule: &Rule) -> Markup {
    let denials = rule.effects.iter().filter(|effect| effect.kind == EffectKind::Deny);
    html! {
        @for text in denials.filter_map(|effect| effect.text.as_ref()) { (fact("Says", true, said(text))) }
        @if let Some(text) = &rule.suggest { (fact("Suggests", true, said(text))) }
    }
}

fn said(text: &str) -> Markup {
    html! { q dir="auto" { (shown(text)) } }
}

pub fn limits(report: &Report) -> Markup {
    html! {
        @if report.limits.is_empty() { p.empty { "Nothing is counted." } }
        @for limit in &report.limits {
            "\n"
            article id=(limit.heading.id) {
                (title(&limit.heading, html! {
                    @if limit.approvals.is_empty() { span.badge.deny { "denies beyond it" } }
                    @else { span.badge.require { "asks beyond it: " (joined(&limit.approvals, " + ")) } }
                    " " (status_badge(limit.status))
                }))
                (prose(&limit.heading.doc))
                p { (sentence(limit)) }
                (code(&limit.code))
                dl.facts {
                    (fact("Covers", true, target(&limit.target)))
                    @if let Some(text) = &limit.message { (fact("Says", true, said(text))) }
                }
                (meta(report, &limit.heading))
            }
        }
    }
}

fn sentence(limit: &Limit) -> Markup {
    html! {
        "At most " (limit.max)
        @if limit.sums.is_empty() {
            @if limit.max == "1" { " call" } @else { " calls" }
        } @else {
            " in sum of "
            @for (at, sum) in limit.sums.iter().enumerate() { @if at > 0 { " and " } (short_code(sum)) }
        }
        " in any " (limit.per)
        @if limit.each.is_empty() { ", all calls together." } @else { ", for each " (limit.each.join(" and ")) "." }
    }
}

pub fn invariants(report: &Report) -> Markup {
    html! {
        @if report.invariants.is_empty() { p.empty { "The policy claims nothing about itself." } }
        @for invariant in &report.invariants {
            "\n"
            article id=(invariant.heading.id) {
                (title(&invariant.heading, html! {
                    @match invariant.verdict.proof {
                        Proof::Proved => span.badge.allow { "proved" },
                        Proof::Refuted => span.badge.deny { "refuted" },
                        Proof::Vacuous => span.badge.idle { "about no call" },
                        Proof::Open => span.badge.idle { "not proved" },
                    }
                }))
                (prose(&invariant.heading.doc))
                p { "What it covers " (inline(&invariant.claim)) ". " (inline(&invariant.verdict.text)) }
                (code(&invariant.code))
                dl.facts { (fact("Covers", true, target(&invariant.target))) }
                (meta(report, &invariant.heading))
            }
        }
    }
}
