//! Every order in which the steps of three actors can fall: the ledger's own code over a store whose every operation
//! waits for its turn.
//!
//! A schedule is the list of who goes next; all of them are tried, depth first. Reads and compare-and-sets are what can
//! interleave, so that this is exhaustive for any store that keeps the promises of `Store`.
#![allow(clippy::unwrap_used)]

#[path = "ledger/stores.rs"]
mod stores;
#[path = "ledger/support.rs"]
mod support;

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use claw_engine::ledger::{Answer, Asking, AskingId, Cursor, Ledger, MemoryStore, Refusal, State, Store};
use claw_runtime::{Digest, Duration, Standing, Time, Vote, VoteVerdict};
use stores::{ACME, opening, yes};
use support::at;

thread_local! {
    /// Which actor this thread is; none sets a scene up, or looks at what came of it, and waits for nobody.
    static ACTOR: std::cell::Cell<Option<usize>> = const { std::cell::Cell::new(None) };
}

#[derive(Debug, Default)]
struct Turns {
    waiting: BTreeSet<usize>,
    running: BTreeSet<usize>,
    next: Option<usize>,
}

#[derive(Debug, Default)]
struct Scheduled {
    store: MemoryStore,
    turns: Mutex<Turns>,
    changed: Condvar,
}

impl Scheduled {
    /// Waits for this actor's turn.
    fn turn(&self) {
        let Some(me) = ACTOR.get() else { return };
        let mut turns = self.turns.lock().unwrap();
        turns.running.remove(&me);
        turns.waiting.insert(me);
        self.changed.notify_all();
        while turns.next != Some(me) {
            turns = self.changed.wait(turns).unwrap();
        }
        turns.next = None;
        turns.waiting.remove(&me);
        turns.running.insert(me);
    }

    fn finish(&self, me: usize) {
        self.turns.lock().unwrap().running.remove(&me);
        self.changed.notify_all();
    }

    /// Lets the actors run by a schedule, and by the first that waits once it ends. What was chosen at each step, of
    /// whom.
    fn direct(&self, schedule: &[usize]) -> Vec<(usize, Vec<usize>)> {
        let mut history = Vec::new();
        loop {
            let mut turns = self.turns.lock().unwrap();
            while turns.next.is_some() || !turns.running.is_empty() {
                turns = self.changed.wait(turns).unwrap();
            }
            if turns.waiting.is_empty() {
                return history;
            }
            let choices: Vec<usize> = turns.waiting.iter().copied().collect();
            let chosen = schedule.get(history.len()).copied().unwrap_or(choices[0]);
            history.push((chosen, choices));
            turns.next = Some(chosen);
            self.changed.notify_all();
        }
    }
}

impl Store for Scheduled {
    fn get(&self, id: &AskingId) -> Answer<Option<Asking>> {
        self.turn();
        self.store.get(id)
    }
    fn insert(&self, asking: &Asking) -> Answer<Option<Asking>> {
        self.turn();
        self.store.insert(asking)
    }
    fn compare_and_set(&self, old: &Asking, new: &Asking) -> Answer<bool> {
        self.turn();
        self.store.compare_and_set(old, new)
    }
    fn of_request(&self, tenant: Option<&str>, request: &Digest) -> Answer<Vec<Asking>> {
        self.turn();
        self.store.of_request(tenant, request)
    }
    fn open(&self, tenant: Option<&str>, now: Time, after: Option<&Cursor>, limit: usize) -> Answer<Vec<Asking>> {
        self.turn();
        self.store.open(tenant, now, after, limit)
    }
    fn closed(&self, tenant: Option<&str>, now: Time, limit: usize) -> Answer<Vec<Asking>> {
        self.turn();
        self.store.closed(tenant, now, limit)
    }
    fn remove_expired(&self, before: Time) -> Answer<u64> {
        self.turn();
        self.store.remove_expired(before)
    }
}

type Actor<T> = fn(&Ledger) -> T;

/// Runs the actors in every order from the same scene; how many orders there are.
fn all_orders<T: Send>(scene: fn(&Ledger), actors: &[Actor<T>], check: impl Fn(&Ledger, Vec<T>, &[usize])) -> usize {
    let mut schedule: Vec<usize> = Vec::new();
    for count in 1.. {
        let store = Arc::new(Scheduled::default());
        let ledger = Ledger::new(Arc::clone(&store) as Arc<dyn Store>);
        scene(&ledger);
        store.turns.lock().unwrap().running = (0..actors.len()).collect();
        let (results, history) = thread::scope(|scope| {
            let run = |(me, actor): (usize, &Actor<T>)| {
                let (store, ledger, actor) = (Arc::clone(&store), ledger.clone(), *actor);
                scope.spawn(move || {
                    ACTOR.set(Some(me));
                    let result = actor(&ledger);
                    store.finish(me);
                    result
                })
            };
            let threads: Vec<_> = actors.iter().enumerate().map(run).collect();
            let history = store.direct(&schedule);
            let results: Vec<T> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            (results, history)
        });
        let order: Vec<usize> = history.iter().map(|(chosen, _)| *chosen).collect();
        check(&ledger, results, &order);
        // The next order: the last step at which another one can still go first.
        let next = history.iter().rposition(|(chosen, choices)| choices.iter().any(|other| other > chosen));
        let Some(step) = next else { return count };
        let (chosen, choices) = &history[step];
        schedule = order[..step].to_vec();
        schedule.extend(choices.iter().find(|other| *other > chosen));
    }
    unreachable!()
}

fn digest() -> Digest {
    opening(ACME, "a").ballot.request_digest
}

fn asking(ledger: &Ledger) -> Asking {
    ledger.of_request(ACME, &digest()).unwrap().remove(0)
}

fn open(ledger: &Ledger) {
    ledger.ask(vec![opening(ACME, "a")], at(0)).unwrap();
}

fn granted(ledger: &Ledger) {
    open(ledger);
    ledger.vote(ACME, &asking(ledger).id, yes("sam"), at(0)).unwrap();
}

fn reusable(ledger: &Ledger) {
    let mut opening = opening(ACME, "a");
    opening.ballot.reuse = Duration::from_millis(60_000);
    let asking = ledger.ask(vec![opening], at(0)).unwrap().remove(0);
    ledger.vote(ACME, &asking.id, yes("sam"), at(0)).unwrap();
}

fn claim(ledger: &Ledger, call: &str) -> usize {
    ledger.claim(ACME, &digest(), call, at(1)).unwrap().held.len()
}

#[test]
fn three_calls_and_one_approval() {
    let actors: [Actor<usize>; 3] = [|l| claim(l, "a"), |l| claim(l, "b"), |l| claim(l, "c")];
    let orders = all_orders(granted, &actors, |ledger, held, order| {
        assert_eq!(held.iter().sum::<usize>(), 1, "{order:?}");
        let winner = held.iter().position(|held| *held == 1).unwrap();
        assert_eq!(asking(ledger).claims[0].call_id, ["a", "b", "c"][winner], "{order:?}");
    });
    println!("{orders} orders");
    assert!(orders > 50);
}

#[test]
fn the_same_call_twice_and_another() {
    let actors: [Actor<usize>; 3] = [|l| claim(l, "a"), |l| claim(l, "a"), |l| claim(l, "b")];
    let orders = all_orders(granted, &actors, |ledger, held, order| {
        assert_eq!(held[0], held[1], "{order:?}");
        assert_eq!(held[0] + held[2], 1, "{order:?}");
        assert_eq!(asking(ledger).claims.len(), 1, "{order:?}");
    });
    println!("{orders} orders");
}

#[test]
fn one_gives_it_back_while_two_want_it() {
    let actors: [Actor<usize>; 3] = [
        |l| {
            let held = l.claim(ACME, &digest(), "a", at(1)).unwrap().held;
            l.release(ACME, &held, "a").unwrap();
            held.len()
        },
        |l| claim(l, "b"),
        |l| claim(l, "c"),
    ];
    let orders = all_orders(granted, &actors, |ledger, held, order| {
        assert!(held[1] + held[2] <= 1 && held.iter().sum::<usize>() >= 1, "{order:?}");
        let claims = asking(ledger).claims;
        assert_eq!(claims.len(), held[1] + held[2], "{order:?}");
        assert!(claims.iter().all(|claim| claim.call_id != "a"), "{order:?}");
    });
    println!("{orders} orders");
}

#[test]
fn one_attempt_is_allowed_and_another_of_the_same_call_is_not() {
    let actors: [Actor<usize>; 3] = [
        |l| claim(l, "a"),
        |l| {
            let held = l.claim(ACME, &digest(), "a", at(1)).unwrap().held;
            l.release(ACME, &held, "a").unwrap();
            0
        },
        |l| claim(l, "b"),
    ];
    let orders = all_orders(granted, &actors, |ledger, held, order| {
        assert_eq!(held[0] + held[2], usize::from(!asking(ledger).claims.is_empty()), "{order:?}");
        assert!(asking(ledger).claims.iter().all(|claim| claim.attempts == 1), "{order:?}");
    });
    println!("{orders} orders");
}

#[test]
fn no_use_of_what_was_refused_before() {
    // Whoever refuses hears that it counts, or that it came too late.
    let actors: [Actor<Result<usize, Refusal>>; 3] = [
        |l| l.vote(ACME, &asking_of(l)?.id, Vote::refuse("sue", at(0)).role("sre"), at(0)).map(|_| 1),
        |l| l.claim(ACME, &digest(), "a", at(1)).map(|claims| claims.held.len()),
        |l| l.claim(ACME, &digest(), "b", at(1)).map(|claims| claims.held.len()),
    ];
    let orders = all_orders(granted, &actors, |ledger, results, order| {
        let held = results[1].clone().unwrap() + results[2].clone().unwrap();
        match &results[0] {
            Ok(_) => assert_eq!((held, asking(ledger).state(at(1))), (0, State::Refused), "{order:?}"),
            Err(refusal) => assert_eq!((held, refusal), (1, &Refusal::Consumed), "{order:?}"),
        }
    });
    println!("{orders} orders");
}

fn asking_of(ledger: &Ledger) -> Result<Asking, Refusal> {
    ledger.of_request(ACME, &digest())?.pop().ok_or(Refusal::NotFound)
}

#[test]
fn reusable_it_is_given_to_all() {
    let actors: [Actor<usize>; 3] = [|l| claim(l, "a"), |l| claim(l, "b"), |l| claim(l, "c")];
    let orders = all_orders(reusable, &actors, |ledger, held, order| {
        assert_eq!((held, asking(ledger).claims.len()), (vec![1, 1, 1], 3), "{order:?}");
    });
    println!("{orders} orders");
}

#[test]
fn no_vote_is_lost_and_nobody_votes_twice() {
    fn vote(ledger: &Ledger, person: &str) -> Result<Asking, Refusal> {
        ledger.vote(ACME, &stores::opened(ACME, "a", 0).id, yes(person), at(0))
    }
    let actors: [Actor<Result<Asking, Refusal>>; 3] = [|l| vote(l, "sam"), |l| vote(l, "kim"), |l| vote(l, "sam")];
    let orders = all_orders(open, &actors, |ledger, results, order| {
        let asking = asking(ledger);
        let mut people: Vec<_> = asking.votes.iter().map(|vote| vote.person.as_str()).collect();
        people.sort_unstable();
        assert_eq!((people, asking.standing()), (vec!["kim", "sam"], Standing::Granted), "{order:?}");
        assert!(asking.votes.iter().all(|vote| vote.verdict == VoteVerdict::Grant));
        assert_eq!(results.iter().filter(|result| **result == Err(Refusal::AlreadyVoted)).count(), 1, "{order:?}");
    });
    println!("{orders} orders");
}

#[test]
fn all_who_ask_are_given_the_same_asking() {
    fn ask(ledger: &Ledger, seconds: i64) -> AskingId {
        ledger.ask(vec![opening(ACME, "a")], at(seconds)).unwrap()[0].id
    }
    let actors: [Actor<AskingId>; 3] = [|l| ask(l, 0), |l| ask(l, 1), |l| ask(l, 2)];
    for scene in [(|_| {}) as fn(&Ledger), granted] {
        let orders = all_orders(scene, &actors, |ledger, ids, order| {
            assert!(ids.iter().all(|id| *id == asking(ledger).id), "{order:?}");
        });
        println!("{orders} orders");
    }
    // What stands there has expired: one of them replaces it.
    fn late(ledger: &Ledger, seconds: i64) -> AskingId {
        ask(ledger, 1_801 + seconds)
    }
    let actors: [Actor<AskingId>; 3] = [|l| late(l, 0), |l| late(l, 1), |l| late(l, 2)];
    let orders = all_orders(granted, &actors, |ledger, ids, order| {
        assert!(ids.iter().all(|id| *id == asking(ledger).id), "{order:?}");
        assert_ne!(ids[0], stores::opened(ACME, "a", 0).id);
    });
    println!("{orders} orders");
}
