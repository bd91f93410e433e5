//! Flattens the decision graph into a bundle.
//!
//! Equal policies give equal bytes: everything is written in an order that the lowering fixed.

use claw_runtime::bundle::{Bundle, ConstId, Node, Roots, Switch, Target};
use claw_runtime::{Digest, Value};
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;
use rustc_hash::FxHashMap;

use crate::graph::{DecisionGraph, GraphEdge, GraphNode, Root};
use crate::lower::{ClausePlace, Lowered, next};
use crate::source::{Columns, Sources};

/// Makes the bundle of a policy.
pub fn emit(graph: &DecisionGraph, lowered: Lowered, sources: &Sources) -> Bundle {
    let mut bundle = lowered.tables;
    for (module, file) in bundle.modules.iter_mut().zip(&lowered.module_files) {
        let source = sources.get(*file);
        module.file = source.path.clone();
        module.digest = Digest::of(source.text.as_bytes());
    }
    for (clause, place) in bundle.clauses.iter_mut().zip(&lowered.clause_locs) {
        (clause.line, clause.column) = position(place, sources);
    }
    unique_ids(&mut bundle);
    switches(graph, &mut bundle);
    let targets = nodes(graph, &mut bundle);
    for tool in 0..bundle.tools.len() {
        roots(graph, tool, &targets, &mut bundle);
    }
    bundle
}

/// The first line of a clause behind its documentation and attributes, and where in it the clause begins.
fn position(place: &ClausePlace, sources: &Sources) -> (u32, u32) {
    let file = sources.get(place.name.file);
    let before = &file.text[..place.name.span.start as usize];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let indent = before[line_start..].len() - before[line_start..].trim_start().len();
    // Where several clauses share a line, this one begins with its own first word.
    let start = (line_start + indent).max(place.whole.span.start as usize);
    let at = file.lines.position(&file.text, u32::try_from(start).unwrap_or(u32::MAX), Columns::Chars);
    (at.line, at.column)
}

/// Modules of the same name may have clauses of the same name; the later ones say which file they are from.
fn unique_ids(bundle: &mut Bundle) {
    let mut seen: FxHashMap<String, u32> = FxHashMap::default();
    for clause in &mut bundle.clauses {
        let first = *seen.entry(clause.id.clone()).or_insert(clause.module);
        if first != clause.module {
            clause.id = format!("{} ({})", clause.id, bundle.modules[clause.module as usize].file);
        }
    }
}

/// Writes the switch tables; constants that no expression has get entries of their own.
fn switches(graph: &DecisionGraph, bundle: &mut Bundle) {
    let mut index: FxHashMap<Value, ConstId> = FxHashMap::default();
    if !graph.switches.is_empty() {
        index = (0..).map(ConstId).zip(&bundle.consts).map(|(id, value)| (value.clone(), id)).collect();
    }
    for table in &graph.switches {
        let mut classes = Vec::with_capacity(table.classes.len());
        for (value, class) in &table.classes {
            let id = *index.entry(value.clone()).or_insert_with(|| {
                bundle.consts.push(value.clone());
                ConstId(next(&bundle.consts) - 1)
            });
            classes.push((id, *class));
        }
        classes.sort_unstable();
        let patterns = table.patterns.as_deref().cloned();
        bundle.switches.push(Switch { subject: table.subject, classes, patterns });
    }
}

/// Writes the nodes, branches first, and returns where each node of the graph ended up.
fn nodes(graph: &DecisionGraph, bundle: &mut Bundle) -> Vec<Option<Target>> {
    let mut targets: Vec<Option<Target>> = vec![None; graph.graph.node_count()];
    for at in graph.graph.node_indices() {
        if let GraphNode::Leaf(value) = graph.graph[at] {
            targets[at.index()] = Some(Target::leaf(value));
        }
    }
    for at in graph.graph.node_indices() {
        let mut branches = Branches::new(graph, at, &targets);
        let node = match graph.graph[at] {
            GraphNode::Test { atom, memo } => Node::Test {
                atom,
                memo,
                on_false: branches.take(GraphEdge::False),
                on_unknown: branches.take(GraphEdge::Unknown),
                on_true: branches.take(GraphEdge::True),
            },
            GraphNode::Switch(switch) => Node::Switch {
                switch,
                on_unknown: branches.take(GraphEdge::Unknown),
                otherwise: branches.take(GraphEdge::Otherwise),
                cases: branches.rest(|edge| match edge {
                    GraphEdge::Class(class) => Some(class),
                    _ => None,
                }),
            },
            GraphNode::Env => Node::Env { by_env: branches.targets() },
            GraphNode::Tier => Node::Tier { by_tier: branches.targets() },
            GraphNode::Dispatch | GraphNode::Tool(_) | GraphNode::Root(_) | GraphNode::Leaf(_) => continue,
        };
        targets[at.index()] = Some(Target::node(next(&bundle.nodes)));
        bundle.nodes.push(node);
    }
    targets
}

/// The branches of one node, ascending by edge.
struct Branches(Vec<(GraphEdge, Target)>);

impl Branches {
    fn new(graph: &DecisionGraph, at: NodeIndex, targets: &[Option<Target>]) -> Branches {
        let branch = |to: NodeIndex| targets[to.index()];
        // Edges to tools and roots lead to no target; nodes that have such edges have no branches.
        let edges = graph.graph.edges(at).filter_map(|e| Some((*e.weight(), branch(e.target())?)));
        let mut branches: Vec<_> = edges.collect();
        branches.sort_unstable();
        Branches(branches)
    }

    fn take(&mut self, edge: GraphEdge) -> Target {
        let at = self.0.binary_search_by_key(&edge, |b| b.0).expect("the graph has every branch");
        self.0.remove(at).1
    }

    fn rest(self, key: fn(GraphEdge) -> Option<u32>) -> Vec<(u32, Target)> {
        self.0.into_iter().filter_map(|(edge, target)| Some((key(edge)?, target))).collect()
    }

    fn targets(self) -> Vec<Target> {
        self.0.into_iter().map(|b| b.1).collect()
    }
}

fn roots(graph: &DecisionGraph, tool: usize, targets: &[Option<Target>], bundle: &mut Bundle) {
    let def = &mut bundle.tools[tool];
    let Some(memo) = graph.memo[tool] else { return };
    let first = def.instances.start;
    let mut roots = Roots {
        grant: Target::FALSE,
        tier: Target::FALSE,
        deny: Target::FALSE,
        approvals: Vec::new(),
        marks: Vec::new(),
        constrains: Vec::new(),
        limits: Vec::new(),
    };
    for (root, start) in graph.roots(next(&bundle.tools[..tool])) {
        let target = targets[start.index()].expect("a root leads to a test or a leaf");
        match root {
            Root::Grant => roots.grant = target,
            Root::Tier => roots.tier = target,
            Root::Deny => roots.deny = target,
            Root::Approval(id) => roots.approvals.push((id, target)),
            Root::Mark(label) => roots.marks.push((label, target)),
            Root::Constrain(at) => roots.constrains.push((first + at, target)),
            Root::Limit(at) => roots.limits.push((first + at, target)),
        }
    }
    let def = &mut bundle.tools[tool];
    def.memo = memo;
    def.roots = Some(roots);
}
