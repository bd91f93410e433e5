//! Leaves of expressions: what the host said, calls of builtins, and values gathered from all arguments.

use crate::builtins::{Arg, Out};
use crate::bundle::{Expr, Fact, Range};
use crate::eval::lists::opaque;
use crate::eval::{Ev, Eval, Scope, bound};
use crate::{Collect, Tri, Value, collect_fields};

/// How many arguments a builtin takes before they are kept on the heap.
const INLINE: usize = 4;

impl<'a> Eval<'a> {
    pub(crate) fn fact(&self, fact: Fact) -> Ev<'a> {
        let (request, index) = (self.request, &self.policy.index);
        let facts = || request.facts(self.policy);
        match fact {
            Fact::AgentId => Ev::Known(super::Val::Ref(&facts().agent_id)),
            Fact::AgentOwner => Ev::field(facts().agent_owner.as_ref()),
            Fact::AgentChain => Ev::Known(super::Val::Ref(&facts().chain)),
            Fact::AgentDepth => Ev::Known(super::Val::Ref(request.depth())),
            Fact::UserId => Ev::fact(facts().user_id.as_ref()),
            Fact::SessionId => Ev::fact(facts().session.as_ref()),
            Fact::Now => Ev::fact(request.now()),
            Fact::Tenant => Ev::fact(facts().tenant.as_ref()),
            Fact::Env => Ev::fact(index.env_values.get(request.env as usize)),
            Fact::ToolName => Ev::fact(index.tool_values.get(request.tool.index()).map(|(name, _)| name)),
            Fact::ToolServer => match index.tool_values.get(request.tool.index()) {
                Some((_, server)) => Ev::field(server.as_ref()),
                None => Ev::Unknown,
            },
        }
    }

    pub(crate) fn builtin(&mut self, builtin: u32, range: Range, scope: Scope<'_, 'a>) -> Ev<'a> {
        let Some(builtin) = self.policy.index.builtins.get(builtin as usize) else { return Ev::Unknown };
        let operands = self.operands(range);
        if let [value, list] = operands
            && let Some(Expr::Const(id)) = self.expr(*list)
            && let Some(bases) = self.policy.index.bases(builtin, *id)
        {
            let value = self.argument(*value, scope);
            return value.value().map_or(Tri::Unknown, |value| bases.above(value)).into();
        }
        if let [operand] = operands {
            // Most are members, and most of these of a quantifier's variable, which need not be copied.
            if let Some(Expr::Local(depth)) = self.expr(*operand)
                && let Some(value) = bound(*depth, scope)
                && !matches!(value, Ev::Literal(_))
            {
                return builtin.call(&[value.as_arg()]).into();
            }
            return builtin.call(&[self.argument(*operand, scope).as_arg()]).into();
        }
        let mut values: [Ev<'a>; INLINE] = [const { Ev::Unknown }; INLINE];
        if operands.len() > INLINE {
            let values: Vec<Ev<'a>> = operands.iter().map(|e| self.argument(*e, scope)).collect();
            let args: Vec<Arg<'_>> = values.iter().map(Ev::as_arg).collect();
            return builtin.call(&args).into();
        }
        for (place, operand) in values.iter_mut().zip(operands) {
            *place = self.argument(*operand, scope);
        }
        let [a, b, c, d] = values.each_ref().map(Ev::as_arg);
        let args = [a, b, c, d];
        builtin.call(args.get(..operands.len()).unwrap_or_default()).into()
    }

    fn argument(&mut self, e: crate::bundle::ExprId, scope: Scope<'_, 'a>) -> Ev<'a> {
        let value = self.eval(e, scope);
        self.resolve(value, scope)
    }

    /// All values of one sort among the arguments, as far as they can be seen.
    pub(crate) fn collect(&mut self, kind: Collect) -> Ev<'a> {
        let bundle = &self.policy.bundle;
        let Some(tool) = bundle.tools.get(self.request.tool.index()) else { return opaque() };
        let Some(args) = self.request.known_args(self.policy) else { return opaque() };
        let mut items = Vec::new();
        let complete = collect_fields(args, &tool.params, &bundle.schema, kind, &mut |value| items.push(value.clone()));
        if complete { Ev::own(Value::list(items)) } else { Ev::Partial(items.into()) }
    }
}

impl Ev<'_> {
    /// As an argument of a builtin.
    pub(crate) fn as_arg(&self) -> Arg<'_> {
        match self {
            Ev::Known(value) => Arg::Known(value.get()),
            Ev::Partial(items) => Arg::Partial(items),
            Ev::Interval(low, high) => Arg::Interval(*low, high.unwrap_or(i64::MAX)),
            Ev::Literal(_) | Ev::Absent | Ev::Unknown => Arg::Unknown,
        }
    }
}

impl From<Out> for Ev<'_> {
    fn from(out: Out) -> Self {
        match out {
            Out::Known(value) => Ev::own(value),
            Out::Unknown => Ev::Unknown,
            Out::Partial(items) => Ev::Partial(items),
            Out::Interval(low, i64::MAX) => Ev::Interval(low, None),
            Out::Interval(low, high) => Ev::Interval(low, Some(high)),
        }
    }
}
