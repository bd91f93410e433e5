//! Timing: many short runs that take turns, so that a busy machine spoils some of each and not the median.
//!
//! Knows nothing of engines: a seat is a closure.

use std::alloc::System;
use std::time::{Duration, Instant};

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

/// Counts every allocation of the process.
#[global_allocator]
pub static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Every seat takes so many turns.
const TURNS: u32 = 7;
/// A decision that takes longer is asked for few requests only.
const SLOW: Duration = Duration::from_millis(2);
/// How many.
const FEW: usize = 4;

/// What one engine needs for one workload.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Measured {
    /// The median of the means of passes over all requests, in nanoseconds per decision.
    pub p50_ns: f64,
    /// The 99th percentile of single decisions, in nanoseconds, without the clock's own time.
    pub p99_ns: f64,
    /// Allocations per decision.
    pub allocations: f64,
}

/// Decides the request with this number.
pub type Decide<'w> = Box<dyn FnMut(usize) -> bool + 'w>;

/// A column of one contest.
pub struct Seat<'w> {
    name: String,
    decide: Result<Decide<'w>, String>,
    cases: usize,
    passes: Vec<f64>,
    single: Vec<f64>,
    allocations: f64,
}

impl<'w> Seat<'w> {
    /// Somebody who decides.
    pub fn new(name: &str, decide: impl FnMut(usize) -> bool + 'w) -> Seat<'w> {
        Seat::or_reason(name, Ok(Box::new(decide)))
    }

    /// Somebody who decides, or why nobody does.
    pub fn or_reason(name: &str, decide: Result<Decide<'w>, String>) -> Seat<'w> {
        let (passes, single) = (Vec::new(), Vec::new());
        Seat { name: name.to_owned(), decide, cases: 0, passes, single, allocations: 0.0 }
    }

    /// Asks every request once, to see whether the answers are right; that also warms the seat up.
    fn check(&mut self, expected: &[bool]) -> Result<(), String> {
        let Ok(decide) = &mut self.decide else { return Ok(()) };
        let start = Instant::now();
        for (case, allowed) in expected.iter().enumerate() {
            if decide(case) != *allowed {
                return Err(format!("{} does not answer {allowed} to request {case}", self.name));
            }
        }
        let count = u32::try_from(expected.len()).unwrap_or(u32::MAX).max(1);
        self.cases = if start.elapsed() / count > SLOW { FEW.min(expected.len()) } else { expected.len() };
        let region = Region::new(ALLOCATOR);
        for case in 0..self.cases {
            std::hint::black_box(decide(case));
        }
        let change = region.change();
        self.allocations = (change.allocations + change.reallocations) as f64 / self.cases as f64;
        Ok(())
    }

    /// One turn: passes over the requests until the time is up, at least one.
    fn turn(&mut self, time: Duration, clock: f64) {
        let Ok(decide) = &mut self.decide else { return };
        let end = Instant::now() + time;
        loop {
            let start = Instant::now();
            for case in 0..self.cases {
                std::hint::black_box(decide(std::hint::black_box(case)));
            }
            self.passes.push(start.elapsed().as_nanos() as f64 / self.cases as f64);
            for case in 0..self.cases.min(16) {
                let start = Instant::now();
                std::hint::black_box(decide(std::hint::black_box(case)));
                self.single.push((start.elapsed().as_nanos() as f64 - clock).max(0.0));
            }
            if Instant::now() >= end {
                return;
            }
        }
    }

    fn measured(mut self) -> (String, Result<Measured, String>) {
        let measured = self.decide.map(|_| Measured {
            p50_ns: percentile(&mut self.passes, 0.5),
            p99_ns: percentile(&mut self.single, 0.99),
            allocations: self.allocations,
        });
        (self.name, measured)
    }
}

/// Compares every answer with what is expected, then measures; the error names the disagreement.
pub fn contest(
    mut seats: Vec<Seat<'_>>,
    expected: &[bool],
    turn: Duration,
) -> Result<Vec<(String, Result<Measured, String>)>, String> {
    for seat in &mut seats {
        seat.check(expected)?;
    }
    let clock = clock();
    for _ in 0..TURNS {
        for seat in &mut seats {
            seat.turn(turn, clock);
        }
    }
    Ok(seats.into_iter().map(Seat::measured).collect())
}

/// What reading the clock takes.
fn clock() -> f64 {
    let mut times: Vec<f64> = (0..1_000).map(|_| Instant::now().elapsed().as_nanos() as f64).collect();
    percentile(&mut times, 0.5)
}

/// The value below which this part of all values is.
pub fn percentile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() as f64 * part) as usize;
    values.get(at.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}
