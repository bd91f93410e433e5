//! Mistakes that parse: the grammar takes them so that the error can be told well.
//!
//! Looks at the finished tree, at one node at a time. What can be said only
//! with names or types in hand is left to the compiler.

use crate::ast::*;
use crate::error::{SyntaxError, code};
use crate::visit::{self, Visit};

/// Everything wrong with the shape of `file`.
pub(crate) fn validate(file: &File) -> Vec<SyntaxError> {
    let mut check = Check { errors: Vec::new(), in_test: false };
    check.visit_file(file);
    check.errors
}

struct Check {
    errors: Vec<SyntaxError>,
    in_test: bool,
}

impl Visit for Check {
    fn visit_item(&mut self, item: &Item) {
        self.in_test = matches!(item.kind, ItemKind::Test(_));
        if let ItemKind::Scope(scope) = &item.kind {
            self.scope_environments(scope);
        }
        visit::walk_item(self, item);
    }

    fn visit_expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Binary { op, lhs, rhs, .. } if matches!(op, BinaryOp::And | BinaryOp::Or) => {
                self.mixed_logic(expr, *op, lhs, rhs);
            }
            ExprKind::Object(_) if !self.in_test => {
                self.errors.push(
                    SyntaxError::new(code::OBJECT_OUTSIDE_TEST, expr.span, "objects stand in tests only")
                        .help("a list is written `[a, b]`"),
                );
                return;
            }
            _ => {}
        }
        visit::walk_expr(self, expr);
    }
}

impl Check {
    fn scope_environments(&mut self, scope: &ScopeDecl) {
        for env in scope.arms.iter().filter_map(|arm| arm.on.envs.first()) {
            self.errors.push(
                SyntaxError::new(code::SCOPE_ENVIRONMENTS, env.span, "a scope has no environments")
                    .help("say in the grant where it holds: `grant … to … in …`"),
            );
        }
    }

    fn mixed_logic(&mut self, expr: &Expr, op: BinaryOp, lhs: &Expr, rhs: &Expr) {
        for side in [lhs, rhs] {
            let ExprKind::Binary { op: inner, op_span, .. } = &side.kind else { continue };
            if matches!(inner, BinaryOp::And | BinaryOp::Or) && *inner != op {
                let ExprKind::Binary { op_span: outer_span, .. } = &expr.kind else { continue };
                let message = format!("`{}` and `{}` are mixed without parentheses", inner.text(), op.text());
                self.errors.push(
                    SyntaxError::new(code::MIXED_LOGIC, *outer_span, message)
                        .label(*op_span, format!("this is `{}`", inner.text()))
                        .help("put parentheses around the part that belongs together"),
                );
                return;
            }
        }
    }
}
