//! W0202, W0204, W0205, W0206: conditions of one clause that can't hold, always hold, or exempt everything.

use claw_runtime::bundle::{CondId, ToolId};

use super::look::Look;
use crate::diagnostics::codes::{W0202, W0204, W0205, W0206};
use crate::diagnostics::{Applicability, Diagnostic, Edit};
use crate::hir::{Decl, Loc, Package};
use crate::lower::{Owner, Part, Parts, Word};
use crate::proof::formula::F;
use crate::source::Sources;
use claw_syntax::Span;

pub fn run(look: &mut Look<'_, '_>) {
    for parts in &look.side().extra.parts {
        let decl = decl(look.package(), parts.owner);
        if !parts.parts.is_empty() && !look.is_done(decl) {
            Clause::new(look, parts).judge();
        }
    }
}

/// The declaration that conditions belong to.
fn decl(package: &Package, owner: Owner) -> &Decl {
    match owner {
        Owner::Rule(i) => &package.rules[i].decl,
        Owner::Classify(i) => &package.classify[i].decl,
        Owner::Limit(i, _) => &package.limits[i].decl,
        Owner::Scope(i, _) => &package.scopes[i].decl,
    }
}

/// Where all parts of a clause stand, tool by tool.
struct Clause<'l, 'x, 'a> {
    look: &'l mut Look<'x, 'a>,
    parts: &'a Parts,
    /// By part and tool.
    applies: Vec<Vec<F>>,
    surely: Vec<Vec<F>>,
}

impl<'l, 'x, 'a> Clause<'l, 'x, 'a> {
    fn new(look: &'l mut Look<'x, 'a>, parts: &'a Parts) -> Clause<'l, 'x, 'a> {
        let mut formulas = |conds: &[CondId]| -> Vec<F> {
            parts.tools.iter().zip(conds).map(|(tool, cond)| look.space(*tool).cond(0, *cond)).collect()
        };
        let applies = parts.parts.iter().map(|part| formulas(&part.applies)).collect();
        let surely = parts.parts.iter().map(|part| formulas(&part.surely)).collect();
        Clause { look, parts, applies, surely }
    }

    fn judge(&mut self) {
        let groups = self.groups();
        for group in &groups {
            if self.contradict(group, false) {
                let core = self.smallest(group, &mut |clause, some| clause.contradict(some, false));
                return self.never_applies(&core);
            }
        }
        for group in groups {
            let own: Vec<usize> = group.iter().filter(|part| self.part(**part).word != Word::On).copied().collect();
            if self.contradict(&own, true) {
                let core = self.smallest(&own, &mut |clause, some| clause.contradict(some, true));
                self.only_unknown(&core);
            } else {
                self.superfluous(group);
            }
        }
    }

    /// Parts that have to do with each other.
    fn groups(&mut self) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for part in 0..self.parts.parts.len() {
            let mut own = vec![part];
            let mut apart = Vec::new();
            for group in groups {
                if group.iter().any(|other| self.related(*other, part)) { own.extend(group) } else { apart.push(group) }
            }
            own.sort_unstable();
            apart.push(own);
            groups = apart;
        }
        groups
    }

    fn related(&mut self, a: usize, b: usize) -> bool {
        (0..self.parts.tools.len())
            .any(|tool| self.look.related(self.parts.tools[tool], self.applies[a][tool], self.applies[b][tool]))
    }

    fn each_tool(&mut self, impossible: &mut dyn FnMut(&mut Self, usize, ToolId) -> F) -> bool {
        (0..self.parts.tools.len()).all(|at| {
            let tool = self.parts.tools[at];
            let f = impossible(self, at, tool);
            self.look.impossible(tool, f)
        })
    }

    /// Whether these never hold together: at all, or with certainty.
    fn contradict(&mut self, some: &[usize], surely: bool) -> bool {
        self.each_tool(&mut |clause, at, tool| {
            let of = if surely { &clause.surely } else { &clause.applies };
            let parts: Vec<F> = some.iter().map(|part| of[*part][at]).collect();
            clause.look.f(tool).all(parts)
        })
    }

    /// Whether a part holds wherever these do.
    fn implied(&mut self, some: &[usize], part: usize) -> bool {
        self.each_tool(&mut |clause, at, tool| {
            let mut parts: Vec<F> = some.iter().map(|part| clause.applies[*part][at]).collect();
            let own = clause.applies[part][at];
            let f = clause.look.f(tool);
            parts.push(f.not(own));
            f.all(parts)
        })
    }

    /// A part of `some` that is enough.
    fn smallest(&mut self, some: &[usize], enough: &mut dyn FnMut(&mut Self, &[usize]) -> bool) -> Vec<usize> {
        let mut needed = some.to_vec();
        for part in some.iter().rev() {
            let fewer: Vec<usize> = needed.iter().filter(|p| *p != part).copied().collect();
            if enough(self, &fewer) {
                needed = fewer;
            }
        }
        needed
    }

    /// Looks for parts that say nothing beside the others, the last ones first.
    fn superfluous(&mut self, group: Vec<usize>) {
        let mut kept = group.clone();
        for part in group.into_iter().rev() {
            let others: Vec<usize> = kept.iter().filter(|p| **p != part).copied().collect();
            if self.parts.parts[part].word != Word::On && self.implied(&others, part) {
                let core = self.smallest(&others, &mut |clause, some| clause.implied(some, part));
                self.always(part, &core);
                kept = others;
            }
        }
    }

    fn part(&self, part: usize) -> &'a Part {
        &self.parts.parts[part]
    }

    fn name(&self) -> String {
        let package = self.look.package();
        match self.parts.owner {
            Owner::Rule(i) => format!("rule `{}`", package.rules[i].decl.name),
            Owner::Classify(_) => "this arm".to_owned(),
            Owner::Limit(i, _) => format!("limit `{}`", package.limits[i].decl.name),
            Owner::Scope(i, _) => format!("scope `{}`", package.scopes[i].decl.name),
        }
    }

    /// What it means for the clause that it never applies.
    fn consequence(&self) -> String {
        match self.parts.owner {
            Owner::Rule(_) | Owner::Classify(_) => format!("so {} never applies", self.name()),
            Owner::Limit(..) => format!("so this arm of {} counts nothing", self.name()),
            Owner::Scope(..) => format!("so this arm of {} grants nothing", self.name()),
        }
    }

    fn never_applies(&mut self, core: &[usize]) {
        let decl = decl(self.look.package(), self.parts.owner);
        let finding = match core.iter().find(|part| self.part(**part).word == Word::Unless) {
            Some(unless) => self.swallowed(*unless, core, true).note(self.consequence()),
            None if core.iter().any(|part| self.part(*part).word == Word::On) => self.unreached(decl, core),
            None => self.contradiction(core).note(self.consequence()),
        };
        match self.parts.owner {
            Owner::Rule(_) | Owner::Classify(_) => self.look.dead(decl, finding),
            // Its other arms may be fine; but what is said of it from here on may follow from this.
            Owner::Limit(..) | Owner::Scope(..) => self.look.useless(decl, finding),
        }
    }

    /// An `unless` that leaves nothing; if not `surely`, only what can't be told.
    fn swallowed(&self, unless: usize, core: &[usize], surely: bool) -> Diagnostic {
        let name = self.name();
        let message = match (core.len(), surely) {
            (1, true) => "this `unless` always holds".to_owned(),
            (1, false) => "this `unless` holds wherever it can be told".to_owned(),
            (_, true) => format!("this `unless` exempts every call that {name} is about"),
            (_, false) => format!("this `unless` exempts every call that {name} is surely about"),
        };
        self.others(Diagnostic::new(W0206, self.part(unless).loc, message), unless, core, "it holds wherever this does")
            .help(format!("make the exemption narrower, or remove {name}"))
    }

    fn unreached(&self, decl: &Decl, core: &[usize]) -> Diagnostic {
        let loc = match self.parts.owner {
            Owner::Rule(_) | Owner::Classify(_) => decl.name_loc,
            Owner::Limit(..) | Owner::Scope(..) => self.part(core[0]).loc,
        };
        let finding = Diagnostic::new(W0202, loc, format!("{} never applies", self.name()));
        let alone = core.len() == 1;
        core.iter()
            .fold(finding, |finding, part| match self.part(*part).word {
                Word::On if alone => finding.label(self.part(*part).loc, "there is no such call"),
                Word::On => finding.label(self.part(*part).loc, "it is about these calls alone"),
                _ => finding.label(self.part(*part).loc, "which is never so for them"),
            })
            .help("correct its targets or its conditions, or remove it")
    }

    fn contradiction(&self, core: &[usize]) -> Diagnostic {
        let last = core[core.len() - 1];
        let message = match core.len() {
            1 => "this condition can't be true",
            2 => "this condition can't be true together with another one",
            _ => "this condition can't be true together with others",
        };
        let finding = Diagnostic::new(W0204, self.part(last).loc, message);
        let which = if core.len() == 1 { "it" } else { "one of them" };
        self.others(finding, last, core, "this one").help(format!("correct {which}, or remove the clause"))
    }

    /// Holds only where it can't be told whether it does: the clause restricts such calls alone.
    fn only_unknown(&mut self, core: &[usize]) {
        let finding = match core.iter().find(|part| self.part(**part).word == Word::Unless) {
            Some(unless) => self.swallowed(*unless, core, false),
            None => self.contradiction(core),
        };
        self.look.cx.report(finding.note("it applies only to calls where it can't be told whether it does"));
    }

    fn always(&mut self, part: usize, core: &[usize]) {
        let what = match (self.part(part).word, core.is_empty()) {
            (Word::Unless, true) => "this `unless` never holds: it exempts nothing",
            (Word::Unless, false) => "this `unless` exempts nothing that is left",
            (_, true) if self.is_sure(part) => "this condition is always true",
            (_, true) => "this condition is never false",
            (_, false) => "this condition says nothing beside the others",
        };
        let finding = Diagnostic::new(W0205, self.part(part).loc, what);
        let finding = self.others(finding, part, core, "given this");
        let finding = match edit(&self.look.side().sources, self.part(part)) {
            Some(edit) => finding.fix_all("remove it", vec![edit], Applicability::Likely),
            None => finding,
        };
        self.look.cx.report(finding.help("remove it, or say what was meant").unnecessary());
    }

    fn is_sure(&mut self, part: usize) -> bool {
        self.each_tool(&mut |clause, at, tool| {
            let own = clause.surely[part][at];
            clause.look.f(tool).not(own)
        })
    }

    fn others(&self, finding: Diagnostic, but: usize, core: &[usize], says: &str) -> Diagnostic {
        core.iter()
            .filter(|part| **part != but)
            .fold(finding, |finding, part| finding.label(self.part(*part).loc, says))
    }
}

/// What to delete to be rid of a condition: with the word before it, or with an `and` or `or` beside it.
fn edit(sources: &Sources, part: &Part) -> Option<Edit> {
    let text = &sources.get(part.loc.file).text;
    let (start, end) = (part.loc.span.start as usize, part.loc.span.end as usize);
    let (before, after) = (text.get(..start)?.trim_end(), text.get(end..)?);
    let delete = |from: usize, to: usize| {
        let span = Span::new(u32::try_from(from).ok()?, u32::try_from(to).ok()?);
        Some(Edit { loc: Loc { file: part.loc.file, span }, text: String::new() })
    };
    let (word, joint) = match part.word {
        Word::On => return None,
        Word::When => ("when", "and"),
        Word::Unless => ("unless", "or"),
        Word::Where => ("where", "and"),
    };
    let follows = |word: &str| {
        let rest = after.trim_start().strip_prefix(word)?;
        rest.starts_with(|c: char| c.is_whitespace() || c == '(').then(|| text.len() - rest.trim_start().len())
    };
    if let Some(next) = follows(joint) {
        return delete(start, next);
    }
    if let Some(rest) = before.strip_suffix(joint).filter(|rest| rest.ends_with([' ', '\n', '\t', ')'])) {
        return delete(rest.trim_end().len(), end);
    }
    let rest = before.strip_suffix(word).filter(|rest| rest.ends_with([' ', '\n', '\t', '{']))?;
    // Part of a larger expression, or in brackets: not to be cut out blindly.
    let inside = after.trim_start().starts_with([')', ',']);
    (!inside).then(|| delete(rest.len(), end)).flatten()
}
