//! From a symbol to its declaration and its name.

use crate::analysis::Symbol;
use crate::hir::{AttrRoot, Decl, Package};

/// The declaration of a symbol; none for what is declared inside another declaration (parameters, fields, values of
/// enums, attributes, variables), for modules and for what is built in.
pub fn decl(package: &Package, symbol: Symbol) -> Option<&Decl> {
    match symbol {
        Symbol::Tier(id) => package.tiers.get(id.index()).map(|w| &w.decl),
        Symbol::Env(id) => package.environments.get(id.index()).map(|w| &w.decl),
        Symbol::Role(id) => package.roles.get(id.index()).map(|r| &r.decl),
        Symbol::Label(id) => package.labels.get(id.index()).map(|w| &w.decl),
        Symbol::Tag(id) => package.tags.get(id.index()).map(|w| &w.decl),
        Symbol::Origin(id) => package.origins.get(id.index()).map(|w| &w.decl),
        Symbol::Enum(id) => package.enum_decls.get(id.0 as usize),
        Symbol::Record(id) => package.record_decls.get(id.0 as usize),
        Symbol::Tool(id) => package.tools.get(id.index()).map(|t| &t.decl),
        Symbol::Let(id) => package.lets.get(id.index()).map(|l| &l.decl),
        Symbol::Live(id) => package.lives.get(id.index()).map(|l| &l.decl),
        Symbol::Extern(id) => package.externs.get(id.index()).map(|e| &e.decl),
        Symbol::Predicate(id) => package.predicates.get(id.index()).map(|p| &p.decl),
        Symbol::Window(id) => package.windows.get(id.index()).map(|w| &w.decl),
        Symbol::Approval(id) => package.approvals.get(id.index()).map(|a| &a.decl),
        Symbol::Constraint(id) => package.constraints.get(id.index()).map(|c| &c.decl),
        Symbol::Scope(id) => package.scopes.get(id.index()).map(|s| &s.decl),
        Symbol::Rule(id) => package.rules.get(id.index()).map(|r| &r.decl),
        Symbol::Limit(id) => package.limits.get(id.index()).map(|l| &l.decl),
        Symbol::Module(_)
        | Symbol::Variant(..)
        | Symbol::Field(..)
        | Symbol::Attr(..)
        | Symbol::Param(..)
        | Symbol::Builtin(_)
        | Symbol::Local(_) => None,
    }
}

/// The name a symbol was declared with; none for variables and built-ins.
pub fn name(package: &Package, symbol: Symbol) -> Option<&str> {
    let record = |id: claw_runtime::RecordId| package.schema.records.get(id.0 as usize);
    match symbol {
        Symbol::Module(id) => package.modules.get(id.index()).map(|m| m.name.as_str()),
        Symbol::Variant(id, at) => {
            package.schema.enums.get(id.0 as usize)?.variants.get(at as usize).map(String::as_str)
        }
        Symbol::Field(id, at) => record(id)?.fields.get(at as usize).map(|f| f.name.as_str()),
        Symbol::Attr(root, at) => attrs(package, root).get(at as usize).map(|a| a.field.name.as_str()),
        Symbol::Param(tool, at) => {
            package.tools.get(tool.index())?.params.get(at as usize).map(|field| field.name.as_str())
        }
        other => decl(package, other).map(|decl| decl.name.as_str()),
    }
}

/// `module.name`, the name by which decisions speak of a clause.
pub fn qualified_name(package: &Package, decl: &Decl) -> String {
    match package.modules.get(decl.module.index()) {
        Some(module) => format!("{}.{}", module.name, decl.name),
        None => decl.name.clone(),
    }
}

fn attrs(package: &Package, root: AttrRoot) -> &[crate::hir::Attr] {
    match root {
        AttrRoot::Agent => &package.agent,
        AttrRoot::User => &package.user,
        AttrRoot::Context => &package.context,
    }
}
