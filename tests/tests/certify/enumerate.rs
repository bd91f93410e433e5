//! What a bundle's graph and its clauses say for answers of the tests, one after the other: slow, and without a diagram.

use std::collections::{BTreeMap, BTreeSet};

use claw_compiler::lower::Lowered;
use claw_runtime::bundle::{
    AtomId, Bundle, Cond, CondId, Expr, ExprId, InstanceEffect, Node, RuleEffect, Target, TargetKind,
};
use claw_runtime::{Tri, Value};
use claw_tests::generate::Rng;

/// Tools with more sets of answers are tried by sample.
const ALL: usize = 2_000;
const SAMPLE: usize = 150;

/// What is tried of a bundle.
pub struct Space<'a> {
    lowered: &'a Lowered,
    bundle: &'a Bundle,
}

/// Something that is answered by itself.
enum Question<'a> {
    Env,
    Tier,
    Test(AtomId),
    /// The value is one of these, or none of them.
    Value(ExprId, Vec<&'a Value>),
}

/// One set of answers.
#[derive(Default)]
struct World<'a> {
    env: u32,
    tier: Option<u32>,
    tests: BTreeMap<AtomId, Tri>,
    /// `None`: unknown; `Some(None)`: none of the constants.
    values: BTreeMap<ExprId, Option<Option<&'a Value>>>,
}

/// Everything that a tool's roots say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    grant: bool,
    tier: u32,
    deny: bool,
    approvals: BTreeSet<u32>,
    marks: BTreeSet<u32>,
    constrains: BTreeSet<u32>,
    limits: Vec<u32>,
}

/// Whether some answers make a difference; `None` if not all could be tried and none of the sample did.
pub fn answers_differ(space: &Space, rng: &mut Rng) -> Option<bool> {
    let mut sure = Some(false);
    for tool in 0..space.bundle.tools.len() {
        match space.differ(tool, rng) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => sure = None,
        }
    }
    sure
}

impl<'a> Space<'a> {
    pub fn new(lowered: &'a Lowered, bundle: &'a Bundle) -> Space<'a> {
        Space { lowered, bundle }
    }

    fn differ(&self, tool: usize, rng: &mut Rng) -> Option<bool> {
        self.bundle.tools[tool].roots.as_ref()?;
        let questions = self.questions(tool);
        let sizes: Vec<usize> = questions.iter().map(|question| self.size(question)).collect();
        let all = sizes.iter().try_fold(1usize, |all, size| all.checked_mul(*size).filter(|all| *all <= ALL));
        for at in 0..all.unwrap_or(SAMPLE) {
            let mut rest = at;
            let mut world = World { tier: (!self.bundle.tiers.is_empty()).then_some(0), ..World::default() };
            for (question, size) in questions.iter().zip(&sizes) {
                let number = if all.is_some() { rest % size } else { rng.below(*size) };
                rest /= size;
                self.answer(question, number, &mut world);
            }
            if self.graph(tool, &mut world) != self.clauses(tool, &mut world) {
                return Some(true);
            }
        }
        all.map(|_| false)
    }

    fn questions(&self, tool: usize) -> Vec<Question<'a>> {
        let mut atoms = BTreeSet::new();
        for instance in self.lowered.instances(tool) {
            self.atoms(instance.cond, &mut atoms);
        }
        let mut values: BTreeMap<ExprId, Vec<&Value>> = BTreeMap::new();
        self.nodes(tool, &mut atoms, &mut values);
        let mut questions = vec![Question::Env];
        if !self.bundle.tiers.is_empty() {
            questions.push(Question::Tier);
        }
        for atom in atoms {
            match self.slot(atom) {
                Some((subject, constants)) => values.entry(subject).or_default().extend(constants),
                None if matches!(self.lowered.atom(atom), Expr::TierAtLeast(_)) => {}
                None => questions.push(Question::Test(atom)),
            }
        }
        for (subject, mut constants) in values {
            constants.sort_unstable();
            constants.dedup();
            questions.push(Question::Value(subject, constants));
        }
        questions
    }

    fn atoms(&self, cond: CondId, atoms: &mut BTreeSet<AtomId>) {
        match &self.lowered.tables.conds[cond.index()] {
            Cond::Ask(atom, _) => drop(atoms.insert(*atom)),
            Cond::All(_) | Cond::Any(_) => self.parts(cond).iter().for_each(|part| self.atoms(*part, atoms)),
            _ => {}
        }
    }

    fn parts(&self, cond: CondId) -> &'a [CondId] {
        let (Cond::All(range) | Cond::Any(range)) = &self.lowered.tables.conds[cond.index()] else { return &[] };
        &self.lowered.tables.cond_operands[range.start as usize..(range.start + range.len) as usize]
    }

    /// The tests and the switches' constants in a tool's part of the graph.
    fn nodes(&self, tool: usize, atoms: &mut BTreeSet<AtomId>, values: &mut BTreeMap<ExprId, Vec<&'a Value>>) {
        let Some(roots) = &self.bundle.tools[tool].roots else { return };
        let mut open = vec![roots.grant, roots.tier, roots.deny];
        open.extend(roots.approvals.iter().map(|root| root.1));
        for list in [&roots.marks, &roots.constrains, &roots.limits] {
            open.extend(list.iter().map(|root| root.1));
        }
        let mut seen = BTreeSet::new();
        while let Some(target) = open.pop() {
            let TargetKind::Node(node) = target.get() else { continue };
            if !seen.insert(node) {
                continue;
            }
            match &self.bundle.nodes[node as usize] {
                Node::Test { atom, on_false, on_unknown, on_true, .. } => {
                    atoms.insert(*atom);
                    open.extend([on_false, on_unknown, on_true]);
                }
                Node::Switch { switch, on_unknown, otherwise, cases } => {
                    let switch = &self.bundle.switches[*switch as usize];
                    let constants = switch.classes.iter().map(|(id, _)| &self.bundle.consts[id.index()]);
                    values.entry(switch.subject).or_default().extend(constants);
                    open.extend([on_unknown, otherwise]);
                    open.extend(cases.iter().map(|case| case.1));
                }
                Node::Env { by_env: targets } | Node::Tier { by_tier: targets } => open.extend(targets),
            }
        }
    }

    fn slot(&self, atom: AtomId) -> Option<(ExprId, &'a [Value])> {
        let expr = self.lowered.tables.atoms[atom.index()].expr;
        let (subject, constants) = self.lowered.facts[expr.index()].slot?;
        let constants = &self.lowered.tables.consts[constants.index()];
        let constants = constants.elements().unwrap_or(std::slice::from_ref(constants));
        (constants.len() <= 1024).then_some((subject, constants))
    }

    fn size(&self, question: &Question) -> usize {
        match question {
            Question::Env => self.bundle.environments.len().max(1),
            Question::Tier => self.bundle.tiers.len(),
            Question::Test(atom) => 2 + usize::from(self.bundle.atoms[atom.index()].partial),
            Question::Value(subject, constants) => {
                let of = |atom: AtomId| self.slot(atom).is_some_and(|slot| slot.0 == *subject);
                let atoms = (0..).map(AtomId).zip(&self.bundle.atoms);
                // Where no test of the tool knows it for certain. Tests of other tools may: they count as these do.
                let known = atoms.filter(|(id, _)| of(*id)).any(|(_, atom)| !atom.partial);
                constants.len() + 1 + usize::from(!known)
            }
        }
    }

    fn answer(&self, question: &Question<'a>, number: usize, world: &mut World<'a>) {
        match question {
            Question::Env => world.env = number as u32,
            Question::Tier => world.tier = Some(number as u32),
            Question::Test(atom) => {
                world.tests.insert(*atom, [Tri::False, Tri::True, Tri::Unknown][number]);
            }
            Question::Value(subject, constants) => {
                let value = if number <= constants.len() { Some(constants.get(number).copied()) } else { None };
                world.values.insert(*subject, value);
            }
        }
    }

    fn test(&self, atom: AtomId, world: &World) -> Tri {
        if let Expr::TierAtLeast(least) = self.lowered.atom(atom) {
            return world.tier.map_or(Tri::Unknown, |tier| Tri::from(tier >= *least));
        }
        match self.slot(atom) {
            None => world.tests[&atom],
            Some((subject, constants)) => match world.values[&subject] {
                None => Tri::Unknown,
                Some(value) => Tri::from(value.is_some_and(|value| constants.contains(value))),
            },
        }
    }

    fn holds(&self, cond: CondId, world: &World) -> bool {
        match &self.lowered.tables.conds[cond.index()] {
            Cond::True => true,
            Cond::False => false,
            Cond::Ask(atom, ask) => ask.holds(self.test(*atom, world)),
            Cond::Envs(envs) => envs >> world.env & 1 == 1,
            Cond::TierAtLeast(least) => world.tier.is_none_or(|tier| tier >= *least),
            Cond::All(_) => self.parts(cond).iter().all(|part| self.holds(*part, world)),
            Cond::Any(_) => self.parts(cond).iter().any(|part| self.holds(*part, world)),
        }
    }

    fn clauses(&self, tool: usize, world: &mut World) -> Said {
        let mut said = Said::default();
        let tier = world.tier;
        for (at, instance) in (0..).zip(self.lowered.instances(tool)) {
            if self.lowered.tables.clauses[instance.clause.index()].shadow {
                continue;
            }
            let early = matches!(instance.effect, InstanceEffect::Grant | InstanceEffect::Classify { .. });
            world.tier = if early { None } else { tier };
            if !self.holds(instance.cond, world) {
                continue;
            }
            match &instance.effect {
                InstanceEffect::Grant => said.grant = true,
                InstanceEffect::Classify { tier } => said.tier = said.tier.max(tier + 1),
                InstanceEffect::Limit { .. } => said.limits.push(at),
                InstanceEffect::Rule { effects, .. } => {
                    for effect in effects {
                        match effect {
                            RuleEffect::Deny(_) => said.deny = true,
                            RuleEffect::Require(ids) => said.approvals.extend(ids.iter().map(|id| id.0)),
                            RuleEffect::Constrain { .. } => drop(said.constrains.insert(at)),
                            RuleEffect::Mark { label } => drop(said.marks.insert(*label)),
                        }
                    }
                }
            }
        }
        world.tier = tier;
        said
    }

    fn graph(&self, tool: usize, world: &mut World) -> Said {
        let def = &self.bundle.tools[tool];
        let roots = def.roots.as_ref().expect("asked for before");
        let tier = world.tier.take();
        let mut said = Said { grant: self.walk(roots.grant, world) == Some(1), ..Said::default() };
        if tier.is_some() {
            said.tier = self.walk(roots.tier, world).unwrap_or(u32::MAX);
        }
        world.tier = tier;
        let yes = |target: Target| self.walk(target, world) != Some(0);
        said.deny = yes(roots.deny);
        let of = |list: &[(u32, Target)], from: u32| -> Vec<u32> {
            list.iter().filter(|root| yes(root.1)).map(|root| root.0 - from).collect()
        };
        said.approvals = roots.approvals.iter().filter(|root| yes(root.1)).map(|root| root.0.0).collect();
        said.marks = of(&roots.marks, 0).into_iter().collect();
        said.constrains = of(&roots.constrains, def.instances.start).into_iter().collect();
        said.limits = of(&roots.limits, def.instances.start);
        said.limits.sort_unstable();
        said
    }

    fn walk(&self, mut target: Target, world: &World) -> Option<u32> {
        loop {
            let node = match target.get() {
                TargetKind::Leaf(leaf) => return Some(leaf),
                TargetKind::Node(node) => &self.bundle.nodes[node as usize],
            };
            target = match node {
                Node::Test { atom, on_false, on_unknown, on_true, .. } => match self.test(*atom, world) {
                    Tri::False => *on_false,
                    Tri::Unknown => *on_unknown,
                    Tri::True => *on_true,
                },
                Node::Switch { switch, on_unknown, otherwise, cases } => {
                    let switch = &self.bundle.switches[*switch as usize];
                    let class = |value: &Value| {
                        let mut classes = switch.classes.iter();
                        classes.find(|(id, _)| self.bundle.consts[id.index()] == *value).map(|(_, class)| *class)
                    };
                    match world.values[&switch.subject] {
                        None => *on_unknown,
                        Some(value) => match value.and_then(class) {
                            Some(class) => cases.iter().find(|case| case.0 == class).map_or(*otherwise, |case| case.1),
                            None => *otherwise,
                        },
                    }
                }
                Node::Env { by_env } => by_env[world.env as usize],
                Node::Tier { by_tier } => by_tier[world.tier? as usize],
            };
        }
    }
}
