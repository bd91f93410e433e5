//! The third pass: what stands inside the declarations gets its types, and everything is checked that needs no
//! reasoning over conditions.
//!
//! An expression that is wrong becomes `ExprKind::Error` of `Type::Error`, which fits everywhere and is never
//! mentioned again.

mod approvals;
mod calls;
mod clauses;
mod compare;
mod consts;
mod coverage;
mod expr;
mod history;
mod lifecycle;
mod literals;
mod matrix;
mod members;
mod membership;
mod message;
mod names;
mod oneway;
mod operators;
mod recursion;
mod rules;
mod testblocks;
mod windows;

pub(crate) use calls::FUNCTIONS;
pub(crate) use clauses::normal_text;
pub(crate) use expr::{Args, Exprs};
pub(crate) use names::ROOTS;

use claw_syntax::ast::{self, ItemKind};

use crate::analysis::Symbol;
use crate::hir::ModuleId;
use crate::resolve::Cx;

/// Checks all bodies, in an order in which each pass finds what it needs.
pub(crate) fn check(cx: &mut Cx<'_>) {
    cx.check_constants();
    cx.each_item(Cx::check_leaf);
    cx.each_item(Cx::check_scope);
    cx.cover_scopes();
    cx.each_item(Cx::check_clause);
    cx.check_predicate_circles();
    cx.check_matrix();
    cx.check_one_way();
    cx.check_classified();
    cx.each_item(Cx::check_test);
}

impl Cx<'_> {
    fn each_item(&mut self, check: fn(&mut Self, ModuleId, &ast::Item, Option<Symbol>)) {
        for (module, parse) in self.trees() {
            for (at, item) in parse.file.items.iter().enumerate() {
                let symbol = self.spaces[module.index()].items.get(at).copied().flatten();
                check(self, module, item, symbol);
            }
        }
    }

    /// What needs no targets.
    fn check_leaf(&mut self, module: ModuleId, item: &ast::Item, symbol: Option<Symbol>) {
        match (&item.kind, symbol) {
            (ItemKind::Window(decl), Some(Symbol::Window(id))) => self.window(module, decl, id),
            (ItemKind::Approval(decl), Some(Symbol::Approval(id))) => self.approval(module, item, decl, id),
            (ItemKind::Predicate(decl), Some(Symbol::Predicate(id))) => self.predicate(module, decl, id),
            (ItemKind::Lifecycle(decl), _) => self.lifecycle(module, item, decl),
            _ => {}
        }
    }

    fn check_scope(&mut self, module: ModuleId, item: &ast::Item, symbol: Option<Symbol>) {
        if let (ItemKind::Scope(decl), Some(Symbol::Scope(id))) = (&item.kind, symbol) {
            self.scope(module, decl, id);
        }
    }

    fn check_clause(&mut self, module: ModuleId, item: &ast::Item, symbol: Option<Symbol>) {
        match (&item.kind, symbol) {
            (ItemKind::Scope(decl), Some(Symbol::Scope(id))) => self.scope_conditions(module, decl, id),
            (ItemKind::Grant(decl), _) => self.grant(module, item, decl),
            (ItemKind::Classify(decl), _) => self.classify(module, item, decl),
            (ItemKind::Matrix(decl), _) => self.matrix(module, item, decl),
            (ItemKind::Rule(decl), Some(Symbol::Rule(id))) => self.rule(module, decl, id),
            (ItemKind::Limit(decl), Some(Symbol::Limit(id))) => self.limit(module, decl, id),
            (ItemKind::Invariant(decl), _) => self.invariant(module, item, decl),
            _ => {}
        }
    }

    fn check_test(&mut self, module: ModuleId, item: &ast::Item, _: Option<Symbol>) {
        if let ItemKind::Test(decl) = &item.kind {
            self.test(module, item, decl);
        }
    }
}
