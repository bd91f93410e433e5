//! What the compiler says about small policies, one line per finding.

use claw_compiler::diagnostics::plain;
use claw_compiler::{Analysis, Workspace};

mod names;

/// Analyzes one file named `p.claw`.
pub fn analyze(source: &str) -> Analysis {
    analyze_files(&[("p.claw", source)])
}

/// Analyzes files, the first of which is the root; those ending in `.json` are data.
pub fn analyze_files(files: &[(&str, &str)]) -> Analysis {
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

/// All errors, as text.
pub fn check(source: &str) -> String {
    check_files(&[("p.claw", source)])
}

pub fn check_files(files: &[(&str, &str)]) -> String {
    let analysis = analyze_files(files);
    let errors: Vec<_> = analysis.diagnostics.iter().filter(|d| d.is_error()).cloned().collect();
    plain(&errors, &analysis.sources)
}

#[test]
fn the_example_of_the_reference_is_clean() {
    let analysis = analyze(include_str!("support_bot.claw"));
    assert_eq!(plain(&analysis.diagnostics, &analysis.sources), "");
    assert_eq!(analysis.package.name, "acme.support_bot");
    assert_eq!(analysis.package.rules.len(), 8);
}
