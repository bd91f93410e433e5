//! W0203, W0207 and W0202: rules whose effect is there without them.

use claw_runtime::bundle::{ApprovalId, ClauseId, ClauseKind, InstanceEffect, RuleEffect, ToolId};

use super::look::{Case, Look, deletable};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::{W0202, W0203, W0207};
use crate::hir::{EffectKind, Rule};
use crate::lower::{Owner, Parts};
use crate::proof::formula::F;

pub fn run(look: &mut Look<'_, '_>) {
    // The last ones first: of two that say the same, the later is the superfluous one.
    for parts in look.side().extra.parts.iter().rev() {
        let Owner::Rule(at) = parts.owner else { continue };
        let rule = &look.package().rules[at];
        if !look.is_done(&rule.decl) {
            one(look, rule, parts);
        }
    }
}

/// A rule that is judged.
struct Judged<'r> {
    rule: &'r Rule,
    clause: ClauseId,
    denies: bool,
    /// Restricts by a constraint, which only a denial makes superfluous.
    constrains: bool,
    requires: Vec<ApprovalId>,
}

impl<'r> Judged<'r> {
    /// `None` if it is not known what it is good for: a mark is read by later calls.
    fn new(rule: &'r Rule, clause: ClauseId) -> Option<Judged<'r>> {
        let mut new = Judged { rule, clause, denies: false, constrains: false, requires: Vec::new() };
        for effect in &rule.effects {
            match &effect.kind {
                EffectKind::Deny(_) => new.denies = true,
                EffectKind::Require(ids) => new.requires.extend(ids.iter().map(|id| ApprovalId(id.0))),
                EffectKind::Constrain(..) => new.constrains = true,
                EffectKind::Mark(_) | EffectKind::Error => return None,
            }
        }
        Some(new)
    }
}

fn one(look: &mut Look<'_, '_>, rule: &Rule, parts: &Parts) {
    let Some(clause) = look.clause(&rule.decl) else { return };
    let Some(judged) = Judged::new(rule, clause) else { return };
    let mut about = Vec::new();
    for tool in &parts.tools {
        let outcomes = look.outcomes(*tool);
        let own = outcomes.rules.iter().find(|rule| rule.clause == clause.0).map_or(F::FALSE, |rule| rule.applies);
        let met = look.f(*tool).and(outcomes.granted, own);
        about.push((*tool, own, met));
    }
    if about.iter().all(|(tool, _, met)| look.impossible(*tool, *met)) {
        // To deny what is not granted either is caution; to ask for an approval of it is a mistake.
        if !judged.denies && !about.is_empty() {
            not_granted(look, rule);
        }
        return;
    }
    let mut reasons = Vec::new();
    if judged.denies || judged.constrains {
        let Some(found) = covering(look, &about, &judged, None) else { return };
        reasons.extend(found);
    } else {
        for approval in &judged.requires {
            let Some(found) = covering(look, &about, &judged, Some(*approval)) else { return };
            reasons.extend(found);
        }
    }
    reasons.sort_unstable();
    reasons.dedup();
    if !reasons.is_empty() {
        report(look, &judged, &reasons);
    }
}

/// What denies, or requires the approval, wherever the rule meets a call that is granted.
fn covering(
    look: &mut Look<'_, '_>,
    about: &[(ToolId, F, F)],
    judged: &Judged<'_>,
    approval: Option<ApprovalId>,
) -> Option<Vec<ClauseId>> {
    let mut cases = Vec::with_capacity(about.len());
    for (tool, own, met) in about {
        let mut reasons = approval.map_or_else(Vec::new, |id| look.requirements(*tool, id));
        reasons.extend(look.denials(*tool));
        reasons.retain(|(id, _)| *id != judged.clause);
        let case: Case = look.case(*tool, *met, *own, &reasons);
        // One tool where something is left is enough to know.
        if case.reasons.is_empty() && !look.impossible(*tool, *met) {
            return None;
        }
        cases.push(case);
    }
    look.covering(&cases)
}

fn not_granted(look: &mut Look<'_, '_>, rule: &Rule) {
    let message = format!("rule `{}` meets no call that is granted", rule.decl.name);
    let finding = Diagnostic::new(W0202, rule.decl.name_loc, message)
        .help("grant what it is about, or remove it")
        .note("every call that it applies to is denied, as no grant permits it");
    look.dead(&rule.decl, deletable(finding, &rule.decl, "the rule"));
}

fn report(look: &mut Look<'_, '_>, judged: &Judged<'_>, reasons: &[ClauseId]) {
    let (decl, name) = (&judged.rule.decl, &judged.rule.decl.name);
    let same = match reasons {
        [only] if has_same_effect(look, judged, *only) => Some(*only),
        _ => None,
    };
    let denying = |look: &Look<'_, '_>, id: ClauseId| denies(look, id);
    let finding = match same {
        Some(other) => {
            let id = &look.side().lowered.tables.clauses[other.index()].id;
            let other_name = id.rsplit('.').next().unwrap_or(id);
            Diagnostic::new(W0207, decl.name_loc, format!("rule `{name}` adds nothing to `{other_name}`"))
                .help("remove the narrower rule, or narrow the wider one")
        }
        None if judged.denies => {
            Diagnostic::new(W0203, decl.name_loc, format!("rule `{name}` denies only what is denied anyway"))
                .help("remove it, or narrow what is stricter")
        }
        None if judged.constrains => {
            Diagnostic::new(W0203, decl.name_loc, format!("rule `{name}` restricts only what is denied anyway"))
                .help("remove it, or narrow what is stricter")
        }
        None => {
            let message = format!("rule `{name}` asks for nothing that is not asked for, or denied, anyway");
            Diagnostic::new(W0203, decl.name_loc, message).help("remove it, or narrow what is stricter")
        }
    };
    let finding = look.labels(finding, reasons, &|id| {
        match (same.is_some(), denying(look, id)) {
            (true, _) => "applies wherever it does, with the same effect",
            (false, true) => "denies it",
            (false, false) => "requires the approval",
        }
        .to_owned()
    });
    look.useless(decl, deletable(finding, decl, "the rule"));
}

/// Whether it is a rule that does for calls all that the judged one does.
fn has_same_effect(look: &Look<'_, '_>, judged: &Judged<'_>, other: ClauseId) -> bool {
    let tables = &look.side().lowered.tables;
    if tables.clauses[other.index()].kind != ClauseKind::Rule {
        return false;
    }
    let denies = denies(look, other);
    if judged.denies { denies } else { !denies && !judged.constrains }
}

fn denies(look: &Look<'_, '_>, clause: ClauseId) -> bool {
    let tables = &look.side().lowered.tables;
    match tables.clauses[clause.index()].kind {
        ClauseKind::Matrix => tables.matrix.iter().flat_map(|cell| &cell.clauses).any(|(id, deny, _)| *id == clause && *deny),
        _ => tables.instances.iter().filter(|instance| instance.clause == clause).any(|instance| {
            matches!(&instance.effect, InstanceEffect::Rule { effects, .. } if effects.iter().any(|e| matches!(e, RuleEffect::Deny(_))))
        }),
    }
}
