//! Audit logs for people: what verifying found, and records one below the other.

pub mod cef;
pub mod csv;

use claw_engine::audit::{Event, Record, Report};

use crate::commands::audit::Facts;
use crate::output::Paint;
use crate::render::text::{count, visible};

/// Text of unknown origin on one line: what it breaks into lines could pass for other records.
fn on_a_line(text: &str) -> String {
    visible(text).replace('\n', "\\n")
}

/// What verifying found. `keys`: signatures were looked at.
pub fn report(report: &Report, keys: bool, paint: Paint) -> String {
    let mut text = String::new();
    for gap in &report.gaps {
        let place = match (&gap.file, gap.line) {
            (Some(file), Some(line)) => format!("{}:{line}: ", on_a_line(file)),
            _ => String::new(),
        };
        text.push_str(&format!("{place}{} {}\n", paint.red_bold("gap:"), on_a_line(&gap.kind.to_string())));
    }
    let records = count(usize::try_from(report.records).unwrap_or(usize::MAX), "record");
    let range = match (report.first, report.last) {
        (Some(first), Some(last)) => format!(", {first} to {last}"),
        _ => String::new(),
    };
    let verdict = match report.gaps.len() {
        0 => paint.green_bold("whole"),
        n => paint.red_bold(&count(n, "gap")),
    };
    text.push_str(&format!("{verdict}: {records}{range}\n"));
    if let Some(head) = &report.head {
        text.push_str(&format!("  head      {}:{head}\n", report.last.unwrap_or(0)));
    }
    text.push_str(&format!("  signed    {}\n", signed(report, keys)));
    if let Some(through) = report.dropped_through {
        let what = format!("begins behind record {through}: the log says that what came before was dropped");
        text.push_str(&format!("  dropped   {what}\n"));
    }
    if report.lost > 0 {
        let events = count(usize::try_from(report.lost).unwrap_or(usize::MAX), "event");
        text.push_str(&format!("  lost      the log says that {events} could not be recorded; all were denied\n"));
    }
    text
}

fn signed(report: &Report, keys: bool) -> String {
    match (keys, report.signed_through) {
        (false, _) if report.checkpoints == 0 => "there are no checkpoints".to_owned(),
        (false, _) => format!("not looked at: no key was given for the {} checkpoints", report.checkpoints),
        (true, None) => "nothing".to_owned(),
        (true, Some(through)) if report.unsigned == 0 => format!("through record {through}, all of it"),
        (true, Some(through)) => format!("through record {through}; {} came after", report.unsigned),
    }
}

/// A record: one line for what happened, and one for each thing worth knowing about it.
pub fn record(record: &Record, paint: Paint) -> String {
    let facts = Facts::of(record);
    let time = record.time.map_or_else(|| "no time".to_owned(), |time| time.to_string());
    let back = if record.clock_backwards { paint.yellow(" (the clock went back)") } else { String::new() };
    let mut text =
        format!("{} {}{back}  {}", paint.dim(&format!("#{}", record.seq)), paint.dim(&time), what(&facts, paint));
    let mut part = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            text.push_str(&format!("  {} {}", paint.dim(name), on_a_line(value)));
        }
    };
    part("tenant", facts.tenant);
    part("session", facts.session);
    part("call", facts.call);
    part("agent", facts.agents.first().copied());
    part(if matches!(record.event, Event::Vote(_) | Event::Approval(_)) { "by" } else { "for" }, facts.user);
    part("in", facts.environment.filter(|environment| !environment.is_empty()));
    part("tier", facts.tier);
    text.push('\n');
    details(record, &facts, paint, &mut text);
    text
}

/// What happened, in a few words.
fn what(facts: &Facts<'_>, paint: Paint) -> String {
    let tool = on_a_line(facts.tool.unwrap_or_default());
    let reason = on_a_line(facts.reason.unwrap_or_default());
    match facts.decision {
        Some("allow") => format!("{} {}", paint.green_bold("ALLOW"), paint.bold(&tool)),
        Some("require_approval") => format!("{} {}  {reason}", paint.yellow_bold("APPROVAL"), paint.bold(&tool)),
        Some("deny") => format!("{} {}  {reason}", paint.red_bold("DENY"), paint.bold(&tool)),
        _ => format!("{} {reason}", paint.bold(facts.event)).trim_end().to_owned(),
    }
}

fn details(record: &Record, facts: &Facts<'_>, paint: Paint, text: &mut String) {
    let mut line = |what: &str, value: &str| text.push_str(&format!("    {} {}\n", paint.dim(what), on_a_line(value)));
    match &record.event {
        Event::Decision(event) => {
            match &event.args_omitted {
                Some(omitted) => line("args", &format!("left out: {} bytes, {}", omitted.bytes, omitted.digest)),
                None => line("args", &event.args.0.to_string()),
            }
            if let Some(message) = &event.message {
                line("because", message);
            }
            // Grants, tiers and cells that merely allow are the rule; what changed the answer is worth a line.
            let changing = event.applied.iter().filter(|a| !matches!(&*a.effect, "grant" | "classify" | "allow"));
            for applied in changing.chain(&event.shadow) {
                let message = applied.message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
                let unknown = match &applied.unknown[..] {
                    [] => String::new(),
                    unknown => format!(" (unknown: {})", unknown.join(", ")),
                };
                let of = if applied.of.is_empty() { String::new() } else { format!(" {}", applied.of.join(", ")) };
                line(&applied.effect, &format!("{}{of}{message}{unknown}", applied.clause));
            }
            if !event.approvals.is_empty() {
                line("needs", &event.approvals.join(", "));
            }
        }
        Event::Checkpoint(event) => {
            line("signed", &format!("through record {} with the key {}", event.through, event.key))
        }
        Event::Gap(event) => line("lost", &format!("{} events could not be recorded: {}", event.lost, event.error)),
        Event::Spool(event) => line("waited", &format!("records {} to {}: {}", event.first, event.last, event.error)),
        Event::Torn(event) => line("cut", &format!("{} bytes of {}, kept in {}", event.bytes, event.file, event.kept)),
        Event::Dropped(event) => line("through", &format!("record {}", event.through)),
        _ => {
            if !facts.approvals.is_empty() {
                line("approval", &facts.approvals.join(", "));
            }
            if let Some(message) = facts.message {
                line("says", message);
            }
        }
    }
}
