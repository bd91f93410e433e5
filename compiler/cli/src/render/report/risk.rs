//! Tiers and environments, how calls are classified, and the approvals they need.

use claw_compiler::report::{Approval, MatrixCell, Outcome, Quorum, Report};
use maud::{Markup, html};

use super::text::{cell_code, code, fact, joined, links, meta, prose, shown, table, target, title};

pub fn matrix(report: &Report) -> Markup {
    html! {
        @if report.tiers.is_empty() {
            p.empty { "The policy has no tiers: what is granted is decided by rules and limits alone." }
        } @else {
            @if report.matrix.is_empty() {
                p.empty { "The policy has tiers and no matrix." }
            } @else {
                p { "The tier of a call and the environment it runs in say what it needs before any rule is asked." }
                (cells(report))
            }
            h3 id="classification" { "How calls are classified" }
            p { "The highest tier of all lines that apply; a line with a condition applies unless the condition is false." }
            (classify(report))
        }
    }
}

fn cells(report: &Report) -> Markup {
    table(
        "Matrix of tiers and environments",
        html! {
            thead {
                tr {
                    th scope="col" { "Tier" }
                    @for env in &report.environments { th scope="col" { a href={ "#" (env.id) } { (shown(&env.name)) } } }
                }
            }
            tbody {
                // The gravest at the top: it is what is looked for.
                @for row in report.matrix.iter().rev() {
                    "\n"
                    tr {
                        th scope="row" { a href={ "#" (row.tier.id) } { (shown(&row.tier.name)) } }
                        @for cell in &row.cells { (matrix_cell(cell)) }
                    }
                }
            }
        },
    )
}

fn matrix_cell(cell: &MatrixCell) -> Markup {
    html! {
        @match cell.outcome {
            Outcome::Allow => td.verdict.allow id=(cell.id) { span.sign aria-hidden="true" { "✓" } " allow" },
            Outcome::Deny => td.verdict.deny id=(cell.id) { span.sign aria-hidden="true" { "✕" } " deny" },
            Outcome::Require => td.verdict.require id=(cell.id) {
                span.sign aria-hidden="true" { "◐" } " ask: " (joined(&cell.approvals, " + "))
            },
        }
    }
}

fn classify(report: &Report) -> Markup {
    // The arms of a block share its documentation.
    let before = |at: usize| at.checked_sub(1).and_then(|at| report.classify.get(at)).map(|arm| &arm.heading.doc);
    table(
        "Classification",
        html! {
            thead {
                tr {
                    th scope="col" { "Tier" }
                    th scope="col" { "As written" }
                    th scope="col" { "Tools" }
                    th scope="col" { "Where" }
                }
            }
            tbody {
                @for (at, arm) in report.classify.iter().enumerate() {
                    @if !arm.heading.doc.is_empty() && before(at) != Some(&arm.heading.doc) {
                        "\n"
                        tr { td.about colspan="4" { (prose(&arm.heading.doc)) } }
                    }
                    "\n"
                    tr id=(arm.heading.id) {
                        th scope="row" { a href={ "#" (arm.tier.id) } { (shown(&arm.tier.name)) } }
                        td { (cell_code(&arm.code)) }
                        td { (target(&arm.target)) }
                        td.place { (shown(&arm.heading.file)) ":" (arm.heading.line) }
                    }
                }
            }
        },
    )
}

pub fn approvals(report: &Report) -> Markup {
    html! {
        @if report.approvals.is_empty() { p.empty { "No clause asks anybody." } }
        @else {
            p {
                "Every line must be met; one person may count for several. Neither the acting user nor the owners of the \
                 agents vote on their own request, unless the approval is the user's."
            }
        }
        @for approval in &report.approvals {
            "\n"
            article id=(approval.heading.id) {
                (title(&approval.heading, html! {}))
                (prose(&approval.heading.doc))
                ul.needs { (needs(approval)) }
                (code(&approval.code))
                dl.facts {
                    (fact("Asked for by", !approval.asked_by.is_empty(), links(&approval.asked_by)))
                    (fact("Asked for by", approval.asked_by.is_empty(), "nothing"))
                }
                (meta(report, &approval.heading))
            }
        }
    }
}

fn needs(approval: &Approval) -> Markup {
    html! {
        @if approval.by_user { li { "The user for whom the agent acts confirms it." } }
        @for quorum in &approval.quorums { li { (people(quorum)) } }
        li {
            "It expires after " (approval.expires) ", and serves "
            @match &approval.reuse {
                Some(reuse) => { "the same call again for " (reuse) "." },
                None => "one execution of the call.",
            }
        }
        @if approval.note_required { li { "Whoever approves has to say why." } }
    }
}

fn people(quorum: &Quorum) -> Markup {
    html! {
        @if quorum.people == 1 { "1 person" } @else { (quorum.people) " different people" }
        " with the role " (joined(&quorum.roles, " or "))
        @if quorum.people == 1 { " approves." } @else { " approve." }
    }
}
