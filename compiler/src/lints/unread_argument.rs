//! W0304: an argument that says where something goes, granted without any clause looking at it.

use std::collections::BTreeSet;

use claw_runtime::{Collect, Type};

use super::is_policy;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::W0304;
use crate::hir::{Effect, EffectKind, Expr, ExprKind, ModuleId, Package, Target, TargetKind, ToolId};
use crate::visit;

pub fn run(package: &Package, out: &mut Vec<Diagnostic>) {
    if !is_policy(package) {
        return;
    }
    let mut reads = Reads { package, seen: BTreeSet::new() };
    reads.clauses();
    let granted: BTreeSet<ToolId> = package.grants.iter().flat_map(|g| g.target.tools.iter().copied()).collect();
    for id in granted {
        let Some(tool) = package.tools.get(id.index()).filter(|t| t.decl.module == ModuleId(0)) else { continue };
        for (param, loc) in tool.params.iter().zip(&tool.param_locs) {
            let Some(what) = destination(&param.ty) else { continue };
            if !reads.seen.contains(&(id, param.name.clone())) {
                let message =
                    format!("`{}` is granted, and no clause reads its {what} `{}`", tool.decl.name, param.name);
                out.push(
                    Diagnostic::new(W0304, *loc, message)
                        .help(format!("say which are allowed: `… where args.{} …` in a scope, or a rule", param.name))
                        .note("if any value is fine, say so with `@allow(W0304, \"reason\")` on the tool"),
                );
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
    fn clauses(&mut self) {
        let package = self.package;
        for arm in package.scopes.iter().flat_map(|s| &s.arms) {
            self.conditions(&arm.target, arm.condition.iter());
        }
        for arm in &package.classify {
            self.conditions(&arm.target, arm.when.iter().chain(&arm.unless));
        }
        for rule in &package.rules {
            self.conditions(&rule.target, rule.when.iter().chain(&rule.unless));
            // A rule that denies or asks whatever the arguments are needs to read none of them.
            let stops = |e: &Effect| matches!(e.kind, EffectKind::Deny(_) | EffectKind::Require(_));
            if rule.when.is_empty() && rule.unless.is_empty() && rule.effects.iter().any(stops) {
                self.everything(&rule.target.tools);
            }
        }
        for arm in package.limits.iter().flat_map(|l| &l.arms) {
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
