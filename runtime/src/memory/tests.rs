//! The store against a model that keeps every event and searches all of them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::state::{
    CallRecord, CallStatus, Charge, Consumption, Effects, PotKey, PriorQuery, PriorRecord, Realm, clock,
};
use crate::{Decimal, Decision, Digest, Duration, Outcome, Reason, Tri};

const SESSIONS: [&str; 4] = ["s0", "s1", "s2", "s3"];
const TENANTS: [Option<&str>; 2] = [None, Some("acme")];
const LABELS: [&str; 2] = ["untrusted", "secret"];
const IDS: [&str; 5] = ["c0", "c1", "c2", "c3", "c4"];
/// Windows of the pots: one whose buckets are whole milliseconds, and one whose aren't.
const WINDOWS: [i64; 2] = [600, 1_000];
const WITHIN: [i64; 2] = [150, 700];

fn millis(millis: i64) -> Duration {
    Duration::from_millis(millis)
}

fn at(millis: i64) -> Time {
    Time::from_millis(1_770_000_000_000 + millis).unwrap()
}

fn digest(number: u8) -> Digest {
    Digest::of(&[number])
}

fn pot(number: u8) -> PotKey {
    PotKey(digest(100 + number))
}

fn answer() -> Arc<Decision> {
    let denial = Decision::denial(Reason::Granted, None);
    Arc::new(Decision { outcome: Outcome::Allow, policy_digest: digest(0), ..denial })
}

/// One step of a random history; indices into the constants above.
#[derive(Clone, Debug)]
enum Op {
    Begin {
        tenant: usize,
        session: Option<usize>,
        parent: Option<usize>,
        id: usize,
        time: Option<i64>,
        allow: bool,
        leaves: Leaves,
    },
    Settle {
        tenant: usize,
        session: Option<usize>,
        id: usize,
        how: Settlement,
    },
}

/// What a call would leave behind.
#[derive(Clone, Debug)]
struct Leaves {
    digest: u8,
    labels: Vec<usize>,
    marks: Vec<(Realm, usize)>,
    /// (pot, amount)
    charges: Vec<(u8, u8)>,
    /// (query, key, test)
    priors: Vec<(u8, Option<u8>, Tri)>,
    evidence: Option<u8>,
}

fn tri() -> impl Strategy<Value = Tri> {
    prop_oneof![4 => Just(Tri::True), 1 => Just(Tri::Unknown), 1 => Just(Tri::False)]
}

fn leaves() -> impl Strategy<Value = Leaves> {
    let realm = prop_oneof![Just(Realm::Confirmed), Just(Realm::Shadow)];
    (
        0..2u8,
        prop_oneof![5 => Just(Vec::new()), 1 => prop::collection::vec(0..LABELS.len(), 1..3)],
        prop::collection::vec((realm, 0..LABELS.len()), 0..2),
        prop::collection::vec((0..3u8, 0..6u8), 0..3),
        prop::collection::vec((0..2u8, prop::option::weighted(0.85, 0..4u8), tri()), 0..3),
        prop::option::weighted(0.2, 0..3u8),
    )
        .prop_map(|(digest, labels, marks, charges, priors, evidence)| Leaves {
            digest,
            labels,
            marks,
            charges,
            priors,
            evidence,
        })
}

fn op() -> impl Strategy<Value = Op> {
    let session = || prop::option::weighted(0.9, 0..SESSIONS.len());
    let how = prop_oneof![2 => Just(Settlement::Ok), 1 => Just(Settlement::Error), 2 => Just(Settlement::NotExecuted)];
    let time = prop::option::weighted(0.95, 0..3_000i64);
    let tenant = || prop_oneof![4 => Just(0usize), 1 => Just(1)];
    prop_oneof![
        3 => (tenant(), session(), prop::option::weighted(0.2, 0..SESSIONS.len()), 0..IDS.len(), time, prop::bool::weighted(0.8), leaves())
            .prop_map(|(tenant, session, parent, id, time, allow, leaves)| Op::Begin { tenant, session, parent, id, time, allow, leaves }),
        2 => (tenant(), session(), 0..IDS.len(), how).prop_map(|(tenant, session, id, how)| Op::Settle { tenant, session, id, how }),
    ]
}

/// Every call that was ever allowed.
struct Event {
    tenant: usize,
    session: Option<usize>,
    id: usize,
    begun: Option<Time>,
    record: CallRecord,
    settled: Option<Settlement>,
}

#[derive(Default)]
struct Model {
    events: Vec<Event>,
    /// (tenant, session, label)
    carried: BTreeSet<(usize, usize, usize)>,
    /// (tenant, child, parent)
    parents: BTreeSet<(usize, usize, usize)>,
    latest: [Option<Time>; 2],
}

impl Model {
    fn call(&self, tenant: usize, session: Option<usize>, id: usize) -> Option<&Event> {
        self.events.iter().find(|e| (e.tenant, e.session, e.id) == (tenant, session, id))
    }

    fn ancestry(&self, tenant: usize, session: usize) -> BTreeSet<usize> {
        let mut all = BTreeSet::from([session]);
        for _ in SESSIONS {
            let parents = self.parents.iter().filter(|(t, child, _)| *t == tenant && all.contains(child));
            let parents: Vec<_> = parents.map(|(_, _, parent)| *parent).collect();
            all.extend(parents);
        }
        all
    }

    fn has_label(&self, tenant: usize, session: usize, realm: Realm, label: usize) -> bool {
        self.ancestry(tenant, session).into_iter().any(|session| {
            let carried = realm == Realm::Confirmed && self.carried.contains(&(tenant, session, label));
            let holds = |e: &&Event| {
                e.tenant == tenant && e.session == Some(session) && e.settled != Some(Settlement::NotExecuted)
            };
            carried
                || self
                    .events
                    .iter()
                    .filter(holds)
                    .any(|e| e.record.effects.marks.contains(&(realm, LABELS[label].into())))
        })
    }

    /// The definition, term by term, in Kleene's logic.
    fn prior(&self, tenant: usize, session: usize, query: &PriorQuery<'_>) -> Tri {
        let mut answer = Tri::False;
        for event in self.events.iter().filter(|e| e.tenant == tenant && e.session == Some(session)) {
            let settled = match event.settled {
                None => Tri::Unknown,
                Some(how) => Tri::from(how == Settlement::Ok),
            };
            let within = match (event.begun, query.now) {
                (Some(begun), Some(now)) => Tri::from(now.since(begun) <= query.within),
                _ => Tri::Unknown,
            };
            for record in event.record.effects.priors.iter().filter(|record| record.query == *query.query) {
                let key = match (record.key, query.key) {
                    (Some(a), Some(b)) => Tri::from(a == *b),
                    _ => Tri::Unknown,
                };
                answer = answer.or(settled.and(within).and(key).and(record.test));
            }
        }
        answer
    }

    /// Sums the events whose bucket overlaps (now − D, now].
    fn used(&self, tenant: usize, pot: PotKey, window: i64, now: Time) -> Decimal {
        let (window, now) = (i128::from(window), i128::from(now.as_millis()));
        let mut used = Decimal::ZERO;
        for event in self.events.iter().filter(|e| e.tenant == tenant && e.settled != Some(Settlement::NotExecuted)) {
            for charge in event.record.effects.charges.iter().filter(|c| c.pot == pot) {
                // All in 60ths of a millisecond, where the buckets' ends are integers.
                let bucket = i128::from(charge.at.as_millis()) * 60 / window;
                let (start, end) = (bucket * window, (bucket + 1) * window);
                if start <= now * 60 && end > (now - window) * 60 {
                    used = used.checked_add(charge.amount).unwrap();
                }
            }
        }
        used
    }

    fn consumed(&self, tenant: usize, asking: &Digest) -> Option<Time> {
        let uses = self.events.iter().filter(|e| e.tenant == tenant).flat_map(|e| &e.record.effects.consumed);
        uses.filter(|used| used.asking == *asking).map(|used| used.at).next()
    }
}

fn effects(leaves: &Leaves, now: Option<Time>, at: Option<Time>) -> Effects {
    let window = |pot: u8| millis(WINDOWS[usize::from(pot) % WINDOWS.len()]);
    Effects {
        charges: leaves
            .charges
            .iter()
            .filter_map(|(number, amount)| {
                Some(Charge {
                    pot: pot(*number),
                    window: window(*number),
                    amount: Decimal::from(i64::from(*amount)),
                    at: at?,
                })
            })
            .collect(),
        marks: leaves.marks.iter().map(|(realm, label)| (*realm, LABELS[*label].into())).collect(),
        priors: leaves
            .priors
            .iter()
            .map(|(query, key, test)| PriorRecord {
                query: digest(*query),
                key: key.map(digest),
                test: *test,
                begun: now,
                keep: millis(1_000),
            })
            .collect(),
        consumed: leaves
            .evidence
            .zip(now)
            .map(|(n, now)| Consumption { asking: digest(n), at: now, expires: super::tests::at(9_000) })
            .into_iter()
            .collect(),
    }
}

/// Does the store know everything, or has it had to forget?
#[derive(Clone, Copy, PartialEq)]
enum Memory {
    Exact,
    Bounded,
}

struct Bench {
    store: MemoryState,
    model: Model,
    memory: Memory,
}

impl Bench {
    fn new(bounds: MemoryBounds, memory: Memory) -> Bench {
        Bench { store: MemoryState::with_bounds(bounds), model: Model::default(), memory }
    }

    fn run(&mut self, op: &Op) {
        match op {
            Op::Begin { tenant, session, parent, id, time, allow, leaves } => {
                let scope = scope(*tenant, *session, *parent);
                let now = time.map(at);
                let mut written = None;
                let result = self.store.transact(&scope, &mut |view| {
                    let is_new = matches!(view.call(IDS[*id]), Ok(CallStatus::New));
                    let charged = clock(view, now).ok();
                    let record = || CallRecord {
                        id: IDS[*id].into(),
                        digest: digest(leaves.digest),
                        answer: answer(),
                        effects: effects(leaves, now, charged),
                    };
                    let labels = leaves.labels.iter().map(|l| LABELS[*l].into()).collect();
                    let commit = Commit { now, labels, call: (is_new && *allow).then(record) };
                    written = Some(commit.clone());
                    Some(commit)
                });
                match result {
                    Ok(()) => self.record(*tenant, *session, *parent, *id, leaves, written.unwrap()),
                    Err(error) => {
                        assert!(self.memory == Memory::Bounded && matches!(error, StateError::Full(_)), "{error}")
                    }
                }
            }
            Op::Settle { tenant, session, id, how } => {
                let expected = match self.model.call(*tenant, *session, *id).map(|e| e.settled) {
                    None => SettleOutcome::UnknownCall,
                    Some(None) => SettleOutcome::Settled,
                    Some(Some(_)) => SettleOutcome::AlreadySettled,
                };
                assert_eq!(self.store.settle(&scope(*tenant, *session, None), IDS[*id], *how), Ok(expected));
                let event =
                    self.model.events.iter_mut().find(|e| (e.tenant, e.session, e.id) == (*tenant, *session, *id));
                if let Some(event) = event {
                    event.settled = event.settled.or(Some(*how));
                }
            }
        }
        self.compare();
    }

    fn record(
        &mut self,
        tenant: usize,
        session: Option<usize>,
        parent: Option<usize>,
        id: usize,
        leaves: &Leaves,
        commit: Commit,
    ) {
        let model = &mut self.model;
        model.latest[tenant] = model.latest[tenant].max(commit.now);
        if let Some(session) = session {
            model.carried.extend(leaves.labels.iter().map(|label| (tenant, session, *label)));
            model.parents.extend(parent.map(|parent| (tenant, session, parent)));
        }
        if let Some(record) = commit.call {
            model.events.push(Event { tenant, session, id, begun: commit.now, record, settled: None });
        }
    }

    /// Asks both everything that can be asked.
    fn compare(&self) {
        for tenant in 0..TENANTS.len() {
            for session in (0..SESSIONS.len()).map(Some).chain([None]) {
                let look = &mut |view: &dyn StateView| {
                    self.compare_session(view, tenant, session);
                    if session.is_none() {
                        self.compare_tenant(view, tenant);
                    }
                    None
                };
                self.store.transact(&scope(tenant, session, None), look).unwrap();
            }
        }
    }

    fn compare_session(&self, view: &dyn StateView, tenant: usize, session: Option<usize>) {
        for (id, name) in IDS.iter().enumerate() {
            let expected = match self.model.call(tenant, session, id) {
                None => CallStatus::New,
                Some(Event { settled: Some(_), .. }) => CallStatus::Settled,
                Some(event) => CallStatus::Pending { digest: event.record.digest, answer: answer() },
            };
            assert_eq!(view.call(name), Ok(expected));
        }
        for (realm, label) in [Realm::Confirmed, Realm::Shadow].into_iter().flat_map(|r| [(r, 0), (r, 1)]) {
            let expected = session.map_or(Tri::Unknown, |s| Tri::from(self.model.has_label(tenant, s, realm, label)));
            self.agree(view.has_label(realm, LABELS[label]).unwrap(), expected);
        }
        let keys: Vec<_> = (0..4).map(|n| Some(digest(n))).chain([None]).collect();
        for (query, key) in [digest(0), digest(1), digest(2)].iter().flat_map(|q| keys.iter().map(move |k| (q, k))) {
            for (now, within) in
                [800, 2_999].into_iter().map(|t| Some(at(t))).chain([None]).flat_map(|t| WITHIN.map(|w| (t, w)))
            {
                let query = PriorQuery { query, key: key.as_ref(), now, within: millis(within) };
                let expected = session.map_or(Tri::Unknown, |s| self.model.prior(tenant, s, &query));
                self.agree(view.prior(&query).unwrap(), expected);
            }
        }
    }

    /// What was forgotten may turn an answer into *unknown*, and nothing else.
    fn agree(&self, found: Tri, expected: Tri) {
        assert!(
            found == expected || (self.memory == Memory::Bounded && found == Tri::Unknown),
            "found {found:?}, expected {expected:?}"
        );
    }

    fn compare_tenant(&self, view: &dyn StateView, tenant: usize) {
        assert_eq!(view.latest(), Ok(self.model.latest[tenant]));
        for number in 0..3 {
            assert_eq!(view.consumed(&digest(number)), Ok(self.model.consumed(tenant, &digest(number))));
            let Some(latest) = self.model.latest[tenant] else { continue };
            let window = WINDOWS[usize::from(number) % WINDOWS.len()];
            for (later, room) in [(0, 3), (170, 0)] {
                let (now, room) = (latest.checked_add(millis(later)).unwrap(), Decimal::from(room));
                let usage = view.pot(&pot(number), millis(window), now, room).unwrap();
                assert_eq!(usage.used, self.model.used(tenant, pot(number), window, now));
                let fits = |t: &Time| self.model.used(tenant, pot(number), window, *t) <= room;
                let free_at = usage.free_at.unwrap();
                assert!(free_at >= now && fits(&free_at));
                assert!(free_at == now || !fits(&free_at.checked_sub(millis(1)).unwrap()), "it was free earlier");
            }
        }
    }
}

fn scope(tenant: usize, session: Option<usize>, parent: Option<usize>) -> SessionScope<'static> {
    SessionScope {
        tenant: TENANTS[tenant],
        session: session.map(|s| SESSIONS[s]),
        parent_session: parent.map(|s| SESSIONS[s]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_model(ops in prop::collection::vec(op(), 0..40)) {
        let mut bench = Bench::new(MemoryBounds::default(), Memory::Exact);
        for op in &ops {
            bench.run(op);
        }
    }

    #[test]
    fn forgets_only_into_unknown(ops in prop::collection::vec(op(), 0..40), evicted in 0..3usize) {
        let bounds = MemoryBounds { sessions: 2, evicted, pending: 3, settled: 12, priors: 2, pots: 2, consumed: 2, parents: 1, ancestors: 2, ..MemoryBounds::default() };
        let mut bench = Bench::new(bounds, Memory::Bounded);
        for op in &ops {
            bench.run(op);
        }
    }
}

#[test]
fn time_passing_makes_room_for_pots() {
    let store = MemoryState::with_bounds(MemoryBounds { pots: 1, ..MemoryBounds::default() });
    let begin = |id: &str, number: u8, now: i64| {
        let charge = Charge { pot: pot(number), window: millis(600), amount: Decimal::from(1), at: at(now) };
        let effects = Effects { charges: vec![charge], ..Effects::default() };
        let call = CallRecord { id: id.into(), digest: digest(0), answer: answer(), effects };
        store.transact(&SessionScope::default(), &mut |_| {
            Some(Commit { now: Some(at(now)), call: Some(call.clone()), ..Commit::default() })
        })
    };
    assert_eq!(begin("a", 0, 0), Ok(()));
    assert_eq!(begin("b", 1, 100), Err(StateError::Full("pots")));
    assert_eq!(begin("c", 1, 700), Ok(()));
    // The refused call left nothing: its id is free.
    assert_eq!(store.settle(&SessionScope::default(), "b", Settlement::Ok), Ok(SettleOutcome::UnknownCall));
}

#[test]
fn forgetting_is_up_to_the_host() {
    let store = MemoryState::new();
    let scope = SessionScope { session: Some("s"), ..SessionScope::default() };
    let call = CallRecord {
        id: "c".into(),
        digest: digest(0),
        answer: answer(),
        effects: Effects { marks: vec![(Realm::Confirmed, "l".into())], ..Effects::default() },
    };
    let begin = || {
        store
            .transact(&scope, &mut |_| Some(Commit { now: Some(at(0)), call: Some(call.clone()), ..Commit::default() }))
    };
    let label = || {
        let mut found = None;
        store
            .transact(&scope, &mut |view| {
                found = Some(view.has_label(Realm::Confirmed, "l"));
                None
            })
            .unwrap();
        found.unwrap()
    };
    assert_eq!(begin(), Ok(()));
    store.forget_before(at(1));
    assert_eq!(label(), Ok(Tri::True), "a session with a pending call stays");
    store.settle(&scope, "c", Settlement::Ok).unwrap();
    assert!(begin().is_err());
    store.forget_before(at(1));
    assert_eq!(label(), Ok(Tri::Unknown));
    assert_eq!(begin(), Ok(()));
    assert_eq!(label(), Ok(Tri::True));
}

#[test]
fn clocks() {
    struct Latest(i64);
    impl StateView for Latest {
        fn has_label(&self, _: Realm, _: &str) -> Answer<Tri> {
            Ok(Tri::Unknown)
        }
        fn prior(&self, _: &PriorQuery<'_>) -> Answer<Tri> {
            Ok(Tri::Unknown)
        }
        fn pot(&self, _: &PotKey, _: Duration, now: Time, room: Decimal) -> Answer<crate::state::Usage> {
            Ok(crate::state::Usage::empty(now, room))
        }
        fn call(&self, _: &str) -> Answer<CallStatus> {
            Ok(CallStatus::New)
        }
        fn consumed(&self, _: &Digest) -> Answer<Option<Time>> {
            Ok(None)
        }
        fn latest(&self) -> Answer<Option<Time>> {
            Ok(Some(at(self.0)))
        }
    }
    assert_eq!(clock(&Latest(0), None), Err(StateError::NoClock));
    assert_eq!(clock(&Latest(0), Some(at(5))), Ok(at(5)));
    assert_eq!(clock(&Latest(2_000), Some(at(0))), Ok(at(2_000)));
    assert_eq!(clock(&Latest(2_001), Some(at(0))), Err(StateError::ClockBackwards));
}
