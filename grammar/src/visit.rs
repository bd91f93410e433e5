//! Walking the tree.
//!
//! A visitor overrides what it cares about and calls the `walk_…` function of
//! the same name to go on to the parts.

use crate::ast::*;

/// Sees every item, target, expression, type and name that is used.
pub trait Visit {
    /// Sees a file.
    fn visit_file(&mut self, file: &File) {
        walk_file(self, file);
    }
    /// Sees a declaration.
    fn visit_item(&mut self, item: &Item) {
        walk_item(self, item);
    }
    /// Sees `on targets in envs`.
    fn visit_on(&mut self, on: &OnClause) {
        walk_on(self, on);
    }
    /// Sees one target.
    fn visit_target(&mut self, _target: &Target) {}
    /// Sees a message.
    fn visit_message(&mut self, message: &Message) {
        walk_message(self, message);
    }
    /// Sees an expression.
    fn visit_expr(&mut self, expr: &Expr) {
        walk_expr(self, expr);
    }
    /// Sees a type.
    fn visit_type(&mut self, ty: &TypeExpr) {
        walk_type(self, ty);
    }
}

/// Visits all declarations.
pub fn walk_file<V: Visit + ?Sized>(v: &mut V, file: &File) {
    file.items.iter().for_each(|item| v.visit_item(item));
}

/// Visits what a declaration is made of.
pub fn walk_item<V: Visit + ?Sized>(v: &mut V, item: &Item) {
    match &item.kind {
        ItemKind::Attrs(d) => d.fields.iter().for_each(|f| v.visit_type(&f.ty)),
        ItemKind::Record(d) => d.fields.iter().for_each(|f| v.visit_type(&f.ty)),
        ItemKind::Tool(d) => walk_params(v, &d.params),
        ItemKind::Let(d) => {
            v.visit_type(&d.ty);
            if let LetValue::Expr(value) = &d.value {
                v.visit_expr(value);
            }
        }
        ItemKind::Live(d) => v.visit_type(&d.ty),
        ItemKind::Predicate(d) => {
            walk_params(v, &d.params);
            v.visit_expr(&d.body);
        }
        ItemKind::Scope(d) => {
            for arm in &d.arms {
                v.visit_on(&arm.on);
                arm.condition.iter().for_each(|c| v.visit_expr(c));
            }
        }
        ItemKind::Grant(d) => d.targets.iter().for_each(|t| v.visit_target(t)),
        ItemKind::Classify(d) => {
            for arm in &d.arms {
                v.visit_on(&arm.on);
                arm.guards.iter().for_each(|g| v.visit_expr(&g.condition));
            }
        }
        ItemKind::Constraints(ds) => ds.iter().for_each(|d| v.visit_type(&d.ty)),
        ItemKind::Rule(d) => d.clauses.iter().for_each(|c| walk_rule_clause(v, &c.kind)),
        ItemKind::Limit(d) => d.clauses.iter().for_each(|c| walk_limit_clause(v, &c.kind)),
        ItemKind::Extern(d) => {
            walk_params(v, &d.params);
            v.visit_type(&d.ret);
        }
        ItemKind::Invariant(d) => d.clauses.iter().for_each(|c| walk_invariant_clause(v, &c.kind)),
        ItemKind::Test(d) => d.steps.iter().for_each(|s| walk_step(v, &s.kind)),
        ItemKind::Use(_)
        | ItemKind::Tiers(_)
        | ItemKind::Environments(_)
        | ItemKind::Roles(_)
        | ItemKind::Labels(_)
        | ItemKind::Tags(_)
        | ItemKind::Origins(_)
        | ItemKind::Enum(_)
        | ItemKind::Window(_)
        | ItemKind::Approval(_)
        | ItemKind::Matrix(_)
        | ItemKind::Lifecycle(_)
        | ItemKind::Error => {}
    }
}

fn walk_params<V: Visit + ?Sized>(v: &mut V, params: &[Param]) {
    for param in params {
        v.visit_type(&param.ty);
        param.default.iter().for_each(|d| v.visit_expr(d));
    }
}

fn walk_rule_clause<V: Visit + ?Sized>(v: &mut V, clause: &RuleClauseKind) {
    match clause {
        RuleClauseKind::On(on) => v.visit_on(on),
        RuleClauseKind::When(c) | RuleClauseKind::Unless(c) => v.visit_expr(c),
        RuleClauseKind::Effect(effect) => walk_effect(v, effect),
        RuleClauseKind::Suggest(message) => v.visit_message(message),
        RuleClauseKind::Error => {}
    }
}

fn walk_effect<V: Visit + ?Sized>(v: &mut V, effect: &Effect) {
    match effect {
        Effect::Deny(message) => message.iter().for_each(|m| v.visit_message(m)),
        Effect::Constrain { value, .. } => v.visit_expr(value),
        Effect::Require(_) | Effect::Mark(_) | Effect::Error => {}
    }
}

fn walk_limit_clause<V: Visit + ?Sized>(v: &mut V, clause: &LimitClauseKind) {
    match clause {
        LimitClauseKind::Arm(arm) => {
            v.visit_on(&arm.on);
            arm.guards.iter().for_each(|g| v.visit_expr(&g.condition));
            arm.sum.iter().for_each(|s| v.visit_expr(s));
        }
        LimitClauseKind::Max { amount, .. } => v.visit_expr(amount),
        LimitClauseKind::Beyond(effect) => walk_effect(v, effect),
        LimitClauseKind::Each(_) | LimitClauseKind::Error => {}
    }
}

fn walk_invariant_clause<V: Visit + ?Sized>(v: &mut V, clause: &InvariantClauseKind) {
    match clause {
        InvariantClauseKind::On(on) => v.visit_on(on),
        InvariantClauseKind::When(c) | InvariantClauseKind::Unless(c) => v.visit_expr(c),
        InvariantClauseKind::Verdict { .. } | InvariantClauseKind::Error => {}
    }
}

fn walk_step<V: Visit + ?Sized>(v: &mut V, step: &TestStepKind) {
    match step {
        TestStepKind::AsAgent { attrs, .. } | TestStepKind::AsUser { attrs, .. } => {
            attrs.iter().for_each(|a| v.visit_expr(a));
        }
        TestStepKind::With { value, .. } => v.visit_expr(value),
        TestStepKind::Call { args, .. } => args.iter().for_each(|a| v.visit_expr(a)),
        TestStepKind::In(_)
        | TestStepKind::At(_)
        | TestStepKind::Fails
        | TestStepKind::Expect { .. }
        | TestStepKind::Error => {}
    }
}

/// Visits the targets.
pub fn walk_on<V: Visit + ?Sized>(v: &mut V, on: &OnClause) {
    on.targets.iter().for_each(|t| v.visit_target(t));
}

/// Visits the interpolated expressions.
pub fn walk_message<V: Visit + ?Sized>(v: &mut V, message: &Message) {
    message.segments.iter().filter_map(Segment::expr).for_each(|e| v.visit_expr(e));
}

/// Visits the parts of an expression.
pub fn walk_expr<V: Visit + ?Sized>(v: &mut V, expr: &Expr) {
    match &expr.kind {
        ExprKind::List(items) => items.iter().for_each(|e| v.visit_expr(e)),
        ExprKind::Object(fields) => fields.iter().for_each(|f| v.visit_expr(&f.value)),
        ExprKind::Field { base, .. } => v.visit_expr(base),
        ExprKind::Call { callee, args } => {
            v.visit_expr(callee);
            args.iter().for_each(|a| v.visit_expr(a));
        }
        ExprKind::Unary { operand, .. } => v.visit_expr(operand),
        ExprKind::Binary { lhs, rhs, .. } => {
            v.visit_expr(lhs);
            v.visit_expr(rhs);
        }
        ExprKind::As { expr, ty } => {
            v.visit_expr(expr);
            v.visit_type(ty);
        }
        ExprKind::Quant { list, body, .. } => {
            v.visit_expr(list);
            v.visit_expr(body);
        }
        ExprKind::Prior { conditions, .. } => conditions.iter().for_each(|c| v.visit_expr(c)),
        ExprKind::Paren(inner) => v.visit_expr(inner),
        ExprKind::Int(_)
        | ExprKind::Decimal(_)
        | ExprKind::Str(_)
        | ExprKind::Bool(_)
        | ExprKind::Duration(_)
        | ExprKind::Time(_)
        | ExprKind::Date(_)
        | ExprKind::DateTime(_)
        | ExprKind::Name(_)
        | ExprKind::Error => {}
    }
}

/// Visits the parts of a type.
pub fn walk_type<V: Visit + ?Sized>(v: &mut V, ty: &TypeExpr) {
    if let TypeExprKind::Generic { args, .. } = &ty.kind {
        args.iter().for_each(|t| v.visit_type(t));
    }
}
