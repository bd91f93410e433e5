//! Calls that follow one another: what `begin` reserves, what `settle` keeps, and what later calls see of it.
#![allow(clippy::unwrap_used)]

#[path = "state/policy.rs"]
mod policy;

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};

use claw_runtime::state::{
    Answer, Commit, NoState, SessionScope, SettleOutcome, Settlement, State, StateError, StateView,
};
use claw_runtime::{
    AgentInput, Decision, Duration, Evidence, MemoryState, Outcome, Policy, Reason, RequestInput, Time, UserInput, Vote,
};

/// A policy and a store. Every call gets an id of its own unless it brings one.
struct Bench {
    policy: Policy,
    store: MemoryState,
    calls: Cell<u32>,
}

/// 10:00:00 and so many seconds.
fn at(seconds: i64) -> Time {
    Time::parse("2026-03-02T10:00:00Z").unwrap().checked_add(Duration::from_millis(seconds * 1000)).unwrap()
}

fn call(tool: &str) -> RequestInput {
    RequestInput {
        time: Some(at(0)),
        session: Some("s".to_owned()),
        user: Some(UserInput { id: "uma".to_owned(), ..UserInput::default() }),
        ..RequestInput::tool(tool).environment("prod").agent(AgentInput::new("bot").role("support"))
    }
}

fn mail(seconds: i64) -> RequestInput {
    RequestInput { time: Some(at(seconds)), ..call("send_email").arg("to", "eva") }
}

fn get_order(id: &str) -> RequestInput {
    call("get_order").arg("id", id)
}

fn refund(order: &str, amount: i64) -> RequestInput {
    call("refund").arg("order_id", order).arg("amount", amount)
}

fn web() -> RequestInput {
    call("web_fetch").arg("url", "example.com")
}

fn exec() -> RequestInput {
    call("exec").arg("command", "ls")
}

fn probe() -> RequestInput {
    call("probe").arg("x", "y")
}

fn id(input: RequestInput, id: &str) -> RequestInput {
    RequestInput { call_id: Some(id.to_owned()), ..input }
}

fn session(input: RequestInput, session: &str) -> RequestInput {
    RequestInput { session: Some(session.to_owned()), ..input }
}

fn time(input: RequestInput, seconds: i64) -> RequestInput {
    RequestInput { time: Some(at(seconds)), ..input }
}

impl Bench {
    fn new() -> Bench {
        Bench { policy: policy::policy(), store: MemoryState::new(), calls: Cell::new(0) }
    }

    fn named(&self, input: RequestInput) -> RequestInput {
        self.calls.set(self.calls.get() + 1);
        let name = format!("call-{}", self.calls.get());
        RequestInput { call_id: input.call_id.clone().or(Some(name)), ..input }
    }

    fn begin(&self, input: RequestInput) -> Decision {
        self.policy.begin(&self.policy.prepare(&self.named(input)).unwrap(), &self.store)
    }

    /// Begins a call that must be allowed, and settles it.
    fn done(&self, input: RequestInput, how: Settlement) {
        let input = self.named(input);
        let request = self.policy.prepare(&input).unwrap();
        let decision = self.policy.begin(&request, &self.store);
        assert!(decision.is_allowed(), "{decision}");
        assert_eq!(self.policy.settle(&request, how, &self.store), Ok(SettleOutcome::Settled));
    }

    fn settle(&self, session: &str, call_id: &str, how: Settlement) {
        let scope = SessionScope { session: Some(session), ..SessionScope::default() };
        assert_eq!(self.store.settle(&scope, call_id, how), Ok(SettleOutcome::Settled));
    }
}

fn is(decision: &Decision) -> (Outcome, Reason) {
    (decision.outcome, decision.reason)
}

const ALLOW: (Outcome, Reason) = (Outcome::Allow, Reason::Granted);

fn deny(reason: Reason) -> (Outcome, Reason) {
    (Outcome::Deny, reason)
}

fn ask(reason: Reason) -> (Outcome, Reason) {
    (Outcome::RequireApproval, reason)
}

#[test]
fn the_sixth_mail_within_a_minute_waits() {
    let bench = Bench::new();
    for second in 0..5 {
        bench.done(mail(second), Settlement::Ok);
    }
    let sixth = bench.begin(mail(5));
    assert_eq!(is(&sixth), deny(Reason::Limit));
    // The first mail's bucket is the second that began at 10:00:00; it counts until 10:01:01.
    assert_eq!(sixth.retry_after, Some(Duration::from_millis(56_000)));
    assert_eq!(is(&bench.begin(RequestInput { agent: AgentInput::new("other").role("support"), ..mail(5) })), ALLOW);
    assert_eq!(is(&bench.begin(mail(60))), deny(Reason::Limit));
    assert_eq!(is(&bench.begin(mail(61))), ALLOW);
    assert_eq!(is(&bench.begin(mail(61))), deny(Reason::Limit));
}

#[test]
fn a_call_that_was_not_executed_is_not_counted() {
    let bench = Bench::new();
    bench.done(mail(0), Settlement::Error);
    for second in 0..20 {
        bench.done(mail(second), Settlement::NotExecuted);
    }
    for _ in 0..4 {
        assert_eq!(is(&bench.begin(mail(20))), ALLOW);
    }
    assert_eq!(is(&bench.begin(mail(20))), deny(Reason::Limit));
}

#[test]
fn limits_need_a_clock_that_does_not_go_back() {
    let bench = Bench::new();
    assert_eq!(is(&bench.begin(RequestInput { time: None, ..mail(0) })), deny(Reason::LimitUnavailable));
    assert_eq!(is(&bench.begin(mail(100))), ALLOW);
    assert_eq!(is(&bench.begin(mail(98))), ALLOW);
    assert_eq!(is(&bench.begin(mail(97))), deny(Reason::LimitUnavailable));
    // Whatever brings a time, the latest seen is the tenant's.
    assert_eq!(is(&bench.begin(session(time(web(), 200), "other"))), ALLOW);
    assert_eq!(is(&bench.begin(mail(100))), deny(Reason::LimitUnavailable));
    assert_eq!(is(&bench.begin(RequestInput { tenant: Some("acme".to_owned()), ..mail(100) })), ALLOW);
}

#[test]
fn beyond_a_limit_someone_must_agree() {
    let bench = Bench::new();
    bench.done(get_order("A"), Settlement::Ok);
    bench.done(refund("A", 900), Settlement::Ok);
    let input = bench.named(refund("A", 101));
    let asked = bench.begin(input.clone());
    assert_eq!(is(&asked), ask(Reason::Limit));
    assert_eq!(asked.approvals[0].required_by, ["acme.refund_pot"]);
    let evidence = Evidence::new(&asked.approvals[0], asked.request_digest.unwrap(), at(0))
        .vote(Vote::grant("sam", at(1)).role("sre"));
    let approved = RequestInput { approvals: vec![evidence], ..time(input, 2) };
    assert_eq!(is(&bench.begin(approved)), ALLOW);
    // It is charged all the same.
    assert_eq!(is(&bench.begin(refund("A", 0))), ask(Reason::Limit));
    // An unknown key can't be approved away.
    assert_eq!(is(&bench.begin(RequestInput { user: None, ..refund("A", 1) })), deny(Reason::LimitUnavailable));
    assert_eq!(is(&bench.begin(refund("A", -1))), deny(Reason::LimitUnavailable));
}

#[test]
fn a_refund_needs_a_lookup_of_the_same_order() {
    let bench = Bench::new();
    assert_eq!(is(&bench.begin(refund("A", 1))), deny(Reason::Rule));
    bench.done(get_order("B"), Settlement::Ok);
    assert_eq!(is(&bench.begin(refund("A", 1))), deny(Reason::Rule));
    bench.done(get_order("A"), Settlement::Ok);
    assert_eq!(is(&bench.begin(refund("A", 1))), ALLOW);
    assert_eq!(is(&bench.begin(session(refund("A", 1), "other"))), deny(Reason::Rule));
    assert_eq!(
        is(&bench.begin(RequestInput { tenant: Some("acme".to_owned()), ..refund("A", 1) })),
        deny(Reason::Rule)
    );
    assert_eq!(is(&bench.begin(RequestInput { session: None, ..refund("A", 1) })), deny(Reason::Rule));
    assert_eq!(is(&bench.begin(time(refund("A", 1), 600))), ALLOW);
    assert_eq!(is(&bench.begin(time(refund("A", 1), 601))), deny(Reason::Rule));
}

#[test]
fn only_a_lookup_that_succeeded_counts() {
    let bench = Bench::new();
    bench.done(get_order("A"), Settlement::Error);
    bench.done(get_order("A"), Settlement::NotExecuted);
    assert_eq!(is(&bench.begin(refund("A", 1))), deny(Reason::Rule));
    assert_eq!(is(&bench.begin(id(get_order("A"), "lookup"))), ALLOW);
    assert_eq!(is(&bench.begin(refund("A", 1))), deny(Reason::Rule));
    bench.settle("s", "lookup", Settlement::Ok);
    assert_eq!(is(&bench.begin(refund("A", 1))), ALLOW);
    // The query's own test of the earlier call.
    bench.done(get_order("void"), Settlement::Ok);
    assert_eq!(is(&bench.begin(refund("void", 1))), deny(Reason::Rule));
}

#[test]
fn labels_are_seen_from_the_next_call_on() {
    let bench = Bench::new();
    assert_eq!(is(&bench.begin(exec())), ALLOW);
    let fetched = bench.begin(id(web(), "fetch"));
    assert_eq!(fetched.marks, ["untrusted"]);
    assert_eq!(is(&bench.begin(exec())), ask(Reason::Rule));
    assert_eq!(is(&bench.begin(session(exec(), "other"))), ALLOW);
    bench.settle("s", "fetch", Settlement::Error);
    assert_eq!(is(&bench.begin(exec())), ask(Reason::Rule));
}

#[test]
fn a_label_stays_while_any_call_that_marked_it_may_have_run() {
    let bench = Bench::new();
    let _ = (bench.begin(id(web(), "one")), bench.begin(id(web(), "two")));
    bench.settle("s", "one", Settlement::NotExecuted);
    assert_eq!(is(&bench.begin(exec())), ask(Reason::Rule));
    bench.settle("s", "two", Settlement::NotExecuted);
    assert_eq!(is(&bench.begin(exec())), ALLOW);
    bench.done(web(), Settlement::Ok);
    bench.done(web(), Settlement::NotExecuted);
    assert_eq!(is(&bench.begin(exec())), ask(Reason::Rule));
}

#[test]
fn labels_of_a_request_stay_whatever_is_answered() {
    let bench = Bench::new();
    let labelled = |input: RequestInput| RequestInput { labels: vec!["untrusted".to_owned()], ..input };
    assert_eq!(is(&bench.begin(labelled(refund("A", 1)))), deny(Reason::Rule));
    assert_eq!(is(&bench.begin(exec())), ask(Reason::Rule));
    // Also where the call itself is judged with them, and where it fails for its id.
    assert_eq!(is(&bench.begin(labelled(session(exec(), "b")))), ask(Reason::Rule));
    assert_eq!(is(&bench.begin(session(exec(), "b"))), ask(Reason::Rule));
    bench.done(session(id(get_order("A"), "c"), "c"), Settlement::Ok);
    assert_eq!(is(&bench.begin(labelled(session(id(get_order("A"), "c"), "c")))), deny(Reason::DuplicateCall));
    assert_eq!(is(&bench.begin(session(exec(), "c"))), ask(Reason::Rule));
}

#[test]
fn a_child_session_inherits_labels() {
    let bench = Bench::new();
    let child = |input: RequestInput| RequestInput {
        session: Some("child".to_owned()),
        parent_session: Some("s".to_owned()),
        ..input
    };
    assert_eq!(is(&bench.begin(child(exec()))), ALLOW);
    bench.done(web(), Settlement::Ok);
    assert_eq!(is(&bench.begin(child(exec()))), ask(Reason::Rule));
    // Whether or not it is said again; and its own children do, too.
    assert_eq!(is(&bench.begin(session(exec(), "child"))), ask(Reason::Rule));
    let grandchild = RequestInput { parent_session: Some("child".to_owned()), ..session(exec(), "grandchild") };
    assert_eq!(is(&bench.begin(grandchild)), ask(Reason::Rule));
    // Nothing flows back.
    let parent = RequestInput { parent_session: Some("up".to_owned()), ..session(web(), "down") };
    bench.done(parent, Settlement::Ok);
    assert_eq!(is(&bench.begin(session(exec(), "up"))), ALLOW);
}

#[test]
fn without_a_session_labels_are_unknown() {
    let bench = Bench::new();
    assert_eq!(
        is(&bench.begin(RequestInput { session: None, ..exec() })),
        deny(Reason::Rule),
        "no_secret_shells applies unless it is false"
    );
}

#[test]
fn the_same_call_is_charged_once() {
    let bench = Bench::new();
    let first = bench.begin(id(mail(0), "m"));
    assert!(!first.replayed);
    for second in 1..9 {
        let again = bench.begin(id(mail(second), "m"));
        assert_eq!(Decision { replayed: false, ..again.clone() }, first);
        assert!(again.replayed);
    }
    for _ in 0..4 {
        assert_eq!(is(&bench.begin(mail(9))), ALLOW);
    }
    assert_eq!(is(&bench.begin(mail(9))), deny(Reason::Limit));
    assert_eq!(is(&bench.begin(id(mail(9), "m"))), ALLOW);
    assert_eq!(
        is(&bench.begin(id(RequestInput { time: Some(at(9)), ..call("send_email").arg("to", "x") }, "m"))),
        deny(Reason::InvalidRequest)
    );
    bench.settle("s", "m", Settlement::Ok);
    assert_eq!(is(&bench.begin(id(mail(100), "m"))), deny(Reason::DuplicateCall));
    assert_eq!(is(&bench.begin(session(id(mail(100), "m"), "other"))), ALLOW, "ids are the session's");
}

#[test]
fn a_call_that_was_not_allowed_may_be_tried_again() {
    let bench = Bench::new();
    let input = id(refund("A", 1), "r");
    assert_eq!(is(&bench.begin(input.clone())), deny(Reason::Rule));
    bench.done(get_order("A"), Settlement::Ok);
    assert_eq!(is(&bench.begin(input)), ALLOW);
}

#[test]
fn a_call_needs_an_id() {
    let bench = Bench::new();
    let request = bench.policy.prepare(&mail(0)).unwrap();
    assert_eq!(is(&bench.policy.begin(&request, &bench.store)), deny(Reason::InvalidRequest));
    assert_eq!(bench.policy.settle(&request, Settlement::Ok, &bench.store), Ok(SettleOutcome::UnknownCall));
}

#[test]
fn the_first_settlement_stands() {
    let bench = Bench::new();
    let request = bench.policy.prepare(&id(web(), "w")).unwrap();
    let settle = |how| bench.policy.settle(&request, how, &bench.store);
    assert_eq!(settle(Settlement::Ok), Ok(SettleOutcome::UnknownCall));
    assert_eq!(is(&bench.policy.begin(&request, &bench.store)), ALLOW);
    assert_eq!(settle(Settlement::Ok), Ok(SettleOutcome::Settled));
    assert_eq!(settle(Settlement::NotExecuted), Ok(SettleOutcome::AlreadySettled));
    assert_eq!(is(&bench.begin(exec())), ask(Reason::Rule));
}

#[test]
fn approval_is_good_for_one_use() {
    let bench = Bench::new();
    bench.done(web(), Settlement::Ok);
    let asked = bench.begin(exec());
    let evidence = |asked_at: i64| Evidence::new(&asked.approvals[0], asked.request_digest.unwrap(), at(asked_at));
    let with = |evidence: Evidence, seconds: i64| RequestInput { approvals: vec![evidence], ..time(exec(), seconds) };
    let yes = evidence(0).vote(Vote::grant("sam", at(1)).role("sre"));
    assert_eq!(is(&bench.begin(with(evidence(0), 5))), ask(Reason::Rule));
    // Looking does not use it up, nor does an answer that is no permission.
    let request = bench.policy.prepare(&with(yes.clone(), 5)).unwrap();
    assert_eq!(is(&bench.policy.preview(&request, &bench.store)), ALLOW);
    assert_eq!(is(&bench.begin(with(yes.clone(), 5))), ALLOW);
    assert_eq!(is(&bench.begin(with(yes.clone(), 6))), ask(Reason::Rule));
    assert_eq!(is(&bench.begin(with(yes.clone().vote(Vote::grant("kim", at(6)).role("sre")), 6))), ask(Reason::Rule));
    assert_eq!(is(&bench.begin(with(evidence(7).vote(Vote::grant("sam", at(7)).role("sre")), 8))), ALLOW);
    assert_eq!(
        is(&bench.begin(with(evidence(7).vote(Vote::refuse("sam", at(7)).role("sre")), 8))),
        deny(Reason::ApprovalRefused)
    );
    assert_eq!(is(&bench.begin(with(yes, 15 * 60 + 1))), deny(Reason::ApprovalExpired));
}

#[test]
fn hints_are_charged_and_marked_in_a_state_of_their_own() {
    let bench = Bench::new();
    let clauses = |decision: &Decision| decision.shadow.iter().map(|a| a.clause.to_string()).collect::<Vec<_>>();
    let first = bench.begin(probe());
    assert_eq!(is(&first), ALLOW);
    assert!(first.marks.is_empty());
    assert_eq!(clauses(&first), ["acme.probes_are_secret"]);
    let second = bench.begin(probe());
    assert_eq!(is(&second), ALLOW);
    assert_eq!(clauses(&second), ["acme.probes_are_secret", "acme.no_more_probes", "acme.probe_rate"]);
    // What is no hint does not see their label.
    assert_eq!(is(&bench.begin(exec())), ALLOW);
}

#[test]
fn deciding_alone_knows_no_past() {
    let bench = Bench::new();
    let decide = |input: &RequestInput| is(&bench.policy.explain(&bench.policy.prepare(input).unwrap(), &NoState));
    assert_eq!(decide(&mail(0)), deny(Reason::LimitUnavailable));
    assert_eq!(decide(&refund("A", 1)), deny(Reason::Rule));
    assert_eq!(decide(&get_order("A")), ALLOW);
}

#[test]
fn of_many_at_once_only_as_many_as_fit_go_through() {
    let bench = Bench::new();
    let allowed = AtomicU32::new(0);
    let (policy, store) = (&bench.policy, &bench.store);
    std::thread::scope(|threads| {
        for thread in 0..8 {
            let allowed = &allowed;
            threads.spawn(move || {
                for i in 0..5 {
                    let request = policy.prepare(&id(mail(0), &format!("{thread}-{i}"))).unwrap();
                    allowed.fetch_add(u32::from(policy.begin(&request, store).is_allowed()), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(allowed.into_inner(), 5);
}

/// A store that runs each step twice, as one with optimistic locking does when it loses a race.
struct Retrying(MemoryState);

impl State for Retrying {
    fn transact(&self, scope: &SessionScope<'_>, step: &mut dyn FnMut(&dyn StateView) -> Option<Commit>) -> Answer<()> {
        self.0.transact(scope, &mut |view| {
            let _lost = step(view);
            None
        })?;
        self.0.transact(scope, step)
    }
    fn settle(&self, scope: &SessionScope<'_>, call_id: &str, how: Settlement) -> Answer<SettleOutcome> {
        self.0.settle(scope, call_id, how)
    }
}

/// A store that fails, before or after it has run the step.
struct Failing {
    runs: bool,
}

impl State for Failing {
    fn transact(&self, _: &SessionScope<'_>, step: &mut dyn FnMut(&dyn StateView) -> Option<Commit>) -> Answer<()> {
        if self.runs {
            let empty = MemoryState::new();
            empty.transact(&SessionScope { session: Some("s"), ..SessionScope::default() }, step)?;
        }
        Err(StateError::Unavailable("connection lost".to_owned()))
    }
    fn settle(&self, _: &SessionScope<'_>, _: &str, _: Settlement) -> Answer<SettleOutcome> {
        Err(StateError::Unavailable("connection lost".to_owned()))
    }
}

#[test]
fn a_step_may_run_again() {
    let bench = Bench::new();
    let store = Retrying(MemoryState::new());
    for i in 0..6 {
        let request = bench.policy.prepare(&id(mail(0), &format!("{i}"))).unwrap();
        let decision = bench.policy.begin(&request, &store);
        assert_eq!(is(&decision), if i < 5 { ALLOW } else { deny(Reason::Limit) });
        assert!(!decision.replayed);
    }
}

#[test]
fn a_store_that_fails_denies() {
    let bench = Bench::new();
    let begin = |input: RequestInput, runs| {
        is(&bench.policy.begin(&bench.policy.prepare(&bench.named(input)).unwrap(), &Failing { runs }))
    };
    assert_eq!(begin(get_order("A"), false), deny(Reason::StateUnavailable));
    assert_eq!(begin(get_order("A"), true), deny(Reason::StateUnavailable));
    assert_eq!(begin(mail(0), true), deny(Reason::LimitUnavailable));
}
