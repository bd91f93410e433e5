//! The store in Redis against a real server: shared, killed, emptied, paused, full of nonsense.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "servers/redis.rs"]
mod redis_server;
mod stores;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration as Wait, Instant};

use claw_engine::{RedisOptions, RedisState};
use claw_runtime::state::{Realm, SessionScope, SettleOutcome, Settlement, State};
use claw_runtime::{Decision, Evidence, Outcome, Policy, Reason, RequestInput, Tri, Vote};
use redis::Value;

use redis_server::Redis;
use stores::{at, begin, call, policy, spend};

/// Far longer than anything takes, however busy the machine.
const LONG: Wait = Wait::from_secs(60);

fn patient() -> RedisOptions {
    RedisOptions { timeout: LONG, ..RedisOptions::default() }
}

fn connect(server: &Redis) -> RedisState {
    RedisState::connect_with(&server.url(), patient()).unwrap()
}

fn scope() -> SessionScope<'static> {
    SessionScope { tenant: Some("acme"), session: Some("s"), parent_session: None }
}

#[track_caller]
fn assert_denied(decision: &Decision, why: &str) {
    assert_eq!(decision.outcome, Outcome::Deny, "{decision}");
    let unavailable = [Reason::StateUnavailable, Reason::LimitUnavailable];
    assert!(unavailable.contains(&decision.reason), "{decision}");
    let message = decision.to_string();
    assert!(message.contains(why), "`{why}` is not said: {message}");
}

#[track_caller]
fn assert_allowed(decision: &Decision) {
    assert_eq!(decision.outcome, Outcome::Allow, "{decision}");
}

/// Spends one by one until the limit denies; says how much it was.
fn spend_all(policy: &Policy, state: &dyn State, name: &str) -> usize {
    for n in 0.. {
        let decision = begin(policy, state, spend(&format!("{name}-{n}"), "1", 0));
        if decision.outcome == Outcome::Deny {
            assert_eq!(decision.reason, Reason::Limit, "{decision}");
            return n;
        }
    }
    unreachable!()
}

#[test]
fn many_gateways_share_one_budget() {
    let Some(server) = Redis::start() else { return };
    let policy = policy();
    let gateways = [connect(&server), connect(&server)];
    let spent = AtomicUsize::new(0);
    std::thread::scope(|threads| {
        for thread in 0..16 {
            let (policy, gateway, spent) = (&policy, &gateways[thread % 2], &spent);
            threads.spawn(move || {
                // Each session by itself, all of them one user; every third call is taken back.
                for n in 0.. {
                    let id = format!("{thread}-{n}");
                    let input = spend(&id, "1", 0).session(format!("s{thread}"));
                    let decision = begin(policy, gateway, input.clone());
                    if decision.outcome == Outcome::Deny {
                        assert_eq!(decision.reason, Reason::Limit, "{decision}");
                        break;
                    }
                    let how = if n % 3 == 2 { Settlement::NotExecuted } else { Settlement::Ok };
                    let request = policy.prepare(&input).unwrap();
                    assert_eq!(policy.settle(&request, how, gateway), Ok(SettleOutcome::Settled));
                    spent.fetch_add(usize::from(how == Settlement::Ok), Ordering::SeqCst);
                }
            });
        }
    });
    // A call that was about to be taken back may have left others without room for a moment; nobody has it now.
    let spent = spent.load(Ordering::SeqCst);
    let rest = spend_all(&policy, &gateways[0], "rest");
    assert_eq!(spent + rest, 100, "{spent} were spent, and {rest} then");
}

#[test]
fn one_gateway_spends_what_another_left() {
    let Some(server) = Redis::start() else { return };
    let (policy, a, b) = (policy(), connect(&server), connect(&server));
    let first = begin(&policy, &a, spend("a", "99.99", 0));
    assert_allowed(&first);
    assert_eq!(begin(&policy, &b, spend("b", "0.02", 0)).reason, Reason::Limit);
    assert_allowed(&begin(&policy, &b, spend("b", "0.01", 0)));
    // The same call gets the same answer, wherever it is asked.
    let again = begin(&policy, &b, spend("a", "99.99", 0));
    assert_eq!(again, Decision { replayed: true, ..first });
    assert_eq!(b.settle(&scope(), "a", Settlement::NotExecuted), Ok(SettleOutcome::Settled));
    assert_eq!(a.settle(&scope(), "a", Settlement::Ok), Ok(SettleOutcome::AlreadySettled));
    assert_eq!(a.settle(&scope(), "nobody", Settlement::Ok), Ok(SettleOutcome::UnknownCall));
    assert_eq!(begin(&policy, &a, spend("a", "99.99", 0)).reason, Reason::DuplicateCall);
    assert_allowed(&begin(&policy, &a, spend("c", "99.99", 0)));
}

/// Has eight threads at two gateways begin a call at once.
fn at_once(policy: &Policy, gateways: &[RedisState; 2], input: impl Fn(usize) -> RequestInput + Sync) -> Vec<Decision> {
    let barrier = std::sync::Barrier::new(8);
    std::thread::scope(|threads| {
        let started: Vec<_> = (0..8)
            .map(|thread| {
                let (input, barrier) = (&input, &barrier);
                threads.spawn(move || {
                    barrier.wait();
                    begin(policy, &gateways[thread % 2], input(thread))
                })
            })
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn the_same_call_is_charged_once() {
    let Some(server) = Redis::start() else { return };
    let (policy, gateways) = (policy(), [connect(&server), connect(&server)]);
    for round in 0..9 {
        let decisions = at_once(&policy, &gateways, |_| spend(&format!("{round}"), "10", 0));
        assert!(decisions.iter().all(Decision::is_allowed), "{decisions:?}");
        assert_eq!(decisions.iter().filter(|decision| !decision.replayed).count(), 1, "{decisions:?}");
    }
    assert_eq!(spend_all(&policy, &gateways[0], "rest"), 10);
}

#[test]
fn evidence_is_used_once() {
    let Some(server) = Redis::start() else { return };
    let (policy, gateways) = (policy(), [connect(&server), connect(&server)]);
    for session in ["s0", "s1", "s2", "s3"] {
        let in_session = |tool: &str, id: &str| call(tool, id, 0).session(session).arg("id", "x");
        assert_allowed(&begin(&policy, &gateways[0], in_session("fetch", "a")));
        assert_allowed(&begin(&policy, &gateways[0], in_session("look", "b")));
        let scope = SessionScope { session: Some(session), ..scope() };
        gateways[1].settle(&scope, "b", Settlement::Ok).unwrap();
        let send = |id: &str| in_session("send", id).arg("amount", 0i64);
        let asked = begin(&policy, &gateways[0], send("c"));
        assert_eq!(asked.outcome, Outcome::RequireApproval, "{asked}");
        let evidence = Evidence::new(&asked.approvals[0], asked.request_digest.unwrap(), at(0));
        let evidence = evidence.vote(Vote::grant("eva", at(0)).role("sre"));
        let decisions = at_once(&policy, &gateways, |n| send(&format!("try-{n}")).approval(evidence.clone()));
        assert_eq!(decisions.iter().filter(|decision| decision.is_allowed()).count(), 1, "{decisions:?}");
    }
}

#[test]
fn tenants_share_nothing() {
    let Some(server) = Redis::start() else { return };
    let (policy, state) = (policy(), connect(&server));
    for tenant in ["acme", "acme}", "", "acme:s"] {
        assert_allowed(&begin(&policy, &state, spend("a", "100", 0).tenant(tenant)));
    }
    let nobody = RequestInput { tenant: None, ..spend("a", "100", 0) };
    assert_allowed(&begin(&policy, &state, nobody));
}

#[test]
fn a_killed_server_denies_and_has_lost_nothing_it_wrote_down() {
    let Some(mut server) = Redis::with(&["--appendonly", "yes", "--appendfsync", "always"]) else { return };
    let (policy, state) = (policy(), connect(&server));
    let spent = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    std::thread::scope(|threads| {
        for thread in 0..4 {
            let (policy, state, spent, stop) = (&policy, &state, &spent, &stop);
            threads.spawn(move || {
                for n in 0.. {
                    let input = spend(&format!("{thread}-{n}"), "1", 0).session(format!("s{thread}"));
                    let decision = begin(policy, state, input);
                    spent.fetch_add(usize::from(decision.is_allowed()), Ordering::SeqCst);
                    if decision.outcome == Outcome::Deny && stop.load(Ordering::SeqCst) {
                        assert_denied(&decision, "");
                        break;
                    }
                }
            });
        }
        while spent.load(Ordering::SeqCst) < 20 {
            std::thread::yield_now();
        }
        stop.store(true, Ordering::SeqCst);
        server.kill();
    });
    assert_denied(&begin(&policy, &state, spend("down", "1", 0)), "there is no connection");
    server.restart();
    // What was answered was written. At most one call of each thread was written and not answered.
    let answered = spent.load(Ordering::SeqCst);
    let rest = spend_all(&policy, &state, "rest");
    assert!(answered + rest <= 100, "{answered} and {rest} were spent of 100");
    assert!(answered + rest >= 96, "{answered} and {rest} were spent of 100");
}

#[test]
fn a_server_that_has_forgotten_everything_is_unavailable() {
    let Some(mut server) = Redis::start() else { return };
    let (policy, state, other) = (policy(), connect(&server), connect(&server));
    assert_allowed(&begin(&policy, &state, spend("a", "60", 0)));
    server.kill();
    server.restart();
    for round in 0..3 {
        // Neither a tenant that it knew nor one that it didn't: its calls, too, may have been forgotten.
        assert_denied(&begin(&policy, &state, spend("b", "60", round)), "lost the past");
        assert_denied(&begin(&policy, &state, spend("b", "60", round).tenant("new")), "lost the past");
        assert!(state.settle(&scope(), "a", Settlement::Ok).is_err());
    }
    // A gateway that starts now, and was told what to expect, notices as well.
    let generation = Some(state.generation());
    assert!(RedisState::connect_with(&server.url(), RedisOptions { generation, ..patient() }).is_err());
    // So does one that was not, since the others have said so.
    assert!(RedisState::connect_with(&server.url(), patient()).unwrap_err().to_string().contains("lost the past"));
    // The host accepts the loss.
    state.reset().unwrap();
    assert_allowed(&begin(&policy, &state, spend("b", "60", 9)));
    assert_eq!(begin(&policy, &state, spend("c", "60", 9)).reason, Reason::Limit);
    assert_denied(&begin(&policy, &other, spend("c", "1", 9)), "lost the past");
    other.reset().unwrap();
    assert_eq!(state.generation(), other.generation());
    assert_allowed(&begin(&policy, &other, spend("d", "40", 9)));
}

#[test]
fn a_server_that_has_forgotten_the_last_calls_is_unavailable() {
    let Some(mut server) = Redis::start() else { return };
    let (policy, state, idle) = (policy(), connect(&server), connect(&server));
    assert_allowed(&begin(&policy, &state, spend("a", "30", 0)));
    server.run(&["SAVE"]);
    assert_allowed(&begin(&policy, &state, spend("b", "60", 0)));
    server.kill();
    server.restart();
    assert_denied(&begin(&policy, &state, spend("c", "60", 0)), "calls are missing");
    // From then on it is unavailable to those, too, that can't have noticed.
    assert_denied(&begin(&policy, &state, spend("c", "60", 0)), "lost the past");
    assert_denied(&begin(&policy, &idle, spend("c", "60", 0)), "lost the past");
    assert!(RedisState::connect_with(&server.url(), patient()).is_err());
    let anew = RedisState::connect_anew(&server.url(), patient()).unwrap();
    assert_allowed(&begin(&policy, &anew, spend("c", "60", 0)));
    assert_eq!(begin(&policy, &anew, spend("d", "60", 0)).reason, Reason::Limit);
    state.reset().unwrap();
    assert_eq!(begin(&policy, &state, spend("d", "60", 0)).reason, Reason::Limit);
    assert_allowed(&begin(&policy, &state, spend("d", "10", 0)));
}

#[test]
fn an_emptied_server_is_unavailable() {
    let Some(server) = Redis::start() else { return };
    let (policy, state) = (policy(), connect(&server));
    assert_allowed(&begin(&policy, &state, spend("a", "60", 0)));
    server.run(&["FLUSHALL"]);
    // Another gateway that starts before anybody notices makes a new generation, which is not what this one has seen.
    let fresh = connect(&server);
    assert_denied(&begin(&policy, &state, spend("b", "60", 0)), "lost the past");
    assert_allowed(&begin(&policy, &fresh, spend("b", "60", 0)));
}

#[test]
fn scripts_may_be_forgotten() {
    let Some(server) = Redis::start() else { return };
    let (policy, state) = (policy(), connect(&server));
    assert_allowed(&begin(&policy, &state, spend("a", "1", 0)));
    server.run(&["SCRIPT", "FLUSH"]);
    assert_allowed(&begin(&policy, &state, spend("b", "1", 0)));
}

#[test]
fn a_restarted_server_is_found_again() {
    let Some(mut server) = Redis::with(&["--appendonly", "yes", "--appendfsync", "always"]) else { return };
    let (policy, state) = (policy(), connect(&server));
    assert_allowed(&begin(&policy, &state, spend("a", "1", 0)));
    server.kill();
    server.restart();
    // The connection in the pool is a dead one; that is no reason to deny.
    assert_allowed(&begin(&policy, &state, spend("b", "1", 0)));
}

#[test]
fn a_slow_server_denies_in_time() {
    let Some(server) = Redis::start() else { return };
    let policy = policy();
    let options = RedisOptions { timeout: Wait::from_millis(300), ..RedisOptions::default() };
    let end = Instant::now() + LONG;
    // A busy machine may be too slow to connect in time.
    let state = loop {
        match RedisState::connect_with(&server.url(), options.clone()) {
            Ok(state) => break state,
            Err(error) => assert!(Instant::now() < end, "{error}"),
        }
    };
    server.run(&["CLIENT", "PAUSE", "600000"]);
    let before = Instant::now();
    for n in 0..3 {
        assert_denied(&begin(&policy, &state, spend(&format!("{n}"), "1", 0)), "in time");
    }
    assert!(before.elapsed() < LONG, "it has waited for the server: {:?}", before.elapsed());
}

#[test]
fn nonsense_in_the_store_denies() {
    let Some(server) = Redis::start() else { return };
    let policy = policy();
    let strings = |value: Value| match value {
        Value::Array(items) => items,
        other => panic!("{other:?}"),
    };
    let text = |value: &Value| match value {
        Value::BulkString(bytes) => bytes.clone(),
        other => panic!("{other:?}"),
    };
    let prepare = |state: &RedisState| {
        server.run(&["FLUSHALL"]);
        state.reset().unwrap();
        assert_allowed(&begin(&policy, state, call("look", "looked", 0).arg("id", "x")));
        state.settle(&scope(), "looked", Settlement::Ok).unwrap();
        assert_allowed(&begin(&policy, state, call("fetch", "fetched", 0).arg("id", "x").label("secret")));
        assert_allowed(&begin(&policy, state, spend("spent", "60", 0)));
    };
    // Asks for everything that was made: history, labels, pots, the calls themselves.
    let use_all = |state: &RedisState| {
        let wipe = begin(&policy, state, call("wipe", "w", 0).arg("id", "x"));
        let send = begin(&policy, state, call("send", "x", 0).arg("id", "x").arg("amount", 1i64));
        let spend = begin(&policy, state, spend("y", "60", 0));
        let replay = begin(&policy, state, call("fetch", "fetched", 0).arg("id", "x").label("secret"));
        let duplicate = begin(&policy, state, call("look", "looked", 0).arg("id", "x"));
        [wipe, send, spend, replay, duplicate]
    };
    let state = connect(&server);
    prepare(&state);
    let sound = use_all(&state).map(|d| (d.outcome, d.reason));
    prepare(&state);
    let names: Vec<Vec<u8>> = strings(server.run(&["KEYS", "*"])).iter().map(text).collect();
    assert!(names.len() >= 7, "{names:?}");
    let mut noticed = 0;
    for name in names.iter().map(|name| String::from_utf8(name.clone()).unwrap()) {
        for nonsense in [
            &["SET", &name, "garbage"][..],
            &["SET", &name, ""],
            &["RPUSH", &name, "x"],
            &["HSET", &name, "s", "garbage", "l", "garbage"],
        ] {
            prepare(&state);
            let before = server.run(&["TYPE", &name]);
            if nonsense[0] != "HSET" || before != Value::SimpleString("hash".to_owned()) {
                server.run(&["DEL", &name]);
            }
            server.run(nonsense);
            let found = use_all(&state).map(|d| (d.outcome, d.reason));
            for (found, sound) in found.iter().zip(&sound) {
                assert!(found == sound || found.0 == Outcome::Deny, "{nonsense:?} made {sound:?} {found:?}");
            }
            noticed += usize::from(found != sound);
        }
    }
    assert!(noticed >= 3 * names.len(), "only {noticed} of {} kinds of nonsense mattered", 4 * names.len());
}

#[test]
fn a_server_that_talks_nonsense_denies() {
    let policy = policy();
    let garbage: [&[u8]; 7] = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"$999999999999\r\n",
        b"*-7\r\n:x\r\n",
        b"\0\0\0\0\xff\xfe",
        b":1\r\n:1\r\n:1\r\n:1\r\n",
        b"+OK\r\n+OK\r\n+OK\r\n$3\r\nabc\r\n$3\r\nabc\r\n",
        b"",
    ];
    for answer in garbage {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                std::thread::spawn(move || {
                    let mut question = [0; 4096];
                    while stream.read(&mut question).is_ok_and(|n| n > 0) && stream.write_all(answer).is_ok() {}
                });
            }
        });
        let options = RedisOptions { timeout: Wait::from_millis(200), ..RedisOptions::default() };
        match RedisState::connect_with(&url, options) {
            Err(error) => drop(error.to_string()),
            Ok(state) => assert_denied(&begin(&policy, &state, spend("a", "1", 0)), ""),
        }
    }
    assert!(RedisState::connect("redis://127.0.0.1:1").is_err());
    assert!(RedisState::connect("nowhere").is_err());
}

fn label(state: &RedisState, session: &str) -> Tri {
    let scope = SessionScope { session: Some(session), ..scope() };
    let mut found = None;
    state
        .transact(&scope, &mut |view| {
            found = Some(view.has_label(Realm::Confirmed, "web"));
            None
        })
        .unwrap();
    found.unwrap().unwrap()
}

#[test]
fn an_expired_session_is_unknown_and_not_empty() {
    let Some(server) = Redis::start() else { return };
    let policy = policy();
    // So short that it has passed as soon as the server looks.
    let state = RedisState::connect_with(&server.url(), RedisOptions { sessions: Wait::from_millis(1), ..patient() });
    let state = state.unwrap();
    assert_eq!(label(&state, "s"), Tri::False);
    assert_allowed(&begin(&policy, &state, call("fetch", "a", 0).arg("id", "x")));
    let end = Instant::now() + LONG;
    while label(&state, "s") == Tri::True {
        assert!(Instant::now() < end, "the session does not expire");
    }
    assert_eq!(label(&state, "s"), Tri::Unknown);
    assert_eq!(label(&state, "t"), Tri::False, "a session that never was");
    // It stays so when it is used again.
    let keeping = connect(&server);
    assert_allowed(&begin(&policy, &keeping, call("look", "b", 0).arg("id", "x")));
    assert_eq!(label(&keeping, "s"), Tri::Unknown);
    assert_allowed(&begin(&policy, &keeping, call("fetch", "c", 0).arg("id", "x")));
    assert_eq!(label(&keeping, "s"), Tri::True);
}

#[test]
fn a_session_is_kept_while_it_or_its_children_are_used() {
    let Some(server) = Redis::start() else { return };
    let (policy, state) = (policy(), connect(&server));
    let in_session = |tool: &str, session: &str| call(tool, "a", 0).session(session).arg("id", "x");
    assert_allowed(&begin(&policy, &state, in_session("fetch", "parent")));
    assert_allowed(&begin(&policy, &state, in_session("look", "child").parent_session("parent")));
    let Value::Array(keys) = server.run(&["KEYS", "{claw:acme}:s:*"]) else { panic!() };
    let names: Vec<String> = keys.into_iter().map(|key| redis::from_redis_value(key).unwrap()).collect();
    assert_eq!(names.len(), 2);
    let shorten = || names.iter().for_each(|name| drop(server.run(&["PEXPIRE", name, "3600000"])));
    let long = || {
        let life = |name: &&String| matches!(server.run(&["PTTL", name]), Value::Int(life) if life > 3_600_000);
        names.iter().filter(life).count()
    };
    // A call that is denied is one, too; that it asks for labels looks at the parent.
    shorten();
    let send = call("send", "b", 0).session("child").arg("id", "x").arg("amount", 1i64);
    assert_eq!(begin(&policy, &state, send).reason, Reason::Rule);
    assert_eq!(long(), 2);
    shorten();
    let child = SessionScope { session: Some("child"), ..scope() };
    state.settle(&child, "a", Settlement::Ok).unwrap();
    assert_eq!(long(), 1);
}

#[test]
fn a_call_costs_the_same_however_long_the_history_is() {
    let Some(server) = Redis::start() else { return };
    let (policy, state) = (policy(), connect(&server));
    // What the server has done so far: bytes in, bytes out.
    let work = || {
        let stats: String = redis::from_redis_value(server.run(&["INFO", "stats"])).unwrap();
        ["total_net_input_bytes:", "total_net_output_bytes:"].map(|name| {
            let line = stats.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.parse::<u64>().unwrap()
        })
    };
    let call = |n: i64| {
        let id = format!("{n:05}");
        assert_allowed(&begin(&policy, &state, call("look", &id, n * 2_400_000).arg("id", id.as_str())));
        assert_eq!(state.settle(&scope(), &id, Settlement::Ok), Ok(SettleOutcome::Settled));
        assert_allowed(&begin(&policy, &state, spend(&format!("s{id}"), "0.01", n * 2_400_000)));
        assert_eq!(state.settle(&scope(), &format!("s{id}"), Settlement::Ok), Ok(SettleOutcome::Settled));
    };
    let cost = |from: i64| {
        let before = work();
        (from..from + 20).for_each(call);
        let after = work();
        [after[0] - before[0], after[1] - before[1]]
    };
    (0..480).for_each(call);
    let early = cost(480);
    (500..1_500).for_each(call);
    let late = cost(1_500);
    // The pots are full of buckets by then, and times and counters are a byte longer here and there.
    for (early, late) in early.iter().zip(&late) {
        assert!(*late < early + early / 2, "20 calls took {early} bytes at first, and {late} later");
    }
}

#[test]
fn what_passes_is_removed_and_what_does_not_stays() {
    let Some(server) = Redis::start() else { return };
    let (policy, state) = (policy(), connect(&server));
    assert_allowed(&begin(&policy, &state, call("look", "a", 0).arg("id", "x")));
    state.settle(&scope(), "a", Settlement::Ok).unwrap();
    let Value::Array(keys) = server.run(&["KEYS", "*"]) else { panic!() };
    let mut mortal = 0;
    for key in keys {
        let Value::BulkString(name) = key else { panic!() };
        let name = String::from_utf8(name).unwrap();
        let Value::Int(life) = server.run(&["PTTL", &name]) else { panic!() };
        let forever = ["generation", "clock", "count"].iter().any(|end| name.ends_with(end)) || name.contains(":seen:");
        assert_eq!(life == -1, forever, "{name} lives for {life}");
        assert!(name.starts_with("{claw:acme}:") || name == "claw:generation", "{name}");
        if name.contains(":p:") {
            // A window and a bucket, and an hour more.
            let longest = 6 * 3_600_000 + 360_000 + 3_600_000;
            assert!((60_000..=longest).contains(&life), "{name} lives for {life}");
        }
        mortal += usize::from(!forever);
    }
    assert!(mortal >= 4, "session, pots and the settled call");
}

#[test]
fn a_server_that_may_forget_is_refused() {
    let Some(server) = Redis::with(&["--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru"]) else { return };
    let error = RedisState::connect_with(&server.url(), patient()).unwrap_err();
    assert!(error.to_string().contains("`volatile-lru`"), "{error}");
    server.run(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    assert!(connect(&server).warnings().is_empty());
    let Some(silent) = Redis::with(&["--rename-command", "CONFIG", ""]) else { return };
    assert_eq!(connect(&silent).warnings().len(), 1);
}

#[test]
fn a_full_server_denies() {
    let Some(server) = Redis::start() else { return };
    let (policy, state) = (policy(), connect(&server));
    assert_allowed(&begin(&policy, &state, spend("a", "60", 0)));
    server.run(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_denied(&begin(&policy, &state, spend("b", "1", 0)), "OOM");
    server.run(&["CONFIG", "SET", "maxmemory", "0"]);
    // Nothing was written of the call that was refused.
    assert_allowed(&begin(&policy, &state, spend("b", "40", 0)));
}

#[test]
fn too_few_replicas_deny() {
    let Some(server) = Redis::start() else { return };
    let policy = policy();
    // Whether it waits is decided by what is left of the time, which it uses up.
    let options = RedisOptions { replicas: 1, timeout: Wait::from_secs(2), ..RedisOptions::default() };
    let end = Instant::now() + LONG;
    let found = loop {
        let state = RedisState::connect_with(&server.url(), options.clone());
        let said = state.map_or_else(|e| e.to_string(), |s| begin(&policy, &s, spend("a", "60", 0)).to_string());
        if said.contains("too few replicas") {
            break said;
        }
        assert!(said.contains("in time") && Instant::now() < end, "{said}");
    };
    assert!(found.contains(r#""decision":"deny""#), "{found}");
    // That call was written before it was found that no replica has it: what it reserved stays reserved.
    assert_eq!(begin(&policy, &connect(&server), spend("b", "60", 0)).reason, Reason::Limit);
}

#[test]
fn a_clock_that_goes_back_denies() {
    let Some(server) = Redis::start() else { return };
    let (policy, a, b) = (policy(), connect(&server), connect(&server));
    assert_allowed(&begin(&policy, &a, spend("a", "1", 10_000)));
    assert_allowed(&begin(&policy, &b, spend("b", "1", 8_000)));
    let decision = begin(&policy, &b, spend("c", "1", 7_999));
    assert_eq!(decision.reason, Reason::LimitUnavailable, "{decision}");
}
