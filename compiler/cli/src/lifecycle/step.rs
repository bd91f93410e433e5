//! Takes a clause one step on: finds it, holds the evidence against the gates, edits the source.

use std::collections::BTreeSet;
use std::path::PathBuf;

use claw_compiler::MissingKind;
use claw_compiler::proof::diff::{Diff, compare};
use claw_compiler::proof::side::Side;
use claw_compiler::status::{self, Changed, Clause, NotFound};
use claw_compiler::testing::{self, TestResult};
use claw_engine::lifecycle::{Finding, Gate, Judgement, Status, Step};
use claw_engine::{Clock as _, SystemClock};

use super::{LogArgs, Review, source_status, status_of};
use crate::failure::{Exit, Failure};
use crate::files;
use crate::output::Output;
use crate::policy;
use crate::project::Project;
use crate::render::lifecycle as render;
use crate::render::text::visible;

/// What `clawc promote` and `clawc suspend` have in common.
#[derive(Debug, clap::Args)]
pub struct StepArgs {
    /// The rule, limit or grant, by its name, its full name, or, for a grant, its text
    clause: String,
    /// The policy: a file or a directory
    #[arg(default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    log: LogArgs,
    /// Whatever the log says; takes a reason, which is written into the source
    #[arg(long, requires = "reason")]
    force: bool,
    /// Why; it is written into the source
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: Option<String>,
    /// Show what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[arg(long, value_enum, default_value_t)]
    format: crate::Format,
}

/// What came of a step.
#[derive(Debug)]
pub struct Taken<'r> {
    pub step: Step,
    pub review: &'r Review,
    pub clause: Clause<'r>,
    pub judgement: Judgement,
    /// What is wrong with the log stands in the way.
    pub log_refused: bool,
    /// Neither the gates nor the log were listened to.
    pub forced: bool,
    /// The source was changed, or would have been.
    pub change: Option<Change>,
    pub dry_run: bool,
}

/// A change of the source.
#[derive(Debug)]
pub struct Change {
    /// What stands behind the new status.
    pub reason: Option<String>,
    /// Which calls it decides otherwise.
    pub diff: Diff,
    /// The policy with the change.
    pub project: Project,
    /// Tests of the policy that pass without it and fail with it.
    pub failing: Vec<String>,
    /// Warnings that it gives rise to.
    pub warnings: Vec<String>,
}

/// A policy that was looked at from all sides.
struct Seen {
    side: Side,
    passing: BTreeSet<String>,
    failing: Vec<String>,
    warnings: BTreeSet<String>,
}

pub fn run(step: Step, args: &StepArgs, out: &mut Output) -> Result<Exit, Failure> {
    let Some(mut review) = Review::open(&args.path, &args.log, out)? else { return Ok(Exit::Findings) };
    review.project.prove();
    let clause = find(&review, &args.clause)?;
    let status = status_of(&clause);
    let judgement = review.judge(step, &clause).ok_or_else(|| nowhere(step, &clause, status))?;
    review.warn(out);
    let log_refused = !review.log.problems.is_empty();
    let allowed = judgement.holds() && !log_refused;
    let mut taken = Taken {
        step,
        review: &review,
        clause,
        judgement,
        log_refused,
        forced: args.force && !allowed,
        change: None,
        dry_run: args.dry_run,
    };
    if allowed || args.force {
        let Some(change) = taken.change(args, out)? else { return Ok(Exit::Findings) };
        taken.change = Some(change);
    }
    match args.format {
        crate::Format::Human => out.print(&render::taken(&taken, out.paint()))?,
        crate::Format::Json => out.print(&render::taken_json(&taken)?)?,
    }
    Ok(if taken.change.is_some() { Exit::Clean } else { Exit::Findings })
}

fn find<'r>(review: &'r Review, name: &str) -> Result<Clause<'r>, Failure> {
    status::find(&review.project.analysis.package, name).map_err(|error| match error {
        NotFound::None(nearest) => {
            let failure = Failure::new(visible(&format!("there is no rule, limit or grant `{name}` in this policy")));
            match nearest {
                Some(nearest) => failure.help(format!("did you mean `{nearest}`?")),
                None => failure.help("`clawc policy status` lists them"),
            }
        }
        NotFound::Several(names) => {
            let mut names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
            names.dedup();
            Failure::new(visible(&format!("`{name}` is the name of several clauses"))).help(match names.as_slice() {
                [_] => "they say the same: keep one of them".to_owned(),
                names => format!("there are {}", names.join(", ")),
            })
        }
    })
}

fn nowhere(step: Step, clause: &Clause<'_>, status: Status) -> Failure {
    let failure = Failure::new(format!("`{}` can't be {}: it is {status}", clause.id(), render::done(step)));
    match (step, status) {
        (Step::Promote, _) => failure.help("there is nothing beyond `confirmed`"),
        (_, Status::Suspended) => failure.help("`clawc suspend --archive` puts it away for good"),
        _ => failure.help("`clawc promote` makes it a candidate again"),
    }
}

impl Taken<'_> {
    /// Works out the new source, checks it, and writes it unless this is a dry run. `None`: the policy has errors.
    fn change(&self, args: &StepArgs, out: &mut Output) -> Result<Option<Change>, Failure> {
        let to = self.judgement.to;
        let reason = self.reason(args.reason.as_deref());
        let analysis = &self.review.project.analysis;
        let refused = |why: String| Failure::new(format!("`{}` can't be changed: {why}", self.clause.id()));
        let changed = status::change(analysis, &self.clause, source_status(to), reason.as_deref())
            .map_err(|error| refused(error.to_string()))?;
        let path = self.review.project.path(changed.file).ok_or_else(|| refused("it has no file".to_owned()))?;
        if !self.review.project.holds(&path) {
            return Err(refused(format!("`{}` lies outside of the policy's directory", path.display()))
                .help("name the policy that it belongs to"));
        }
        let mut project = self.edited(&changed, &path)?;
        // An invariant that does not hold any more is an error, and the source stays as it is.
        project.prove();
        let (Some(mut old), Some(mut new)) = (seen(&self.review.project, out)?, seen(&project, out)?) else {
            return Ok(None);
        };
        let diff = compare(&mut old.side, &mut new.side);
        new.failing.retain(|name| old.passing.contains(name));
        let warnings = new.warnings.difference(&old.warnings).cloned().collect();
        if !self.dry_run {
            // Somebody may have changed it since it was read.
            if files::read_source(&path)? != *analysis.sources.get(changed.file).text {
                return Err(
                    refused(format!("`{}` has just been changed by someone else", path.display())).help("try again")
                );
            }
            files::write_atomically(&path, changed.text.as_bytes())?;
        }
        Ok(Some(Change { reason, diff, project, failing: new.failing, warnings }))
    }

    /// What is written behind the status: for what is put out of force or forced, since when and why.
    fn reason(&self, given: Option<&str>) -> Option<String> {
        let evidence = self.judgement.findings.iter().find_map(|finding| match finding {
            Finding { gate: Gate::Disagreements { have, .. }, .. } => Some(format!("{have} disagreements")),
            Finding { gate: Gate::Unused { .. }, .. } => Some("unused".to_owned()),
            _ => None,
        });
        let text = match (given, self.forced) {
            (Some(given), true) => format!("forced: {given}"),
            (Some(given), false) => given.to_owned(),
            (None, _) => evidence?,
        };
        let today = SystemClock.now().map(|now| now.timestamp().to_string().chars().take(10).collect::<String>());
        Some(today.map_or_else(|| text.clone(), |today| format!("{today} {text}")))
    }

    /// The policy with the changed file, in memory.
    fn edited(&self, changed: &Changed, path: &std::path::Path) -> Result<Project, Failure> {
        let project = &self.review.project;
        let root = project.watched.first().cloned().unwrap_or_default();
        let read = |wanted: &std::path::Path, kind: MissingKind| -> Result<Option<Vec<u8>>, Failure> {
            if wanted == path {
                return Ok(Some(changed.text.clone().into_bytes()));
            }
            let limit = if kind == MissingKind::Source { files::MAX_SOURCE } else { files::MAX_DATA };
            wanted.is_file().then(|| files::read_bytes(wanted, limit)).transpose()
        };
        let bytes = if files::tidy(&root) == path {
            changed.text.clone().into_bytes()
        } else {
            files::read_bytes(&root, files::MAX_SOURCE)?
        };
        Project::of(&root, bytes, &read)
    }
}

/// `None`: the policy has errors, which are on standard error now.
fn seen(project: &Project, out: &mut Output) -> Result<Option<Seen>, Failure> {
    let Some(checked) = policy::checked(project, out)? else { return Ok(None) };
    let sources = &project.analysis.sources;
    let failed = |error| Failure::new(format!("the compiled policy does not load: {error}"));
    let side = Side::new(&checked, sources).map_err(failed)?;
    let (passing, failing): (Vec<_>, Vec<_>) =
        testing::run(&checked, sources, None).map_err(failed)?.into_iter().partition(TestResult::passed);
    let warnings = project.analysis.diagnostics.iter().filter(|finding| !finding.is_error());
    Ok(Some(Seen {
        side,
        passing: passing.into_iter().map(|test| test.name).collect(),
        failing: failing.into_iter().map(|test| test.name).collect(),
        warnings: warnings.map(|finding| format!("{}: {}", finding.code, finding.message)).collect(),
    }))
}
