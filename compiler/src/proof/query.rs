//! Who can do what where: for each tool, role and environment the least strict outcome that some call gets.
//!
//! A cell is about calls by an agent that holds this one role (and what it includes) and that no other agent delegated
//! to; the acting user may be anyone. "Nobody" is a proof; what somebody can do was decided by the runtime for an
//! example.

use claw_runtime::bundle::ToolId;
use claw_runtime::{Applied, Decision, Json, Outcome};
use serde::Serialize;

use super::answers::Answers;
use super::engine::{Call, Found};
use super::formula::{ChoiceId, F, Node, TestId};
use super::near::as_json;
use super::prover::ToolProver;
use super::side::Side;
use super::space::{Space, TestKind, Why};
use super::theory::Req;
use super::witness::{Witness, witness};
use super::words::Words;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Tools by id.
    pub tools: Vec<ToolId>,
    /// Indices of roles and environments.
    pub roles: Vec<usize>,
    pub environments: Vec<usize>,
}

/// The answer.
#[derive(Clone, Debug, Serialize)]
pub struct Table {
    pub environments: Vec<String>,
    /// One for each tool and role.
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub tool: String,
    pub role: String,
    /// By environment.
    pub cells: Vec<Cell>,
}

/// What calls of one tool by one role in one environment can get at best.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    pub environment: String,
    pub reach: Reach,
    /// Whether every such call gets it.
    pub always: bool,
    /// The approvals that are needed at least.
    pub approvals: Vec<String>,
    /// How it is reached, if it is; where it can't be told whether calls are allowed, how an approval is.
    pub how: Option<How>,
    /// Why it can't be told.
    pub because: Vec<&'static str>,
}

/// The least strict outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    Allow,
    Approval,
    Deny,
    Unknown,
}

/// One way to the least strict outcome.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct How {
    pub grants: Vec<Place>,
    /// What has to be so, in the policy's words; all of them.
    pub conditions: Vec<String>,
    /// A call that gets it.
    #[serde(serialize_with = "as_json")]
    pub example: Json,
}

/// A clause and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    pub clause: String,
    pub file: String,
    pub line: u32,
    pub column: u32,
}

/// Answers a question.
pub fn query(side: &Side, question: &Question) -> Table {
    let tables = &side.lowered.tables;
    let mut rows = Vec::new();
    for tool in &question.tools {
        let mut prover = ToolProver::new(side, *tool);
        for role in &question.roles {
            let cells = question.environments.iter().map(|env| {
                let asked = Asked { side, tool: *tool, role: *role, env: *env };
                asked.cell(&mut prover)
            });
            rows.push(Row {
                tool: tables.tools[tool.index()].name.clone(),
                role: tables.roles[*role].name.clone(),
                cells: cells.collect(),
            });
        }
    }
    let environments = question.environments.iter().map(|env| tables.environments[*env].clone()).collect();
    Table { environments, rows }
}

/// The calls that a cell is about.
struct Asked<'s> {
    side: &'s Side,
    tool: ToolId,
    role: usize,
    env: usize,
}

/// What is enough for an outcome.
#[derive(Default)]
struct Needed {
    reqs: Vec<Req>,
    choices: Vec<(ChoiceId, bool)>,
}

fn tidy(mut because: Vec<&'static str>) -> Vec<&'static str> {
    because.sort_unstable();
    because.dedup();
    because
}

fn is_history(kind: &TestKind) -> bool {
    matches!(kind, TestKind::Free { why: Why::History, .. })
}

/// Whether queries of history are open, or supposed to be true.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Past {
    Any,
    Supposed,
}

/// An example, that there is none, or why it can't be told.
enum Best {
    Here(Box<(Witness, Call)>),
    Nowhere,
    Unknown(Vec<&'static str>),
}

impl<'s> Asked<'s> {
    fn cell(&self, prover: &mut ToolProver<'s>) -> Cell {
        let (allowed, denied) = (prover.outcomes[0].allowed, prover.outcomes[0].denied);
        let possible = prover.space().f.not(denied);
        let mut because = Vec::new();
        for (outcome, most) in [(allowed, Outcome::Allow), (possible, Outcome::RequireApproval)] {
            let goal = self.given(prover, outcome, Past::Any);
            let found = match self.best(prover, goal, most, Past::Any) {
                // Perhaps after other calls.
                Best::Unknown(why) => {
                    let supposing = self.given(prover, outcome, Past::Supposed);
                    match self.best(prover, supposing, most, Past::Supposed) {
                        Best::Here(found) => Best::Here(found),
                        _ => Best::Unknown(why),
                    }
                }
                told => told,
            };
            match found {
                Best::Here(found) => {
                    let cell = self.reached(prover, goal, most, &found.0, &found.1);
                    // With approval for certain; perhaps without.
                    let open = !because.is_empty();
                    let reach = if open { Reach::Unknown } else { cell.reach };
                    return Cell { reach, always: cell.always && !open, because: tidy(because), ..cell };
                }
                Best::Nowhere => {}
                Best::Unknown(why) => because.extend(why),
            }
        }
        let because = tidy(because);
        let reach = if because.is_empty() { Reach::Deny } else { Reach::Unknown };
        Cell { reach, always: because.is_empty(), because, ..self.empty() }
    }

    fn empty(&self) -> Cell {
        let environment = self.side.lowered.tables.environments[self.env].clone();
        Cell { environment, reach: Reach::Deny, always: true, approvals: Vec::new(), how: None, because: Vec::new() }
    }

    /// The formula for these calls alone.
    fn given(&self, prover: &mut ToolProver<'s>, f: F, past: Past) -> F {
        let tables = &self.side.lowered.tables;
        let closure = &tables.roles[self.role].closure;
        let held: Vec<&str> = closure.iter().map(|role| tables.roles[*role as usize].name.as_str()).collect();
        let space = prover.space();
        let known: Vec<Option<bool>> = space
            .tests
            .iter()
            .map(|test| match &test.kind {
                TestKind::AgentRole(role) => Some(held.contains(&role.as_str())),
                TestKind::Free { why: Why::History, .. } if past == Past::Supposed => Some(true),
                _ => None,
            })
            .collect();
        space.f.given(f, &|leaf| match leaf {
            Node::Env(envs) => Some(envs >> self.env & 1 == 1),
            Node::Test(test, answers) => {
                known[test.0 as usize].map(|yes| answers.covers(if yes { Answers::TRUE } else { Answers::FALSE }))
            }
            _ => None,
        })
    }

    fn best(&self, prover: &mut ToolProver<'s>, goal: F, most: Outcome, past: Past) -> Best {
        let mut found = None;
        let env = u32::try_from(self.env).unwrap_or(0);
        let role = self.side.lowered.tables.roles[self.role].name.clone();
        prover.space().probes[0].set_env(env);
        let mut accept = |space: &Space<'s>, call: &Call| {
            let mut call = call.clone();
            call.env = env;
            call.situation.agent_roles = vec![role.clone()];
            if past == Past::Supposed {
                call.earlier = true;
                // History is of a session.
                call.situation.session = true;
                let asked = (0u32..).zip(&space.tests).filter(|(_, test)| is_history(&test.kind));
                let yes = asked.map(|(test, _)| Req { test: TestId(test), allowed: Answers::TRUE });
                call.because.extend(yes.collect::<Vec<_>>());
            }
            match witness(space, &call, &[], &mut |decisions: &[Decision]| decisions[0].outcome == most) {
                Some(witness) => {
                    found = Some(Box::new((witness, call)));
                    Ok(())
                }
                None => Err("a call that is decided otherwise when it is tried"),
            }
        };
        match (prover.engine.find_where(goal, &mut accept), found) {
            (_, Some(found)) => Best::Here(found),
            (Found::No, None) => Best::Nowhere,
            (Found::Maybe(why), None) => Best::Unknown(why),
            (Found::Yes(_), None) => Best::Unknown(vec!["a call that is decided otherwise when it is tried"]),
        }
    }

    fn reached(&self, prover: &mut ToolProver<'s>, goal: F, most: Outcome, witness: &Witness, call: &Call) -> Cell {
        let decision = &witness.decisions[0];
        let otherwise = prover.space().f.not(goal);
        let always = prover.possible(otherwise).is_no();
        let needed = if always { Needed::default() } else { self.needed(prover, otherwise, call) };
        let grants = self.grants(prover, &needed, decision);
        let conditions = self.texts(prover, &needed);
        Cell {
            reach: if most == Outcome::Allow { Reach::Allow } else { Reach::Approval },
            always,
            approvals: decision.approvals.iter().map(|approval| approval.id.clone()).collect(),
            how: Some(How { grants, conditions, example: witness.request.clone() }),
            ..self.empty()
        }
    }

    /// The grants that hold wherever the outcome is reached in this way; those of the example where several may.
    fn grants(&self, prover: &mut ToolProver<'s>, needed: &Needed, decision: &Decision) -> Vec<Place> {
        let tables = &self.side.lowered.tables;
        let clauses = prover.outcomes[0].grants.clone();
        let mut sure = Vec::new();
        for grant in clauses {
            let applies = self.given(prover, grant.applies, Past::Any);
            let not = prover.space().f.not(applies);
            if self.suffices(prover, not, &needed.reqs, &needed.choices) {
                sure.push(tables.clauses[grant.clause as usize].id.as_str());
            }
        }
        let granting = decision.applied.iter().filter(|entry| entry.effect == claw_runtime::Effect::Grant);
        let place = |entry: &Applied| Place {
            clause: entry.clause.to_string(),
            file: entry.file.to_string(),
            line: entry.line,
            column: entry.column,
        };
        let of_these: Vec<Place> = granting.clone().filter(|entry| sure.contains(&&*entry.clause)).map(place).collect();
        if of_these.is_empty() { granting.map(place).collect() } else { of_these }
    }

    /// What made the call get its outcome, less what follows from the rest.
    fn needed(&self, prover: &mut ToolProver<'s>, otherwise: F, call: &Call) -> Needed {
        let mut needed: Vec<Req> = call.because.clone();
        let mut choices = call.choices.clone();
        let mut at = 0;
        while at < needed.len() {
            let mut fewer = needed.clone();
            fewer.remove(at);
            if self.suffices(prover, otherwise, &fewer, &choices) {
                needed = fewer;
            } else {
                at += 1;
            }
        }
        let mut at = 0;
        while at < choices.len() {
            let mut fewer = choices.clone();
            fewer.remove(at);
            if self.suffices(prover, otherwise, &needed, &fewer) {
                choices = fewer;
            } else {
                at += 1;
            }
        }
        Needed { reqs: needed, choices }
    }

    fn texts(&self, prover: &mut ToolProver<'s>, needed: &Needed) -> Vec<String> {
        let words = Words::new(&self.side.lowered, self.tool.0);
        let space = prover.space();
        let mut texts: Vec<String> = needed
            .reqs
            .iter()
            .filter_map(|req| Some(words.holds(space.tests[req.test.0 as usize].exprs[0]?, req.allowed)))
            .collect();
        let tables = &self.side.lowered.tables;
        for limit in &tables.tools[self.tool.index()].limits {
            let (exceeded, unavailable) = space.limit_choices(0, *limit);
            if needed.choices.iter().any(|(choice, value)| !value && (*choice == exceeded || *choice == unavailable)) {
                let clause = &tables.clauses[tables.limits[limit.index()].clause.index()].id;
                texts.push(format!("within limit {clause}"));
            }
        }
        texts.dedup();
        texts
    }

    /// Whether these are enough for every call.
    fn suffices(&self, prover: &mut ToolProver<'s>, otherwise: F, reqs: &[Req], choices: &[(ChoiceId, bool)]) -> bool {
        let f = &mut prover.space().f;
        let mut parts = vec![otherwise];
        parts.extend(reqs.iter().map(|req| f.test(req.test, req.allowed)).collect::<Vec<_>>());
        parts.extend(choices.iter().map(|(choice, value)| f.choice(*choice, *value)).collect::<Vec<_>>());
        let goal = f.all(parts);
        prover.possible(goal).is_no()
    }
}
