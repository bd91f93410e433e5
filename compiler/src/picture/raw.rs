//! The compiled graph with words instead of numbers: the tests that are really asked, in their order.
//!
//! For tools that read pictures. People are shown the clauses; this is often too large to be drawn.

use std::fmt::Write;

use claw_runtime::bundle::Kind;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use rustc_hash::FxHashMap;
use serde::Serialize;

use super::Drawer;
use super::dot::escape;
use super::words::shorten;
use crate::graph::{GraphEdge, GraphNode, Root};
use crate::hir::ToolId;

/// Constants of one class that are listed.
const MAX_VALUES: usize = 6;
const MAX_LABEL: usize = 160;

/// A part of the decision graph.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RawGraph {
    pub nodes: Vec<RawNode>,
    pub edges: Vec<RawEdge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RawNode {
    /// `tool`, `question`, `test`, `switch`, `environment`, `tier` or `answer`.
    pub kind: &'static str,
    pub text: String,
}

/// From one node to another, by their indices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RawEdge {
    pub from: usize,
    pub to: usize,
    /// The answer that leads this way; empty for what is asked unconditionally.
    pub on: String,
}

/// What is reached from these tools. A test that tools share is told in the words of the first.
pub fn raw(drawer: &Drawer<'_>, tools: &[ToolId]) -> RawGraph {
    let mut walk = Walk { drawer, places: FxHashMap::default(), found: RawGraph::default() };
    for tool in tools {
        walk.tool(*tool);
    }
    walk.found
}

struct Walk<'a> {
    drawer: &'a Drawer<'a>,
    places: FxHashMap<NodeIndex, usize>,
    found: RawGraph,
}

impl Walk<'_> {
    fn tool(&mut self, tool: ToolId) {
        let start = self.drawer.graph.tools[tool.index()];
        let mut left = vec![start];
        self.place(start, tool);
        while let Some(node) = left.pop() {
            let from = self.place(node, tool);
            let mut edges: Vec<_> = self.drawer.graph.graph.edges(node).collect();
            edges.sort_by_key(|edge| (*edge.weight(), edge.target()));
            for edge in edges {
                let new = !self.places.contains_key(&edge.target());
                let to = self.place(edge.target(), tool);
                self.found.edges.push(RawEdge { from, to, on: self.answer(node, *edge.weight()) });
                if new {
                    left.push(edge.target());
                }
            }
        }
    }

    fn place(&mut self, node: NodeIndex, tool: ToolId) -> usize {
        if let Some(place) = self.places.get(&node) {
            return *place;
        }
        let place = self.found.nodes.len();
        self.places.insert(node, place);
        let (kind, text) = self.node(node, tool);
        self.found.nodes.push(RawNode { kind, text: shorten(&text, MAX_LABEL) });
        place
    }

    fn node(&self, node: NodeIndex, tool: ToolId) -> (&'static str, String) {
        let graph = &self.drawer.graph;
        let tables = &self.drawer.lowered.tables;
        match graph.graph[node] {
            GraphNode::Dispatch => ("dispatch", String::new()),
            GraphNode::Tool(at) => {
                let kind = match self.drawer.tool_kind(ToolId(at)) {
                    Kind::Tool => "tool",
                    Kind::Resource => "resource",
                    Kind::Prompt => "prompt",
                };
                (kind, tables.tools[at as usize].name.clone())
            }
            GraphNode::Root(root) => ("question", self.question(root, tool)),
            GraphNode::Test { atom, .. } => {
                ("test", self.drawer.lowered.texts().label(tool.0, tables.atoms[atom.index()].expr))
            }
            GraphNode::Switch(at) => {
                ("switch", self.drawer.lowered.texts().label(tool.0, graph.switches[at as usize].subject))
            }
            GraphNode::Env => ("environment", "env".to_owned()),
            GraphNode::Tier => ("tier", "tier".to_owned()),
            GraphNode::Leaf(value) => ("answer", self.leaf(value)),
        }
    }

    /// Leaves are shared between questions of yes and no and the question for the tier.
    fn leaf(&self, value: u32) -> String {
        let tiers = &self.drawer.lowered.tables.tiers;
        let tier = value.checked_sub(1).and_then(|tier| tiers.get(tier as usize));
        match (value, tier) {
            (0, _) if tiers.is_empty() => "no".to_owned(),
            (0, _) => "no / unclassified".to_owned(),
            (1, None) => "yes".to_owned(),
            (1, Some(lowest)) => format!("yes / {lowest}"),
            (_, tier) => tier.cloned().unwrap_or_else(|| value.to_string()),
        }
    }

    fn question(&self, root: Root, tool: ToolId) -> String {
        let tables = &self.drawer.lowered.tables;
        let clause = |at: u32| {
            let instance = self.drawer.lowered.instances(tool.index()).get(at as usize);
            instance.map_or(String::new(), |i| tables.clauses[i.clause.index()].id.clone())
        };
        match root {
            Root::Grant => "granted".to_owned(),
            Root::Tier => "tier".to_owned(),
            Root::Deny => "denied by a rule".to_owned(),
            Root::Approval(id) => format!("requires {}", tables.approvals[id.index()].short),
            Root::Mark(label) => format!("marks {}", tables.labels[label as usize]),
            Root::Constrain(at) => format!("{} constrains", clause(at)),
            Root::Limit(at) => format!("{} counts", clause(at)),
        }
    }

    fn answer(&self, from: NodeIndex, edge: GraphEdge) -> String {
        let tables = &self.drawer.lowered.tables;
        match edge {
            GraphEdge::Enter => String::new(),
            GraphEdge::False => "false".to_owned(),
            GraphEdge::Unknown => "unknown".to_owned(),
            GraphEdge::True => "true".to_owned(),
            GraphEdge::Otherwise => "otherwise".to_owned(),
            GraphEdge::Env(env) => tables.environments[env as usize].clone(),
            GraphEdge::Tier(tier) => tables.tiers[tier as usize].clone(),
            GraphEdge::Class(class) => self.class(from, class),
        }
    }

    /// The constants of a class.
    fn class(&self, switch: NodeIndex, class: u32) -> String {
        let GraphNode::Switch(at) = self.drawer.graph.graph[switch] else { return class.to_string() };
        let table = &self.drawer.graph.switches[at as usize];
        if let Some(patterns) = &table.patterns {
            let texts = &self.drawer.lowered.patterns;
            let matching: Vec<&str> =
                patterns.classes[class as usize].iter().map(|pattern| &*texts[*pattern as usize]).collect();
            return matching.join(" and ");
        }
        let values: Vec<String> = table
            .classes
            .iter()
            .filter(|(_, of)| *of == class)
            .map(|(value, _)| crate::lower::constant(value))
            .collect();
        let more = values.len().saturating_sub(MAX_VALUES);
        let listed = values[..values.len() - more].join(", ");
        if more == 0 { listed } else { format!("{listed} and {more} more") }
    }
}

impl RawGraph {
    /// The graph itself for Graphviz: every test that is asked, for whoever looks into how a policy was compiled.
    pub fn to_dot(&self) -> String {
        let mut out = "digraph tests {\n  node [fontname=\"Helvetica\", fontsize=11, shape=box]\n".to_owned();
        for (at, node) in self.nodes.iter().enumerate() {
            let shape = match node.kind {
                "answer" => "circle",
                "question" => "ellipse",
                "tool" | "resource" | "prompt" => "folder",
                _ => "box",
            };
            let _ = writeln!(out, "  n{at} [label=\"{}\", shape={shape}]", escape(&node.text));
        }
        for edge in &self.edges {
            let style = if edge.on == "unknown" { ", style=dashed" } else { "" };
            let _ = writeln!(out, "  n{} -> n{} [label=\"{}\"{style}]", edge.from, edge.to, escape(&edge.on));
        }
        out + "}\n"
    }
}
