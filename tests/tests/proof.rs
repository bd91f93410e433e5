//! The prover's answers, compared with what is decided about all requests of small policies.
//!
//! `CLAW_QUESTIONS` says how many questions about policies are asked (3,000 if not said), `CLAW_SEED` where the
//! policies start, `CLAW_REQUESTS` how many requests of each are tried (400). A wrong answer prints its seed and policy.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use claw_compiler::proof::side::Fault;
use claw_tests::brute::{Report, compare};
use claw_tests::generate::Rng;

/// More unknown answers than these, in percent, are a step back.
const MOST_UNKNOWN: f64 = 9.0;

fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().and_then(|v| v.replace('_', "").parse().ok()).unwrap_or(default)
}

/// Compares answers until so many questions were asked, or something is wrong and `until_wrong`.
fn run(wanted: usize, requests: usize, fault: Option<Fault>, until_wrong: bool) -> Report {
    let next = AtomicUsize::new(number("CLAW_SEED", 1));
    let total = Mutex::new(Report::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let goes_on = || {
        let total = total.lock().expect("no thread failed");
        total.questions() < wanted && (total.wrong.is_empty() || !until_wrong)
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while goes_on() {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let mut report = compare(&mut Rng::new(seed as u64), requests, fault);
                    for text in report.wrong.iter_mut().chain(&mut report.rejected) {
                        *text = format!("seed {seed}: {text}");
                    }
                    total.lock().expect("no thread failed").add(report);
                }
            });
        }
    });
    total.into_inner().expect("no thread failed")
}

#[test]
fn answers_agree_with_all_requests() {
    let total = run(number("CLAW_QUESTIONS", 3_000), number("CLAW_REQUESTS", 400), None, false);
    println!(
        "{} policies, {} rejected, {} requests, {} questions, {:?} test blocks passed",
        total.policies,
        total.rejected.len(),
        total.requests,
        total.questions(),
        total.blocks,
    );
    println!("{:#?}\nunknown because of {:#?}", total.answers, total.unknown);
    total.rejected.iter().take(5).for_each(|text| println!("{text}"));
    println!("{} wrong", total.wrong.len());
    let some: Vec<&str> = total.wrong.iter().take(4).map(String::as_str).collect();
    assert!(some.is_empty(), "{}", some.join("\n"));
    assert!(total.rejected.len() * 50 <= total.policies, "{} policies did not check", total.rejected.len());
    assert!(total.refused * 100 <= total.requests, "{} requests were not understood", total.refused);
    let unknown = total.share(|answer| answer.starts_with("unknown"));
    println!("{unknown:.1} % of the answers are unknown");
    assert!(unknown < MOST_UNKNOWN, "{unknown} % of the answers are unknown");
}

#[test]
fn wrong_steps_show_nothing_wrong() {
    for fault in [Fault::AcceptsAny, Fault::Forgets] {
        let total = run(400, 100, Some(fault), false);
        let refuted = total.answers.get("refuted").copied().unwrap_or(0);
        println!("{fault:?}: {:?}", total.answers);
        let wrong: Vec<&String> = total.wrong.iter().filter(|text| !text.contains("proved wrongly")).collect();
        assert!(wrong.is_empty(), "{fault:?}: {}", wrong[0]);
        assert!(refuted > 0, "{fault:?}");
    }
}

#[test]
fn wrong_proofs_are_noticed() {
    let total = run(20_000, 400, Some(Fault::RulesOut), true);
    assert!(total.wrong.iter().any(|text| text.contains("proved wrongly")), "{} questions", total.questions());
}
