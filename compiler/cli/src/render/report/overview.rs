//! The head of the page: what policy this is, in numbers and in words.

use claw_compiler::report::Report;
use maud::{Markup, html};

use super::text::{inline, prose, shown, table};

pub fn header(report: &Report) -> Markup {
    let numbers = [
        (report.tools.len(), "tool", "tools", "tools"),
        (report.roles.len(), "role", "roles", "vocabulary"),
        (report.environments.len(), "environment", "environments", "vocabulary"),
        (report.grants.len(), "grant", "grants", "access"),
        (report.rules.len(), "rule", "rules", "rules"),
        (report.limits.len(), "limit", "limits", "limits"),
        (report.approvals.len(), "approval", "approvals", "approvals"),
        (report.tests.cases.len(), "test", "tests", "tests"),
    ];
    html! {
        header id="top" {
            p.eyebrow { "Policy report" }
            h1 { (shown(&report.package)) }
            (prose(&report.doc))
            ul.numbers {
                @for (n, one, many, id) in numbers.into_iter().filter(|(n, ..)| *n > 0) {
                    li { a href={ "#" (id) } { strong { (n) } " " (if n == 1 { one } else { many }) } }
                }
            }
            dl.facts {
                dt { "Bundle" }
                dd.digest { (report.bundle) }
            }
            p.note { "Made from these modules. The digests are those of the files; the bundle's names the whole." }
            (modules(report))
        }
    }
}

/// The files it is made from.
fn modules(report: &Report) -> Markup {
    table(
        "Modules",
        html! {
            thead { tr { th scope="col" { "Module" } th scope="col" { "File" } th scope="col" { "Digest" } } }
            tbody {
                @for module in &report.modules {
                    "\n"
                    tr id=(module.id) {
                        th scope="row" {
                            (shown(&module.name))
                            @if !module.may_grant && !module.standard { " " span.badge.idle { "its grants don't count" } }
                        }
                        td { @if module.standard { "part of claw" } @else { (shown(&module.file)) } }
                        td.digest { (module.digest) }
                    }
                }
            }
        },
    )
}

pub fn summary(report: &Report) -> Markup {
    html! {
        div.lead { @for sentence in &report.summary { p { (inline(sentence)) } } }
        p.note {
            "A call is allowed only if a grant gives it to the agent; the tier, the rules and the limits can then still \
             deny it or ask people. There are no priorities: the strictest clause that applies decides, and what is \
             not known never grants."
        }
    }
}
