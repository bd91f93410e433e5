//! Does a `where` depend on the row at all?

use sqlparser::ast::{BinaryOperator, Expr, Query, Select, SetExpr, Statement, UnaryOperator, Value, Visit, Visitor};
use std::ops::ControlFlow;

use crate::Tri;

/// False if the condition is missing, or certainly the same for all rows.
pub(super) fn filters(condition: Option<&Expr>) -> Tri {
    condition.map_or(Tri::False, depends)
}

/// Of every outermost `select … from` of the query.
pub(super) fn query_filters(query: &Query) -> Tri {
    let mut all = Tri::True;
    let mut pending = vec![&*query.body];
    while let Some(body) = pending.pop() {
        match body {
            SetExpr::Select(select) => all = all.and(select_filters(select)),
            SetExpr::Query(query) => pending.push(&query.body),
            SetExpr::SetOperation { left, right, .. } => pending.extend([&**left, &**right]),
            SetExpr::Table(_) => return Tri::False,
            // These are statements and are asked by themselves.
            SetExpr::Values(_) | SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {}
        }
    }
    all
}

fn select_filters(select: &Select) -> Tri {
    if select.from.is_empty() { Tri::True } else { filters(select.selection.as_ref()) }
}

/// The update or delete itself; other statements have nothing to filter.
pub(super) fn statement_filters(statement: &Statement) -> Tri {
    match statement {
        Statement::Update(update) => filters(update.selection.as_ref()),
        Statement::Delete(delete) => filters(delete.selection.as_ref()),
        Statement::Insert(insert) => insert.source.as_ref().map_or(Tri::True, |source| query_filters(source)),
        _ => Tri::True,
    }
}

fn depends(condition: &Expr) -> Tri {
    match condition {
        Expr::Nested(inner) => depends(inner),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => depends(left).or(depends(right)),
        // One side that is always true suffices; one that is always false does no harm, but who can tell.
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => depends(left).and(depends(right)),
        Expr::UnaryOp { op: UnaryOperator::Not, expr } if has_constant_part(expr) => Tri::Unknown,
        Expr::UnaryOp { op: UnaryOperator::Not, .. } => Tri::True,
        other if !names_column(other) => Tri::False,
        other if is_trivial(other) => Tri::False,
        _ => Tri::True,
    }
}

/// Does part of a negated condition not depend on the row? Then it may hold for all rows.
fn has_constant_part(condition: &Expr) -> bool {
    match condition {
        Expr::Nested(inner) | Expr::UnaryOp { op: UnaryOperator::Not, expr: inner } => has_constant_part(inner),
        Expr::BinaryOp { left, op: BinaryOperator::And | BinaryOperator::Or, right } => {
            has_constant_part(left) || has_constant_part(right)
        }
        other => !names_column(other) || compares_to_itself(other),
    }
}

/// True of every row, unknown values apart.
fn is_trivial(condition: &Expr) -> bool {
    match condition {
        Expr::Like { negated: false, pattern, .. } | Expr::ILike { negated: false, pattern, .. } => {
            matches!(&**pattern, Expr::Value(v) if matches!(&v.value, Value::SingleQuotedString(s) if s.bytes().all(|c| c == b'%')))
        }
        other => compares_to_itself(other),
    }
}

fn compares_to_itself(condition: &Expr) -> bool {
    match condition {
        Expr::BinaryOp { left, right, .. } | Expr::IsNotDistinctFrom(left, right) => left == right,
        Expr::Between { expr, low, high, .. } => expr == low && expr == high,
        Expr::InList { expr, list, .. } => list.contains(expr),
        _ => false,
    }
}

fn names_column(expr: &Expr) -> bool {
    struct Columns;
    impl Visitor for Columns {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            match expr {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::CompoundFieldAccess { .. } => {
                    ControlFlow::Break(())
                }
                Expr::MatchAgainst { .. } => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    expr.visit(&mut Columns).is_break()
}
