//! W0103: a label that some rule marks and nothing reads. (Read but never marked is fine: hosts mark.)

use std::collections::BTreeMap;

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::W0103;
use crate::hir::{EffectKind, ExprKind, Loc, Package};
use crate::visit;

pub fn marked_but_never_read(package: &Package, out: &mut Vec<Diagnostic>) {
    let mut marked: BTreeMap<u32, Loc> = BTreeMap::new();
    for effect in package.rules.iter().flat_map(|r| &r.effects) {
        if let EffectKind::Mark(label) = effect.kind {
            marked.entry(label.0).or_insert(effect.loc);
        }
    }
    visit::all(package, &mut |expr| {
        if let ExprKind::HasLabel(label) = expr.kind {
            marked.remove(&label.0);
        }
    });
    for (label, loc) in marked {
        let Some(word) = package.labels.get(label as usize) else { continue };
        let name = &word.decl.name;
        out.push(
            Diagnostic::new(W0103, loc, format!("label `{name}` is marked here, and no condition reads it"))
                .label(word.decl.name_loc, "declared here")
                .help(format!("add a rule with `when {name} in session.labels`, or drop the mark")),
        );
    }
}
