//! The decision graph: which tests lead to which outcome, tool by tool.
//!
//! One graph for the whole policy: a dispatch to the tools, from each tool to its roots (is it granted, which tier,
//! is it denied, …), from there over tests to leaves. It is acyclic, and every path ends in a leaf. Tests, roots
//! and leaves that mean the same are shared wherever tools have the same clauses. What is in it is for the emitter,
//! for drawing and for explaining; the diagrams it is made from are in `graph/diagram.rs`.

mod build;
mod diagram;
mod patterns;
mod plan;
mod vars;
mod walk;

use claw_runtime::bundle::{ApprovalId, AtomId};
use petgraph::graph::{DiGraph, NodeIndex};

pub use build::build;
pub use vars::SwitchTable;
pub use walk::{Answer, Probe, holds};

/// How much a tool's part of the graph may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Nodes of one tool. A tool that would need more is judged clause by clause.
    pub nodes: usize,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { nodes: 20_000 }
    }
}

/// A node of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GraphNode {
    /// Where every decision begins.
    Dispatch,
    /// Index into the bundle's tools.
    Tool(u32),
    Root(Root),
    /// A test with three answers; `memo` is the tool's place for remembering it.
    Test {
        atom: AtomId,
        memo: u32,
    },
    /// Index into [`DecisionGraph::switches`].
    Switch(u32),
    Env,
    Tier,
    /// 0 is false and 1 is true; behind [`Root::Tier`], 0 is unclassified and k+1 is tier k.
    Leaf(u32),
}

/// What is asked of a tool's diagrams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Root {
    Grant,
    Tier,
    Deny,
    Approval(ApprovalId),
    /// Index of a label.
    Mark(u32),
    /// Index of an instance with a constraint, relative to the tool's first.
    Constrain(u32),
    /// Index of a limit's arm, relative to the tool's first instance.
    Limit(u32),
}

/// What leads from one node to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GraphEdge {
    /// From the dispatch to a tool, from a tool to a root, from a root to its first test.
    Enter,
    False,
    Unknown,
    True,
    /// The class of a switch.
    Class(u32),
    Otherwise,
    /// The index of an environment.
    Env(u32),
    /// The index of a tier.
    Tier(u32),
}

/// The decision graph of a policy.
#[derive(Debug)]
pub struct DecisionGraph {
    /// Tests stand before what leads to them: the index of a test is larger than those of the tests behind it.
    pub graph: DiGraph<GraphNode, GraphEdge>,
    pub dispatch: NodeIndex,
    pub switches: Vec<SwitchTable>,
    /// By tool; the first node of each.
    pub tools: Vec<NodeIndex>,
    /// By tool: how many places its tests need for remembering answers; `None` where the tool passed its budget
    /// and is judged clause by clause. Such a tool has no roots.
    pub memo: Vec<Option<u32>>,
}

impl DecisionGraph {
    /// The tools that passed the budget, by index.
    pub fn fallbacks(&self) -> Vec<u32> {
        (0..).zip(&self.memo).filter(|(_, memo)| memo.is_none()).map(|(tool, _)| tool).collect()
    }

    /// The roots of a tool, in their order, each with the node its question starts from.
    pub fn roots(&self, tool: u32) -> Vec<(Root, NodeIndex)> {
        let mut roots = Vec::new();
        for node in self.graph.neighbors(self.tools[tool as usize]) {
            if let GraphNode::Root(root) = self.graph[node] {
                roots.extend(self.graph.neighbors(node).map(|start| (root, start)));
            }
        }
        roots.sort_unstable_by_key(|(root, _)| *root);
        roots
    }
}

#[cfg(test)]
mod tests;
