//! Walks the graph, and evaluates conditions without it: two ways to the same answer.
//!
//! For explaining a path and for testing the graph. Decisions walk the bundle's flat nodes, not these.

use claw_runtime::Tri;
use claw_runtime::bundle::{Ask, AtomId, Cond, CondId, Expr};
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::vars::{SwitchTable, operands};
use super::{DecisionGraph, GraphEdge, GraphNode};
use crate::lower::Lowered;

/// What a node of the graph wants to know.
#[derive(Clone, Copy, Debug)]
pub enum Probe<'a> {
    Env,
    Tier,
    Test(AtomId),
    /// The class of the subject's value: `Answer::Value`, or `Answer::Otherwise` for a value in no class.
    Switch(&'a SwitchTable),
}

/// The answer to a [`Probe`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The index of the environment, the tier or the class; for a test, 1 is true and 0 is false.
    Value(u32),
    Otherwise,
    Unknown,
}

impl DecisionGraph {
    /// Follows the answers from a node to a leaf; returns its value and the nodes on the way.
    ///
    /// An answer that has no branch ends the walk with no leaf: an environment that does not exist, say.
    pub fn walk(&self, start: NodeIndex, answer: &mut dyn FnMut(Probe<'_>) -> Answer) -> (Option<u32>, Vec<NodeIndex>) {
        let mut at = start;
        let mut path = vec![at];
        loop {
            let (probe, edge): (Probe<'_>, fn(u32) -> GraphEdge) = match self.graph[at] {
                GraphNode::Leaf(value) => return (Some(value), path),
                GraphNode::Env => (Probe::Env, GraphEdge::Env),
                GraphNode::Tier => (Probe::Tier, GraphEdge::Tier),
                GraphNode::Test { atom, .. } => {
                    (Probe::Test(atom), |value| if value == 1 { GraphEdge::True } else { GraphEdge::False })
                }
                GraphNode::Switch(index) => (Probe::Switch(&self.switches[index as usize]), GraphEdge::Class),
                GraphNode::Dispatch | GraphNode::Tool(_) | GraphNode::Root(_) => return (None, path),
            };
            let wanted = match answer(probe) {
                Answer::Value(value) => edge(value),
                Answer::Otherwise => GraphEdge::Otherwise,
                Answer::Unknown => GraphEdge::Unknown,
            };
            // A class without a branch of its own goes where every other value goes.
            let Some(next) = self.branch(at, wanted).or_else(|| self.branch(at, GraphEdge::Otherwise)) else {
                return (None, path);
            };
            at = next;
            path.push(at);
        }
    }

    fn branch(&self, at: NodeIndex, edge: GraphEdge) -> Option<NodeIndex> {
        self.graph.edges(at).find(|e| *e.weight() == edge).map(|e| e.target())
    }
}

/// Whether a condition holds, test by test and without the graph.
pub fn holds(lowered: &Lowered, cond: CondId, env: u32, tier: u32, test: &mut dyn FnMut(AtomId) -> Tri) -> bool {
    match &lowered.tables.conds[cond.index()] {
        Cond::True => true,
        Cond::False => false,
        Cond::Envs(envs) => envs & (1 << env) != 0,
        Cond::TierAtLeast(least) => tier >= *least,
        Cond::Ask(atom, ask) => {
            let answer = match lowered.atom(*atom) {
                Expr::TierAtLeast(least) => Tri::from(tier >= *least),
                _ => test(*atom),
            };
            match ask {
                Ask::IsTrue => answer.is_true(),
                Ask::IsFalse => answer.is_false(),
                Ask::NotTrue => !answer.is_true(),
                Ask::NotFalse => !answer.is_false(),
            }
        }
        Cond::All(parts) => operands(lowered, parts).iter().all(|c| holds(lowered, *c, env, tier, test)),
        Cond::Any(parts) => operands(lowered, parts).iter().any(|c| holds(lowered, *c, env, tier, test)),
    }
}
