//! The ledger with a real policy: what is asked, who may vote, what is used up when.
#![allow(clippy::unwrap_used)]

#[path = "ledger/crash.rs"]
mod crash;
#[path = "ledger/stores.rs"]
mod stores;
#[path = "ledger/support.rs"]
mod support;

use std::sync::Arc;

use claw_engine::ledger::{Asking, Cursor, Ledger, MemoryStore, PAGE, Refusal, State, Store};
use claw_runtime::{Evidence, Json, Settlement, Standing, Time, UserInput, Vote};
use support::{Gateway, at, call, deploy, policy_of, security, sre, word};

const ACME: Option<&str> = Some("acme");

fn granted(gateway: &Gateway, version: &str, now: Time) -> Asking {
    let asking = gateway.ask(&deploy(version), now).unwrap();
    gateway.vote(&asking.id, sre("sam"), now).unwrap();
    gateway.vote(&asking.id, security("kim"), now).unwrap()
}

#[test]
fn asked_voted_used_once() {
    let gateway = Gateway::new();
    assert_eq!(gateway.attempt(&deploy("1"), at(0)), word("require_approval", "rule"));
    let asking = gateway.ask(&deploy("1"), at(0)).unwrap();
    assert_eq!((asking.state(at(0)), asking.opened_at, asking.expires_at), (State::Open, at(0), at(1800)));
    assert_eq!(gateway.ask(&deploy("1"), at(5)).unwrap(), asking, "the same again");
    assert_ne!(gateway.ask(&deploy("2"), at(5)).unwrap().id, asking.id, "another request");

    assert_eq!(gateway.vote(&asking.id, sre("sam"), at(10)).unwrap().state(at(10)), State::Open);
    assert_eq!(gateway.attempt(&deploy("1"), at(11)), word("require_approval", "rule"));
    let asking = gateway.vote(&asking.id, security("kim"), at(20)).unwrap();
    assert_eq!((asking.state(at(20)), asking.standing()), (State::Granted, Standing::Granted));
    assert_eq!(asking.votes.iter().map(|vote| vote.at).collect::<Vec<_>>(), [at(10), at(20)]);

    assert_eq!(gateway.attempt(&deploy("1"), at(30)), word("allow", "granted"));
    assert_eq!(gateway.ledger.get(ACME, &asking.id).unwrap().state(at(30)), State::Consumed);
    // The same call again is a replay; another one needs another approval.
    assert_eq!(gateway.attempt(&deploy("1"), at(31)), word("allow", "granted"));
    assert_eq!(gateway.attempt(&deploy("1").call_id("c-2"), at(32)), word("require_approval", "rule"));
    let again = gateway.ask(&deploy("1"), at(33)).unwrap();
    assert_ne!(again.id, asking.id);
    assert_eq!((again.votes.len(), again.opened_at), (0, at(33)));
    assert_eq!(gateway.ledger.get(ACME, &asking.id), Err(Refusal::NotFound));
}

#[test]
fn who_may_vote() {
    let gateway = Gateway::new();
    let asking = gateway.ask(&deploy("1"), at(0)).unwrap();
    let refusal = |vote| gateway.vote(&asking.id, vote, at(1)).unwrap_err();
    for requester in ["uma", "olga", "otto"] {
        assert_eq!(refusal(sre(requester)), Refusal::OwnRequest);
        assert_eq!(refusal(Vote::refuse(requester, at(1)).role("sre")), Refusal::OwnRequest);
    }
    for agent in ["bot-1", "planner"] {
        assert_eq!(refusal(sre(agent)), Refusal::AgentMayNotVote);
    }
    assert_eq!(refusal(Vote::grant("sam", at(1)).role("bot").note("x")), Refusal::WrongRole);
    assert_eq!(refusal(Vote::grant("sam", at(1)).note("x")), Refusal::WrongRole);
    assert_eq!(refusal(Vote::grant("sam", at(1)).role("sre")), Refusal::NoteRequired);
    assert_eq!(refusal(Vote::grant("sam", at(1)).role("sre").note(" \n")), Refusal::NoteRequired);
    assert_eq!(refusal(sre("sam").note("x".repeat(5_000))), Refusal::TooLarge("note"));
    assert_eq!(refusal(sre(&"s".repeat(600))), Refusal::TooLarge("person's name"));

    let included = Vote::grant("lea", at(1)).role("lead").note("x");
    gateway.vote(&asking.id, included.clone(), at(1)).unwrap();
    assert_eq!(refusal(included), Refusal::AlreadyVoted);
    assert_eq!(refusal(Vote::refuse("lea", at(1)).role("sre")), Refusal::AlreadyVoted);
    for other in [None, Some(""), Some("other")] {
        assert_eq!(gateway.ledger.vote(other, &asking.id, sre("sam"), at(1)), Err(Refusal::OtherTenant));
        assert_eq!(gateway.ledger.get(other, &asking.id), Err(Refusal::OtherTenant));
    }
    assert_eq!(gateway.ledger.get(ACME, &asking.id).unwrap().votes.len(), 1);
}

#[test]
fn a_refusal_is_final_until_it_expires() {
    let gateway = Gateway::new();
    let asking = granted(&gateway, "1", at(0));
    // Even after enough have agreed; whoever says no need not say why.
    gateway.vote(&asking.id, Vote::refuse("sue", at(0)).role("sre"), at(1)).unwrap();
    let refused = Refusal::AlreadyRefused("sue".to_owned());
    assert_eq!(gateway.vote(&asking.id, sre("sid"), at(2)), Err(refused));
    assert_eq!(gateway.attempt(&deploy("1"), at(3)), word("deny", "approval_refused"));
    assert_eq!(gateway.ask(&deploy("1"), at(4)).unwrap().state(at(4)), State::Refused);
    assert_eq!(gateway.attempt(&deploy("1"), at(1800)), word("deny", "approval_refused"));
    assert_eq!(gateway.attempt(&deploy("1"), at(1801)), word("require_approval", "rule"));
    let later = gateway.ask(&deploy("1"), at(1801)).unwrap();
    assert_eq!((later.state(at(1801)), later.votes.len()), (State::Open, 0));
}

#[test]
fn it_expires_and_no_clock_makes_it_younger() {
    let gateway = Gateway::new();
    let asking = granted(&gateway, "1", at(0));
    assert_eq!((asking.state(at(1800)), asking.state(at(1801))), (State::Granted, State::Expired));
    assert_eq!(gateway.vote(&asking.id, sre("sid"), at(1801)), Err(Refusal::Expired));
    assert_eq!(gateway.attempt(&deploy("1"), at(1801)), word("require_approval", "rule"));

    let asking = granted(&gateway, "2", at(100));
    assert_eq!(gateway.vote(&asking.id, sre("sid"), at(97)), Err(Refusal::ClockBackwards));
    let voted = gateway.vote(&asking.id, sre("sid"), at(98)).unwrap();
    assert_eq!(voted.votes.last().unwrap().at, at(100), "a little behind is the latest seen");
    // Someone's clock was ahead: what it saw stays seen.
    gateway.vote(&asking.id, sre("sol"), at(1900)).unwrap();
    assert_eq!(gateway.ledger.get(ACME, &asking.id).unwrap().state(at(200)), State::Granted);
    assert_eq!(gateway.begin(&deploy("2"), at(1800)), Err(Refusal::ClockBackwards));
    assert_eq!(gateway.attempt(&deploy("2"), at(1901)), word("require_approval", "rule"));
}

#[test]
fn what_was_seen_to_expire_is_not_revived() {
    let gateway = Gateway::new();
    for (version, see) in [("vote", true), ("claim", false)] {
        let asking = granted(&gateway, version, at(0));
        if see {
            assert_eq!(gateway.vote(&asking.id, sre("sid"), at(1_801)), Err(Refusal::Expired));
        } else {
            assert_eq!(gateway.attempt(&deploy(version), at(1_801)), word("require_approval", "rule"));
        }
        let now = gateway.ledger.get(ACME, &asking.id).unwrap();
        assert_eq!((now.state(at(1_000)), now.votes.len()), (State::Expired, 2));
        assert_eq!(gateway.vote(&asking.id, sre("sid"), at(1_000)), Err(Refusal::ClockBackwards));
        assert_eq!(gateway.begin(&deploy(version), at(1_000)), Err(Refusal::ClockBackwards));
        assert_eq!(gateway.ask(&deploy(version), at(1_000)), Err(Refusal::ClockBackwards));
    }
}

#[test]
fn asked_again_behind_the_clock_it_is_a_later_asking() {
    let gateway = Gateway::new();
    let first = granted(&gateway, "1", at(0));
    assert_eq!(gateway.attempt(&deploy("1"), at(0)), word("allow", "granted"));
    let second = gateway.ask(&deploy("1"), at(0)).unwrap();
    assert!(second.opened_at > first.opened_at && second.id != first.id);
    assert_eq!(gateway.ask(&deploy("1"), at(-10)), Err(Refusal::ClockBackwards));
}

#[test]
fn the_acting_user_confirms() {
    let gateway = Gateway::new();
    let wipe = call("wipe").arg("all", false);
    let asking = gateway.ask(&wipe, at(0)).unwrap();
    assert_eq!(gateway.vote(&asking.id, sre("sam"), at(1)), Err(Refusal::WrongRole));
    assert_eq!(gateway.vote(&asking.id, Vote::grant("olga", at(1)), at(1)), Err(Refusal::OwnRequest));
    gateway.vote(&asking.id, Vote::grant("uma", at(1)), at(1)).unwrap();
    assert_eq!(gateway.attempt(&wipe, at(2)), word("allow", "granted"));

    let mut nobody = wipe.clone().call_id("c-2");
    nobody.user = None;
    assert_eq!(gateway.attempt(&nobody, at(2)), word("deny", "approval_impossible"));
}

#[test]
fn reusable_for_a_while_and_until_someone_refuses() {
    let gateway = Gateway::new();
    let wipe = |id: &str| call("wipe").arg("all", true).call_id(id);
    let asking = gateway.ask(&wipe("c-1"), at(0)).unwrap();
    gateway.vote(&asking.id, sre("sam"), at(0)).unwrap();
    for (id, seconds) in [("c-1", 60), ("c-2", 61), ("c-3", 360)] {
        assert_eq!(gateway.attempt(&wipe(id), at(seconds)), word("allow", "granted"), "{id}");
        let asked = gateway.ask(&wipe("x"), at(seconds));
        assert_eq!(asked.unwrap().id, asking.id, "while it may be used again, nobody is asked again");
    }
    assert_eq!(gateway.vote(&asking.id, sre("sid"), at(360)), Err(Refusal::Consumed));
    assert_eq!(gateway.attempt(&wipe("c-4"), at(361)), word("require_approval", "rule"));
    assert_eq!(gateway.vote(&asking.id, Vote::refuse("sue", at(0)).role("sre"), at(361)), Err(Refusal::Consumed));

    let second = gateway.ask(&wipe("c-5"), at(400)).unwrap();
    gateway.vote(&second.id, sre("sam"), at(400)).unwrap();
    assert_eq!(gateway.attempt(&wipe("c-5"), at(400)), word("allow", "granted"));
    gateway.vote(&second.id, Vote::refuse("sue", at(0)).role("sre"), at(401)).unwrap();
    assert_eq!(gateway.attempt(&wipe("c-6"), at(402)), word("deny", "approval_refused"));
}

#[test]
fn a_page_for_approvers() {
    let gateway = Gateway::new();
    let asking = gateway.ask(&deploy("1"), at(0)).unwrap();
    let asking = gateway.vote(&asking.id, sre("sam").note("<b>\u{202e}`"), at(1)).unwrap();
    let json = asking.to_json(at(2));
    let text = |pointer: &str| json.pointer(pointer).and_then(Json::as_str).map(str::to_owned);
    assert_eq!(text("/state").as_deref(), Some("open"));
    assert_eq!(text("/missing").as_deref(), Some("1 of the 2 needed from sre, security agreed"));
    assert_eq!(text("/votes/0/note").as_deref(), Some("\\u{3c}b>\\u{202e}\\u{60}"));
    assert_eq!(text("/expires_at").as_deref(), Some("2026-03-02T10:30:00Z"));
    assert_eq!(text("/shown/approval").as_deref(), Some("two_keys"));
    assert_eq!(asking.to_json(at(1_801)).pointer("/state").and_then(Json::as_str), Some("expired"));
}

#[test]
fn a_denied_call_gives_it_back() {
    let gateway = Gateway::new();
    let asking = granted(&gateway, "1", at(0));
    let digest = gateway.digest(&deploy("1"));
    let ledger = &gateway.ledger;
    let state = || ledger.get(ACME, &asking.id).unwrap().state(at(2));
    let held = [asking.id];
    assert_eq!(ledger.claim(ACME, &digest, "c-9", at(1)).unwrap().held, held);
    assert_eq!(ledger.claim(ACME, &digest, "c-9", at(2)).unwrap().held, held, "another attempt of the same call");
    let other = ledger.claim(ACME, &digest, "c-8", at(2)).unwrap();
    assert!(other.held.is_empty() && other.evidence.is_empty());
    assert_eq!(ledger.evidence(ACME, &digest, at(2)).unwrap(), []);
    ledger.release(ACME, &held, "c-8").unwrap();
    assert_eq!(ledger.release(None, &held, "c-9"), Err(Refusal::OtherTenant));
    ledger.release(ACME, &held, "c-9").unwrap();
    assert_eq!(state(), State::Consumed, "its other attempt may be the one that was allowed");
    ledger.release(ACME, &held, "c-9").unwrap();
    assert_eq!(state(), State::Granted);
    assert_eq!(gateway.attempt(&deploy("1").call_id("c-8"), at(3)), word("allow", "granted"));
}

#[test]
fn a_settled_call_that_comes_again_gives_nothing_back() {
    let gateway = Gateway::new();
    let asking = granted(&gateway, "1", at(0));
    assert_eq!(gateway.attempt(&deploy("1"), at(1)), word("allow", "granted"));
    let request = gateway.prepare(&deploy("1"), at(1));
    gateway.policy.settle(&request, Settlement::Ok, &gateway.state).unwrap();
    assert_eq!(gateway.attempt(&deploy("1"), at(2)), word("deny", "duplicate_call"));
    assert_eq!(gateway.ledger.get(ACME, &asking.id).unwrap().state(at(2)), State::Consumed);
}

#[test]
fn a_clause_that_nobody_was_shown_asks_anew() {
    let gateway = Gateway::new();
    // From noon on, a second rule requires the same approval.
    let asking = granted(&gateway, "1", at(7_190));
    let noon = gateway.openings(&deploy("1"), at(7_200)).remove(0);
    assert_eq!(asking.covers(&noon.ballot), Err(Refusal::NewClause("shop.monday".to_owned())));
    assert_eq!(
        gateway.ledger.check(&asking.id, &noon.ballot, at(7_200)),
        Err(Refusal::NewClause("shop.monday".to_owned()))
    );
    assert_eq!(gateway.attempt(&deploy("1"), at(7_200)), word("require_approval", "rule"));
    assert_eq!(gateway.ledger.get(ACME, &asking.id).unwrap().state(at(7_200)), State::Granted, "it was given back");
    let anew = gateway.ask(&deploy("1"), at(7_201)).unwrap();
    assert_eq!(
        (anew.votes.len(), anew.ballot.clauses.as_slice()),
        (0, &["shop.keys".to_owned(), "shop.monday".to_owned()][..])
    );
    assert_eq!(anew.shown.clauses.len(), 2);
    gateway.vote(&anew.id, sre("sam"), at(7_202)).unwrap();
    gateway.vote(&anew.id, security("kim"), at(7_202)).unwrap();
    assert_eq!(gateway.ledger.check(&anew.id, &noon.ballot, at(7_203)), Ok(()));
    assert_eq!(gateway.attempt(&deploy("1"), at(7_203)), word("allow", "granted"));
}

#[test]
fn an_asking_answers_one_question() {
    let gateway = Gateway::new();
    let asking = granted(&gateway, "1", at(0));
    let ballot = |input| gateway.openings(&input, at(0)).remove(0).ballot;
    let check = |ballot| gateway.ledger.check(&asking.id, &ballot, at(1));
    assert_eq!(check(ballot(deploy("1"))), Ok(()));
    assert_eq!(check(ballot(deploy("2"))), Err(Refusal::ArgumentsChanged));
    assert_eq!(check(ballot(deploy("1").user(UserInput::new("ugo")))), Err(Refusal::ArgumentsChanged));
    assert_eq!(check(ballot(deploy("1").tenant("other"))), Err(Refusal::OtherTenant));
    assert_eq!(check(ballot(call("wipe").arg("all", true))), Err(Refusal::NotFound));
    let stricter =
        Gateway::over(policy_of(&support::POLICY.replace("by 2 of sre", "by 3 of sre")), Ledger::in_memory());
    let redefined = stricter.openings(&deploy("1"), at(0)).remove(0).ballot;
    assert_eq!(check(redefined), Err(Refusal::DefinitionChanged));
    let open = gateway.ask(&deploy("3"), at(0)).unwrap();
    assert_eq!(gateway.ledger.check(&open.id, &ballot(deploy("3")), at(1)), Err(Refusal::NotYetGranted));
}

#[test]
fn other_people_who_may_vote_are_asked_anew() {
    let gateway = Gateway::new();
    let asking = granted(&gateway, "1", at(0));
    let mut handed_over = deploy("1");
    handed_over.agent.owner = Some("sam".to_owned());
    assert_eq!(gateway.digest(&handed_over), gateway.digest(&deploy("1")));
    assert_eq!(
        gateway.attempt(&handed_over, at(1)),
        word("require_approval", "rule"),
        "sam's vote is now a requester's"
    );
    let anew = gateway.ask(&handed_over, at(2)).unwrap();
    assert_ne!(anew.id, asking.id);
    assert_eq!(gateway.vote(&anew.id, sre("sam"), at(2)), Err(Refusal::OwnRequest));
}

#[test]
fn evidence_of_what_a_call_does_not_hold_only_denies() {
    let gateway = Gateway::new();
    let asking = granted(&gateway, "1", at(0));
    gateway.vote(&asking.id, Vote::refuse("sue", at(0)).role("sre"), at(0)).unwrap();
    let claims = gateway.ledger.claim(ACME, &gateway.digest(&deploy("1")), "c-1", at(1)).unwrap();
    assert!(claims.held.is_empty());
    let people = |evidence: &Evidence| evidence.votes.iter().map(|vote| vote.person.clone()).collect::<Vec<_>>();
    assert_eq!(claims.evidence.iter().flat_map(people).collect::<Vec<_>>(), ["sue"]);
}

#[test]
fn open_askings_come_in_pages() {
    let gateway = Gateway::new();
    let many = i64::try_from(PAGE).unwrap() + 7;
    for i in 0..many {
        gateway.ask(&deploy(&i.to_string()), at(i / 3)).unwrap();
    }
    gateway.ask(&deploy("other").tenant("other"), at(0)).unwrap();
    granted(&gateway, "granted", at(0));
    let first = gateway.ledger.open_askings(ACME, at(200), None).unwrap();
    assert_eq!(first.askings.len(), PAGE);
    let next: Cursor = first.next.unwrap().to_string().parse().unwrap();
    let second = gateway.ledger.open_askings(ACME, at(200), Some(&next)).unwrap();
    assert_eq!((second.askings.len(), second.next), (7, None));
    let all: Vec<Asking> = first.askings.into_iter().chain(second.askings).collect();
    assert!(all.is_sorted_by(|a, b| Cursor::after(a) < Cursor::after(b)));
    assert!(gateway.ledger.open_askings(ACME, at(10_000), None).unwrap().askings.is_empty());
    assert_eq!(gateway.ledger.forget(at(1_801)), Ok(5), "three of the first second, one granted, another tenant's");
}

#[test]
fn a_full_store_refuses() {
    let store = MemoryStore::bounded(2);
    let gateway = Gateway::over(support::policy(), Ledger::new(Arc::new(store)));
    gateway.ask(&deploy("1"), at(0)).unwrap();
    gateway.ask(&deploy("2"), at(0)).unwrap();
    assert!(matches!(gateway.ask(&deploy("3"), at(1_800)), Err(Refusal::Unavailable(_))));
    gateway.ask(&deploy("3"), at(1_801)).unwrap();
}

#[test]
fn memory_keeps_what_stores_promise() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    stores::conforms(&store);
}

#[test]
fn a_tenant_has_a_bound_in_memory() {
    let ledger = Ledger::in_memory();
    for i in 1..10_000 {
        ledger.ask(vec![stores::opening(ACME, &i.to_string())], at(0)).unwrap();
    }
    ledger.ask(vec![stores::opening(ACME, "first")], at(0)).unwrap();
    stores::refuses_more(&ledger);
}

#[test]
fn one_call_of_many_gets_an_approval_in_memory() {
    stores::one_wins(&[Ledger::in_memory()], crash::scaled(2_000));
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use claw_engine::ledger::{SqliteOptions, SqliteStore};

    fn store(path: &Path) -> Arc<dyn Store> {
        // On a slow machine others may hold it for long.
        Arc::new(SqliteStore::open_with(path, SqliteOptions { timeout: Duration::from_secs(60) }).unwrap())
    }

    #[test]
    fn keeps_what_stores_promise() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claw.db");
        stores::conforms(&store(&path));
        // And after it was opened again.
        let digest = stores::opened(ACME, "5", 5).ballot.request_digest;
        assert_eq!(store(&path).of_request(ACME, &digest).unwrap().len(), 1);
    }

    #[test]
    fn one_call_of_many_gets_an_approval() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claw.db");
        stores::one_wins(&[Ledger::new(store(&path)), Ledger::new(store(&path))], crash::scaled(300));
    }

    #[test]
    fn a_tenant_has_a_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claw.db");
        let ledger = Ledger::new(store(&path));
        ledger.ask(vec![stores::opening(ACME, "first")], at(0)).unwrap();
        rusqlite::Connection::open(&path).unwrap().execute_batch(stores::FILL).unwrap();
        stores::refuses_more(&ledger);
    }

    #[test]
    fn a_gateway_is_killed_while_people_vote() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claw.db");
        crash::killed_gateways("sqlite::child_of_the_killed", &path, &Ledger::new(store(&path)));
    }

    /// Not a test by itself: what [`a_gateway_is_killed_while_people_vote`] starts and kills.
    #[test]
    fn child_of_the_killed() {
        crash::child(store);
    }

    #[test]
    fn what_is_no_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claw.db");
        std::fs::write(&path, "x".repeat(10_000)).unwrap();
        assert!(SqliteStore::open(&path).is_err());
        assert!(SqliteStore::open(folder.path()).is_err());
    }
}
