//! The ids by which the parts of a report are linked.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::context::is_shown;
use crate::analysis::{Analysis, Symbol};
use crate::hir::*;
use crate::ide;

/// Something a report has a place for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Thing {
    Named(Symbol),
    /// By index into the package's table.
    Grant(usize),
    Classify(usize),
    Invariant(usize),
    Test(usize),
    /// What all matrices say of one tier in one environment.
    Cell(TierId, EnvId),
}

/// From an index to the symbol of its kind.
type Numbered = fn(u32) -> Symbol;

/// The ids of everything, given out once.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    ids: FxHashMap<Thing, String>,
    taken: BTreeSet<String>,
    /// By the clause's name in decisions.
    clauses: BTreeMap<String, Thing>,
}

impl Anchors {
    pub fn new(analysis: &Analysis) -> Anchors {
        let package = &analysis.package;
        let mut anchors = Anchors::default();
        anchors.vocabularies(package);
        anchors.declarations(analysis);
        for (at, grant) in package.grants.iter().enumerate() {
            anchors.clause(package, &grant.decl, Thing::Grant(at), format!("grant-{}", at + 1));
        }
        for (at, arm) in package.classify.iter().enumerate() {
            anchors.clause(package, &arm.decl, Thing::Classify(at), format!("classify-{}", at + 1));
        }
        for (at, _) in package.invariants.iter().enumerate() {
            anchors.give(Thing::Invariant(at), format!("invariant-{}", at + 1));
        }
        for (at, _) in package.tests.iter().enumerate() {
            anchors.give(Thing::Test(at), format!("test-{}", at + 1));
        }
        for cell in &package.matrix {
            let name = |words: &[Word], at: usize| words.get(at).map(|w| w.decl.name.clone()).unwrap_or_default();
            let id = format!(
                "matrix-{}-{}",
                name(&package.tiers, cell.tier.index()),
                name(&package.environments, cell.env.index())
            );
            anchors.clause(package, &cell.decl, Thing::Cell(cell.tier, cell.env), id);
        }
        anchors
    }

    pub fn id(&self, thing: Thing) -> Option<&str> {
        self.ids.get(&thing).map(String::as_str)
    }

    /// The id of a clause, by its name in decisions.
    pub fn of_clause(&self, clause: &str) -> Option<&str> {
        self.id(*self.clauses.get(clause)?)
    }

    fn vocabularies(&mut self, package: &Package) {
        let words: [(&str, &[Word], Numbered); 5] = [
            ("tier", &package.tiers, |at| Symbol::Tier(TierId(at))),
            ("env", &package.environments, |at| Symbol::Env(EnvId(at))),
            ("label", &package.labels, |at| Symbol::Label(LabelId(at))),
            ("tag", &package.tags, |at| Symbol::Tag(TagId(at))),
            ("origin", &package.origins, |at| Symbol::Origin(OriginId(at))),
        ];
        for (kind, words, symbol) in words {
            for (at, word) in (0..).zip(words) {
                self.give(Thing::Named(symbol(at)), format!("{kind}-{}", word.decl.name));
            }
        }
        for (at, role) in (0..).zip(&package.roles) {
            self.give(Thing::Named(Symbol::Role(RoleId(at))), format!("role-{}", role.decl.name));
        }
        for (root, word, attrs) in super::declared::roots(package) {
            for (at, attr) in (0..).zip(attrs) {
                self.give(Thing::Named(Symbol::Attr(root, at)), format!("{word}-{}", attr.field.name));
            }
        }
    }

    fn declarations(&mut self, analysis: &Analysis) {
        let package = &analysis.package;
        for (at, module) in (0..).zip(&package.modules) {
            self.give(Thing::Named(Symbol::Module(ModuleId(at))), format!("module-{}", module.name));
        }
        let tables: [(&str, usize, Numbered); 13] = [
            ("enum", package.enum_decls.len(), |at| Symbol::Enum(claw_runtime::EnumId(at))),
            ("record", package.record_decls.len(), |at| Symbol::Record(claw_runtime::RecordId(at))),
            ("tool", package.tools.len(), |at| Symbol::Tool(ToolId(at))),
            ("let", package.lets.len(), |at| Symbol::Let(LetId(at))),
            ("live", package.lives.len(), |at| Symbol::Live(LiveId(at))),
            ("extern", package.externs.len(), |at| Symbol::Extern(ExternId(at))),
            ("predicate", package.predicates.len(), |at| Symbol::Predicate(PredicateId(at))),
            ("window", package.windows.len(), |at| Symbol::Window(WindowId(at))),
            ("approval", package.approvals.len(), |at| Symbol::Approval(ApprovalId(at))),
            ("constraint", package.constraints.len(), |at| Symbol::Constraint(ConstraintId(at))),
            ("scope", package.scopes.len(), |at| Symbol::Scope(ScopeId(at))),
            ("rule", package.rules.len(), |at| Symbol::Rule(RuleId(at))),
            ("limit", package.limits.len(), |at| Symbol::Limit(LimitId(at))),
        ];
        let reached = super::context::Reached::of(analysis);
        for (kind, count, symbol) in tables {
            for symbol in (0..count as u32).map(symbol) {
                let Some(decl) = ide::decl(package, symbol) else { continue };
                if is_shown(package, &reached, symbol, decl) {
                    let id = format!("{kind}-{}", ide::qualified_name(package, decl));
                    self.clause(package, decl, Thing::Named(symbol), id);
                }
            }
        }
    }

    fn clause(&mut self, package: &Package, decl: &Decl, thing: Thing, id: String) {
        self.give(thing, id);
        self.clauses.entry(ide::qualified_name(package, decl)).or_insert(thing);
    }

    /// Gives a thing its id: `wanted` without what an address could not hold, with a number where it is taken.
    fn give(&mut self, thing: Thing, wanted: String) {
        if self.ids.contains_key(&thing) {
            return;
        }
        let plain: String =
            wanted.chars().map(|c| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '_' }).collect();
        let numbered = (2..).map(|n| format!("{plain}~{n}"));
        let id = std::iter::once(plain.clone()).chain(numbered).find(|id| !self.taken.contains(id));
        let id = id.unwrap_or(plain);
        self.taken.insert(id.clone());
        self.ids.insert(thing, id);
    }
}
