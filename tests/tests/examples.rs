//! Everything under `examples/`: it checks without a finding, its tests pass, its requests are decided as the files
//! beside them say.

use std::fs;
use std::path::{Path, PathBuf};

use claw_compiler::{Checked, testing};
use claw_runtime::Settlement;
use claw_tests::expect::lacks;
use claw_tests::host::{Host, wire, with_call_id};
use claw_tests::project::{Project, findings};
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository").join("examples")
}

/// The example folders, sorted.
fn examples() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(folder()).expect("examples").flatten().map(|e| e.path()).collect();
    all.retain(|path| path.join("main.claw").is_file());
    all.sort();
    assert!(all.len() >= 4, "only {all:?} was found");
    all
}

#[test]
fn check_without_findings() {
    for example in examples() {
        let analysis = Project::folder(&example).prove();
        assert_eq!(findings(&analysis), "", "{}", example.display());
    }
}

#[test]
fn have_a_readme_that_names_every_request() {
    for example in examples() {
        let readme = fs::read_to_string(example.join("README.md")).expect("a README");
        for (request, _) in requests(&example) {
            let stem = request.file_stem().expect("a name").to_string_lossy().into_owned();
            assert!(readme.contains(&format!("`{stem}`")), "{} does not say what `{stem}` shows", example.display());
        }
    }
}

#[test]
fn pass_their_own_tests() {
    let mut failures = Vec::new();
    for example in examples() {
        let analysis = Project::folder(&example).analyze();
        let checked = Checked::new(analysis.package.clone(), analysis.has_errors()).expect("it has no errors");
        let results = testing::run(&checked, &analysis.sources, None).expect("the policy compiles");
        assert!(!results.is_empty(), "{} has no tests", example.display());
        for test in results.iter().filter(|t| !t.passed()) {
            let kinds: Vec<_> = test.failures.iter().map(|f| format!("{}: {:?}", f.tool, f.kind)).collect();
            failures.push(format!("{}, \"{}\":\n  {}", example.display(), test.name, kinds.join("\n  ")));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Request files with what they are expected to give.
fn requests(example: &Path) -> Vec<(PathBuf, PathBuf)> {
    let mut out = Vec::new();
    for path in fs::read_dir(example.join("requests")).expect("requests").flatten().map(|e| e.path()) {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let Some((stem, kind)) = name.rsplit_once('.') else { continue };
        if !stem.ends_with(".expected") {
            out.push((path.clone(), path.with_file_name(format!("{stem}.expected.{kind}"))));
        }
    }
    out.sort();
    out
}

/// All JSON values of a file, one or many.
fn values(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let values: Result<_, _> = serde_json::Deserializer::from_str(&text).into_iter().collect();
    values.unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn decide_as_expected() {
    let mut failures = Vec::new();
    for example in examples() {
        let policy = Project::folder(&example).policy().expect("the policy compiles");
        for (requests, expected) in requests(&example) {
            let (requests_, expected) = (values(&requests), values(&expected));
            assert_eq!(requests_.len(), expected.len(), "{}", requests.display());
            let host = Host::new(&policy);
            for (i, (request, want)) in requests_.into_iter().zip(&expected).enumerate() {
                let got = wire(&host.run(with_call_id(request, i + 1).to_string().as_bytes(), Settlement::Ok));
                if let Some(what) = lacks(want, &got) {
                    failures.push(format!("{} #{}: {what}\n  in {got}", requests.display(), i + 1));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
