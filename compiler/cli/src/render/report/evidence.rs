//! Who answers for what, what was tried, and what the checker warns of.

use claw_compiler::report::{Coverage, IndexEntry, Report, TestCase, Warning};
use maud::{Markup, html};

use super::text::{code, count, inline, link, links, meta, prose, short_code, shown, table, title};

pub fn index(report: &Report) -> Markup {
    let index = &report.index;
    html! {
        h3 id="controls" { "Controls" }
        (entries(&index.controls, "Control", "No clause names a control."))
        h3 id="owners" { "Owners" }
        (entries(&index.owners, "Owner", "No clause names an owner."))
        @if !index.see.is_empty() { h3 id="references" { "References" } (entries(&index.see, "Reference", "")) }
        @if !index.unowned.is_empty() {
            h3 id="unowned" { "Without an owner" }
            (table("Clauses without an owner", html! {
                thead { tr { th scope="col" { "Kind" } th scope="col" { "Clauses" } } }
                tbody {
                    @for entry in &index.unowned {
                        "\n"
                        tr id=(entry.id) {
                            th scope="row" { (count(entry.items.len(), &entry.text)) }
                            td { (links(&entry.items)) }
                        }
                    }
                }
            }))
        }
        @if !index.silenced.is_empty() {
            h3 id="silenced" { "Silenced warnings" }
            (table("Silenced warnings", html! {
                thead { tr { th scope="col" { "Code" } th scope="col" { "At" } th scope="col" { "Reason given" } } }
                tbody {
                    @for silenced in &index.silenced {
                        "\n"
                        tr { th scope="row" { (shown(&silenced.code)) } td { (link(&silenced.item)) } td dir="auto" { (shown(&silenced.reason)) } }
                    }
                }
            }))
        }
    }
}

fn entries(entries: &[IndexEntry], what: &str, none: &str) -> Markup {
    html! {
        @if entries.is_empty() { p.empty { (none) } }
        @else {
            (table(what, html! {
                thead { tr { th scope="col" { (what) } th scope="col" { "Clauses" } } }
                tbody {
                    @for entry in entries {
                        "\n"
                        tr id=(entry.id) { th scope="row" { (shown(&entry.text)) } td { (links(&entry.items)) } }
                    }
                }
            }))
        }
    }
}

pub fn tests(report: &Report) -> Markup {
    let cases = &report.tests.cases;
    let ran = cases.iter().filter_map(|case| case.result.as_ref()).count();
    let passed = cases.iter().filter(|case| case.result.as_ref().is_some_and(|result| result.passed)).count();
    html! {
        @if cases.is_empty() { p.empty { "The policy has no tests." } }
        @else if ran == 0 { p { "They were not run for this report; " code { "clawc report --coverage" } " runs them." } }
        @else { p { (passed) " of " (count(ran, "test")) " passed." } }
        @if let Some(coverage) = &report.tests.coverage { (covered(coverage)) }
        @for case in cases { "\n" (test_case(report, case)) }
    }
}

fn test_case(report: &Report, case: &TestCase) -> Markup {
    html! {
        article.test id=(case.heading.id) {
            (title(&case.heading, html! {
                @match &case.result {
                    Some(result) if result.passed => span.badge.allow { "passed, " (count(result.calls, "call")) },
                    Some(_) => span.badge.deny { "failed" },
                    None => "",
                }
            }))
            (prose(&case.heading.doc))
            @if let Some(result) = &case.result {
                @if !result.failures.is_empty() { ul.failures { @for failure in &result.failures { li { (shown(failure)) } } } }
            }
            details { summary { "As written" } (code(&case.code)) }
            (meta(report, &case.heading))
        }
    }
}

fn covered(coverage: &Coverage) -> Markup {
    html! {
        p {
            (coverage.clauses_hit) " of " (count(coverage.clauses, "clause")) " applied in some test, and "
            (coverage.sides_seen) " of " (count(coverage.sides, "answer")) " of conditions came up."
        }
        @if !coverage.missed.is_empty() {
            h3 id="missed" { "Clauses that applied in no test" }
            ul.missed { @for clause in &coverage.missed { li { (link(clause)) } } }
        }
        @if !coverage.open.is_empty() {
            h3 id="open" { "Answers of conditions that no test brought about" }
            (table("Conditions", html! {
                thead { tr { th scope="col" { "Of" } th scope="col" { "Condition" } th scope="col" { "Never" } th scope="col" { "Where" } } }
                tbody {
                    @for open in &coverage.open {
                        "\n"
                        tr {
                            th scope="row" { (link(&open.owner)) }
                            td { (open.word) " " (short_code(&open.code)) }
                            td { (open.missing.join(", ")) }
                            td.place { (shown(&open.file)) ":" (open.line) }
                        }
                    }
                }
            }))
        }
    }
}

pub fn warnings(report: &Report) -> Markup {
    html! {
        @if report.warnings.is_empty() { p.empty { "Checking the policy finds nothing to warn of." } }
        @else { ul.warnings { @for warning in &report.warnings { "\n" li { (warning_item(warning)) } } } }
    }
}

fn warning_item(warning: &Warning) -> Markup {
    html! {
        p { strong { (warning.code) } " " (inline(&warning.message)) }
        @if let Some(help) = &warning.help { p.note { (inline(help)) } }
        @for note in &warning.notes { p.note { (inline(note)) } }
        p.meta { span { (shown(&warning.file)) ":" (warning.line) } }
    }
}
