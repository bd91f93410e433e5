//! Expands targets: which tools a clause covers, and under which condition each.

use std::rc::Rc;

use claw_runtime::bundle::{Ask, CondId};

use super::Lowerer;
use crate::hir::{ScopeId, Target, TargetKind, ToolId};

/// Tools, ascending, each with the condition under which it is covered.
pub(super) type Coverage = Vec<(ToolId, CondId)>;

impl<'p> Lowerer<'p> {
    /// What a target covers in its environments. A scope's condition is asked what its user asks.
    pub(super) fn cover(&mut self, target: &'p Target, ask: Ask) -> Coverage {
        let envs = self.in_envs(target.envs.as_deref());
        let mut covered = Coverage::new();
        let always = self.interner.truth(true);
        for arm in &target.arms {
            match &arm.kind {
                TargetKind::Error => unreachable!("`Checked` holds no erroneous target"),
                TargetKind::Tool(tool) => covered.push((*tool, always)),
                TargetKind::Any(tools) | TargetKind::Glob(_, tools) | TargetKind::Tagged(_, tools) => {
                    covered.extend(tools.iter().map(|tool| (*tool, always)));
                }
                TargetKind::Scope(scope) => covered.extend_from_slice(&self.scope(*scope, ask)),
            }
        }
        let mut covered = self.union(covered);
        if envs != always {
            covered.iter_mut().for_each(|(_, cond)| *cond = self.interner.all(vec![*cond, envs]));
        }
        covered
    }

    /// Joins what several arms say of the same tool.
    fn union(&mut self, mut covered: Coverage) -> Coverage {
        covered.sort_unstable();
        covered.dedup();
        if covered.is_sorted_by(|a, b| a.0 < b.0) {
            return covered;
        }
        let join = |arms: &[(ToolId, CondId)]| {
            let conds = arms.iter().map(|(_, cond)| *cond).collect();
            (arms[0].0, self.interner.any(conds))
        };
        covered.chunk_by(|a, b| a.0 == b.0).map(join).collect()
    }

    fn scope(&mut self, scope: ScopeId, ask: Ask) -> Rc<Coverage> {
        if let Some(found) = self.scopes.get(&(scope, ask)) {
            return found.clone();
        }
        let package = self.package;
        let mut covered = Coverage::new();
        for arm in &package.scopes[scope.index()].arms {
            for (tool, cond) in self.cover(&arm.target, ask) {
                let cond = match &arm.condition {
                    Some(expr) => {
                        let own = self.condition(expr, ask, tool);
                        self.interner.all(vec![cond, own])
                    }
                    None => cond,
                };
                covered.push((tool, cond));
            }
        }
        let covered = Rc::new(self.union(covered));
        self.scopes.insert((scope, ask), covered.clone());
        covered
    }
}
