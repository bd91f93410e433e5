//! Follows one decision through the picture of its tool: what was asked, what applied, with the values read.
//!
//! Reads the decision; decides nothing itself.

use claw_runtime::{Applied, Decision, Effect as Applies, Json, Outcome as Decided};

use super::{Line, LineKind, Outcome, Picture, Seen, Stage, Step, Verdict};

/// Marks what the decision took, and writes the values beside.
pub fn trace(picture: &mut Picture, request: &Json, decision: &Decision) {
    picture.verdict = Some(verdict(request, decision));
    let walk = Walk { request, decision, understood: decision.request_digest.is_some() };
    for cluster in &mut picture.clusters {
        let mut reached = walk.understood;
        for step in &mut cluster.steps {
            // Clauses are looked at even where the call is denied already.
            walk.step(step, reached);
            if matches!(step.stage, Stage::Grant | Stage::Tier) {
                reached &= step.exit.as_ref().is_none_or(|exit| exit.seen != Seen::Taken);
            }
        }
        cluster.end = if decision.outcome == Decided::Allow { Seen::Taken } else { Seen::Unreached };
    }
}

fn verdict(request: &Json, decision: &Decision) -> Verdict {
    let outcome = match decision.outcome {
        Decided::Allow => Outcome::Allow,
        Decided::RequireApproval => Outcome::Require,
        Decided::Deny => Outcome::Deny,
    };
    let mut notes = Vec::new();
    let agent = request.pointer("/agent/id").and_then(Json::as_str);
    let user = request.pointer("/user/id").and_then(Json::as_str).map(|user| format!(" for {user}"));
    if let (Some(agent), Some(env)) = (agent, &decision.environment) {
        notes.push(format!("asked by {agent}{} in {env}", user.unwrap_or_default()));
    }
    notes.extend(decision.tier.iter().map(|tier| format!("tier {tier}")));
    notes.extend(decision.message.clone());
    if !decision.approvals.is_empty() {
        let ids: Vec<&str> = decision.approvals.iter().map(|approval| &*approval.id).collect();
        notes.push(format!("outstanding: {}", ids.join(", ")));
    }
    Verdict { outcome, reason: decision.reason.code().to_owned(), notes }
}

struct Walk<'a> {
    request: &'a Json,
    decision: &'a Decision,
    understood: bool,
}

impl Walk<'_> {
    fn step(&self, step: &mut Step, reached: bool) {
        let applied = self.applied(step);
        step.seen = if reached || applied { Seen::Taken } else { Seen::Unreached };
        let lines = step.lines.iter_mut().filter(|line| line.kind == LineKind::Clause);
        for line in lines {
            let clause = line.clause.as_deref().unwrap_or_default();
            line.seen = if step.seen == Seen::Taken { Seen::taken(self.has(clause)) } else { Seen::Unreached };
        }
        if step.seen == Seen::Taken {
            let values = step.reads.iter().map(|read| Line::value(read.value(self.request, &self.decision.args)));
            step.lines.extend(values);
        }
        if let Some(clause) = step.clause.clone() {
            self.entries(&clause).for_each(|entry| tell(step, entry));
        }
        self.cells(step);
        if let Some(exit) = &mut step.exit {
            exit.seen = match step.seen {
                Seen::Taken => Seen::taken(applied),
                seen => seen,
            };
        }
    }

    /// Whether the step's exit was taken.
    fn applied(&self, step: &Step) -> bool {
        if !self.understood {
            return false;
        }
        match step.stage {
            Stage::Grant => self.ungranted(),
            Stage::Tier => self.decision.tier.is_none() && !self.ungranted(),
            Stage::Matrix => false,
            Stage::Rule | Stage::Limit => step.clause.as_deref().is_some_and(|clause| self.has(clause)),
        }
    }

    /// Nothing granted the call, so that its tier was not asked for.
    fn ungranted(&self) -> bool {
        !self.decision.applied.iter().any(|entry| entry.effect == Applies::Grant)
    }

    /// What is said of a clause, one entry for each of its effects.
    fn entries<'e>(&'e self, clause: &'e str) -> impl Iterator<Item = &'e Applied> {
        self.decision.applied.iter().chain(&self.decision.shadow).filter(move |entry| *entry.clause == *clause)
    }

    fn has(&self, clause: &str) -> bool {
        self.entries(clause).next().is_some()
    }

    fn cells(&self, step: &mut Step) {
        let Some(table) = &mut step.table else { return };
        for row in &mut table.rows {
            let here = step.seen == Seen::Taken && self.decision.tier.as_deref() == Some(row.tier.as_str());
            for (names, cell) in table.columns.iter().zip(&mut row.cells) {
                let env =
                    self.decision.environment.as_ref().is_some_and(|env| names.iter().any(|name| **name == **env));
                cell.seen = if here && env { Seen::Taken } else { Seen::Unreached };
            }
        }
    }
}

/// Says what the clause said of this request.
fn tell(step: &mut Step, entry: &Applied) {
    let line = Line::value(format!("unknown: {}", entry.unknown.join(", ")));
    if !entry.unknown.is_empty() && !step.lines.contains(&line) {
        step.lines.push(line);
    }
    let effects = step.exit.iter_mut().flat_map(|exit| &mut exit.effects);
    if let (Some(message), Applies::Deny | Applies::Limit) = (&entry.message, &entry.effect) {
        for effect in effects.filter(|effect| effect.outcome == Outcome::Deny) {
            effect.text = format!("deny: {message}");
        }
    }
}
