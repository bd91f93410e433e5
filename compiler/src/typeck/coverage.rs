//! Every tool is classified for every call.
//!
//! A condition may be false, so for now only an arm without any covers a tool.

use std::collections::BTreeSet;

use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{ScopeId, Target, TargetKind, ToolId};
use crate::resolve::Cx;

impl Cx<'_> {
    pub(super) fn check_classified(&mut self) {
        if self.package.tiers.is_empty() || !self.lost.is_empty() {
            return;
        }
        let broken = self.trees().iter().any(|(module, parse)| {
            parse.file.items.iter().any(|item| match &item.kind {
                claw_syntax::ast::ItemKind::Error => true,
                claw_syntax::ast::ItemKind::Classify(_) if self.is_broken(*module, item.span) => true,
                claw_syntax::ast::ItemKind::Classify(decl) => {
                    decl.arms.iter().any(|arm| arm.tier.is_hole() || !self.words.tiers.contains_key(&arm.tier.name))
                }
                _ => false,
            })
        });
        // An arm that was not understood may have been the one that covers.
        let hole =
            self.package.classify.iter().any(|a| a.target.arms.iter().any(|t| matches!(t.kind, TargetKind::Error)));
        if broken || hole {
            return;
        }
        let mut covered: BTreeSet<ToolId> = BTreeSet::new();
        let mut partly: BTreeSet<ToolId> = BTreeSet::new();
        for arm in &self.package.classify {
            partly.extend(&arm.target.tools);
            if arm.when.is_empty() && arm.unless.is_empty() && arm.target.envs.is_none() {
                self.surely(&arm.target, &mut covered);
            }
        }
        for id in (0..self.package.tools.len() as u32).map(ToolId).filter(|id| !covered.contains(id)) {
            let tool = &self.package.tools[id.index()];
            let name = &tool.decl.name;
            let lowest = &self.package.tiers[0].decl.name;
            let (message, help) = if partly.contains(&id) {
                let message = format!("`{name}` is not classified for every call: every arm about it has a condition");
                (message, format!("add an arm without one to `classify`: `{lowest} on {name}`"))
            } else {
                (format!("`{name}` is not classified"), format!("add it to `classify`: `{lowest} on {name}`"))
            };
            self.report(Diagnostic::new(codes::E0407, tool.decl.name_loc, message).help(help));
        }
    }

    /// The tools that a target covers whatever the call.
    fn surely(&self, target: &Target, out: &mut BTreeSet<ToolId>) {
        for arm in &target.arms {
            match &arm.kind {
                TargetKind::Any(tools) | TargetKind::Glob(_, tools) | TargetKind::Tagged(_, tools) => out.extend(tools),
                TargetKind::Tool(id) => {
                    out.insert(*id);
                }
                TargetKind::Scope(id) => self.surely_scope(*id, out),
                TargetKind::Error => {}
            }
        }
    }

    fn surely_scope(&self, id: ScopeId, out: &mut BTreeSet<ToolId>) {
        for arm in self.scope_entry(id).arms.iter().filter(|arm| arm.condition.is_none()) {
            self.surely(&arm.target, out);
        }
    }
}
