//! What questions about the past add to a decision, after few calls and after a million.
//!
//! The calls are made and settled in a store in memory; then requests are decided with one view of it, by policies that
//! differ in what they ask.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use claw_benches::shapes::{self, Past};
use claw_runtime::{MemoryBounds, MemoryState, NoState, Policy, Request, SessionScope, Settlement, State, StateView};
use serde_json::{Value, json};

use crate::measure::{Seat, contest};
use crate::report::{Cell, Row};

const REQUESTS: usize = 64;
const POT: i64 = 100_000_000_000;
const DAY_MS: i64 = 24 * 3_600_000;

/// One row for each length of the past.
pub fn rows(quick: bool, turn: Duration) -> Result<Vec<Row>, String> {
    let pasts: &[usize] = if quick { &[10, 100] } else { &[10, 1_000, 1_000_000] };
    pasts.iter().map(|calls| row(*calls, turn)).collect()
}

/// A policy's requests, prepared.
struct Asking {
    name: &'static str,
    asked: Past,
    policy: Policy,
    requests: Vec<Request>,
}

fn row(calls: usize, turn: Duration) -> Result<Row, String> {
    let label = Past { label: true, ..Past::default() };
    let limit = Past { limit: true, ..Past::default() };
    let prior = Past { prior: true, ..Past::default() };
    let asking = [
        ("no question", Past::default()),
        ("a label", label),
        ("a limit", limit),
        ("`prior`", prior),
        ("all three", Past::ALL),
    ]
    .map(|(name, asked)| {
        let policy = claw_benches::policy(&shapes::past(asked));
        let requests = (0..REQUESTS).map(|i| prepared(&policy, &refund(calls, i))).collect();
        Asking { name, asked, policy, requests }
    });
    for one in asking.iter().filter(|one| one.asked != Past::default()) {
        if one.policy.decide(&one.requests[0], &NoState).is_allowed() {
            return Err(format!("{} is allowed without a store", one.name));
        }
    }
    let (state, by_hand) = filled(calls);
    let scope = SessionScope { tenant: None, session: Some("s-9"), parent_session: None };
    let mut cells = Err("the store does not answer".to_owned());
    let step = &mut |view: &dyn StateView| {
        cells = measured(&asking, &by_hand, calls, view, turn);
        None
    };
    state.transact(&scope, step).map_err(|e| e.to_string())?;
    Ok(Row {
        group: "Questions about the past",
        name: "history".to_owned(),
        size: calls,
        about: "the size is the number of past calls, in a store in memory; one more rule or limit for each question"
            .to_owned(),
        cells: cells?,
    })
}

fn measured(
    asking: &[Asking],
    by_hand: &ByHand,
    calls: usize,
    view: &dyn StateView,
    turn: Duration,
) -> Result<Vec<Cell>, String> {
    let mut seats: Vec<Seat<'_>> = asking
        .iter()
        .map(|one| Seat::new(one.name, |case| one.policy.decide(&one.requests[case], view).is_allowed()))
        .collect();
    let facts: Vec<(String, String)> =
        (0..REQUESTS).map(|i| (format!("u-{i}"), format!("o-{}", looked_up(calls, i)))).collect();
    let now = i64::try_from(calls).unwrap_or_default() * 20;
    seats.push(Seat::new("all three, by hand", move |case| by_hand.allows(&facts[case].0, &facts[case].1, 1, now)));
    let keeps = "keeps no past; the host would answer and pass that in, as with labels";
    for peer in ["Cedar", "regorus", "CEL", "casbin"] {
        seats.push(Seat::or_reason(peer, Err(keeps.to_owned())));
    }
    contest(seats, &[true; REQUESTS], turn)
}

/// Orders with odd numbers are looked up.
fn looked_up(calls: usize, i: usize) -> usize {
    (i * 7_919) % (calls / 2) * 2 + 1
}

fn refund(calls: usize, i: usize) -> Value {
    let args = json!({ "order": format!("o-{}", looked_up(calls, i)), "amount": 0.01 });
    shapes::past_call(calls + i, i, "refund", args)
}

fn prepared(policy: &Policy, json: &Value) -> Request {
    policy.prepare_json(json.to_string().as_bytes()).unwrap_or_else(|denial| panic!("{denial}"))
}

/// Stores that have seen so many calls: one look at a page, then look-ups and refunds in turn.
fn filled(calls: usize) -> (MemoryState, ByHand) {
    let policy = claw_benches::policy(&shapes::past(Past::ALL));
    let bounds = MemoryBounds { settled: usize::MAX / 2, priors: usize::MAX / 2, ..MemoryBounds::default() };
    let (state, mut by_hand) = (MemoryState::with_bounds(bounds), ByHand::default());
    by_hand.labels.insert("seen".to_owned());
    for i in 0..calls {
        let now = i64::try_from(i).unwrap_or_default() * 20;
        let user = i / 2 % REQUESTS;
        let (tool, args) = match i {
            0 => ("read", json!({ "page": "p-1" })),
            i if i % 2 == 1 => ("get_order", json!({ "id": format!("o-{i}") })),
            i => ("refund", json!({ "order": format!("o-{}", i - 1), "amount": 0.01 })),
        };
        match tool {
            "get_order" => drop(by_hand.orders.insert(format!("o-{i}"), now)),
            "refund" => by_hand.pots.entry(format!("u-{user}")).or_default().add(now, 1),
            _ => {}
        }
        let request = prepared(&policy, &shapes::past_call(i, user, tool, args));
        assert!(policy.begin(&request, &state).is_allowed(), "{tool} is a call that may be made");
        drop(policy.settle(&request, Settlement::Ok, &state));
    }
    (state, by_hand)
}

/// The past of one session as one would keep it for this policy.
#[derive(Default)]
struct ByHand {
    labels: HashSet<String>,
    pots: HashMap<String, Pot>,
    orders: HashMap<String, i64>,
}

impl ByHand {
    fn allows(&self, user: &str, order: &str, cents: i64, now: i64) -> bool {
        let used = self.pots.get(user).map_or(0, |pot| pot.used(now));
        cents <= 100_000
            && !self.labels.contains("untrusted")
            && self.orders.get(order).is_some_and(|at| now - at <= DAY_MS)
            && used + cents <= POT
    }
}

/// A sliding window in sixtieths, with its sum.
struct Pot {
    parts: [i64; 60],
    sum: i64,
    /// The newest part's number since the beginning.
    newest: i64,
}

impl Default for Pot {
    fn default() -> Pot {
        Pot { parts: [0; 60], sum: 0, newest: 0 }
    }
}

impl Pot {
    const PART_MS: i64 = DAY_MS / 60;

    fn add(&mut self, now: i64, cents: i64) {
        let part = now / Pot::PART_MS;
        for old in self.newest + 1..=part {
            self.sum -= std::mem::take(&mut self.parts[(old % 60) as usize]);
        }
        self.newest = part;
        self.parts[(part % 60) as usize] += cents;
        self.sum += cents;
    }

    fn used(&self, now: i64) -> i64 {
        let gone = (self.newest + 1..=now / Pot::PART_MS).take(60);
        self.sum - gone.map(|old| self.parts[(old % 60) as usize]).sum::<i64>()
    }
}
