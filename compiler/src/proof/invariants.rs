//! Proves invariants, or refutes them with a call.

use claw_runtime::bundle::ApprovalId;
use claw_runtime::{Decision, Outcome};

use super::findings::Cx;
use super::formula::F;
use super::prover::{Example, ToolProver};
use super::side::Side;
use super::witness::{About, Witness};
use crate::diagnostics::{Diagnostic, codes};
use crate::hir::Claim;

/// What became of an invariant.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It holds for every request. `vacuous`: there is no request that it is about.
    Proved { vacuous: bool },
    /// It does not hold for this call of this tool.
    Refuted { tool: String, witness: Box<Witness> },
    /// It can't be told, because of these; it holds as far as could be seen.
    Unknown { tool: String, because: Vec<&'static str> },
}

/// The verdicts, by index of the package's invariants.
pub fn prove(side: &Side) -> Vec<Verdict> {
    let mut cx = Cx::new(side);
    (0..side.package().invariants.len()).map(|at| one(&mut cx, at)).collect()
}

/// Reports what does not hold, what can't be told, and what says nothing.
pub(super) fn run(cx: &mut Cx<'_>) {
    for (at, invariant) in cx.package().invariants.iter().enumerate() {
        let (name, loc) = (&invariant.decl.name, invariant.decl.name_loc);
        let finding = match one(cx, at) {
            Verdict::Proved { vacuous: false } => continue,
            Verdict::Proved { vacuous: true } => {
                Diagnostic::new(codes::W0602, loc, format!("`{name}` is about no call: its condition is never met"))
                    .help("check the names and constants in it, or delete it")
            }
            Verdict::Refuted { tool, witness } => {
                let what = happens(&invariant.claim, &witness.decisions[0]);
                let error =
                    Diagnostic::new(codes::E0601, loc, format!("`{name}` does not hold: a call of `{tool}` {what}"));
                let error = cx.with_grounds(error, &witness.decisions[0]);
                cx.with_call(error, name, &witness)
            }
            Verdict::Unknown { tool, because } => {
                let message = format!("whether `{name}` holds for every call of `{tool}` can't be told");
                Diagnostic::new(codes::W0601, loc, message).note(format!(
                    "no call was found that breaks it; it can't be proved because of {}",
                    because.join(", ")
                ))
            }
        };
        cx.report(finding);
    }
}

/// What a decision does that the claim says never happens.
fn happens(claim: &Claim, decision: &Decision) -> String {
    match (claim, decision.outcome) {
        (Claim::AlwaysRequire(_), Outcome::RequireApproval) => "asks for other approvals".to_owned(),
        (_, Outcome::Allow) => "is allowed".to_owned(),
        (_, Outcome::RequireApproval) => "only asks for an approval".to_owned(),
        (_, Outcome::Deny) => format!("is denied ({})", decision.reason.code()),
    }
}

fn one(cx: &mut Cx<'_>, invariant: usize) -> Verdict {
    let side = cx.side;
    let claim = &side.package().invariants[invariant].claim;
    let (mut unknown, mut vacuous) = (None, true);
    for claimed in side.extra.claims.iter().filter(|claimed| claimed.invariant == invariant) {
        let prover = cx.prover(claimed.tool);
        let about = prover.space().cond(0, claimed.cond);
        let broken = broken(prover, claim);
        let goal = prover.space().f.and(about, broken);
        let tool = || side.lowered.tables.tools[claimed.tool.index()].name.clone();
        let calls = About { side: 0, cond: claimed.cond, holds: true };
        match prover.example_about(goal, &[calls], &mut |decisions| breaks(side, claim, &decisions[0])) {
            Example::None => {}
            Example::Call(witness) => return Verdict::Refuted { tool: tool(), witness },
            Example::Unknown(because) => unknown = unknown.or(Some((tool(), because))),
        }
        vacuous = vacuous && prover.possible(about).is_no();
    }
    match unknown {
        Some((tool, because)) => Verdict::Unknown { tool, because },
        None => Verdict::Proved { vacuous },
    }
}

/// Where the decision is not what the claim says.
fn broken(prover: &mut ToolProver<'_>, claim: &Claim) -> F {
    let outcomes = prover.outcomes[0].clone();
    let f = &mut prover.space().f;
    match claim {
        Claim::NeverAllow => outcomes.allowed,
        Claim::NeverDeny => outcomes.denied,
        Claim::AlwaysDeny => f.not(outcomes.denied),
        Claim::AlwaysRequire(approval) => {
            let required = outcomes.requires(ApprovalId(approval.0));
            let (not_denied, not_required) = (f.not(outcomes.denied), f.not(required));
            f.and(not_denied, not_required)
        }
        Claim::Error => F::FALSE,
    }
}

/// Whether a decision is not what the claim says.
fn breaks(side: &Side, claim: &Claim, decision: &Decision) -> bool {
    match claim {
        Claim::NeverAllow => decision.outcome == Outcome::Allow,
        Claim::NeverDeny => decision.outcome == Outcome::Deny,
        Claim::AlwaysDeny => decision.outcome != Outcome::Deny,
        Claim::AlwaysRequire(approval) => {
            let digest = side.lowered.tables.approvals[approval.0 as usize].digest;
            decision.outcome != Outcome::Deny && !decision.approvals.iter().any(|known| known.digest == digest)
        }
        Claim::Error => false,
    }
}
