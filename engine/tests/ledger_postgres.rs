//! The ledger over a real PostgreSQL: races, a killed gateway, a killed and a hanging server.
//!
//! Skipped where PostgreSQL is not installed.
#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used)]

#[path = "ledger/crash.rs"]
mod crash;
#[path = "servers/postgres.rs"]
mod server;
#[path = "ledger/stores.rs"]
mod stores;
#[path = "ledger/support.rs"]
mod support;

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use claw_engine::ledger::{Ledger, PostgresOptions, PostgresStore, Refusal, State, Store};
use postgres::Config;
use server::Postgres;
use stores::{ACME, opening, yes};
use support::at;

fn store(server: &Postgres) -> Arc<dyn Store> {
    patient(&server.config())
}

/// For tests that are not about time-outs: a slow machine is no failure.
fn patient(config: &Config) -> Arc<dyn Store> {
    Arc::new(PostgresStore::connect_with(config, within(Duration::from_secs(60))).unwrap())
}

fn within(timeout: Duration) -> PostgresOptions {
    PostgresOptions { timeout, ..PostgresOptions::default() }
}

#[test]
fn keeps_what_stores_promise() {
    let Some(server) = Postgres::start() else { return };
    stores::conforms(&store(&server));
}

#[test]
fn one_call_of_many_gets_an_approval() {
    let Some(server) = Postgres::start_with(&["fsync=off"]) else { return };
    let ledgers = [Ledger::new(store(&server)), Ledger::new(store(&server))];
    stores::one_wins(&ledgers, crash::scaled(2_000));
}

#[test]
fn a_gateway_is_killed_while_people_vote() {
    let Some(server) = Postgres::start() else { return };
    crash::killed_gateways("child_of_the_killed", server.socket(), &Ledger::new(store(&server)));
}

/// Not a test by itself: what [`a_gateway_is_killed_while_people_vote`] starts and kills.
#[test]
fn child_of_the_killed() {
    crash::child(|socket: &Path| patient(&server::config(socket)));
}

#[test]
fn the_server_is_killed_while_people_vote() {
    let Some(mut server) = Postgres::start() else { return };
    let ledger = Ledger::new(store(&server));
    for round in 0..3 {
        let voters: Vec<_> = (0..4)
            .map(|voter| {
                let ledger = ledger.clone();
                thread::spawn(move || vote_until_it_fails(&ledger, &format!("{round} {voter}")))
            })
            .collect();
        // Killed in the midst of it: when one of them has come so far.
        while ledger.get(ACME, &stores::opened(ACME, &format!("{round} 0 20"), 0).id).is_err() {
            thread::yield_now();
        }
        server.kill();
        let acknowledged: Vec<_> = voters.into_iter().flat_map(|voter| voter.join().unwrap()).collect();
        let refusal = ledger.ask(vec![opening(ACME, "down")], at(0)).unwrap_err();
        assert!(matches!(refusal, Refusal::Unavailable(_)), "{refusal}");
        server.restart();
        assert!(!acknowledged.is_empty());
        for request in acknowledged {
            let asking = ledger.get(ACME, &stores::opened(ACME, &request, 0).id).unwrap();
            assert_eq!(asking.state(at(0)), State::Consumed, "{request}");
        }
    }
}

/// Asks, votes and claims until the server is gone; for which requests all of it was acknowledged.
fn vote_until_it_fails(ledger: &Ledger, voter: &str) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for i in 0.. {
        let request = format!("{voter} {i}");
        let all = || -> Result<(), Refusal> {
            let asking = ledger.ask(vec![opening(ACME, &request)], at(0))?.remove(0);
            ledger.vote(ACME, &asking.id, yes("sam"), at(0))?;
            let claims = ledger.claim(ACME, &asking.ballot.request_digest, "c", at(0))?;
            assert_eq!(claims.held, [asking.id]);
            Ok(())
        };
        match all() {
            Ok(()) => acknowledged.push(request),
            Err(Refusal::Unavailable(_)) => break,
            // A change was done although its answer was lost.
            Err(Refusal::AlreadyVoted) => {}
            Err(other) => panic!("{other}"),
        }
    }
    acknowledged
}

#[test]
fn a_hanging_server_is_a_refusal() {
    let Some(server) = Postgres::start() else { return };
    let patient = Ledger::new(store(&server));
    let asking = patient.ask(vec![opening(ACME, "a")], at(0)).unwrap().remove(0);
    patient.vote(ACME, &asking.id, yes("sam"), at(0)).unwrap();
    let store = PostgresStore::connect_with(&server.config(), within(Duration::from_secs(2))).unwrap();
    let ledger = Ledger::new(Arc::new(store));
    server.pause(true);
    let refusal = ledger.claim(ACME, &asking.ballot.request_digest, "c", at(0)).unwrap_err();
    assert!(matches!(refusal, Refusal::Unavailable(_)), "{refusal}");
    server.pause(false);
    let begun = Instant::now();
    loop {
        match ledger.claim(ACME, &asking.ballot.request_digest, "c", at(0)) {
            Ok(claims) => return assert_eq!(claims.held, [asking.id]),
            // It has much to catch up with.
            Err(refusal) => assert!(begun.elapsed() < Duration::from_secs(60), "{refusal}"),
        }
    }
}

#[test]
fn a_server_that_was_started_anew_is_found_at_once() {
    let Some(mut server) = Postgres::start() else { return };
    let ledger = Ledger::new(store(&server));
    let asking = ledger.ask(vec![opening(ACME, "a")], at(0)).unwrap().remove(0);
    for _ in 0..2 {
        // Leaves several connections behind.
        let get = || ledger.get(ACME, &asking.id);
        thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(get))));
        server.kill();
        server.restart();
        assert_eq!(ledger.get(ACME, &asking.id), Ok(asking.clone()));
    }
}

#[test]
fn a_server_that_never_answers_is_an_error() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = Config::new();
    config.host("127.0.0.1").port(listener.local_addr().unwrap().port()).user("claw");
    assert!(PostgresStore::connect_with(&config, within(Duration::from_millis(500))).is_err());
}

#[test]
fn a_tenant_has_a_bound() {
    let Some(server) = Postgres::start_with(&["fsync=off"]) else { return };
    let ledger = Ledger::new(store(&server));
    ledger.ask(vec![opening(ACME, "first")], at(0)).unwrap();
    server.client().batch_execute(stores::FILL).unwrap();
    stores::refuses_more(&ledger);
}

#[test]
fn who_may_not_make_tables_can_use_one() {
    let Some(server) = Postgres::start_with(&["fsync=off"]) else { return };
    let mut config = server.config();
    config.user("gateway");
    server.client().batch_execute("create role gateway login").unwrap();
    assert!(PostgresStore::connect(&config).is_err());
    store(&server);
    server.client().batch_execute("grant select, insert, update, delete on claw_askings_v1 to gateway").unwrap();
    stores::conforms(&patient(&config));
}

#[test]
fn what_another_wrote_into_the_table_is_not_believed() {
    let Some(server) = Postgres::start_with(&["fsync=off"]) else { return };
    let ledger = Ledger::new(store(&server));
    let asking = ledger.ask(vec![opening(ACME, "a")], at(0)).unwrap().remove(0);
    let digest = asking.ballot.request_digest;
    let forge = |from: &str, to: &str| {
        let sql = "update claw_askings_v1 set body = replace(body, $1, $2) returning body";
        let body: String = server.client().query_one(sql, &[&from, &to]).unwrap().get(0);
        assert!(body.contains(to), "{body}");
    };
    for (from, to) in [("\"acme\"", "\"evil\""), ("\"votes\":[]", "\"votes\":[{}]"), ("\"people\":1", "\"people\":-1")]
    {
        forge(from, to);
        assert!(matches!(ledger.claim(ACME, &digest, "c", at(0)), Err(Refusal::Unavailable(_))), "{to}");
        assert!(ledger.get(ACME, &asking.id).is_err(), "{to}");
        forge(to, from);
    }
    assert_eq!(ledger.get(ACME, &asking.id), Ok(asking));
}
