//! Lowers a checked package into clauses over elementary tests, tool by tool.
//!
//! The result speaks the bundle's vocabulary: every clause has one instance for each tool that it can cover, with a
//! condition that says where it applies. Polarity is settled here: a granting clause asks whether its condition is
//! true, a restricting one whether it is not false, and the two questions are pushed down to the tests. Knows
//! nothing of decision diagrams; the graph is built from the instances in `graph`.

mod clauses;
mod cond;
mod expr;
#[cfg(test)]
pub(crate) mod fixture;
mod intern;
mod parts;
mod prior;
mod tables;
mod targets;
mod text;

use std::rc::Rc;

use claw_runtime::bundle::{Ask, Bundle, CondId, Expr as Out, ExprId, Instance, Range, TemplateId};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::checked::Checked;
use crate::hir::{self, Loc, Package, ScopeId, ToolId};

use cond::{Address, CondCallKey, Signature};
use expr::{CallKey, Val};
pub use intern::Facts;
use intern::Interner;
pub(crate) use intern::{next, parts};
pub use parts::{Owner, Part, Parts, Word};
use targets::Coverage;
pub use text::Texts;
pub(crate) use text::constant;

/// A policy as clauses over tests, before the graph is built.
#[derive(Debug)]
pub struct Lowered {
    /// The bundle but for its graph (`nodes`, `switches`, `ToolDef::roots`), the digests and names of its
    /// modules' files, and the places of its clauses.
    pub tables: Bundle,
    /// By `ExprId`.
    pub facts: Vec<Facts>,
    /// The source of each pattern, by its index in `tables.patterns`.
    pub patterns: Vec<String>,
    /// The same taken apart: whether it is a glob (else a regular expression), and its text.
    pub pattern_sources: Vec<(bool, String)>,
    /// Expressions that are one text each, and are matched by patterns.
    pub texts: FxHashSet<ExprId>,
    /// Where each clause stands, by `ClauseId`.
    pub clause_locs: Vec<ClausePlace>,
    /// The file of each module, in the order of `tables.modules`.
    pub module_files: Vec<hir::FileId>,
}

impl Lowered {
    /// The instances of clauses that can apply to a tool.
    pub fn instances(&self, tool: usize) -> &[Instance] {
        let Range { start, len } = self.tables.tools[tool].instances;
        &self.tables.instances[start as usize..(start + len) as usize]
    }

    /// For showing expressions.
    pub fn texts(&self) -> Texts<'_> {
        Texts { tables: &self.tables, patterns: &self.patterns }
    }

    /// The expression of a test.
    pub fn atom(&self, atom: claw_runtime::bundle::AtomId) -> &Out {
        let expr = self.tables.atoms[atom.index()].expr;
        &self.tables.exprs[expr.index()]
    }
}

/// Where a clause stands in its source.
#[derive(Clone, Copy, Debug)]
pub struct ClausePlace {
    /// Its name, or all of it if it has none.
    pub name: Loc,
    /// All of it, with attributes and documentation.
    pub whole: Loc,
}

/// Where an invariant makes its claim, for one tool.
#[derive(Clone, Copy, Debug)]
pub struct Claimed {
    /// Index into the package's invariants.
    pub invariant: usize,
    pub tool: claw_runtime::bundle::ToolId,
    /// Holds for the calls that the claim is about.
    pub cond: CondId,
}

/// What proofs are about and no bundle carries.
#[derive(Debug, Default)]
pub struct Extra {
    /// The claims of the invariants.
    pub claims: Vec<Claimed>,
    /// The root module's clauses, condition by condition.
    pub parts: Vec<Parts>,
}

/// Lowers a package with what there is to prove about it.
pub fn lower_with_extra(checked: &Checked) -> (Lowered, Extra) {
    let mut lowerer = Lowerer::new(checked.package());
    lowerer.clauses();
    let extra = Extra { claims: lowerer.claims(), parts: lowerer.clause_parts() };
    (lowerer.finish(), extra)
}

/// Lowers a package. Deterministic: nothing depends on the order in which a hash table is walked.
pub fn lower(checked: &Checked) -> Lowered {
    let package = checked.package();
    let mut lowerer = Lowerer::new(package);
    lowerer.clauses();
    lowerer.finish()
}

struct Lowerer<'p> {
    package: &'p Package,
    interner: Interner,
    clause_decls: Vec<&'p hir::Decl>,
    /// Anonymous clauses with the same text in the same module are the same clause.
    clause_texts: FxHashMap<(hir::ModuleId, &'p str), claw_runtime::bundle::ClauseId>,
    /// Tool by tool and name by name, the parameter's index.
    params: FxHashMap<(ToolId, &'p str), u32>,
    scopes: FxHashMap<(ScopeId, Ask), Rc<Coverage>>,
    arguments: FxHashMap<Address, Rc<[&'p str]>>,
    conditions: FxHashMap<(Address, Ask, Signature), CondId>,
    calls: FxHashMap<CallKey, Val>,
    cond_calls: FxHashMap<CondCallKey, CondId>,
    messages: FxHashMap<(*const hir::Message, Vec<Signature>), TemplateId>,
    priors: FxHashMap<(ToolId, Vec<u32>, Option<ExprId>), claw_runtime::bundle::PriorId>,
}

impl<'p> Lowerer<'p> {
    fn new(package: &'p Package) -> Lowerer<'p> {
        let mut params = FxHashMap::default();
        for (tool, decl) in (0..).zip(&package.tools) {
            for (index, field) in (0..).zip(&decl.params) {
                params.insert((ToolId(tool), field.name.as_str()), index);
            }
        }
        Lowerer {
            package,
            interner: Interner::new(tables::vocabulary(package)),
            clause_decls: Vec::new(),
            clause_texts: FxHashMap::default(),
            params,
            scopes: FxHashMap::default(),
            arguments: FxHashMap::default(),
            conditions: FxHashMap::default(),
            calls: FxHashMap::default(),
            cond_calls: FxHashMap::default(),
            messages: FxHashMap::default(),
            priors: FxHashMap::default(),
        }
    }

    fn clauses(&mut self) {
        self.grants();
        self.classify();
        self.matrix();
        self.rules();
        self.limits();
    }

    /// The index of a parameter.
    fn param(&self, tool: ToolId, name: &str) -> u32 {
        *self.params.get(&(tool, name)).expect("checked: every tool covered has the argument")
    }

    /// Sorts the instances by tool and completes the tools with what their instances need.
    fn finish(mut self) -> Lowered {
        let mut instances = std::mem::take(&mut self.interner.tables.instances);
        // Stable: within a tool, the order of clauses.
        instances.sort_by_key(|i| i.tool);
        let mut rest = &instances[..];
        for tool in 0..self.package.tools.len() {
            let (own, others) = rest.split_at(rest.partition_point(|i| i.tool.index() <= tool));
            let start = next(&instances) - next(rest);
            self.complete_tool(tool, own, Range { start, len: next(own) });
            rest = others;
        }
        for at in 0..self.interner.tables.priors.len() {
            let id = claw_runtime::bundle::PriorId(next(&self.interner.tables.priors[..at]));
            let tool = self.interner.tables.priors[at].tool;
            self.interner.tables.tools[tool.index()].answers.push(id);
        }
        self.interner.tables.instances = instances;
        Lowered {
            texts: self.interner.facts.iter().filter_map(|facts| facts.pattern).map(|(text, _)| text).collect(),
            tables: self.interner.tables,
            facts: self.interner.facts,
            patterns: self.interner.pattern_texts,
            pattern_sources: self.interner.pattern_sources,
            clause_locs: self
                .clause_decls
                .into_iter()
                .map(|d| ClausePlace { name: d.name_loc, whole: d.loc })
                .collect(),
            module_files: self.package.modules.iter().map(|m| m.file).collect(),
        }
    }

    fn complete_tool(&mut self, tool: usize, instances: &[Instance], range: Range) {
        let mut priors = intern::PriorSet::default();
        let mut limits = Vec::new();
        for instance in instances {
            let own = self.instance_priors(instance, &mut limits);
            priors = self.interner.union(priors, own);
        }
        limits.sort_unstable();
        limits.dedup();
        let priors = self.interner.priors(priors).to_vec();
        let def = &mut self.interner.tables.tools[tool];
        def.instances = range;
        def.limits = limits;
        def.priors = priors;
    }
}

#[cfg(test)]
mod tests;
