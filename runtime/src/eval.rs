//! Evaluates expressions over one request, in Kleene's three-valued logic.
//!
//! Total: whatever goes wrong is unknown. Bounded: an expression's depth is validated when the policy is loaded,
//! and every element that a quantifier visits is counted. Does not allocate for typical conditions. Knows the
//! expression arena and the request; nothing of clauses, graphs or decisions.

use std::sync::Arc;

use crate::builtins::compare;
use crate::bundle::{CompareOp, Expr, ExprId, PriorId, QuantOp, Range};
use crate::externs::Answers;
use crate::state::{KeyHash, PriorQuery, Realm, StateView};
use crate::{Duration, Policy, Request, Tri, Type, Value};

mod facts;
pub(crate) mod lists;
mod quick;

/// How many list elements one decision may visit; beyond, everything is unknown and the call is denied.
const FUEL: u64 = 2_000_000;

/// A value that is borrowed from the policy or the request, or was made.
#[derive(Clone, Debug)]
pub(crate) enum Val<'a> {
    Ref(&'a Value),
    Own(Value),
}

impl Val<'_> {
    pub(crate) fn get(&self) -> &Value {
        match self {
            Val::Ref(value) => value,
            Val::Own(value) => value,
        }
    }
    pub(crate) fn into_value(self) -> Value {
        match self {
            Val::Ref(value) => value.clone(),
            Val::Own(value) => value,
        }
    }
}

/// What an expression came to.
#[derive(Clone, Debug)]
pub(crate) enum Ev<'a> {
    Known(Val<'a>),
    /// A list of which these elements are known, and there may be others.
    Partial(Arc<[Value]>),
    /// A list written as expressions, not yet evaluated.
    Literal(Range),
    /// An integer between these; without the second, of any size.
    Interval(i64, Option<i64>),
    /// An optional field that the request does not have.
    Absent,
    Unknown,
}

impl<'a> Ev<'a> {
    pub(crate) fn own(value: Value) -> Ev<'a> {
        Ev::Known(Val::Own(value))
    }
    /// Absent where the request has none.
    pub(crate) fn field(value: Option<&'a Value>) -> Ev<'a> {
        value.map_or(Ev::Absent, |value| Ev::Known(Val::Ref(value)))
    }
    /// Unknown where the host did not say.
    pub(crate) fn fact(value: Option<&'a Value>) -> Ev<'a> {
        value.map_or(Ev::Unknown, |value| Ev::Known(Val::Ref(value)))
    }
    pub(crate) fn value(&self) -> Option<&Value> {
        if let Ev::Known(value) = self { Some(value.get()) } else { None }
    }
    fn truth(&self) -> Tri {
        Tri::from(self.value().and_then(Value::as_bool))
    }
}

impl From<Tri> for Ev<'_> {
    fn from(tri: Tri) -> Self {
        match tri {
            Tri::True => Ev::own(Value::Bool(true)),
            Tri::False => Ev::own(Value::Bool(false)),
            Tri::Unknown => Ev::Unknown,
        }
    }
}

/// The variables of the quantifiers around an expression, the innermost first.
#[derive(Clone, Debug)]
pub(crate) struct Local<'s, 'a> {
    pub(crate) depth: u32,
    pub(crate) value: Ev<'a>,
    pub(crate) outer: Scope<'s, 'a>,
}

pub(crate) type Scope<'s, 'a> = Option<&'s Local<'s, 'a>>;

/// Evaluates over one request. Use one for a whole decision: it counts.
pub(crate) struct Eval<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) request: &'a Request,
    pub(crate) view: &'a dyn StateView,
    /// The tier of the call, once it is known.
    pub(crate) tier: Option<u32>,
    /// Shadow clauses see the labels of both realms.
    pub(crate) realm: Realm,
    /// What the host's functions said so far; `None` where the policy calls none.
    answers: Option<&'a Answers>,
    fuel: u64,
}

impl<'a> Eval<'a> {
    pub(crate) fn new(
        policy: &'a Policy,
        request: &'a Request,
        view: &'a dyn StateView,
        answers: &'a Answers,
    ) -> Eval<'a> {
        Eval { answers: Some(answers), ..Eval::alone(policy, request, view) }
    }

    /// For a policy that calls no functions of the host.
    pub(crate) fn alone(policy: &'a Policy, request: &'a Request, view: &'a dyn StateView) -> Eval<'a> {
        let answers = None;
        Eval { policy, request, view, tier: None, realm: Realm::Confirmed, answers, fuel: FUEL }
    }

    /// Was the decision too costly? Then nothing it found may be trusted.
    pub(crate) fn exhausted(&self) -> bool {
        self.fuel == 0
    }

    /// Counts one element.
    fn spend(&mut self) -> bool {
        self.fuel = self.fuel.saturating_sub(1);
        self.fuel > 0
    }

    pub(crate) fn expr(&self, id: ExprId) -> Option<&'a Expr> {
        self.policy.bundle.exprs.get(id.index())
    }

    pub(crate) fn operands(&self, range: Range) -> &'a [ExprId] {
        let start = range.start as usize;
        self.policy.bundle.operands.get(start..start.saturating_add(range.len as usize)).unwrap_or_default()
    }

    /// Whether a test holds.
    pub(crate) fn truth(&mut self, id: ExprId, scope: Scope<'_, 'a>) -> Tri {
        let Some(expr) = self.expr(id) else { return Tri::Unknown };
        if let Some(answer) = self.quick(expr, scope) {
            return answer;
        }
        match expr {
            Expr::And(range) => self.fold(*range, scope, Tri::True, Tri::False),
            Expr::Or(range) => self.fold(*range, scope, Tri::False, Tri::True),
            Expr::Not(e) => self.truth(*e, scope).not(),
            Expr::Eq(a, b) => self.eq(*a, *b, scope),
            Expr::Compare(op, a, b) => self.compare(*op, *a, *b, scope),
            Expr::In(value, list) => self.contains(*value, *list, scope),
            Expr::Match(e, pattern) => self.matches(*e, *pattern, scope),
            Expr::Present(e) => match self.eval(*e, scope) {
                Ev::Absent => Tri::False,
                Ev::Unknown => Tri::Unknown,
                _ => Tri::True,
            },
            Expr::InWindow(e, window) => self.in_window(*e, *window, scope),
            Expr::HasLabel(label) => self.has_label(*label),
            Expr::UserHasRole(role) => self.request.user_has_role(*role),
            Expr::TierAtLeast(tier) => Tri::from(self.tier.map(|t| t >= *tier)),
            Expr::Prior(prior, keys, within) => self.prior(*prior, *keys, *within, scope),
            Expr::Quant(op @ (QuantOp::Any | QuantOp::All | QuantOp::None), list, body) => {
                self.quantify(*op, *list, *body, scope)
            }
            _ => self.eval(id, scope).truth(),
        }
    }

    /// *And* or *or*: `decisive` ends it.
    fn fold(&mut self, range: Range, scope: Scope<'_, 'a>, start: Tri, decisive: Tri) -> Tri {
        let mut result = start;
        for operand in self.operands(range) {
            let truth = self.truth(*operand, scope);
            if truth == decisive {
                return decisive;
            }
            if truth == Tri::Unknown {
                result = Tri::Unknown;
            }
        }
        result
    }

    /// What an expression comes to.
    pub(crate) fn eval(&mut self, id: ExprId, scope: Scope<'_, 'a>) -> Ev<'a> {
        let Some(expr) = self.expr(id) else { return Ev::Unknown };
        match expr {
            Expr::Const(id) => Ev::fact(self.policy.bundle.consts.get(id.index())),
            Expr::Arg(i) => self.request.arg(self.policy, *i),
            Expr::Fact(fact) => self.fact(*fact),
            Expr::Attr(root, i) => self.request.attr(*root, *i),
            Expr::Live(i) => Ev::fact(self.request.live.get(*i as usize).and_then(Option::as_ref)),
            Expr::Local(depth) => bound(*depth, scope).cloned().unwrap_or(Ev::Unknown),
            Expr::RecordField(e, i) => record_field(self.eval(*e, scope), *i),
            Expr::Builtin(builtin, range) => self.builtin(*builtin, *range, scope),
            Expr::Concat(..) => self.concat(id, scope),
            Expr::Len(e) => self.len(*e, scope),
            Expr::Quant(QuantOp::Count, list, body) => self.count(*list, *body, scope),
            Expr::List(range) => Ev::Literal(*range),
            Expr::Else(a, b) => match self.eval(*a, scope) {
                Ev::Absent => self.eval(*b, scope),
                other => other,
            },
            Expr::JsonAt(e, pointer, ty) => {
                let pointer = self.policy.bundle.consts.get(pointer.index()).and_then(Value::as_str);
                let schema = &self.policy.bundle.schema;
                match (self.eval(*e, scope).value(), pointer) {
                    (Some(Value::Json(json)), Some(pointer)) => {
                        crate::json_at(json, pointer, ty, schema, &self.policy.limits).map_or(Ev::Unknown, Ev::own)
                    }
                    _ => Ev::Unknown,
                }
            }
            Expr::Origins(arg, path) => Ev::fact(self.request.origins(*arg, path)),
            Expr::Collect(kind) => self.collect(*kind),
            Expr::Extern(i, range) => self.call_extern(*i, *range, scope),
            _ => self.truth(id, scope).into(),
        }
    }

    /// A value for use in strict places: what is not fully known is `None`.
    pub(crate) fn known(&mut self, id: ExprId, scope: Scope<'_, 'a>) -> Option<Val<'a>> {
        let value = self.eval(id, scope);
        match self.resolve(value, scope) {
            Ev::Known(value) => Some(value),
            _ => None,
        }
    }

    fn eq(&mut self, a: ExprId, b: ExprId, scope: Scope<'_, 'a>) -> Tri {
        let (a, b) = (self.eval(a, scope), self.eval(b, scope));
        self.equal(a, b, scope)
    }

    fn equal(&mut self, a: Ev<'a>, b: Ev<'a>, scope: Scope<'_, 'a>) -> Tri {
        if let (Some(Value::Str(a)), Some(Value::Str(b))) = (a.value(), b.value()) {
            return Tri::from(a == b);
        }
        let (a, b) = (self.resolve(a, scope), self.resolve(b, scope));
        compare::eq(&[a.as_arg(), b.as_arg()]).truth()
    }

    fn compare(&mut self, op: CompareOp, a: ExprId, b: ExprId, scope: Scope<'_, 'a>) -> Tri {
        let (a, b) = (self.eval(a, scope), self.eval(b, scope));
        compare::order(&[a.as_arg(), b.as_arg()], |order| op.holds(order)).truth()
    }

    fn matches(&mut self, e: ExprId, pattern: u32, scope: Scope<'_, 'a>) -> Tri {
        let Some(pattern) = self.policy.index.patterns.get(pattern as usize) else { return Tri::Unknown };
        let value = self.eval(e, scope);
        let answer = match value.value() {
            Some(Value::Str(text)) => pattern.matches(text),
            Some(Value::Url(url)) => pattern.matches(url.as_str()),
            Some(Value::Host(host)) => pattern.matches(&host.to_string()),
            Some(Value::Email(email)) => pattern.matches(&email.to_string()),
            Some(Value::Path(path)) => match path.resolved() {
                // As for `under`: the path and what it leads to must agree.
                Some(target) => {
                    let lexical = pattern.matches(path.as_str());
                    if lexical == pattern.matches(target) { lexical } else { None }
                }
                None => None,
            },
            _ => None,
        };
        Tri::from(answer)
    }

    fn in_window(&mut self, e: ExprId, window: u32, scope: Scope<'_, 'a>) -> Tri {
        let Some(window) = self.policy.bundle.windows.get(window as usize) else { return Tri::Unknown };
        let Some(zone) = self.policy.index.zones.get(window.zone as usize) else { return Tri::Unknown };
        match self.eval(e, scope).value() {
            Some(Value::Time(time)) => Tri::from(window.window.contains(*time, zone)),
            _ => Tri::Unknown,
        }
    }

    fn has_label(&mut self, label: u32) -> Tri {
        if self.request.labels.contains(label) {
            return Tri::True;
        }
        let Some(name) = self.policy.bundle.labels.get(label as usize) else { return Tri::Unknown };
        if self.request.session().is_none() {
            return Tri::Unknown;
        }
        let confirmed = self.view.has_label(Realm::Confirmed, name).unwrap_or(Tri::Unknown);
        match self.realm {
            Realm::Confirmed => confirmed,
            Realm::Shadow => confirmed.or(self.view.has_label(Realm::Shadow, name).unwrap_or(Tri::Unknown)),
        }
    }

    fn prior(&mut self, id: PriorId, keys: Range, within: i64, scope: Scope<'_, 'a>) -> Tri {
        let Some(prior) = self.policy.bundle.priors.get(id.index()) else { return Tri::Unknown };
        if self.request.session().is_none() {
            return Tri::Unknown;
        }
        let params =
            self.policy.bundle.tools.get(prior.tool.index()).map(|tool| tool.params.as_slice()).unwrap_or_default();
        let mut key = KeyHash::new();
        for (operand, param) in self.operands(keys).iter().zip(&prior.params) {
            let is_set = || matches!(params.get(*param as usize).map(|param| &param.ty), Some(Type::Set(_)));
            match self.known(*operand, scope) {
                // A set that is written as a list of expressions.
                Some(list) if matches!(list.get(), Value::List(_)) && is_set() => {
                    let items = list.get().elements().unwrap_or_default();
                    key.add(Some(&Value::set(items.to_vec())));
                }
                value => key.add(value.as_ref().map(Val::get)),
            }
        }
        let key = key.finish();
        let within = Duration::from_millis(within);
        let query = PriorQuery { query: &prior.key, key: key.as_ref(), now: self.request.time, within };
        self.view.prior(&query).unwrap_or(Tri::Unknown)
    }

    /// What a function of the host says, if it has been asked.
    fn call_extern(&mut self, i: u32, range: Range, scope: Scope<'_, 'a>) -> Ev<'a> {
        let mut args = Vec::with_capacity(range.len as usize);
        for operand in self.operands(range) {
            match self.known(*operand, scope) {
                Some(value) => args.push(value.into_value()),
                None => return Ev::Unknown,
            }
        }
        self.answers.and_then(|answers| answers.get(self.policy, i, args)).map_or(Ev::Unknown, Ev::own)
    }
}

/// The variable of the quantifier at this depth.
pub(crate) fn bound<'s, 'a>(depth: u32, mut scope: Scope<'s, 'a>) -> Option<&'s Ev<'a>> {
    while let Some(local) = scope {
        if local.depth == depth {
            return Some(&local.value);
        }
        scope = local.outer;
    }
    None
}

/// A field of a record; of an absent record it is unknown.
fn record_field(record: Ev<'_>, i: u32) -> Ev<'_> {
    match record {
        Ev::Known(Val::Ref(Value::Record(fields))) => match fields.get(i as usize) {
            Some(field) => Ev::field(field.as_ref()),
            None => Ev::Unknown,
        },
        Ev::Known(Val::Own(Value::Record(fields))) => match fields.get(i as usize) {
            Some(Some(field)) => Ev::own(field.clone()),
            Some(None) => Ev::Absent,
            None => Ev::Unknown,
        },
        _ => Ev::Unknown,
    }
}
