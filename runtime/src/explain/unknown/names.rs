//! How the policy would write a slot: for naming facts in explanations. Evaluates nothing.

use super::{Blame, operands};
use crate::builtins::Form;
use crate::bundle::{AttrRoot, Bundle, Expr, ExprId};
use crate::{Collect, Field, Type, Value};

impl<'a> Blame<'_, 'a> {
    /// The expression as a policy would write it, without its constants.
    pub(super) fn name(&self, id: ExprId) -> String {
        let bundle = &self.eval.policy.bundle;
        let Some(expr) = self.eval.expr(id) else { return String::new() };
        match expr {
            Expr::Arg(i) => format!("args.{}", field_name(self.arg(*i))),
            Expr::Attr(root, i) => {
                let (root, fields) = attributes(bundle, *root);
                format!("{root}.{}", field_name(fields.get(*i as usize)))
            }
            Expr::Fact(fact) => fact.name().to_owned(),
            Expr::Live(i) => bundle.lives.get(*i as usize).map_or_else(String::new, |live| live.name.clone()),
            Expr::Local(depth) => self.names.get(*depth as usize).cloned().unwrap_or_else(|| "an element".to_owned()),
            Expr::HasLabel(_) => "session.labels".to_owned(),
            Expr::AgentHasRole(_) => "agent.roles".to_owned(),
            Expr::UserHasRole(_) => "user.roles".to_owned(),
            Expr::TierAtLeast(_) => "tier".to_owned(),
            Expr::Extern(i, _) => format!("{}(…)", bundle.externs.get(*i as usize).map_or("?", |f| &f.name)),
            Expr::Prior(i, ..) => {
                let tool = bundle.priors.get(i.index()).and_then(|prior| bundle.tools.get(prior.tool.index()));
                format!("prior {}", tool.map_or("?", |tool| &tool.name))
            }
            Expr::Collect(kind) => format!("{}(args)", collect_name(*kind)),
            Expr::Origins(arg, _) => format!("origins(args.{})", field_name(self.arg(*arg))),
            Expr::RecordField(e, i) => {
                match self.ty(*e).and_then(|ty| self.record(ty)).and_then(|f| f.get(*i as usize)) {
                    Some(field) => format!("{}.{}", self.name(*e), field.name),
                    None => self.name(*e),
                }
            }
            Expr::JsonAt(e, pointer, _) => {
                let pointer = bundle.consts.get(pointer.index()).and_then(Value::as_str).unwrap_or_default();
                format!("{}.at(\"{pointer}\")", self.name(*e))
            }
            Expr::Builtin(i, range) => {
                let row = self.eval.policy.index.builtins.get(*i as usize).copied();
                let first = self.eval.operands(*range).first().map_or_else(String::new, |e| self.name(*e));
                match row {
                    Some(row) if matches!(row.form, Form::Member | Form::Method) => {
                        format!("{first}.{}", row.surface())
                    }
                    _ => first,
                }
            }
            Expr::Concat(a, b) => format!("{} + {}", self.name(*a), self.name(*b)),
            Expr::List(_) | Expr::Const(_) => "a constant".to_owned(),
            other => operands(self.eval, other).first().map_or_else(|| "a value".to_owned(), |e| self.name(*e)),
        }
    }

    fn arg(&self, i: u32) -> Option<&'a Field> {
        let policy = self.eval.policy;
        policy.bundle.tools.get(self.eval.request.tool.index())?.params.get(i as usize)
    }

    /// The type of a slot.
    fn ty(&self, id: ExprId) -> Option<&'a Type> {
        let policy = self.eval.policy;
        let field = match self.eval.expr(id)? {
            Expr::Arg(i) => self.arg(*i),
            Expr::Attr(root, i) => attributes(&policy.bundle, *root).1.get(*i as usize),
            Expr::RecordField(e, i) => self.record(self.ty(*e)?)?.get(*i as usize),
            _ => None,
        };
        field.map(|field| &field.ty)
    }

    fn record(&self, ty: &Type) -> Option<&'a [Field]> {
        let policy = self.eval.policy;
        match ty {
            Type::Record(id) => policy.bundle.schema.record(*id).map(|record| record.fields.as_slice()),
            _ => None,
        }
    }
}

fn field_name(field: Option<&Field>) -> &str {
    field.map_or("?", |field| &field.name)
}

fn attributes(bundle: &Bundle, root: AttrRoot) -> (&'static str, &[Field]) {
    match root {
        AttrRoot::Agent => ("agent", &bundle.agent),
        AttrRoot::User => ("user", &bundle.user),
        AttrRoot::Context => ("context", &bundle.context),
    }
}

fn collect_name(kind: Collect) -> &'static str {
    match kind {
        Collect::Paths => "paths",
        Collect::Urls => "urls",
        Collect::Hosts => "hosts",
        Collect::Emails => "emails",
        Collect::Commands => "commands",
    }
}
