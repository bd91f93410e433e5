//! What an agent is told of a decision: why, and what to do instead. Plain text in the policy's own words, for a model.

use std::fmt::Write as _;

use claw_engine::Call;
use claw_runtime::{Applied, ClauseKind, Decision, Duration, Effect, Outcome, Reason, RequestInput};

/// Why a call is not executed and what to do, in one or a few lines. Empty for one that is allowed.
#[must_use]
pub fn denial(call: &Call) -> String {
    let decision = call.decision();
    let mut out = match decision.outcome {
        Outcome::Allow => return String::new(),
        Outcome::Deny => format!("denied: {}", why(call.input(), decision)),
        Outcome::RequireApproval => format!("not yet: {}", why(call.input(), decision)),
    };
    let mut suggested: Vec<&str> = restricting(decision).filter_map(|applied| applied.suggest.as_deref()).collect();
    suggested.dedup();
    for suggestion in suggested {
        // Writing to a string can't fail.
        let _ = write!(out, "\nwhat to do: {suggestion}");
    }
    if let Some(wait) = decision.retry_after {
        let wait = Duration::from_millis(wait.as_secs_ceil().saturating_mul(1_000));
        let _ = write!(out, "\ntry again in {wait}");
    }
    out
}

/// The clauses that stand in the way.
pub fn restricting(decision: &Decision) -> impl Iterator<Item = &Applied> {
    let outcome = decision.outcome;
    decision.applied.iter().filter(move |applied| match applied.effect {
        Effect::Deny | Effect::Limit => outcome == Outcome::Deny,
        Effect::Require(_) => outcome == Outcome::RequireApproval,
        Effect::Grant | Effect::Classify(_) | Effect::Allow | Effect::Constrain(_) | Effect::Mark(_) => false,
    })
}

fn why(input: &RequestInput, decision: &Decision) -> String {
    let said: Vec<String> = restricting(decision).map(|applied| clause(applied, decision)).collect();
    if !said.is_empty() {
        return said.join("; ");
    }
    let approvals = || decision.approvals.iter().map(|a| format!("`{}`", a.id)).collect::<Vec<_>>().join(", ");
    match (&decision.message, &decision.pointer) {
        (Some(message), Some(pointer)) => format!("{message} (at `{pointer}`)"),
        (Some(message), None) => message.clone(),
        (None, _) if decision.outcome == Outcome::RequireApproval => format!("{} is required", approvals()),
        (None, _) => reason(decision.reason, input),
    }
}

fn clause(applied: &Applied, decision: &Decision) -> String {
    let mut out = match &applied.message {
        Some(message) => message.clone(),
        None => match &applied.effect {
            Effect::Limit => format!("the limit `{}` is reached", applied.clause),
            Effect::Require(approvals) => {
                let names: Vec<String> = approvals.iter().map(|approval| format!("`{approval}`")).collect();
                let names = names.join(" and ");
                match &decision.tier {
                    Some(tier) if applied.kind == ClauseKind::Matrix => {
                        format!("calls of the tier `{tier}` require {names} here")
                    }
                    _ => format!("`{}` requires {names}", applied.clause),
                }
            }
            _ => match &decision.tier {
                Some(tier) if applied.kind == ClauseKind::Matrix => {
                    format!("calls of the tier `{tier}` are not allowed here")
                }
                _ => format!("`{}` forbids it", applied.clause),
            },
        },
    };
    if !applied.unknown.is_empty() {
        let facts: Vec<String> = applied.unknown.iter().map(|fact| format!("`{fact}`")).collect();
        let _ = write!(out, " (not known: {})", facts.join(", "));
    }
    out
}

/// Where no clause and no message says it.
fn reason(reason: Reason, input: &RequestInput) -> String {
    let RequestInput { tool, environment, agent, .. } = input;
    match reason {
        Reason::NoPolicy => "no policy is in force here".to_owned(),
        Reason::UnknownTool => format!("the policy does not know `{tool}`"),
        Reason::ToolChanged => format!("the definition of `{tool}` is not the one that was agreed to"),
        Reason::NotGranted => format!("nothing permits `{}` to call `{tool}` like this in `{environment}`", agent.id),
        Reason::ApprovalRefused => "someone who was asked has refused it".to_owned(),
        Reason::ApprovalExpired => "the approval has expired; ask again with the same arguments".to_owned(),
        Reason::ApprovalImpossible => "nobody can give the approval that it needs".to_owned(),
        other => format!("the reason is `{}`", other.code()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use claw_engine::Trust;
    use claw_engine::ledger::Ledger;
    use claw_runtime::AgentInput;

    use super::*;

    const POLICY: &str = r#"
package shop
tiers        low < high < worst
environments prod
roles        support, lead
context      { ticket: string }
approval boss { by 1 of lead  expires 15m }
tool refund(order: string, amount: decimal)
grant refund to support
classify { low on refund  high on refund when args.amount > 100.00  worst on refund when args.amount > 5000.00 }
matrix {
  tier  | prod
  low   | allow
  high  | boss
  worst | deny
}
rule watched  { on refund when args.amount == 7.00 require boss }
rule ticketed {
  on      refund
  when    args.amount == 8.00
  unless  context.ticket == "T-1"
  deny    "no ticket for {args.order}"
  suggest "open one"
}
"#;

    fn said(amount: i64) -> String {
        let engine = claw_engine::Engine::builder(Trust::anyone()).ledger(Ledger::in_memory()).build();
        let mut workspace = claw_compiler::Workspace::new();
        workspace.set_file("main.claw", POLICY.to_owned());
        let analysis = workspace.analyze("main.claw");
        let package = std::sync::Arc::clone(&analysis.package);
        let checked = claw_compiler::checked::Checked::new(package, analysis.has_errors()).unwrap();
        let bundle = claw_compiler::compile(&checked, &analysis.sources, claw_compiler::graph::Budget::default());
        engine.load(None, &bundle.to_bytes(), None).unwrap();
        let input = RequestInput::tool("refund").arg("order", "o-1").arg("amount", amount).environment("prod");
        denial(&engine.begin(input.agent(AgentInput::new("bot").role("support")).call_id("c")))
    }

    #[test]
    fn an_agent_learns_why_and_what_to_do() {
        assert_eq!(said(1), "");
        assert_eq!(said(7), "not yet: `shop.watched` requires `boss`");
        assert_eq!(said(8), "denied: no ticket for o-1 (not known: `context.ticket`)\nwhat to do: open one");
        assert_eq!(said(500), "not yet: calls of the tier `high` require `boss` here");
        assert_eq!(said(6_000), "denied: calls of the tier `worst` are not allowed here");
    }
}
