//! The prover's answers, compared with what is decided about all requests of small policies.
//!
//! `CLAW_QUESTIONS` says how many questions about policies are asked (3,000 if not said), `CLAW_SEED` where the
//! policies start, `CLAW_REQUESTS` how many requests of each are tried (400). A wrong answer prints its seed and policy.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use claw_tests::brute::{Report, compare};
use claw_tests::generate::Rng;

fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().and_then(|v| v.replace('_', "").parse().ok()).unwrap_or(default)
}

#[test]
fn answers_agree_with_all_requests() {
    let (wanted, requests) = (number("CLAW_QUESTIONS", 3_000), number("CLAW_REQUESTS", 400));
    let next = AtomicUsize::new(number("CLAW_SEED", 1));
    let total = Mutex::new(Report::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while total.lock().expect("no thread failed").questions() < wanted {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let mut report = compare(&mut Rng::new(seed as u64), requests);
                    for text in report.wrong.iter_mut().chain(&mut report.rejected) {
                        *text = format!("seed {seed}: {text}");
                    }
                    total.lock().expect("no thread failed").add(report);
                }
            });
        }
    });
    let total = total.into_inner().expect("no thread failed");
    println!(
        "{} policies, {} rejected, {} requests, {} questions",
        total.policies,
        total.rejected.len(),
        total.requests,
        total.questions()
    );
    println!("{:#?}\nunknown because of {:#?}", total.answers, total.unknown);
    total.rejected.iter().take(5).for_each(|text| println!("{text}"));
    println!("{} wrong", total.wrong.len());
    assert!(
        total.wrong.is_empty(),
        "{}",
        total.wrong.iter().take(4).map(String::as_str).collect::<Vec<_>>().join("\n")
    );
}
