//! The engine as a whole: what a gateway sees of a call, of people's votes, and of everything that can fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bundles;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bundles::build;
use claw_engine::audit::{AuditLog, Event, Line, Options, Record, ResultOutcome, Sink, SinkError, Tail};
use claw_engine::ledger::{self, Asking, AskingId, Cursor, Ledger, MemoryStore, Refusal, StoreError};
use claw_engine::{Call, Engine, EngineError, ManualClock, Target, Trust};
use claw_runtime::state::Commit;
use claw_runtime::{
    AgentInput, Digest, Duration, MemoryState, Outcome, Reason, RequestInput, SessionScope, SettleOutcome, Settlement,
    State, StateError, StateView, Time, UserInput, Vote,
};

const POLICY: &str = r#"
package shop
tiers        low < high
environments prod
roles        support, lead
approval boss { by 1 of lead  expires 15m }
tool look(id: string)
tool refund(order: string, amount: decimal)
grant any to support
classify { low on look  high on refund when args.amount > 100.00  low on refund }
matrix {
  tier | prod
  low  | allow
  high | boss
}
limit pot { on refund sum args.amount  max 1000.00 per 24h  each agent }
"#;

fn bundle(text: &str) -> Vec<u8> {
    build(&[("main.claw", text)]).bytes
}

fn start() -> Time {
    Time::parse("2026-03-02T10:00:00Z").unwrap()
}

/// An engine, and what the test can do to its parts.
struct Shop {
    engine: Engine,
    clock: Arc<ManualClock>,
    log: Arc<Log>,
    broken_ledger: Arc<AtomicBool>,
    broken_state: Arc<AtomicBool>,
}

impl Shop {
    fn open() -> Shop {
        let clock = Arc::new(ManualClock::new(start()));
        let log = Arc::new(Log::default());
        let (broken_ledger, broken_state) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let options = Options { retry: std::time::Duration::ZERO, ..Options::default() };
        let audit = AuditLog::open(Box::new(Handle(Arc::clone(&log))), options).unwrap();
        let store = Fragile { inner: MemoryStore::new(), broken: Arc::clone(&broken_ledger) };
        let engine = Engine::builder(Trust::anyone())
            .shared_clock(clock.clone())
            .state(FragileState { inner: MemoryState::new(), broken: Arc::clone(&broken_state) })
            .ledger(Ledger::new(Arc::new(store)))
            .audit(audit)
            .build();
        engine.load(None, &bundle(POLICY), None).unwrap();
        Shop { engine, clock, log, broken_ledger, broken_state }
    }

    fn refund(&self, id: &str, amount: &str) -> Call {
        self.engine.begin(refund(id, amount))
    }

    /// The askings of a call that needs them.
    fn ask(&self, call: &Call) -> Vec<Asking> {
        assert!(call.needs_approval(), "{}", call.decision());
        self.engine.ask(call).unwrap()
    }

    fn vote(&self, asking: &Asking, vote: Vote) -> Result<Asking, EngineError> {
        self.engine.vote(None, &asking.id, vote)
    }

    fn settle(&self, call: &Call) {
        assert_eq!(self.engine.settle(call, Settlement::Ok, Some(b"done")), Ok(SettleOutcome::Settled));
    }
}

fn refund(id: &str, amount: &str) -> RequestInput {
    let json = format!(
        r#"{{ "call_id": "{id}", "session": "s", "environment": "prod",
              "agent": {{ "id": "bot", "roles": ["support"], "owner": "ove" }}, "user": {{ "id": "ulla" }},
              "tool": "refund", "args": {{ "order": "o-1", "amount": {amount} }} }}"#
    );
    RequestInput::from_json(json.as_bytes(), &claw_runtime::Limits::default()).unwrap()
}

fn lead(person: &str) -> Vote {
    Vote::grant(person, start()).role("lead")
}

#[track_caller]
fn denied(call: &Call, reason: Reason) {
    assert_eq!((call.decision().outcome, call.decision().reason), (Outcome::Deny, reason), "{}", call.decision());
    assert!(call.args().is_none());
}

// What is broken on demand.

#[derive(Debug, Default)]
struct Log {
    lines: Mutex<Vec<Line>>,
    broken: AtomicBool,
}

impl Log {
    fn events(&self) -> Vec<Event> {
        self.lines.lock().unwrap().iter().map(|line| Record::parse(&line.text).unwrap().event).collect()
    }

    fn names(&self) -> Vec<&'static str> {
        self.events().iter().map(Event::name).collect()
    }
}

#[derive(Debug)]
struct Handle(Arc<Log>);

impl Sink for Handle {
    fn append(&mut self, lines: &[Line]) -> Result<(), SinkError> {
        if self.0.broken.load(Ordering::SeqCst) {
            return Err(SinkError::Unavailable("the disk is full".to_owned()));
        }
        self.0.lines.lock().unwrap().extend(lines.iter().cloned());
        Ok(())
    }

    fn tail(&mut self) -> Result<Option<Tail>, SinkError> {
        let lines = self.0.lines.lock().unwrap();
        Ok(lines.last().map(|line| Tail { seq: line.seq, hash: line.hash, time: line.time }))
    }
}

#[derive(Debug)]
struct Fragile {
    inner: MemoryStore,
    broken: Arc<AtomicBool>,
}

impl Fragile {
    fn works(&self) -> ledger::Answer<()> {
        if self.broken.load(Ordering::SeqCst) { Err(StoreError("it is gone".to_owned())) } else { Ok(()) }
    }
}

impl ledger::Store for Fragile {
    fn get(&self, id: &AskingId) -> ledger::Answer<Option<Asking>> {
        self.works()?;
        self.inner.get(id)
    }
    fn insert(&self, asking: &Asking) -> ledger::Answer<Option<Asking>> {
        self.works()?;
        self.inner.insert(asking)
    }
    fn compare_and_set(&self, old: &Asking, new: &Asking) -> ledger::Answer<bool> {
        self.works()?;
        self.inner.compare_and_set(old, new)
    }
    fn of_request(&self, tenant: Option<&str>, request: &Digest) -> ledger::Answer<Vec<Asking>> {
        self.works()?;
        self.inner.of_request(tenant, request)
    }
    fn open(
        &self,
        tenant: Option<&str>,
        now: Time,
        after: Option<&Cursor>,
        limit: usize,
    ) -> ledger::Answer<Vec<Asking>> {
        self.works()?;
        self.inner.open(tenant, now, after, limit)
    }
    fn closed(&self, tenant: Option<&str>, now: Time, limit: usize) -> ledger::Answer<Vec<Asking>> {
        self.works()?;
        self.inner.closed(tenant, now, limit)
    }
    fn remove_expired(&self, before: Time) -> ledger::Answer<u64> {
        self.works()?;
        self.inner.remove_expired(before)
    }
}

struct FragileState {
    inner: MemoryState,
    broken: Arc<AtomicBool>,
}

impl FragileState {
    fn works(&self) -> Result<(), StateError> {
        let gone = || StateError::Unavailable("it is gone".to_owned());
        if self.broken.load(Ordering::SeqCst) { Err(gone()) } else { Ok(()) }
    }
}

impl State for FragileState {
    fn transact(
        &self,
        scope: &SessionScope<'_>,
        step: &mut dyn FnMut(&dyn StateView) -> Option<Commit>,
    ) -> Result<(), StateError> {
        self.works()?;
        self.inner.transact(scope, step)
    }
    fn settle(&self, scope: &SessionScope<'_>, call_id: &str, how: Settlement) -> Result<SettleOutcome, StateError> {
        self.works()?;
        self.inner.settle(scope, call_id, how)
    }
}

#[test]
fn a_call_is_decided_executed_settled_and_recorded() {
    let shop = Shop::open();
    let call = shop.refund("c-1", "5.00");
    assert_eq!(call.args().unwrap().to_string(), r#"{"amount":5,"order":"o-1"}"#);
    assert_eq!(call.policy_digest(), Some(call.decision().policy_digest));
    shop.settle(&call);
    assert_eq!(shop.engine.settle(&call, Settlement::Ok, None), Ok(SettleOutcome::AlreadySettled));
    denied(&shop.refund("c-1", "5.00"), Reason::DuplicateCall);
    assert_eq!(shop.log.names(), ["reload", "decision", "result", "decision"]);
    let Event::Result(result) = &shop.log.events()[2] else { panic!() };
    assert_eq!((result.outcome, result.result_hash), (ResultOutcome::Ok, Some(Digest::of(b"done"))));
}

#[test]
fn an_approval_is_asked_for_voted_on_and_used_once() {
    let shop = Shop::open();
    let call = shop.refund("c-1", "500.00");
    let askings = shop.ask(&call);
    assert_eq!(askings.len(), 1);
    assert_eq!(shop.ask(&call), askings, "asking again asks for the same");
    assert!(shop.refund("c-1", "500.00").needs_approval(), "nobody has voted yet");

    shop.vote(&askings[0], lead("lea")).unwrap();
    // Another call of the same content, and the same call with other arguments, are not what was approved.
    assert!(shop.refund("c-2", "500.01").needs_approval());
    let call = shop.refund("c-1", "500.00");
    assert!(call.is_allowed(), "{}", call.decision());
    assert!(shop.refund("c-3", "500.00").needs_approval(), "c-1 has it");
    assert!(shop.refund("c-1", "500.00").decision().replayed, "the same call, not settled yet");
    shop.settle(&call);
    assert!(shop.refund("c-4", "500.00").needs_approval(), "it is used up");

    let names: Vec<_> = shop.log.names().into_iter().filter(|name| *name != "decision").collect();
    assert_eq!(names, ["reload", "ask", "vote", "approval", "result"]);
    let evidence = shop.log.events().into_iter().filter_map(|event| match event {
        Event::Decision(decision) if !decision.evidence.is_empty() => Some(decision.evidence),
        _ => None,
    });
    assert_eq!(evidence.collect::<Vec<_>>(), [vec![askings[0].id.to_string()]]);
}

#[test]
fn votes_that_do_not_count_are_refused_and_recorded() {
    let shop = Shop::open();
    let asking = shop.ask(&shop.refund("c-1", "500.00")).remove(0);
    let cases = [
        (lead("ulla"), Refusal::OwnRequest, "own_request"),
        (lead("ove"), Refusal::OwnRequest, "own_request"),
        (lead("bot"), Refusal::AgentMayNotVote, "agent_may_not_vote"),
        (Vote::grant("sam", start()).role("support"), Refusal::WrongRole, "wrong_role"),
    ];
    for (vote, refusal, code) in cases {
        assert_eq!(shop.vote(&asking, vote), Err(EngineError::Refused(refusal)));
        let Some(Event::Vote(vote)) = shop.log.events().pop() else { panic!() };
        assert_eq!((vote.accepted, vote.refusal.as_deref()), (false, Some(code)));
    }
    assert!(shop.refund("c-1", "500.00").needs_approval());
    let refusing = Vote::refuse("lea", start()).role("lead");
    shop.vote(&asking, refusing).unwrap();
    assert_eq!(shop.vote(&asking, lead("liz")), Err(EngineError::Refused(Refusal::AlreadyRefused("lea".to_owned()))));
    denied(&shop.refund("c-1", "500.00"), Reason::ApprovalRefused);
}

#[test]
fn approvals_expire_and_a_clock_that_goes_back_does_not_renew_them() {
    let shop = Shop::open();
    let asking = shop.ask(&shop.refund("c-1", "500.00")).remove(0);
    shop.vote(&asking, lead("lea")).unwrap();
    shop.clock.advance(Duration::from_millis(16 * 60_000));
    let late = shop.refund("c-1", "500.00");
    assert!(!late.is_allowed(), "{}", late.decision());
    shop.clock.set(start());
    let back = shop.refund("c-1", "500.00");
    assert!(!back.is_allowed(), "{}", back.decision());
}

#[test]
fn a_request_can_not_bring_its_own_approvals() {
    let shop = Shop::open();
    let call = shop.refund("c-1", "500.00");
    let approval = &call.decision().approvals[0];
    let evidence = claw_runtime::Evidence::new(approval, call.decision().request_digest.unwrap(), start());
    let forged = shop.engine.begin(refund("c-1", "500.00").approval(evidence.vote(lead("lea"))));
    denied(&forged, Reason::InvalidRequest);
    assert_eq!(forged.decision().pointer.as_deref(), Some("/approvals"));
}

#[test]
fn a_redefined_approval_is_asked_for_anew() {
    let shop = Shop::open();
    let asking = shop.ask(&shop.refund("c-1", "500.00")).remove(0);
    shop.vote(&asking, lead("lea")).unwrap();
    shop.engine.load(None, &bundle(&POLICY.replace("by 1 of lead", "by 2 of lead")), None).unwrap();
    let call = shop.refund("c-1", "500.00");
    let again = shop.ask(&call).remove(0);
    assert_ne!(again.id, asking.id);
    shop.vote(&again, lead("lea")).unwrap();
    assert!(shop.refund("c-1", "500.00").needs_approval());
    shop.vote(&again, lead("liz")).unwrap();
    assert!(shop.refund("c-1", "500.00").is_allowed());
}

#[test]
fn without_a_policy_everything_is_denied() {
    let shop = Shop::open();
    denied(&shop.engine.begin(refund("c-1", "5.00").tenant("acme")), Reason::NoPolicy);
    let unread = shop.engine.begin_json(b"{ nonsense");
    denied(&unread, Reason::InvalidRequest);
    let agent = AgentInput::new("bot").role("support");
    assert_eq!(shop.engine.callable(Some("acme"), &agent, None, "prod"), Ok(Vec::new()));
    let user = UserInput::new("ulla");
    let tools = shop.engine.callable(None, &agent, Some(&user), "prod").unwrap();
    assert_eq!(tools, [(None, "look".to_owned()), (None, "refund".to_owned())]);
    assert_eq!(shop.log.names(), ["reload", "decision", "decision"]);
}

#[test]
fn what_can_not_be_recorded_is_not_allowed_and_costs_nothing() {
    let shop = Shop::open();
    shop.log.broken.store(true, Ordering::SeqCst);
    for i in 0..3 {
        let call = shop.refund(&format!("down-{i}"), "90.00");
        denied(&call, Reason::AuditUnavailable);
        assert!(call.decision().message.as_deref().unwrap().contains("the disk is full"), "{}", call.decision());
    }
    // What waits for people must not be asked for unseen either.
    denied(&shop.refund("down-9", "500.00"), Reason::AuditUnavailable);
    shop.log.broken.store(false, Ordering::SeqCst);
    // The pot of 1,000 is as full as it was: eleven times 90 fit.
    for i in 0..11 {
        let call = shop.refund(&format!("up-{i}"), "90.00");
        assert!(call.is_allowed(), "{i}: {}", call.decision());
        shop.settle(&call);
    }
    denied(&shop.refund("up-11", "90.00"), Reason::Limit);
    assert!(shop.log.names().contains(&"gap"), "{:?}", shop.log.names());
}

#[test]
fn an_answer_that_can_not_be_repeated_takes_nothing_back() {
    let shop = Shop::open();
    let running = shop.refund("c-1", "600.00");
    let asking = shop.ask(&running).remove(0);
    shop.vote(&asking, lead("lea")).unwrap();
    let running = shop.refund("c-1", "600.00");
    assert!(running.is_allowed(), "{}", running.decision());
    shop.log.broken.store(true, Ordering::SeqCst);
    denied(&shop.refund("c-1", "600.00"), Reason::AuditUnavailable);
    shop.log.broken.store(false, Ordering::SeqCst);
    // It is charged for as long as it may be running, and can be settled.
    let mut small = (0..10).map(|i| shop.refund(&format!("s-{i}"), "90.00"));
    assert_eq!(small.by_ref().take_while(Call::is_allowed).count(), 4);
    shop.settle(&running);
}

#[test]
fn a_ledger_that_fails_denies_only_what_needs_it() {
    let shop = Shop::open();
    let asking = shop.ask(&shop.refund("c-1", "500.00")).remove(0);
    shop.vote(&asking, lead("lea")).unwrap();
    shop.broken_ledger.store(true, Ordering::SeqCst);
    denied(&shop.refund("c-1", "500.00"), Reason::ApprovalsUnavailable);
    assert!(shop.refund("c-2", "5.00").is_allowed());
    let failed = shop.vote(&asking, lead("liz")).unwrap_err();
    assert!(matches!(failed, EngineError::Refused(Refusal::Unavailable(_))), "{failed}");
    shop.broken_ledger.store(false, Ordering::SeqCst);
    assert!(shop.refund("c-1", "500.00").is_allowed());
}

#[test]
fn a_store_that_fails_denies_and_uses_no_approval() {
    let shop = Shop::open();
    let asking = shop.ask(&shop.refund("c-1", "500.00")).remove(0);
    shop.vote(&asking, lead("lea")).unwrap();
    shop.broken_state.store(true, Ordering::SeqCst);
    let call = shop.refund("c-1", "500.00");
    denied(&call, Reason::StateUnavailable);
    shop.broken_state.store(false, Ordering::SeqCst);
    let call = shop.refund("c-1", "500.00");
    assert!(call.is_allowed(), "{}", call.decision());
    shop.broken_state.store(true, Ordering::SeqCst);
    let failed = shop.engine.settle(&call, Settlement::Ok, None).unwrap_err();
    assert!(matches!(failed, EngineError::State(_)), "{failed}");
    shop.broken_state.store(false, Ordering::SeqCst);
    shop.settle(&call);
}

#[test]
fn reloads_are_recorded_and_can_be_undone() {
    let shop = Shop::open();
    let first = shop.refund("c-0", "5.00").policy_digest().unwrap();
    shop.engine.load(None, b"nonsense", None).unwrap_err();
    assert!(shop.refund("c-1", "5.00").is_allowed(), "the old one goes on");
    let second = bundle(&POLICY.replace("args.amount > 100.00", "args.amount > 1.00"));
    shop.engine.load(None, &second, None).unwrap();
    assert!(shop.refund("c-2", "5.00").needs_approval());
    shop.engine.roll_back(None, Target::Digest(first)).unwrap();
    assert!(shop.refund("c-3", "5.00").is_allowed());
    let reloads = shop.log.events().into_iter().filter_map(|event| match event {
        Event::Reload(reload) => {
            Some((format!("{:?}", reload.outcome), reload.digest.is_some(), reload.error.is_some()))
        }
        _ => None,
    });
    let expected =
        [("Loaded", true, false), ("Refused", false, true), ("Loaded", true, false), ("RolledBack", true, false)];
    assert_eq!(reloads.collect::<Vec<_>>(), expected.map(|(name, digest, error)| (name.to_owned(), digest, error)));
}

#[test]
fn a_preview_says_what_would_happen_and_changes_nothing() {
    let shop = Shop::open();
    let asking = shop.ask(&shop.refund("c-1", "500.00")).remove(0);
    assert_eq!(shop.engine.preview(refund("c-1", "500.00")).outcome, Outcome::RequireApproval);
    shop.vote(&asking, lead("lea")).unwrap();
    let before = shop.log.names().len();
    for _ in 0..2 {
        assert_eq!(shop.engine.preview(refund("c-1", "500.00")).outcome, Outcome::Allow);
    }
    assert_eq!(shop.log.names().len(), before);
    assert!(shop.refund("c-1", "500.00").is_allowed());
}
