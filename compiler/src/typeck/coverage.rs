//! Every tool is classified.
//!
//! Whether arms with conditions cover every call together is proved later, in `proof/completeness.rs`.

use std::collections::BTreeSet;

use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{TargetKind, ToolId};
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
        let covered: BTreeSet<ToolId> = self.package.classify.iter().flat_map(|arm| arm.target.tools.clone()).collect();
        for id in (0..self.package.tools.len() as u32).map(ToolId).filter(|id| !covered.contains(id)) {
            let tool = &self.package.tools[id.index()];
            let name = &tool.decl.name;
            let lowest = &self.package.tiers[0].decl.name;
            let message = format!("`{name}` is not classified");
            let help = format!("add it to `classify`: `{lowest} on {name}`");
            self.report(Diagnostic::new(codes::E0407, tool.decl.name_loc, message).help(help));
        }
    }
}
