//! `clawc policy`: how the clauses of a policy are used, what changed, who is risky, what is out of force.

use std::path::PathBuf;

use clap::Subcommand;

use crate::failure::{Exit, Failure};
use crate::lifecycle::{LogArgs, Review};
use crate::output::Output;
use crate::render::lifecycle::{recent, risky, status, suspended};
use crate::{Format, files};

const AFTER_HELP: &str = "\
Reads a policy in source form and the audit log of a gateway that decided with it. Clauses are told apart by their \
names: what the log has of other packages is left out.

Examples:
  clawc policy status . --audit audit/
  clawc policy recent . --audit audit/ --since 7d
  clawc policy risky . --audit audit/ --top 20
  clawc policy suspended .";

/// Show how a policy's clauses are used, from the audit log
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    #[command(subcommand)]
    view: View,
}

#[derive(Debug, Subcommand)]
enum View {
    Status(Status),
    Recent(Recent),
    Risky(Risky),
    Suspended(Suspended),
}

const AFTER_STATUS: &str = "\
Clauses that are tried out come first, each with what it would have done, what people decided on those calls, and what \
is missing for the next step. `agree` and `disagree` count calls on which people voted; calls that ran unattended are \
no evidence for or against anything.

Below: approvals that nobody ever refused, grants that nobody used, clauses that never applied.

Exit status: 0 shown, 1 the policy has errors, 2 wrong usage or unreadable files.

Examples:
  clawc policy status . --audit audit/
  clawc policy status policies/ --audit audit.jsonl --since 2026-03-01 --format json";

/// Every clause: how often it applied, who agreed, what is missing for its next step
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_STATUS)]
struct Status {
    /// The policy: a file or a directory
    #[arg(default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    log: LogArgs,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const AFTER_RECENT: &str = "\
Policies that were loaded, refused or rolled back; clauses that began or ceased to count, as far as calls showed it; \
and the clauses that applied last.

Examples:
  clawc policy recent . --audit audit/ --since 7d";

/// What changed lately, and which clauses applied last
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_RECENT)]
struct Recent {
    /// The policy: a file or a directory
    #[arg(default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    log: LogArgs,
    /// How many lines of each kind
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const AFTER_RISKY: &str = "\
Agents, tools and sessions with the most denials and refusals, with how many of their calls were of the highest tier or \
over a limit; and the facts that were unknown, with the clauses that applied because of it.

Examples:
  clawc policy risky . --audit audit/ --since 7d --top 20";

/// Where trouble gathers: agents, tools, sessions, unknown facts
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_RISKY)]
struct Risky {
    /// The policy: a file or a directory
    #[arg(default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    log: LogArgs,
    /// How many lines of each kind
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const AFTER_SUSPENDED: &str = "\
Clauses that are suspended or archived, each with the reason in its `@status`. With --audit, when they applied last.

Examples:
  clawc policy suspended .
  clawc policy suspended . --audit audit/";

/// What is out of force, since when and why
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_SUSPENDED)]
struct Suspended {
    /// The policy: a file or a directory
    #[arg(default_value = ".")]
    path: PathBuf,
    /// The audit log: a .jsonl file, a directory of segments, or an SQLite database
    #[arg(long, value_name = "LOG")]
    audit: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let (path, log, format) = match &args.view {
        View::Status(args) => (&args.path, &args.log, args.format),
        View::Recent(args) => (&args.path, &args.log, args.format),
        View::Risky(args) => (&args.path, &args.log, args.format),
        View::Suspended(args) => return out_of_force(args, out),
    };
    let Some(review) = Review::open(path, log, out)? else { return Ok(Exit::Findings) };
    review.warn(out);
    let json = format == Format::Json;
    let text = match &args.view {
        View::Status(_) if json => status::json(&review)?,
        View::Status(_) => status::human(&review, out.paint()),
        View::Recent(args) if json => recent::json(&review, args.top)?,
        View::Recent(args) => recent::human(&review, args.top, out.paint()),
        View::Risky(args) if json => risky::json(&review, args.top)?,
        View::Risky(args) => risky::human(&review, args.top, out.paint()),
        View::Suspended(_) => String::new(),
    };
    out.print(&text)?;
    Ok(Exit::Clean)
}

fn out_of_force(args: &Suspended, out: &mut Output) -> Result<Exit, Failure> {
    let review = if args.audit.is_empty() {
        Review::without_log(&files::root(&args.path)?, out)?
    } else {
        let log = LogArgs { audit: args.audit.clone(), key: Vec::new(), since: None, tenant: None };
        Review::open(&args.path, &log, out)?
    };
    let Some(review) = review else { return Ok(Exit::Findings) };
    if !args.audit.is_empty() {
        review.warn(out);
    }
    match args.format {
        Format::Human => out.print(&suspended::human(&review, out.paint()))?,
        Format::Json => out.print(&suspended::json(&review)?)?,
    }
    Ok(Exit::Clean)
}
