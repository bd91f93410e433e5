//! Decisions: of a prepared request, and from JSON to the answer in JSON.

use claw_benches::{SIZES, json, one_tool, policy, request, source};
use claw_runtime::NoState;
use divan::{AllocProfiler, Bencher, black_box};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// `Policy::decide` on a prepared request, the tool in the middle of the policy.
#[divan::bench(args = SIZES)]
fn prepared(bencher: Bencher, rules: usize) {
    let policy = policy(&source(rules));
    let request = request(&policy, rules / 4);
    assert!(policy.decide(&request, &NoState).is_allowed());
    bencher.bench_local(|| policy.decide(black_box(&request), &NoState));
}

/// The same with every rule on one tool.
#[divan::bench(args = SIZES)]
fn prepared_one_tool(bencher: Bencher, rules: usize) {
    let policy = policy(&one_tool(rules));
    let request = request(&policy, 0);
    assert!(policy.decide(&request, &NoState).is_allowed());
    bencher.bench_local(|| policy.decide(black_box(&request), &NoState));
}

/// Parsing and checking the request.
#[divan::bench(args = SIZES)]
fn prepare_json(bencher: Bencher, rules: usize) {
    let policy = policy(&source(rules));
    let json = json(rules / 4);
    bencher.bench_local(|| policy.prepare_json(black_box(json.as_bytes())).is_ok());
}

/// From JSON to the full decision with its explanation.
#[divan::bench(args = SIZES)]
fn json_to_decision(bencher: Bencher, rules: usize) {
    let policy = policy(&source(rules));
    let json = json(rules / 4);
    bencher.bench_local(|| policy.decide_json_pure(black_box(json.as_bytes())));
}
