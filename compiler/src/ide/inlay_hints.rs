//! What stands between the lines: tiers of the tools in `on`, what the matrix says of them, types that are not written.

use claw_syntax::Span;

use super::facts;
use crate::analysis::{Analysis, Symbol};
use crate::hir::{FileId, Package, Target, TargetKind, TierId, ToolId};

/// A note in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InlayHint {
    /// It stands right before this byte.
    pub offset: u32,
    pub text: String,
    pub is_type: bool,
    /// Markdown, for who points at it.
    pub doc: String,
}

/// The hints of a part of a file, in the order of the text.
pub fn inlay_hints(analysis: &Analysis, file: FileId, range: Span) -> Vec<InlayHint> {
    let mut hints = Vec::new();
    let package = &analysis.package;
    for rule in package.rules.iter().filter(|rule| rule.decl.loc.file == file) {
        hints.extend(of_target(package, &rule.target));
    }
    for limit in package.limits.iter().filter(|limit| limit.decl.loc.file == file) {
        hints.extend(limit.arms.iter().flat_map(|arm| of_target(package, &arm.target)));
    }
    hints.extend(variables(analysis, file));
    hints.retain(|hint| range.touches(hint.offset));
    hints.sort_by_key(|hint| hint.offset);
    hints
}

/// The tiers behind each tool and scope, and what the matrix says of them.
fn of_target(package: &Package, target: &Target) -> Vec<InlayHint> {
    let hint = |arm: &crate::hir::TargetArm| {
        let tools: Vec<ToolId> = match &arm.kind {
            TargetKind::Tool(tool) => vec![*tool],
            TargetKind::Glob(_, tools) | TargetKind::Tagged(_, tools) => tools.clone(),
            TargetKind::Scope(scope) => super::place::covered(package, *scope),
            TargetKind::Any(_) | TargetKind::Error => return None,
        };
        let mut tiers: Vec<TierId> =
            tools.iter().flat_map(|tool| facts::tiers(package, *tool)).map(|(tier, _)| tier).collect();
        tiers.sort();
        tiers.dedup();
        let names: Vec<&str> = tiers.iter().map(|tier| facts::tier_name(package, *tier)).collect();
        let text = match names.as_slice() {
            [] => return None,
            [one] => (*one).to_owned(),
            [first, .., last] => format!("{first}..{last}"),
        };
        let rows = tiers.iter().map(|tier| {
            format!("- `{}` — {}", facts::tier_name(package, *tier), facts::row(package, *tier, target.envs.as_deref()))
        });
        let row = match tiers.as_slice() {
            [only] => facts::row(package, *only, target.envs.as_deref()),
            _ => String::new(),
        };
        let text = if row.is_empty() { text } else { format!("{text} ({row})") };
        let doc = rows.collect::<Vec<_>>().join("\n");
        Some(InlayHint { offset: arm.loc.span.end, text, is_type: false, doc })
    };
    target.arms.iter().filter_map(hint).collect()
}

/// The types of quantifiers' variables.
fn variables(analysis: &Analysis, file: FileId) -> Vec<InlayHint> {
    let symbols = &analysis.symbols;
    let text = analysis.sources.files.get(file.0 as usize).map_or("", |source| &source.text);
    let declared = symbols
        .references
        .iter()
        .filter(|r| r.loc.file == file && r.is_declaration && matches!(r.symbol, Symbol::Local(_)));
    let hint = |reference: &crate::analysis::Reference| {
        let span = reference.loc.span;
        let rest = text.get(span.end as usize..)?;
        if !rest.trim_start().starts_with("in") {
            return None; // A parameter: its type is written.
        }
        let mut uses = symbols.of(reference.symbol).filter(|r| !r.is_declaration);
        let ty = uses.find_map(|r| symbols.types.iter().find(|(loc, _)| *loc == r.loc).map(|(_, ty)| ty))?;
        let shown = ty.display(&analysis.package.schema);
        Some(InlayHint { offset: span.end, text: format!(": {shown}"), is_type: true, doc: String::new() })
    };
    declared.filter_map(hint).collect()
}
