//! What the compiler says about small policies: one snapshot shows many mistakes with their diagnostics.

use claw_compiler::diagnostics::{Diagnostic, plain};
use claw_compiler::{Analysis, Workspace};

/// A snapshot without the source of the test in its header.
macro_rules! snapshot {
    ($value:expr $(,)?) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!($value) })
    };
}

mod declarations;
mod expressions;
mod modules;
mod names;
mod one_way;
mod positions;
mod test_blocks;

/// Declarations that most cases share. Without tiers, so that nothing has to be classified.
const PRELUDE: &str = include_str!("prelude.claw");

/// Analyzes one file named `p.claw`.
fn analyze(source: &str) -> Analysis {
    analyze_files(&[("p.claw", source)])
}

/// Analyzes files, the first of which is the root; those ending in `.json` are data.
fn analyze_files(files: &[(&str, &str)]) -> Analysis {
    let mut workspace = Workspace::new();
    for (path, text) in files {
        if path.ends_with(".json") {
            workspace.set_data(path, text.as_bytes());
        } else {
            workspace.set_file(path, *text);
        }
    }
    workspace.analyze(files[0].0)
}

fn errors(analysis: &Analysis) -> Vec<Diagnostic> {
    analysis.diagnostics.iter().filter(|d| d.is_error()).cloned().collect()
}

/// All errors of some files, as text.
fn check_files(files: &[(&str, &str)]) -> String {
    let analysis = analyze_files(files);
    plain(&errors(&analysis), &analysis.sources)
}

/// All errors, as text.
fn check(source: &str) -> String {
    check_files(&[("p.claw", source)])
}

/// Every case with what is said about it when it follows the prelude; lines are counted from the case.
fn report(cases: &[&str]) -> String {
    report_after(PRELUDE, cases)
}

fn report_after(prelude: &str, cases: &[&str]) -> String {
    let mut out = String::new();
    for case in cases {
        let said = check(&format!("{prelude}{case}\n"));
        out.push_str(case);
        out.push('\n');
        let lines = prelude.matches('\n').count();
        for line in said.lines() {
            let mut parts = line.splitn(4, ':');
            let (_, at, rest) = (parts.next(), parts.next().unwrap(), parts.collect::<Vec<_>>().join(":"));
            match at.parse::<usize>().unwrap().checked_sub(lines) {
                Some(at) if at > 0 => out.push_str(&format!("  → {at}:{rest}\n")),
                _ => out.push_str(&format!("  → (prelude) {rest}\n")),
            }
        }
        if said.is_empty() {
            out.push_str("  → fine\n");
        }
        out.push('\n');
    }
    out
}

/// Asserts that each case is accepted.
fn accept(cases: &[&str]) {
    assert_eq!(check(PRELUDE), "", "the prelude");
    for case in cases {
        assert_eq!(check(&format!("{PRELUDE}{case}\n")), "", "{case}");
    }
}

#[test]
fn the_example_of_the_reference_is_clean() {
    let analysis = analyze(include_str!("support_bot.claw"));
    assert_eq!(plain(&analysis.diagnostics, &analysis.sources), "");
    assert_eq!(analysis.package.name, "acme.support_bot");
    assert_eq!(analysis.package.rules.len(), 8);
}
