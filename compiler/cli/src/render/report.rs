//! A report as one HTML page: complete without scripts, without anything from elsewhere, readable on paper.
//!
//! Texts of a policy are never trusted here: maud escapes them, [`text::shown`] makes visible what would deceive, and
//! the page's own policy forbids a browser to run or to load anything.

mod access;
mod clauses;
mod declared;
mod evidence;
mod overview;
mod risk;
mod text;

use claw_compiler::report::Report;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use text::shown;

const STYLE: &str = include_str!("report/report.css");
/// What a browser may do for this page: nothing but apply its style.
const CONTENT: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// A part of the page.
struct Section {
    /// The anchor.
    id: &'static str,
    title: &'static str,
    /// How many of what it shows there are, for the table of contents.
    count: Option<usize>,
    body: Markup,
}

impl Section {
    fn new(id: &'static str, title: &'static str, count: impl Into<Option<usize>>, body: Markup) -> Section {
        Section { id, title, count: count.into(), body }
    }
}

/// The page of a report.
pub fn page(report: &Report) -> String {
    let sections = sections(report);
    let title = format!("{} · policy report", report.package);
    let page = html! {
        (DOCTYPE)
        html lang="en" { "\n"
            head { "\n"
                meta charset="utf-8"; "\n"
                meta http-equiv="Content-Security-Policy" content=(CONTENT); "\n"
                meta name="viewport" content="width=device-width, initial-scale=1"; "\n"
                meta name="color-scheme" content="light dark"; "\n"
                title { (title) } "\n"
                style { (PreEscaped(STYLE)) } "\n"
            }
            "\n"
            body { "\n"
                a.skip href="#summary" { "Skip to the summary" } "\n"
                (contents(report, &sections))
                main {
                    (overview::header(report))
                    @for section in &sections {
                        "\n"
                        section id=(section.id) {
                            h2 {
                                (section.title)
                                @if let Some(count) = section.count { " " span.count { (count) } }
                            }
                            (section.body)
                        }
                    }
                    "\n"
                }
                "\n"
            }
            "\n"
        }
        "\n"
    };
    page.into_string()
}

fn contents(report: &Report, sections: &[Section]) -> Markup {
    html! {
        nav.contents aria-label="Contents" {
            p.brand { a href="#top" { (shown(&report.package)) } }
            ol {
                @for section in sections {
                    li {
                        a href={ "#" (section.id) } {
                            span { (section.title) }
                            @if let Some(count) = section.count { " " span.count { (count) } }
                        }
                    }
                }
            }
        }
        "\n"
    }
}

/// All parts, in the order in which they are read. Those that most policies have say so where they are empty; words
/// and types that a policy does without are left out.
fn sections(report: &Report) -> Vec<Section> {
    let mut sections = vec![
        Section::new("summary", "Summary", None, overview::summary(report)),
        Section::new("matrix", "Risk and what it needs", None, risk::matrix(report)),
        Section::new("access", "Who may do what", None, access::access(report)),
        Section::new("scopes", "Scopes", report.scopes.len(), access::scopes(report)),
        Section::new("tools", "Tools", report.tools.len(), declared::tools(report)),
        Section::new("approvals", "Approvals", report.approvals.len(), risk::approvals(report)),
        Section::new("rules", "Rules", report.rules.len(), clauses::rules(report)),
        Section::new("limits", "Limits", report.limits.len(), clauses::limits(report)),
        Section::new("invariants", "Invariants", report.invariants.len(), clauses::invariants(report)),
    ];
    let mut add = |id, title, count: usize, body: fn(&Report) -> Markup| {
        if count > 0 {
            sections.push(Section::new(id, title, count, body(report)));
        }
    };
    add("windows", "Time windows", report.windows.len(), declared::windows);
    add("constants", "Constants", report.constants.len(), declared::constants);
    add("predicates", "Predicates", report.predicates.len(), declared::predicates);
    add("types", "Types", report.types.len(), declared::types);
    add("vocabulary", "Vocabulary", declared::word_count(report), declared::vocabulary);
    sections.push(Section::new("host", "What the host supplies", None, declared::host(report)));
    sections.push(Section::new("index", "Controls and owners", None, evidence::index(report)));
    sections.push(Section::new("tests", "Tests", report.tests.cases.len(), evidence::tests(report)));
    sections.push(Section::new("warnings", "Warnings", report.warnings.len(), evidence::warnings(report)));
    sections
}

#[cfg(test)]
mod tests;
