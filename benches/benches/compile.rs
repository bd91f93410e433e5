//! Checking, compiling and loading.

use claw_benches::{SIZES, bundle, source};
use claw_compiler::Workspace;
use claw_runtime::Policy;
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
