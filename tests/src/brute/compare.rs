//! Holds the prover's answers against decisions about many requests.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use claw_compiler::checked::Checked;
use claw_compiler::graph::Budget;
use claw_compiler::hir::{ApprovalId, Claim, Package};
use claw_compiler::proof::engine::Found;
use claw_compiler::proof::formula::F;
use claw_compiler::proof::invariants::{Verdict, prove};
use claw_compiler::proof::prover::ToolProver;
use claw_compiler::proof::side::{Fault, Side};
use claw_compiler::proof::witness::Witness;
use claw_compiler::testing::{self, test_block};
use claw_runtime::{Decision, Json, Limits, MemoryState, Outcome, Policy, Settlement};

use super::policy::{Small, policy};
use super::requests::Requests;
use crate::generate::Rng;
use crate::project::{Project, build, findings, load};
use crate::reference::{Conditions, Reference};

/// How often the same call is made in policies where the past matters.
const STEPS: usize = 3;

/// What came out of many comparisons.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Policies that checked, and those that did not, with why.
    pub policies: usize,
    /// Findings of policies that did not check.
    pub rejected: Vec<String>,
    /// Requests that were decided.
    pub requests: usize,
    /// Requests that were not understood: the domains are wrong.
    pub refused: usize,
    /// Answers, by kind.
    pub answers: BTreeMap<&'static str, usize>,
    /// Why answers were "unknown".
    pub unknown: BTreeMap<&'static str, usize>,
    /// Counterexamples as test blocks: how many passed, and failed.
    pub blocks: BTreeMap<bool, usize>,
    /// Answers that are wrong.
    pub wrong: Vec<String>,
}

impl Report {
    /// Adds another report.
    pub fn add(&mut self, other: Report) {
        self.policies += other.policies;
        self.requests += other.requests;
        self.refused += other.refused;
        self.rejected.extend(other.rejected);
        self.wrong.extend(other.wrong);
        for (passed, n) in other.blocks {
            *self.blocks.entry(passed).or_default() += n;
        }
        for (into, from) in [(&mut self.answers, other.answers), (&mut self.unknown, other.unknown)] {
            for (key, n) in from {
                *into.entry(key).or_default() += n;
            }
        }
    }

    /// How many questions were answered.
    pub fn questions(&self) -> usize {
        self.answers.values().sum()
    }

    /// The share of the answers that are such, in percent.
    pub fn share(&self, such: impl Fn(&str) -> bool) -> f64 {
        let some: usize = self.answers.iter().filter(|(answer, _)| such(answer)).map(|(_, n)| n).sum();
        some as f64 * 100.0 / self.questions().max(1) as f64
    }

    fn count(&mut self, answer: &'static str) {
        *self.answers.entry(answer).or_default() += 1;
    }

    fn because(&mut self, reasons: &[&'static str]) {
        for reason in reasons {
            *self.unknown.entry(reason).or_default() += 1;
        }
    }
}

/// A statement about one decided request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fact {
    Rule(usize),
    Granted,
    Allowed,
    Denied,
    Requires(ApprovalId),
}

/// What was asked, what was answered "never", and whether a request shows otherwise.
struct Question {
    text: String,
    never: bool,
    holds: Box<dyn Fn(&Seen) -> bool>,
    shown: Option<String>,
}

/// A decided request.
struct Seen<'a> {
    decision: &'a Decision,
    conditions: &'a Conditions,
    digests: &'a [claw_runtime::Digest],
}

impl Seen<'_> {
    fn is(&self, fact: Fact) -> bool {
        match fact {
            Fact::Rule(at) => !self.conditions.rules[at].is_false(),
            Fact::Granted => self.conditions.granted,
            Fact::Allowed => self.decision.outcome == Outcome::Allow,
            Fact::Denied => self.decision.outcome == Outcome::Deny,
            Fact::Requires(id) => self.decision.outcome != Outcome::Deny && self.requires(id),
        }
    }

    fn requires(&self, id: ApprovalId) -> bool {
        self.decision.approvals.iter().any(|approval| approval.digest == self.digests[id.index()])
    }

    fn breaks(&self, claim: &Claim) -> bool {
        match claim {
            Claim::NeverAllow => self.is(Fact::Allowed),
            Claim::NeverDeny => self.is(Fact::Denied),
            Claim::AlwaysDeny => !self.is(Fact::Denied),
            Claim::AlwaysRequire(id) => !self.is(Fact::Denied) && !self.requires(*id),
            Claim::Error => false,
        }
    }
}

/// A policy that is being tried.
struct Trial<'t> {
    small: &'t Small,
    package: Arc<Package>,
    policy: Policy,
    digests: Vec<claw_runtime::Digest>,
    report: Report,
    /// Counterexamples as test blocks.
    blocks: Vec<String>,
}

/// Asks about the policy that belongs to the random stream, and tries at most so many requests. With a fault the prover
/// takes a step that is wrong.
pub fn compare(rng: &mut Rng, requests: usize, fault: Option<Fault>) -> Report {
    let small = policy(rng);
    let analysis = Project::of(&small.files("")).analyze();
    let mut report = Report::default();
    let Some(checked) = Checked::new(Arc::clone(&analysis.package), analysis.has_errors()) else {
        report.rejected.push(format!("{}\n{}", findings(&analysis), small.text));
        return report;
    };
    let bytes = build(&analysis, Budget::default()).expect("it checks");
    let policy = load(&bytes).unwrap_or_else(|e| panic!("{e}\n{}", small.text));
    let mut side = Side::new(&checked, &analysis.sources).unwrap_or_else(|e| panic!("{e}\n{}", small.text));
    side.fault = fault;
    report.policies = 1;
    let package = Arc::clone(&analysis.package);
    let digests = package.approvals.iter().map(|a| digest(&policy, &a.decl.name)).collect();
    let mut trial = Trial { small: &small, package, policy, digests, report, blocks: Vec::new() };
    let mut questions = trial.invariants(&side);
    if rng.chance(25) {
        trial.run_blocks();
    }
    questions.extend(trial.clauses(&side, rng));
    trial.enumerate(rng, requests, &mut questions);
    for question in &questions {
        let Question { text, never, shown, .. } = question;
        if let (true, Some(request)) = (never, shown) {
            trial.report.wrong.push(format!("proved wrongly: {text}\n{request}\n{}", small.text));
        }
        let exists = if shown.is_some() { "unknown, though there is an example" } else { "unknown, and no example" };
        if text.starts_with("unknown") {
            trial.report.count(exists);
        }
    }
    trial.report
}

fn digest(policy: &Policy, name: &str) -> claw_runtime::Digest {
    let known = policy.bundle().approvals.iter().find(|a| a.id == name || a.id.ends_with(&format!(".{name}")));
    known.expect("every approval is in the bundle").digest
}

impl Trial<'_> {
    fn reference(&self) -> Reference<'_> {
        let digests = self.policy.bundle().approvals.iter().map(|a| (a.id.clone(), a.digest.to_string())).collect();
        Reference::new(&self.package, digests)
    }

    /// The verdicts, each as a question that no request may answer otherwise.
    fn invariants(&mut self, side: &Side) -> Vec<Question> {
        let mut questions = Vec::new();
        for (at, verdict) in prove(side).into_iter().enumerate() {
            let claim = self.package.invariants[at].claim.clone();
            let mut text = format!("invariant i{at}");
            let mut never = false;
            match &verdict {
                Verdict::Proved { vacuous } => {
                    never = true;
                    self.report.count(if *vacuous { "proved of nothing" } else { "proved" });
                    if *vacuous {
                        let never_about = Box::new(move |seen: &Seen| !seen.conditions.invariants[at].is_false());
                        let text = format!("invariant i{at} is about nothing");
                        questions.push(Question { text, never: true, holds: never_about, shown: None });
                    }
                }
                Verdict::Refuted { witness, .. } => {
                    self.report.count("refuted");
                    self.check_witness(at, &claim, witness);
                    if witness.earlier == 0 {
                        let (name, decision) = (format!("i{at}"), &witness.decisions[0]);
                        let block =
                            test_block(&self.package, &side.policy, &name, &witness.past, &witness.request, decision);
                        self.blocks.extend(block);
                    }
                }
                Verdict::Unknown { because, .. } => {
                    text = format!("unknown: {text}");
                    self.report.because(because);
                }
            }
            let holds = Box::new(move |seen: &Seen| !seen.conditions.invariants[at].is_false() && seen.breaks(&claim));
            questions.push(Question { text, never, holds, shown: None });
        }
        questions
    }

    /// A counterexample breaks the claim when it is decided again, and the claim is about it.
    fn check_witness(&mut self, at: usize, claim: &Claim, witness: &Witness) {
        let mut last = false;
        let times = witness.earlier + 1;
        self.run(&witness.past, &witness.request, times, |seen| {
            last = !seen.conditions.invariants[at].is_false() && seen.breaks(claim);
        });
        if !last {
            let request = witness.request.canonical();
            let text = &self.small.text;
            self.report.wrong.push(format!("refuted wrongly: invariant i{at} by {request}, {times} times\n{text}"));
        }
    }

    /// The blocks parse, and pass.
    fn run_blocks(&mut self) {
        let files = self.small.files(&self.blocks.join("\n"));
        let (analysis, text) = (Project::of(&files).analyze(), &files[0].1);
        let Some(checked) = Checked::new(Arc::clone(&analysis.package), analysis.has_errors()) else {
            self.report.wrong.push(format!("blocks that don't check: {}\n{text}", findings(&analysis)));
            return;
        };
        for result in testing::run(&checked, &analysis.sources, None).expect("it loads") {
            *self.report.blocks.entry(result.passed()).or_default() += 1;
            if !result.passed() {
                self.report.wrong.push(format!("a block that fails: {:?}\n{text}", result.failures));
            }
        }
    }

    /// Questions about which clauses can apply together.
    fn clauses(&mut self, side: &Side, rng: &mut Rng) -> Vec<Question> {
        let tool = side.tool("act").expect("the tool is there");
        let mut prover = ToolProver::new(side, tool);
        let facts = facts(&prover, side, &self.package);
        let mut questions = Vec::new();
        for _ in 0..16 {
            let picked: Vec<(Fact, F, bool)> = (0..rng.between(1, 3))
                .map(|_| {
                    let (fact, f) = *rng.pick(&facts);
                    (fact, f, rng.chance(50))
                })
                .collect();
            let f = &mut prover.space().f;
            let parts: Vec<F> = picked.iter().map(|(_, part, yes)| if *yes { *part } else { f.not(*part) }).collect();
            let goal = f.all(parts);
            let picked: Vec<(Fact, bool)> = picked.into_iter().map(|(fact, _, yes)| (fact, yes)).collect();
            let mut text = format!("is there a call with {picked:?}");
            let never = match prover.possible(goal) {
                Found::No => {
                    self.report.count("never");
                    true
                }
                Found::Yes(_) => {
                    self.report.count("possible");
                    false
                }
                Found::Maybe(because) => {
                    self.report.because(&because);
                    text = format!("unknown: {text}");
                    false
                }
            };
            let holds = Box::new(move |seen: &Seen| picked.iter().all(|(fact, yes)| seen.is(*fact) == *yes));
            questions.push(Question { text, never, holds, shown: None });
        }
        questions
    }

    /// Decides requests, and looks for those that answer a question.
    fn enumerate(&mut self, rng: &mut Rng, most: usize, questions: &mut [Question]) {
        let requests = Requests::of(rng, self.small).list(rng, most);
        self.report.requests += requests.len();
        let times = if self.small.past { STEPS } else { 1 };
        for request in requests {
            let bytes = request.to_string().into_bytes();
            let json = Json::parse(&bytes, &Limits::default()).expect("made by us");
            let earlier = *rng.pick(&[None, None, Some("a"), Some("b"), Some("ab")]);
            let before: Vec<Json> = earlier.filter(|_| self.small.past).map(|s| other(&json, s)).into_iter().collect();
            let understood = self.run(&before, &json, times, |seen| {
                for question in questions.iter_mut().filter(|question| question.shown.is_none()) {
                    if (question.holds)(seen) {
                        question.shown = Some(format!("{json:?}\n{}", seen.decision));
                    }
                }
            });
            if !understood {
                self.report.refused += 1;
            }
        }
    }

    /// Makes some calls, then one several times, and looks at every decision about that one. Whether they are
    /// well-formed.
    fn run(&self, before: &[Json], request: &Json, times: usize, mut look: impl FnMut(&Seen<'_>)) -> bool {
        let state = MemoryState::new();
        let mut reference = self.reference();
        let calls = before.iter().chain(std::iter::repeat_n(request, times));
        for (number, request) in calls.enumerate() {
            let request = Rc::new(with(request.clone(), "call_id", Json::str(format!("c-{number}"))));
            let Some(conditions) = reference.conditions(&request) else { return false };
            let Ok(prepared) = self.policy.prepare_json(request.canonical().as_bytes()) else { return false };
            let decision = self.policy.begin(&prepared, &state);
            if decision.is_allowed() {
                self.policy.settle(&prepared, Settlement::Ok, &state).expect("a store in memory does not fail");
            }
            if number >= before.len() {
                look(&Seen { decision: &decision, conditions: &conditions, digests: &self.digests });
            }
            if before.len() + times > 1 {
                reference.begin(&request, Some(prepared.digest(&self.policy).to_string()));
                reference.settle_last(crate::reference::Status::Ok);
            }
        }
        true
    }
}

/// A call of the other tool in the same circumstances.
fn other(request: &Json, s: &str) -> Json {
    let args = Json::Obj(vec![("s".into(), Json::str(s))]);
    let request = with(with(request.clone(), "tool", Json::str("other")), "args", args);
    with(request, "resolved", Json::Obj(Vec::new()))
}

/// A request with another member.
fn with(request: Json, key: &str, value: Json) -> Json {
    let Json::Obj(mut members) = request else { return request };
    members.retain(|(known, _)| &**known != key);
    members.push((key.into(), value));
    Json::Obj(members)
}

/// What questions are made of.
fn facts(prover: &ToolProver<'_>, side: &Side, package: &Package) -> Vec<(Fact, F)> {
    let out = &prover.outcomes[0];
    let mut facts = vec![(Fact::Granted, out.granted), (Fact::Allowed, out.allowed), (Fact::Denied, out.denied)];
    for rule in &out.rules {
        let id = &side.lowered.tables.clauses[rule.clause as usize].id;
        let at = package.rules.iter().position(|known| id.ends_with(&format!(".{}", known.decl.name)));
        let applies = (Fact::Rule(at.expect("the rule is there")), rule.applies);
        facts.extend([applies, applies]);
    }
    for (id, f) in &out.required {
        facts.push((Fact::Requires(ApprovalId(id.0)), *f));
    }
    facts
}
