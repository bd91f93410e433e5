//! Results of test runs as JUnit XML, which nearly every CI system shows.
//!
//! There is no standard behind the format; this is the part that the common readers agree on: one suite for each
//! module, at most one `failure` or `error` in a case, `file` and `line` as attributes. Times are 0: a test takes
//! microseconds, and equal runs give equal reports.

use claw_compiler::testing::{Failure as TestFailure, FailureKind, TestResult};

use crate::output::Paint;
use crate::project::Project;
use crate::render::human;
use crate::render::tests::{Run, failed_test};
use crate::render::text::{count, visible};

const PLAIN: Paint = Paint { on: false };

/// The tests of one module, or what stands for them where a policy does not compile.
struct Suite {
    name: String,
    file: String,
    cases: Vec<Case>,
}

struct Case {
    name: String,
    file: String,
    line: u32,
    problem: Option<Problem>,
}

struct Problem {
    /// `failure`: it went otherwise than expected; `error`: it could not be run.
    element: &'static str,
    kind: &'static str,
    message: String,
    details: String,
}

/// The report. `broken` are the policies that do not compile: each counts as a case that could not be run, since a
/// report without it would read as success.
pub fn report(runs: &[Run], broken: &[Project]) -> String {
    let suites: Vec<_> = runs.iter().flat_map(suites).chain(broken.iter().map(broken_suite)).collect();
    let cases: Vec<_> = suites.iter().flat_map(|suite| &suite.cases).collect();
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    xml.push_str(&format!("<testsuites name=\"clawc test\" {} time=\"0\">\n", totals(cases.into_iter())));
    suites.iter().for_each(|suite| write_suite(suite, &mut xml));
    xml.push_str("</testsuites>\n");
    xml
}

fn suites(run: &Run) -> Vec<Suite> {
    let mut suites: Vec<Suite> = Vec::new();
    for result in &run.results {
        let (file, line, _) = run.place(result.loc);
        let case = Case { name: result.name.clone(), file: file.clone(), line, problem: problem(run, result) };
        match suites.iter_mut().find(|suite| suite.file == file) {
            Some(suite) => suite.cases.push(case),
            None => suites.push(Suite { name: result.module.clone(), file, cases: vec![case] }),
        }
    }
    suites
}

fn problem(run: &Run, result: &TestResult) -> Option<Problem> {
    let first = result.failures.first()?;
    let incomplete = |failure: &TestFailure| matches!(failure.kind, FailureKind::Incomplete { .. });
    let (element, kind) =
        if result.failures.iter().all(incomplete) { ("error", "incomplete") } else { ("failure", "unexpected") };
    let more = match result.failures.len() - 1 {
        0 => String::new(),
        n => format!(" (and {n} more)"),
    };
    let message = format!("call of {}: {}{more}", first.tool, summary(first));
    Some(Problem { element, kind, message, details: failed_test(run, result, PLAIN).trim_start().to_owned() })
}

fn summary(failure: &TestFailure) -> String {
    match &failure.kind {
        FailureKind::Incomplete { message, .. } => message.clone(),
        FailureKind::Unexpected { mismatches, .. } => {
            let each = mismatches.iter().map(|m| format!("{}: expected {}, got {}", m.what, m.expected, m.got));
            each.collect::<Vec<_>>().join("; ")
        }
    }
}

fn broken_suite(project: &Project) -> Suite {
    let analysis = &project.analysis;
    let errors: Vec<_> = analysis.diagnostics.iter().filter(|finding| finding.is_error()).cloned().collect();
    let show = |path: &str| project.show(path);
    let (file, line) = match errors.first() {
        Some(first) => {
            let (path, at) = analysis.sources.position(first.primary.loc);
            (show(path), at.line)
        }
        None => (analysis.sources.files.first().map_or(String::new(), |file| show(&file.path)), 1),
    };
    let problem = Problem {
        element: "error",
        kind: "check",
        message: format!("the policy has {}; its tests did not run", count(errors.len(), "error")),
        details: human::diagnostics(&errors, &analysis.sources, &show, PLAIN),
    };
    let case = Case { name: "the policy compiles".to_owned(), file: file.clone(), line, problem: Some(problem) };
    Suite { name: "check".to_owned(), file, cases: vec![case] }
}

fn totals<'c>(cases: impl Iterator<Item = &'c Case>) -> String {
    let (mut tests, mut failures, mut errors) = (0, 0, 0);
    for case in cases {
        tests += 1;
        match case.problem.as_ref().map(|problem| problem.element) {
            Some("failure") => failures += 1,
            Some(_) => errors += 1,
            None => {}
        }
    }
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"0\"")
}

fn write_suite(suite: &Suite, xml: &mut String) {
    let (name, file) = (escaped(&suite.name), escaped(&suite.file));
    let sums = totals(suite.cases.iter());
    xml.push_str(&format!("  <testsuite name=\"{name}\" file=\"{file}\" {sums} time=\"0\">\n"));
    for case in &suite.cases {
        xml.push_str(&format!(
            "    <testcase name=\"{}\" classname=\"{name}\" file=\"{}\" line=\"{}\" time=\"0\"",
            escaped(&case.name),
            escaped(&case.file),
            case.line,
        ));
        let Some(problem) = &case.problem else {
            xml.push_str("/>\n");
            continue;
        };
        let Problem { element, kind, message, details } = problem;
        xml.push_str(&format!(
            ">\n      <{element} type=\"{kind}\" message=\"{}\">{}</{element}>\n    </testcase>\n",
            escaped(message),
            escaped(details).replace("&#10;", "\n"),
        ));
    }
    xml.push_str("  </testsuite>\n");
}

/// Text fit for an attribute. What XML can't say, or a terminal would obey, is shown as an escape.
fn escaped(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\n' => xml.push_str("&#10;"),
            '\u{FFFE}' | '\u{FFFF}' => xml.extend(c.escape_unicode()),
            c => xml.push(c),
        }
    }
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_fits_into_an_attribute() {
        assert_eq!(escaped("a<b> & \"c\"\nd"), "a&lt;b&gt; &amp; &quot;c&quot;&#10;d");
        assert_eq!(escaped("\0\x1b\u{FFFF}\u{202E}ä😀"), "\\u{0}\\u{1b}\\u{ffff}\\u{202e}ä😀");
    }
}
