//! What of a request a condition reads, so that the values can be shown beside it.
//!
//! Knows nothing of decisions. What is kept in a host's state is not in the request, and is not shown.

use claw_runtime::{Json, Schema, Type};

use super::words::shorten;
use crate::hir::{AttrRoot, Expr, ExprKind, Fact, Package};
use crate::visit::walk;

/// Values are shown up to this many columns.
const VALUE: usize = 96;

const DEPTH: &str = "agent.depth";
const LABELS: &str = "session.labels";

/// A part of a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read {
    /// As a policy says it.
    text: String,
    place: Place,
    /// It holds a secret: never shown.
    secret: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// An argument, as it was judged.
    Arg(String),
    /// Members of the request, outermost first.
    Request(Vec<String>),
}

/// What an expression reads, also through predicates, sorted.
pub fn reads<'a>(package: &'a Package, exprs: impl IntoIterator<Item = &'a Expr>) -> Vec<Read> {
    let mut found = Vec::new();
    let mut seen = vec![false; package.predicates.len()];
    let mut left: Vec<&Expr> = exprs.into_iter().collect();
    while let Some(expr) = left.pop() {
        walk(expr, &mut |part| {
            if let ExprKind::Predicate(id, _) = part.kind
                && !std::mem::replace(&mut seen[id.index()], true)
            {
                left.push(&package.predicates[id.index()].body);
            }
            found.extend(read(package, part));
        });
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn read(package: &Package, expr: &Expr) -> Option<Read> {
    let member = |names: &[&str]| Place::Request(names.iter().map(|name| (*name).to_owned()).collect());
    let (text, place) = match &expr.kind {
        ExprKind::Arg(name) => (format!("args.{name}"), Place::Arg(name.clone())),
        ExprKind::Origins(name, _) => (format!("origins(args.{name})"), member(&["origins", &format!("/args/{name}")])),
        ExprKind::Attr(root, at) => {
            let (root, attrs) = match root {
                AttrRoot::Agent => ("agent", &package.agent),
                AttrRoot::User => ("user", &package.user),
                AttrRoot::Context => ("context", &package.context),
            };
            let name = &attrs.get(*at as usize)?.field.name;
            (format!("{root}.{name}"), member(&[root, name]))
        }
        ExprKind::Live(id) => {
            let name = &package.lives[id.index()].decl.name;
            (name.clone(), member(&["live", name]))
        }
        ExprKind::AgentHasRole(_) => ("agent.roles".to_owned(), member(&["agent", "roles"])),
        ExprKind::UserHasRole(_) => ("user.roles".to_owned(), member(&["user", "roles"])),
        ExprKind::HasLabel(_) => (LABELS.to_owned(), member(&["labels"])),
        ExprKind::Fact(fact) => {
            let (text, names) = fact_place(*fact)?;
            (text.to_owned(), member(names))
        }
        _ => return None,
    };
    Some(Read { text, place, secret: is_secret(&expr.ty, &package.schema, 0) })
}

fn fact_place(fact: Fact) -> Option<(&'static str, &'static [&'static str])> {
    Some(match fact {
        Fact::AgentId => ("agent.id", &["agent", "id"]),
        Fact::AgentOwner => ("agent.owner", &["agent", "owner"]),
        Fact::AgentChain => ("agent.chain", &["agent", "chain"]),
        Fact::AgentDepth => (DEPTH, &["agent", "chain"]),
        Fact::UserId => ("user.id", &["user", "id"]),
        Fact::SessionId => ("session.id", &["session"]),
        Fact::ToolServer => ("tool.server", &["server"]),
        Fact::Env => ("env", &["environment"]),
        Fact::Now => ("now", &["time"]),
        Fact::Tenant => ("tenant", &["tenant"]),
        Fact::ToolName => return None,
    })
}

/// Whether a value of this type can hold a secret; a type that nests deeper than anyone reads counts as one.
fn is_secret(ty: &Type, schema: &Schema, depth: u32) -> bool {
    match ty {
        Type::Secret => true,
        Type::List(inner) | Type::Set(inner) => is_secret(inner, schema, depth),
        Type::Record(id) => {
            let fields = schema.record(*id).map(|record| &record.fields[..]).unwrap_or_default();
            depth > 8 || fields.iter().any(|field| is_secret(&field.ty, schema, depth + 1))
        }
        _ => false,
    }
}

impl Read {
    /// The calling agent's roles, which grants are given to.
    pub fn roles() -> Read {
        let place = Place::Request(vec!["agent".to_owned(), "roles".to_owned()]);
        Read { text: "agent.roles".to_owned(), place, secret: false }
    }

    /// The value in a request: `args.amount = 700`.
    pub fn value(&self, request: &Json, args: &Json) -> String {
        let value = match &self.place {
            Place::Arg(name) => args.get(name),
            Place::Request(names) => names.iter().try_fold(request, |json, name| json.get(name)),
        };
        match value {
            Some(_) if self.secret => format!("{} = (a secret)", self.text),
            Some(Json::Arr(agents)) if self.text == DEPTH => format!("{DEPTH} = {}", agents.len()),
            None if self.text == DEPTH => format!("{DEPTH} = 0"),
            // The host's store may have more.
            Some(value) if self.text == LABELS => shorten(&format!("{LABELS} as sent: {value}"), VALUE),
            None if self.text == LABELS => format!("{LABELS}: none sent"),
            Some(value) => shorten(&format!("{} = {value}", self.text), VALUE),
            None => format!("{} is not given", self.text),
        }
    }
}
