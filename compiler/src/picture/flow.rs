//! A picture as plain nodes and edges, for the formats whose readers lay them out themselves.
//!
//! Mermaid and DOT differ in their spelling alone; what is drawn is settled here.

use super::words::{shorten, wrap};
use super::{Cluster, Exit, LineKind, Outcome, Picture, Row, Seen, Stage, Step, Table};

/// Columns of a node's lines.
const WIDTH: usize = 46;
/// Lines that one condition may take.
const LINES: usize = 3;
/// Columns of a cluster's title.
const TITLE: usize = 100;

pub struct Group {
    pub id: String,
    pub title: String,
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    /// Where it is entered, and where it is left if it is not the end.
    pub first: String,
    pub last: Option<String>,
}

pub struct Node {
    pub id: String,
    pub shape: Shape,
    pub lines: Vec<String>,
    /// Reported, never decisive.
    pub shadow: bool,
    pub seen: Seen,
    /// Stands beside the step that leads to it.
    pub beside: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Question(Stage),
    Effect(Outcome),
    /// The end of what is shared.
    Join,
}

pub struct Edge {
    pub from: String,
    pub to: String,
    pub label: String,
    pub kind: EdgeKind,
    pub seen: Seen,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum EdgeKind {
    Onward,
    Exit,
    /// From an effect that does not settle the outcome, on to the next question.
    Collected,
}

/// The clusters of a picture, in order.
pub fn groups(picture: &Picture) -> Vec<Group> {
    (0..).zip(&picture.clusters).map(|(at, cluster): (u32, _)| group(cluster, &format!("t{at}"))).collect()
}

fn group(cluster: &Cluster, id: &str) -> Group {
    let title = match &cluster.signature[..] {
        "" => cluster.title(),
        params => format!("{}({params})", cluster.title()),
    };
    let title =
        [shorten(&title, TITLE)].into_iter().chain(cluster.notes.iter().cloned()).collect::<Vec<_>>().join(" · ");
    let mut group = Group {
        id: id.to_owned(),
        title,
        nodes: Vec::new(),
        edges: Vec::new(),
        first: format!("{id}_s0"),
        last: cluster.shared.then(|| format!("{id}_end")),
    };
    for (at, step) in cluster.steps.iter().enumerate() {
        let here = format!("{id}_s{at}");
        let next = if at + 1 < cluster.steps.len() { format!("{id}_s{}", at + 1) } else { format!("{id}_end") };
        let next_seen = cluster.steps.get(at + 1).map_or(cluster.end, |step| step.seen);
        group.nodes.push(question(step, &here));
        for (n, (label, exit)) in exits(step).into_iter().enumerate() {
            group.leave(step, &here, &format!("{here}_x{n}"), (label, exit), (&next, next_seen));
        }
        if onward(step) {
            let (label, kind, seen) = (step.onward.to_owned(), EdgeKind::Onward, onward_seen(step, next_seen));
            group.edges.push(Edge { from: here, to: next, label, kind, seen });
        }
    }
    let shape = if cluster.shared { Shape::Join } else { Shape::Effect(Outcome::Allow) };
    let lines = wrap(cluster.end_words(), WIDTH, LINES);
    let id = format!("{id}_end");
    if group.nodes.is_empty() {
        group.first.clone_from(&id);
    }
    group.nodes.push(Node { id, shape, lines, shadow: false, seen: cluster.end, beside: None });
    group
}

/// Whether some answer leads past the step without an effect.
pub fn onward(step: &Step) -> bool {
    let all = step.exit.as_ref().is_some_and(|exit| exit.label == "always");
    // What only reports never holds anything up.
    step.shadow || !all
}

/// Whether the request went past the step, if it went to the next one at all.
pub fn onward_seen(step: &Step, next: Seen) -> Seen {
    match &step.exit {
        Some(exit) if exit.seen == Seen::Taken && !step.shadow => Seen::Passed,
        _ => next,
    }
}

impl Group {
    /// An exit with the edges to it and from it.
    fn leave(&mut self, step: &Step, from: &str, id: &str, exit: (String, Exit), next: (&str, Seen)) {
        let (label, exit) = exit;
        let lines = exit.effects.iter().flat_map(|effect| wrap(&effect.text, WIDTH, LINES)).collect();
        self.edges.push(Edge {
            from: from.to_owned(),
            to: id.to_owned(),
            label,
            kind: EdgeKind::Exit,
            seen: exit.seen,
        });
        if !exit.ends() && !step.shadow {
            let seen = if exit.seen == Seen::Taken { next.1 } else { exit.seen };
            let (from, to) = (id.to_owned(), next.0.to_owned());
            self.edges.push(Edge { from, to, label: String::new(), kind: EdgeKind::Collected, seen });
        }
        let shape = Shape::Effect(exit.outcome());
        let beside = Some(from.to_owned());
        self.nodes.push(Node { id: id.to_owned(), shape, lines, shadow: step.shadow, seen: exit.seen, beside });
    }
}

fn question(step: &Step, id: &str) -> Node {
    let mut lines = wrap(&format!("{} · {}", step.stage.word(), step.title), WIDTH, 2);
    for row in step.table.iter().flat_map(|table| &table.rows) {
        lines.extend(wrap(&row_text(row, step.table.as_ref()), WIDTH, LINES));
    }
    for line in &step.lines {
        let text = match line.kind {
            LineKind::Clause => {
                let mark = match line.seen {
                    Seen::Untold | Seen::Unreached => "• ",
                    Seen::Taken => "✓ ",
                    Seen::Passed => "✗ ",
                };
                format!("{mark}{}", line.text)
            }
            LineKind::Condition => line.text.clone(),
            LineKind::Value => format!("→ {}", line.text),
        };
        lines.extend(wrap(&text, WIDTH, LINES));
    }
    Node {
        id: id.to_owned(),
        shape: Shape::Question(step.stage),
        lines,
        shadow: step.shadow,
        seen: step.seen,
        beside: None,
    }
}

/// `high: allow in dev; on_call in staging, prod`
fn row_text(row: &Row, table: Option<&Table>) -> String {
    let columns = table.map(|table| &table.columns[..]).unwrap_or_default();
    let mut texts: Vec<(&str, Vec<&str>)> = Vec::new();
    for (cell, names) in row.cells.iter().zip(columns) {
        let names = names.iter().map(String::as_str);
        match texts.iter_mut().find(|(text, _)| *text == cell.text) {
            Some((_, found)) => found.extend(names),
            None => texts.push((&cell.text, names.collect())),
        }
    }
    let texts: Vec<String> = texts.iter().map(|(text, envs)| format!("{text} in {}", envs.join(", "))).collect();
    format!("{}: {}", row.tier, texts.join("; "))
}

/// The exits of a step with what leads there; those of the matrix are its outcomes.
fn exits(step: &Step) -> Vec<(String, Exit)> {
    match &step.table {
        Some(table) => outcomes(table),
        None => step.exit.iter().map(|exit| (exit.label.to_owned(), exit.clone())).collect(),
    }
}

/// Each outcome but *allow*, with the tiers and environments that have it.
fn outcomes(table: &Table) -> Vec<(String, Exit)> {
    let mut found: Vec<(Vec<String>, Exit)> = Vec::new();
    for row in &table.rows {
        for cell in row.cells.iter().filter(|cell| cell.outcome != Outcome::Allow) {
            let text =
                if cell.outcome == Outcome::Require { format!("require {}", cell.text) } else { cell.text.clone() };
            let same = found.iter().position(|(_, exit)| exit.effects[0].text == text);
            let effects = vec![super::Effect { outcome: cell.outcome, text }];
            let at = same.unwrap_or_else(|| {
                found.push((Vec::new(), Exit { label: "", effects, seen: cell.seen }));
                found.len() - 1
            });
            let (places, exit) = &mut found[at];
            if cell.seen == Seen::Taken {
                exit.seen = Seen::Taken;
            }
            let envs =
                |(names, other): (&Vec<String>, &super::Cell)| (other.text == cell.text).then(|| names.join(", "));
            let envs: Vec<String> = table.columns.iter().zip(&row.cells).filter_map(envs).collect();
            let place = format!("{} in {}", row.tier, envs.join(", "));
            if !places.contains(&place) {
                places.push(place);
            }
        }
    }
    found.into_iter().map(|(places, exit)| (places.join("\n"), exit)).collect()
}

/// The legend: each outcome with what it means.
pub fn legend() -> Vec<Node> {
    let node = |outcome: Outcome| Node {
        id: format!("legend_{}", outcome.word()),
        shape: Shape::Effect(outcome),
        lines: vec![format!("{}: {}", outcome.word(), outcome.meaning())],
        shadow: false,
        seen: Seen::Untold,
        beside: None,
    };
    Outcome::ALL.into_iter().map(node).collect()
}
