//! Packages built by hand, for tests of everything behind the checker.

use std::sync::Arc;

use claw_runtime::{Duration, Field, Type, Value, Vocab};

use crate::checked::Checked;
use crate::hir::*;

pub fn loc() -> Loc {
    Loc { file: FileId(0), span: Span::at(0) }
}

pub fn decl(name: &str) -> Decl {
    let (doc, attrs) = Default::default();
    Decl { name: name.to_owned(), module: ModuleId(0), name_loc: loc(), loc: loc(), doc, attrs }
}

pub fn field(name: &str, ty: Type, optional: bool) -> Field {
    Field { name: name.to_owned(), ty, optional, default: None, doc: String::new() }
}

pub fn word(name: &str) -> Word {
    Word { decl: decl(name) }
}

/// A package with one module and the vocabulary that the tests use.
pub fn package() -> Package {
    let module = Module {
        name: "acme".to_owned(),
        file: FileId(0),
        doc: String::new(),
        uses: Vec::new(),
        may_grant: true,
        is_std: false,
    };
    let roles = (0..3).map(|i| Role { decl: decl(&format!("r{i}")), includes: vec![], closure: vec![RoleId(i)] });
    let attr = |field| Attr { field, loc: loc(), module: ModuleId(0) };
    Package {
        name: "acme".to_owned(),
        modules: vec![module],
        tiers: ["low", "mid", "high"].map(word).into(),
        environments: ["dev", "staging", "prod"].map(word).into(),
        roles: roles.collect(),
        labels: ["l0", "l1"].map(word).into(),
        agent: (0..2).map(|i| attr(field(&format!("a{i}"), Type::Str, true))).collect(),
        context: (0..3).map(|i| attr(field(&format!("c{i}"), Type::Bool, true))).collect(),
        approvals: ["p0", "p1"].map(approval).into(),
        ..Package::default()
    }
}

fn approval(name: &str) -> Approval {
    let by = vec![Quorum { n: 1, roles: vec![RoleId(0)], loc: loc() }];
    let expires = Duration::from_millis(60_000);
    Approval { decl: decl(name), by, by_user: false, expires, reuse: None, note_required: false }
}

pub fn tool(name: &str, params: Vec<Field>) -> Tool {
    Tool {
        decl: decl(name),
        kind: ToolKind::Tool,
        param_locs: params.iter().map(|_| loc()).collect(),
        params,
        wire: name.to_owned(),
        server: None,
        tags: Vec::new(),
        pinned: None,
    }
}

pub fn target(arms: impl IntoIterator<Item = TargetKind>) -> Target {
    let arms = arms.into_iter().map(|kind| TargetArm { kind, loc: loc() }).collect();
    Target { arms, envs: None, tools: Vec::new(), loc: None }
}

pub fn grant(text: &str, target: Target, to: &[u32]) -> Grant {
    Grant {
        decl: decl(text),
        target,
        to: to.iter().map(|r| RoleId(*r)).collect(),
        to_any: to.is_empty(),
        for_user: Vec::new(),
        status: Status::Confirmed,
    }
}

pub fn rule(name: &str, target: Target, when: Vec<Expr>, unless: Vec<Expr>, effects: Vec<EffectKind>) -> Rule {
    let effects = effects.into_iter().map(|kind| Effect { kind, loc: loc() }).collect();
    Rule { decl: decl(name), target, when, unless, effects, suggest: None, status: Status::Confirmed }
}

pub fn message(text: &str) -> Message {
    Message { parts: vec![MessagePart::Text(text.to_owned())] }
}

pub fn expr(kind: ExprKind, ty: Type) -> Expr {
    Expr { kind, ty, loc: loc() }
}

pub fn test(kind: ExprKind) -> Expr {
    expr(kind, Type::Bool)
}

pub fn not(inner: Expr) -> Expr {
    test(ExprKind::Not(inner.into()))
}

pub fn text(value: &str) -> Expr {
    expr(ExprKind::Const(Value::Str(value.into())), Type::Str)
}

pub fn texts(values: &[String]) -> Expr {
    let items: Vec<Value> = values.iter().map(|v| Value::Str(v.as_str().into())).collect();
    expr(ExprKind::Const(Value::List(items.into())), Type::List(Type::Str.into()))
}

pub fn arg(name: &str, ty: Type) -> Expr {
    expr(ExprKind::Arg(name.to_owned()), ty)
}

pub fn attr(index: u32) -> Expr {
    expr(ExprKind::Attr(AttrRoot::Agent, index), Type::Str)
}

pub fn flag(index: u32) -> Expr {
    test(ExprKind::Attr(AttrRoot::Context, index))
}

pub fn env() -> Expr {
    expr(ExprKind::Fact(Fact::Env), Type::Word(Vocab::Environment))
}

pub fn eq(a: Expr, b: Expr) -> Expr {
    test(ExprKind::Eq(a.into(), b.into()))
}

pub fn is_in(a: Expr, b: Expr) -> Expr {
    test(ExprKind::In(a.into(), b.into()))
}

pub fn checked(package: Package) -> Checked {
    Checked::new(Arc::new(package), false).expect("no holes")
}
