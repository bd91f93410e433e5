//! Tests of values that stand somewhere already: in the request, the policy, or a part of either.
//!
//! Most tests are of this sort. They are answered here without making, copying or counting anything. `None` says
//! nothing: where a value is absent, not known, or has to be made first, the general evaluator is asked. What is said
//! here, it would say too.

use std::cmp::Ordering;

use crate::builtins::{Arg, Builtin, compare};
use crate::bundle::{CompareOp, Expr, ExprId, QuantOp};
use crate::eval::lists::look_up;
use crate::eval::{Ev, Eval, Local, Scope, Val, bound};
use crate::{Tri, Value};

impl<'a> Eval<'a> {
    /// The value that an expression comes to, if it is known and stands somewhere.
    pub(crate) fn peek(&self, id: ExprId, scope: Scope<'_, 'a>) -> Option<&'a Value> {
        match self.expr(id)? {
            Expr::Arg(i) => self.request.arg_value(*i),
            Expr::Const(id) => self.policy.bundle.consts.get(id.index()),
            Expr::Attr(root, i) => self.request.attr_value(*root, *i),
            Expr::Local(depth) => match bound(*depth, scope)? {
                Ev::Known(Val::Ref(value)) => Some(value),
                _ => None,
            },
            Expr::Builtin(builtin, range) => match self.operands(*range) {
                [operand] => self.policy.index.builtins.get(*builtin as usize)?.peek(self.peek(*operand, scope)?),
                _ => None,
            },
            Expr::RecordField(record, i) => match self.peek(*record, scope)? {
                Value::Record(fields) => fields.get(*i as usize)?.as_ref(),
                _ => None,
            },
            Expr::Fact(fact) => standing(self.fact(*fact)),
            Expr::Live(i) => self.request.live.get(*i as usize)?.as_ref(),
            _ => None,
        }
    }

    /// Whether a test holds.
    pub(crate) fn quick(&mut self, expr: &'a Expr, scope: Scope<'_, 'a>) -> Option<Tri> {
        match expr {
            Expr::AgentHasRole(role) => Some(self.request.agent_has_role(*role)),
            Expr::Eq(a, b) => Some(match (self.peek(*a, scope)?, self.peek(*b, scope)?) {
                (Value::Str(a), Value::Str(b)) => Tri::from(a == b),
                (a, b) => compare::equal(a, b),
            }),
            Expr::Compare(op, a, b) => {
                let order = compare::compare(self.peek(*a, scope)?, self.peek(*b, scope)?);
                Some(order.map_or(Tri::Unknown, |order| Tri::from(op.holds(order))))
            }
            Expr::In(value, list) => look_up(self.peek(*value, scope)?, self.constant(*list)?).map(Tri::from),
            Expr::Match(e, pattern) => {
                match (self.peek(*e, scope)?, self.policy.index.patterns.get(*pattern as usize)?) {
                    (Value::Str(text), pattern) => Some(Tri::from(pattern.matches(text))),
                    _ => None,
                }
            }
            Expr::Builtin(builtin, range) => {
                let row = *self.policy.index.builtins.get(*builtin as usize)?;
                match self.operands(*range) {
                    [a] => Some(row.call(&[Arg::Known(self.peek(*a, scope)?)]).truth()),
                    [a, b] => self.two(row, *a, *b, scope),
                    _ => None,
                }
            }
            Expr::Quant(op @ (QuantOp::Any | QuantOp::All | QuantOp::None), list, body) => {
                let items = self.peek(*list, scope)?.elements()?;
                Some(self.quantify_over(*op, items, *body, scope))
            }
            _ => None,
        }
    }

    /// A builtin of two operands.
    fn two(&self, row: &Builtin, a: ExprId, b: ExprId, scope: Scope<'_, 'a>) -> Option<Tri> {
        let value = self.peek(a, scope)?;
        if let Some(Expr::Const(id)) = self.expr(b)
            && let Some(bases) = self.policy.index.bases(row, *id)
        {
            return Some(bases.above(value));
        }
        Some(row.call(&[Arg::Known(value), Arg::Known(self.peek(b, scope)?)]).truth())
    }

    /// `any`, `all` or `none` over elements that are all known.
    fn quantify_over(&mut self, op: QuantOp, items: &'a [Value], body: ExprId, scope: Scope<'_, 'a>) -> Tri {
        let depth = scope.map_or(0, |local| local.depth.saturating_add(1));
        let decisive = if op == QuantOp::All { Tri::False } else { Tri::True };
        let mut result = decisive.not();
        for item in items {
            let local = Local { depth, value: Ev::Known(Val::Ref(item)), outer: scope };
            let truth = if self.spend() { self.truth(body, Some(&local)) } else { Tri::Unknown };
            if truth == decisive {
                result = decisive;
                break;
            }
            if truth == Tri::Unknown {
                result = Tri::Unknown;
            }
        }
        if self.exhausted() {
            return Tri::Unknown;
        }
        if op == QuantOp::None { result.not() } else { result }
    }
}

impl CompareOp {
    /// Does it hold of two values in this order?
    pub(crate) fn holds(self, order: Ordering) -> bool {
        match self {
            CompareOp::Lt => order.is_lt(),
            CompareOp::Le => order.is_le(),
            CompareOp::Gt => order.is_gt(),
            CompareOp::Ge => order.is_ge(),
        }
    }
}

fn standing(value: Ev<'_>) -> Option<&Value> {
    if let Ev::Known(Val::Ref(value)) = value { Some(value) } else { None }
}
