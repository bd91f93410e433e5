//! Answers for people.

use std::fmt::Write as _;

use claw_runtime::{Applied, Decision, Effect};

/// A decision in a few lines: what, why, by which clauses.
pub fn decision(decision: &Decision) -> String {
    let mut out = format!("{} ({})", decision.outcome, decision.reason);
    if let Some(message) = &decision.message {
        let at = decision.pointer.as_ref().map_or_else(String::new, |pointer| format!("{pointer}: "));
        let _ = write!(out, ": {at}{message}");
    }
    for clause in decision.applied.iter().filter(|clause| restricts(clause)) {
        let _ = write!(out, "\n  {} ({}:{})", clause.clause, clause.file, clause.line);
        for text in clause.message.iter().chain(&clause.suggest) {
            let _ = write!(out, "\n    {text}");
        }
        if !clause.unknown.is_empty() {
            let _ = write!(out, "\n    not known: {}", clause.unknown.join(", "));
        }
    }
    out
}

fn restricts(clause: &Applied) -> bool {
    matches!(clause.effect, Effect::Deny | Effect::Require(_) | Effect::Limit)
}
