//! Writes a picture as a graph for Graphviz.

use std::fmt::Write;

use super::flow::{Edge, EdgeKind, Group, Node, Shape, groups, legend};
use super::words::visible;
use super::{Outcome, Picture, Seen, View};

pub fn write(picture: &Picture) -> String {
    let mut out = String::new();
    let groups = groups(picture);
    // Many tools make rows, one makes a column.
    let direction = if picture.view == View::Policy { "LR" } else { "TB" };
    let title = match &picture.verdict {
        Some(v) => {
            let head = format!("{}: {} ({})", picture.title(), v.outcome.word(), v.reason);
            [head].iter().chain(&v.notes).map(|line| escape(line)).collect::<Vec<_>>().join("\\n")
        }
        None => escape(&picture.title()),
    };
    let _ = writeln!(out, "digraph claw {{");
    let _ = writeln!(
        out,
        "  graph [rankdir={direction}, label=\"{title}\", labelloc=t, fontname=\"Helvetica\", fontsize=18, nodesep=0.3, ranksep=0.5]"
    );
    let _ = writeln!(
        out,
        "  node [fontname=\"Helvetica\", fontsize=11, style=filled, fillcolor=\"#f8fafc\", color=\"#64748b\", margin=\"0.15,0.08\"]"
    );
    let _ = writeln!(out, "  edge [fontname=\"Helvetica\", fontsize=10, color=\"#64748b\"]");
    let _ = writeln!(out, "  call [label=\"a call\", shape=circle]");
    for group in &groups {
        cluster(&mut out, group);
    }
    let mut from = "call";
    for group in &groups {
        let _ = writeln!(out, "  {from} -> {}", group.first);
        from = group.last.as_deref().unwrap_or(from);
    }
    let _ =
        writeln!(out, "  subgraph cluster_legend {{\n    label=\"legend\"\n    style=rounded\n    color=\"#cbd5e1\"");
    legend().iter().for_each(|entry| node(&mut out, entry));
    let _ = writeln!(out, "  }}\n}}");
    out
}

fn cluster(out: &mut String, group: &Group) {
    let _ = writeln!(out, "  subgraph cluster_{} {{", group.id);
    let _ = writeln!(
        out,
        "    label=\"{}\"\n    labeljust=l\n    style=rounded\n    color=\"#94a3b8\"",
        escape(&group.title)
    );
    group.nodes.iter().for_each(|n| node(out, n));
    for (id, beside) in group.nodes.iter().filter_map(|n| Some((&n.id, n.beside.as_ref()?))) {
        let _ = writeln!(out, "    {{ rank=same; {beside}; {id} }}");
    }
    group.edges.iter().for_each(|e| edge(out, e));
    let _ = writeln!(out, "  }}");
}

fn node(out: &mut String, node: &Node) {
    let (shape, colors) = match node.shape {
        Shape::Question(_) => ("box", None),
        Shape::Join => ("box", None),
        Shape::Effect(outcome) => {
            let shape = match outcome {
                Outcome::Allow => "ellipse",
                Outcome::Require => "hexagon",
                Outcome::Deny => "octagon",
                Outcome::Constrain => "note",
                Outcome::Mark => "cds",
            };
            (shape, Some(outcome.colors()))
        }
    };
    let end = if matches!(node.shape, Shape::Question(_)) { "\\l" } else { "\\n" };
    let label: String = node.lines.iter().map(|line| escape(line) + end).collect();
    let mut more = String::new();
    if let Some((fill, stroke)) = colors {
        let _ = write!(more, ", fillcolor=\"{fill}\", color=\"{stroke}\"");
    }
    if node.shape == Shape::Join {
        more += ", style=\"filled,rounded\"";
    }
    if node.shadow {
        more += ", style=\"filled,dashed\"";
    }
    match node.seen {
        Seen::Taken => more += ", penwidth=3",
        Seen::Passed | Seen::Unreached => more += ", fontcolor=\"#94a3b8\"",
        Seen::Untold => {}
    }
    let _ = writeln!(out, "    {} [label=\"{label}\", shape={shape}{more}]", node.id);
}

fn edge(out: &mut String, edge: &Edge) {
    let mut more = String::new();
    if edge.kind == EdgeKind::Collected {
        more += ", style=dotted";
    }
    match edge.seen {
        Seen::Taken => more += ", penwidth=3, color=\"#1d4ed8\"",
        Seen::Passed | Seen::Unreached => more += ", color=\"#cbd5e1\"",
        Seen::Untold => {}
    }
    let label = edge.label.lines().map(escape).collect::<Vec<_>>().join("\\n");
    let _ = writeln!(out, "    {} -> {} [label=\"{label}\"{more}]", edge.from, edge.to);
}

/// A text between double quotes, in which Graphviz finds no escape of its own.
pub fn escape(text: &str) -> String {
    visible(text).replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;")
}
