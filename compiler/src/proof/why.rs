//! Why one request is decided as it is: the questions of its decision, the tests on the way, and what each saw.
//!
//! The decision is the runtime's; the tests are those of the decision graph, in its order. Nothing here decides.

use claw_runtime::bundle::{ApprovalId, Expr, ExprId, InstanceEffect, RuleEffect, ToolId};
use claw_runtime::{Decision, Json, Probe, Tri};
use petgraph::graph::NodeIndex;
use serde::Serialize;

use super::case::Past;
use super::near::{self, Near, Wanted};
use super::side::Side;
use super::words::{Words, shown};
use crate::graph::{self, Answer, Budget, DecisionGraph, GraphNode, Root};

/// The explanation of one decision.
#[derive(Debug)]
pub struct Why {
    pub decision: Decision,
    /// Empty where the request was not understood.
    pub questions: Vec<Question>,
    pub near: Near,
}

/// A question that the decision asked, with the tests that answered it.
#[derive(Clone, Debug, Serialize)]
pub struct Question {
    #[serde(flatten)]
    pub about: About,
    /// In the order of the graph.
    pub steps: Vec<Step>,
    pub answer: String,
    /// Whether it made a difference: a grant that holds, a rule that denies.
    pub applies: bool,
}

/// What a question is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "question", content = "of", rename_all = "snake_case")]
pub enum About {
    Grant,
    Tier,
    /// The cell of the matrix, by tier and environment.
    Matrix,
    Deny,
    Approval(String),
    Mark(String),
    Constraint(String),
    Limit(String),
}

/// A test on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    pub test: String,
    /// `true`, `false` or `unknown`; for a branch, what was found.
    pub answer: String,
    /// What it read.
    pub seen: Vec<Seen>,
}

/// A part of the request, with its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Seen {
    pub what: String,
    /// `None`: it is not given, or not known.
    pub value: Option<String>,
}

/// Explains the decision about a request.
pub fn why(side: &Side, past: &Past, request: &Json, wanted: Wanted) -> Why {
    let decision = past.decide(side, request);
    let Some(probe) = past.probe(side, request) else {
        return Why { decision, questions: Vec::new(), near: Near::not_understood() };
    };
    let graph = graph::build(&side.lowered, Budget::default());
    let path = Path::new(side, past, &probe, request, &graph, &decision);
    let questions = path.questions();
    let near = near::near(side, past, request, &decision, wanted);
    Why { decision, questions, near }
}

/// One request on its way through the graph.
struct Path<'p> {
    side: &'p Side,
    past: &'p Past,
    probe: &'p Probe<'p>,
    request: &'p Json,
    graph: &'p DecisionGraph,
    decision: &'p Decision,
    tool: ToolId,
    /// The index of the call's tier.
    tier: Option<u32>,
    words: Words<'p>,
}

impl<'p> Path<'p> {
    fn new(
        side: &'p Side,
        past: &'p Past,
        probe: &'p Probe<'p>,
        request: &'p Json,
        graph: &'p DecisionGraph,
        decision: &'p Decision,
    ) -> Path<'p> {
        let tool = probe.tool();
        let words = Words::new(&side.lowered, tool.0);
        let mut path = Path { side, past, probe, request, graph, decision, tool, tier: None, words };
        // A call that nothing grants has its tier, too: rules may ask for it.
        if let Some((_, start)) = graph.roots(tool.0).into_iter().find(|(root, _)| *root == Root::Tier) {
            let (leaf, _) = graph.walk(start, &mut |probe| path.answer(probe));
            path.tier = leaf.and_then(|leaf| leaf.checked_sub(1));
        }
        path
    }

    fn questions(&self) -> Vec<Question> {
        let mut roots = self.graph.roots(self.tool.0);
        roots.sort_by_key(|(root, _)| order(*root));
        let mut questions = Vec::new();
        for (root, start) in roots {
            if matches!(root, Root::Tier) && self.side.lowered.tables.tiers.is_empty() {
                continue;
            }
            questions.push(self.question(root, start));
            if matches!(root, Root::Tier) {
                questions.extend(self.cell());
            }
        }
        if questions.is_empty() {
            questions = self.clauses();
        }
        questions
    }

    fn question(&self, root: Root, start: NodeIndex) -> Question {
        let mut steps = Vec::new();
        let mut answers = Vec::new();
        let (leaf, path) = self.graph.walk(start, &mut |probe| {
            let answer = self.answer(probe);
            answers.push(answer);
            answer
        });
        for (node, answer) in path.iter().zip(&answers) {
            steps.extend(self.step(*node, *answer));
        }
        let leaf = leaf.unwrap_or(0);
        let (about, answer) = self.about(root, leaf);
        Question { about, steps, answer, applies: leaf > 0 }
    }

    fn answer(&self, probe: graph::Probe<'_>) -> Answer {
        match probe {
            graph::Probe::Env => Answer::Value(self.probe.env()),
            graph::Probe::Tier => self.tier.map_or(Answer::Unknown, Answer::Value),
            graph::Probe::Test(atom) => match self.truth(self.side.lowered.tables.atoms[atom.index()].expr) {
                Tri::True => Answer::Value(1),
                Tri::False => Answer::Value(0),
                Tri::Unknown => Answer::Unknown,
            },
            graph::Probe::Switch(table) => match self.probe.value(table.subject, &[]) {
                None => Answer::Unknown,
                Some(value) => table.class(&value).map_or(Answer::Otherwise, Answer::Value),
            },
        }
    }

    fn truth(&self, expr: ExprId) -> Tri {
        self.past.truths(self.probe, &[expr], false)[0]
    }

    fn step(&self, node: NodeIndex, answer: Answer) -> Option<Step> {
        let tables = &self.side.lowered.tables;
        Some(match &self.graph.graph[node] {
            GraphNode::Env => {
                let env = &tables.environments[self.probe.env() as usize];
                Step { test: "environment".to_owned(), answer: env.clone(), seen: Vec::new() }
            }
            GraphNode::Tier => {
                let tier = self.tier.map_or_else(|| "none".to_owned(), |tier| tables.tiers[tier as usize].clone());
                Step { test: "tier".to_owned(), answer: tier, seen: Vec::new() }
            }
            GraphNode::Test { atom, .. } => {
                let expr = tables.atoms[atom.index()].expr;
                let answer = match answer {
                    Answer::Value(1) => Tri::True,
                    Answer::Unknown => Tri::Unknown,
                    _ => Tri::False,
                };
                self.test(expr, answer)
            }
            GraphNode::Switch(index) => {
                let table = &self.graph.switches[*index as usize];
                let value = self.probe.value(table.subject, &[]);
                let listed = value.as_ref().is_some_and(|value| table.class(value).is_some());
                let known = match (&value, listed) {
                    (None, _) => "unknown".to_owned(),
                    (Some(value), true) => shown(value),
                    (Some(_), false) => "none of those the policy names".to_owned(),
                };
                Step { test: self.words.text(table.subject), answer: known, seen: self.seen(table.subject) }
            }
            _ => return None,
        })
    }

    fn test(&self, expr: ExprId, answer: Tri) -> Step {
        let answer = match answer {
            Tri::True => "true",
            Tri::False => "false",
            Tri::Unknown => "unknown",
        };
        Step { test: self.words.text(expr), answer: answer.to_owned(), seen: self.seen(expr) }
    }

    /// The parts of the request that an expression reads.
    fn seen(&self, expr: ExprId) -> Vec<Seen> {
        let mut seen = Vec::new();
        let mut todo = vec![expr];
        while let Some(expr) = todo.pop() {
            if super::space::is_part(self.side, expr) {
                let value = self.probe.value(expr, &[]).as_ref().map(shown);
                seen.push(Seen { what: self.words.text(expr), value });
            } else {
                let sent = match self.side.expr(expr) {
                    Expr::AgentHasRole(_) => Some(("agent.roles", "/agent/roles")),
                    Expr::UserHasRole(_) => Some(("user.roles", "/user/roles")),
                    // A store may know of more.
                    Expr::HasLabel(_) => Some(("labels as sent", "/labels")),
                    _ => None,
                };
                let sent = sent.map(|(what, at)| (what, self.request.pointer(at).map(Json::to_string)));
                seen.extend(sent.map(|(what, value)| Seen { what: what.to_owned(), value }));
                todo.extend(self.side.operands(expr));
            }
        }
        seen.sort_unstable();
        seen.dedup();
        seen
    }

    fn about(&self, root: Root, leaf: u32) -> (About, String) {
        let tables = &self.side.lowered.tables;
        let first = tables.tools[self.tool.index()].instances.start;
        let instance = |at: u32| &tables.instances[(first + at) as usize];
        let say = |yes: &str, no: &str| if leaf > 0 { yes.to_owned() } else { no.to_owned() };
        match root {
            Root::Grant => (About::Grant, say("granted", "no grant holds")),
            Root::Tier => {
                let tier = leaf.checked_sub(1).and_then(|tier| tables.tiers.get(tier as usize));
                (About::Tier, tier.cloned().unwrap_or_else(|| "no arm of classify applies".to_owned()))
            }
            Root::Deny => (About::Deny, say("a rule denies it", "no rule denies it")),
            Root::Approval(id) => {
                (About::Approval(self.approval(id)), say("a rule requires it", "no rule requires it"))
            }
            Root::Mark(label) => {
                (About::Mark(tables.labels[label as usize].clone()), say("a rule marks it", "no rule marks it"))
            }
            Root::Constrain(at) => {
                let name = match &instance(at).effect {
                    InstanceEffect::Rule { effects, .. } => effects.iter().find_map(|effect| match effect {
                        RuleEffect::Constrain { constraint, .. } => {
                            Some(tables.constraints[*constraint as usize].name.clone())
                        }
                        _ => None,
                    }),
                    _ => None,
                };
                (About::Constraint(name.unwrap_or_default()), say("it is constrained", "no rule constrains it"))
            }
            Root::Limit(at) => {
                let clause = tables.clauses[instance(at).clause.index()].id.clone();
                let exceeded = self.decision.applied.iter().any(|entry| *entry.clause == *clause.as_str());
                let yes = if exceeded { "it counts, and there is no room" } else { "it counts, and there is room" };
                (About::Limit(clause), say(yes, "it does not count"))
            }
        }
    }

    fn approval(&self, id: ApprovalId) -> String {
        self.side.lowered.tables.approvals[id.index()].short.clone()
    }

    /// The matrix, where the call has a tier.
    fn cell(&self) -> Option<Question> {
        let tables = &self.side.lowered.tables;
        let at = self.tier? as usize * tables.environments.len() + self.probe.env() as usize;
        let cell = tables.matrix.get(at)?;
        let approvals: Vec<String> = cell.approvals.iter().map(|id| self.approval(*id)).collect();
        let answer = match (cell.deny, approvals.is_empty()) {
            (true, _) => "deny".to_owned(),
            (false, true) => "allow".to_owned(),
            (false, false) => approvals.join(" + "),
        };
        Some(Question { about: About::Matrix, steps: Vec::new(), applies: answer != "allow", answer })
    }

    /// For a tool without a graph: clause by clause.
    fn clauses(&self) -> Vec<Question> {
        let lowered = &self.side.lowered;
        let instances = lowered.instances(self.tool.index());
        let mut questions = Vec::new();
        for instance in instances {
            let mut steps = Vec::new();
            let applies = graph::holds(lowered, instance.cond, self.probe.env(), self.tier.unwrap_or(0), &mut |atom| {
                let expr = lowered.tables.atoms[atom.index()].expr;
                let answer = self.truth(expr);
                steps.push(self.test(expr, answer));
                answer
            });
            let clause = &lowered.tables.clauses[instance.clause.index()];
            let about = match &instance.effect {
                InstanceEffect::Grant => About::Grant,
                InstanceEffect::Classify { .. } => About::Tier,
                InstanceEffect::Rule { .. } => About::Deny,
                InstanceEffect::Limit { .. } => About::Limit(clause.id.clone()),
            };
            let answer = format!("{} {}", clause.id, if applies { "applies" } else { "does not apply" });
            questions.push(Question { about, steps, answer, applies });
        }
        questions
    }
}

/// The order in which people read.
fn order(root: Root) -> u8 {
    match root {
        Root::Grant => 0,
        Root::Tier => 1,
        Root::Deny => 2,
        Root::Approval(_) => 3,
        Root::Limit(_) => 4,
        Root::Constrain(_) => 5,
        Root::Mark(_) => 6,
    }
}
