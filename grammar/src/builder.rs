//! Small constructors that the grammar's actions call.
//!
//! Nothing here reports anything: what needs the source or the list of errors
//! is a method of [`Cx`](crate::parser::Cx).

use crate::ast::*;
use crate::error::{SyntaxError, code};
use crate::span::Span;

/// What can stand at the top level.
#[derive(Debug)]
pub(crate) enum Top {
    /// `package a.b`
    Package(PackageDecl),
    /// Any other declaration.
    Item(Item),
}

pub(crate) fn unary(op: UnaryOp, op_span: Span, operand: Expr) -> Expr {
    let span = op_span.join(operand.span);
    Expr { kind: ExprKind::Unary { op, op_span, operand: Box::new(operand) }, span }
}

pub(crate) fn binary(lhs: Expr, op: BinaryOp, op_span: Span, rhs: Expr) -> Expr {
    let span = lhs.span.join(op_span).join(rhs.span);
    Expr { kind: ExprKind::Binary { op, op_span, lhs: Box::new(lhs), rhs: Box::new(rhs) }, span }
}

pub(crate) fn field(base: Expr, field: Ident) -> Expr {
    let span = base.span.join(field.span);
    Expr { kind: ExprKind::Field { base: Box::new(base), field }, span }
}

pub(crate) fn named_type(span: Span, path: Path) -> TypeExpr {
    let kind = if path.is_hole() { TypeExprKind::Error } else { TypeExprKind::Name(path) };
    TypeExpr { kind, span }
}

pub(crate) fn dialect_type(span: Span, path: Path, dialect: Ident) -> TypeExpr {
    let name = path.segments.into_iter().next_back();
    let name = name.unwrap_or_else(|| Ident::hole(span));
    TypeExpr { kind: TypeExprKind::Dialect { name, dialect }, span }
}

pub(crate) fn use_module(path: Path) -> UseSource {
    if path.is_hole() { UseSource::Error(path.span) } else { UseSource::Module(path) }
}

pub(crate) fn target(span: Span, path: Path) -> Target {
    let kind = if path.is_hole() { TargetKind::Error } else { TargetKind::Name(path) };
    Target { kind, span }
}

pub(crate) fn cell_outcome(approvals: Vec<Path>) -> OutcomeKind {
    if approvals.iter().any(Path::is_hole) { OutcomeKind::Error } else { OutcomeKind::Require(approvals) }
}

/// A name that is written as a string: a key of an object, a value of an enum.
pub(crate) fn quoted_name(lit: StrLit) -> Ident {
    Ident { name: lit.value, span: lit.span }
}

pub(crate) fn last_timeout(body: Option<Vec<TextLit>>) -> Option<TextLit> {
    body.and_then(|clauses| clauses.into_iter().next_back())
}

pub(crate) fn tier_comma(span: Span) -> SyntaxError {
    SyntaxError::new(code::TIER_COMMA, span, "tiers are separated by `<`, lowest first").fix("write `<`", span, " <")
}

pub(crate) fn assign_for_eq(span: Span) -> SyntaxError {
    SyntaxError::new(code::ASSIGN_FOR_EQ, span, "`=` compares nothing").help("did you mean `==`?").fix(
        "write `==`",
        span,
        "==",
    )
}

pub(crate) fn no_unit(number: TextLit) -> SyntaxError {
    SyntaxError::new(code::NO_UNIT, number.span, format!("the duration `{}` has no unit", number.text))
        .help("durations are written like `90s`, `15m`, `2h30m` or `7d`")
}

pub(crate) fn no_time(date: TextLit) -> SyntaxError {
    SyntaxError::new(code::NO_TIME, date.span, format!("`{}` is a date, and a time is needed here", date.text))
        .help(format!("write a time with a zone, like `{}T10:00:00Z`", date.text))
}
