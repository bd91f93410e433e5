//! Finds a request for which a formula holds, or shows that there is none.
//!
//! A SAT solver proposes how tests answer; the theory says whether some request makes them answer so, and if not,
//! which of them can't hold together, which the solver then knows. What the theory can't tell makes the final answer
//! "perhaps", with its reasons; it never makes it "no".

use std::collections::BTreeMap;

use batsat::{BasicSolver, Lit, SolverInterface, lbool};
use claw_runtime::Tri;
use rustc_hash::FxHashMap;

use super::answers::Answers;
use super::formula::{ChoiceId, F, Node, TestId};
use super::space::{Fill, SlotId, Space, TestKind, Unit, Why};
use super::theory::{Check, Req, Situation, Theory};

/// After so many proposals the answer is "perhaps".
const PROPOSALS: usize = 4_000;
/// So many proposals whose tests could not be followed are tried for a request that is right by luck.
const LUCK: usize = 24;

/// A made-up call.
#[derive(Clone, Debug)]
pub struct Call {
    pub situation: Situation,
    /// Index of the environment.
    pub env: u32,
    pub choices: Vec<(ChoiceId, bool)>,
    /// How the tests answer that make the formula true.
    pub because: Vec<Req>,
    /// Every query of history is supposed to be true.
    pub earlier: bool,
}

/// The answer to a question.
#[derive(Clone, Debug)]
pub enum Found {
    No,
    Yes(Box<Call>),
    /// It can't be told, because of these.
    Maybe(Vec<&'static str>),
}

impl Found {
    pub fn is_no(&self) -> bool {
        matches!(self, Found::No)
    }
}

/// Answers questions about one space.
#[derive(Debug)]
pub struct Engine<'a> {
    pub space: Space<'a>,
    theory: Theory<'a>,
    sat: Sat,
}

impl<'a> Engine<'a> {
    pub fn new(space: Space<'a>) -> Engine<'a> {
        Engine { theory: Theory::default(), sat: Sat::new(space.environments.len()), space }
    }

    /// A call for which the formula holds.
    pub fn find(&mut self, goal: F) -> Found {
        self.find_where(goal, &mut |_, _| Ok(()))
    }

    /// As [`Engine::find`], with a solver of its own: the work is that of the formula, however much else was asked.
    /// For many questions that have little in common.
    pub fn find_apart(&mut self, goal: F) -> Found {
        let environments = self.space.sides[0].lowered.tables.environments.len();
        let shared = std::mem::replace(&mut self.sat, Sat::new(environments));
        let found = self.find(goal);
        self.sat = shared;
        found
    }

    /// A call for which the formula holds and `accept` does; that one may say why not.
    pub fn find_where(
        &mut self,
        goal: F,
        accept: &mut dyn FnMut(&Space<'a>, &Call) -> Result<(), &'static str>,
    ) -> Found {
        self.find_all(&[goal], accept)
    }

    /// A call for which all of these hold. As [`Engine::find`] of their conjunction, for many questions that share most
    /// of their parts: what holds together only here is nothing that the solver has to remember.
    pub fn find_together(&mut self, goals: &[F]) -> Found {
        self.find_all(goals, &mut |_, _| Ok(()))
    }

    fn find_all(
        &mut self,
        goals: &[F],
        accept: &mut dyn FnMut(&Space<'a>, &Call) -> Result<(), &'static str>,
    ) -> Found {
        if goals.contains(&F::FALSE) {
            return Found::No;
        }
        // What is blocked for this question alone holds under this assumption.
        let mine = self.sat.assumption();
        let mut assumed: Vec<Lit> = goals.iter().map(|goal| self.sat.literal(&self.space, *goal)).collect();
        assumed.push(mine);
        let mut perhaps: Vec<&'static str> = Vec::new();
        let mut misses = 0;
        for _ in 0..PROPOSALS {
            if !self.sat.solve(&assumed) {
                perhaps.sort_unstable();
                perhaps.dedup();
                return if perhaps.is_empty() { Found::No } else { Found::Maybe(perhaps) };
            }
            let proposal = self.sat.proposal(&self.space, goals);
            let (core, why) = match self.theory.check(&mut self.space, &proposal.reqs) {
                Check::Conflicts(cores) => {
                    cores.iter().for_each(|core| self.sat.exclude(core, None, &[]));
                    continue;
                }
                Check::Stuck(core, why) => (Core::Reqs(core), why),
                Check::Fits(situation) => match self.finish(*situation, proposal, accept) {
                    Ok(call) => return Found::Yes(Box::new(call)),
                    Err((core, why)) => (core, why),
                },
            };
            perhaps.push(why);
            misses += 1;
            if misses > LUCK {
                break;
            }
            self.sat.exclude(&core.reqs(), Some(mine), core.extra());
        }
        if perhaps.is_empty() {
            perhaps.push("more cases than are looked at");
        }
        perhaps.sort_unstable();
        perhaps.dedup();
        Found::Maybe(perhaps)
    }

    /// Ways to fill a slot for which its own tests answer so, some of them.
    pub fn fills(&mut self, slot: SlotId, reqs: &[Req]) -> Vec<Fill> {
        self.theory.alternatives(&mut self.space, slot, reqs)
    }

    /// Checks what the theory took for granted.
    fn finish(
        &mut self,
        mut situation: Situation,
        proposal: Proposal,
        accept: &mut dyn FnMut(&Space<'a>, &Call) -> Result<(), &'static str>,
    ) -> Result<Call, (Core, &'static str)> {
        for at in 0..proposal.reqs.len() {
            let req = proposal.reqs[at];
            let TestKind::Free { why, .. } = &self.space.tests[req.test.0 as usize].kind else { continue };
            let (why, is_history) = (why.text(), *why == Why::History);
            if is_history && !situation.missing.contains(&Unit::Session) {
                // Nothing happened yet in a session that has just begun; else it is made to have happened.
                situation.session = true;
                if !req.allowed.has(Tri::False) {
                    situation.past.push(req.test);
                }
                continue;
            }
            if !req.allowed.has(self.space.whole_answer(req.test, &situation))
                && !self.repair(req, &proposal.reqs, &mut situation)
            {
                return Err((Core::Reqs(vec![req]), why));
            }
        }
        let all = Core::Proposal(proposal.reqs.clone(), proposal.extra.clone());
        let call =
            Call { situation, env: proposal.env, choices: proposal.choices, because: proposal.reqs, earlier: false };
        match accept(&self.space, &call) {
            Ok(()) => Ok(call),
            Err(why) => Err((all, why)),
        }
    }

    /// Tries other values for the slots that a test reads, one at a time.
    fn repair(&mut self, req: Req, reqs: &[Req], situation: &mut Situation) -> bool {
        let TestKind::Free { slots, .. } = self.space.tests[req.test.0 as usize].kind.clone() else { return false };
        for slot in slots {
            let own: Vec<Req> = reqs
                .iter()
                .filter(|r| self.space.tests[r.test.0 as usize].kind == TestKind::Slot(slot))
                .copied()
                .collect();
            for fill in self.theory.alternatives(&mut self.space, slot, &own) {
                let mut next = situation.clone();
                self.space.fill(slot, &fill, &mut next);
                // Nothing else that spans several slots may break.
                let others: Vec<Req> = reqs.to_vec();
                let fits = others.iter().all(|r| match &self.space.tests[r.test.0 as usize].kind {
                    TestKind::Free { .. } | TestKind::Same(..) => {
                        r.test != req.test || r.allowed.has(self.space.whole_answer(r.test, &next))
                    }
                    _ => true,
                });
                if fits && req.allowed.has(self.space.whole_answer(req.test, &next)) {
                    *situation = next;
                    return true;
                }
            }
        }
        false
    }
}

/// What is not to be proposed again.
enum Core {
    Reqs(Vec<Req>),
    Proposal(Vec<Req>, Vec<Lit>),
}

impl Core {
    fn reqs(&self) -> Vec<Req> {
        match self {
            Core::Reqs(reqs) | Core::Proposal(reqs, _) => reqs.clone(),
        }
    }
    fn extra(&self) -> &[Lit] {
        match self {
            Core::Reqs(_) => &[],
            Core::Proposal(_, extra) => extra,
        }
    }
}

impl From<Vec<Req>> for Core {
    fn from(reqs: Vec<Req>) -> Core {
        Core::Reqs(reqs)
    }
}

/// One way to make a formula true.
#[derive(Clone, Debug, Default)]
struct Proposal {
    reqs: Vec<Req>,
    env: u32,
    choices: Vec<(ChoiceId, bool)>,
    /// What else it chooses: the environment and choices, where they matter.
    extra: Vec<Lit>,
}

/// The three answers of a test as variables: exactly one is true.
#[derive(Clone, Copy, Debug)]
struct Three {
    yes: Lit,
    no: Lit,
    unknown: Lit,
}

impl Three {
    /// The literal that says that the answer is among these.
    fn among(self, answers: Answers) -> Option<Lit> {
        let (yes, no, unknown) = (self.yes, self.no, self.unknown);
        Some(match (answers.has(Tri::True), answers.has(Tri::False), answers.has(Tri::Unknown)) {
            (true, false, false) => yes,
            (false, true, false) => no,
            (false, false, true) => unknown,
            (true, true, false) => !unknown,
            (true, false, true) => !no,
            (false, true, true) => !yes,
            _ => return None,
        })
    }
}

/// The SAT solver and what its variables mean.
struct Sat {
    solver: BasicSolver,
    tests: Vec<Option<Three>>,
    envs: Vec<Lit>,
    choices: Vec<Option<Lit>>,
    formulas: FxHashMap<F, Lit>,
    model: Vec<lbool>,
}

impl std::fmt::Debug for Sat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sat").field("formulas", &self.formulas.len()).finish_non_exhaustive()
    }
}

impl Sat {
    fn new(environments: usize) -> Sat {
        let mut new = Sat {
            solver: BasicSolver::default(),
            tests: Vec::new(),
            envs: Vec::new(),
            choices: Vec::new(),
            formulas: FxHashMap::default(),
            model: Vec::new(),
        };
        new.envs = (0..environments).map(|_| new.fresh()).collect();
        let envs = new.envs.clone();
        new.clause(envs.clone());
        for (i, a) in envs.iter().enumerate() {
            for b in &envs[i + 1..] {
                new.clause(vec![!*a, !*b]);
            }
        }
        new
    }

    fn fresh(&mut self) -> Lit {
        // What nobody asks for is left out: of a request, and of a proposal.
        let var = self.solver.new_var(lbool::FALSE, true);
        Lit::new(var, true)
    }

    /// A literal that matters only where it is assumed: elsewhere the solver need not say what it is.
    fn assumption(&mut self) -> Lit {
        Lit::new(self.solver.new_var(lbool::FALSE, false), true)
    }

    fn clause(&mut self, mut literals: Vec<Lit>) {
        self.solver.add_clause_reuse(&mut literals);
    }

    fn three(&mut self, test: TestId, partial: bool) -> Three {
        let at = test.0 as usize;
        if self.tests.len() <= at {
            self.tests.resize(at + 1, None);
        }
        if let Some(known) = self.tests[at] {
            return known;
        }
        // Tests that nobody asks to be true are not, as far as the solver can choose: of hundreds of tests of one
        // part of a request few can be true together.
        let yes = self.fresh();
        let no = Lit::new(self.solver.new_var(lbool::TRUE, true), true);
        let unknown = self.fresh();
        self.clause(vec![yes, no, unknown]);
        self.clause(vec![!yes, !no]);
        self.clause(vec![!yes, !unknown]);
        self.clause(vec![!no, !unknown]);
        if !partial {
            self.clause(vec![!unknown]);
        }
        let three = Three { yes, no, unknown };
        self.tests[at] = Some(three);
        three
    }

    fn choice(&mut self, choice: ChoiceId) -> Lit {
        let at = choice.0 as usize;
        if self.choices.len() <= at {
            self.choices.resize(at + 1, None);
        }
        if let Some(known) = self.choices[at] {
            return known;
        }
        let lit = self.fresh();
        self.choices[at] = Some(lit);
        lit
    }

    /// A literal that implies the formula.
    fn literal(&mut self, space: &Space<'_>, f: F) -> Lit {
        if let Some(known) = self.formulas.get(&f) {
            return *known;
        }
        let lit = match space.f.node(f) {
            Node::False => {
                let lit = self.fresh();
                self.clause(vec![!lit]);
                lit
            }
            Node::True => {
                let lit = self.fresh();
                self.clause(vec![lit]);
                lit
            }
            Node::Test(test, answers) => {
                let three = self.three(*test, space.tests[test.0 as usize].partial);
                three.among(*answers).expect("neither none nor all")
            }
            Node::Env(bits) => {
                let lit = self.fresh();
                let mut clause: Vec<Lit> =
                    (0..self.envs.len()).filter(|e| bits >> e & 1 == 1).map(|e| self.envs[e]).collect();
                clause.push(!lit);
                self.clause(clause);
                lit
            }
            Node::Choice(choice, value) => self.choice(*choice).apply_sign(*value),
            Node::All(parts) => {
                let parts: Vec<Lit> = parts.iter().map(|part| self.literal(space, *part)).collect();
                let lit = self.fresh();
                parts.into_iter().for_each(|part| self.clause(vec![!lit, part]));
                lit
            }
            Node::Any(parts) => {
                let mut clause: Vec<Lit> = parts.iter().map(|part| self.literal(space, *part)).collect();
                let lit = self.fresh();
                clause.push(!lit);
                self.clause(clause);
                lit
            }
        };
        self.formulas.insert(f, lit);
        lit
    }

    fn solve(&mut self, assumptions: &[Lit]) -> bool {
        let answer = self.solver.solve_limited(assumptions) == lbool::TRUE;
        if answer {
            self.model = self.solver.get_model().to_vec();
        }
        answer
    }

    fn holds(&self, lit: Lit) -> bool {
        let value = self.model.get(lit.var().idx() as usize).copied().unwrap_or(lbool::FALSE);
        (value == lbool::TRUE) == lit.sign()
    }

    /// These tests don't answer so together; under an assumption, or ever.
    fn exclude(&mut self, core: &[Req], under: Option<Lit>, extra: &[Lit]) {
        let mut clause: Vec<Lit> = Vec::with_capacity(core.len() + 1);
        for req in core {
            if let Some(three) = self.tests.get(req.test.0 as usize).copied().flatten()
                && let Some(lit) = three.among(req.allowed)
            {
                clause.push(!lit);
            }
        }
        clause.extend(extra.iter().map(|lit| !*lit));
        clause.extend(under.map(|lit| !lit));
        self.clause(clause);
    }

    /// What makes the goals true in the solver's model, as little as possible.
    fn proposal(&self, space: &Space<'_>, goals: &[F]) -> Proposal {
        let env = self.envs.iter().position(|lit| self.holds(*lit)).unwrap_or(0);
        let mut picked: BTreeMap<TestId, Answers> = BTreeMap::new();
        let mut proposal = Proposal { env: u32::try_from(env).unwrap_or(0), ..Proposal::default() };
        // What leaves a choice comes last: what was picked before may do for it.
        let leaves_a_choice = |goal: &&F| matches!(space.f.node(**goal), Node::Any(_) | Node::All(_));
        let (choices, plain): (Vec<&F>, Vec<&F>) = goals.iter().partition(leaves_a_choice);
        plain.into_iter().chain(choices).for_each(|goal| self.pick(space, *goal, env, &mut picked, &mut proposal));
        proposal.reqs = picked.into_iter().map(|(test, allowed)| Req { test, allowed }).collect();
        proposal.choices.sort_unstable();
        proposal.choices.dedup();
        proposal
    }

    fn is_true(&self, space: &Space<'_>, f: F, env: usize) -> bool {
        match space.f.node(f) {
            Node::False => false,
            Node::True => true,
            Node::Test(test, answers) => self
                .tests
                .get(test.0 as usize)
                .copied()
                .flatten()
                .and_then(|three| three.among(*answers))
                .is_some_and(|lit| self.holds(lit)),
            Node::Env(bits) => bits >> env & 1 == 1,
            Node::Choice(choice, value) => {
                let lit = self.choices.get(choice.0 as usize).copied().flatten();
                lit.is_some_and(|lit| self.holds(lit.apply_sign(*value)))
            }
            Node::All(parts) => parts.iter().all(|part| self.is_true(space, *part, env)),
            Node::Any(parts) => parts.iter().any(|part| self.is_true(space, *part, env)),
        }
    }

    fn pick(&self, space: &Space<'_>, f: F, env: usize, picked: &mut BTreeMap<TestId, Answers>, out: &mut Proposal) {
        match space.f.node(f) {
            Node::False | Node::True => {}
            Node::Test(test, answers) => {
                let known = picked.entry(*test).or_insert(Answers::ALL);
                *known = *known & *answers;
            }
            Node::Env(_) => {
                let lit = self.envs[env];
                if !out.extra.contains(&lit) {
                    out.extra.push(lit);
                }
            }
            Node::Choice(choice, value) => {
                out.choices.push((*choice, *value));
                out.extra.extend(self.choices[choice.0 as usize].map(|lit| lit.apply_sign(*value)));
            }
            Node::All(parts) => parts.iter().for_each(|part| self.pick(space, *part, env, picked, out)),
            Node::Any(parts) => {
                let true_ones = parts.iter().filter(|part| self.is_true(space, **part, env));
                let cost = |part: &&F| match space.f.node(**part) {
                    Node::Test(test, answers) if picked.get(test).is_some_and(|known| answers.covers(*known)) => 0,
                    Node::Env(_) | Node::True => 0,
                    _ => space.f.size(**part),
                };
                if let Some(best) = true_ones.min_by_key(cost) {
                    self.pick(space, *best, env, picked, out);
                }
            }
        }
    }
}
