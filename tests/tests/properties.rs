//! Laws that hold for every policy and every request, tried on random ones.
//!
//! `CLAW_DECISIONS` says how many decisions the comparison with the reference takes (60,000 if not said), `CLAW_SEED`
//! where it starts, `CLAW_REQUESTS`
//! how many requests each policy gets (120). A failure prints the seed, the policy and the request.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use claw_compiler::graph::Budget;
use claw_runtime::{
    Decision, Json, MemoryState, Outcome, Policy, Reason, Request, RequestInput, Settlement, State, StateView, Verdict,
};
use claw_tests::generate::{PolicyText, Rng, Session, again, policy, request, with_evidence};
use claw_tests::host::{asked, prepare};
use claw_tests::project::{Project, build, findings, load};
use claw_tests::reference::{Answer, Reference, Status, Word};

/// Requests of one session.
const SESSION: usize = 24;

/// Requests that are tried on one policy, in sessions of `SESSION`. More of them make a long run cheaper, and its policies
/// fewer.
fn requests() -> usize {
    number("CLAW_REQUESTS", 120)
}

fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().and_then(|v| v.replace('_', "").parse().ok()).unwrap_or(default)
}

/// Runs `test` for `count` seeds on all processors.
fn for_seeds(count: usize, test: impl Fn(u64) + Sync) {
    let first = number("CLAW_SEED", 1);
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= count {
                        return;
                    }
                    test((first + i) as u64);
                }
            });
        }
    });
}

/// A random policy and the stream that made it, or nothing if it does not check.
fn generated(seed: u64) -> (PolicyText, Rng) {
    let mut rng = Rng::new(seed);
    (policy(&mut rng), rng)
}

fn project(text: &PolicyText) -> Project {
    Project::of(&text.files())
}

/// Stops with everything that is needed to repeat a failure.
#[track_caller]
fn same<T: PartialEq + Debug>(left: T, right: T, seed: u64, text: &PolicyText, about: &dyn std::fmt::Display) {
    assert!(left == right, "seed {seed}\n{}\n{about}\n left: {left:?}\nright: {right:?}", text.listing());
}

#[test]
fn generated_policies_check() {
    let (accepted, count) = (AtomicUsize::new(0), 400);
    let complaints = Mutex::new(Vec::new());
    for_seeds(count, |seed| {
        let (text, _) = generated(seed);
        let analysis = project(&text).analyze();
        if analysis.has_errors() {
            let errors: Vec<String> = findings(&analysis)
                .lines()
                .filter(|l| !l.contains(" W0"))
                .map(|l| format!("seed {seed}: {l}"))
                .collect();
            complaints.lock().expect("no other test failed").extend(errors);
        } else {
            accepted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let accepted = accepted.into_inner();
    let complaints = complaints.into_inner().expect("no other test failed");
    println!("{accepted} of {count} generated policies check");
    assert!(accepted * 100 >= count * 98, "{accepted} of {count}:\n{}", complaints.join("\n"));
}

#[test]
fn the_bundle_decides_as_the_reference_does() {
    let decisions = number("CLAW_DECISIONS", 60_000);
    let tally = Tally::default();
    for_seeds(decisions.div_ceil(requests()), |seed| compare(seed, &tally));
    let counts = tally.0.into_inner().expect("no thread failed");
    let all: usize = counts.values().sum();
    println!("{all} decisions: {counts:#?}");
    let share =
        |word: &str| counts.iter().filter(|((w, _), _)| *w == word).map(|(_, n)| n).sum::<usize>() * 100 / all.max(1);
    for word in ["allow", "require_approval", "deny"] {
        assert!(
            share(word) >= 5,
            "only {} % of the decisions are `{word}`: the requests don't reach deep enough",
            share(word)
        );
    }
    for reason in Reason::ALL {
        // A store in memory does not fail, generated requests are small, and every call is classified; and there is no
        // engine here.
        let never = [Reason::StateUnavailable, Reason::LimitsExceeded, Reason::Unclassified].contains(&reason)
            || [Reason::NoPolicy, Reason::ApprovalsUnavailable, Reason::AuditUnavailable].contains(&reason);
        let seen = counts.keys().any(|(_, r)| *r == reason.code());
        assert!(seen || never || all < 50_000, "no decision was for the reason `{reason}`");
    }
    assert!(counts.contains_key(&("allow", "with evidence")), "evidence never sufficed");
}

/// How often each word was answered, for which reason.
type Counts = BTreeMap<(&'static str, &'static str), usize>;

/// The counts of all policies.
#[derive(Default)]
struct Tally(Mutex<Counts>);

impl Tally {
    fn add(&self, counts: Counts) {
        let mut all = self.0.lock().expect("no other test failed");
        for (what, n) in counts {
            *all.entry(what).or_default() += n;
        }
    }
}

fn count(counts: &mut Counts, answer: &Answer, evidence: bool) {
    let word = match answer.word {
        Word::Allow => "allow",
        Word::RequireApproval => "require_approval",
        Word::Deny => "deny",
    };
    let reason = if evidence && answer.word == Word::Allow { "with evidence" } else { answer.reason };
    *counts.entry((word, reason)).or_default() += 1;
}

/// Sessions of each policy in which every way to decide is tried; of those that follow, one in sixteen. In the others the
/// graph's verdict and the explanation that `begin` gives are compared with each other and with the reference.
const THOROUGH: usize = 5;

fn compare(seed: u64, tally: &Tally) {
    let (text, mut rng) = generated(seed);
    let analysis = project(&text).analyze();
    let Ok(bytes) = build(&analysis, Budget::default()) else { return };
    let policy = load(&bytes).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{}", text.listing()));
    let frugal = load(&build(&analysis, Budget { nodes: 1 }).expect("it compiled before")).expect("it loads");
    let digests = policy.bundle().approvals.iter().map(|a| (a.id.clone(), a.digest.to_string())).collect();
    let mut reference = Reference::new(&analysis.package, digests);
    let mut counts = Counts::new();
    for number in 0..requests() / SESSION {
        let thorough = number < THOROUGH || number % 16 == 0;
        let state = MemoryState::new();
        let mut session = Session::default();
        reference.forget();
        let mut next = None;
        for _ in 0..SESSION {
            let json = next.take().unwrap_or_else(|| request(&mut rng, &text, &mut session));
            let bytes = serde_json::to_vec(&json).expect("it is JSON");
            let how = *rng.pick(&[
                Some(Status::Ok),
                Some(Status::Ok),
                Some(Status::Ok),
                Some(Status::Error),
                Some(Status::NotExecuted),
                None,
            ]);
            let prepared = prepare(&policy, &bytes);
            let digest = prepared.as_ref().ok().map(|request| request.digest(&policy).to_string());
            // The reference never sees the bytes: it is no part of its reading how they are parsed.
            let plain = Rc::new(Json::from(&json));
            let expected = reference.begin(&plain, digest);
            let decision = match &prepared {
                Ok(request) => {
                    let ways = Ways { policy: &policy, frugal: &frugal, request, json: &plain, state: &state };
                    let verdict = if thorough { ways.agree(seed, &text) } else { ways.verdict() };
                    let decision = policy.begin(request, &state);
                    // What a call id answers by itself was not decided.
                    let by_id = [Reason::DuplicateCall, Reason::InvalidRequest].contains(&decision.reason);
                    if !by_id && !decision.replayed {
                        let (short, long) = (summary(&policy, &verdict), summary_of(&policy, &decision));
                        same(&short, &long, seed, &text, &plain);
                    }
                    decision
                }
                Err(denial) => (**denial).clone(),
            };
            let (got, expected) = (answer(&policy, &decision), comparable(expected));
            same(&got, &expected, seed, &text, &format_args!("{json}\n{decision}"));
            count(&mut counts, &expected, json.get("approvals").is_some());
            if decision.outcome == Outcome::RequireApproval && rng.chance(70) {
                next = Some(with_evidence(&mut rng, &mut session, &json, &asked(&decision)));
            } else if json.get("approvals").is_some() && rng.chance(30) {
                next = Some(again(&mut session, &json));
            }
            if let (Ok(request), Word::Allow, false, Some(how)) = (&prepared, expected.word, expected.replayed, how) {
                reference.settle_last(how);
                policy.settle(request, settlement(how), &state).expect("a store in memory does not fail");
            }
        }
    }
    tally.add(counts);
}

fn settlement(how: Status) -> Settlement {
    match how {
        Status::Ok | Status::Pending => Settlement::Ok,
        Status::Error => Settlement::Error,
        Status::NotExecuted => Settlement::NotExecuted,
    }
}

/// What the two sides are compared by; waiting times where a limit decides.
fn comparable(mut answer: Answer) -> Answer {
    if answer.reason != "limit" || answer.word != Word::Deny {
        answer.retry_after_s = None;
    }
    answer
}

/// A decision in the reference's terms.
fn answer(policy: &Policy, decision: &Decision) -> Answer {
    comparable(Answer {
        word: match decision.outcome {
            Outcome::Allow => Word::Allow,
            Outcome::RequireApproval => Word::RequireApproval,
            Outcome::Deny => Word::Deny,
        },
        reason: decision.reason.code(),
        tier: decision.tier.as_deref().map(str::to_owned),
        approvals: decision.approvals.iter().map(|a| qualified(policy, a)).collect(),
        marks: decision.marks.iter().cloned().collect(),
        applied: decision.applied.iter().map(|a| a.clause.to_string()).collect(),
        retry_after_s: decision.retry_after.map(|d| (d.as_millis() + 999) / 1000),
        replayed: decision.replayed,
    })
}

fn qualified(policy: &Policy, approval: &claw_runtime::Approval) -> String {
    let same = policy.bundle().approvals.iter().find(|def| def.digest == approval.digest);
    same.map_or_else(String::new, |def| def.id.clone())
}

/// Runs `look` on the state as it is.
fn view(state: &MemoryState, request: &Request, look: &mut dyn FnMut(&dyn StateView)) {
    let step = &mut |view: &dyn StateView| {
        look(view);
        None
    };
    state.transact(&request.scope(), step).expect("a store in memory does not fail");
}

/// The ways to decide one request.
struct Ways<'a> {
    policy: &'a Policy,
    /// The same policy without its graph.
    frugal: &'a Policy,
    request: &'a Request,
    json: &'a Json,
    state: &'a MemoryState,
}

impl Ways<'_> {
    fn verdict(&self) -> Verdict {
        let mut verdict = None;
        view(self.state, self.request, &mut |view| verdict = Some(self.policy.decide(self.request, view)));
        verdict.expect("a store in memory shows its view")
    }

    /// The small verdict, the full explanation, and both without the graph, say the same; and a request that was not read
    /// from bytes is the same request.
    fn agree(&self, seed: u64, text: &PolicyText) -> Verdict {
        let input = RequestInput::from_value(self.json).expect("it was accepted before");
        let again = self.frugal.prepare(&input).expect("it was accepted before");
        let mut found = None;
        view(self.state, self.request, &mut |view| {
            let verdict = self.policy.decide(self.request, view);
            let explained = self.policy.explain(self.request, view);
            same(&summary(self.policy, &verdict), &summary_of(self.policy, &explained), seed, text, self.json);
            same(&verdict, &self.frugal.decide(&again, view), seed, text, self.json);
            found = Some(verdict);
        });
        found.expect("a store in memory shows its view")
    }
}

/// A verdict in words that an explanation has too.
type Summary = (Outcome, Reason, Option<String>, BTreeSet<String>, Option<i64>);

fn summary(policy: &Policy, verdict: &Verdict) -> Summary {
    let bundle = policy.bundle();
    let approvals = verdict.approvals().map(|id| bundle.approvals[id.index()].id.clone()).collect();
    let tier = verdict.tier.map(|t| bundle.tiers[t as usize].clone());
    (verdict.outcome, verdict.reason, tier, approvals, verdict.retry_after.map(|d| d.as_millis()))
}

fn summary_of(policy: &Policy, decision: &Decision) -> Summary {
    let approvals = decision.approvals.iter().map(|a| qualified(policy, a)).collect();
    let retry = decision.retry_after.map(|d| d.as_millis());
    (decision.outcome, decision.reason, decision.tier.as_deref().map(str::to_owned), approvals, retry)
}

#[test]
fn the_order_of_declarations_does_not_matter() {
    for_seeds(number("CLAW_POLICIES", 300), |seed| {
        let (text, mut rng) = generated(seed);
        let Ok(policy) = project(&text).policy() else { return };
        let shuffled = text.shuffled(&mut rng);
        let other = project(&shuffled).policy().unwrap_or_else(|e| panic!("seed {seed}: {e}\n{}", shuffled.listing()));
        let (one, two) = (MemoryState::new(), MemoryState::new());
        let mut session = Session::default();
        for _ in 0..SESSION * 2 {
            let json = request(&mut rng, &text, &mut session);
            let bytes = json.to_string().into_bytes();
            let decide = |policy: &Policy, state: &MemoryState| match prepare(policy, &bytes) {
                Ok(request) => {
                    let decision = policy.begin(&request, state);
                    if decision.is_allowed() {
                        policy.settle(&request, Settlement::Ok, state).expect("a store in memory does not fail");
                    }
                    decision
                }
                Err(denial) => *denial,
            };
            let (a, b) = (decide(&policy, &one), decide(&other, &two));
            same(&answer(&policy, &a), &answer(&other, &b), seed, &text, &json);
            same(constraints(&a), constraints(&b), seed, &text, &json);
        }
    });
}

fn constraints(decision: &Decision) -> BTreeSet<String> {
    decision.constraints.iter().map(|(name, value)| format!("{name}: {value}")).collect()
}

#[test]
fn a_module_without_grants_only_narrows() {
    let narrowed = AtomicUsize::new(0);
    for_seeds(number("CLAW_POLICIES", 300), |seed| {
        let (text, mut rng) = generated(seed);
        let (Ok(whole), Ok(alone)) = (project(&text).policy(), project(&text.root_alone()).policy()) else { return };
        let state = MemoryState::new();
        let mut session = Session::default();
        for _ in 0..SESSION * 2 {
            let json = request(&mut rng, &text, &mut session);
            let bytes = json.to_string().into_bytes();
            let Ok(before) = prepare(&alone, &bytes) else { continue };
            let after = prepare(&whole, &bytes);
            view(&state, &before, &mut |view| {
                let old = summary_of(&alone, &alone.explain(&before, view));
                let new = match &after {
                    Ok(request) => summary_of(&whole, &whole.explain(request, view)),
                    Err(denial) => summary_of(&whole, denial),
                };
                let stricter = new.0 > old.0 || (new.0 == old.0 && new.3.is_superset(&old.3));
                assert!(stricter, "seed {seed}\n{}\n{json}\nalone: {old:?}\nwhole: {new:?}", text.listing());
                narrowed.fetch_add(usize::from(new.0 > old.0), Ordering::Relaxed);
            });
            if alone.begin(&before, &state).is_allowed() {
                alone.settle(&before, Settlement::Ok, &state).expect("a store in memory does not fail");
            }
        }
    });
    assert!(narrowed.into_inner() > 0, "no module ever made a difference");
}

#[test]
fn building_twice_gives_the_same_bytes() {
    for_seeds(number("CLAW_POLICIES", 300), |seed| {
        let (text, _) = generated(seed);
        let Ok(one) = project(&text).build() else { return };
        let two = project(&text).build().expect("it compiled before");
        assert!(one == two, "seed {seed}\n{}", text.listing());
    });
}

#[test]
fn damaged_bundles_are_refused_or_safe() {
    let loaded = AtomicUsize::new(0);
    for_seeds(number("CLAW_POLICIES", 300) / 10, |seed| {
        let (text, mut rng) = generated(seed);
        let Ok(bytes) = project(&text).build() else { return };
        let seal = seal(&bytes);
        let mut session = Session::default();
        for _ in 0..60 {
            let mut damaged = bytes.clone();
            for _ in 0..rng.between(1, 3) {
                let at = rng.below(damaged.len());
                damaged[at] = if rng.chance(50) { damaged[at] ^ (1 << rng.below(8)) } else { rng.bits() as u8 };
            }
            if rng.chance(20) {
                damaged.truncate(rng.below(damaged.len()));
            }
            assert!(damaged == bytes || Policy::from_bytes(&damaged).is_err(), "seed {seed}: damage was not noticed");
            // With the digest made to fit, only the loader's own checks stand.
            if damaged.len() > seal + 32 {
                let digest = claw_runtime::Digest::of(&damaged[seal + 32..]);
                damaged[seal..seal + 32].copy_from_slice(&digest.0);
            }
            if let Ok(policy) = Policy::from_bytes(&damaged) {
                loaded.fetch_add(1, Ordering::Relaxed);
                for _ in 0..4 {
                    let json = request(&mut rng, &text, &mut session);
                    let _ = policy.decide_json_pure(json.to_string().as_bytes());
                }
            }
        }
    });
    println!("{} damaged bundles were loaded", loaded.into_inner());
}

/// Where the digest of the rest stands.
fn seal(bytes: &[u8]) -> usize {
    let fits =
        |at: &usize| bytes.get(at + 32..).is_some_and(|body| claw_runtime::Digest::of(body).0 == bytes[*at..at + 32]);
    (0..64).find(fits).expect("a bundle carries its digest")
}
