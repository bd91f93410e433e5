//! Writes a picture as a Mermaid flowchart.
//!
//! Every text is quoted, and what Mermaid or the page around it would read as markup is written by number.

use std::fmt::Write;

use super::flow::{Edge, EdgeKind, Group, Node, Shape, groups, legend};
use super::words::visible;
use super::{Outcome, Picture, Seen, View};

pub fn write(picture: &Picture) -> String {
    let mut out = String::new();
    let groups = groups(picture);
    let _ = writeln!(out, "---\ntitle: {}\n---", yaml(&picture.title()));
    let direction = if picture.view == View::Policy { "LR" } else { "TB" };
    let _ = writeln!(out, "flowchart {direction}");
    if let Some(verdict) = &picture.verdict {
        let lines = [vec![format!("{}: {}", verdict.outcome.word(), verdict.reason)], verdict.notes.clone()].concat();
        let _ =
            writeln!(out, "  verdict{}:::{}", shape(Shape::Effect(verdict.outcome), &lines), verdict.outcome.word());
    }
    let _ = writeln!(out, "  start([\"a call\"])");
    for group in &groups {
        cluster(&mut out, group);
    }
    dispatch(&mut out, &groups);
    let _ = writeln!(out, "  subgraph legend[\"legend\"]");
    for entry in legend() {
        node(&mut out, &entry);
    }
    let _ = writeln!(out, "  end");
    styles(&mut out);
    out
}

/// From the call to what is shared, and from there to the tools.
fn dispatch(out: &mut String, groups: &[Group]) {
    let mut from = "start".to_owned();
    for group in groups {
        let _ = writeln!(out, "  {from} --> {}", group.first);
        if let Some(last) = &group.last {
            from.clone_from(last);
        }
    }
}

fn cluster(out: &mut String, group: &Group) {
    let _ = writeln!(out, "  subgraph {}[\"{}\"]", group.id, escape(&group.title));
    group.nodes.iter().for_each(|n| node(out, n));
    group.edges.iter().for_each(|e| edge(out, e));
    let _ = writeln!(out, "  end");
}

fn node(out: &mut String, node: &Node) {
    let class = match node.shape {
        Shape::Effect(outcome) => outcome.word(),
        Shape::Question(_) | Shape::Join => "question",
    };
    let _ = writeln!(out, "    {}{}:::{class}", node.id, shape(node.shape, &node.lines));
    if node.shadow {
        let _ = writeln!(out, "    class {} shadow", node.id);
    }
    match node.seen {
        Seen::Taken => drop(writeln!(out, "    class {} taken", node.id)),
        Seen::Passed | Seen::Unreached => drop(writeln!(out, "    class {} faint", node.id)),
        Seen::Untold => {}
    }
}

fn shape(shape: Shape, lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| escape(line)).collect();
    let (open, close) = match shape {
        Shape::Question(_) => ("[", "]"),
        Shape::Join => ("(", ")"),
        Shape::Effect(Outcome::Allow) => ("([", "])"),
        Shape::Effect(Outcome::Require) => ("{{", "}}"),
        Shape::Effect(Outcome::Deny) => ("[\\", "/]"),
        Shape::Effect(Outcome::Constrain) => ("[[", "]]"),
        Shape::Effect(Outcome::Mark) => (">", "]"),
    };
    format!("{open}\"{}\"{close}", lines.join("<br/>"))
}

fn edge(out: &mut String, edge: &Edge) {
    let line = match (edge.kind, edge.seen) {
        (EdgeKind::Collected, _) => "-.->",
        (_, Seen::Taken) => "==>",
        _ => "-->",
    };
    let label = edge.label.lines().map(escape).collect::<Vec<_>>().join("<br/>");
    let label = if label.is_empty() { label } else { format!("|\"{label}\"|") };
    let _ = writeln!(out, "    {} {line}{label} {}", edge.from, edge.to);
}

fn styles(out: &mut String) {
    let _ = writeln!(out, "  classDef question fill:#f8fafc,stroke:#64748b,color:#0f172a,text-align:left");
    for outcome in Outcome::ALL {
        let (fill, stroke) = outcome.colors();
        let _ = writeln!(out, "  classDef {} fill:{fill},stroke:{stroke},color:#0f172a", outcome.word());
    }
    let _ = writeln!(out, "  classDef shadow stroke-dasharray:4 3");
    let _ = writeln!(out, "  classDef taken stroke-width:3px");
    let _ = writeln!(out, "  classDef faint opacity:0.45");
}

/// A text between double quotes.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | '*' | '_' | '~' | ';' | '%' | '[' | ']' | '{' | '}' | '|' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// A text in the front matter.
fn yaml(text: &str) -> String {
    serde_json::to_string(&visible(text)).expect("a string is JSON")
}
