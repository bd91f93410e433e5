//! When the status of a clause may change: counts and times that can be meant.
//!
//! Nothing here knows how agreements are counted; `clawc promote` and its kin read that from a log.

use claw_runtime::Duration;
use claw_syntax::Span;
use claw_syntax::ast::{self, LifecycleClauseKind as Kind, Tally, TextLit};

use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{Lifecycle, Loc, ModuleId, PromoteGate};
use crate::resolve::Cx;

/// More agreements than this are a slip of the keyboard.
const MOST: u32 = 1_000_000;

impl Cx<'_> {
    pub(super) fn lifecycle(&mut self, module: ModuleId, item: &ast::Item, decl: &ast::LifecycleDecl) {
        let entry = self.decl(module, item, "lifecycle", item.span);
        if let Some(first) = self.package.lifecycle.as_ref().map(|l| l.decl.loc) {
            let error = Diagnostic::new(codes::E0108, entry.loc, "the lifecycle is declared twice")
                .label(first, "first here")
                .help("all modules of a policy share one lifecycle: keep one declaration");
            return self.report(error);
        }
        let mut out = Lifecycle { decl: entry, promote: None, suspend: None, archive: None };
        for clause in &decl.clauses {
            match &clause.kind {
                Kind::Promote(_) if out.promote.is_some() => self.written_twice(module, clause.span, "promote"),
                Kind::Promote(tallies) => out.promote = self.promote_gate(module, clause.span, tallies),
                Kind::Suspend(_) if out.suspend.is_some() => self.written_twice(module, clause.span, "suspend"),
                Kind::Suspend(tallies) => out.suspend = self.one_tally(module, tallies).and_then(|n| self.some(n)),
                Kind::Archive(_) if out.archive.is_some() => self.written_twice(module, clause.span, "archive"),
                Kind::Archive(lit) => out.archive = self.disuse(module, lit),
                Kind::Error => {}
            }
        }
        if decl.clauses.is_empty() && !self.is_broken(module, item.span) {
            let error = Diagnostic::new(codes::E0413, out.decl.loc, "this lifecycle says nothing")
                .help("say when clauses advance: `promote after 20 agreements and 0 disagreements`");
            self.report(error);
        }
        if let (Some(promote), Some(suspend)) = (&out.promote, out.suspend)
            && promote.disagreements >= suspend
        {
            let message = format!("{} disagreements still promote, and {suspend} suspend", promote.disagreements);
            let error = Diagnostic::new(codes::E0429, promote.loc, message)
                .help(format!("let `promote` tolerate fewer than {suspend} disagreements, or `suspend` wait for more"));
            self.report(error);
        }
        self.package.lifecycle = Some(out);
    }

    /// `20 agreements and 0 disagreements`; without the second, none is tolerated.
    fn promote_gate(&mut self, module: ModuleId, span: Span, tallies: &[Tally]) -> Option<PromoteGate> {
        let loc = self.loc(module, span);
        let (mut agreements, mut disagreements) = (None, None);
        for tally in tallies {
            let slot = if tally.what.name.starts_with("dis") { &mut disagreements } else { &mut agreements };
            if slot.is_some() {
                self.written_twice(module, tally.span, &tally.what.name);
            } else {
                *slot = Some(self.tally(module, tally));
            }
        }
        let Some(agreements) = agreements else {
            let error = Diagnostic::new(codes::E0413, loc, "this promotion counts no agreements")
                .help("say how many it takes: `promote after 20 agreements and 0 disagreements`");
            self.report(error);
            return None;
        };
        let agreements = agreements.and_then(|count| self.some(count));
        // A count that was reported stands for no gate, which nothing passes.
        let disagreements = disagreements.unwrap_or(Some((0, loc)))?.0;
        Some(PromoteGate { agreements: agreements?, disagreements, loc })
    }

    /// The only tally of a clause.
    fn one_tally(&mut self, module: ModuleId, tallies: &[Tally]) -> Option<(u32, Loc)> {
        let (first, rest) = tallies.split_first()?;
        for again in rest {
            self.written_twice(module, again.span, &again.what.name);
        }
        self.tally(module, first)
    }

    fn tally(&mut self, module: ModuleId, tally: &Tally) -> Option<(u32, Loc)> {
        let loc = self.loc(module, tally.amount.span);
        match tally.amount.digits().parse::<u32>() {
            Ok(count) if count <= MOST => Some((count, loc)),
            _ => {
                let message = format!("`{}` {} will never be counted", tally.amount.text, tally.what.name);
                let error = Diagnostic::new(codes::E0429, loc, message).help(format!("the most is {MOST}"));
                self.report(error);
                None
            }
        }
    }

    /// The count, unless it is zero.
    fn some(&mut self, (count, loc): (u32, Loc)) -> Option<u32> {
        if count == 0 {
            let error = Diagnostic::new(codes::E0429, loc, "a gate of zero is always open")
                .help("ask for at least one: statuses change on evidence");
            self.report(error);
        }
        (count > 0).then_some(count)
    }

    fn disuse(&mut self, module: ModuleId, lit: &TextLit) -> Option<Duration> {
        if lit.is_hole() {
            return None;
        }
        match ast::duration_millis(&lit.text) {
            Some(millis) if millis > 0 => Some(Duration::from_millis(millis)),
            Some(_) => {
                let loc = self.loc(module, lit.span);
                let error = Diagnostic::new(codes::E0429, loc, "a clause is unused for no time at once")
                    .help("say how long it may rest: `archive after 90d unused`");
                self.report(error);
                None
            }
            None => {
                let loc = self.loc(module, lit.span);
                self.report(Diagnostic::new(codes::E0215, loc, format!("`{}` is no usable span of time", lit.text)));
                None
            }
        }
    }
}
