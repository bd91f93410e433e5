//! The open loop, and what it measures.

use std::fmt;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use crate::client::Session;
use crate::process::Gateway;

/// So many messages of failures are kept.
const SHOWN: usize = 3;

/// What was measured.
#[derive(Debug, Default)]
pub struct Sample {
    /// Calls that were answered rightly.
    pub answered: u64,
    /// Those that were not.
    pub failed: u64,
    /// Some reasons.
    pub failures: Vec<String>,
    /// From when a call was due to its answer; sorted.
    latencies: Vec<Duration>,
    /// The gateway's resident memory, each second.
    pub memory: Vec<u64>,
    /// How many cores the gateway kept busy.
    pub cpu: f64,
}

/// Starts `rate` calls a second, each when it is due, and waits for all.
pub async fn open_loop(sessions: &[Arc<Session>], rate: u32, time: Duration, watched: Option<&Gateway>) -> Sample {
    let calls = u64::from(rate) * time.as_secs();
    let handle = tokio::runtime::Handle::current();
    let (done, results) = mpsc::channel();
    let sessions = sessions.to_vec();
    let busy = watched.map(Gateway::cpu);
    let begin = Instant::now();
    // A thread of its own: timers of the runtime only know whole milliseconds.
    let pacer = std::thread::spawn(move || {
        for (at, session) in (0..calls).zip(sessions.iter().cycle()) {
            let due = begin + Duration::from_secs_f64(at as f64 / f64::from(rate));
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let (session, done) = (Arc::clone(session), done.clone());
            handle.spawn(async move {
                let result = session.call().await.map_err(|error| error.to_string());
                let _ = done.send(result.map(|()| due.elapsed()));
            });
        }
    });
    let mut memory = Vec::new();
    while !pacer.is_finished() {
        memory.extend(watched.map(Gateway::memory));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let all = tokio::task::spawn_blocking(move || results.iter().collect::<Vec<_>>()).await.unwrap_or_default();
    let cpu = watched.zip(busy).map_or(0.0, |(gateway, busy)| (gateway.cpu() - busy) / begin.elapsed().as_secs_f64());
    collect(all, memory, cpu)
}

fn collect(all: Vec<Result<Duration, String>>, memory: Vec<u64>, cpu: f64) -> Sample {
    let mut sample = Sample { memory, cpu, ..Sample::default() };
    for result in all {
        match result {
            Ok(latency) => sample.latencies.push(latency),
            Err(error) => {
                sample.failed += 1;
                if sample.failures.len() < SHOWN {
                    sample.failures.push(error);
                }
            }
        }
    }
    sample.answered = sample.latencies.len() as u64;
    sample.latencies.sort_unstable();
    sample
}

impl Sample {
    /// p50, p90, p99, p99.9 and the longest, in microseconds.
    pub fn quantiles(&self) -> Quantiles {
        let at = |share: f64| {
            let index = (share * (self.latencies.len().saturating_sub(1)) as f64).round() as usize;
            self.latencies.get(index).map_or(0.0, |latency| latency.as_secs_f64() * 1e6)
        };
        Quantiles([at(0.5), at(0.9), at(0.99), at(0.999), at(1.0)])
    }
}

/// Quantiles in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Quantiles([f64; 5]);

impl Quantiles {
    /// The mean of two.
    pub fn mean(one: &Quantiles, other: &Quantiles) -> Quantiles {
        Quantiles(std::array::from_fn(|at| (one.0[at] + other.0[at]) / 2.0))
    }

    /// The difference of quantiles.
    pub fn minus(&self, other: &Quantiles) -> Quantiles {
        Quantiles(std::array::from_fn(|at| self.0[at] - other.0[at]))
    }
}

impl fmt::Display for Quantiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|micros| write!(f, "{micros:>6.0} µs"))
    }
}
