//! What all parts of a report are made from, and the small things they all need.

use std::collections::BTreeSet;

use super::anchors::{Anchors, Thing};
use super::model::{Attribute, Heading, Ref, Target};
use crate::analysis::{Analysis, Symbol};
use crate::hir::{
    self, Decl, EnvId, Expr, ExprKind, LetId, Loc, ModuleId, Package, PredicateId, RoleId, ToolId, WindowId,
};
use crate::visit;

pub(super) struct Context<'a> {
    pub analysis: &'a Analysis,
    pub package: &'a Package,
    pub anchors: Anchors,
}

impl<'a> Context<'a> {
    pub fn new(analysis: &'a Analysis) -> Context<'a> {
        Context { analysis, package: &analysis.package, anchors: Anchors::new(analysis) }
    }

    /// The id of something that has a place in the report; empty if it has none.
    pub fn id(&self, thing: Thing) -> String {
        self.anchors.id(thing).unwrap_or_default().to_owned()
    }

    pub fn named(&self, symbol: Symbol) -> Ref {
        let name = crate::ide::name(self.package, symbol).unwrap_or_default().to_owned();
        Ref { id: self.id(Thing::Named(symbol)), name }
    }

    pub fn roles(&self, roles: &[RoleId]) -> Vec<Ref> {
        roles.iter().map(|role| self.named(Symbol::Role(*role))).collect()
    }

    pub fn tools(&self, tools: &[ToolId]) -> Vec<Ref> {
        tools.iter().map(|tool| self.named(Symbol::Tool(*tool))).collect()
    }

    pub fn approvals(&self, approvals: &[hir::ApprovalId]) -> Vec<Ref> {
        approvals.iter().map(|approval| self.named(Symbol::Approval(*approval))).collect()
    }

    pub fn environment(&self, env: EnvId) -> String {
        self.package.environments.get(env.index()).map(|word| word.decl.name.clone()).unwrap_or_default()
    }

    /// Whether a symbol has a place in the report.
    pub fn shows(&self, symbol: Symbol) -> bool {
        self.anchors.id(Thing::Named(symbol)).is_some()
    }

    pub fn heading(&self, thing: Thing, decl: &Decl) -> Heading {
        let (file, line) = self.place(decl.name_loc);
        let attribute = |attr: &hir::Attribute| Attribute { name: attr.name.clone(), args: attr.args.clone() };
        Heading {
            id: self.id(thing),
            name: decl.name.clone(),
            module: self.module(decl.module),
            doc: decl.doc.clone(),
            attributes: decl.attrs.iter().map(attribute).collect(),
            file,
            line,
        }
    }

    pub fn place(&self, loc: Loc) -> (String, u32) {
        let (file, at) = self.analysis.sources.position(loc);
        (file.to_owned(), at.line)
    }

    pub fn module(&self, module: ModuleId) -> String {
        self.package.modules.get(module.index()).map(|module| module.name.clone()).unwrap_or_default()
    }

    /// What one or several `on` lines cover together.
    pub fn target<'t>(&self, targets: impl IntoIterator<Item = &'t hir::Target>) -> Target {
        let mut tools = BTreeSet::new();
        let mut envs = Some(BTreeSet::new());
        let mut any = false;
        for target in targets {
            tools.extend(target.tools.iter().copied());
            any |= target.arms.iter().any(|arm| matches!(arm.kind, hir::TargetKind::Any(_)));
            envs = envs.zip(target.envs.as_ref()).map(|(mut all, own)| {
                all.extend(own.iter().copied());
                all
            });
        }
        let tools: Vec<ToolId> = tools.into_iter().collect();
        let environments = envs.map(|envs| envs.into_iter().map(|env| self.environment(env)).collect());
        Target { tools: self.tools(&tools), any, environments }
    }

    /// A message as it is written, without the quotes.
    pub fn message(&self, message: &hir::Message) -> String {
        let part = |part: &hir::MessagePart| match part {
            hir::MessagePart::Text(text) => text.clone(),
            hir::MessagePart::Expr(_, source) => format!("{{{source}}}"),
        };
        message.parts.iter().map(part).collect()
    }
}

/// What the clauses of a policy speak of, directly or not.
#[derive(Debug, Default)]
pub(super) struct Reached {
    lets: BTreeSet<LetId>,
    predicates: BTreeSet<PredicateId>,
    windows: BTreeSet<WindowId>,
    types: BTreeSet<Symbol>,
}

impl Reached {
    pub fn of(analysis: &Analysis) -> Reached {
        let package = &analysis.package;
        let mut reached = Reached::default();
        visit::clauses(package, &mut |expr| reached.expr(package, expr));
        let own = |loc: Loc| !analysis.sources.get(loc.file).is_standard();
        let named = analysis.symbols.references.iter().filter(|r| !r.is_declaration && own(r.loc));
        reached.types = named.map(|r| r.symbol).filter(|s| matches!(s, Symbol::Enum(_) | Symbol::Record(_))).collect();
        reached
    }

    fn expr(&mut self, package: &Package, expr: &Expr) {
        visit::walk(expr, &mut |inner| match &inner.kind {
            ExprKind::Let(id) => self.constant(package, *id),
            ExprKind::InWindow(_, id) => drop(self.windows.insert(*id)),
            ExprKind::Predicate(id, _) if self.predicates.insert(*id) => {
                if let Some(predicate) = package.predicates.get(id.index()) {
                    self.expr(package, &predicate.body);
                }
            }
            _ => {}
        });
    }

    fn constant(&mut self, package: &Package, id: LetId) {
        if self.lets.insert(id) {
            let reads = package.lets.get(id.index()).map(|constant| constant.reads.as_slice()).unwrap_or_default();
            reads.iter().for_each(|read| self.constant(package, *read));
        }
    }
}

/// Everything of the policy's own modules has a place, and of the standard ones what the policy reaches.
pub(super) fn is_shown(package: &Package, reached: &Reached, symbol: Symbol, decl: &Decl) -> bool {
    let standard = package.modules.get(decl.module.index()).is_some_and(|module| module.is_std);
    !standard
        || match symbol {
            Symbol::Let(id) => reached.lets.contains(&id),
            Symbol::Predicate(id) => reached.predicates.contains(&id),
            Symbol::Window(id) => reached.windows.contains(&id),
            Symbol::Enum(_) | Symbol::Record(_) => reached.types.contains(&symbol),
            _ => true,
        }
}
