//! What of a request a tool's clauses look at: the rest need not be decoded before somebody asks for it.
//!
//! Nothing depends on this being exact. What is missing here is decoded later than it could be; what is too much, in vain.

use rustc_hash::FxHashSet;

use crate::Policy;
use crate::bitset::Bits;
use crate::bundle::{Cond, CondId, Expr, ExprId, Fact, InstanceEffect, Range, RuleEffect, ToolDef, ToolId};

/// What the clauses about one tool read.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    /// Arguments, by index.
    pub(crate) args: Bits,
    /// Who calls, for whom, in which session or tenant.
    pub(crate) facts: bool,
}

impl Policy {
    /// What is read of calls of this tool. Found out with the first of them.
    pub(crate) fn reads(&self, tool: ToolId, def: &ToolDef) -> Option<&Reads> {
        self.reads.get(tool.index()).map(|reads| &**reads.get_or_init(|| Box::new(self.find_reads(def))))
    }

    fn find_reads(&self, tool: &ToolDef) -> Reads {
        let mut walk =
            Walk { policy: self, exprs: FxHashSet::default(), conds: FxHashSet::default(), todo: Vec::new() };
        for (_, instance) in self.instances(tool) {
            walk.cond(instance.cond);
            match &instance.effect {
                InstanceEffect::Rule { effects, .. } => {
                    for effect in effects {
                        if let RuleEffect::Constrain { value, .. } = effect {
                            walk.todo.push(*value);
                        }
                    }
                }
                InstanceEffect::Limit { addend, .. } => walk.todo.extend(*addend),
                InstanceEffect::Grant | InstanceEffect::Classify { .. } => {}
            }
        }
        let mut reads = Reads::default();
        for query in tool.answers.iter().filter_map(|id| self.bundle.priors.get(id.index())) {
            query.params.iter().for_each(|param| reads.args.insert(*param));
            walk.todo.extend(query.test.and_then(|test| self.bundle.atoms.get(test.index())).map(|atom| atom.expr));
        }
        walk.exprs(tool, &mut reads);
        reads
    }
}

struct Walk<'a> {
    policy: &'a Policy,
    exprs: FxHashSet<ExprId>,
    conds: FxHashSet<CondId>,
    todo: Vec<ExprId>,
}

impl Walk<'_> {
    /// Notes the tests of a condition.
    fn cond(&mut self, cond: CondId) {
        let bundle = &self.policy.bundle;
        let mut conds = vec![cond];
        while let Some(cond) = conds.pop() {
            if !self.conds.insert(cond) {
                continue;
            }
            match bundle.conds.get(cond.index()) {
                Some(Cond::Ask(atom, _)) => self.todo.extend(bundle.atoms.get(atom.index()).map(|atom| atom.expr)),
                Some(Cond::All(range) | Cond::Any(range)) => conds.extend(bundle.cond_range(*range)),
                _ => {}
            }
        }
    }

    /// Looks into all expressions that were noted.
    fn exprs(mut self, tool: &ToolDef, reads: &mut Reads) {
        let bundle = &self.policy.bundle;
        let listed = |range: Range| {
            let start = range.start as usize;
            bundle.operands.get(start..start.saturating_add(range.len as usize)).unwrap_or_default()
        };
        while let Some(id) = self.todo.pop() {
            let Some(expr) = bundle.exprs.get(id.index()).filter(|_| self.exprs.insert(id)) else { continue };
            match expr {
                Expr::Arg(i) => reads.args.insert(*i),
                Expr::Collect(_) => (0u32..).zip(&tool.params).for_each(|(i, _)| reads.args.insert(i)),
                Expr::Fact(fact) => {
                    reads.facts |=
                        !matches!(fact, Fact::Now | Fact::Env | Fact::ToolName | Fact::ToolServer | Fact::AgentDepth);
                }
                _ => {}
            }
            let (own, range) = expr.operands();
            self.todo.extend(own.into_iter().flatten());
            self.todo.extend(range.map(listed).unwrap_or_default());
        }
    }
}
