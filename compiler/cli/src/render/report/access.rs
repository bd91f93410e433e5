//! Grants, scopes, and who may do what by them.

use claw_compiler::report::{AccessCell, AccessGroup, Holds, Ref, Report, Scope, Way};
use maud::{Markup, html};

use super::text::{cell_code, code, fact, folded, joined, link, links, meta, prose, status_badge, table, title, words};

pub fn access(report: &Report) -> Markup {
    let access = &report.access;
    html! {
        p {
            "By the grants alone: " span.verdict.allow { "yes" } " in every call, " span.verdict.require { "if" }
            " in calls that meet the conditions of a scope or are made for such users, and a dash where no grant gives it. \
             Tiers, rules and limits come on top. A role holds what the roles that it includes hold; in a chain of agents \
             every one of them needs the role."
        }
        @for group in &access.groups { (group_table(report, group)) }
        @if access.groups.is_empty() { p.empty { "No grant is in force: every call is denied." } }
        dl.facts {
            (fact("No grant reaches", !access.unreached.is_empty(), folded(&access.unreached, "tool", "tools")))
            (fact("Hold nothing", !access.idle_roles.is_empty(), links(&access.idle_roles)))
        }
        h3 id="grants" { "Grants as written" }
        (grants(report))
    }
}

fn group_table(report: &Report, group: &AccessGroup) -> Markup {
    let everywhere = group.environments.len() == report.environments.len();
    let place =
        if everywhere { "In every environment".to_owned() } else { format!("In {}", group.environments.join(", ")) };
    html! {
        "\n"
        @if report.environments.is_empty() {} @else { h3 { @if everywhere { (place) } @else { "In " (words(&group.environments)) } } }
        (table(&place, html! {
            thead {
                tr {
                    th scope="col" { "Tool" }
                    @for holder in &group.holders {
                        th scope="col" { @match &holder.role { Some(role) => (link(role)), None => "any agent" } }
                    }
                }
            }
            tbody {
                @for row in &group.rows {
                    "\n"
                    tr {
                        th scope="row" { (link(&row.tool)) }
                        @for cell in &row.cells { (access_cell(cell)) }
                    }
                }
            }
        }))
    }
}

fn access_cell(cell: &AccessCell) -> Markup {
    let free = cell.ways.iter().find(|way| way.conditions.is_empty() && way.users.is_empty());
    html! {
        @match (cell.holds, free) {
            (Holds::Always, Some(way)) => td.verdict.allow { a href={ "#" (way.grant.id) } { "yes" } },
            (Holds::Always, None) => td.verdict.allow { "yes" },
            (Holds::Never, _) => td.none { span aria-hidden="true" { "–" } span.quiet { "no" } },
            (Holds::Conditions, _) => td.verdict.require { ul { @for way in distinct(&cell.ways) { li { (if_way(way)) } } } },
        }
    }
}

/// Two arms of one scope look alike here: the scope tells them apart.
fn distinct(ways: &[Way]) -> Vec<&Way> {
    let same = |a: &Way, b: &Way| {
        a.scopes == b.scopes && a.users == b.users && a.conditions.is_empty() == b.conditions.is_empty()
    };
    let mut out: Vec<&Way> = Vec::new();
    for way in ways {
        if !out.iter().any(|seen| same(seen, way)) {
            out.push(way);
        }
    }
    out
}

fn if_way(way: &Way) -> Markup {
    let scope = way.scopes.last().filter(|_| !way.conditions.is_empty());
    let user = html! { a href={ "#" (way.grant.id) } { "the user" } " is " (joined(&way.users, " or ")) };
    html! {
        "if "
        @if let Some(scope) = scope { (link(scope)) }
        @if scope.is_some() && !way.users.is_empty() { " and " }
        @if !way.users.is_empty() { (user) }
    }
}

fn grants(report: &Report) -> Markup {
    table(
        "Grants",
        html! {
            thead { tr { th scope="col" { "Grant" } th scope="col" { "Tools" } th scope="col" { "Where" } } }
            tbody {
                @for grant in &report.grants {
                    "\n"
                    tr id=(grant.heading.id) {
                        td { (cell_code(&grant.code)) (prose(&grant.heading.doc)) (status_badge(grant.status)) }
                        td { @if grant.target.any { "every tool" } @else { (folded(&grant.target.tools, "tool", "tools")) } }
                        td.place { (meta(report, &grant.heading)) }
                    }
                }
            }
        },
    )
}

pub fn scopes(report: &Report) -> Markup {
    html! {
        @if report.scopes.is_empty() { p.empty { "The policy names no scopes; its grants name tools." } }
        @for scope in &report.scopes {
            "\n"
            article id=(scope.heading.id) {
                (title(&scope.heading, html! {}))
                (prose(&scope.heading.doc))
                (code(&scope.code))
                dl.facts {
                    (fact("Covers", true, folded(&scope.tools, "tool", "tools")))
                    (fact("Held by", true, holders(scope)))
                    (fact("Granted by", !scope.grants.is_empty(), links(&scope.grants)))
                }
                (meta(report, &scope.heading))
            }
        }
    }
}

fn holders(scope: &Scope) -> Markup {
    let nobody: &[Ref] = &[];
    html! {
        @if scope.to_any { "any agent" @if !scope.roles.is_empty() { ", " } }
        @if scope.roles == nobody && !scope.to_any { "nobody: no grant in force names it" }
        (links(&scope.roles))
    }
}
