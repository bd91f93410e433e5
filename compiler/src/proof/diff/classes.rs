//! Lists the classes of calls that are decided otherwise, tool by tool, until none is left or there are too many.

use claw_runtime::Outcome;
use claw_runtime::bundle::ToolId;

use super::example::{decided, from_to, responsible};
use super::generalise::{Cube, Generaliser, every, formula};
use super::pairs::{Pairs, shape};
use super::questions::{self, Question};
use super::{Aspect, Class, Diff, Direction, Doubt, Shown};
use crate::proof::answers::Answers;
use crate::proof::engine::{Call, Found};
use crate::proof::formula::F;
use crate::proof::prover::ToolProver;
use crate::proof::side::Side;
use crate::proof::space::{Space, TestKind};
use crate::proof::witness::{Witness, witness, witness_of};

/// So many classes are listed for each tool and direction.
const MOST: usize = 12;
/// And so many of a tool or an environment that is new as a whole.
const MOST_NEW: usize = 4;

/// Finds all classes.
pub fn compare(pairs: &Pairs<'_>, diff: &mut Diff) {
    for (old, new) in &pairs.tools {
        Comparison::of_both(pairs, *old, *new, diff).run(MOST);
        if has_new_environments(pairs) {
            Comparison::of_new(pairs, *new, true, diff).run(MOST_NEW);
        }
        new_roles(pairs, *new, diff);
    }
    for new in &pairs.added_tools {
        Comparison::of_new(pairs, *new, false, diff).run(MOST_NEW);
    }
}

fn has_new_environments(pairs: &Pairs<'_>) -> bool {
    let known = &pairs.old.lowered.tables.environments;
    pairs.new.lowered.tables.environments.iter().any(|name| !known.contains(name))
}

/// The calls of one tool, by both policies or by the new one alone.
struct Comparison<'p, 'a> {
    pairs: &'p Pairs<'a>,
    prover: ToolProver<'a>,
    generaliser: Generaliser,
    tool: String,
    /// The policies that the prover knows.
    both: bool,
    questions: Vec<Question>,
    diff: &'p mut Diff,
}

impl<'p, 'a> Comparison<'p, 'a> {
    fn of_both(pairs: &'p Pairs<'a>, old: ToolId, new: ToolId, diff: &'p mut Diff) -> Comparison<'p, 'a> {
        let mut prover = ToolProver::over(vec![pairs.old, pairs.new], vec![old, new]);
        let tool = name(pairs.new, new);
        for text in incomparable(&prover.engine.space) {
            for direction in [Direction::Loosened, Direction::Tightened] {
                diff.doubts.push(Doubt { direction, tool: tool.clone(), because: vec![text.clone()] });
            }
        }
        let questions = questions::both(pairs, &mut prover);
        Comparison { pairs, prover, generaliser: Generaliser::default(), tool, both: true, questions, diff }
    }

    /// `elsewhere`: only in environments that the old policy does not declare.
    fn of_new(pairs: &'p Pairs<'a>, new: ToolId, elsewhere: bool, diff: &'p mut Diff) -> Comparison<'p, 'a> {
        let mut prover = ToolProver::new(pairs.new, new);
        let known = &pairs.old.lowered.tables.environments;
        let mut within = every(&prover);
        if elsewhere {
            let names = prover.space().environments.iter().enumerate();
            within = names.filter(|(_, name)| !known.contains(name)).fold(0, |bits, (at, _)| bits | 1 << at);
        }
        let within = prover.space().f.env(within);
        let questions = questions::only_new(&mut prover, within);
        let tool = name(pairs.new, new);
        Comparison { pairs, prover, generaliser: Generaliser::default(), tool, both: false, questions, diff }
    }

    fn run(mut self, most: usize) {
        for direction in [Direction::Loosened, Direction::Tightened] {
            let mut left = most;
            for question in self.questions.clone() {
                if question.direction == direction {
                    self.classes_of(&question, &mut left);
                }
            }
        }
    }

    fn classes_of(&mut self, question: &Question, left: &mut usize) {
        let mut goal = question.goal;
        loop {
            if *left == 0 {
                if !self.prover.possible(goal).is_no() {
                    self.doubt(question, Vec::new());
                }
                return;
            }
            match self.find(question, goal) {
                (Found::No, _) => return,
                (Found::Yes(call), Some(shown)) => {
                    let cube = self.generaliser.cube(&mut self.prover, &call, question.goal);
                    let found = formula(&mut self.prover, &cube);
                    let f = &mut self.prover.space().f;
                    let others = f.not(found);
                    goal = f.and(goal, others);
                    self.add(question, &cube, shown);
                    *left -= 1;
                }
                (Found::Yes(_), None) => return self.doubt(question, vec!["it could not be shown".to_owned()]),
                (Found::Maybe(why), _) => {
                    return self.doubt(question, why.into_iter().map(str::to_owned).collect());
                }
            }
        }
    }

    fn doubt(&mut self, question: &Question, because: Vec<String>) {
        self.diff.doubts.push(Doubt { direction: question.direction, tool: self.tool.clone(), because });
    }

    /// A call that shows the difference, and what both decide about it.
    fn find(&mut self, question: &Question, goal: F) -> (Found, Option<Box<Shown>>) {
        let (pairs, both) = (self.pairs, self.both);
        let mut shown = None;
        let mut accept = |space: &Space<'a>, call: &Call| {
            let mut shows = |decisions: &[claw_runtime::Decision]| match decisions {
                [old, new] => questions::shows(pairs, question, old, new),
                [new] => question.outcomes.is_some_and(|(_, to)| new.outcome == to),
                _ => false,
            };
            match witness_of(space, call, &mut shows).and_then(|found| known(pairs, question, found, both)) {
                Some(found) => {
                    shown = Some(Box::new(found));
                    Ok(())
                }
                None => Err("a call that is decided otherwise when it is tried"),
            }
        };
        let found = self.prover.engine.find_where(goal, &mut accept);
        (found, shown)
    }

    fn add(&mut self, question: &Question, cube: &Cube, example: Box<Shown>) {
        let (from, to) = from_to(&question.aspect, &example);
        let (old_clauses, new_clauses) = responsible(self.pairs, &question.aspect, &example);
        let names = &self.prover.engine.space.environments;
        let within = names.iter().enumerate().filter(|(at, _)| cube.envs >> at & 1 == 1);
        let environments = if cube.envs == every(&self.prover) && self.both {
            Vec::new()
        } else {
            within.map(|(_, name)| name.clone()).collect()
        };
        let when = self.generaliser.words(&mut self.prover, cube);
        self.diff.classes.push(Class {
            direction: question.direction,
            aspect: question.aspect.clone(),
            tools: vec![self.tool.clone()],
            environments,
            when,
            from,
            to,
            old_clauses,
            new_clauses,
            example,
        });
    }
}

/// A witness with both decisions.
fn known(pairs: &Pairs<'_>, question: &Question, found: Witness, both: bool) -> Option<Shown> {
    if both {
        let mut decisions = found.decisions.into_iter();
        let (old, new) = (decisions.next()?, decisions.next()?);
        return Some(Shown { request: found.request, past: found.past, earlier: found.earlier, old, new });
    }
    let shown = decided(pairs, found.request, found.past, found.earlier);
    questions::shows(pairs, question, &shown.old, &shown.new).then_some(shown)
}

fn name(side: &Side, tool: ToolId) -> String {
    side.lowered.tables.tools[tool.index()].name.clone()
}

/// Parts of the request that tests read and that the policies take for different types.
fn incomparable(space: &Space<'_>) -> Vec<String> {
    let mut out = Vec::new();
    for (at, base) in space.bases.iter().enumerate() {
        let read = space.slots.iter().any(|slot| slot.base.0 == at);
        // The prover takes types for those of the first policy.
        let mut shapes = vec![shape(&base.ty, space.schema(0))];
        for (side, ty) in base.types.iter().enumerate() {
            shapes.extend(ty.as_ref().map(|ty| shape(ty, space.schema(side))));
        }
        if read && shapes.windows(2).any(|two| two[0] != two[1]) {
            out.push(format!("the other type of `{}`", base.name));
        }
    }
    out
}

/// What agents may do that hold nothing but a role that the old policy does not declare: it refused them.
fn new_roles(pairs: &Pairs<'_>, tool: ToolId, diff: &mut Diff) {
    let (old, new) = (&pairs.old.lowered.tables, &pairs.new.lowered.tables);
    for role in new.roles.iter().filter(|role| old.roles.iter().all(|known| known.name != role.name)) {
        let holds: Vec<&str> = role.closure.iter().map(|held| new.roles[*held as usize].name.as_str()).collect();
        let mut prover = ToolProver::new(pairs.new, tool);
        let within = holding(&mut prover, &holds);
        let known = prover.space().environments.iter().enumerate();
        let known = known.filter(|(_, name)| old.environments.contains(name)).fold(0, |bits, (at, _)| bits | 1 << at);
        let known = prover.space().f.env(known);
        let within = prover.space().f.and(within, known);
        for question in questions::only_new(&mut prover, within) {
            let mut shown = None;
            let mut accept = |space: &Space<'_>, call: &Call| {
                let mut shows = |decisions: &[claw_runtime::Decision]| decisions[0].outcome != Outcome::Deny;
                let found =
                    witness(space, call, &[], &mut shows).ok_or("a call that is decided otherwise when it is tried")?;
                let mut request = found.request;
                give(&mut request, &role.name);
                let found = decided(pairs, request, found.past, found.earlier);
                if questions::shows(pairs, &question, &found.old, &found.new) {
                    shown = Some(Box::new(found));
                    return Ok(());
                }
                Err("a call that is decided otherwise when it is tried")
            };
            let found = prover.engine.find_where(question.goal, &mut accept);
            let tool = name(pairs.new, tool);
            match (found, shown) {
                (_, Some(example)) => {
                    let (from, to) = from_to(&Aspect::Outcome, &example);
                    let (old_clauses, new_clauses) = responsible(pairs, &Aspect::Outcome, &example);
                    diff.classes.push(Class {
                        direction: Direction::Loosened,
                        aspect: Aspect::Outcome,
                        tools: vec![tool],
                        environments: Vec::new(),
                        when: vec![format!("{} in agent.roles", role.name)],
                        from,
                        to,
                        old_clauses,
                        new_clauses,
                        example,
                    });
                }
                (Found::No | Found::Yes(_), None) => {}
                (Found::Maybe(why), None) => diff.doubts.push(Doubt {
                    direction: Direction::Loosened,
                    tool,
                    because: why.into_iter().map(str::to_owned).collect(),
                }),
            }
        }
    }
}

/// Calls by agents that hold these roles and no others.
fn holding(prover: &mut ToolProver<'_>, roles: &[&str]) -> F {
    let space = prover.space();
    let mut parts = Vec::new();
    for at in 0..space.tests.len() {
        if let TestKind::AgentRole(role) = &space.tests[at].kind {
            let answer = if roles.contains(&role.as_str()) { Answers::TRUE } else { Answers::FALSE };
            let test = crate::proof::formula::TestId(u32::try_from(at).expect("few tests"));
            parts.push(space.f.test(test, answer));
        }
    }
    space.f.all(parts)
}

/// The calling agent holds this role, and nobody called it.
fn give(request: &mut claw_runtime::Json, role: &str) {
    use claw_runtime::Json;
    let Json::Obj(members) = request else { return };
    let Some((_, Json::Obj(agent))) = members.iter_mut().find(|(key, _)| &**key == "agent") else { return };
    agent.retain(|(key, _)| !matches!(&**key, "roles" | "chain"));
    agent.push(("roles".into(), Json::Arr(vec![Json::str(role)])));
}

/// Classes that differ in nothing but the tool, together; loosened first.
pub fn grouped(classes: Vec<Class>) -> Vec<Class> {
    let mut groups: Vec<Class> = Vec::new();
    for class in classes {
        let same = |known: &Class| {
            (known.direction, &known.aspect, &known.when, &known.environments)
                == (class.direction, &class.aspect, &class.when, &class.environments)
                && (&known.from, &known.to) == (&class.from, &class.to)
                && ids(&known.old_clauses) == ids(&class.old_clauses)
                && ids(&known.new_clauses) == ids(&class.new_clauses)
        };
        match groups.iter().position(same) {
            Some(at) => {
                for tool in class.tools {
                    if !groups[at].tools.contains(&tool) {
                        groups[at].tools.push(tool);
                    }
                }
            }
            None => groups.push(class),
        }
    }
    groups.sort_by_key(|class| class.direction);
    groups
}

fn ids(clauses: &[super::Clause]) -> Vec<(&str, &str)> {
    clauses.iter().map(|clause| (clause.id.as_str(), clause.effect.as_str())).collect()
}
