//! What an engine adds to deciding: reserving and settling, histories of growing length, the ledger, the audit log.
//!
//! Prints three tables. `--test` runs every line once, on little; `begin` prints the first table on one past only,
//! with calls enough for a profiler.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use claw_benches::policy;
use claw_engine::audit::{AuditLog, DecisionEvent, Event, FileOptions, FileSink, Fsync, Options};
use claw_engine::ledger::{AskingId, Ledger, MemoryStore, Opening};
use claw_runtime::{MemoryBounds, MemoryState, Policy, Request, RequestInput, Settlement, Time, Vote};

/// One limit that every call charges, and one question about the past that every call asks.
const POLICY: &str = r#"
package bench
environments prod
roles agent
tool get_order(id: string)
tool refund(order: string, amount: decimal)
tool plain(id: string)
grant any to agent
approval boss { by 1 of agent expires 15m }
tool risky(id: string)
rule ask { on risky require boss }
limit pot { on refund sum args.amount max 100000000000.00 per 24h each agent }
rule looked_up {
  on refund
  unless prior get_order(prior.id == args.order) within 24h
  deny "look it up first"
}
"#;

/// Calls of this many sessions take turns.
const SESSIONS: usize = 100;

fn main() {
    let test = std::env::args().any(|word| word == "--test");
    let only_begin = std::env::args().any(|word| word == "begin");
    let policy = policy(POLICY);
    println!("{:<44} {:>12} {:>12}", "begin and settle in memory", "past calls", "median");
    let pasts: &[usize] = match (test, only_begin) {
        (true, _) => &[10],
        (false, true) => &[1_000],
        (false, false) => &[10, 1_000, 100_000, 1_000_000],
    };
    let calls = match (test, only_begin) {
        (true, _) => 10,
        (false, true) => 200_000,
        (false, false) => 20_000,
    };
    for past in pasts {
        for tool in ["plain", "refund"] {
            let state = filled(&policy, *past);
            let requests: Vec<Request> =
                (0..calls).map(|i| call(&policy, tool, &format!("new-{i}"), i, (*past).max(SESSIONS * 2))).collect();
            let each = median(&requests, |request| {
                // As the engine does.
                let decision = policy.begin_shared(request, &state);
                assert!(decision.is_allowed());
                drop(black_box(policy.settle(request, Settlement::Ok, &state)));
            });
            let what = if tool == "plain" { "no limit, no history" } else { "a limit, a question about the past" };
            println!("{what:<44} {past:>12} {each:>12.1?}");
        }
    }
    if only_begin {
        return;
    }
    println!();
    ledger(&policy, if test { 10 } else { 9_000 });
    println!();
    audit(&policy, if test { 100 } else { 200_000 });
}

/// Opening, voting on and claiming an approval, in memory.
fn ledger(policy: &Policy, askings: usize) {
    let ledger = Ledger::new(Arc::new(MemoryStore::bounded(askings + 1)));
    let now = time(0);
    let openings: Vec<Opening> = (0..askings)
        .map(|i| {
            let request = prepared(policy, &format!("c-{i}"), i, "risky", &format!(r#"{{"id": "o-{i}"}}"#), now);
            let decision = policy.begin(&request, &MemoryState::new());
            Opening::of(policy, &request, &decision).pop().expect("it needs an approval")
        })
        .collect();
    let opened = median(&openings, |opening| drop(black_box(ledger.ask(vec![opening.clone()], now))));
    let asked: Vec<(AskingId, claw_runtime::Digest)> = openings
        .into_iter()
        .map(|opening| {
            let request = opening.ballot.request_digest;
            (ledger.ask(vec![opening], now).expect("it is there").remove(0).id, request)
        })
        .collect();
    let voted = median(&asked, |(id, _)| {
        ledger.vote(None, id, Vote::grant("olga", now).role("agent"), now).expect("the vote counts");
    });
    let claimed = median(&asked, |(_, request)| {
        assert_eq!(ledger.claim(None, request, "c", now).expect("it is granted").held.len(), 1);
    });
    println!("{:<44} {:>12} {:>12}", "the ledger in memory", "askings", "median");
    for (what, each) in [("ask", opened), ("vote", voted), ("claim", claimed)] {
        println!("{what:<44} {askings:>12} {each:>12.1?}");
    }
}

/// Records of decisions into files, by one thread and by several.
fn audit(policy: &Policy, records: usize) {
    println!("{:<44} {:>12} {:>12}", "the audit log in files", "records", "per second");
    let folder = std::env::temp_dir().join(format!("claw-bench-audit-{}", std::process::id()));
    for (what, fsync, threads, records) in [
        ("left to the system, one thread", Fsync::Os, 1, records),
        ("left to the system, four threads", Fsync::Os, 4, records),
        ("synced every 100 ms, four threads", Fsync::Interval(Duration::from_millis(100)), 4, records),
        ("synced before each answer, one thread", Fsync::Every, 1, records / 100),
        ("synced before each answer, 16 threads", Fsync::Every, 16, records / 100),
    ] {
        let rate = recorded(policy, &folder, fsync, threads, records);
        println!("{what:<44} {records:>12} {rate:>12.0}");
        drop(std::fs::remove_dir_all(&folder));
    }
}

fn recorded(policy: &Policy, folder: &Path, fsync: Fsync, threads: usize, records: usize) -> f64 {
    let sink = FileSink::open(folder, FileOptions { fsync, ..FileOptions::default() }).expect("a folder");
    let log = AuditLog::open(Box::new(sink), Options::default()).expect("a log");
    let json = wire("c-1", 0, "plain", r#"{"id": "o-1"}"#, time(0));
    let input = RequestInput::from_json(json.as_bytes(), policy.limits()).expect("a request");
    let decision = policy.decide_json_pure(json.as_bytes());
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for _ in 0..records / threads {
                    let event = Event::Decision(Box::new(DecisionEvent::new(&input, &decision, policy, 5)));
                    log.record(time(0), &event).expect("it is kept");
                }
            });
        }
    });
    records as f64 / start.elapsed().as_secs_f64()
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
    let session = number % SESSIONS;
    let args = match tool {
        "refund" => format!(r#"{{"order": "o-{session}", "amount": 0.01}}"#),
        _ => format!(r#"{{"id": "o-{session}"}}"#),
    };
    prepared(policy, id, number, tool, &args, time(before + number))
}

fn prepared(policy: &Policy, id: &str, number: usize, tool: &str, args: &str, now: Time) -> Request {
    let json = wire(id, number % SESSIONS, tool, args, now);
    let request = policy.prepare_json(json.as_bytes()).unwrap_or_else(|denial| panic!("{denial}"));
    black_box(request.digest(policy));
    request
}

fn wire(id: &str, session: usize, tool: &str, args: &str, now: Time) -> String {
    format!(
        r#"{{"call_id": "{id}", "time": "{now}", "session": "s-{session}", "environment": "prod",
            "agent": {{"id": "bot", "roles": ["agent"]}}, "tool": "{tool}", "args": {args}}}"#
    )
}

/// 20 ms after another.
fn time(number: usize) -> Time {
    Time::from_millis(1_772_438_400_000 + i64::try_from(number).expect("few calls") * 20).expect("a time")
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
