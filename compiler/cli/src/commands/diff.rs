//! `clawc diff`: which calls a change of a policy decides otherwise.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use claw_compiler::proof::diff::{Diff, compare};
use claw_compiler::proof::side::Side;

use crate::failure::{Exit, Failure};
use crate::git::{self, Spec};
use crate::output::Output;
use crate::project::Project;
use crate::render::diff::{self as render, Names};
use crate::{files, policy};

const AFTER_HELP: &str = "\
What is compared is what the policies decide, not their text: rules may be renamed, split and moved between files. \
Each line is a class of calls, with the conditions that make it up; every example was decided by both policies. \
Loosened means: allowed where it waited or was denied, with fewer approvals, without a constraint or a label.

OLD and NEW are files, directories, or git:REV:PATH, a path of a git revision. Without NEW, git:REV:PATH is compared \
with PATH in the work tree.

Whether calls are decided otherwise can't always be told: a condition may ask the host, or relate several values. \
Then it is said so, and --forbid-loosening fails unless --allow-unknown is given, too.

Exit status: 0 compared; 1 with --forbid-loosening, if something is loosened or may be, or a policy has errors; \
2 for wrong usage, unreadable files and unknown revisions.

Examples:
  clawc diff old.claw new.claw
  clawc diff git:main:policies             what the work tree changes
  clawc diff git:v1:policies git:v2:policies
  clawc diff git:origin/main:policies --forbid-loosening
  clawc diff git:origin/main:policies --format markdown > comment.md";

/// Show which calls a change of a policy decides otherwise, what is loosened first
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// The policy before: a file, a directory, or git:REV:PATH
    old: String,
    /// The policy after; without it, the PATH of git:REV:PATH in the work tree
    new: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// End with status 1 if something is loosened, or may be
    #[arg(long)]
    forbid_loosening: bool,
    /// With --forbid-loosening: accept what can't be told
    #[arg(long, requires = "forbid_loosening")]
    allow_unknown: bool,
}

/// `--format`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For reading
    #[default]
    Human,
    /// For programs
    Json,
    /// For a comment on a pull request
    Markdown,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let new = match &args.new {
        Some(new) => new.clone(),
        None => match Spec::parse(&args.old).transpose()? {
            Some(spec) => spec.path.display().to_string(),
            None => {
                return Err(Failure::new("there is nothing to compare with")
                    .help("name NEW, too; it may be left out only where OLD is `git:REV:PATH`"));
            }
        },
    };
    let (old_project, new_project) = (open(&args.old)?, open(&new)?);
    let Some(mut old) = side(&old_project, out)? else { return Ok(Exit::Findings) };
    let Some(mut new_side) = side(&new_project, out)? else { return Ok(Exit::Findings) };
    let diff = compare(&mut old, &mut new_side);
    let names = Names { old: &args.old, new: &new, old_project: &old_project, new_project: &new_project };
    match args.format {
        Format::Human => out.print(&render::human(&diff, &names, out.paint()))?,
        Format::Json => out.print(&render::json(&diff, &names)?)?,
        Format::Markdown => out.print(&render::markdown(&diff, &names))?,
    }
    Ok(if forbidden(args, &diff) { Exit::Findings } else { Exit::Clean })
}

fn forbidden(args: &Args, diff: &Diff) -> bool {
    args.forbid_loosening && (diff.loosens() || (diff.may_loosen() && !args.allow_unknown))
}

/// A policy on disk or in a revision.
fn open(name: &str) -> Result<Project, Failure> {
    match Spec::parse(name) {
        Some(spec) => git::open(&spec?),
        None => Project::open(&files::root(&PathBuf::from(name))?),
    }
}

/// The policy, to be compared; `None` if it has errors, which are on standard error now.
fn side(project: &Project, out: &mut Output) -> Result<Option<Side>, Failure> {
    let Some(checked) = policy::checked(project, out)? else { return Ok(None) };
    let side = Side::new(&checked, &project.analysis.sources);
    let file = || project.watched.first().map_or_else(|| Path::new("").to_owned(), Clone::clone);
    side.map(Some).map_err(|error| Failure::new(format!("cannot load the policy `{}`: {error}", file().display())))
}
