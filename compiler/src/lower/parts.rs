//! The conditions of the root module's clauses one by one, tool by tool: for saying which of them a clause could do
//! without, and which can't hold together.
//!
//! A clause applies where all of its parts do. `when a and b` is two parts, and so is `unless a or b`; predicates are
//! not opened, as what they say was not written here.

use claw_runtime::bundle::{self, Ask, CondId};

use super::Lowerer;
use crate::hir::{Decl, Expr, ExprKind, Loc, ModuleId, Status, Target, TargetKind, ToolId};

/// The clause that conditions belong to; indices into the package's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    Rule(usize),
    Classify(usize),
    /// A limit and its arm.
    Limit(usize, usize),
    /// A scope and its arm.
    Scope(usize, usize),
}

/// What stands before a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// The targets: their environments, and the conditions of their scopes.
    On,
    When,
    Unless,
    Where,
}

/// One condition of a clause.
#[derive(Clone, Debug)]
pub struct Part {
    pub word: Word,
    pub loc: Loc,
    /// Where the clause applies as far as this part goes, by index of [`Parts::tools`].
    pub applies: Vec<CondId>,
    /// Where that is certain.
    pub surely: Vec<CondId>,
}

/// All conditions of a clause.
#[derive(Clone, Debug)]
pub struct Parts {
    pub owner: Owner,
    pub tools: Vec<bundle::ToolId>,
    pub parts: Vec<Part>,
}

impl<'p> Lowerer<'p> {
    /// The conditions of the clauses that count.
    pub(super) fn clause_parts(&mut self) -> Vec<Parts> {
        let package = self.package;
        let own = |decl: &Decl| decl.module == ModuleId(0);
        let mut all = Vec::new();
        for (i, rule) in package.rules.iter().enumerate().filter(|(_, rule)| own(&rule.decl)) {
            if rule.status == Status::Confirmed {
                let name = rule.decl.name_loc;
                all.push(self.restriction(Owner::Rule(i), &rule.target, name, &rule.when, &rule.unless));
            }
        }
        for (i, arm) in package.classify.iter().enumerate().filter(|(_, arm)| own(&arm.decl)) {
            let name = arm.decl.name_loc;
            all.push(self.restriction(Owner::Classify(i), &arm.target, name, &arm.when, &arm.unless));
        }
        for (i, limit) in package.limits.iter().enumerate().filter(|(_, limit)| own(&limit.decl)) {
            if limit.status == Status::Confirmed {
                for (j, arm) in limit.arms.iter().enumerate() {
                    all.push(self.restriction(Owner::Limit(i, j), &arm.target, arm.loc, &arm.when, &[]));
                }
            }
        }
        for (i, scope) in package.scopes.iter().enumerate().filter(|(_, scope)| own(&scope.decl)) {
            for (j, arm) in scope.arms.iter().enumerate() {
                let (mut parts, tools) = self.on(&arm.target, arm.loc, Ask::IsTrue);
                for expr in conjuncts(arm.condition.as_slice()) {
                    parts.push(self.part(Word::Where, expr, [Ask::IsTrue, Ask::IsTrue], &tools));
                }
                all.push(joined(Owner::Scope(i, j), parts, &tools));
            }
        }
        all
    }

    fn restriction(
        &mut self,
        owner: Owner,
        target: &'p Target,
        loc: Loc,
        when: &'p [Expr],
        unless: &'p [Expr],
    ) -> Parts {
        let (mut parts, tools) = self.on(target, loc, Ask::NotFalse);
        for expr in conjuncts(when) {
            parts.push(self.part(Word::When, expr, [Ask::NotFalse, Ask::IsTrue], &tools));
        }
        for expr in disjuncts(unless) {
            parts.push(self.part(Word::Unless, expr, [Ask::NotTrue, Ask::IsFalse], &tools));
        }
        joined(owner, parts, &tools)
    }

    /// The targets as a part, if they say more than which tools are meant.
    fn on(&mut self, target: &'p Target, loc: Loc, ask: Ask) -> (Vec<Part>, Vec<ToolId>) {
        let (tools, applies): (Vec<ToolId>, Vec<CondId>) = self.cover(target, ask).into_iter().unzip();
        let surely = self.cover(target, Ask::IsTrue).into_iter().map(|(_, cond)| cond).collect();
        let conditional = target.envs.is_some() || target.arms.iter().any(|a| matches!(a.kind, TargetKind::Scope(_)));
        let part = Part { word: Word::On, loc: target.loc.unwrap_or(loc), applies, surely };
        (conditional.then_some(part).into_iter().collect(), tools)
    }

    fn part(&mut self, word: Word, expr: &'p Expr, asks: [Ask; 2], tools: &[ToolId]) -> Part {
        let [applies, surely] = asks.map(|ask| tools.iter().map(|tool| self.condition(expr, ask, *tool)).collect());
        Part { word, loc: expr.loc, applies, surely }
    }
}

fn joined(owner: Owner, parts: Vec<Part>, tools: &[ToolId]) -> Parts {
    Parts { owner, tools: tools.iter().map(|tool| bundle::ToolId(tool.0)).collect(), parts }
}

/// Conditions that all have to hold.
fn conjuncts(exprs: &[Expr]) -> Vec<&Expr> {
    let mut out = Vec::new();
    for expr in exprs {
        match &expr.kind {
            ExprKind::And(parts) => out.extend(conjuncts(parts)),
            _ => out.push(expr),
        }
    }
    out
}

/// Conditions each of which exempts.
fn disjuncts(exprs: &[Expr]) -> Vec<&Expr> {
    let mut out = Vec::new();
    for expr in exprs {
        match &expr.kind {
            ExprKind::Or(parts) => out.extend(disjuncts(parts)),
            _ => out.push(expr),
        }
    }
    out
}
