//! Checks of clauses, messages, limits, the matrix and tools.

use crate::LoadError;
use crate::bundle::{Cell, InstanceEffect, RuleEffect, TemplatePart, ToolDef};
use crate::load::{Check, Checker, bad, slice, within};

impl Checker<'_> {
    pub(super) fn templates(&self) -> Check {
        for (i, template) in self.bundle.templates.iter().enumerate() {
            for part in &template.parts {
                if let TemplatePart::Value(expr) = part {
                    within(expr.0, self.bundle.exprs.len(), "templates", i, "expression")?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn clauses(&self) -> Check {
        let b = self.bundle;
        for (i, clause) in b.clauses.iter().enumerate() {
            within(clause.module, b.modules.len(), "clauses", i, "module")?;
        }
        for (i, limit) in b.limits.iter().enumerate() {
            within(limit.clause.0, b.clauses.len(), "limits", i, "clause")?;
            self.approvals(&limit.beyond, "limits", i)?;
            limit.message.map_or(Ok(()), |message| within(message.0, b.templates.len(), "limits", i, "message"))?;
            if limit.window_ms <= 0 {
                return Err(bad("limits", i, "an empty window"));
            }
        }
        let cells = b.tiers.len().checked_mul(b.environments.len());
        if !(b.matrix.is_empty() && b.tiers.is_empty()) && Some(b.matrix.len()) != cells {
            return Err(LoadError::Malformed("matrix: not one cell for each tier and environment".to_owned()));
        }
        b.matrix.iter().enumerate().try_for_each(|(i, cell)| self.cell(cell, i))?;
        self.instances()
    }

    fn approvals(&self, approvals: &[crate::bundle::ApprovalId], table: &str, entry: usize) -> Check {
        approvals.iter().try_for_each(|id| within(id.0, self.bundle.approvals.len(), table, entry, "approval"))
    }

    fn cell(&self, cell: &Cell, i: usize) -> Check {
        self.approvals(&cell.approvals, "matrix", i)?;
        for (clause, deny, approvals) in &cell.clauses {
            within(clause.0, self.bundle.clauses.len(), "matrix", i, "clause")?;
            self.approvals(approvals, "matrix", i)?;
            // The cell is the join of what each matrix says, so nothing in it may be lost.
            if *deny && !cell.deny || approvals.iter().any(|id| !cell.approvals.contains(id)) {
                return Err(bad("matrix", i, "less strict than a matrix that it joins"));
            }
        }
        Ok(())
    }

    fn instances(&self) -> Check {
        let b = self.bundle;
        for (i, instance) in b.instances.iter().enumerate() {
            within(instance.clause.0, b.clauses.len(), "instances", i, "clause")?;
            within(instance.tool.0, b.tools.len(), "instances", i, "tool")?;
            within(instance.cond.0, b.conds.len(), "instances", i, "condition")?;
            match &instance.effect {
                InstanceEffect::Grant => {}
                InstanceEffect::Classify { tier } => within(*tier, b.tiers.len(), "instances", i, "tier")?,
                InstanceEffect::Limit { limit, addend } => {
                    within(limit.0, b.limits.len(), "instances", i, "limit")?;
                    addend.map_or(Ok(()), |expr| within(expr.0, b.exprs.len(), "instances", i, "expression"))?;
                    let listed = b.tools.get(instance.tool.index()).is_some_and(|tool| tool.limits.contains(limit));
                    if !listed {
                        return Err(bad("instances", i, "a limit that its tool does not list"));
                    }
                }
                InstanceEffect::Rule { effects, suggest } => {
                    effects.iter().try_for_each(|effect| self.effect(effect, i))?;
                    suggest.map_or(Ok(()), |id| within(id.0, b.templates.len(), "instances", i, "message"))?;
                }
            }
        }
        Ok(())
    }

    fn effect(&self, effect: &RuleEffect, i: usize) -> Check {
        let b = self.bundle;
        match effect {
            RuleEffect::Deny(message) => within(message.0, b.templates.len(), "instances", i, "message"),
            RuleEffect::Require(approvals) => self.approvals(approvals, "instances", i),
            RuleEffect::Constrain { constraint, value } => {
                within(*constraint, b.constraints.len(), "instances", i, "constraint")?;
                within(value.0, b.exprs.len(), "instances", i, "expression")
            }
            RuleEffect::Mark { label } => within(*label, b.labels.len(), "instances", i, "label"),
        }
    }

    pub(super) fn tools(&self) -> Check {
        let b = self.bundle;
        let mut covered = 0usize;
        for (i, tool) in b.tools.iter().enumerate() {
            self.fields(&tool.params, "tools", i)?;
            self.tool_lists(tool, i)?;
            // Ranges follow each other, so that no clause is left out of every tool.
            if tool.instances.start as usize != covered {
                return Err(bad("tools", i, "clauses that do not follow the previous tool's"));
            }
            let instances = slice(&b.instances, tool.instances, "tools", i)?;
            if instances.iter().any(|instance| instance.tool.index() != i) {
                return Err(bad("tools", i, "a clause of another tool"));
            }
            covered = covered.saturating_add(instances.len());
        }
        if covered == b.instances.len() {
            Ok(())
        } else {
            Err(LoadError::Malformed("instances: some belong to no tool".to_owned()))
        }
    }

    fn tool_lists(&self, tool: &ToolDef, i: usize) -> Check {
        let b = self.bundle;
        tool.tags.iter().try_for_each(|tag| within(*tag, b.tags.len(), "tools", i, "tag"))?;
        tool.limits.iter().try_for_each(|limit| within(limit.0, b.limits.len(), "tools", i, "limit"))?;
        let mut priors = tool.priors.iter().chain(&tool.answers);
        priors.try_for_each(|prior| within(prior.0, b.priors.len(), "tools", i, "query of history"))?;
        if tool.limits.is_sorted_by(|a, b| a < b) {
            Ok(())
        } else {
            Err(bad("tools", i, "limits that are not ascending"))
        }
    }
}
