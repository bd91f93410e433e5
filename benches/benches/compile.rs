//! Checking, compiling and loading.

use claw_benches::{SIZES, bundle, one_tool, source};
use claw_compiler::lower::lower;
use claw_compiler::{Checked, Workspace, certify};
use claw_runtime::Policy;
use claw_runtime::bundle::Bundle;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// From text to findings.
#[divan::bench(args = SIZES, sample_count = 10)]
fn check(bencher: Bencher, rules: usize) {
    let text = source(rules);
    bencher.bench_local(|| {
        let mut workspace = Workspace::new();
        workspace.set_file("main.claw", black_box(text.as_str()));
        let analysis = workspace.analyze("main.claw");
        assert!(!analysis.has_errors());
    });
}

/// From text to a bundle's bytes.
#[divan::bench(args = SIZES, sample_count = 10)]
fn build(bencher: Bencher, rules: usize) {
    let text = source(rules);
    bencher.bench_local(|| bundle(black_box(&text)));
}

/// From a bundle's bytes to a policy that decides.
#[divan::bench(args = SIZES, sample_count = 20)]
fn load(bencher: Bencher, rules: usize) {
    let bytes = bundle(&source(rules));
    bencher.bench_local(|| Policy::from_bytes(black_box(&bytes)).is_ok());
}

/// From clauses and a bundle to a proof that they agree.
#[divan::bench(args = SIZES, sample_count = 10)]
fn prove(bencher: Bencher, rules: usize) {
    prove_of(bencher, &source(rules));
}

/// The same where every rule is about one tool.
#[divan::bench(args = SIZES, sample_count = 10)]
fn prove_one_tool(bencher: Bencher, rules: usize) {
    prove_of(bencher, &one_tool(rules));
}

fn prove_of(bencher: Bencher, text: &str) {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", text);
    let analysis = workspace.analyze("main.claw");
    let checked = Checked::new(analysis.package.clone(), analysis.has_errors()).expect("it checks");
    let bundle = Bundle::from_bytes(&bundle(text)).expect("it can be read");
    let lowered = lower(&checked);
    bencher.bench_local(|| assert!(certify(black_box(&lowered), black_box(&bundle)).holds()));
}
