//! Decisions for people: the answer first, then every clause that had a part in it, the strictest at the top.

use claw_runtime::{Applied, Approval, CallReading, CommandReading, Decision, Effect, Outcome, Reason};

use crate::output::Paint;
use crate::render::text::visible;

/// Draws a decision. `show` turns a file of the policy into a path that the user can open.
pub fn human(decision: &Decision, show: &dyn Fn(&str) -> String, paint: Paint) -> String {
    let mut text = headline(decision, paint);
    if let Some(message) = &decision.message {
        let at = decision.pointer.as_deref().filter(|pointer| !pointer.is_empty());
        let place = at.map_or(String::new(), |pointer| format!("{}: ", visible(pointer)));
        text.push_str(&format!("  {place}{}\n", visible(message)));
    }
    for approval in &decision.approvals {
        text.push_str(&needed(approval, paint));
    }
    decision.commands.iter().for_each(|reading| text.push_str(&command(reading, paint)));
    if let Some(wait) = &decision.retry_after {
        text.push_str(&format!("  {}  in {wait}\n", label("try again", paint)));
    }
    let mut applied: Vec<&Applied> = decision.applied.iter().collect();
    applied.sort_by_key(|applied| rank(&applied.effect));
    for applied in applied {
        text.push_str(&clause(applied, show, paint));
    }
    for (name, value) in &decision.constraints {
        text.push_str(&format!("  {}  {name} = {}\n", label("constraint", paint), visible(&value.to_string())));
    }
    if !decision.marks.is_empty() {
        text.push_str(&format!("  {}  {}\n", label("marks", paint), decision.marks.join(", ")));
    }
    if !decision.shadow.is_empty() {
        text.push_str(&format!("  {}\n", paint.dim("not yet confirmed, without effect:")));
        decision.shadow.iter().for_each(|applied| text.push_str(&clause(applied, show, paint)));
    }
    text
}

fn headline(decision: &Decision, paint: Paint) -> String {
    let word = match decision.outcome {
        Outcome::Allow => paint.green_bold("ALLOW"),
        Outcome::RequireApproval => paint.yellow_bold("REQUIRE APPROVAL"),
        Outcome::Deny => paint.red_bold("DENY"),
    };
    let call = decision.call_id.as_deref().map(|id| format!("{}: ", visible(id))).unwrap_or_default();
    let mut facts = vec![decision.reason.code().to_owned()];
    facts.extend(decision.tier.as_ref().map(|tier| format!("tier {tier}")));
    facts.extend(decision.environment.as_ref().map(|env| format!("in {}", visible(env))));
    facts.extend(decision.replayed.then(|| "replayed".to_owned()));
    format!("{call}{word}  {}  {}\n", facts.join(", "), paint.dim(&format!("({})", meaning(decision))))
}

/// The reason as a sentence.
fn meaning(decision: &Decision) -> &'static str {
    let asks = decision.outcome == Outcome::RequireApproval;
    match decision.reason {
        Reason::NoPolicy => "there is no policy to decide by",
        Reason::InvalidRequest => "the request does not fit the policy's declarations",
        Reason::LimitsExceeded => "the request is larger or deeper than the runtime accepts",
        Reason::UnknownTool => "the policy declares no such tool",
        Reason::UnknownEnvironment => "the policy declares no such environment",
        Reason::ToolChanged => "the tool's definition is not the pinned one",
        Reason::DuplicateCall => "this call id was settled before",
        Reason::StateUnavailable => "the store of sessions failed",
        Reason::NotGranted => "no grant covers this call",
        Reason::Unclassified => "no classify arm covers this call",
        Reason::Matrix if asks => "the matrix asks for approval at this tier",
        Reason::Matrix => "the matrix denies this tier here",
        Reason::Rule if asks => "a rule asks for approval",
        Reason::Rule => "a rule denies it",
        Reason::Limit if asks => "a limit is exceeded; beyond it approval is needed",
        Reason::Limit => "a limit is exceeded",
        Reason::LimitUnavailable => "a limit applies that can't be checked",
        Reason::UnsupportedConstraint => "a constraint applies that the host does not enforce",
        Reason::ApprovalRefused => "someone entitled refused",
        Reason::ApprovalExpired => "the approval has expired",
        Reason::ApprovalImpossible => "nobody can give the approval that is required",
        Reason::ApprovalsUnavailable => "the ledger of approvals failed",
        Reason::AuditUnavailable => "the decision could not be written to the audit log",
        Reason::Granted => "a grant covers it and nothing restricts it",
    }
}

fn needed(approval: &Approval, paint: Paint) -> String {
    let mut terms: Vec<String> = approval.by.iter().map(|(n, roles)| format!("{n} of {}", roles.join(", "))).collect();
    terms.extend(approval.by_user.then(|| "the acting user".to_owned()));
    let mut conditions = vec![format!("within {}", approval.expires)];
    conditions.extend(approval.note_required.then(|| "with a note".to_owned()));
    let head = label("needs", paint);
    let by = paint.dim(&format!("required by {}", visible(&approval.required_by.join(", "))));
    format!(
        "  {head}  {}: {}, {}\n{INDENT}{by}\n",
        paint.bold(&approval.id),
        terms.join(" and "),
        conditions.join(", "),
    )
}

/// A command as it is read, one line for each call.
fn command(reading: &CommandReading, paint: Paint) -> String {
    let mut lines: Vec<String> = reading.calls.iter().map(call).collect();
    lines.extend(reading.opaque.iter().map(|why| paint.yellow(&visible(why))));
    if reading.more {
        lines.push(paint.yellow("and perhaps more that can't be known before it runs"));
    }
    let head = format!("  {}  {}\n", label("runs", paint), paint.dim(&visible(&reading.pointer)));
    lines.into_iter().fold(head, |text, line| format!("{text}{INDENT}{line}\n"))
}

fn call(call: &CallReading) -> String {
    let mut line = visible(&call.words.join(" "));
    let facts = [("through", &call.wrappers), ("sets", &call.env), ("reads", &call.reads), ("writes", &call.writes)];
    for (word, names) in facts.into_iter().filter(|(_, names)| !names.is_empty()) {
        line.push_str(&format!("  ({word} {})", visible(&names.join(", "))));
    }
    line
}

/// Continuation lines stand under the clause's name.
const INDENT: &str = "              ";

fn label(word: &str, paint: Paint) -> String {
    paint.cyan(&format!("{word:<10}"))
}

fn clause(applied: &Applied, show: &dyn Fn(&str) -> String, paint: Paint) -> String {
    let word = format!("{:<10}", applied.effect.code());
    let word = match &applied.effect {
        Effect::Deny | Effect::Limit => paint.red(&word),
        Effect::Require(_) => paint.yellow(&word),
        Effect::Grant | Effect::Allow => paint.green(&word),
        Effect::Classify(_) | Effect::Constrain(_) | Effect::Mark(_) => paint.cyan(&word),
    };
    let what = match &applied.effect {
        Effect::Classify(name) | Effect::Constrain(name) | Effect::Mark(name) => format!("{name}: "),
        Effect::Require(approvals) => format!("{}: ", approvals.join(", ")),
        _ => String::new(),
    };
    let place = paint.dim(&format!("{}:{}:{}", visible(&show(&applied.file)), applied.line, applied.column));
    let mut text = format!("  {word}  {what}{}  {place}\n", visible(&applied.clause));
    if let Some(message) = &applied.message {
        text.push_str(&format!("{INDENT}{}\n", paint.bold(&visible(message))));
    }
    if let Some(suggest) = &applied.suggest {
        text.push_str(&format!("{INDENT}suggestion: {}\n", visible(suggest)));
    }
    if !applied.unknown.is_empty() {
        let facts = visible(&applied.unknown.join(", "));
        text.push_str(&format!("{INDENT}{}\n", paint.yellow(&format!("applies because unknown: {facts}"))));
    }
    text
}

/// The strictest first.
fn rank(effect: &Effect) -> u8 {
    match effect {
        Effect::Deny => 0,
        Effect::Limit => 1,
        Effect::Require(_) => 2,
        Effect::Constrain(_) => 3,
        Effect::Mark(_) => 4,
        Effect::Classify(_) => 5,
        Effect::Allow => 6,
        Effect::Grant => 7,
    }
}
