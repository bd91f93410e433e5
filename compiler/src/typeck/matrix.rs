//! The matrix: an outcome for every tier and environment, never less strict as the tier rises.

use std::collections::BTreeMap;

use claw_syntax::ast;

use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{EnvId, Loc, MatrixCell, ModuleId, Outcome, TierId};
use crate::resolve::{Cx, Vocabulary};
use crate::suggest;

impl Cx<'_> {
    pub(super) fn matrix(&mut self, module: ModuleId, item: &ast::Item, decl: &ast::MatrixDecl) {
        let outer = self.decl(module, item, "matrix", item.span);
        if (self.package.tiers.is_empty() || self.package.environments.is_empty()) && self.lost.is_empty() {
            let what = if self.package.tiers.is_empty() { "tiers" } else { "environments" };
            let loc = self.loc(module, decl.header_span);
            let error = Diagnostic::new(codes::E0406, loc, format!("there is a matrix, but no {what} are declared"))
                .help("declare them: `tiers low < high` and `environments dev, prod`");
            return self.report(error);
        }
        let envs: Vec<Option<u32>> = decl.envs.iter().map(|e| self.word(module, Vocabulary::Environment, e)).collect();
        let mut cells: BTreeMap<(u32, u32), (Outcome, Loc)> = BTreeMap::new();
        let mut complete = envs.iter().all(Option::is_some);
        for row in &decl.rows {
            let Some(tier) = self.word(module, Vocabulary::Tier, &row.tier) else {
                complete = false;
                continue;
            };
            // The grammar reports a row of another width.
            complete &= row.cells.len() == envs.len();
            for (cell, env) in row.cells.iter().zip(&envs) {
                let loc = self.loc(module, cell.span);
                let outcome = self.outcome(module, &cell.kind);
                let (Some(outcome), Some(env)) = (outcome, *env) else {
                    complete = false;
                    continue;
                };
                if let Some((_, first)) = cells.get(&(tier, env)) {
                    let first = *first;
                    self.report_cell_twice(tier, env, loc, first);
                    continue;
                }
                cells.insert((tier, env), (outcome, loc));
            }
        }
        if complete {
            self.check_complete(module, decl, &cells);
        }
        self.check_rising(&cells);
        for ((tier, env), (outcome, loc)) in cells {
            let (tier, env) = (TierId(tier), EnvId(env));
            let name = format!("matrix {} {}", self.tier_name(tier), self.env_name(env));
            let decl = Cx::inner_decl(&outer, name, loc, outer.doc.clone());
            self.package.matrix.push(MatrixCell { decl, tier, env, outcome });
        }
    }

    fn tier_name(&self, tier: TierId) -> String {
        self.package.tiers[tier.index()].decl.name.clone()
    }

    fn env_name(&self, env: EnvId) -> String {
        self.package.environments[env.index()].decl.name.clone()
    }

    /// `None` for a hole and for approvals that could not be resolved.
    pub(super) fn outcome(&mut self, module: ModuleId, kind: &ast::OutcomeKind) -> Option<Outcome> {
        match kind {
            ast::OutcomeKind::Error => None,
            ast::OutcomeKind::Allow => Some(Outcome::Allow),
            ast::OutcomeKind::Deny => Some(Outcome::Deny),
            ast::OutcomeKind::Require(paths) => {
                let found: Vec<_> = paths.iter().map(|p| self.approval_named(module, p)).collect();
                let mut approvals: Vec<_> = found.into_iter().collect::<Option<_>>()?;
                approvals.sort();
                approvals.dedup();
                (!approvals.is_empty()).then_some(Outcome::Require(approvals))
            }
        }
    }

    fn report_cell_twice(&mut self, tier: u32, env: u32, loc: Loc, first: Loc) {
        let (tier, env) = (self.tier_name(TierId(tier)), self.env_name(EnvId(env)));
        let error = Diagnostic::new(codes::E0403, loc, format!("this matrix has two outcomes for `{tier}` in `{env}`"))
            .here("again here")
            .label(first, "first here");
        self.report(error);
    }

    fn check_complete(
        &mut self,
        module: ModuleId,
        decl: &ast::MatrixDecl,
        cells: &BTreeMap<(u32, u32), (Outcome, Loc)>,
    ) {
        let tiers = 0..self.package.tiers.len() as u32;
        let envs = 0..self.package.environments.len() as u32;
        let lacks_row: Vec<u32> = tiers.clone().filter(|t| !cells.keys().any(|(tier, _)| tier == t)).collect();
        let lacks_column: Vec<u32> = envs.filter(|e| !cells.keys().any(|(_, env)| env == e)).collect();
        let header = self.loc(module, decl.header_span);
        if !lacks_row.is_empty() {
            let names: Vec<String> = lacks_row.iter().map(|t| self.tier_name(TierId(*t))).collect();
            let list = suggest::list(names.iter().map(String::as_str));
            self.report(Diagnostic::new(codes::E0402, header, format!("this matrix has no row for {list}")));
        }
        if !lacks_column.is_empty() {
            let names: Vec<String> = lacks_column.iter().map(|e| self.env_name(EnvId(*e))).collect();
            let list = suggest::list(names.iter().map(String::as_str));
            self.report(Diagnostic::new(codes::E0402, header, format!("this matrix has no column for {list}")));
        }
    }

    /// In every environment a higher tier is at least as strict.
    fn check_rising(&mut self, cells: &BTreeMap<(u32, u32), (Outcome, Loc)>) {
        for ((tier, env), (outcome, loc)) in cells {
            let below = cells.iter().filter(|((t, e), _)| e == env && t < tier).max_by_key(|((t, _), _)| *t);
            let Some(((lower, _), (lower_outcome, lower_loc))) = below else { continue };
            if at_least_as_strict(outcome, lower_outcome) {
                continue;
            }
            let (tier, lower, env) =
                (self.tier_name(TierId(*tier)), self.tier_name(TierId(*lower)), self.env_name(EnvId(*env)));
            let error =
                Diagnostic::new(codes::E0404, *loc, format!("`{tier}` is less strict than `{lower}` in `{env}`"))
                    .label(*lower_loc, "the lower tier asks for this")
                    .help("a cell is `deny`, or contains every approval of the cell above it");
            self.report(error);
        }
    }

    /// Tiers and matrix come together or not at all.
    pub(super) fn check_matrix(&mut self) {
        let written = !self.lost.is_empty()
            || self
                .trees()
                .iter()
                .any(|(_, parse)| parse.file.items.iter().any(|item| matches!(item.kind, ast::ItemKind::Matrix(_))));
        if let (Some(first), Some(last), false) = (self.package.tiers.first(), self.package.tiers.last(), written) {
            let loc = Loc { span: first.decl.name_loc.span.join(last.decl.name_loc.span), ..first.decl.name_loc };
            let error = Diagnostic::new(codes::E0405, loc, "there are tiers, but no matrix says what they lead to")
                .help("write a `matrix` with a row for each tier, or leave the tiers out");
            self.report(error);
        }
    }
}

fn at_least_as_strict(outcome: &Outcome, lower: &Outcome) -> bool {
    match (outcome, lower) {
        (Outcome::Deny, _) | (_, Outcome::Allow) => true,
        (Outcome::Require(now), Outcome::Require(before)) => before.iter().all(|a| now.contains(a)),
        _ => false,
    }
}
