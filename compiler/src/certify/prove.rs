//! Compares the two readings of every root of a tool.

use std::fmt;

use claw_runtime::bundle::{Bundle, CondId, Target, TargetKind};
use rustc_hash::FxHashMap;

use super::diagram::{Builder, Diagram, Diagrams, Join};
use super::order::reached;
use super::questions::{Question, Questions};
use super::space::{Space, TIER};
use super::witness::Witness;
use crate::graph::Root;
use crate::lower::Lowered;

/// The proof passed its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooLarge {
    Nodes(usize),
    Tests,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TooLarge::Nodes(nodes) => write!(f, "a diagram of the proof would have more than {nodes} nodes"),
            TooLarge::Tests => f.write_str("it has more tests than a proof can tell apart"),
        }
    }
}

/// What came out for all tools with the same questions.
#[derive(Debug, Default)]
pub struct Proof {
    pub roots: usize,
    pub witnesses: Vec<Witness>,
}

pub type Outcome = Result<Proof, TooLarge>;

/// `nodes` bounds each diagram.
pub fn prove(lowered: &Lowered, bundle: &Bundle, questions: &Questions, nodes: usize) -> Outcome {
    let space = Space::new(lowered, bundle, questions)?;
    let mut readings = Readings::new(&space, nodes);
    let mut proof = Proof::default();
    for (root, question) in &questions.0 {
        proof.roots += 1;
        if let Some(numbers) = readings.difference(*root, question)? {
            proof.witnesses.push(Witness::new(&space, *root, question, numbers));
        }
    }
    Ok(proof)
}

/// Whether a root may ask for the tier: before, there is none.
pub fn tiered(space: &Space, root: Root) -> bool {
    !matches!(root, Root::Grant | Root::Tier) && !space.bundle.tiers.is_empty()
}

/// Whether the graph's leaf is this answer. As the runtime reads it: only 1 grants, and only 0 does not restrict.
pub fn means(root: Root, leaf: u32, answer: u32) -> bool {
    said(root, leaf) == answer
}

/// The answer that a leaf stands for.
pub fn said(root: Root, leaf: u32) -> u32 {
    match root {
        Root::Tier => leaf,
        Root::Grant => u32::from(leaf == 1),
        _ => u32::from(leaf != 0),
    }
}

/// Both readings of a tool's roots, as diagrams.
struct Readings<'a> {
    space: &'a Space<'a>,
    diagrams: Diagrams,
    nodes: usize,
    conds: FxHashMap<(CondId, bool), Diagram>,
}

impl<'a> Readings<'a> {
    fn new(space: &'a Space<'a>, nodes: usize) -> Readings<'a> {
        Readings { space, diagrams: Diagrams::new(space.digits, nodes), nodes, conds: FxHashMap::default() }
    }

    /// Numbers of the domains for which the two readings are not the same.
    fn difference(&mut self, root: Root, question: &Question) -> Result<Option<Vec<Option<u32>>>, TooLarge> {
        let highest = if root == Root::Tier { self.space.domains[TIER].size } else { 1 };
        let lowest = u32::from(root != Root::Tier);
        // From the highest: an arm counts where no higher one holds.
        let mut above = self.diagrams.constant(false);
        for answer in (lowest..=highest).rev() {
            let clauses = if answer == 0 {
                self.diagrams.constant(true)
            } else {
                let arms = question.clauses.iter().filter(|(leaf, _)| *leaf == answer);
                let conds: Vec<CondId> = arms.map(|(_, cond)| *cond).collect();
                self.joined(Join::Or, &conds, tiered(self.space, root))?
            };
            let only = self.diagrams.join(Join::Without, &clauses, &above)?;
            let graph = self.graph(root, question, answer)?;
            let differ = self.diagrams.join(Join::Differ, &only, &graph)?;
            if let Some(numbers) = Diagrams::somewhere(&differ, &self.space.domains) {
                return Ok(Some(numbers));
            }
            above = self.diagrams.join(Join::Or, &above, &clauses)?;
        }
        Ok(None)
    }

    fn joined(&mut self, join: Join, conds: &[CondId], tiered: bool) -> Result<Diagram, TooLarge> {
        let parts = conds.iter().map(|cond| self.cond(*cond, tiered)).collect::<Result<_, _>>()?;
        self.diagrams.join_all(join, parts)
    }

    fn cond(&mut self, cond: CondId, tiered: bool) -> Result<Diagram, TooLarge> {
        if let Some(known) = self.conds.get(&(cond, tiered)) {
            return Ok(known.clone());
        }
        let diagram = match (self.space.condition(cond, tiered), self.space.parts(cond)) {
            (Some(branch), _) => self.diagrams.of(&branch, self.space.domains[branch.domain]),
            (None, Some((all, parts))) => self.joined(if all { Join::And } else { Join::Or }, parts, tiered)?,
            (None, None) => unreachable!("a condition has parts or none"),
        };
        self.conds.insert((cond, tiered), diagram.clone());
        Ok(diagram)
    }

    /// Where the graph gives this answer.
    fn graph(&self, root: Root, question: &Question, answer: u32) -> Result<Diagram, TooLarge> {
        let read = |target: &Target| {
            if self.space.ordered { self.copied(*target, root, answer) } else { self.composed(*target, root, answer) }
        };
        let parts = question.graph.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        self.diagrams.join_all(Join::Or, parts)
    }

    /// Node by node: the graph asks in the order of the digits, so it is a diagram already.
    fn copied(&self, start: Target, root: Root, answer: u32) -> Result<Diagram, TooLarge> {
        let tiered = tiered(self.space, root);
        let mut builder = Builder::new(self.space.digits);
        let mut placed: FxHashMap<u32, u32> = FxHashMap::default();
        let place = |target: Target, placed: &FxHashMap<u32, u32>| match target.get() {
            TargetKind::Leaf(leaf) => u32::from(means(root, leaf, answer)),
            TargetKind::Node(node) => placed[&node],
        };
        for node in reached(self.space.bundle, [start]) {
            let branch = self.space.branch(node, tiered);
            let cases: Vec<(u32, u32)> = branch.cases.iter().map(|(n, to)| (*n, place(*to, &placed))).collect();
            let otherwise = place(branch.otherwise, &placed);
            placed.insert(node, builder.branch(self.space.domains[branch.domain], &cases, otherwise));
            if builder.len() > self.nodes {
                return Err(TooLarge::Nodes(self.nodes));
            }
        }
        Ok(builder.finish(place(start, &placed)))
    }

    /// By joining: slower, for a graph whose paths ask in different orders. The compiler makes none.
    fn composed(&self, start: Target, root: Root, answer: u32) -> Result<Diagram, TooLarge> {
        let tiered = tiered(self.space, root);
        let mut placed: FxHashMap<u32, Diagram> = FxHashMap::default();
        let place = |target: Target, placed: &FxHashMap<u32, Diagram>| match target.get() {
            TargetKind::Leaf(leaf) => self.diagrams.constant(means(root, leaf, answer)),
            TargetKind::Node(node) => placed[&node].clone(),
        };
        for node in reached(self.space.bundle, [start]) {
            let branch = self.space.branch(node, tiered);
            let mut targets: Vec<Target> = branch.cases.iter().map(|case| case.1).collect();
            targets.push(branch.otherwise);
            targets.sort_unstable();
            targets.dedup();
            let mut parts = Vec::with_capacity(targets.len());
            for target in targets {
                let here = super::space::Branch {
                    domain: branch.domain,
                    cases: branch.cases.iter().map(|(number, to)| (*number, *to == target)).collect(),
                    otherwise: branch.otherwise == target,
                };
                let here = self.diagrams.of(&here, self.space.domains[branch.domain]);
                parts.push(self.diagrams.join(Join::And, &here, &place(target, &placed))?);
            }
            placed.insert(node, self.diagrams.join_all(Join::Or, parts)?);
        }
        Ok(place(start, &placed))
    }
}
