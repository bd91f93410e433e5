//! Shared, reduced, multi-valued decision diagrams.
//!
//! A diagram maps an assignment of variables to a small number. Variables are numbered in the order in which they
//! are tested along every path. A node branches on the value of one variable: a table of cases, one branch for all
//! other values and one for *unknown*. Equal nodes exist once and no node has equal branches only, so two diagrams
//! mean the same exactly if they are the same. Knows nothing of policies.

use claw_runtime::bundle::{Target, TargetKind};
use rustc_hash::FxHashMap;

/// How two diagrams are joined, leaf by leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Join {
    /// Leaves 0 and 1: both.
    And,
    /// Leaves 0 and 1: either.
    Or,
    /// The larger leaf.
    Max,
}

/// A branch on one variable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    pub var: u32,
    /// Values that are in no case.
    pub otherwise: Target,
    pub unknown: Target,
    /// (value, branch), ascending; only those that differ from `otherwise`.
    pub cases: Box<[(u32, Target)]>,
}

/// The diagram grew past its budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverBudget;

/// A set of diagrams that share nodes. A node's branches are earlier nodes.
#[derive(Debug)]
pub struct Diagrams {
    pub nodes: Vec<Node>,
    unique: FxHashMap<Node, Target>,
    joined: FxHashMap<(Join, Target, Target), Target>,
    /// Bounds all work, also work that adds no node.
    steps_left: usize,
}

impl Diagrams {
    /// `steps` bounds how many pairs of nodes may be joined, and thereby how many nodes are made.
    pub fn new(steps: usize) -> Diagrams {
        let (nodes, unique, joined) = Default::default();
        Diagrams { nodes, unique, joined, steps_left: steps }
    }

    /// The node with these branches, or the branch itself if they are all the same.
    pub fn node(
        &mut self,
        var: u32,
        otherwise: Target,
        unknown: Target,
        mut cases: Vec<(u32, Target)>,
    ) -> Result<Target, OverBudget> {
        // Also counted where the node turns out to exist, or to be no branch at all: it was work.
        self.steps_left = self.steps_left.checked_sub(1 + cases.len() / 8).ok_or(OverBudget)?;
        cases.retain(|(_, branch)| *branch != otherwise);
        if cases.is_empty() && unknown == otherwise {
            return Ok(otherwise);
        }
        let node = Node { var, otherwise, unknown, cases: cases.into() };
        if let Some(found) = self.unique.get(&node) {
            return Ok(*found);
        }
        let id = Target::node(u32::try_from(self.nodes.len()).map_err(|_| OverBudget)?);
        self.nodes.push(node.clone());
        self.unique.insert(node, id);
        Ok(id)
    }

    fn var(&self, target: Target) -> u32 {
        match target.get() {
            TargetKind::Leaf(_) => u32::MAX,
            TargetKind::Node(index) => self.nodes[index as usize].var,
        }
    }

    /// Joins two diagrams.
    pub fn join(&mut self, join: Join, a: Target, b: Target) -> Result<Target, OverBudget> {
        if let Some(known) = trivial(join, a, b) {
            return Ok(known);
        }
        let key = (join, a.min(b), a.max(b));
        if let Some(found) = self.joined.get(&key) {
            return Ok(*found);
        }
        let (var_a, var_b) = (self.var(a), self.var(b));
        let result = if var_a == var_b {
            self.join_nodes(join, a, b)?
        } else if var_a < var_b {
            self.join_below(join, a, b)?
        } else {
            self.join_below(join, b, a)?
        };
        self.joined.insert(key, result);
        Ok(result)
    }

    /// Joins each branch of `a` with `b`, which tests only later variables.
    fn join_below(&mut self, join: Join, a: Target, b: Target) -> Result<Target, OverBudget> {
        let node = self.inner(a);
        let otherwise = self.join(join, node.otherwise, b)?;
        let unknown = self.join(join, node.unknown, b)?;
        let mut cases = Vec::with_capacity(node.cases.len());
        for (value, branch) in &node.cases {
            cases.push((*value, self.join(join, *branch, b)?));
        }
        self.node(node.var, otherwise, unknown, cases)
    }

    /// Joins two nodes of the same variable, branch by branch.
    fn join_nodes(&mut self, join: Join, a: Target, b: Target) -> Result<Target, OverBudget> {
        let (a, b) = (self.inner(a), self.inner(b));
        let otherwise = self.join(join, a.otherwise, b.otherwise)?;
        let unknown = self.join(join, a.unknown, b.unknown)?;
        let mut cases = Vec::with_capacity(a.cases.len().max(b.cases.len()));
        let (mut left, mut right) = (a.cases.iter().peekable(), b.cases.iter().peekable());
        loop {
            let value = match (left.peek(), right.peek()) {
                (None, None) => break,
                (Some((v, _)), None) | (None, Some((v, _))) => *v,
                (Some((v, _)), Some((w, _))) => *v.min(w),
            };
            let x = left.next_if(|c| c.0 == value).map_or(a.otherwise, |c| c.1);
            let y = right.next_if(|c| c.0 == value).map_or(b.otherwise, |c| c.1);
            cases.push((value, self.join(join, x, y)?));
        }
        self.node(a.var, otherwise, unknown, cases)
    }

    fn inner(&self, target: Target) -> Node {
        match target.get() {
            TargetKind::Leaf(_) => unreachable!("a leaf has no variable"),
            TargetKind::Node(index) => self.nodes[index as usize].clone(),
        }
    }

    /// Joins many diagrams as a balanced tree, so that a long list costs n log n.
    pub fn join_all(&mut self, join: Join, mut parts: Vec<Target>) -> Result<Target, OverBudget> {
        if parts.is_empty() {
            return Ok(if join == Join::And { Target::TRUE } else { Target::FALSE });
        }
        // Neighbours in this order test neighbouring variables, which keeps what lies between small.
        parts.sort_unstable_by_key(|part| (self.var(*part), *part));
        parts.dedup();
        while parts.len() > 1 {
            let mut next = Vec::with_capacity(parts.len().div_ceil(2));
            for pair in parts.chunks(2) {
                next.push(match *pair {
                    [a, b] => self.join(join, a, b)?,
                    _ => pair[0],
                });
            }
            parts = next;
        }
        Ok(parts[0])
    }

    /// The diagram with the leaf 1 replaced.
    pub fn scale(&mut self, diagram: Target, one: u32) -> Result<Target, OverBudget> {
        self.scale_with(diagram, one, &mut FxHashMap::default())
    }

    fn scale_with(
        &mut self,
        diagram: Target,
        one: u32,
        seen: &mut FxHashMap<Target, Target>,
    ) -> Result<Target, OverBudget> {
        if diagram == Target::TRUE {
            return Ok(Target::leaf(one));
        }
        if diagram == Target::FALSE {
            return Ok(diagram);
        }
        if let Some(found) = seen.get(&diagram) {
            return Ok(*found);
        }
        let node = self.inner(diagram);
        let otherwise = self.scale_with(node.otherwise, one, seen)?;
        let unknown = self.scale_with(node.unknown, one, seen)?;
        let mut cases = Vec::with_capacity(node.cases.len());
        for (value, branch) in &node.cases {
            cases.push((*value, self.scale_with(*branch, one, seen)?));
        }
        let scaled = self.node(node.var, otherwise, unknown, cases)?;
        seen.insert(diagram, scaled);
        Ok(scaled)
    }

    /// The nodes that can be reached from some roots, ascending: branches before what branches to them.
    pub fn reachable(&self, roots: impl IntoIterator<Item = Target>) -> Vec<u32> {
        let mut seen = vec![false; self.nodes.len()];
        let mut todo: Vec<Target> = roots.into_iter().collect();
        while let Some(target) = todo.pop() {
            let TargetKind::Node(index) = target.get() else { continue };
            if std::mem::replace(&mut seen[index as usize], true) {
                continue;
            }
            let node = &self.nodes[index as usize];
            todo.extend([node.otherwise, node.unknown]);
            todo.extend(node.cases.iter().map(|c| c.1));
        }
        (0..).zip(seen).filter(|(_, seen)| *seen).map(|(index, _)| index).collect()
    }
}

/// Joins that need no look at the branches.
fn trivial(join: Join, a: Target, b: Target) -> Option<Target> {
    if a == b {
        return Some(a);
    }
    let neutral = if join == Join::And { Target::TRUE } else { Target::FALSE };
    if a == neutral {
        return Some(b);
    }
    if b == neutral {
        return Some(a);
    }
    match (join, a.get(), b.get()) {
        (Join::Max, TargetKind::Leaf(x), TargetKind::Leaf(y)) => Some(Target::leaf(x.max(y))),
        (Join::And, ..) if a == Target::FALSE || b == Target::FALSE => Some(Target::FALSE),
        (Join::Or, ..) if a == Target::TRUE || b == Target::TRUE => Some(Target::TRUE),
        _ => None,
    }
}
