//! Large policies from text to decisions: time, memory and size of each step, each in a process of its own.
//!
//! Peak memory is what the system says of the process (`VmHWM`), so it holds the text and all that came of it.
//! `--test` does it with few rules.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, iter};

use claw_benches::{bundle, request, source};
use claw_compiler::Workspace;
use claw_runtime::{NoState, Policy};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [flag, step, rules, path] = args.as_slice()
        && flag == "--step"
    {
        let rules = rules.parse().expect("a number");
        let time = run(step, rules, Path::new(path));
        println!("{} {}", time.as_nanos(), peak_kb());
        return;
    }
    let sizes: &[usize] = if args.iter().any(|arg| arg == "--test") { &[20] } else { &[200, 2_000, 10_000, 100_000] };
    let path = std::env::temp_dir().join(format!("claw-scale-{}.clawb", std::process::id()));
    println!("{:>8}  {:<22} {:>10} {:>10} {:>12}", "rules", "step", "time", "peak", "bundle");
    for rules in sizes {
        for (step, times) in [("check", 3), ("compile", 3), ("load", 9), ("first decision", 9)] {
            let (time, peak) = median(iter::repeat_with(|| child(step, *rules, &path)).take(times).collect());
            let size = fs::metadata(&path).map_or(0.0, |file| file.len() as f64 / 1e6);
            println!("{rules:>8}  {step:<22} {time:>10.1?} {:>7} MB {size:>9.2} MB", peak / 1_024);
        }
        drop(fs::remove_file(&path));
    }
}

/// Runs a step in a process of its own: its time, and the most memory it held.
fn child(step: &str, rules: usize, path: &Path) -> (Duration, u64) {
    let program = std::env::current_exe().expect("this program");
    let rules = rules.to_string();
    let output = Command::new(program).args(["--step", step, &rules]).arg(path).output().expect("it runs");
    assert!(output.status.success(), "{step}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().map(|word| word.parse::<u64>().expect("a number"));
    let mut next = || numbers.next().expect("two numbers");
    (Duration::from_nanos(next()), next())
}

fn median(mut results: Vec<(Duration, u64)>) -> (Duration, u64) {
    results.sort_unstable();
    results[results.len() / 2]
}

fn run(step: &str, rules: usize, path: &Path) -> Duration {
    match step {
        "check" => {
            let text = source(rules);
            let start = Instant::now();
            let mut workspace = Workspace::new();
            workspace.set_file("main.claw", text.as_str());
            assert!(!workspace.analyze("main.claw").has_errors());
            start.elapsed()
        }
        "compile" => {
            let text = source(rules);
            let start = Instant::now();
            let bytes = bundle(&text);
            let time = start.elapsed();
            fs::write(path, bytes).expect("a bundle is written");
            time
        }
        "load" => {
            let bytes = fs::read(path).expect("a bundle");
            let start = Instant::now();
            let policy = black_box(Policy::from_bytes(&bytes).expect("it loads"));
            let time = start.elapsed();
            drop(policy);
            time
        }
        _ => {
            let policy = Policy::from_bytes(&fs::read(path).expect("a bundle")).expect("it loads");
            let start = Instant::now();
            let request = request(&policy, rules / 4);
            assert!(policy.decide(&request, &NoState).is_allowed());
            start.elapsed()
        }
    }
}

/// The most memory that this process ever held; 0 where the system doesn't say.
fn peak_kb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0)
}
