//! `textDocument/codeLens`, and the command that runs a test.

use claw_compiler::testing::{self, FailureKind};
use claw_compiler::{Checked, ide};
use serde_json::json;
use tower_lsp::lsp_types::{CodeLens, Command};

use crate::snapshot::Snapshot;

/// Takes the address of a file and the title of a test in it.
pub const RUN_TEST: &str = "claw.runTest";

/// What became of a test.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub passed: bool,
    pub message: String,
}

pub fn code_lens(snapshot: &Snapshot) -> Vec<CodeLens> {
    let shown = |lens: ide::code_lens::CodeLens| {
        let command = match &lens.test {
            Some(title) => Command::new(lens.title, RUN_TEST.to_owned(), Some(vec![json!(snapshot.uri), json!(title)])),
            // A title alone: nothing happens on a click.
            None => Command::new(lens.title, String::new(), None),
        };
        CodeLens { range: snapshot.range(lens.span), command: Some(command), data: None }
    };
    ide::code_lens::code_lenses(snapshot.analysis(), snapshot.file()).into_iter().map(shown).collect()
}

/// Runs the test of this title.
pub fn run_test(snapshot: &Snapshot, title: &str) -> Outcome {
    let failed = |message: String| Outcome { passed: false, message };
    let analysis = snapshot.analysis();
    let Some(checked) = Checked::new(analysis.package.clone(), analysis.has_errors()) else {
        return failed("tests can't run while the policy has errors".to_owned());
    };
    let results = match testing::run(&checked, &analysis.sources, Some(title)) {
        Ok(results) => results,
        Err(error) => return failed(format!("tests can't run: {error}")),
    };
    let Some(result) = results.iter().find(|result| result.name == title) else {
        return failed(format!("there is no test `{title}`"));
    };
    if result.passed() {
        return Outcome { passed: true, message: format!("`{title}` passed ({} calls)", result.calls) };
    }
    let line = |failure: &testing::Failure| match &failure.kind {
        FailureKind::Unexpected { mismatches, .. } => {
            let differs = mismatches.iter().map(|m| format!("{} is {}, not {}", m.what, m.got, m.expected));
            format!("`{}`: {}", failure.tool, differs.collect::<Vec<_>>().join(", "))
        }
        FailureKind::Incomplete { message, .. } => message.clone(),
    };
    let lines: Vec<String> = result.failures.iter().map(line).collect();
    failed(format!("`{title}` failed: {}", lines.join("; ")))
}
