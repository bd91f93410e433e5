//! A policy beside what its audit log says: what `clawc policy`, `clawc promote` and `clawc suspend` work on.
//!
//! Brings together three things that don't know each other: the source of a policy, its `lifecycle`, and counts of a log.

pub mod log;
pub mod step;

use std::path::{Path, PathBuf};

use claw_compiler::hir;
use claw_compiler::status::{self, Clause};
use claw_engine::lifecycle::{Gates, Judgement, Promotion, Status, Step, Usage, Window, judge};
use claw_engine::{Clock as _, SystemClock};
use claw_runtime::{Duration, Time};

use self::log::Log;
use crate::failure::Failure;
use crate::files;
use crate::keys;
use crate::output::Output;
use crate::project::Project;

/// Which log is read, and how much of it.
#[derive(Debug, clap::Args)]
pub struct LogArgs {
    /// The audit log: a .jsonl file, a directory of segments, or an SQLite database
    #[arg(long, value_name = "LOG", required = true)]
    pub audit: Vec<PathBuf>,
    /// A public key, or its file: checkpoints of the log that it did not sign are not believed
    #[arg(long, value_name = "PUB")]
    pub key: Vec<String>,
    /// Count only from this time on: `2026-03-02`, `2026-03-02T09:00:00Z`, or how long ago: `30d`
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Count only what this tenant did
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
}

/// A policy and its log.
#[derive(Debug)]
pub struct Review {
    pub project: Project,
    pub log: Log,
    pub gates: Gates,
}

impl Review {
    /// Reads both. `None`: the policy has errors, which are on standard error now.
    pub fn open(path: &Path, args: &LogArgs, out: &mut Output) -> Result<Option<Review>, Failure> {
        let project = Project::open(&files::root(path)?)?;
        if !project.report_errors(out) {
            return Ok(None);
        }
        let since = args.since.as_deref().map(since).transpose()?;
        let package = Some(project.analysis.package.name.clone());
        let keys = args.key.iter().map(|key| keys::public(key)).collect::<Result<_, _>>()?;
        let log = log::read(&args.audit, keys, Window { since, until: None, tenant: args.tenant.clone(), package })?;
        let gates = gates(&project.analysis.package);
        Ok(Some(Review { project, log, gates }))
    }

    /// The policy alone, as if nothing had happened yet.
    pub fn without_log(root: &Path, out: &mut Output) -> Result<Option<Review>, Failure> {
        let project = Project::open(root)?;
        let gates = gates(&project.analysis.package);
        let log = Log { usage: Usage::default(), problems: Vec::new() };
        Ok(project.report_errors(out).then_some(Review { project, log, gates }))
    }

    pub fn usage(&self) -> &Usage {
        &self.log.usage
    }

    /// How a step stands for a clause; `None` where it leads nowhere.
    pub fn judge(&self, step: Step, clause: &Clause<'_>) -> Option<Judgement> {
        judge(step, status_of(clause), &clause.id(), self.usage(), &self.gates)
    }

    /// `policy.claw:12`
    pub fn place(&self, clause: &Clause<'_>) -> String {
        let (file, position) = self.project.analysis.sources.position(clause.decl.name_loc);
        format!("{}:{}", self.project.show(file), position.line)
    }

    /// The clauses of the project's own files, in the order of the source.
    pub fn own_clauses(&self) -> Vec<Clause<'_>> {
        let all = status::clauses(&self.project.analysis.package);
        all.into_iter().filter(|clause| !clause.is_std).collect()
    }

    /// Says on standard error what there is to know of the log before anything is believed of it.
    pub fn warn(&self, out: &mut Output) {
        let paint = out.err_paint();
        let mut warn = |message: &str| out.error(&format!("{}: {message}\n", paint.yellow_bold("warning")));
        self.log.problems.iter().for_each(|problem| warn(problem));
        let usage = self.usage();
        if usage.decisions == 0 {
            let package = &self.project.analysis.package.name;
            let others: Vec<String> = usage.other_packages.keys().map(|name| format!("`{name}`")).collect();
            warn(&match others.as_slice() {
                [] => format!("the log has no decision of the policy `{package}`"),
                others => format!("the log has no decision of the policy `{package}`, only of {}", others.join(", ")),
            });
        }
    }
}

/// A clause's status, as the engine names it.
pub fn status_of(clause: &Clause<'_>) -> Status {
    match clause.status {
        hir::Status::Hint => Status::Hint,
        hir::Status::Candidate => Status::Candidate,
        hir::Status::Confirmed => Status::Confirmed,
        hir::Status::Suspended => Status::Suspended,
        hir::Status::Archived => Status::Archived,
    }
}

/// The same, as the compiler names it.
pub fn source_status(status: Status) -> hir::Status {
    match status {
        Status::Hint => hir::Status::Hint,
        Status::Candidate => hir::Status::Candidate,
        Status::Confirmed => hir::Status::Confirmed,
        Status::Suspended => hir::Status::Suspended,
        Status::Archived => hir::Status::Archived,
    }
}

fn gates(package: &hir::Package) -> Gates {
    let Some(lifecycle) = &package.lifecycle else { return Gates::default() };
    let promotion = |gate: hir::PromoteGate| Promotion {
        agreements: gate.agreements.into(),
        disagreements: gate.disagreements.into(),
    };
    Gates {
        promote: lifecycle.promote.map(promotion),
        suspend: lifecycle.suspend.map(u64::from),
        archive: lifecycle.archive,
    }
}

/// A point in time, or how long ago.
fn since(text: &str) -> Result<Time, Failure> {
    let day = || Time::parse(&format!("{text}T00:00:00Z")).ok();
    let ago = || SystemClock.now()?.checked_sub(Duration::parse(text).ok().filter(|span| span.as_millis() > 0)?);
    Time::parse(text).ok().or_else(day).or_else(ago).ok_or_else(|| {
        Failure::new(format!("`{text}` is no time"))
            .help("write `2026-03-02`, `2026-03-02T09:00:00Z`, or how long ago, such as `30d`")
    })
}
