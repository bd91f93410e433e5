//! W0101 and W0102: declarations of the root module that nothing refers to.

use std::collections::BTreeSet;

use claw_runtime::{Type, Value, Vocab};

use super::is_policy;
use crate::diagnostics::codes::{W0101, W0102};
use crate::diagnostics::{Applicability, Code, Diagnostic, Edit};
use crate::hir::{
    Beyond, Claim, Decl, EffectKind, Expr, ExprKind, ModuleId, Outcome, Package, Target, TargetKind, TestStep,
};
use crate::visit;

pub fn run(package: &Package, out: &mut Vec<Diagnostic>) {
    if is_policy(package) {
        let used = Used::of(package);
        declarations(package, &used, out);
        words(package, &used, out);
    }
}

/// W0101: constants, predicates, windows, scopes, approvals, externs, live data, records, enums and constraints.
fn declarations(package: &Package, used: &Used<'_>, out: &mut Vec<Diagnostic>) {
    let mut check = |what: &str, decl: &Decl, used: bool| {
        if !used && decl.module == ModuleId(0) {
            out.push(unused(W0101, what, decl));
        }
    };
    for (i, d) in package.lets.iter().enumerate() {
        check("constant", &d.decl, used.lets.contains(&(i as u32)));
    }
    for (i, d) in package.predicates.iter().enumerate() {
        check("predicate", &d.decl, used.predicates.contains(&(i as u32)));
    }
    for (i, d) in package.windows.iter().enumerate() {
        check("window", &d.decl, used.windows.contains(&(i as u32)));
    }
    for (i, d) in package.scopes.iter().enumerate() {
        check("scope", &d.decl, used.scopes.contains(&(i as u32)));
    }
    for (i, d) in package.approvals.iter().enumerate() {
        check("approval", &d.decl, used.approvals.contains(&(i as u32)));
    }
    for (i, d) in package.externs.iter().enumerate() {
        check("extern", &d.decl, used.externs.contains(&(i as u32)));
    }
    for (i, d) in package.lives.iter().enumerate() {
        check("live data", &d.decl, used.lives.contains(&(i as u32)));
    }
    for (i, d) in package.constraints.iter().enumerate() {
        check("constraint", &d.decl, used.constraints.contains(&(i as u32)));
    }
    for (i, decl) in package.record_decls.iter().enumerate() {
        check("record", decl, used.records.contains(&(i as u32)));
    }
    for (i, decl) in package.enum_decls.iter().enumerate() {
        check("enum", decl, used.enums.contains(&(i as u32)));
    }
}

/// W0102: roles that no grant, approval, inclusion or condition names; labels that nothing marks or reads.
fn words(package: &Package, used: &Used<'_>, out: &mut Vec<Diagnostic>) {
    for (i, role) in package.roles.iter().enumerate() {
        let named = used.role_names.contains(role.decl.name.as_str());
        if !named && !used.roles.contains(&(i as u32)) && role.decl.module == ModuleId(0) {
            out.push(unused(W0102, "role", &role.decl));
        }
    }
    for (i, label) in package.labels.iter().enumerate() {
        if !used.labels.contains(&(i as u32)) && label.decl.module == ModuleId(0) {
            out.push(unused(W0102, "label", &label.decl));
        }
    }
}

fn unused(code: Code, what: &str, decl: &Decl) -> Diagnostic {
    let finding = Diagnostic::new(code, decl.name_loc, format!("{what} `{}` is never used", decl.name)).unnecessary();
    match code == W0101 {
        // A word stands in a list with others; taking it out is more than one edit.
        true => finding.help("use it, or remove it").fix_all(
            format!("remove `{}`", decl.name),
            vec![Edit { loc: decl.loc, text: String::new() }],
            Applicability::Likely,
        ),
        false => finding.help("use it, or take it off the list"),
    }
}

/// Indices of everything that something refers to.
#[derive(Default)]
struct Used<'a> {
    lets: BTreeSet<u32>,
    predicates: BTreeSet<u32>,
    windows: BTreeSet<u32>,
    scopes: BTreeSet<u32>,
    approvals: BTreeSet<u32>,
    externs: BTreeSet<u32>,
    lives: BTreeSet<u32>,
    constraints: BTreeSet<u32>,
    records: BTreeSet<u32>,
    enums: BTreeSet<u32>,
    roles: BTreeSet<u32>,
    role_names: BTreeSet<&'a str>,
    labels: BTreeSet<u32>,
}

impl<'a> Used<'a> {
    fn of(package: &'a Package) -> Used<'a> {
        let mut used = Used::default();
        visit::all(package, &mut |expr| used.expr(expr));
        used.lets_of_lets(package);
        used.clauses(package);
        used.signatures(package);
        used
    }

    fn expr(&mut self, expr: &'a Expr) {
        match &expr.kind {
            ExprKind::Let(id) => drop(self.lets.insert(id.0)),
            ExprKind::Live(id) => drop(self.lives.insert(id.0)),
            ExprKind::Predicate(id, _) => drop(self.predicates.insert(id.0)),
            ExprKind::Extern(id, _) => drop(self.externs.insert(id.0)),
            ExprKind::InWindow(_, id) => drop(self.windows.insert(id.0)),
            ExprKind::HasLabel(id) => drop(self.labels.insert(id.0)),
            ExprKind::AgentHasRole(id) | ExprKind::UserHasRole(id) => drop(self.roles.insert(id.0)),
            ExprKind::JsonAt(_, _, ty) => self.ty(ty),
            ExprKind::Const(value) if expr.ty == Type::Word(Vocab::Role) => self.role_value(value),
            _ => {}
        }
    }

    fn role_value(&mut self, value: &'a Value) {
        if let Value::Str(name) = value {
            self.role_names.insert(name);
        }
    }

    fn lets_of_lets(&mut self, package: &Package) {
        for constant in &package.lets {
            self.lets.extend(constant.reads.iter().map(|id| id.0));
        }
    }

    fn target(&mut self, target: &Target) {
        for arm in &target.arms {
            if let TargetKind::Scope(id) = arm.kind {
                self.scopes.insert(id.0);
            }
        }
    }

    fn outcome(&mut self, outcome: &Outcome) {
        if let Outcome::Require(ids) = outcome {
            self.approvals.extend(ids.iter().map(|id| id.0));
        }
    }

    fn clauses(&mut self, package: &Package) {
        package.scopes.iter().flat_map(|s| &s.arms).for_each(|arm| self.target(&arm.target));
        package.classify.iter().for_each(|arm| self.target(&arm.target));
        package.matrix.iter().for_each(|cell| self.outcome(&cell.outcome));
        for grant in &package.grants {
            self.target(&grant.target);
            self.roles.extend(grant.to.iter().chain(&grant.for_user).map(|id| id.0));
        }
        for rule in &package.rules {
            self.target(&rule.target);
            for effect in &rule.effects {
                match &effect.kind {
                    EffectKind::Require(ids) => self.approvals.extend(ids.iter().map(|id| id.0)),
                    EffectKind::Constrain(id, _) => drop(self.constraints.insert(id.0)),
                    EffectKind::Mark(id) => drop(self.labels.insert(id.0)),
                    EffectKind::Deny(_) | EffectKind::Error => {}
                }
            }
        }
        for limit in &package.limits {
            limit.arms.iter().for_each(|arm| self.target(&arm.target));
            if let Beyond::Require(ids) = &limit.beyond {
                self.approvals.extend(ids.iter().map(|id| id.0));
            }
        }
        for invariant in &package.invariants {
            self.target(&invariant.target);
            if let Claim::AlwaysRequire(id) = invariant.claim {
                self.approvals.insert(id.0);
            }
        }
        for step in package.tests.iter().flat_map(|t| &t.steps) {
            if let TestStep::WithApprovals(ids) = step {
                self.approvals.extend(ids.iter().map(|id| id.0));
            }
        }
        for approval in &package.approvals {
            self.roles.extend(approval.by.iter().flat_map(|by| &by.roles).map(|id| id.0));
        }
        for role in &package.roles {
            self.roles.extend(role.includes.iter().map(|(id, _)| id.0));
        }
    }

    /// Records and enums by the types that mention them.
    fn signatures(&mut self, package: &'a Package) {
        let attrs = package.agent.iter().chain(&package.user).chain(&package.context).map(|a| &a.field.ty);
        let params = package.tools.iter().flat_map(|t| &t.params).map(|f| &f.ty);
        let fields = package.schema.records.iter().flat_map(|r| &r.fields).map(|f| &f.ty);
        let data = package.lets.iter().map(|d| &d.ty).chain(package.lives.iter().map(|d| &d.ty));
        let functions = package.externs.iter().flat_map(|e| e.params.iter().map(|(_, t)| t).chain([&e.result]));
        let predicates = package.predicates.iter().flat_map(|p| p.params.iter().map(|(_, t)| t));
        for ty in attrs.chain(params).chain(fields).chain(data).chain(functions).chain(predicates) {
            self.ty(ty);
        }
    }

    fn ty(&mut self, ty: &Type) {
        match ty {
            Type::Enum(id) => drop(self.enums.insert(id.0)),
            Type::Record(id) => drop(self.records.insert(id.0)),
            Type::List(inner) | Type::Set(inner) => self.ty(inner),
            _ => {}
        }
    }
}
