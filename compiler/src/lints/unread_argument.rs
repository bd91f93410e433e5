//! W0304 and W0306: an argument that says where something goes, granted without any clause looking at it.

use std::collections::BTreeSet;

use claw_runtime::{Collect, Type};

use super::is_policy;
use crate::diagnostics::codes::{W0304, W0306};
use crate::diagnostics::{Code, Diagnostic};
use crate::hir::{Decl, Effect, EffectKind, Expr, ExprKind, Loc, ModuleId, Package, Target, TargetKind, ToolId};
use crate::visit;

pub fn run(package: &Package, out: &mut Vec<Diagnostic>) {
    each_unread(package, &|_| true, &mut |tool, param, what, loc| {
        let message = format!("`{tool}` is granted, and no clause reads its {what} `{param}`");
        out.push(help(Diagnostic::new(W0304, loc, message), W0304, param));
    });
}

/// W0306: such an argument that only clauses read which never apply.
pub fn read_in_vain(package: &Package, never: &dyn Fn(&Decl) -> bool, out: &mut Vec<Diagnostic>) {
    let mut unread = BTreeSet::new();
    each_unread(package, &|_| true, &mut |_, _, _, loc| unread.extend([loc]));
    each_unread(package, &|decl| !never(decl), &mut |tool, param, what, loc| {
        if !unread.contains(&loc) {
            let message =
                format!("`{tool}` is granted, and its {what} `{param}` is read only by clauses that never apply");
            out.push(help(Diagnostic::new(W0306, loc, message), W0306, param));
        }
    });
}

fn help(finding: Diagnostic, code: Code, param: &str) -> Diagnostic {
    finding
        .help(format!("say which are allowed: `… where args.{param} …` in a scope, or a rule"))
        .note(format!("if any value is fine, say so with `@allow({code}, \"reason\")` on the tool"))
}

/// The arguments of granted tools that no clause reads which counts: tool, argument, what it is, and its place.
fn each_unread(package: &Package, counts: &dyn Fn(&Decl) -> bool, each: &mut dyn FnMut(&str, &str, &str, Loc)) {
    if !is_policy(package) {
        return;
    }
    let mut reads = Reads { package, seen: BTreeSet::new() };
    reads.clauses(counts);
    let granted: BTreeSet<ToolId> = package.grants.iter().flat_map(|g| g.target.tools.iter().copied()).collect();
    for id in granted {
        let Some(tool) = package.tools.get(id.index()).filter(|t| t.decl.module == ModuleId(0)) else { continue };
        for (param, loc) in tool.params.iter().zip(&tool.param_locs) {
            if let Some(what) = destination(&param.ty)
                && !reads.seen.contains(&(id, param.name.clone()))
            {
                each(&tool.decl.name, &param.name, what, *loc);
            }
        }
    }
}

/// What the type is called, if values of it decide where something goes or what is run.
fn destination(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Email => Some("e-mail address"),
        Type::Url => Some("url"),
        Type::Path => Some("path"),
        Type::Command(_) => Some("command"),
        Type::Sql(_) => Some("sql"),
        Type::List(inner) | Type::Set(inner) => destination(inner),
        _ => None,
    }
}

struct Reads<'a> {
    package: &'a Package,
    seen: BTreeSet<(ToolId, String)>,
}

impl Reads<'_> {
    fn clauses(&mut self, counts: &dyn Fn(&Decl) -> bool) {
        let package = self.package;
        for arm in package.scopes.iter().filter(|s| counts(&s.decl)).flat_map(|s| &s.arms) {
            self.conditions(&arm.target, arm.condition.iter());
        }
        for arm in package.classify.iter().filter(|arm| counts(&arm.decl)) {
            self.conditions(&arm.target, arm.when.iter().chain(&arm.unless));
        }
        for rule in package.rules.iter().filter(|rule| counts(&rule.decl)) {
            self.conditions(&rule.target, rule.when.iter().chain(&rule.unless));
            // A rule that denies or asks whatever the arguments are needs to read none of them.
            let stops = |e: &Effect| matches!(e.kind, EffectKind::Deny(_) | EffectKind::Require(_));
            if rule.when.is_empty() && rule.unless.is_empty() && rule.effects.iter().any(stops) {
                self.everything(&rule.target.tools);
            }
        }
        for arm in package.limits.iter().filter(|l| counts(&l.decl)).flat_map(|l| &l.arms) {
            self.conditions(&arm.target, arm.when.iter().chain(&arm.sum));
        }
    }

    fn conditions<'e>(&mut self, target: &Target, conditions: impl Iterator<Item = &'e Expr>) {
        let mut names: Vec<String> = Vec::new();
        let mut collects: Vec<Collect> = Vec::new();
        for condition in conditions {
            visit::walk(condition, &mut |expr| match &expr.kind {
                ExprKind::Arg(name) | ExprKind::Origins(name, _) => names.push(name.clone()),
                ExprKind::Collect(kind) => collects.push(*kind),
                _ => {}
            });
        }
        let mut tools = target.tools.clone();
        for arm in &target.arms {
            if let TargetKind::Scope(id) = arm.kind
                && let Some(scope) = self.package.scopes.get(id.index())
            {
                tools.extend(scope.arms.iter().flat_map(|a| a.target.tools.iter().copied()));
            }
        }
        for tool in tools {
            self.seen.extend(names.iter().map(|name| (tool, name.clone())));
            if !collects.is_empty() {
                self.everything(&[tool]);
            }
        }
    }

    fn everything(&mut self, tools: &[ToolId]) {
        for id in tools {
            let params = self.package.tools.get(id.index()).map(|t| t.params.as_slice()).unwrap_or_default();
            self.seen.extend(params.iter().map(|p| (*id, p.name.clone())));
        }
    }
}
