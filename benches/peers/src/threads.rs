//! Two threads that share one policy, beside one thread.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use claw_runtime::{NoState, Policy, Request};

use crate::measure::{Measured, percentile};
use crate::report::{Cell, Row};
use crate::workload::Workload;
use crate::workloads::agents;

const TURNS: usize = 15;

/// Decides with one thread's own requests.
type Work<'w> = Box<dyn Fn(usize) -> bool + Send + 'w>;

/// One row: 200 rules, each thread with requests of its own.
pub fn rows(_quick: bool, turn: Duration) -> Result<Vec<Row>, String> {
    let workload = agents::workload(200);
    let policy = claw_benches::policy(&workload.claw);
    let cases = workload.cases.len();
    let claw = || -> Work<'_> { own(&policy, &workload) };
    let by_hand = || -> Work<'_> { Box::new(|i| (workload.by_hand)(i)) };
    let mut samples = [const { Vec::new() }; 4];
    for _ in 0..TURNS {
        for (threads, at) in [(1, 0), (2, 1)] {
            samples[at].push(run((0..threads).map(|_| claw()).collect(), cases, turn));
            samples[at + 2].push(run((0..threads).map(|_| by_hand()).collect(), cases, turn));
        }
    }
    let names = ["one thread", "two threads", "by hand, one", "by hand, two"];
    let cells = names.iter().zip(&mut samples).map(|(name, samples)| -> Cell {
        let p50_ns = percentile(samples, 0.5);
        ((*name).to_owned(), Ok(Measured { p50_ns, p99_ns: f64::NAN, allocations: f64::NAN }))
    });
    Ok(vec![Row {
        group: "Threads",
        name: "threads".to_owned(),
        size: 200,
        about: "time per decision of all threads together: half of it is twice the throughput. Two threads by hand show what \
                the machine can give"
            .to_owned(),
        cells: cells.collect(),
    }])
}

fn own<'w>(policy: &'w Policy, workload: &Workload) -> Work<'w> {
    let requests: Vec<Request> = workload
        .cases
        .iter()
        .map(|case| policy.prepare_json(case.claw.as_bytes()).unwrap_or_else(|denial| panic!("{denial}")))
        .collect();
    Box::new(move |i| policy.decide(&requests[i], &NoState).is_allowed())
}

/// Nanoseconds of the wall clock per decision.
fn run(work: Vec<Work<'_>>, cases: usize, turn: Duration) -> f64 {
    let (start, stop, total) = (Barrier::new(work.len() + 1), AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for decide in work {
            let (start, stop, total) = (&start, &stop, &total);
            scope.spawn(move || {
                let mut count = 0;
                start.wait();
                while !stop.load(Ordering::Relaxed) {
                    for case in 0..cases {
                        std::hint::black_box(decide(std::hint::black_box(case)));
                    }
                    count += cases as u64;
                }
                total.fetch_add(count, Ordering::Relaxed);
            });
        }
        start.wait();
        let began = Instant::now();
        std::thread::sleep(turn);
        stop.store(true, Ordering::Relaxed);
        began.elapsed()
    })
    .as_nanos() as f64
        / total.load(Ordering::Relaxed) as f64
}
