//! Lists without making lists: quantifiers, membership and length over what `+`, `else` and literals put together.

use std::sync::Arc;

use crate::bundle::{Expr, ExprId, QuantOp};
use crate::eval::{Ev, Eval, Local, Scope, Val};
use crate::{Tri, Value};

/// How many parts a list is made of before the rest is kept on the heap.
const INLINE: usize = 4;

/// The parts that a list is put together from, each of them a list.
#[derive(Debug, Default)]
pub(crate) struct Parts<'a> {
    inline: [Option<Ev<'a>>; INLINE],
    more: Vec<Ev<'a>>,
    len: usize,
    /// Some part may have further elements.
    partial: bool,
}

impl<'a> Parts<'a> {
    fn push(&mut self, part: Ev<'a>) {
        match self.inline.get_mut(self.len) {
            Some(place) => *place = Some(part),
            None => self.more.push(part),
        }
        self.len = self.len.saturating_add(1);
    }

    fn iter(&self) -> impl Iterator<Item = &Ev<'a>> {
        self.inline.iter().flatten().chain(&self.more)
    }
}

impl<'a> Eval<'a> {
    /// The parts of a list; `None` where it is absent or not known at all. `+` is strict: one unknown part makes the
    /// whole list unknown.
    pub(crate) fn parts(&mut self, list: ExprId, scope: Scope<'_, 'a>) -> Option<Parts<'a>> {
        let mut parts = Parts::default();
        self.add_parts(list, scope, &mut parts).then_some(parts)
    }

    fn add_parts(&mut self, list: ExprId, scope: Scope<'_, 'a>, parts: &mut Parts<'a>) -> bool {
        match self.expr(list) {
            Some(Expr::Concat(a, b)) => self.add_parts(*a, scope, parts) && self.add_parts(*b, scope, parts),
            Some(Expr::Else(a, b)) if !matches!(self.expr(*a), Some(Expr::Concat(..))) => match self.eval(*a, scope) {
                Ev::Absent => self.add_parts(*b, scope, parts),
                part => add_part(part, parts),
            },
            // A sum is never absent.
            Some(Expr::Else(a, _)) => self.add_parts(*a, scope, parts),
            _ => add_part(self.eval(list, scope), parts),
        }
    }

    /// Calls `visit` with each known element until it says to stop. An element of a literal may be unknown itself.
    fn each(&mut self, parts: &Parts<'a>, scope: Scope<'_, 'a>, mut visit: impl FnMut(&mut Self, Ev<'a>) -> bool) {
        for part in parts.iter() {
            let go_on = match part {
                Ev::Literal(range) => self.operands(*range).iter().all(|operand| {
                    let item = match self.eval(*operand, scope) {
                        Ev::Absent => Ev::Unknown,
                        item => item,
                    };
                    self.spend() && visit(self, item)
                }),
                Ev::Known(Val::Ref(list)) => list
                    .elements()
                    .unwrap_or_default()
                    .iter()
                    .all(|item| self.spend() && visit(self, Ev::Known(Val::Ref(item)))),
                Ev::Known(Val::Own(list)) => list
                    .elements()
                    .unwrap_or_default()
                    .iter()
                    .all(|item| self.spend() && visit(self, Ev::own(item.clone()))),
                Ev::Partial(items) => items.iter().all(|item| self.spend() && visit(self, Ev::own(item.clone()))),
                _ => true,
            };
            if !go_on {
                return;
            }
        }
    }

    /// `any`, `all` or `none`.
    pub(crate) fn quantify(&mut self, op: QuantOp, list: ExprId, body: ExprId, scope: Scope<'_, 'a>) -> Tri {
        let Some(parts) = self.parts(list, scope) else { return Tri::Unknown };
        let universal = op == QuantOp::All;
        // `all` is false as soon as one is false; `any` and `none` are decided as soon as one is true.
        let decisive = if universal { Tri::False } else { Tri::True };
        let mut result = if parts.partial { Tri::Unknown } else { decisive.not() };
        self.each(&parts, scope, |eval, item| {
            let truth = eval.with_local(item, scope, |eval, scope| eval.truth(body, scope));
            if truth == decisive {
                result = decisive;
                return false;
            }
            if truth == Tri::Unknown {
                result = Tri::Unknown;
            }
            true
        });
        if self.exhausted() {
            return Tri::Unknown;
        }
        if op == QuantOp::None { result.not() } else { result }
    }

    pub(crate) fn count(&mut self, list: ExprId, body: ExprId, scope: Scope<'_, 'a>) -> Ev<'a> {
        let Some(parts) = self.parts(list, scope) else { return Ev::Unknown };
        let (mut certain, mut possible) = (0i64, 0i64);
        self.each(&parts, scope, |eval, item| {
            let truth = eval.with_local(item, scope, |eval, scope| eval.truth(body, scope));
            certain = certain.saturating_add(i64::from(truth.is_true()));
            possible = possible.saturating_add(i64::from(!truth.is_false()));
            true
        });
        if self.exhausted() { Ev::Unknown } else { interval(certain, (!parts.partial).then_some(possible)) }
    }

    fn with_local<T>(
        &mut self,
        item: Ev<'a>,
        scope: Scope<'_, 'a>,
        then: impl FnOnce(&mut Self, Scope<'_, 'a>) -> T,
    ) -> T {
        let depth = scope.map_or(0, |local| local.depth.saturating_add(1));
        let local = Local { depth, value: item, outer: scope };
        then(self, Some(&local))
    }

    /// `value in list`: some element equals it.
    pub(crate) fn contains(&mut self, value: ExprId, list: ExprId, scope: Scope<'_, 'a>) -> Tri {
        let value = match self.eval(value, scope) {
            Ev::Absent => Ev::Unknown,
            value => self.resolve(value, scope),
        };
        if let Some(found) = self.constant(list).and_then(|list| look_up(value.value()?, list)) {
            return Tri::from(found);
        }
        let Some(parts) = self.net_or_parts(list, scope) else { return Tri::Unknown };
        let parts = match (parts, value.value()) {
            (Ok(net), Some(Value::Ip(ip))) => return Tri::from(net.contains(ip)),
            (Ok(_), _) => return Tri::Unknown,
            (Err(parts), _) => parts,
        };
        let mut result = if parts.partial { Tri::Unknown } else { Tri::False };
        self.each(&parts, scope, |eval, item| {
            result = result.or(eval.equal(value.clone(), item, scope));
            result != Tri::True
        });
        if self.exhausted() { Tri::Unknown } else { result }
    }

    /// A list or set that is written in the policy.
    pub(crate) fn constant(&self, list: ExprId) -> Option<&'a Value> {
        let Some(Expr::Const(id)) = self.expr(list) else { return None };
        self.policy.bundle.consts.get(id.index())
    }

    /// What stands on the right of `in`: an address range, or a list.
    fn net_or_parts(&mut self, list: ExprId, scope: Scope<'_, 'a>) -> Option<Result<ipnet::IpNet, Parts<'a>>> {
        if let Some(Expr::Const(id)) = self.expr(list)
            && let Some(Value::IpNet(net)) = self.policy.bundle.consts.get(id.index())
        {
            return Some(Ok(*net));
        }
        self.parts(list, scope).map(Err)
    }

    pub(crate) fn len(&mut self, e: ExprId, scope: Scope<'_, 'a>) -> Ev<'a> {
        if !matches!(self.expr(e), Some(Expr::Concat(..) | Expr::Else(..))) {
            match self.eval(e, scope).value() {
                Some(Value::Str(text)) => return int(text.chars().count()),
                Some(Value::Bytes(bytes)) => return int(bytes.len()),
                _ => {}
            }
        }
        let Some(parts) = self.parts(e, scope) else { return Ev::Unknown };
        let mut len = 0usize;
        for part in parts.iter() {
            len = len.saturating_add(match part {
                Ev::Literal(range) => range.len as usize,
                Ev::Known(list) => list.get().elements().unwrap_or_default().len(),
                Ev::Partial(items) => items.len(),
                _ => 0,
            });
        }
        let len = i64::try_from(len).unwrap_or(i64::MAX);
        interval(len, (!parts.partial).then_some(len))
    }

    /// The list that `+` makes, where one is needed as a value.
    pub(crate) fn concat(&mut self, e: ExprId, scope: Scope<'_, 'a>) -> Ev<'a> {
        let Some(parts) = self.parts(e, scope) else { return Ev::Unknown };
        self.gather(&parts, scope)
    }

    /// Evaluates a list literal; anything else stays as it is.
    pub(crate) fn resolve(&mut self, value: Ev<'a>, scope: Scope<'_, 'a>) -> Ev<'a> {
        match value {
            Ev::Literal(_) => {
                let mut parts = Parts::default();
                parts.push(value);
                self.gather(&parts, scope)
            }
            value => value,
        }
    }

    fn gather(&mut self, parts: &Parts<'a>, scope: Scope<'_, 'a>) -> Ev<'a> {
        let mut items = Vec::new();
        let mut known = true;
        self.each(parts, scope, |eval, item| match eval.resolve(item, scope) {
            Ev::Known(value) => {
                items.push(value.into_value());
                true
            }
            _ => {
                known = false;
                false
            }
        });
        match (known && !self.exhausted(), parts.partial) {
            (false, _) => Ev::Unknown,
            (true, true) => Ev::Partial(items.into()),
            (true, false) => Ev::own(Value::list(items)),
        }
    }

    /// Elements of an expression as the explanation walks them; at most `limit`.
    pub(crate) fn first_elements(&mut self, list: ExprId, scope: Scope<'_, 'a>, limit: usize) -> Vec<Ev<'a>> {
        let mut out = Vec::new();
        if let Some(parts) = self.parts(list, scope) {
            self.each(&parts, scope, |_, item| {
                out.push(item);
                out.len() < limit
            });
        }
        out
    }

    pub(crate) fn is_partial(&mut self, list: ExprId, scope: Scope<'_, 'a>) -> bool {
        self.parts(list, scope).is_none_or(|parts| parts.partial)
    }
}

/// Looks for a value in a constant list; `None` where elements have to be compared one by one.
pub(crate) fn look_up(value: &Value, list: &Value) -> Option<bool> {
    match (value, list) {
        (Value::Path(_) | Value::Record(_) | Value::List(_) | Value::Set(_), _) => None,
        (_, Value::Set(set)) => {
            // A set is sorted by type first: if its ends have the value's type, so have all.
            let kind = Some(std::mem::discriminant(value));
            let same = |item: Option<&Value>| item.map(std::mem::discriminant) == kind;
            (same(set.first()) && same(set.last())).then(|| match value {
                Value::Str(text) => set.binary_search_by(|item| item.as_str().cmp(&Some(&**text))).is_ok(),
                _ => set.binary_search(value).is_ok(),
            })
        }
        (Value::Str(_), Value::List(list)) => {
            let all = list.iter().all(|item| matches!(item, Value::Str(_)));
            all.then(|| list.contains(value))
        }
        _ => None,
    }
}

fn add_part<'a>(part: Ev<'a>, parts: &mut Parts<'a>) -> bool {
    let is_list = match &part {
        Ev::Known(value) => value.get().elements().is_some(),
        Ev::Partial(_) => {
            parts.partial = true;
            true
        }
        Ev::Literal(_) => true,
        _ => false,
    };
    if is_list {
        parts.push(part);
    }
    is_list
}

fn interval<'a>(low: i64, high: Option<i64>) -> Ev<'a> {
    if high == Some(low) { Ev::own(Value::Int(low)) } else { Ev::Interval(low, high) }
}

fn int<'a>(n: usize) -> Ev<'a> {
    i64::try_from(n).map_or(Ev::Unknown, |n| Ev::own(Value::Int(n)))
}

/// An empty partly known list: nothing is known of it.
pub(crate) fn opaque<'a>() -> Ev<'a> {
    Ev::Partial(Arc::default())
}
