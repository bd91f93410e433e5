//! Expressions: the walk, and where a type is expected.
//!
//! Types flow both ways. What is expected goes down as a hint, so that literals and words of vocabularies find their
//! meaning; what was found comes up and is compared.

use claw_runtime::{Type, Value};
use claw_syntax::Span;
use claw_syntax::ast::{self, ExprKind as Ast, UnaryOp};

use crate::analysis::Symbol;
use crate::diagnostics::{Code, Diagnostic, codes};
use crate::hir::{Expr, ExprKind, Loc, ModuleId, QuantOp, ToolId};
use crate::resolve::Cx;

/// Which arguments `args` has.
#[derive(Clone, Debug)]
pub(crate) enum Args {
    /// None here, and why.
    None(&'static str),
    /// Those that all of these tools have.
    Of(Vec<ToolId>),
}

/// A quantifier's variable or a predicate's parameter.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub name: String,
    pub ty: Type,
    pub loc: Loc,
}

/// Checks expressions of one place.
pub(crate) struct Exprs<'c, 'w> {
    pub cx: &'c mut Cx<'w>,
    pub module: ModuleId,
    pub args: Args,
    pub locals: Vec<Local>,
    /// The tool of the `prior` whose conditions are being checked.
    pub prior: Option<ToolId>,
    /// Constants only: nothing of the request can be read.
    pub constant: bool,
}

impl<'c, 'w> Exprs<'c, 'w> {
    pub fn new(cx: &'c mut Cx<'w>, module: ModuleId, args: Args) -> Exprs<'c, 'w> {
        Exprs { cx, module, args, locals: Vec::new(), prior: None, constant: false }
    }

    pub fn constants(cx: &'c mut Cx<'w>, module: ModuleId) -> Exprs<'c, 'w> {
        let args = Args::None("a constant can't depend on a call");
        Exprs { constant: true, ..Exprs::new(cx, module, args) }
    }

    pub fn loc(&self, span: Span) -> Loc {
        self.cx.loc(self.module, span)
    }

    pub fn hole(&self, span: Span) -> Expr {
        Expr { kind: ExprKind::Error, ty: Type::Error, loc: self.loc(span) }
    }

    pub fn expr(&self, kind: ExprKind, ty: Type, span: Span) -> Expr {
        Expr { kind, ty, loc: self.loc(span) }
    }

    /// Reports a mistake; the result is a hole.
    pub fn fail(&mut self, code: Code, span: Span, message: impl Into<String>) -> Expr {
        let loc = self.loc(span);
        self.cx.report(Diagnostic::new(code, loc, message));
        self.hole(span)
    }

    /// Reports a mistake; the result is a hole.
    pub fn fail_with(&mut self, span: Span, diagnostic: Diagnostic) -> Expr {
        self.cx.report(diagnostic);
        self.hole(span)
    }

    pub fn show(&self, ty: &Type) -> String {
        self.cx.show(ty)
    }

    /// A condition.
    pub fn condition(&mut self, e: &ast::Expr) -> Expr {
        self.check(e, &Type::Bool)
    }

    /// An expression of type `want`.
    pub fn check(&mut self, e: &ast::Expr, want: &Type) -> Expr {
        let expr = self.infer(e, Some(want));
        self.expect(expr, want)
    }

    /// Insists on a type.
    pub fn expect(&mut self, expr: Expr, want: &Type) -> Expr {
        if fits(&expr.ty, want) {
            return expr;
        }
        if *want == Type::Decimal
            && expr.ty == Type::Int
            && let Some(value) = self.cx.constant_value(&expr)
            && let Value::Int(n) = value
        {
            return Expr { kind: ExprKind::Const(Value::Decimal(n.into())), ty: Type::Decimal, loc: expr.loc };
        }
        let (found, wanted) = (self.show(&expr.ty), self.show(want));
        let message = match want {
            Type::Bool => format!("a condition is needed here, not a value of type `{found}`"),
            _ => format!("expected `{wanted}`, found `{found}`"),
        };
        let help = self.mismatch_help(&expr, want);
        self.cx.report(Diagnostic::new(codes::E0201, expr.loc, message).maybe_help(help));
        Expr { kind: ExprKind::Error, ty: Type::Error, loc: expr.loc }
    }

    fn mismatch_help(&self, expr: &Expr, want: &Type) -> Option<String> {
        let text = self.cx.text(expr.loc);
        match (want, &expr.ty) {
            (Type::List(inner) | Type::Set(inner), found) if fits(found, inner) => {
                Some(format!("write it as a list: `[{text}]`"))
            }
            (want, Type::List(inner) | Type::Set(inner)) if fits(inner, want) => {
                Some(format!("`{text}` is a list; look at its elements with `any(x in {text}: …)`"))
            }
            (Type::Bool, Type::List(_) | Type::Set(_)) => {
                Some(format!("to ask whether it has elements, write `len({text}) > 0`"))
            }
            (Type::Bool, _) if text.contains('"') => None,
            (Type::Bool, _) => Some(format!("compare it with something, or write `present({text})`")),
            (Type::Duration, Type::Int) => Some(format!("durations have a unit: `{text}s`, `{text}m`")),
            (want, Type::Str) if want.is_domain() && !matches!(expr.kind, ExprKind::Const(_)) => {
                Some(format!("give it the type `{}` where it is declared", self.show(want)))
            }
            _ => None,
        }
    }

    /// The expression with the type it has by itself; `want` helps literals and words to find theirs.
    pub fn infer(&mut self, e: &ast::Expr, want: Option<&Type>) -> Expr {
        let expr = self.infer_kind(e, want);
        if expr.ty != Type::Error {
            self.cx.types.push((expr.loc, expr.ty.clone()));
        }
        expr
    }

    fn infer_kind(&mut self, e: &ast::Expr, want: Option<&Type>) -> Expr {
        match &e.kind {
            Ast::Error => self.hole(e.span),
            Ast::Paren(inner) => self.infer(inner, want),
            Ast::Int(_)
            | Ast::Decimal(_)
            | Ast::Str(_)
            | Ast::Bool(_)
            | Ast::Duration(_)
            | Ast::Time(_)
            | Ast::Date(_)
            | Ast::DateTime(_) => self.literal(e, want),
            Ast::List(items) => self.list(e.span, items, want),
            // The grammar reports it.
            Ast::Object(_) => self.hole(e.span),
            Ast::Name(name) => self.name(name, want),
            Ast::Field { base, field } => self.field(e, base, field),
            Ast::Call { callee, args } => self.call(e.span, callee, args),
            Ast::Unary { op: UnaryOp::Not, operand, .. } => {
                let inner = self.condition(operand);
                self.not(inner, e.span)
            }
            Ast::Unary { op: UnaryOp::Neg, operand, .. } => self.negate(e.span, operand, want),
            Ast::Binary { op, op_span, lhs, rhs } => self.binary(e.span, *op, *op_span, lhs, rhs, want),
            Ast::As { expr, ty } => self.json_at(e.span, expr, ty),
            Ast::Quant { kind, var, list, body } => self.quantifier(e.span, *kind, var, list, body),
            Ast::Prior { tool, conditions, within } => self.prior(e.span, tool, conditions.as_deref(), within),
        }
    }

    pub fn not(&self, inner: Expr, span: Span) -> Expr {
        if inner.ty == Type::Error {
            return self.hole(span);
        }
        self.expr(ExprKind::Not(Box::new(inner)), Type::Bool, span)
    }

    fn quantifier(
        &mut self,
        span: Span,
        kind: ast::QuantKind,
        var: &ast::Ident,
        list: &ast::Expr,
        body: &ast::Expr,
    ) -> Expr {
        let list = self.infer(list, None);
        let element = match (&list.ty, list.ty.element()) {
            (Type::Error, _) => Type::Error,
            (_, Some(element)) => element.clone(),
            (ty, None) => {
                let message = format!("`{}` runs over a list, but this is `{}`", kind.word(), self.show(ty));
                self.cx.report(Diagnostic::new(codes::E0211, list.loc, message));
                Type::Error
            }
        };
        let loc = self.loc(var.span);
        self.check_hidden(var, loc);
        self.cx.declare_at(loc, Symbol::Local(loc));
        self.locals.push(Local { name: var.name.clone(), ty: element.clone(), loc });
        let body = self.condition(body);
        self.locals.pop();
        if element == Type::Error || body.ty == Type::Error {
            return self.hole(span);
        }
        let (op, ty) = match kind {
            ast::QuantKind::Any => (QuantOp::Any, Type::Bool),
            ast::QuantKind::All => (QuantOp::All, Type::Bool),
            ast::QuantKind::None => (QuantOp::None, Type::Bool),
            ast::QuantKind::Count => (QuantOp::Count, Type::Int),
        };
        self.expr(ExprKind::Quant(op, Box::new(list), Box::new(body)), ty, span)
    }

    /// A variable may not hide another, a root or a constant: the reader would have to guess.
    fn check_hidden(&mut self, var: &ast::Ident, loc: Loc) {
        if var.is_hole() {
            return;
        }
        let other = self.locals.iter().find(|l| l.name == var.name).map(|l| l.loc);
        let names = &self.cx.spaces[self.module.index()].names;
        let global = names.get(&var.name).filter(|(s, _)| matches!(s, Symbol::Let(_) | Symbol::Live(_)));
        let hidden = other.or(global.map(|(_, loc)| *loc));
        let error =
            |message: String| Diagnostic::new(codes::E0219, loc, message).help("give this variable another name");
        if let Some(hidden) = hidden {
            let message = format!("the variable `{}` hides another declaration", var.name);
            self.cx.report(error(message).label(hidden, "this one"));
        } else if super::names::ROOTS.contains(&var.name.as_str()) {
            self.cx.report(error(format!("the variable `{}` hides the word `{}` of the language", var.name, var.name)));
        }
    }
}

/// Whether a value of type `found` can stand where `want` is needed. Holes fit everywhere.
pub(crate) fn fits(found: &Type, want: &Type) -> bool {
    match (found, want) {
        (Type::Error, _) | (_, Type::Error) => true,
        (Type::List(a), Type::List(b)) | (Type::Set(a), Type::Set(b)) => fits(a, b),
        _ => found == want || found.is_kin(want),
    }
}

/// The expression without its parentheses, if it is the bare name `word`.
pub(crate) fn is_name(e: &ast::Expr, word: &str) -> bool {
    matches!(&e.unparen().kind, Ast::Name(ident) if ident.name == word)
}
