//! What is compared for one tool: for each root, the clauses that bear on it and where the graph answers it.
//!
//! Says which clauses count for what, from the language's own words: shadow clauses count for nothing, the highest
//! tier wins, an approval is required by any rule that requires it.

use std::collections::BTreeMap;

use claw_runtime::bundle::{CondId, Instance, InstanceEffect, Roots, RuleEffect, Target};

use crate::graph::Root;
use crate::lower::Lowered;

/// All questions of a tool. Tools with equal ones have equal proofs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Questions(pub Vec<(Root, Question)>);

/// One root's two readings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Question {
    /// Conditions, and the leaf that each leads to where it holds; the highest counts.
    pub clauses: Vec<(u32, CondId)>,
    /// Where the graph answers. Nowhere: no. In several places: yes if any says so.
    pub graph: Vec<Target>,
}

impl Questions {
    pub fn new(lowered: &Lowered, tool: u32, roots: &Roots) -> Questions {
        let mut by_root: BTreeMap<Root, Question> = BTreeMap::new();
        let tables = &lowered.tables;
        let range = tables.tools[tool as usize].instances;
        let instances = &tables.instances[range.start as usize..][..range.len as usize];
        for (at, instance) in (0..).zip(instances) {
            // A hint or a candidate decides nothing.
            if tables.clauses[instance.clause.index()].shadow {
                continue;
            }
            for (root, leaf) in bears_on(at, instance) {
                by_root.entry(root).or_default().clauses.push((leaf, instance.cond));
            }
        }
        for (root, target) in starts(roots, range.start) {
            by_root.entry(root).or_default().graph.push(target);
        }
        if tables.tiers.is_empty() {
            // Nobody asks for the tier then.
            by_root.remove(&Root::Tier);
        }
        Questions(by_root.into_iter().collect())
    }
}

/// The roots that a clause bears on, with the leaf that it leads to. Instances are numbered from the tool's first.
fn bears_on(at: u32, instance: &Instance) -> Vec<(Root, u32)> {
    match &instance.effect {
        InstanceEffect::Grant => vec![(Root::Grant, 1)],
        InstanceEffect::Classify { tier } => vec![(Root::Tier, tier + 1)],
        InstanceEffect::Limit { .. } => vec![(Root::Limit(at), 1)],
        InstanceEffect::Rule { effects, .. } => {
            let mut roots = Vec::new();
            for effect in effects {
                match effect {
                    RuleEffect::Deny(_) => roots.push((Root::Deny, 1)),
                    RuleEffect::Require(approvals) => {
                        roots.extend(approvals.iter().map(|id| (Root::Approval(*id), 1)));
                    }
                    RuleEffect::Constrain { .. } => roots.push((Root::Constrain(at), 1)),
                    RuleEffect::Mark { label } => roots.push((Root::Mark(*label), 1)),
                }
            }
            // A rule that constrains two things applies once.
            roots.sort_unstable();
            roots.dedup();
            roots
        }
    }
}

/// Where the graph answers each root.
fn starts(roots: &Roots, first: u32) -> Vec<(Root, Target)> {
    let Roots { grant, tier, deny, approvals, marks, constrains, limits } = roots;
    let mut starts = vec![(Root::Grant, *grant), (Root::Tier, *tier), (Root::Deny, *deny)];
    starts.extend(approvals.iter().map(|(id, target)| (Root::Approval(*id), *target)));
    starts.extend(marks.iter().map(|(label, target)| (Root::Mark(*label), *target)));
    starts.extend(constrains.iter().map(|(at, target)| (Root::Constrain(at - first), *target)));
    starts.extend(limits.iter().map(|(at, target)| (Root::Limit(at - first), *target)));
    starts
}
