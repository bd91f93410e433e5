//! Checks of the decision graph: acyclic, complete, and with leaves that its roots understand.

use crate::LoadError;
use crate::bundle::{InstanceEffect, Node, Roots, RuleEffect, Target, TargetKind, ToolDef};
use crate::load::{Check, Checker, bad, within};

impl Checker<'_> {
    pub(super) fn graph(&self) -> Check {
        self.switches()?;
        // The greatest leaf that each node leads to.
        let mut leaves: Vec<u32> = Vec::with_capacity(self.bundle.nodes.len());
        for (i, node) in self.bundle.nodes.iter().enumerate() {
            let leaf = self.node(node, i, &leaves)?;
            leaves.push(leaf);
        }
        for (i, tool) in self.bundle.tools.iter().enumerate() {
            if let Some(roots) = &tool.roots {
                self.roots(tool, roots, i, &leaves)?;
            }
        }
        Ok(())
    }

    fn switches(&self) -> Check {
        let b = self.bundle;
        for (i, switch) in b.switches.iter().enumerate() {
            within(switch.subject.0, b.exprs.len(), "switches", i, "expression")?;
            switch.classes.iter().try_for_each(|(id, _)| within(id.0, b.consts.len(), "switches", i, "constant"))?;
            if !switch.classes.is_sorted_by(|(a, _), (b, _)| a < b) {
                return Err(bad("switches", i, "constants that are not ascending"));
            }
        }
        Ok(())
    }

    fn node(&self, node: &Node, i: usize, leaves: &[u32]) -> Result<u32, LoadError> {
        let b = self.bundle;
        let greatest = |targets: &mut dyn Iterator<Item = Target>| -> Result<u32, LoadError> {
            let mut greatest = 0;
            for target in targets {
                greatest = leaf(target, leaves, "nodes", i)?.max(greatest);
            }
            Ok(greatest)
        };
        match node {
            Node::Test { atom, on_false, on_unknown, on_true, .. } => {
                within(atom.0, b.atoms.len(), "nodes", i, "atom")?;
                greatest(&mut [*on_false, *on_unknown, *on_true].into_iter())
            }
            Node::Switch { switch, on_unknown, otherwise, cases } => {
                within(*switch, b.switches.len(), "nodes", i, "switch")?;
                if !cases.is_sorted_by(|(a, _), (b, _)| a < b) {
                    return Err(bad("nodes", i, "cases that are not ascending"));
                }
                greatest(&mut [*on_unknown, *otherwise].into_iter().chain(cases.iter().map(|(_, target)| *target)))
            }
            Node::Env { by_env } => {
                if by_env.len() != b.environments.len() {
                    return Err(bad("nodes", i, "not one branch for each environment"));
                }
                greatest(&mut by_env.iter().copied())
            }
            Node::Tier { by_tier } => {
                if by_tier.len() != b.tiers.len() {
                    return Err(bad("nodes", i, "not one branch for each tier"));
                }
                greatest(&mut by_tier.iter().copied())
            }
        }
    }

    fn roots(&self, tool: &ToolDef, roots: &Roots, i: usize, leaves: &[u32]) -> Check {
        let b = self.bundle;
        let check = |target: Target, max: u32| {
            if leaf(target, leaves, "tools", i)? <= max { Ok(()) } else { Err(bad("tools", i, "a leaf out of range")) }
        };
        check(roots.grant, 1)?;
        check(roots.deny, 1)?;
        check(roots.tier, u32::try_from(b.tiers.len()).unwrap_or(u32::MAX))?;
        for (approval, target) in &roots.approvals {
            within(approval.0, b.approvals.len(), "tools", i, "approval")?;
            check(*target, 1)?;
        }
        for (label, target) in &roots.marks {
            within(*label, b.labels.len(), "tools", i, "label")?;
            check(*target, 1)?;
        }
        for (instance, target) in &roots.constrains {
            self.effect_of(tool, *instance, i, |effect| match effect {
                InstanceEffect::Rule { effects, .. } => {
                    effects.iter().any(|e| matches!(e, RuleEffect::Constrain { .. }))
                }
                _ => false,
            })?;
            check(*target, 1)?;
        }
        for (instance, target) in &roots.limits {
            self.effect_of(tool, *instance, i, |effect| matches!(effect, InstanceEffect::Limit { .. }))?;
            check(*target, 1)?;
        }
        Ok(())
    }

    /// The instance must be the tool's own and have the effect that its root is for.
    fn effect_of(&self, tool: &ToolDef, instance: u32, i: usize, fits: impl Fn(&InstanceEffect) -> bool) -> Check {
        let own = (tool.instances.start..tool.instances.start.saturating_add(tool.instances.len)).contains(&instance);
        let effect = self.bundle.instances.get(instance as usize).map(|instance| &instance.effect);
        if own && effect.is_some_and(fits) {
            Ok(())
        } else {
            Err(bad("tools", i, "a root for a clause without its effect"))
        }
    }
}

/// The greatest leaf that a target leads to; a node must stand earlier.
fn leaf(target: Target, leaves: &[u32], table: &str, entry: usize) -> Result<u32, LoadError> {
    match target.get() {
        TargetKind::Leaf(value) => Ok(value),
        TargetKind::Node(node) => {
            leaves.get(node as usize).copied().ok_or_else(|| bad(table, entry, "a node that does not stand earlier"))
        }
    }
}
