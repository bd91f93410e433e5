//! What an engine adds to deciding: reserving and settling, histories of growing length, the ledger, the audit log.
//!
//! Prints one table. `--test` runs every line once, on little.

use std::hint::black_box;
use std::time::{Duration, Instant};

use claw_benches::policy;
use claw_runtime::{MemoryBounds, MemoryState, Policy, Request, Settlement, Time};

/// One limit that every call charges, and one question about the past that every call asks.
const POLICY: &str = r#"
package bench
environments prod
roles agent
tool get_order(id: string)
tool refund(order: string, amount: decimal)
tool plain(id: string)
grant any to agent
limit pot { on refund sum args.amount max 100000000000.00 per 24h each agent }
rule looked_up {
  on refund
  unless prior get_order(prior.id == args.order) within 24h
  deny "look it up first"
}
"#;

/// A time-out for nothing: calls of this many sessions take turns.
const SESSIONS: usize = 100;

fn main() {
    let test = std::env::args().any(|word| word == "--test");
    let policy = policy(POLICY);
    println!("{:<44} {:>12} {:>12}", "begin and settle in memory", "past calls", "median");
    let pasts: &[usize] = if test { &[10] } else { &[10, 1_000, 100_000, 1_000_000] };
    let calls = if test { 10 } else { 20_000 };
    for past in pasts {
        for tool in ["plain", "refund"] {
            let state = filled(&policy, *past);
            let requests: Vec<Request> = (0..calls).map(|i| call(&policy, tool, &format!("new-{i}"), i, (*past).max(SESSIONS * 2))).collect();
            let each = median(&requests, |request| {
                let decision = policy.begin(request, &state);
                assert!(decision.is_allowed());
                drop(black_box(policy.settle(request, Settlement::Ok, &state)));
            });
            let what = if tool == "plain" { "no limit, no history" } else { "a limit, a question about the past" };
            println!("{what:<44} {past:>12} {each:>12.1?}");
        }
    }
}

/// A store that has seen so many calls: half of them lookups, half refunds, all settled.
fn filled(policy: &Policy, past: usize) -> MemoryState {
    let bounds = MemoryBounds { settled: usize::MAX / 2, priors: usize::MAX / 2, ..MemoryBounds::default() };
    let state = MemoryState::with_bounds(bounds);
    for i in 0..past.max(SESSIONS * 2) {
        let tool = if i < SESSIONS || i % 2 == 0 { "get_order" } else { "refund" };
        let request = call(policy, tool, &format!("old-{i}"), i, 0);
        let decision = policy.begin(&request, &state);
        if decision.is_allowed() {
            drop(policy.settle(&request, Settlement::Ok, &state));
        }
    }
    state
}

/// A prepared call whose digest is known, at a time that grows with its number.
fn call(policy: &Policy, tool: &str, id: &str, number: usize, before: usize) -> Request {
    let millis = 1_772_438_400_000 + i64::try_from(before + number).expect("few calls") * 20;
    let time = Time::from_millis(millis).expect("a time");
    let session = number % SESSIONS;
    let args = match tool {
        "refund" => format!(r#"{{"order": "o-{session}", "amount": 0.01}}"#),
        _ => format!(r#"{{"id": "o-{session}"}}"#),
    };
    let json = format!(
        r#"{{"call_id": "{id}", "time": "{time}", "session": "s-{session}", "environment": "prod",
            "agent": {{"id": "bot", "roles": ["agent"]}}, "tool": "{tool}", "args": {args}}}"#
    );
    let request = policy.prepare_json(json.as_bytes()).unwrap_or_else(|denial| panic!("{denial}"));
    black_box(request.digest(policy));
    request
}

/// The median time of one run.
fn median<T>(inputs: &[T], mut run: impl FnMut(&T)) -> Duration {
    let mut times: Vec<Duration> = inputs
        .iter()
        .map(|input| {
            let start = Instant::now();
            run(input);
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}
