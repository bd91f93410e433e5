//! The ways in which calls of one tool can be decided otherwise, as formulas, and how decisions show each.

use claw_runtime::bundle::{Expr, InstanceEffect, MergeOp, RuleEffect};
use claw_runtime::{Decision, Outcome, Value};

use super::pairs::Pairs;
use super::{Aspect, Direction};
use crate::proof::formula::F;
use crate::proof::prover::ToolProver;

/// One way to be decided otherwise.
#[derive(Clone, Debug)]
pub struct Question {
    pub direction: Direction,
    pub aspect: Aspect,
    /// The outcome before and after, where the question is about it.
    pub outcomes: Option<(Outcome, Outcome)>,
    pub goal: F,
}

/// The questions about a tool that both policies have.
pub fn both(pairs: &Pairs<'_>, prover: &mut ToolProver<'_>) -> Vec<Question> {
    let mut questions = outcomes(pairs, prover);
    questions.extend(labels(pairs, prover));
    questions.extend(constraints(pairs, prover));
    questions.retain(|question| question.goal != F::FALSE);
    questions
}

fn outcomes(pairs: &Pairs<'_>, prover: &mut ToolProver<'_>) -> Vec<Question> {
    let (old, new) = (prover.outcomes[0].clone(), prover.outcomes[1].clone());
    let f = &mut prover.space().f;
    let (mut missing, mut extra) = (Vec::new(), Vec::new());
    for (a, b) in &pairs.approvals {
        let a = a.map_or(F::FALSE, |id| old.requires(id));
        let b = b.map_or(F::FALSE, |id| new.requires(id));
        let (not_a, not_b) = (f.not(a), f.not(b));
        missing.push(f.and(a, not_b));
        extra.push(f.and(b, not_a));
    }
    let (missing, extra) = (f.any(missing), f.any(extra));
    let not_missing = f.not(missing);
    let mut waits = |side: &crate::proof::outcome::Outcomes| {
        let (not_denied, not_allowed) = (f.not(side.denied), f.not(side.allowed));
        f.and(not_denied, not_allowed)
    };
    let (old_waits, new_waits) = (waits(&old), waits(&new));
    let (loosened, tightened) = (Direction::Loosened, Direction::Tightened);
    let (allow, ask, deny) = (Outcome::Allow, Outcome::RequireApproval, Outcome::Deny);
    let fewer = f.all([old_waits, new_waits, missing]);
    let more = f.all([old_waits, new_waits, extra, not_missing]);
    let rows = [
        (loosened, deny, allow, f.and(old.denied, new.allowed)),
        (loosened, deny, ask, f.and(old.denied, new_waits)),
        (loosened, ask, allow, f.and(old_waits, new.allowed)),
        (loosened, ask, ask, fewer),
        (tightened, allow, deny, f.and(old.allowed, new.denied)),
        (tightened, ask, deny, f.and(old_waits, new.denied)),
        (tightened, allow, ask, f.and(old.allowed, new_waits)),
        (tightened, ask, ask, more),
    ];
    let question =
        |(direction, from, to, goal)| Question { direction, aspect: Aspect::Outcome, outcomes: Some((from, to)), goal };
    rows.into_iter().map(question).collect()
}

/// What a new tool, or a new environment, lets through.
pub fn only_new(prover: &mut ToolProver<'_>, within: F) -> Vec<Question> {
    let new = prover.outcomes[0].clone();
    let f = &mut prover.space().f;
    let (not_denied, not_allowed) = (f.not(new.denied), f.not(new.allowed));
    let question = |to, goal| Question {
        direction: Direction::Loosened,
        aspect: Aspect::Outcome,
        outcomes: Some((Outcome::Deny, to)),
        goal,
    };
    let waits = f.all([not_denied, not_allowed, within]);
    let allowed = f.and(new.allowed, within);
    vec![question(Outcome::Allow, allowed), question(Outcome::RequireApproval, waits)]
}

/// Neither side denies, `a` holds and `b` does not.
fn only(prover: &mut ToolProver<'_>, a: F, b: F) -> F {
    let denied = [prover.outcomes[0].denied, prover.outcomes[1].denied];
    let f = &mut prover.space().f;
    let parts = [f.not(denied[0]), f.not(denied[1]), a, f.not(b)];
    f.all(parts)
}

fn labels(pairs: &Pairs<'_>, prover: &mut ToolProver<'_>) -> Vec<Question> {
    let mut names: Vec<&String> = pairs.sides().iter().flat_map(|side| &side.lowered.tables.labels).collect();
    names.sort_unstable();
    names.dedup();
    let mut questions = Vec::new();
    for name in names {
        let of = |side: usize| {
            let tables = &pairs.sides()[side].lowered.tables;
            let marks = |effect: &RuleEffect| matches!(effect, RuleEffect::Mark { label } if tables.labels[*label as usize] == *name);
            applies(pairs, prover, side, &marks)
        };
        let (old, new) = (of(0), of(1));
        let (old, new) = (prover.space().f.any(old), prover.space().f.any(new));
        for (direction, a, b) in [(Direction::Loosened, old, new), (Direction::Tightened, new, old)] {
            let goal = only(prover, a, b);
            questions.push(Question { direction, aspect: Aspect::Label(name.clone()), outcomes: None, goal });
        }
    }
    questions
}

/// Where rules apply that have such an effect.
fn applies(pairs: &Pairs<'_>, prover: &ToolProver<'_>, side: usize, has: &dyn Fn(&RuleEffect) -> bool) -> Vec<F> {
    let tables = &pairs.sides()[side].lowered.tables;
    let mut found = Vec::new();
    for rule in &prover.outcomes[side].rules {
        let InstanceEffect::Rule { effects, .. } = &tables.instances[rule.instance as usize].effect else { continue };
        if effects.iter().any(has) {
            found.push(rule.applies);
        }
    }
    found
}

/// A rule's constraint as it stands for the tool.
struct Bound {
    name: String,
    merge: MergeOp,
    /// `None`: it depends on the call.
    value: Option<Value>,
    text: String,
    applies: F,
}

fn bounds(pairs: &Pairs<'_>, prover: &ToolProver<'_>, side: usize) -> Vec<Bound> {
    let policy = pairs.sides()[side];
    let tables = &policy.lowered.tables;
    let tool = prover.engine.space.tool(side);
    let mut bounds = Vec::new();
    for rule in &prover.outcomes[side].rules {
        let InstanceEffect::Rule { effects, .. } = &tables.instances[rule.instance as usize].effect else { continue };
        for effect in effects {
            let RuleEffect::Constrain { constraint, value } = effect else { continue };
            let def = &tables.constraints[*constraint as usize];
            bounds.push(Bound {
                name: def.name.clone(),
                merge: def.merge,
                value: match policy.expr(*value) {
                    Expr::Const(id) => Some(tables.consts[id.index()].clone()),
                    _ => None,
                },
                text: policy.lowered.texts().canonical(tool.0, *value),
                applies: rule.applies,
            });
        }
    }
    bounds
}

/// Whether `b` constrains at least as much as `a`.
fn is_as_strict(b: &Bound, a: &Bound) -> bool {
    if a.name != b.name || a.merge != b.merge {
        return false;
    }
    let (Some(x), Some(y)) = (&a.value, &b.value) else { return a.text == b.text };
    match (a.merge, x.elements(), y.elements()) {
        _ if x == y => true,
        (MergeOp::Min, None, None) => y < x,
        (MergeOp::Max, None, None) => y > x,
        (MergeOp::Intersect, Some(x), Some(y)) => y.iter().all(|item| x.contains(item)),
        (MergeOp::Union, Some(x), Some(y)) => x.iter().all(|item| y.contains(item)),
        _ => false,
    }
}

fn constraints(pairs: &Pairs<'_>, prover: &mut ToolProver<'_>) -> Vec<Question> {
    let sides = [bounds(pairs, prover, 0), bounds(pairs, prover, 1)];
    let mut names: Vec<String> = sides.iter().flatten().map(|bound| bound.name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    let mut questions = Vec::new();
    for name in names {
        for (direction, a, b) in [(Direction::Loosened, 0, 1), (Direction::Tightened, 1, 0)] {
            let mut lost = Vec::new();
            for bound in sides[a].iter().filter(|bound| bound.name == name) {
                let kept: Vec<F> =
                    sides[b].iter().filter(|other| is_as_strict(other, bound)).map(|other| other.applies).collect();
                let kept = prover.space().f.any(kept);
                lost.push(only(prover, bound.applies, kept));
            }
            let goal = prover.space().f.any(lost);
            questions.push(Question { direction, aspect: Aspect::Constraint(name.clone()), outcomes: None, goal });
        }
    }
    questions
}

/// Whether two decisions show what a question asks for.
pub fn shows(pairs: &Pairs<'_>, question: &Question, old: &Decision, new: &Decision) -> bool {
    let (a, b) = match question.direction {
        Direction::Loosened => (old, new),
        Direction::Tightened => (new, old),
    };
    let none_denies = old.outcome != Outcome::Deny && new.outcome != Outcome::Deny;
    match &question.aspect {
        Aspect::Outcome => {
            let (from, to) = question.outcomes.unwrap_or((Outcome::Allow, Outcome::Allow));
            let (asked_old, asked_new) = (pairs.required(0, old), pairs.required(1, new));
            let fewer = asked_old.iter().any(|at| !asked_new.contains(at));
            let more = asked_new.iter().any(|at| !asked_old.contains(at));
            let differ = from != to || if question.direction == Direction::Loosened { fewer } else { more && !fewer };
            (old.outcome, new.outcome) == (from, to) && differ
        }
        Aspect::Label(name) => none_denies && a.marks.contains(name) && !b.marks.contains(name),
        Aspect::Constraint(name) => {
            let value = |decision: &Decision| decision.constraints.iter().find(|(n, _)| n == name).cloned();
            none_denies && value(a).is_some() && value(a) != value(b)
        }
    }
}
