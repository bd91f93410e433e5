//! What every store of askings must do, whatever keeps them.
#![allow(dead_code, clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use claw_engine::ledger::{Asking, Cursor, Ledger, Opening, Refusal, Shown, State, Store};
use claw_runtime::{Ballot, Digest, Duration, Quorum, Vote};

use super::support::at;

pub const ACME: Option<&str> = Some("acme");

/// One person of `sre` must agree within half an hour.
pub fn ballot(tenant: Option<&str>, request: &str) -> Ballot {
    let sre = vec!["sre".to_owned()];
    Ballot {
        tenant: tenant.map(str::to_owned),
        approval: "shop.on_call".to_owned(),
        name: "on_call".to_owned(),
        approval_digest: Digest::of(b"on_call"),
        request_digest: Digest::of(request.as_bytes()),
        clauses: vec!["shop.rule".to_owned()],
        by: vec![Quorum { people: 1, of: sre.clone(), held: sre }],
        by_user: false,
        expires: Duration::from_millis(1_800_000),
        reuse: Duration::from_millis(0),
        note_required: false,
        user: Some("uma".to_owned()),
        owners: Vec::new(),
        agents: vec!["bot".to_owned()],
    }
}

pub fn opening(tenant: Option<&str>, request: &str) -> Opening {
    let ballot = ballot(tenant, request);
    let shown = Shown {
        approval: "on_call".to_owned(),
        needs: vec!["1 of sre".to_owned()],
        call: Vec::new(),
        clauses: Vec::new(),
        request_digest: ballot.request_digest,
    };
    Opening { ballot, shown }
}

/// Opened at so many seconds.
pub fn opened(tenant: Option<&str>, request: &str, seconds: i64) -> Asking {
    Asking::open(opening(tenant, request), at(seconds)).unwrap()
}

pub fn yes(person: &str) -> Vote {
    Vote::grant(person, at(0)).role("sre")
}

/// An empty store must do all of this.
pub fn conforms(store: &Arc<dyn Store>) {
    places(&**store);
    strange_names(store);
    lists(&**store);
    what_expired_is_forgotten(&**store);
}

fn places(store: &dyn Store) {
    let first = opened(ACME, "a", 0);
    assert_eq!(store.get(&first.id), Ok(None));
    assert_eq!(store.insert(&first), Ok(None));
    assert_eq!(store.insert(&opened(ACME, "a", 1)), Ok(Some(first.clone())), "the slot is taken");
    assert_eq!(store.get(&first.id), Ok(Some(first.clone())));

    let second = first.vote(ACME, yes("sam"), at(1)).unwrap();
    assert_eq!(store.compare_and_set(&first, &second), Ok(true));
    assert_eq!(store.compare_and_set(&first, &second), Ok(false), "it has another version now");
    assert_eq!(store.compare_and_set(&opened(ACME, "b", 0), &opened(ACME, "b", 1)), Ok(false), "nothing is there");
    assert_eq!(store.get(&first.id), Ok(Some(second.clone())));

    // Another asking takes the place: neither is found by the other's name, nor replaced for it.
    let late = second.open_again(opening(ACME, "a"), at(1_801)).unwrap().unwrap();
    assert_eq!(store.compare_and_set(&second, &late), Ok(true));
    assert_eq!((store.get(&first.id), store.get(&late.id)), (Ok(None), Ok(Some(late.clone()))));
    let imposter = Asking { version: late.version, ..second.clone() };
    assert_eq!(store.compare_and_set(&imposter, &second), Ok(false), "the version is right and the id is not");

    let digest = late.ballot.request_digest;
    assert_eq!(store.of_request(ACME, &digest), Ok(vec![late]));
    for other in [None, Some(""), Some("ACME")] {
        assert_eq!(store.of_request(other, &digest), Ok(Vec::new()));
    }
    assert_eq!(store.of_request(ACME, &Digest::of(b"c")), Ok(Vec::new()));
}

/// Names and notes come from outside.
fn strange_names(store: &Arc<dyn Store>) {
    let ledger = Ledger::new(Arc::clone(store));
    let long = "é".repeat(5_000);
    for tenant in ["", "\0", "null", "a'b\"; drop table claw_askings_v1; --", "\u{202e}", long.as_str()] {
        let asking = ledger.ask(vec![opening(Some(tenant), "strange")], at(0)).unwrap().remove(0);
        let person = tenant.chars().take(100).collect::<String>();
        let vote = yes(&person).role("\0").note("\0'\"\\\u{1}🦀");
        let voted = ledger.vote(Some(tenant), &asking.id, vote.clone(), at(0)).unwrap();
        assert_eq!(voted.votes, [vote]);
        assert_eq!(ledger.get(Some(tenant), &asking.id), Ok(voted));
        let digest = asking.ballot.request_digest;
        assert_eq!(ledger.claim(Some(tenant), &digest, "c\0", at(0)).unwrap().held, [asking.id]);
    }
    assert_eq!(store.of_request(None, &Digest::of(b"strange")), Ok(Vec::new()));
}

fn lists(store: &dyn Store) {
    let mut all: Vec<Asking> = (0..25).map(|i| opened(Some("lists"), &i.to_string(), i % 7)).collect();
    for asking in &all {
        store.insert(asking).unwrap();
    }
    let granted = opened(Some("lists"), "granted", 0).vote(Some("lists"), yes("sam"), at(0)).unwrap();
    store.insert(&granted).unwrap();
    all.sort_by_key(Cursor::after);
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = store.open(Some("lists"), at(1_000), after.as_ref(), 4).unwrap();
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        after = Some(Cursor::after(last));
        found.extend(page);
    }
    assert_eq!(found, all);
    let late = store.open(Some("lists"), at(1_805), None, 100).unwrap();
    assert_eq!(late.iter().filter(|asking| asking.state(at(1_805)) == State::Open).count(), 6);
    assert_eq!(store.open(None, at(0), None, 100), Ok(Vec::new()));

    assert_eq!(store.closed(Some("lists"), at(1_000), 100), Ok(vec![granted.clone()]));
    let mut over: Vec<Asking> =
        all.iter().filter(|asking| asking.opened_at < at(5)).cloned().chain([granted]).collect();
    over.sort_by_key(|asking| std::cmp::Reverse(Cursor::after(asking)));
    assert_eq!(store.closed(Some("lists"), at(1_805), 100), Ok(over.clone()), "what expired is over");
    over.truncate(7);
    assert_eq!(store.closed(Some("lists"), at(1_805), 7), Ok(over));
    assert_eq!(store.closed(None, at(0), 100), Ok(Vec::new()));
}

fn what_expired_is_forgotten(store: &dyn Store) {
    store.remove_expired(at(1_000_000)).unwrap();
    for i in 0..10 {
        store.insert(&opened(ACME, &i.to_string(), i)).unwrap();
    }
    assert_eq!(store.remove_expired(at(1_800)), Ok(0));
    assert_eq!(store.remove_expired(at(1_803)), Ok(3));
    assert_eq!(store.insert(&opened(ACME, "0", 1_900)), Ok(None));
    assert!(store.insert(&opened(ACME, "5", 1_900)).unwrap().is_some());
}

/// Sixteen threads over these ledgers claim the same approvals, each for a call of its own: each is given to one.
pub fn one_wins(ledgers: &[Ledger], rounds: usize) {
    const THREADS: usize = 16;
    let digests: Vec<Digest> = (0..rounds).map(|i| Digest::of(format!("round {i}").as_bytes())).collect();
    let wins: Vec<AtomicUsize> = digests.iter().map(|_| AtomicUsize::new(0)).collect();
    for i in 0..rounds {
        let asking = ledgers[0].ask(vec![opening(ACME, &format!("round {i}"))], at(0)).unwrap().remove(0);
        ledgers[0].vote(ACME, &asking.id, yes("sam"), at(0)).unwrap();
    }
    let barrier = Barrier::new(THREADS);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (ledger, digests, wins, barrier) = (&ledgers[thread % ledgers.len()], &digests, &wins, &barrier);
            scope.spawn(move || {
                for (i, digest) in digests.iter().enumerate() {
                    barrier.wait();
                    let held = claim(ledger, digest, &format!("call {thread}"));
                    wins[i].fetch_add(held, Ordering::SeqCst);
                }
            });
        }
    });
    assert!(wins.iter().all(|wins| wins.load(Ordering::SeqCst) == 1), "{wins:?}");
}

/// How many approvals the call got; far too many if the ledger fails for good. (A panic would leave the others waiting.)
fn claim(ledger: &Ledger, digest: &Digest, call: &str) -> usize {
    for _ in 0..100 {
        match ledger.claim(ACME, digest, call, at(1)) {
            Ok(claims) => return claims.held.len(),
            // A database on a slow machine.
            Err(Refusal::Unavailable(_) | Refusal::Contended) => {}
            Err(other) => {
                println!("{other}");
                break;
            }
        }
    }
    1_000
}

/// Fills the tenant's place in a database up to the bound, with copies of the one asking that is there.
pub const FILL: &str = "
insert into claw_askings_v1 (slot, id, scope, request, opened, expires, awaits_votes, version, body)
with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 9999)
select 'slot ' || n, 'id ' || n, scope, request, opened, expires, awaits_votes, version, body
from claw_askings_v1, numbers";

/// After [`FILL`].
pub fn refuses_more(ledger: &Ledger) {
    let full = ledger.ask(vec![opening(ACME, "more")], at(1_800)).unwrap_err();
    assert!(matches!(&full, Refusal::Unavailable(why) if why.contains("10000")), "{full}");
    assert_eq!(ledger.ask(vec![opening(ACME, "first")], at(0)).unwrap().len(), 1, "what was asked is still there");
    ledger.ask(vec![opening(Some("other"), "more")], at(0)).unwrap();
    ledger.ask(vec![opening(ACME, "more")], at(1_801)).unwrap();
}
