//! Answers and findings for people.

use std::fmt::Write as _;

use claw_compiler::diagnostics::Diagnostic;
use claw_compiler::hir::Loc;
use claw_compiler::source::Sources;
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

/// A finding with the line that it is about.
pub fn diagnostic(found: &Diagnostic, sources: &Sources, show: &dyn Fn(&str) -> String) -> String {
    let mut out = format!("{}[{}]: {}\n", found.severity.word(), found.code, found.message);
    place(&mut out, found.primary.loc, &found.primary.text, sources, show);
    for label in &found.labels {
        place(&mut out, label.loc, &label.text, sources, show);
    }
    if let Some(help) = &found.help {
        let _ = writeln!(out, "  help: {help}");
    }
    for note in &found.notes {
        let _ = writeln!(out, "  note: {note}");
    }
    out
}

fn place(out: &mut String, loc: Loc, says: &str, sources: &Sources, show: &dyn Fn(&str) -> String) {
    let (path, at) = sources.position(loc);
    let text = &sources.get(loc.file).text;
    let number = at.line.to_string();
    let line = text.lines().nth(at.line.saturating_sub(1) as usize).unwrap_or_default().replace('\t', " ");
    let before = at.column.saturating_sub(1) as usize;
    let marked = sources.text(loc).lines().next().map_or(1, |marked| marked.chars().count().max(1));
    let margin = " ".repeat(number.len());
    let _ = writeln!(out, "{margin}--> {}:{}:{}", show(path), at.line, at.column);
    let _ = writeln!(out, "{number} | {line}");
    let mark = format!("{}{} {says}", " ".repeat(before), "^".repeat(marked));
    let _ = writeln!(out, "{margin} | {}", mark.trim_end());
}
