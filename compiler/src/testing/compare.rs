//! What was expected against what was decided.

use std::collections::BTreeSet;

use claw_runtime::{Decision, Outcome as Answer};

use crate::hir::{ApprovalId, Decl, Expect, Outcome, Package};

/// One point on which decision and expectation differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// `decision`, `tier`, `because`, `marks` or `reason`.
    pub what: &'static str,
    pub expected: String,
    pub got: String,
}

pub(super) fn compare(package: &Package, expect: &Expect, decision: &Decision) -> Vec<Mismatch> {
    let mut found = Vec::new();
    let mut differ = |what, expected: String, got: String| found.push(Mismatch { what, expected, got });
    if !outcome_fits(package, &expect.outcome, decision) {
        differ("decision", expected_outcome(package, &expect.outcome), actual_outcome(decision));
    }
    if let Some(tier) = expect.tier {
        let name = &package.tiers[tier.index()].decl.name;
        if decision.tier.as_deref() != Some(name.as_str()) {
            differ("tier", name.clone(), decision.tier.as_deref().unwrap_or("none").to_owned());
        }
    }
    let applied: BTreeSet<&str> = decision.applied.iter().map(|applied| &*applied.clause).collect();
    for (clause, _) in &expect.because {
        if !applied.contains(clause.as_str()) {
            differ("because", clause.clone(), list(applied.iter().copied()));
        }
    }
    for label in &expect.marks {
        let name = &package.labels[label.index()].decl.name;
        if !decision.marks.contains(name) {
            differ("marks", name.clone(), list(decision.marks.iter().map(String::as_str)));
        }
    }
    if let Some(reason) = &expect.reason
        && reason != decision.reason.code()
    {
        differ("reason", reason.clone(), decision.reason.code().to_owned());
    }
    found
}

fn outcome_fits(package: &Package, expected: &Outcome, decision: &Decision) -> bool {
    match expected {
        Outcome::Allow => decision.outcome == Answer::Allow,
        Outcome::Deny => decision.outcome == Answer::Deny,
        Outcome::Require(approvals) => {
            let wanted: BTreeSet<String> = approvals.iter().map(|&id| approval_name(package, id)).collect();
            let asked: BTreeSet<String> = decision.approvals.iter().map(|approval| approval.id.clone()).collect();
            decision.outcome == Answer::RequireApproval && wanted == asked
        }
    }
}

fn expected_outcome(package: &Package, expected: &Outcome) -> String {
    match expected {
        Outcome::Allow => "allow".to_owned(),
        Outcome::Deny => "deny".to_owned(),
        Outcome::Require(approvals) => {
            format!("require {}", approvals.iter().map(|&id| approval_name(package, id)).collect::<Vec<_>>().join(", "))
        }
    }
}

fn actual_outcome(decision: &Decision) -> String {
    match decision.outcome {
        Answer::Allow => "allow".to_owned(),
        Answer::Deny => format!("deny, reason {}", decision.reason.code()),
        Answer::RequireApproval => {
            format!("require {}", list(decision.approvals.iter().map(|approval| approval.id.as_str())))
        }
    }
}

/// An approval as decisions name it: the root module's own by its bare name, others qualified.
pub(super) fn approval_name(package: &Package, id: ApprovalId) -> String {
    let decl = &package.approvals[id.index()].decl;
    if decl.module.index() == 0 { decl.name.clone() } else { qualified(package, decl) }
}

fn qualified(package: &Package, decl: &Decl) -> String {
    format!("{}.{}", package.modules[decl.module.index()].name, decl.name)
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
