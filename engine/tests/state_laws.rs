//! Every store answers what the store in memory answers, which is itself held against a model that keeps every event.
#![cfg(all(feature = "sqlite", feature = "redis"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "servers/redis.rs"]
mod redis_server;
mod stores;

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration as Wait;

use claw_engine::{RedisOptions, RedisState, SqliteOptions, SqliteState, StateBounds};
use claw_runtime::state::{
    CallRecord, Charge, Commit, Consumption, Effects, PotKey, PriorQuery, PriorRecord, Realm, SessionScope, Settlement,
    State, StateView, clock,
};
use claw_runtime::{
    AgentInput, Decimal, Decision, Digest, Duration, Evidence, MemoryBounds, MemoryState, Outcome, Reason,
    RequestInput, Time, Tri, Vote,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use redis_server::Redis;
use stores::at;

/// The stores under test, the first of which says what is right.
struct Stores {
    all: Vec<(&'static str, Box<dyn State>)>,
    _dir: tempfile::TempDir,
}

impl Stores {
    /// New and empty ones, each session of which is bounded so; a server's keys are told apart by a prefix.
    fn new(server: Option<&Redis>, bounds: &StateBounds) -> Stores {
        thread_local!(static NUMBER: RefCell<u32> = const { RefCell::new(0) });
        let number = NUMBER.with_borrow_mut(|n| {
            *n += 1;
            *n
        });
        // The speed of the machine is no matter here.
        let timeout = Wait::from_secs(60);
        let dir = tempfile::tempdir().unwrap();
        let options = SqliteOptions { timeout, sync: false, bounds: bounds.clone(), ..SqliteOptions::default() };
        let file = SqliteState::open_with(dir.path().join("state.db"), options).unwrap();
        let StateBounds { parents, ancestors, .. } = *bounds;
        let priors = usize::try_from(bounds.priors).unwrap();
        let memory = MemoryState::with_bounds(MemoryBounds { parents, ancestors, priors, ..MemoryBounds::default() });
        let mut all: Vec<(&str, Box<dyn State>)> = vec![("memory", Box::new(memory)), ("sqlite", Box::new(file))];
        if let Some(server) = server {
            let (prefix, bounds) = (format!("t{number}"), bounds.clone());
            let options = RedisOptions { timeout, prefix, bounds, ..RedisOptions::default() };
            all.push(("redis", Box::new(RedisState::connect_with(&server.url(), options).unwrap())));
        }
        Stores { all, _dir: dir }
    }

    /// Has all of them do the same; they have to answer the same.
    fn same<T: PartialEq + std::fmt::Debug>(&self, mut ask: impl FnMut(&dyn State) -> Vec<T>) -> Vec<T> {
        let (_, memory) = &self.all[0];
        let first = ask(&**memory);
        for (name, store) in &self.all[1..] {
            let answers = ask(&**store);
            assert_eq!(answers.len(), first.len(), "{name}");
            for (answer, expected) in answers.iter().zip(&first) {
                assert_eq!(answer, expected, "{name}");
            }
        }
        first
    }
}

fn millis(millis: i64) -> Duration {
    Duration::from_millis(millis)
}

fn digest(number: u8) -> Digest {
    Digest::of(&[number])
}

fn config(cases: u32, seed: u64) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..ProptestConfig::default() }
}

mod records {
    //! Commits as no policy would make them, and every question that can be asked.

    use super::*;

    const SESSIONS: [&str; 4] = ["s0", "s1", "s2", ""];
    const TENANTS: [Option<&str>; 3] = [None, Some("acme"), Some("")];
    const LABELS: [&str; 2] = ["untrusted", "secret"];
    const IDS: [&str; 5] = ["c0", "c1", "c2", "c3", ""];
    /// Windows of the pots: one whose buckets are whole milliseconds, and one whose aren't.
    const WINDOWS: [i64; 2] = [600, 1_000];

    #[derive(Clone, Debug)]
    struct Call {
        labels: Vec<usize>,
        marks: Vec<(Realm, usize)>,
        charges: Vec<(u8, i64, u8)>,
        priors: Vec<(u8, Option<u8>, Tri)>,
        evidence: Option<u8>,
        nanos: i32,
    }

    #[derive(Clone, Debug)]
    struct Op {
        tenant: usize,
        session: Option<usize>,
        parent: Option<usize>,
        id: usize,
        time: Option<i64>,
        /// `None` begins.
        settle: Option<Settlement>,
        allow: bool,
        call: Call,
    }

    fn call() -> impl Strategy<Value = Call> {
        let realm = prop_oneof![Just(Realm::Confirmed), Just(Realm::Shadow)];
        let tri = prop_oneof![4 => Just(Tri::True), 1 => Just(Tri::Unknown), 1 => Just(Tri::False)];
        (
            prop_oneof![5 => Just(Vec::new()), 1 => prop::collection::vec(0..LABELS.len(), 1..3)],
            prop::collection::vec((realm, 0..LABELS.len()), 0..2),
            prop::collection::vec((0..2u8, 0..60_000i64, 0..4u8), 0..3),
            prop::collection::vec((0..2u8, prop::option::weighted(0.85, 0..4u8), tri), 0..3),
            prop::option::weighted(0.2, 0..3u8),
            0..1_000_000i32,
        )
            .prop_map(|(labels, marks, charges, priors, evidence, nanos)| Call {
                labels,
                marks,
                charges,
                priors,
                evidence,
                nanos,
            })
    }

    fn op() -> impl Strategy<Value = Op> {
        let how = prop_oneof![Just(Settlement::Ok), Just(Settlement::Error), Just(Settlement::NotExecuted)];
        (
            prop_oneof![4 => Just(0usize), 1 => Just(1), 1 => Just(2)],
            prop::option::weighted(0.9, 0..SESSIONS.len()),
            prop::option::weighted(0.2, 0..SESSIONS.len()),
            0..IDS.len(),
            prop::option::weighted(0.95, 0..3_000i64),
            prop::option::weighted(0.4, how),
            prop::bool::weighted(0.8),
            call(),
        )
            .prop_map(|(tenant, session, parent, id, time, settle, allow, call)| Op {
                tenant,
                session,
                parent,
                id,
                time,
                settle,
                allow,
                call,
            })
    }

    fn pot(number: u8) -> (PotKey, Duration) {
        (PotKey(digest(100 + number)), millis(WINDOWS[usize::from(number)]))
    }

    fn effects(call: &Call, now: Option<Time>, charged: Option<Time>) -> Effects {
        let charge = |(number, coefficient, scale): &(u8, i64, u8)| {
            let (pot, window) = pot(*number);
            Some(Charge { pot, window, amount: Decimal::new((*coefficient).into(), *scale)?, at: charged? })
        };
        let prior = |(query, key, test): &(u8, Option<u8>, Tri)| PriorRecord {
            query: digest(*query),
            key: key.map(digest),
            test: *test,
            begun: now,
            keep: millis(1_000),
        };
        let used = |(n, at)| Consumption { asking: digest(n), at, expires: super::at(9_000) };
        Effects {
            charges: call.charges.iter().filter_map(charge).collect(),
            marks: call.marks.iter().map(|(realm, label)| (*realm, LABELS[*label].into())).collect(),
            priors: call.priors.iter().map(prior).collect(),
            consumed: call.evidence.zip(now).map(used).into_iter().collect(),
        }
    }

    fn answer(id: &str) -> Arc<Decision> {
        Arc::new(Decision {
            call_id: Some(id.into()),
            outcome: Outcome::Allow,
            ..Decision::denial(Reason::Granted, None)
        })
    }

    /// Does one step, and tells all that could be told before it.
    fn run(store: &dyn State, op: &Op) -> Vec<String> {
        let scope = SessionScope {
            tenant: TENANTS[op.tenant],
            session: op.session.map(|s| SESSIONS[s]),
            parent_session: op.parent.map(|s| SESSIONS[s]).filter(|_| op.settle.is_none()),
        };
        let id = IDS[op.id];
        if let Some(how) = op.settle {
            return vec![format!("{:?}", store.settle(&scope, id, how))];
        }
        let now = op.time.map(at).map(|time| {
            let (seconds, nanos) = time.into();
            Time::try_from((seconds, nanos + op.call.nanos)).unwrap()
        });
        let mut told = Vec::new();
        let result = store.transact(&scope, &mut |view| {
            told = everything(view);
            let charged = clock(view, now).ok();
            let is_new = format!("{:?}", view.call(id)) == "Ok(New)";
            let record = || CallRecord {
                id: id.into(),
                digest: digest(op.call.evidence.unwrap_or_default()),
                answer: answer(id),
                effects: effects(&op.call, now, charged),
            };
            let labels = op.call.labels.iter().map(|l| LABELS[*l].into()).collect();
            Some(Commit { now, labels, call: (is_new && op.allow).then(record) })
        });
        told.push(format!("{result:?}"));
        told
    }

    fn everything(view: &dyn StateView) -> Vec<String> {
        let mut told = vec![format!("{:?}", view.latest())];
        told.extend(IDS.map(|id| format!("{id} {:?}", view.call(id))));
        for label in LABELS {
            told.extend([Realm::Confirmed, Realm::Shadow].map(|realm| format!("{:?}", view.has_label(realm, label))));
        }
        for (query, key) in (0..2).flat_map(|q| [Some(0), Some(2), Some(9), None].map(|k| (q, k))) {
            for (now, within) in [(Some(800), 150), (Some(2_999), 700), (None, 700)] {
                let (query, key, now) = (digest(query), key.map(digest), now.map(at));
                let asked = PriorQuery { query: &query, key: key.as_ref(), now, within: millis(within) };
                told.push(format!("{asked:?} {:?}", view.prior(&asked)));
            }
        }
        // The clock never goes back behind the latest.
        let latest = view.latest().unwrap().unwrap_or(at(0));
        for (number, later, room) in (0..2).flat_map(|n| [(n, 0, 30_000), (n, 170, 40), (n, 950, 0)]) {
            let ((pot, window), now) = (pot(number), latest.checked_add(millis(later)).unwrap());
            told.push(format!("{:?}", view.pot(&pot, window, now, Decimal::from(room))));
        }
        told.extend((0..3).map(|n| format!("{:?}", view.consumed(&digest(n)))));
        told
    }

    fn compare(bounds: &StateBounds, seed: u64) {
        let server = Redis::start();
        proptest!(config(32, seed), |(ops in prop::collection::vec(op(), 0..40))| {
            let stores = Stores::new(server.as_ref(), bounds);
            for op in &ops {
                stores.same(|store| run(store, op));
            }
        });
    }

    #[test]
    fn stores_tell_the_same() {
        compare(&StateBounds::default(), 20_260_302);
    }

    /// Also what they have to forget is the same, and is unknown.
    #[test]
    fn stores_forget_the_same() {
        compare(&StateBounds { priors: 2, parents: 1, ancestors: 2, ..StateBounds::default() }, 20_260_304);
    }
}

mod decisions {
    //! The same calls, decided by the same policy.

    use super::*;

    #[derive(Clone, Debug)]
    enum Op {
        Begin {
            call: Call,
            preview: bool,
        },
        /// One of the calls so far.
        Settle {
            which: prop::sample::Index,
            how: Settlement,
        },
        /// Somebody agrees to what was last asked for, and the call is tried again.
        Agree {
            later: i64,
        },
        /// The last call once more.
        Again,
    }

    #[derive(Clone, Debug)]
    struct Call {
        tool: usize,
        thing: usize,
        amount: usize,
        agent: usize,
        tenant: usize,
        session: usize,
        parent: Option<usize>,
        id: usize,
        later: Option<i64>,
        label: bool,
    }

    const TENANTS: [Option<&str>; 2] = [Some("acme"), None];
    const SESSIONS: [Option<&str>; 3] = [Some("s"), Some("t"), None];
    const IDS: usize = 40;

    fn op() -> impl Strategy<Value = Op> {
        let how =
            prop_oneof![3 => Just(Settlement::Ok), 1 => Just(Settlement::Error), 1 => Just(Settlement::NotExecuted)];
        // Mostly on, at times a little back, and at times too far back.
        let later = prop_oneof![20 => 0..9_000i64, 2 => 20_000..400_000i64, 2 => -1_900..0i64, 1 => -60_000..-2_100i64];
        let tenant = || prop_oneof![4 => Just(0usize), 1 => Just(1)];
        let session = || prop_oneof![5 => Just(0usize), 3 => Just(1), 1 => Just(2)];
        let call =
            (
                (0..4usize, 0..3usize, 0..5usize, 0..2usize),
                (tenant(), session(), prop::option::weighted(0.15, 0..2usize), 0..IDS),
                prop::option::weighted(0.97, later),
                prop::bool::weighted(0.05),
            )
                .prop_map(|((tool, thing, amount, agent), (tenant, session, parent, id), later, label)| {
                    Call { tool, thing, amount, agent, tenant, session, parent, id, later, label }
                });
        prop_oneof![
            6 => (call, prop::bool::weighted(0.1)).prop_map(|(call, preview)| Op::Begin { call, preview }),
            4 => (any::<prop::sample::Index>(), how).prop_map(|(which, how)| Op::Settle { which, how }),
            2 => (0..400_000i64).prop_map(|later| Op::Agree { later }),
            1 => Just(Op::Again),
        ]
    }

    fn input(call: &Call, now: &mut i64) -> RequestInput {
        let tool = ["fetch", "look", "send", "wipe"][call.tool];
        let mut input = stores::call(tool, &format!("c{}", call.id), 0)
            .agent(AgentInput::new(["a", "b"][call.agent]).role("bot"))
            .arg("id", ["a1", "a2", "b"][call.thing]);
        if tool == "send" {
            let amount = ["0.1", "2.5", "0", "9.99", "123456789012345678901234567890.5"][call.amount];
            input = input.arg("amount", Decimal::parse(amount).unwrap());
        }
        if call.label {
            input = input.label("web");
        }
        input.time = call.later.map(|later| {
            let time = *now + later;
            *now = time.max(*now);
            at(time)
        });
        input.tenant = TENANTS[call.tenant].map(str::to_owned);
        input.session = SESSIONS[call.session].map(str::to_owned);
        input.parent_session = call.parent.and_then(|parent| SESSIONS[parent]).map(str::to_owned);
        input
    }

    #[test]
    fn stores_decide_the_same() {
        let policy = stores::policy();
        let server = Redis::start();
        let reasons = RefCell::new(std::collections::BTreeMap::new());
        proptest!(config(48, 20_260_303), |(ops in prop::collection::vec(op(), 0..60))| {
            let stores = Stores::new(server.as_ref(), &StateBounds::default());
            let (mut now, mut last, mut asked, mut calls) = (0, None, None, Vec::new());
            for op in ops {
                let (request, preview) = match op {
                    Op::Begin { call, preview } => (input(&call, &mut now), preview),
                    Op::Settle { which, how } => {
                        if calls.is_empty() {
                            continue;
                        }
                        let (tenant, session, id): &(Option<String>, Option<String>, String) = which.get(&calls);
                        let (tenant, session) = (tenant.as_deref(), session.as_deref());
                        let scope = SessionScope { tenant, session, parent_session: None };
                        stores.same(|store| vec![store.settle(&scope, id, how)]);
                        continue;
                    }
                    Op::Agree { later } => {
                        let Some((request, decision)) = asked.clone() else { continue };
                        (agreed(request, &decision, now, later), false)
                    }
                    Op::Again => {
                        let Some(request) = last.clone() else { continue };
                        (request, false)
                    }
                };
                last = Some(request.clone());
                calls.push((request.tenant.clone(), request.session.clone(), request.call_id.clone().unwrap()));
                let prepared = policy.prepare(&request).unwrap();
                let mut decisions = stores.same(|store| {
                    vec![if preview { policy.preview(&prepared, store) } else { policy.begin(&prepared, store) }]
                });
                let decision = decisions.remove(0);
                let agreed = !request.approvals.is_empty();
                *reasons.borrow_mut().entry((decision.reason, decision.replayed, agreed)).or_insert(0) += 1;
                if decision.outcome == Outcome::RequireApproval {
                    asked = Some((request, decision));
                }
            }
        });
        // That nothing differs means little where little happens.
        let reasons = reasons.into_inner();
        let expected = [
            (Reason::Granted, false, false),
            (Reason::Granted, false, true),
            (Reason::Granted, true, false),
            (Reason::Rule, false, false),
            // Evidence that was used before.
            (Reason::Rule, false, true),
            (Reason::Limit, false, false),
            (Reason::LimitUnavailable, false, false),
            (Reason::DuplicateCall, false, false),
            (Reason::InvalidRequest, false, false),
        ];
        for reason in expected {
            assert!(reasons.get(&reason).is_some_and(|n| *n >= 5), "{reason:?} hardly occurs: {reasons:?}");
        }
    }

    fn agreed(mut request: RequestInput, decision: &Decision, now: i64, later: i64) -> RequestInput {
        let asked_at = at(now);
        let vote = Vote::grant("eva", asked_at).role("sre");
        for approval in &decision.approvals {
            let evidence = Evidence::new(approval, decision.request_digest.unwrap(), asked_at).vote(vote.clone());
            request = request.approval(evidence);
        }
        request.time = Some(at(now + later.min(1_000)));
        request
    }
}
