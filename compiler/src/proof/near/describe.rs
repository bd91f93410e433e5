//! Near misses as data for people: what changes, why it helps, nearest first, and equal ones together.

use claw_runtime::bundle::{ExprId, QuantOp};
use claw_runtime::{Decision, Json, Value};
use serde::{Serialize, Serializer};

use super::edits::Edit;
use super::values::distance;
use super::{Found, Free, Search, quantifier};
use crate::proof::answers::Answers;
use crate::proof::space::{BaseId, TestKind, Unit, Why};
use crate::proof::theory::Req;
use crate::proof::words::{Words, shown};

/// A change to a request with the decision that it brings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Miss {
    /// `allow`, `require_approval` or `deny`.
    pub decision: String,
    /// The approvals that it would wait for then.
    pub approvals: Vec<String>,
    /// All of them together bring it.
    pub changes: Vec<Change>,
    /// The changed request.
    #[serde(serialize_with = "as_json")]
    pub request: Json,
}

/// A change of one part of a request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// As policies write it; a list's element with its index.
    pub part: String,
    #[serde(flatten)]
    pub how: How,
    /// What has to be so, in the policy's words, where other values do as well. All of them.
    pub conditions: Vec<String>,
}

/// How a part changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum How {
    /// One value of those that do.
    Set {
        from: Option<String>,
        to: String,
    },
    Remove {
        from: String,
    },
    /// Any of these.
    Environment {
        names: Vec<String>,
    },
    /// Any of these is held, or this one is not.
    AgentRole {
        roles: Vec<String>,
        held: bool,
    },
    UserRole {
        roles: Vec<String>,
        held: bool,
    },
    Label {
        label: String,
        carried: bool,
    },
    /// No other agent delegated.
    Undelegated,
    /// There is a user, a context, a session.
    Present,
    /// There is none.
    Without,
    /// Calls were made earlier in the session, and succeeded.
    Earlier,
    Approve {
        approval: String,
        by: String,
    },
}

pub(in crate::proof) fn as_json<S: Serializer>(json: &Json, serializer: S) -> Result<S::Ok, S::Error> {
    let value: serde_json::Value = serde_json::from_str(&json.canonical()).map_err(serde::ser::Error::custom)?;
    value.serialize(serializer)
}

impl Miss {
    pub fn new(decision: &Decision, changes: Vec<Change>, request: Json) -> Miss {
        Miss {
            decision: decision.outcome.code().to_owned(),
            approvals: decision.approvals.iter().map(|approval| approval.id.clone()).collect(),
            changes,
            request,
        }
    }

    /// Adds what another miss does differently, if that is one word of the same kind.
    fn absorb(&mut self, other: &Miss) -> bool {
        if self.decision != other.decision
            || self.approvals != other.approvals
            || self.changes.len() != other.changes.len()
        {
            return false;
        }
        let differ = |(a, b): &(&Change, &Change)| a != b;
        let mut differing = self.changes.iter().zip(&other.changes).filter(differ);
        let (Some((mine, theirs)), None) = (differing.next(), differing.next()) else { return false };
        let joined = match (&mine.how, &theirs.how) {
            (How::Environment { names: a }, How::Environment { names: b }) => {
                How::Environment { names: [a.clone(), b.clone()].concat() }
            }
            (How::AgentRole { roles: a, held: true }, How::AgentRole { roles: b, held: true }) => {
                How::AgentRole { roles: [a.clone(), b.clone()].concat(), held: true }
            }
            (How::UserRole { roles: a, held: true }, How::UserRole { roles: b, held: true }) => {
                How::UserRole { roles: [a.clone(), b.clone()].concat(), held: true }
            }
            _ => return false,
        };
        let at = self.changes.iter().zip(&other.changes).position(|(a, b)| a != b);
        if let Some(change) = at.and_then(|at| self.changes.get_mut(at)) {
            change.how = joined;
        }
        true
    }
}

/// All that was found.
pub fn describe(search: &Search<'_>) -> Vec<Miss> {
    let mut ranked: Vec<(usize, u8, f64, Miss)> = search
        .found
        .iter()
        .filter(|found| !is_detour(search, found))
        .map(|found| {
            let changes = changes(search, found);
            let strict = found.decision.outcome as u8;
            (changes.len(), strict, weight(search, found), Miss::new(&found.decision, changes, found.json.clone()))
        })
        .collect();
    ranked.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
    let mut misses: Vec<Miss> = Vec::new();
    for (.., miss) in ranked {
        if !misses.contains(&miss) && !misses.iter_mut().any(|known| known.absorb(&miss)) {
            misses.push(miss);
        }
    }
    misses
}

/// A role that helps only since it brings another one that helps.
fn is_detour(search: &Search<'_>, found: &Found) -> bool {
    let roles = &search.side.lowered.tables.roles;
    let brings = |role: &str, other: &str| {
        let named = |name: &str| roles.iter().position(|def| def.name == name).and_then(|at| u32::try_from(at).ok());
        let closure = named(role).map(|at| &roles[at as usize].closure);
        role != other && closure.zip(named(other)).is_some_and(|(closure, other)| closure.contains(&other))
    };
    search.found.iter().any(|other| {
        other.edits.len() == found.edits.len()
            && search.is_as_good(other, &found.decision)
            && other.edits != found.edits
            && found.edits.iter().zip(&other.edits).all(|pair| match pair {
                (Edit::AgentRole { role: a, held: true }, Edit::AgentRole { role: b, held: true })
                | (Edit::UserRole { role: a, held: true }, Edit::UserRole { role: b, held: true }) => {
                    a == b || brings(a, b)
                }
                (a, b) => a == b,
            })
    })
}

fn weight(search: &Search<'_>, found: &Found) -> f64 {
    let of = |edit: &Edit| match edit {
        Edit::Value { base, value } => distance(search.actual[base.0].as_ref(), value.as_ref()),
        Edit::Env(_) | Edit::AgentRole { .. } | Edit::UserRole { .. } => 1.0,
        Edit::Label { .. } | Edit::Alone => 1.5,
        Edit::User | Edit::Context | Edit::Session | Edit::Without(_) => 2.5,
        Edit::Earlier => 0.5,
    };
    found.edits.iter().map(of).sum()
}

fn changes(search: &Search<'_>, found: &Found) -> Vec<Change> {
    let space = search.space();
    let comes_along = |edit: &Edit| {
        let unit = match edit {
            Edit::User => Unit::User,
            Edit::Context => Unit::Context,
            Edit::Session => Unit::Session,
            _ => return false,
        };
        found.edits.iter().any(|other| match other {
            Edit::Value { base, .. } => space.unit(*base) == unit,
            Edit::UserRole { .. } => unit == Unit::User,
            Edit::Label { .. } => unit == Unit::Session,
            _ => false,
        })
    };
    found.edits.iter().filter(|edit| !comes_along(edit)).map(|edit| change(search, found, edit)).collect()
}

fn change(search: &Search<'_>, found: &Found, edit: &Edit) -> Change {
    let plain = |part: &str, how: How| Change { part: part.to_owned(), how, conditions: Vec::new() };
    let tables = &search.side.lowered.tables;
    match edit {
        Edit::Env(env) => {
            plain("environment", How::Environment { names: vec![tables.environments[*env as usize].clone()] })
        }
        Edit::AgentRole { role, held } => {
            let delegated = search.request.pointer("/agent/chain").is_some();
            let part = if delegated { "agent.roles, agent.chain" } else { "agent.roles" };
            plain(part, How::AgentRole { roles: vec![role.clone()], held: *held })
        }
        Edit::UserRole { role, held } => plain("user.roles", How::UserRole { roles: vec![role.clone()], held: *held }),
        Edit::Label { label, carried } => {
            plain("session.labels", How::Label { label: label.clone(), carried: *carried })
        }
        Edit::Alone => plain("agent.chain", How::Undelegated),
        Edit::User => plain("user", How::Present),
        Edit::Context => plain("context", How::Present),
        Edit::Session => plain("session", How::Present),
        Edit::Without(part) => plain(part.name(), How::Without),
        Edit::Earlier => Change { part: "past".to_owned(), how: How::Earlier, conditions: earlier(search) },
        Edit::Value { base, value } => set(search, found, *base, value.as_ref()),
    }
}

/// The queries of history that are not true as it is.
fn earlier(search: &Search<'_>) -> Vec<String> {
    let space = search.space();
    let words = Words::new(&search.side.lowered, space.tool(0).0);
    let asked = space.tests.iter().filter(|test| matches!(test.kind, TestKind::Free { why: Why::History, .. }));
    asked.filter_map(|test| Some(words.text(test.exprs[0]?))).collect()
}

/// A part that gets another value: the element of a list where one alone changes.
fn set(search: &Search<'_>, found: &Found, base: BaseId, value: Option<&Value>) -> Change {
    let space = search.space();
    let name = space.bases[base.0].name.clone();
    let actual = search.actual[base.0].as_ref();
    let free = Free { bases: vec![base], units: vec![space.unit(base)], outside: false, keeps_past: true };
    let flips: Vec<Req> = found
        .flips
        .iter()
        .filter(|req| {
            let kind = &space.tests[req.test.0 as usize].kind;
            // Roles and labels are changes of their own.
            free.is_read_by(space, kind) && !matches!(kind, TestKind::UserRole(_) | TestKind::Label(_))
        })
        .copied()
        .collect();
    let words = Words::new(&search.side.lowered, space.tool(0).0);
    let whole = |req: &Req| {
        space.tests[req.test.0 as usize].exprs[0].map_or_else(String::new, |expr| words.holds(expr, req.allowed))
    };
    let (part, how, conditions) = match (actual, value) {
        (Some(Value::List(old)), Some(Value::List(new))) => match one_element(old, new) {
            Some((at, to)) => {
                let part = format!("{name}[{at}]");
                let from = old.get(at).map(shown).unwrap_or_default();
                let conditions =
                    flips.iter().map(|req| of_element(search, &words, &part, *req).unwrap_or_else(|| whole(req)));
                match to {
                    Some(to) => (part.clone(), How::Set { from: Some(from), to: shown(to) }, conditions.collect()),
                    None => (part.clone(), How::Remove { from }, Vec::new()),
                }
            }
            None => {
                let how = How::Set { from: actual.map(shown), to: value.map(shown).unwrap_or_default() };
                (name, how, flips.iter().map(whole).collect())
            }
        },
        (Some(from), None) => (name, How::Remove { from: shown(from) }, Vec::new()),
        (from, to) => {
            let how = How::Set { from: from.map(shown), to: to.map(shown).unwrap_or_default() };
            (name, how, flips.iter().map(whole).collect())
        }
    };
    let mut conditions: Vec<String> = conditions;
    conditions.dedup();
    Change { part, how, conditions }
}

/// The one element that another list has otherwise, or lacks.
fn one_element<'v>(old: &[Value], new: &'v [Value]) -> Option<(usize, Option<&'v Value>)> {
    let at = old.iter().zip(new).position(|(a, b)| a != b).unwrap_or(old.len().min(new.len()));
    if at >= old.len() {
        return None;
    }
    let rest = old.get(at + 1..)?;
    if new.get(at..)? == rest {
        return Some((at, None));
    }
    (new.get(at + 1..)? == rest).then(|| (at, new.get(at)))
}

/// What a quantifier asks of one element.
fn of_element(search: &Search<'_>, words: &Words<'_>, part: &str, req: Req) -> Option<String> {
    let (op, list, body): (QuantOp, ExprId, ExprId) = quantifier(search.space(), req.test)?;
    let yes = match (op, req.allowed.covers(Answers::TRUE)) {
        (QuantOp::Any | QuantOp::All, true) | (QuantOp::None, false) => Answers::TRUE,
        (QuantOp::Any | QuantOp::All, false) | (QuantOp::None, true) => Answers::FALSE,
        (QuantOp::Count, _) => return None,
    };
    Some(words.inside(list, part).holds(body, yes))
}
