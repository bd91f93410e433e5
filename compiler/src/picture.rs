//! Drawings of how a policy decides: of all of it, of one tool, or of the way one request went.
//!
//! A picture shows what people ask about: is the call granted, which tier is it in, what does the matrix say, which
//! rules and limits follow, and what comes out. It is made from the clauses as they were lowered, tool by tool, in the
//! author's own words; the tests that the compiled graph really asks, in its own order, are beside it in the JSON form.
//! Four writers turn a picture into text. None of them measures a font, reads a file or runs a program, so the same
//! policy gives the same bytes everywhere.

mod build;
mod dot;
mod flow;
mod mermaid;
mod path;
mod raw;
mod reads;
mod svg;
mod words;

use claw_runtime::bundle::Kind;
use claw_runtime::{Decision, Json};
use serde::Serialize;

use crate::checked::Checked;
use crate::graph::{self, Budget, DecisionGraph};
use crate::hir::{Package, ToolId, ToolKind};
use crate::lower::{Lowered, lower};
use crate::source::Sources;

pub use raw::{RawEdge, RawGraph, RawNode};
use reads::Read;

/// A policy, ready to be drawn.
#[derive(Debug)]
pub struct Drawer<'a> {
    package: &'a Package,
    sources: &'a Sources,
    lowered: Lowered,
    graph: DecisionGraph,
}

/// A drawing, before it is text. Pictures of the same policy are equal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Picture {
    pub package: String,
    pub view: View,
    /// What became of the request, where one is drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    pub clusters: Vec<Cluster>,
    /// The part of the compiled graph that these clusters are about.
    pub graph: RawGraph,
}

/// What a picture is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    Policy,
    /// One tool, by its declared name.
    Tool(String),
    /// One request for this tool.
    Path(String),
}

/// The decision on the request that is drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub outcome: Outcome,
    /// The reason's code.
    pub reason: String,
    /// What is to be said about it: what no clause says, the approvals outstanding, who asked where.
    pub notes: Vec<String>,
}

/// Tools with the same clauses; or, with `shared`, what holds for every tool alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cluster {
    pub tools: Vec<String>,
    /// Drawn once, ahead of the tools' own clusters.
    pub shared: bool,
    /// The tool's parameters, where there is just one tool.
    pub signature: String,
    pub notes: Vec<String>,
    /// In the order in which they are drawn. The order means nothing: the strictest that applies wins.
    pub steps: Vec<Step>,
    /// Whether the way leads to the end.
    pub end: Seen,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    pub stage: Stage,
    pub title: String,
    /// The clause that it is, qualified; grants and tiers have theirs at the lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    /// The clause's documentation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub doc: String,
    pub lines: Vec<Line>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<Table>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    /// What stands at the way to the next step.
    pub onward: &'static str,
    /// A hint or a candidate: reported, never decisive.
    pub shadow: bool,
    pub seen: Seen,
    #[serde(skip)]
    reads: Vec<Read>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Grant,
    Tier,
    Matrix,
    Rule,
    Limit,
}

impl Stage {
    fn word(self) -> &'static str {
        match self {
            Stage::Grant => "grant",
            Stage::Tier => "tier",
            Stage::Matrix => "matrix",
            Stage::Rule => "rule",
            Stage::Limit => "limit",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    pub kind: LineKind,
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clause: Option<String>,
    pub seen: Seen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// A clause among several.
    Clause,
    Condition,
    /// A value of the request that is drawn.
    Value,
}

/// What the matrix says of the tiers that a tool can be in. Environments that never differ share a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Table {
    pub columns: Vec<Vec<String>>,
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    pub tier: String,
    pub cells: Vec<Cell>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cell {
    pub outcome: Outcome,
    /// `allow`, `deny`, or the names of the approvals.
    pub text: String,
    pub seen: Seen,
}

/// Where a step leads if its clause applies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exit {
    pub label: &'static str,
    /// Not empty.
    pub effects: Vec<Effect>,
    pub seen: Seen,
}

impl Exit {
    /// The strictest of its effects gives it its shape.
    fn outcome(&self) -> Outcome {
        self.effects.iter().map(|e| e.outcome).max().unwrap_or(Outcome::Allow)
    }

    /// Nothing that follows can change the outcome.
    fn ends(&self) -> bool {
        self.outcome() == Outcome::Deny
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effect {
    pub outcome: Outcome,
    pub text: String,
}

/// What a clause brings about; each kind has a colour and a shape of its own. The order is strictness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Allow,
    Mark,
    Constrain,
    Require,
    Deny,
}

impl Outcome {
    const ALL: [Outcome; 5] = [Outcome::Allow, Outcome::Require, Outcome::Deny, Outcome::Constrain, Outcome::Mark];

    fn word(self) -> &'static str {
        match self {
            Outcome::Allow => "allow",
            Outcome::Mark => "mark",
            Outcome::Constrain => "constrain",
            Outcome::Require => "require",
            Outcome::Deny => "deny",
        }
    }

    /// What the legend says of it.
    fn meaning(self) -> &'static str {
        match self {
            Outcome::Allow => "allowed, if nothing stricter applied",
            Outcome::Require => "not before these approvals are given",
            Outcome::Deny => "refused, whatever else applies",
            Outcome::Constrain => "allowed only in this way",
            Outcome::Mark => "the session carries this label from now on",
        }
    }

    /// Fill and stroke.
    fn colors(self) -> (&'static str, &'static str) {
        match self {
            Outcome::Allow => ("#dcfce7", "#15803d"),
            Outcome::Mark => ("#ede9fe", "#6d28d9"),
            Outcome::Constrain => ("#e0f2fe", "#0369a1"),
            Outcome::Require => ("#fef3c7", "#b45309"),
            Outcome::Deny => ("#fee2e2", "#b91c1c"),
        }
    }
}

/// Whether the request that is drawn came by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// No request is drawn.
    #[default]
    Untold,
    Taken,
    /// Asked, and answered no.
    Passed,
    Unreached,
}

impl Seen {
    fn taken(yes: bool) -> Seen {
        if yes { Seen::Taken } else { Seen::Passed }
    }

    /// Drawn as what did not matter.
    fn faint(self) -> bool {
        matches!(self, Seen::Passed | Seen::Unreached)
    }
}

impl<'a> Drawer<'a> {
    /// Compiles a policy for drawing.
    pub fn new(checked: &'a Checked, sources: &'a Sources) -> Drawer<'a> {
        let lowered = lower(checked);
        let graph = graph::build(&lowered, Budget::default());
        Drawer { package: checked.package(), sources, lowered, graph }
    }

    /// The whole policy: what holds for every call once, and then the tools, those with the same clauses together.
    pub fn policy(&self) -> Picture {
        let tools: Vec<ToolId> = (0..).map(ToolId).take(self.package.tools.len()).collect();
        self.picture(View::Policy, &tools, build::clusters(self))
    }

    /// One tool with all that can apply to it, by its declared name.
    pub fn tool(&self, name: &str) -> Option<Picture> {
        let at = self.package.tools.iter().position(|tool| tool.decl.name == name)?;
        Some(self.one(View::Tool(name.to_owned()), ToolId(u32::try_from(at).ok()?)))
    }

    /// The way of one request, in its wire form, to the decision that was made on it. `None` if it is for a tool that
    /// the policy does not have.
    pub fn path(&self, request: &Json, decision: &Decision) -> Option<Picture> {
        let tool = self.called(request)?;
        let name = self.package.tools[tool.index()].decl.name.clone();
        let mut picture = self.one(View::Path(name), tool);
        path::trace(&mut picture, request, decision);
        Some(picture)
    }

    fn one(&self, view: View, tool: ToolId) -> Picture {
        self.picture(view, &[tool], vec![build::cluster(self, tool)])
    }

    fn picture(&self, view: View, tools: &[ToolId], clusters: Vec<Cluster>) -> Picture {
        let graph = raw::raw(self, tools);
        Picture { package: self.package.name.clone(), view, verdict: None, clusters, graph }
    }

    /// The tool that a request names.
    fn called(&self, request: &Json) -> Option<ToolId> {
        let text = |of: &Json, key| of.get(key).and_then(Json::as_str).map(str::to_owned);
        let tool = request.get("tool")?;
        // A plain string, or an object with the server beside the name.
        let (wire, server) = match tool.as_str() {
            Some(name) => (name.to_owned(), None),
            None => (text(tool, "name")?, text(tool, "server")),
        };
        let kind = match request.get("kind").and_then(Json::as_str) {
            Some("resource") => ToolKind::Resource,
            Some("prompt") => ToolKind::Prompt,
            _ => ToolKind::Tool,
        };
        let mut named = (0..).zip(&self.package.tools).filter(|(_, tool)| tool.wire == wire && tool.kind == kind);
        let exact = named.clone().find(|(_, tool)| tool.server == server);
        exact.or_else(|| named.next()).map(|(at, _)| ToolId(at))
    }

    fn tool_kind(&self, tool: ToolId) -> Kind {
        self.lowered.tables.tools[tool.index()].kind
    }
}

impl Picture {
    /// A Mermaid flowchart.
    pub fn to_mermaid(&self) -> String {
        mermaid::write(self)
    }

    /// A graph for Graphviz.
    pub fn to_dot(&self) -> String {
        dot::write(self)
    }

    /// A complete SVG document.
    pub fn to_svg(&self) -> String {
        svg::write(self)
    }

    /// All of it as data, indented.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a picture has no map with keys that are not strings")
    }

    /// The heading of the drawing.
    fn title(&self) -> String {
        match &self.view {
            View::Policy => format!("How {} decides", self.package),
            View::Tool(tool) => format!("How {} decides on {tool}", self.package),
            View::Path(tool) => format!("How {} decided on a call of {tool}", self.package),
        }
    }
}

impl Cluster {
    /// What is called: `send_email`, or several tools.
    fn title(&self) -> String {
        if self.shared { "every call".to_owned() } else { self.tools.join(", ") }
    }

    /// What stands at the end of the way.
    fn end_words(&self) -> &'static str {
        let requires = |step: &Step| {
            let exit = step.exit.as_ref().is_some_and(|exit| !step.shadow && exit.outcome() == Outcome::Require);
            let cell = |cell: &Cell| cell.outcome == Outcome::Require;
            exit || step.table.as_ref().is_some_and(|t| t.rows.iter().flat_map(|row| &row.cells).any(cell))
        };
        match self.shared {
            true => "then what holds for the tool",
            false if self.steps.iter().any(requires) => "allow, with the approvals collected",
            false => "allow",
        }
    }
}
