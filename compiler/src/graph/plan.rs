//! What the graph of one tool must answer: the conditions behind each of its roots.
//!
//! Tools with equal plans share their whole diagram, which is what keeps a policy small whose rules are about
//! any tool.

use std::collections::BTreeMap;

use claw_runtime::bundle::{ApprovalId, CondId, InstanceEffect, RuleEffect};

use crate::lower::Lowered;

/// Conditions by what they decide; instance numbers are relative to the tool's range.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Plan {
    pub grant: Vec<CondId>,
    /// The leaf reached (the tier's number plus one) where the condition holds.
    pub tier: Vec<(u32, CondId)>,
    pub deny: Vec<CondId>,
    pub approvals: BTreeMap<ApprovalId, Vec<CondId>>,
    pub marks: BTreeMap<u32, Vec<CondId>>,
    pub constrains: Vec<(u32, CondId)>,
    pub limits: Vec<(u32, CondId)>,
}

impl Plan {
    /// The plan of a tool. Clauses in the shadow have no part in it.
    pub fn new(lowered: &Lowered, tool: usize) -> Plan {
        let mut plan = Plan::default();
        for (at, instance) in (0..).zip(lowered.instances(tool)) {
            if lowered.tables.clauses[instance.clause.index()].shadow {
                continue;
            }
            let cond = instance.cond;
            match &instance.effect {
                InstanceEffect::Grant => plan.grant.push(cond),
                InstanceEffect::Classify { tier } => plan.tier.push((tier + 1, cond)),
                InstanceEffect::Rule { effects, .. } => plan.rule(at, effects, cond),
                InstanceEffect::Limit { .. } => plan.limits.push((at, cond)),
            }
        }
        plan
    }

    fn rule(&mut self, at: u32, effects: &[RuleEffect], cond: CondId) {
        for effect in effects {
            match effect {
                RuleEffect::Deny(_) => self.deny.push(cond),
                RuleEffect::Require(ids) => {
                    ids.iter().for_each(|id| self.approvals.entry(*id).or_default().push(cond));
                }
                RuleEffect::Constrain { .. } => self.constrains.push((at, cond)),
                RuleEffect::Mark { label } => self.marks.entry(*label).or_default().push(cond),
            }
        }
        // A rule may constrain two things; it applies once.
        self.constrains.dedup();
    }

    /// All conditions, clause by clause and root by root.
    pub fn conds(&self) -> impl Iterator<Item = CondId> {
        let tiers = self.tier.iter().map(|(_, cond)| cond);
        let instances = self.constrains.iter().chain(&self.limits).map(|(_, cond)| cond);
        let (approvals, marks) = (self.approvals.values().flatten(), self.marks.values().flatten());
        self.grant.iter().chain(tiers).chain(&self.deny).chain(approvals).chain(marks).chain(instances).copied()
    }
}
