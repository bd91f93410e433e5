//! What a log says of a policy, and what becomes of a clause: for people and for programs.

pub mod recent;
pub mod risky;
pub mod status;
pub mod suspended;
mod table;

use std::fmt::Write as _;

use claw_engine::lifecycle::{Finding, Gate, Status, Step};
use claw_runtime::{Duration, Time};
use serde::Serialize;

use crate::failure::Failure;
use crate::lifecycle::step::Taken;
use crate::output::Paint;
use crate::render::diff::{self, Names};
use crate::render::json::{pretty, raw};
use crate::render::text::{indented, visible};

/// `promoted`, `suspended`, `archived`
pub fn done(step: Step) -> &'static str {
    match step {
        Step::Promote => "promoted",
        Step::Suspend => "suspended",
        Step::Archive => "archived",
    }
}

/// What a step came to, for people.
pub fn taken(taken: &Taken<'_>, paint: Paint) -> String {
    let (id, place) = (visible(&taken.clause.id()), taken.review.place(&taken.clause));
    let judgement = &taken.judgement;
    let mut text = String::new();
    let way = format!("{} → {}", judgement.from, judgement.to);
    let _ = match (&taken.change, taken.dry_run) {
        (None, _) => {
            let head = paint.yellow_bold(&format!("not {}", done(taken.step)));
            writeln!(text, "{head}  {id} stays {} ({place})", judgement.from)
        }
        (Some(_), true) => writeln!(text, "{}  {id}: {way} ({place})", paint.bold("would change")),
        (Some(_), false) => writeln!(text, "{}  {id}: {way} ({place})", paint.green_bold(done(taken.step))),
    };
    for finding in &judgement.findings {
        let _ = writeln!(text, "  {}", line(finding, paint));
    }
    if taken.log_refused {
        let _ = writeln!(text, "  {} the log can't be believed as it is", paint.red("✗"));
    }
    let disagreed = disagreements(taken);
    if !disagreed.is_empty() {
        let _ = writeln!(text, "  people disagreed in record{}", list(&disagreed));
    }
    match &taken.change {
        Some(change) => {
            if let Some(reason) = &change.reason {
                let forced = if taken.forced { paint.yellow(" (forced)") } else { String::new() };
                let _ = writeln!(text, "  reason: {}{forced}", visible(reason));
            }
            for test in &change.failing {
                let _ = writeln!(text, "  {} the test `{}` fails now", paint.yellow("!"), visible(test));
            }
            for warning in &change.warnings {
                let _ = writeln!(text, "  {} {}", paint.yellow("!"), visible(warning));
            }
            let names =
                Names { old: "before", new: "after", old_project: &taken.review.project, new_project: &change.project };
            text.push('\n');
            text.push_str(&diff::human(&change.diff, &names, paint));
        }
        None => {
            let _ = writeln!(text, "  {}: {}", paint.cyan("help"), help(taken));
        }
    }
    text
}

fn list(records: &[u64]) -> String {
    let plural = if records.len() == 1 { "" } else { "s" };
    let records: Vec<String> = records.iter().map(u64::to_string).collect();
    format!("{plural} {}", records.join(", "))
}

/// The records in which people disagreed with the clause as it stands.
fn disagreements(taken: &Taken<'_>) -> Vec<u64> {
    let of = taken.review.usage().clauses.get(&taken.clause.id());
    let in_force = taken.judgement.from == Status::Confirmed;
    of.map(|of| if in_force { &of.in_force } else { &of.shadow })
        .map(|side| side.evidence.disagreed.clone())
        .unwrap_or_default()
}

fn help(taken: &Taken<'_>) -> String {
    let undeclared = taken.judgement.findings.iter().any(|finding| finding.gate == Gate::Declared);
    if undeclared {
        let example = match taken.step {
            Step::Promote => "promote after 20 agreements and 0 disagreements",
            Step::Suspend => "suspend after 2 disagreements",
            Step::Archive => "archive after 90d unused",
        };
        return format!("declare `lifecycle {{ {example} }}` in the policy, or use --force --reason TEXT");
    }
    if taken.log_refused && taken.judgement.holds() {
        return "`clawc audit verify` tells what is wrong; --force --reason TEXT overrules it".to_owned();
    }
    "wait for more evidence, or use --force --reason TEXT".to_owned()
}

/// One demand with a mark before it.
fn line(finding: &Finding, paint: Paint) -> String {
    let mark = if finding.holds { paint.green("✓") } else { paint.red("✗") };
    format!("{mark} {}", gate(&finding.gate))
}

/// What is demanded, and what there is.
pub fn gate(gate: &Gate) -> String {
    match gate {
        Gate::Declared => "the policy does not say what it takes".to_owned(),
        Gate::Judged => "it neither denies, requires, limits nor grants: nobody can agree with it".to_owned(),
        Gate::Agreements { have, need } => format!("{}, {need} needed", counted(*have, "agreement")),
        Gate::Tolerated { have, most } => format!("{}, {most} tolerated", counted(*have, "disagreement")),
        Gate::Disagreements { have, need } => format!("{}, {need} needed", counted(*have, "disagreement")),
        Gate::NoAgreement { have } => format!("{}, none tolerated", counted(*have, "agreement")),
        Gate::Covered { have_ms, need_ms } => format!("the log covers {}, {} needed", span(*have_ms), span(*need_ms)),
        Gate::Unused { have_ms: Some(have), need_ms } => {
            format!("unused for {}, {} needed", span(*have), span(*need_ms))
        }
        Gate::Unused { have_ms: None, .. } => "it never applied".to_owned(),
    }
}

fn counted(n: u64, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// A span of time in its two largest units.
fn span(millis: i64) -> String {
    let round = [(172_800_000, 86_400_000), (172_800, 60_000), (0, 1_000)];
    let unit = round.into_iter().find(|(from, _)| millis >= *from).map_or(1_000, |(_, unit)| unit);
    let whole = millis.checked_div(unit).and_then(|n| n.checked_mul(unit)).unwrap_or(millis);
    Duration::from_millis(whole).to_string()
}

/// `2026-03-02 09:00`, in UTC.
fn moment(time: Option<Time>) -> String {
    let text = time.map(|time| time.timestamp().to_string());
    let text = text.as_deref().and_then(|text| text.get(..16)).map(|text| text.replace('T', " "));
    text.unwrap_or_else(|| "—".to_owned())
}

/// The JSON of [`taken`].
#[derive(Serialize)]
struct TakenJson<'a> {
    clause: String,
    place: String,
    step: Step,
    from: Status,
    to: Status,
    /// The source was changed, or would be if this were no dry run.
    changed: bool,
    dry_run: bool,
    forced: bool,
    holds: bool,
    findings: &'a [Finding],
    disagreed: Vec<u64>,
    log_problems: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    failing_tests: &'a [String],
    new_warnings: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<Box<serde_json::value::RawValue>>,
}

/// What a step came to, for programs.
pub fn taken_json(taken: &Taken<'_>) -> Result<String, Failure> {
    let change = taken.change.as_ref();
    let diff = change.map(|change| {
        let names =
            Names { old: "before", new: "after", old_project: &taken.review.project, new_project: &change.project };
        diff::json(&change.diff, &names).and_then(|text| raw(text.trim_end()))
    });
    pretty(&TakenJson {
        clause: taken.clause.id(),
        place: taken.review.place(&taken.clause),
        step: taken.step,
        from: taken.judgement.from,
        to: taken.judgement.to,
        changed: change.is_some(),
        dry_run: taken.dry_run,
        forced: taken.forced,
        holds: taken.judgement.holds(),
        findings: &taken.judgement.findings,
        disagreed: disagreements(taken),
        log_problems: &taken.review.log.problems,
        reason: change.and_then(|change| change.reason.as_deref()),
        failing_tests: change.map_or(&[], |change| &change.failing),
        new_warnings: change.map_or(&[], |change| &change.warnings),
        diff: diff.transpose()?,
    })
}

/// A heading with what stands under it; nothing where nothing does.
fn section(heading: &str, body: &str, paint: Paint) -> String {
    if body.is_empty() { String::new() } else { format!("\n{}\n{}", paint.bold(heading), indented(body, "  ")) }
}
