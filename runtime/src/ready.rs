//! The graph's tests made ready when a policy is loaded: one fact of the request against one constant.
//!
//! Most tests of most policies are of this sort. Which fact, which constant and what is asked stand here in a few
//! words, so that a decision looks nothing else up. Whatever is not of this sort, and whatever fact is absent or not
//! known, is left to the evaluator, which would answer the same. Knows no clauses.

use crate::builtins::compare;
use crate::bundle::{AtomId, AttrRoot, Bundle, CompareOp, ConstId, Expr, ExprId, Node, Target};
use crate::eval::lists::look_up;
use crate::policy::Index;
use crate::{Policy, Request, Tri, Value};

/// A test by its atom.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ready {
    /// Ask the evaluator.
    No,
    /// The calling agent and its chain hold the role.
    Role(u32),
    /// The fact is this text.
    Text(Fact, ConstId),
    /// The fact is less than this number, and so on.
    Order(CompareOp, Fact, ConstId),
    /// The fact matches the pattern.
    Match(Fact, u32),
    /// The host is this one or below it, or one of these or below one; so is the path, where the list has its set.
    Under(Fact, ConstId),
    /// The fact is an element of this list.
    In(Fact, ConstId),
}

/// Where a fact stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fact {
    root: Root,
    /// A member of it, by its index in the policy's builtins, and one more; 0 is the fact itself.
    member: u32,
}

#[derive(Clone, Copy, Debug)]
enum Root {
    Arg(u32),
    Attr(AttrRoot, u32),
}

/// A node of the graph, as a decision walks it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// A test, and where its answers lead: false, unknown, true.
    Test { ready: Ready, atom: AtomId, memo: u32, on: [Target; 3] },
    /// Any other node, which stands in the bundle.
    Other,
}

/// The nodes of a bundle that was checked.
pub(crate) fn steps(bundle: &Bundle, index: &Index) -> Vec<Step> {
    let tests: Vec<Ready> =
        bundle.atoms.iter().map(|atom| test(bundle, index, atom.expr).unwrap_or(Ready::No)).collect();
    let step = |node: &Node| match node {
        Node::Test { atom, memo, on_false, on_unknown, on_true } => {
            let ready = tests.get(atom.index()).copied().unwrap_or(Ready::No);
            Step::Test { ready, atom: *atom, memo: *memo, on: [*on_false, *on_unknown, *on_true] }
        }
        _ => Step::Other,
    };
    bundle.nodes.iter().map(step).collect()
}

impl Step {
    /// Where an answer leads.
    pub(crate) fn after(on: &[Target; 3], answer: Tri) -> Target {
        let [on_false, on_unknown, on_true] = on;
        match answer {
            Tri::False => *on_false,
            Tri::Unknown => *on_unknown,
            Tri::True => *on_true,
        }
    }
}

fn test(bundle: &Bundle, index: &Index, id: ExprId) -> Option<Ready> {
    let expr = |id: ExprId| bundle.exprs.get(id.index());
    let constant = |id: ExprId| match expr(id)? {
        Expr::Const(id) => Some((*id, bundle.consts.get(id.index())?)),
        _ => None,
    };
    Some(match expr(id)? {
        Expr::AgentHasRole(role) => Ready::Role(*role),
        Expr::Eq(a, b) => {
            let (fact, (id, value)) = match constant(*b) {
                Some(b) => (fact(bundle, *a)?, b),
                None => (fact(bundle, *b)?, constant(*a)?),
            };
            matches!(value, Value::Str(_)).then_some(Ready::Text(fact, id))?
        }
        Expr::Compare(op, a, b) => {
            let (id, value) = constant(*b)?;
            matches!(value, Value::Int(_) | Value::Decimal(_)).then_some(Ready::Order(*op, fact(bundle, *a)?, id))?
        }
        Expr::Match(e, pattern) => Ready::Match(fact(bundle, *e)?, *pattern),
        Expr::In(value, list) => Ready::In(fact(bundle, *value)?, constant(*list)?.0),
        Expr::Builtin(builtin, range) => {
            let start = range.start as usize;
            let row = index.builtins.get(*builtin as usize)?;
            match bundle.operands.get(start..start.saturating_add(range.len as usize))? {
                [value, base] if matches!(row.name, "host.under" | "host.under_any") => {
                    Ready::Under(fact(bundle, *value)?, constant(*base)?.0)
                }
                [value, base] if row.name == "path.under_any" => {
                    let (id, _) = constant(*base)?;
                    index.bases.contains_key(&id).then_some(Ready::Under(fact(bundle, *value)?, id))?
                }
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn fact(bundle: &Bundle, id: ExprId) -> Option<Fact> {
    match bundle.exprs.get(id.index())? {
        Expr::Arg(i) => Some(Fact { root: Root::Arg(*i), member: 0 }),
        Expr::Attr(root, i) => Some(Fact { root: Root::Attr(*root, *i), member: 0 }),
        Expr::Builtin(builtin, range) if range.len == 1 => {
            let whole = fact(bundle, *bundle.operands.get(range.start as usize)?)?;
            (whole.member == 0).then_some(Fact { member: builtin.checked_add(1)?, ..whole })
        }
        _ => None,
    }
}

impl Ready {
    /// The test's answer; `None` is no answer, not even "unknown".
    pub(crate) fn ask(&self, policy: &Policy, request: &Request) -> Option<Tri> {
        let constant = |id: &ConstId| policy.bundle.consts.get(id.index());
        match self {
            Ready::No => None,
            Ready::Role(role) => Some(request.agent_has_role(*role)),
            Ready::Text(fact, id) => match (fact.of(policy, request)?, constant(id)?) {
                (Value::Str(a), Value::Str(b)) => Some(Tri::from(a == b)),
                _ => None,
            },
            Ready::Order(op, fact, id) => {
                compare::compare(fact.of(policy, request)?, constant(id)?).map(|order| Tri::from(op.holds(order)))
            }
            Ready::Match(fact, pattern) => match fact.of(policy, request)? {
                Value::Str(text) => policy.index.patterns.get(*pattern as usize)?.matches(text).map(Tri::from),
                _ => None,
            },
            Ready::Under(fact, id) => {
                let value = fact.of(policy, request)?;
                if let Some(bases) = policy.index.bases.get(id) {
                    return Some(bases.above(value));
                }
                let Value::Host(host) = value else { return None };
                match constant(id)? {
                    Value::Host(base) => Some(Tri::from(host.is_under(base))),
                    Value::List(bases) | Value::Set(bases) => {
                        for base in bases.iter() {
                            let Value::Host(base) = base else { return None };
                            if host.is_under(base) {
                                return Some(Tri::True);
                            }
                        }
                        Some(Tri::False)
                    }
                    _ => None,
                }
            }
            Ready::In(fact, id) => look_up(fact.of(policy, request)?, constant(id)?).map(Tri::from),
        }
    }
}

impl Fact {
    fn of<'a>(&self, policy: &Policy, request: &'a Request) -> Option<&'a Value> {
        let value = match self.root {
            Root::Arg(i) => request.arg_value(i)?,
            Root::Attr(root, i) => request.attr_value(root, i)?,
        };
        match self.member.checked_sub(1) {
            None => Some(value),
            Some(member) => policy.index.builtins.get(member as usize)?.peek(value),
        }
    }
}
