//! `prior tool(conditions) within D`: kept to what a store can answer at once, however long the history.

use claw_runtime::{Duration, Type};
use claw_syntax::Span;
use claw_syntax::ast::{self, BinaryOp, ExprKind as Ast, TextLit};

use super::Exprs;
use crate::analysis::Symbol;
use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{Expr, ExprKind};
use crate::visit;

impl Exprs<'_, '_> {
    pub(super) fn prior(
        &mut self,
        span: Span,
        tool: &ast::Path,
        conditions: Option<&ast::Expr>,
        within: &TextLit,
    ) -> Expr {
        if !self.may_read(span) {
            return self.hole(span);
        }
        if self.prior.is_some() {
            return self.fail(codes::E0216, span, "a `prior` can't stand inside another");
        }
        let within = self.prior_window(within);
        let fits = |s: Symbol| matches!(s, Symbol::Tool(_));
        let Some(Symbol::Tool(tool)) = self.cx.resolve(self.module, tool, "a tool", fits) else {
            return self.hole(span);
        };
        self.prior = Some(tool);
        let (mut keys, mut tests, mut fine) = (Vec::new(), Vec::new(), true);
        for condition in conditions.map(conjuncts).unwrap_or_default() {
            match self.key(condition) {
                Some(key) => {
                    fine &= key.1.ty != Type::Error;
                    keys.push(key);
                }
                None => {
                    let test = self.condition(condition);
                    fine &= test.ty != Type::Error && self.reads_prior_alone(&test);
                    tests.push(test);
                }
            }
        }
        self.prior = None;
        let Some(within) = within.filter(|_| fine) else { return self.hole(span) };
        self.expr(ExprKind::Prior { tool, keys, tests, within }, Type::Bool, span)
    }

    fn prior_window(&mut self, within: &TextLit) -> Option<Duration> {
        if within.is_hole() {
            return None;
        }
        match ast::duration_millis(&within.text) {
            Some(millis) if millis > 0 => Some(Duration::from_millis(millis)),
            _ => {
                self.fail(codes::E0215, within.span, format!("`{}` is no usable duration", within.text));
                None
            }
        }
    }

    /// `prior.x == e`, where `e` does not read `prior` and is not constant alone.
    fn key(&mut self, condition: &ast::Expr) -> Option<(String, Expr)> {
        let Ast::Binary { op: BinaryOp::Eq, lhs, rhs, .. } = &condition.unparen().kind else { return None };
        let (own, other) = match (is_prior_argument(lhs), is_prior_argument(rhs)) {
            (true, false) => (lhs, rhs),
            (false, true) => (rhs, lhs),
            _ => return None,
        };
        if mentions_prior(other) {
            return None;
        }
        let own = self.infer(own, None);
        let ExprKind::PriorArg(name) = &own.kind else {
            // Reported; still look at the other side.
            let tool = self.prior.take();
            let other = self.infer(other, Some(&Type::Error));
            self.prior = tool;
            return Some((String::new(), Expr { kind: ExprKind::Error, ty: Type::Error, loc: other.loc }));
        };
        let tool = self.prior.take();
        let other = self.check(other, &own.ty);
        self.prior = tool;
        Some((name.clone(), other))
    }

    fn reads_prior_alone(&mut self, test: &Expr) -> bool {
        let mut foreign = None;
        visit::walk(test, &mut |e| {
            let own = matches!(
                e.kind,
                ExprKind::Arg(_)
                    | ExprKind::Fact(_)
                    | ExprKind::Attr(..)
                    | ExprKind::Live(_)
                    | ExprKind::HasLabel(_)
                    | ExprKind::AgentHasRole(_)
                    | ExprKind::UserHasRole(_)
                    | ExprKind::TierAtLeast(_)
                    | ExprKind::InWindow(..)
                    | ExprKind::Origins(..)
                    | ExprKind::Collect(_)
                    | ExprKind::Extern(..)
                    | ExprKind::Predicate(..)
            );
            let outer = matches!(e.kind, ExprKind::Local(at) if (at as usize) < self.locals.len());
            if (own || outer) && foreign.is_none() {
                foreign = Some(e.loc);
            }
        });
        let Some(loc) = foreign else { return true };
        let text = self.cx.text(loc).to_owned();
        let error = Diagnostic::new(codes::E0216, loc, format!("`{text}` can't be part of a test of an earlier call"))
            .help("join conditions of two forms with `and`: `prior.x == …`, and tests of `prior` alone");
        self.cx.report(error);
        false
    }
}

/// The operands of a chain of `and`.
fn conjuncts(e: &ast::Expr) -> Vec<&ast::Expr> {
    match &e.unparen().kind {
        Ast::Binary { op: BinaryOp::And, lhs, rhs, .. } => {
            let mut out = conjuncts(lhs);
            out.extend(conjuncts(rhs));
            out
        }
        _ => vec![e],
    }
}

fn is_prior_argument(e: &ast::Expr) -> bool {
    matches!(&e.unparen().kind, Ast::Field { base, .. } if super::expr::is_name(base, "prior"))
}

fn mentions_prior(e: &ast::Expr) -> bool {
    match &e.kind {
        Ast::Name(name) => name.name == "prior",
        Ast::Field { base, .. } => mentions_prior(base),
        Ast::Call { callee, args } => mentions_prior(callee) || args.iter().any(mentions_prior),
        Ast::Unary { operand, .. } => mentions_prior(operand),
        Ast::Binary { lhs, rhs, .. } => mentions_prior(lhs) || mentions_prior(rhs),
        Ast::As { expr, .. } => mentions_prior(expr),
        Ast::Quant { list, body, .. } => mentions_prior(list) || mentions_prior(body),
        Ast::Paren(inner) => mentions_prior(inner),
        Ast::List(items) => items.iter().any(mentions_prior),
        _ => false,
    }
}
