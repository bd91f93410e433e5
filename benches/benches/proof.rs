//! Proving: every finding about a policy, and the differences between two versions of it.
//!
//! Prints times, and the memory that the process needed at most so far; workloads grow, so the last line of a shape is
//! about its largest.

use std::time::{Duration, Instant};

use claw_benches::{SIZES, invariants, shared, source};
use claw_compiler::proof::diff::compare;
use claw_compiler::proof::findings::findings;
use claw_compiler::proof::side::Side;
use claw_compiler::{Checked, Workspace};

fn main() {
    let only = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let test = std::env::args().any(|word| word == "--test");
    println!("{:<12} {:>6}  {:>10} {:>10} {:>10} {:>8}", "shape", "rules", "read", "findings", "diff", "peak");
    for (shape, make) in [("own tools", source as fn(usize) -> String), ("shared", shared)] {
        for rules in SIZES {
            let skip = only.as_ref().is_some_and(|only| *only != rules.to_string());
            if skip || (test && rules > 10) {
                continue;
            }
            let old = make(rules) + &invariants();
            // One threshold in the middle is another.
            let new = old.replace(&format!("{}.50", 100 + rules / 4), "99.25");
            let (read, one) = timed(|| side(&old));
            let (findings, _) = timed(|| findings(&one));
            drop(one);
            let (mut old, mut new) = (side(&old), side(&new));
            let (diff, _) = timed(|| compare(&mut old, &mut new));
            println!("{shape:<12} {rules:>6}  {read:>10.1?} {findings:>10.1?} {diff:>10.1?} {:>5} MB", peak() / 1024);
        }
    }
}

fn timed<T>(run: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let out = run();
    (start.elapsed(), out)
}

fn side(text: &str) -> Side {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", text);
    let analysis = workspace.analyze("main.claw");
    let checked = Checked::new(analysis.package.clone(), analysis.has_errors()).expect("it checks");
    Side::new(&checked, &analysis.sources).expect("it loads")
}

/// The most memory that the process had so far, in KiB; 0 where nobody says.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
