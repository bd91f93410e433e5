//! Answers for which graph and clauses differ: read once more, one by one, and put into words.

use claw_runtime::Tri;
use claw_runtime::bundle::{AtomId, CondId, Target, TargetKind};
use serde::Serializer;

use super::Disagreement;
use super::prove::{said, tiered};
use super::questions::Question;
use super::space::{ENV, Space, TIER};
use crate::graph::Root;
use crate::lower::Lowered;

/// A disagreement, for every tool with the same questions.
#[derive(Clone, Debug)]
pub struct Witness {
    root: Root,
    tests: Vec<(AtomId, Tri)>,
    env: Option<u32>,
    tier: Option<u32>,
    graph: u32,
    clauses: u32,
}

impl Witness {
    /// `numbers`: by domain, where it matters.
    pub fn new(space: &Space, root: Root, question: &Question, numbers: Vec<Option<u32>>) -> Witness {
        let tiered = tiered(space, root);
        let mut tests = Vec::new();
        for (domain, number) in numbers.iter().enumerate().skip(TIER + 1) {
            tests.extend(number.map(|number| space.answers(domain, number)).unwrap_or_default());
        }
        let (env, tier) = (numbers[ENV], numbers[TIER].filter(|_| tiered));
        // The others may have any; they have their first here.
        let numbers: Vec<u32> = numbers.into_iter().map(Option::unwrap_or_default).collect();
        let at = At { space, numbers: &numbers, tiered };
        let graph = question.graph.iter().map(|start| at.leaf(*start)).max().unwrap_or_default();
        let clauses = question.clauses.iter().filter(|(_, cond)| at.holds(*cond)).map(|(leaf, _)| *leaf).max();
        Witness { root, tests, env, tier, graph: said(root, graph), clauses: clauses.unwrap_or_default() }
    }

    pub fn told(&self, lowered: &Lowered, tool: u32) -> Disagreement {
        let tables = &lowered.tables;
        let text = |atom: &AtomId| lowered.texts().label(tool, tables.atoms[atom.index()].expr);
        Disagreement {
            tool: tables.tools[tool as usize].name.clone(),
            root: name(lowered, tool, self.root),
            valuation: self.tests.iter().map(|(atom, answer)| (text(atom), *answer)).collect(),
            env: self.env.map(|env| tables.environments[env as usize].clone()),
            tier: self.tier.map(|tier| tables.tiers[tier as usize].clone()),
            graph: self.graph,
            clauses: self.clauses,
        }
    }
}

/// One set of answers.
struct At<'a> {
    space: &'a Space<'a>,
    numbers: &'a [u32],
    tiered: bool,
}

impl At<'_> {
    fn leaf(&self, mut target: Target) -> u32 {
        loop {
            match target.get() {
                TargetKind::Leaf(leaf) => return leaf,
                TargetKind::Node(node) => {
                    let branch = self.space.branch(node, self.tiered);
                    target = branch.get(self.numbers[branch.domain]);
                }
            }
        }
    }

    fn holds(&self, cond: CondId) -> bool {
        if let Some(branch) = self.space.condition(cond, self.tiered) {
            return branch.get(self.numbers[branch.domain]);
        }
        match self.space.parts(cond) {
            Some((true, parts)) => parts.iter().all(|part| self.holds(*part)),
            Some((false, parts)) => parts.iter().any(|part| self.holds(*part)),
            None => false,
        }
    }
}

/// What a root is called.
fn name(lowered: &Lowered, tool: u32, root: Root) -> String {
    let tables = &lowered.tables;
    let clause = |at: u32| {
        let instance = &tables.instances[(tables.tools[tool as usize].instances.start + at) as usize];
        &tables.clauses[instance.clause.index()].id
    };
    match root {
        Root::Grant => "grant".to_owned(),
        Root::Tier => "tier".to_owned(),
        Root::Deny => "deny".to_owned(),
        Root::Approval(id) => format!("approval {}", tables.approvals[id.index()].short),
        Root::Mark(label) => format!("mark {}", tables.labels[label as usize]),
        Root::Constrain(at) => format!("constraint of {}", clause(at)),
        Root::Limit(at) => format!("limit {}", clause(at)),
    }
}

/// Tests with `false`, `unknown` or `true`.
pub fn valuation<S: Serializer>(tests: &[(String, Tri)], to: S) -> Result<S::Ok, S::Error> {
    let word = |answer: &Tri| match answer {
        Tri::False => "false",
        Tri::Unknown => "unknown",
        Tri::True => "true",
    };
    to.collect_seq(tests.iter().map(|(test, answer)| (test, word(answer))))
}
