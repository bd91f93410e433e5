//! Whole gateways: two that share a Redis and a PostgreSQL, and one that is killed again and again over its files.
#![cfg(all(feature = "redis", feature = "postgres", feature = "sqlite"))]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod bundles;
#[path = "servers/postgres.rs"]
mod postgres_server;
#[path = "servers/redis.rs"]
mod redis_server;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, thread};

use bundles::build;
use claw_engine::audit::{AuditLog, Event, Expected, FileOptions, FileSink, Fsync, Options, Record, read, verify};
use claw_engine::ledger::{self, Ledger, PostgresOptions, PostgresStore, SqliteStore};
use claw_engine::{Engine, RedisOptions, RedisState, SqliteOptions, SqliteState, Trust};
use claw_runtime::{Limits, Outcome, Reason, RequestInput, Settlement, Time, Vote};
use postgres_server::Postgres;
use redis_server::Redis;

/// A hundred payments of 10 and no more; wipes need an approval each.
const POLICY: &str = r#"
package fleet
environments prod
roles        agent, lead
approval boss { by 1 of lead  expires 24h }
tool pay(amount: decimal)
tool wipe(disk: int)
grant any to agent
rule wipes_are_asked_for { on wipe require boss }
limit pot { on pay sum args.amount  max 1000.00 per 24h  each tenant }
"#;

/// Longer than anything takes, however busy the machine.
const LONG: std::time::Duration = std::time::Duration::from_secs(60);

fn input(id: &str, session: &str, tool: &str, args: &str) -> RequestInput {
    let json = format!(
        r#"{{ "call_id": "{id}", "tenant": "acme", "session": "{session}", "environment": "prod",
              "agent": {{ "id": "bot", "roles": ["agent"] }}, "tool": "{tool}", "args": {args} }}"#
    );
    RequestInput::from_json(json.as_bytes(), &Limits::default()).unwrap()
}

fn pay(id: &str, session: &str) -> RequestInput {
    input(id, session, "pay", r#"{"amount": 10.00}"#)
}

fn wipe(id: &str, disk: usize) -> RequestInput {
    input(id, "shared", "wipe", &format!(r#"{{"disk": {disk}}}"#))
}

fn lead(person: &str) -> Vote {
    Vote::grant(person, Time::from_millis(0).unwrap()).role("lead")
}

fn log(folder: &Path, fsync: Fsync) -> AuditLog {
    let sink = FileSink::open(folder, FileOptions { fsync, ..FileOptions::default() }).unwrap();
    AuditLog::open(Box::new(sink), Options { patience: LONG, ..Options::default() }).unwrap()
}

/// The events of a log that verifies.
fn events(folder: &Path) -> Vec<Event> {
    let report = verify(&[folder.to_owned()], &Expected::default()).unwrap();
    assert!(report.is_whole(), "{report:?}");
    read(folder).unwrap().map(|record| -> Record { record.unwrap().1 }).map(|record| record.event).collect()
}

/// The calls that a log says were allowed, not counting repeated answers.
fn allowed(events: &[Event], tool: &str) -> Vec<String> {
    let of = |event: &Event| match event {
        Event::Decision(call) if call.tool == tool && call.decision == "allow" && !call.replayed => {
            call.call_id.clone()
        }
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

#[test]
fn two_gateways_never_overspend_nor_use_an_approval_twice() {
    let (Some(redis), Some(postgres)) = (Redis::start(), Postgres::start_with(&["fsync=off"])) else { return };
    let folder = tempfile::tempdir().unwrap();
    let gateway = |name: &str| {
        let options = RedisOptions { timeout: LONG, ..RedisOptions::default() };
        let patient = PostgresOptions { timeout: LONG, ..PostgresOptions::default() };
        let engine = Engine::builder(Trust::anyone())
            .state(RedisState::connect_with(&redis.url(), options).unwrap())
            .ledger(Ledger::new(Arc::new(PostgresStore::connect_with(&postgres.config(), patient).unwrap())))
            .audit(log(&folder.path().join(name), Fsync::Os))
            .build();
        engine.load(Some("acme"), &build(&[("main.claw", POLICY)]).bytes, None).unwrap();
        engine
    };
    let gateways = [gateway("one"), gateway("two")];

    let spent = AtomicUsize::new(0);
    thread::scope(|threads| {
        for i in 0..16 {
            let (engine, spent) = (&gateways[i % 2], &spent);
            threads.spawn(move || {
                let session = format!("s-{i}");
                for n in 0.. {
                    let call = engine.begin(pay(&format!("{i}-{n}"), &session));
                    if !call.is_allowed() {
                        assert_eq!(call.decision().reason, Reason::Limit, "{}", call.decision());
                        return;
                    }
                    spent.fetch_add(1, Ordering::SeqCst);
                    engine.settle(&call, Settlement::Ok, None).unwrap();
                }
            });
        }
    });
    assert_eq!(spent.load(Ordering::SeqCst), 100, "all of the budget, and no more");

    const DISKS: usize = 40;
    for disk in 0..DISKS {
        let call = gateways[0].begin(wipe(&format!("ask-{disk}"), disk));
        let askings = gateways[0].ask(&call).unwrap();
        gateways[1].vote(Some("acme"), &askings[0].id, lead("lea")).unwrap();
    }
    let wiped: Vec<AtomicUsize> = (0..DISKS).map(|_| AtomicUsize::new(0)).collect();
    thread::scope(|threads| {
        for i in 0..8 {
            let (engine, wiped) = (&gateways[i % 2], &wiped);
            threads.spawn(move || {
                for (disk, count) in wiped.iter().enumerate() {
                    let call = engine.begin(wipe(&format!("{i}-{disk}"), disk));
                    if call.is_allowed() {
                        count.fetch_add(1, Ordering::SeqCst);
                        engine.settle(&call, Settlement::Error, None).unwrap();
                    } else {
                        assert_eq!(call.decision().outcome, Outcome::RequireApproval, "{}", call.decision());
                    }
                }
            });
        }
    });
    let wiped: BTreeSet<usize> = wiped.iter().map(|count| count.load(Ordering::SeqCst)).collect();
    assert_eq!(wiped, BTreeSet::from([1]), "each disk once");

    drop(gateways);
    let both: Vec<Event> = ["one", "two"].iter().flat_map(|name| events(&folder.path().join(name))).collect();
    assert_eq!((allowed(&both, "pay").len(), allowed(&both, "wipe").len()), (100, DISKS));
}

// A gateway that is killed. It is a process: this test's own program, started again.

const PLACE: &str = "CLAW_FLEET_PLACE";
const ROUND: &str = "CLAW_FLEET_ROUND";
const ROUNDS: usize = 6;
/// Acknowledgements after which a gateway is killed.
const ENOUGH: [usize; ROUNDS] = [3, 10, 1, 25, 7, 40];

fn from_files(place: &Path) -> Engine {
    let state = SqliteState::open_with(place.join("state.db"), SqliteOptions { timeout: LONG, ..Default::default() });
    let store = SqliteStore::open_with(&place.join("ledger.db"), ledger::SqliteOptions { timeout: LONG });
    let engine = Engine::builder(Trust::anyone())
        .state(state.unwrap())
        .ledger(Ledger::new(Arc::new(store.unwrap())))
        .audit(log(&place.join("audit"), Fsync::Every))
        .build();
    engine.load(Some("acme"), &build(&[("main.claw", POLICY)]).bytes, None).unwrap();
    engine
}

#[test]
fn a_gateway_may_be_killed_at_any_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut said: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (round, enough) in ENOUGH.iter().enumerate() {
        let mut gateway = Command::new(env::current_exe().unwrap())
            .args(["--exact", "child_of_the_killed", "--nocapture", "--test-threads", "1"])
            .env(PLACE, folder.path())
            .env(ROUND, round.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = 0;
        for line in BufReader::new(gateway.stdout.take().unwrap()).lines() {
            // The last line may be half of one.
            let Ok(line) = line else { break };
            let Some((what, id)) = line.split_once('|') else { continue };
            let what = ["allowed", "settled", "voted"].into_iter().find(|known| *known == what).unwrap();
            said.entry(what).or_default().push(id.to_owned());
            lines += 1;
            if lines == *enough {
                gateway.kill().unwrap();
            }
        }
        gateway.wait().unwrap();
    }
    assert!(said.values().map(Vec::len).sum::<usize>() >= ENOUGH.iter().sum(), "{said:?}");

    // Opening it once more mends a torn end. The log then says all that was acknowledged.
    drop(from_files(folder.path()));
    let events = events(&folder.path().join("audit"));
    let (pays, wipes) = (allowed(&events, "pay"), allowed(&events, "wipe"));
    let known: BTreeSet<&String> = pays.iter().chain(&wipes).collect();
    assert!(said["allowed"].iter().all(|id| known.contains(id)), "{said:?}\n{known:?}");
    let settled: BTreeSet<String> = events
        .iter()
        .filter_map(|event| match event {
            Event::Result(result) => Some(result.call_id.clone()),
            _ => None,
        })
        .collect();
    assert!(said["settled"].iter().all(|id| settled.contains(id)), "{said:?}\n{settled:?}");
    let voted = events.iter().filter(|event| matches!(event, Event::Vote(vote) if vote.accepted)).count();
    assert!(voted >= said.get("voted").map_or(0, Vec::len), "{voted} {said:?}");

    // Nothing was paid beyond the limit, and no wipe happened twice.
    assert!(pays.len() <= 100, "{}", pays.len());
    let disks: Vec<&str> = wipes.iter().filter_map(|id| id.rsplit('-').next()).collect();
    assert_eq!(disks.len(), disks.iter().collect::<BTreeSet<_>>().len(), "{wipes:?}");

    // What is left of the budget can be spent: nothing of it was lost but what calls that were cut short hold.
    let engine = from_files(folder.path());
    let rest = (0..200).take_while(|n| engine.begin(pay(&format!("rest-{n}"), "rest")).is_allowed()).count();
    assert!(pays.len() + rest <= 100 && pays.len() + rest + ROUNDS >= 100, "{} and {rest}", pays.len());
}

/// Not a test by itself: the gateway that [`a_gateway_may_be_killed_at_any_time`] kills.
#[test]
fn child_of_the_killed() {
    let (Some(place), Ok(round)) = (env::var_os(PLACE), env::var(ROUND)) else { return };
    let engine = from_files(Path::new(&place));
    for n in 0..60 {
        let call = engine.begin(pay(&format!("pay-{round}-{n}"), "s"));
        if call.is_allowed() {
            say("allowed", call.input().call_id.as_deref().unwrap());
            engine.settle(&call, Settlement::Ok, None).unwrap();
            say("settled", call.input().call_id.as_deref().unwrap());
        }
        // All rounds fight for the same disks.
        let id = format!("wipe-{round}-{n}");
        let call = engine.begin(wipe(&id, n));
        if call.needs_approval() {
            for asking in engine.ask(&call).unwrap() {
                // A disk that is wiped is asked for anew; the child's own rule is to leave it then.
                if asking.version == 1 && engine.vote(Some("acme"), &asking.id, lead("lea")).is_ok() {
                    say("voted", &asking.id.to_string());
                }
            }
            let call = engine.begin(wipe(&id, n));
            if call.is_allowed() {
                say("allowed", &id);
                engine.settle(&call, Settlement::Ok, None).unwrap();
                say("settled", &id);
            }
        }
    }
}

fn say(what: &str, id: &str) {
    let mut out = std::io::stdout().lock();
    // The line break first: the test runner may be in the middle of a line.
    writeln!(out, "\n{what}|{id}").unwrap();
    out.flush().unwrap();
}
