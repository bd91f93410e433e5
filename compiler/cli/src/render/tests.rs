//! Results of test runs, for people and for programs.

use claw_compiler::hir::Loc;
use claw_compiler::testing::{Coverage, Failure as TestFailure, FailureKind, TestResult};
use claw_runtime::bundle::ClauseKind;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::failure::Failure;
use crate::output::Paint;
use crate::project::Project;
use crate::render::decision;
use crate::render::json;
use crate::render::text::{count, indented, visible};

/// The tests of one policy, run.
#[derive(Debug)]
pub struct Run {
    pub project: Project,
    pub results: Vec<TestResult>,
    pub coverage: Option<Coverage>,
}

impl Run {
    /// `file`, line, column of a place.
    pub fn place(&self, loc: Loc) -> (String, u32, u32) {
        let (path, at) = self.project.analysis.sources.position(loc);
        (self.project.show(path), at.line, at.column)
    }
}

/// Passed and failed tests of all runs.
fn totals(runs: &[Run]) -> (usize, usize) {
    let results = || runs.iter().flat_map(|run| &run.results);
    let passed = results().filter(|result| result.passed()).count();
    (passed, results().count() - passed)
}

/// One line for each test, the failures below, the sum at the end.
pub fn human(runs: &[Run], filter: Option<&str>, paint: Paint) -> String {
    let mut text = String::new();
    let mut details = String::new();
    for run in runs {
        for result in &run.results {
            let word = if result.passed() { paint.green("ok    ") } else { paint.red_bold("FAILED") };
            text.push_str(&format!("{word}  {}\n", visible(&result.name)));
            if !result.passed() {
                details.push_str(&failed_test(run, result, paint));
            }
        }
    }
    text.push_str(&details);
    let (passed, failed) = totals(runs);
    if passed + failed == 0 {
        let why = filter.map_or(String::new(), |filter| format!(" whose name contains `{}`", visible(filter)));
        text.push_str(&format!("there are no tests{why}\n"));
    } else {
        let failures = if failed > 0 { paint.red_bold(&format!("{failed} failed")) } else { "0 failed".to_owned() };
        text.push_str(&format!("\n{}: {passed} passed, {failures}\n", count(passed + failed, "test")));
    }
    for run in runs {
        text.push_str(&run.coverage.as_ref().map(|coverage| human_coverage(run, coverage, paint)).unwrap_or_default());
    }
    text
}

/// A failed test for people: each call that went wrong, with the decision.
pub fn failed_test(run: &Run, result: &TestResult, paint: Paint) -> String {
    let mut text = format!("\n{}\n", paint.bold(&format!("test \"{}\"", visible(&result.name))));
    for failure in &result.failures {
        let (file, line, column) = run.place(failure.loc);
        let place = paint.dim(&format!("{file}:{line}:{column}"));
        text.push_str(&format!("  call of {}  {place}\n", failure.tool));
        match &failure.kind {
            FailureKind::Incomplete { message, help } => {
                text.push_str(&format!("    {}\n    {}: {help}\n", paint.red(message), paint.cyan("help")));
            }
            FailureKind::Unexpected { mismatches, decision } => {
                for mismatch in mismatches {
                    text.push_str(&format!(
                        "    {}: expected {}, got {}\n",
                        mismatch.what,
                        paint.green(&visible(&mismatch.expected)),
                        paint.red(&visible(&mismatch.got)),
                    ));
                }
                let drawn = decision::human(decision, &|file| run.project.show(file), paint);
                text.push_str(&indented(&drawn, "    "));
            }
        }
    }
    text
}

fn human_coverage(run: &Run, coverage: &Coverage, paint: Paint) -> String {
    let (hit, clauses) = coverage.clause_ratio();
    let (seen, sides) = coverage.side_ratio();
    let mut text = format!(
        "\n{}  {hit} of {} applied, {seen} of {} of conditions came up\n",
        paint.bold("coverage"),
        count(clauses, "clause"),
        count(sides, "side"),
    );
    let cells = |kind: ClauseKind| kind == ClauseKind::Matrix;
    let unused: Vec<_> = coverage.clauses.iter().filter(|clause| clause.hits == 0).collect();
    if !unused.is_empty() {
        text.push_str("\nclauses that applied in no test\n");
    }
    for clause in unused.iter().filter(|clause| !cells(clause.kind)) {
        let place = paint.dim(&format!("{}:{}:{}", run.project.show(&clause.file), clause.line, clause.column));
        text.push_str(&format!("  {:<9} {}  {place}\n", kind(clause.kind), visible(&clause.clause)));
    }
    let unused_cells = unused.iter().filter(|clause| cells(clause.kind)).map(|clause| visible(&clause.clause));
    let unused_cells: Vec<_> = unused_cells.collect();
    if !unused_cells.is_empty() {
        text.push_str(&format!("  {:<9} {}\n", "matrix", unused_cells.join(", ")));
    }
    let open: Vec<_> = coverage.conditions.iter().filter(|condition| condition.missing().next().is_some()).collect();
    if !open.is_empty() {
        text.push_str("\nsides of conditions that came up in no test\n");
    }
    for condition in open {
        let (file, line, column) = run.place(condition.loc);
        let missing: Vec<_> = condition.missing().map(|side| side.word()).collect();
        text.push_str(&format!(
            "  {:<16} {} {}  {}\n",
            paint.yellow(&format!("{:<16}", missing.join(", "))).trim_end(),
            condition.word,
            source_line(run, condition.loc),
            paint.dim(&format!("{file}:{line}:{column}")),
        ));
    }
    text
}

/// The text of a condition on one line, shortened.
fn source_line(run: &Run, loc: Loc) -> String {
    const MOST: usize = 60;
    let text = run.project.analysis.sources.text(loc).split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = text.chars().take(MOST).collect();
    visible(&if short.len() < text.len() { short + "…" } else { text })
}

fn kind(kind: ClauseKind) -> &'static str {
    match kind {
        ClauseKind::Grant => "grant",
        ClauseKind::Classify => "classify",
        ClauseKind::Matrix => "matrix",
        ClauseKind::Rule => "rule",
        ClauseKind::Limit => "limit",
    }
}

/// What `clawc test --format json` prints; described in its long help.
#[derive(Debug, Serialize)]
pub struct Report {
    tests: Vec<TestJson>,
    summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<CoverageJson>,
}

#[derive(Debug, Serialize)]
struct Summary {
    passed: usize,
    failed: usize,
}

#[derive(Debug, Serialize)]
struct TestJson {
    name: String,
    module: String,
    file: String,
    line: u32,
    calls: usize,
    passed: bool,
    failures: Vec<FailureJson>,
}

#[derive(Debug, Serialize)]
struct FailureJson {
    file: String,
    line: u32,
    column: u32,
    tool: String,
    message: Option<String>,
    mismatches: Vec<MismatchJson>,
    decision: Option<Box<RawValue>>,
}

#[derive(Debug, Serialize)]
struct MismatchJson {
    what: &'static str,
    expected: String,
    got: String,
}

#[derive(Debug, Default, Serialize)]
struct CoverageJson {
    clauses: Vec<ClauseJson>,
    conditions: Vec<ConditionJson>,
    summary: CoverageSummary,
}

#[derive(Debug, Serialize)]
struct ClauseJson {
    clause: String,
    kind: &'static str,
    file: String,
    line: u32,
    column: u32,
    hits: usize,
}

#[derive(Debug, Serialize)]
struct ConditionJson {
    owner: String,
    word: &'static str,
    text: String,
    file: String,
    line: u32,
    column: u32,
    seen: Vec<&'static str>,
    missing: Vec<&'static str>,
}

#[derive(Debug, Default, Serialize)]
struct CoverageSummary {
    clauses: usize,
    clauses_hit: usize,
    sides: usize,
    sides_seen: usize,
}

pub fn json(runs: &[Run]) -> Result<Report, Failure> {
    let (passed, failed) = totals(runs);
    let mut tests = Vec::new();
    let mut coverage: Option<CoverageJson> = None;
    for run in runs {
        for result in &run.results {
            tests.push(test_json(run, result)?);
        }
        if let Some(measured) = &run.coverage {
            add_coverage(coverage.get_or_insert_default(), run, measured);
        }
    }
    Ok(Report { tests, summary: Summary { passed, failed }, coverage })
}

fn test_json(run: &Run, result: &TestResult) -> Result<TestJson, Failure> {
    let (file, line, _) = run.place(result.loc);
    Ok(TestJson {
        name: result.name.clone(),
        module: result.module.clone(),
        file,
        line,
        calls: result.calls,
        passed: result.passed(),
        failures: result.failures.iter().map(|failure| failure_json(run, failure)).collect::<Result<_, _>>()?,
    })
}

fn failure_json(run: &Run, failure: &TestFailure) -> Result<FailureJson, Failure> {
    let (file, line, column) = run.place(failure.loc);
    let tool = failure.tool.clone();
    let bare = FailureJson { file, line, column, tool, message: None, mismatches: Vec::new(), decision: None };
    Ok(match &failure.kind {
        FailureKind::Incomplete { message, .. } => FailureJson { message: Some(message.clone()), ..bare },
        FailureKind::Unexpected { mismatches, decision } => FailureJson {
            mismatches: mismatches
                .iter()
                .map(|m| MismatchJson { what: m.what, expected: m.expected.clone(), got: m.got.clone() })
                .collect(),
            decision: Some(json::raw(&decision.to_json().to_string())?),
            ..bare
        },
    })
}

fn add_coverage(total: &mut CoverageJson, run: &Run, measured: &Coverage) {
    total.clauses.extend(measured.clauses.iter().map(|clause| ClauseJson {
        clause: clause.clause.clone(),
        kind: kind(clause.kind),
        file: run.project.show(&clause.file),
        line: clause.line,
        column: clause.column,
        hits: clause.hits,
    }));
    total.conditions.extend(measured.conditions.iter().map(|condition| {
        let (file, line, column) = run.place(condition.loc);
        let text = run.project.analysis.sources.text(condition.loc).to_owned();
        let seen = condition.seen.iter().map(|side| side.word()).collect();
        let missing = condition.missing().map(|side| side.word()).collect();
        ConditionJson { owner: condition.owner.clone(), word: condition.word, text, file, line, column, seen, missing }
    }));
    let ((hit, clauses), (seen, sides)) = (measured.clause_ratio(), measured.side_ratio());
    total.summary.clauses += clauses;
    total.summary.clauses_hit += hit;
    total.summary.sides += sides;
    total.summary.sides_seen += seen;
}
