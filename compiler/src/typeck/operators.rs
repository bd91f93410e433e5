//! Operators that are not comparisons: logic, arithmetic, `else`; and those of the builtin table.

use claw_runtime::{Op, Type, expected_right, lookup_negation, lookup_operator};
use claw_syntax::Span;
use claw_syntax::ast::{self, BinaryOp, ExprKind as Ast};

use super::Exprs;
use super::compare::ask_instead;
use super::expr::fits;
use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{Expr, ExprKind};
use crate::patterns;

impl Exprs<'_, '_> {
    pub(super) fn binary(
        &mut self,
        span: Span,
        op: BinaryOp,
        op_span: Span,
        lhs: &ast::Expr,
        rhs: &ast::Expr,
        want: Option<&Type>,
    ) -> Expr {
        // The grammar reports a chain of comparisons.
        let is_comparison = |e: &ast::Expr| matches!(&e.kind, Ast::Binary { op, .. } if op.is_comparison());
        if op.is_comparison() && (is_comparison(lhs) || is_comparison(rhs)) {
            self.infer(lhs, Some(&Type::Error));
            self.infer(rhs, Some(&Type::Error));
            return self.hole(span);
        }
        match op {
            BinaryOp::And | BinaryOp::Or => self.logic(span, op, lhs, rhs),
            BinaryOp::Eq => self.equality(span, lhs, rhs),
            BinaryOp::Ne => {
                let equal = self.equality(span, lhs, rhs);
                self.not(equal, span)
            }
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => self.order(span, op, op_span, lhs, rhs),
            BinaryOp::In => self.membership(span, lhs, rhs),
            BinaryOp::NotIn => {
                let within = self.membership(span, lhs, rhs);
                self.not(within, span)
            }
            BinaryOp::Under => self.under(span, op_span, lhs, rhs),
            BinaryOp::Like | BinaryOp::Matches => self.pattern(span, op, lhs, rhs),
            BinaryOp::Else => self.default_value(span, lhs, rhs, want),
            BinaryOp::Add | BinaryOp::Sub => self.arithmetic(span, op, op_span, lhs, rhs, want),
            BinaryOp::Mul => self.product(span, op_span, lhs, rhs, want),
        }
    }

    /// `a and b and c` as one node.
    fn logic(&mut self, span: Span, op: BinaryOp, lhs: &ast::Expr, rhs: &ast::Expr) -> Expr {
        let mut operands: Vec<&ast::Expr> = Vec::new();
        // Chains lean to the left: unrolled in a loop, they may be long.
        let mut left = lhs;
        operands.push(rhs);
        while let Ast::Binary { op: inner, lhs, rhs, .. } = &left.unparen().kind
            && *inner == op
        {
            operands.push(rhs);
            left = lhs;
        }
        operands.push(left);
        let parts: Vec<Expr> = operands.into_iter().rev().map(|e| self.condition(e)).collect();
        if parts.iter().any(|e| e.ty == Type::Error) {
            return self.hole(span);
        }
        let kind = if op == BinaryOp::And { ExprKind::And(parts) } else { ExprKind::Or(parts) };
        self.expr(kind, Type::Bool, span)
    }

    /// `x else d`
    fn default_value(&mut self, span: Span, lhs: &ast::Expr, rhs: &ast::Expr, want: Option<&Type>) -> Expr {
        let left = self.infer(lhs, want);
        let mut right = self.infer(rhs, Some(&left.ty));
        if left.ty == Type::Error || right.ty == Type::Error {
            return self.hole(span);
        }
        // A constant set is as good a list.
        if let (Type::List(a), Type::Set(b)) = (&left.ty, &right.ty)
            && fits(a, b)
        {
            right.ty = left.ty.clone();
        }
        let right = self.expect(right, &left.ty.clone());
        if right.ty == Type::Error {
            return self.hole(span);
        }
        let ty = left.ty.clone();
        self.expr(ExprKind::Else(Box::new(left), Box::new(right)), ty, span)
    }

    fn arithmetic(
        &mut self,
        span: Span,
        op: BinaryOp,
        op_span: Span,
        lhs: &ast::Expr,
        rhs: &ast::Expr,
        want: Option<&Type>,
    ) -> Expr {
        let hint = want.filter(|t| matches!(t, Type::Decimal | Type::List(_) | Type::Set(_)));
        let list_hint = hint.and_then(|t| t.element()).map(|e| Type::list(e.clone()));
        let (left, right) = match (&list_hint, hint) {
            (Some(list), _) => (self.infer(lhs, Some(list)), self.infer(rhs, Some(list))),
            (None, Some(hint)) => (self.infer(lhs, Some(hint)), self.infer(rhs, Some(hint))),
            (None, None) => self.operands(op, lhs, rhs),
        };
        if left.ty == Type::Error || right.ty == Type::Error {
            return self.hole(span);
        }
        if op == BinaryOp::Add
            && let (Some(a), Some(b)) = (left.ty.element(), right.ty.element())
            && fits(a, b)
        {
            let ty = Type::list(a.clone());
            return self.expr(ExprKind::Concat(Box::new(left), Box::new(right)), ty, span);
        }
        self.table_operator(span, op_span, table_op(op), left, right)
    }

    /// Operands of `+` and `-`, where a literal takes what its neighbour suggests.
    fn operands(&mut self, op: BinaryOp, lhs: &ast::Expr, rhs: &ast::Expr) -> (Expr, Expr) {
        if self.needs_context(lhs) && !self.needs_context(rhs) {
            return self.pair(lhs, rhs);
        }
        let left = self.infer(lhs, None);
        let hint = expected_right(table_op(op), &left.ty);
        let right = self.infer(rhs, Some(&hint));
        (left, right)
    }

    /// `x * 2`: one side is constant, so that nothing is squared.
    fn product(&mut self, span: Span, op_span: Span, lhs: &ast::Expr, rhs: &ast::Expr, want: Option<&Type>) -> Expr {
        let hint = want.filter(|t| **t == Type::Decimal);
        let left = self.infer(lhs, hint);
        let right = self.infer(rhs, hint.or(Some(&left.ty.clone())).filter(|t| matches!(t, Type::Int | Type::Decimal)));
        if left.ty == Type::Error || right.ty == Type::Error {
            return self.hole(span);
        }
        if self.cx.constant_value(&left).is_none() && self.cx.constant_value(&right).is_none() {
            let loc = self.loc(op_span);
            let error = Diagnostic::new(codes::E0207, loc, "`*` needs a constant on one side");
            return self.fail_with(span, error);
        }
        self.table_operator(span, op_span, Op::Mul, left, right)
    }

    /// An operator of the builtin table, or the report that it does not fit.
    pub(super) fn table_operator(&mut self, span: Span, op_span: Span, op: Op, left: Expr, right: Expr) -> Expr {
        if left.ty == Type::Error || right.ty == Type::Error {
            return self.hole(span);
        }
        match lookup_operator(op, &left.ty, &right.ty) {
            Some(found) => self.expr(ExprKind::Builtin(found.id, vec![left, right]), found.result, span),
            None => {
                let (a, b) = (self.show(&left.ty), self.show(&right.ty));
                let loc = self.loc(op_span);
                let message = format!("`{}` does not work on `{a}` and `{b}`", op.symbol());
                let help = self.operator_help(op, &left, &right);
                self.fail_with(span, Diagnostic::new(codes::E0207, loc, message).maybe_help(help))
            }
        }
    }

    fn operator_help(&self, op: Op, left: &Expr, right: &Expr) -> Option<String> {
        let text = |e: &Expr| self.cx.text(e.loc).to_owned();
        match (op, &left.ty, &right.ty) {
            (Op::Under, list, _) if list.element().is_some() => {
                Some(format!("ask of its elements: `any(x in {}: x under {})`", text(left), text(right)))
            }
            (Op::Under, Type::Email, _) => Some(format!("look at its domain: `{}.domain under …`", text(left))),
            (Op::Under, Type::Url, _) => Some(format!("look at its host: `{}.host under …`", text(left))),
            (Op::Under, ..) => Some("`under` works on hosts and paths".to_owned()),
            (Op::Add, Type::Str, Type::Str) => {
                Some("strings are not put together; a message interpolates `{…}`".to_owned())
            }
            (Op::Add | Op::Sub, Type::Duration | Type::Time, Type::Int) => {
                Some("durations have a unit: `30s`, `15m`".to_owned())
            }
            _ => None,
        }
    }

    pub(super) fn negation(&mut self, span: Span, inner: Expr) -> Expr {
        match lookup_negation(&inner.ty) {
            Some(_) if inner.ty == Type::Error => self.hole(span),
            Some(found) => self.expr(ExprKind::Builtin(found.id, vec![inner]), found.result, span),
            None => {
                let message = format!("`-` works on numbers and durations, not on `{}`", self.show(&inner.ty));
                self.fail(codes::E0207, span, message)
            }
        }
    }

    /// `h under "acme.com"`, under a list or a set.
    fn under(&mut self, span: Span, op_span: Span, lhs: &ast::Expr, rhs: &ast::Expr) -> Expr {
        let left = self.infer(lhs, None);
        let hint = match &rhs.unparen().kind {
            _ if left.ty == Type::Error => Type::Error,
            Ast::List(_) => Type::set(left.ty.clone()),
            _ => left.ty.clone(),
        };
        // Of the wrong types one complaint is enough: that `under` does not work on the left side.
        let hint = if matches!(left.ty, Type::Host | Type::Path | Type::RemotePath | Type::Error) {
            Some(&hint)
        } else {
            None
        };
        let right = self.infer(rhs, hint);
        self.table_operator(span, op_span, Op::Under, left, right)
    }

    /// `x like "…"` and `x matches r"…"`
    fn pattern(&mut self, span: Span, op: BinaryOp, lhs: &ast::Expr, rhs: &ast::Expr) -> Expr {
        let left = self.infer(lhs, None);
        let Ast::Str(lit) = &rhs.unparen().kind else {
            if !matches!(rhs.unparen().kind, Ast::Error) {
                let loc = self.loc(rhs.span);
                let error = Diagnostic::new(
                    codes::E0212,
                    loc,
                    format!("the pattern after `{}` has to be a literal", op.text()),
                )
                .help("patterns are compiled with the policy");
                self.cx.report(error);
            }
            return self.hole(span);
        };
        let checked = match op {
            BinaryOp::Like => patterns::check_glob(&lit.value),
            _ => patterns::check_regex(&lit.value),
        };
        if let Err(why) = checked {
            let loc = self.loc(lit.span);
            self.cx.report(Diagnostic::new(codes::E0212, loc, format!("this pattern can't be used: {why}")));
            return self.hole(span);
        }
        if left.ty == Type::Error {
            return self.hole(span);
        }
        let table = if op == BinaryOp::Like { Op::Like } else { Op::Matches };
        if lookup_operator(table, &left.ty, &Type::Str).is_none() {
            let loc = self.loc(lhs.span);
            let message = format!("`{}` works on text, not on `{}`", op.text(), self.show(&left.ty));
            let text = self.cx.text(loc).to_owned();
            let each = left.ty.element().map(|_| format!("ask of its elements: `any(x in {text}: x {} …)`", op.text()));
            let help = each.or_else(|| ask_instead(&left.ty).map(str::to_owned));
            return self.fail_with(span, Diagnostic::new(codes::E0207, loc, message).maybe_help(help));
        }
        let kind = match op {
            BinaryOp::Like => ExprKind::Like(Box::new(left), lit.value.clone()),
            _ => ExprKind::Matches(Box::new(left), lit.value.clone()),
        };
        self.expr(kind, Type::Bool, span)
    }
}

fn table_op(op: BinaryOp) -> Op {
    match op {
        BinaryOp::Sub => Op::Sub,
        BinaryOp::Mul => Op::Mul,
        BinaryOp::Under => Op::Under,
        _ => Op::Add,
    }
}
