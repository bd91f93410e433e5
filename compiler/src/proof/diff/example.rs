//! A call that both policies decide, and the clauses that make the difference.

use claw_runtime::bundle::{Bundle, ClauseDef};
use claw_runtime::{Applied, Decision, Effect, Json, MemoryState, Outcome};

use super::pairs::{Pairs, local};
use super::{Aspect, Shown};
use crate::proof::side::Side;
use crate::proof::witness::begin;

/// A clause that has a part in a difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clause {
    pub id: String,
    /// What it did: `deny`, `require ok`, `grant`, …
    pub effect: String,
    pub file: String,
    pub line: u32,
    pub message: Option<String>,
    /// Where the clause of this name is in the other policy, in which it did not do this.
    pub elsewhere: Option<(String, u32)>,
}

/// What a policy decides about a call after others, and after it was made so often before.
pub fn replay(side: &Side, request: &Json, past: &[Json], earlier: usize) -> Decision {
    let state = MemoryState::new();
    for (number, call) in past.iter().enumerate() {
        begin(&side.policy, call, &format!("before {number}"), &state);
    }
    for number in 0..earlier {
        begin(&side.policy, request, &format!("call {number}"), &state);
    }
    begin(&side.policy, request, &format!("call {earlier}"), &state)
}

/// The call decided by both policies.
pub fn decided(pairs: &Pairs<'_>, request: Json, past: Vec<Json>, earlier: usize) -> Shown {
    let (old, new) = (replay(pairs.old, &request, &past, earlier), replay(pairs.new, &request, &past, earlier));
    Shown { request, past, earlier, old, new }
}

/// A decision in a word or two; the approvals by their names in the policy.
pub fn outcome(decision: &Decision) -> String {
    match decision.outcome {
        Outcome::Allow => "allow".to_owned(),
        Outcome::Deny => "deny".to_owned(),
        Outcome::RequireApproval => {
            let names: Vec<&str> = decision.approvals.iter().map(|approval| approval.id.as_str()).collect();
            format!("require {}", names.join(", "))
        }
    }
}

/// What changed, before and after.
pub fn from_to(aspect: &Aspect, shown: &Shown) -> (String, String) {
    let constraint = |decision: &Decision, name: &str| {
        let found = decision.constraints.iter().find(|(known, _)| known == name);
        found.map_or_else(|| format!("no {name}"), |(_, value)| format!("{name} = {value}"))
    };
    let label = |decision: &Decision, name: &String| {
        if decision.marks.contains(name) { format!("mark {name}") } else { format!("no mark {name}") }
    };
    match aspect {
        Aspect::Outcome => (outcome(&shown.old), outcome(&shown.new)),
        Aspect::Constraint(name) => (constraint(&shown.old, name), constraint(&shown.new, name)),
        Aspect::Label(name) => (label(&shown.old, name), label(&shown.new, name)),
    }
}

/// The clauses that applied on one side only, or did something else there.
pub fn responsible(pairs: &Pairs<'_>, aspect: &Aspect, shown: &Shown) -> (Vec<Clause>, Vec<Clause>) {
    let tables = [&pairs.old.lowered.tables, &pairs.new.lowered.tables];
    let of = |side: usize, decision: &Decision, other: &Decision| {
        let (own, others) = (tables[side], tables[1 - side]);
        let did = |applied: &&Applied| {
            let same = |known: &Applied| {
                local(own, &applied.clause) == local(others, &known.clause) && effect(known) == effect(applied)
            };
            // A constraint may have another value in the same clause.
            let constrains = matches!(aspect, Aspect::Constraint(_));
            matters(aspect, &applied.effect) && (constrains || !other.applied.iter().any(same))
        };
        let mut found: Vec<Clause> =
            decision.applied.iter().filter(did).map(|applied| clause(pairs, side, applied)).collect();
        found.dedup();
        found
    };
    let (mut old, mut new) = (of(0, &shown.old, &shown.new), of(1, &shown.new, &shown.old));
    for (own, other) in [(&mut old, &shown.new), (&mut new, &shown.old)] {
        if other.applied.iter().any(|applied| applied.effect == Effect::Grant) {
            // What permits is of interest only where the other side's grants don't,
            own.retain(|clause| clause.effect != "grant");
        } else if own.iter().any(|clause| clause.effect == "grant") {
            // and then nothing else is.
            own.retain(|clause| clause.effect == "grant");
        }
    }
    (old, new)
}

fn matters(aspect: &Aspect, effect: &Effect) -> bool {
    match (aspect, effect) {
        (Aspect::Outcome, Effect::Constrain(_) | Effect::Mark(_)) => false,
        (Aspect::Outcome, _) => true,
        (Aspect::Constraint(name), Effect::Constrain(own)) | (Aspect::Label(name), Effect::Mark(own)) => {
            **name == **own
        }
        _ => false,
    }
}

fn effect(applied: &Applied) -> String {
    match &applied.effect {
        Effect::Classify(name) | Effect::Constrain(name) | Effect::Mark(name) => {
            format!("{} {name}", applied.effect.code())
        }
        Effect::Require(names) => format!("require {}", names.join(", ")),
        other => other.code().to_owned(),
    }
}

fn clause(pairs: &Pairs<'_>, side: usize, applied: &Applied) -> Clause {
    let sides = pairs.sides();
    let name = local(&sides[side].lowered.tables, &applied.clause);
    // The compiled policy knows the places; the tables that proofs are made with don't.
    let others = sides[1 - side].policy.bundle();
    Clause {
        id: applied.clause.to_string(),
        effect: effect(applied),
        file: applied.file.to_string(),
        line: applied.line,
        message: applied.message.clone(),
        elsewhere: named(others, name).map(|def| (others.modules[def.module as usize].file.clone(), def.line)),
    }
}

fn named<'t>(tables: &'t Bundle, name: &str) -> Option<&'t ClauseDef> {
    tables.clauses.iter().find(|def| local(tables, &def.id) == name)
}
