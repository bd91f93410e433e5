//! `clawc suspend`: a clause is put out of force, or away.

use claw_engine::lifecycle::Step;

use crate::failure::{Exit, Failure};
use crate::lifecycle::step::{self, StepArgs};
use crate::output::Output;

const AFTER_HELP: &str = "\
A suspended clause is not evaluated. The policy's `lifecycle` says what it takes:

  lifecycle { suspend after 2 disagreements  archive after 90d unused }

Disagreements are calls on which people decided against the clause: they granted what it alone had them asked about, \
or refused what it grants. A rule that people agreed with even once is suspended by force only. --archive puts a \
clause away that has not applied for long; the log has to reach back that far.

Only the `@status` of the clause is changed in its file, with the day and the reason behind it. Suspending a rule makes \
a policy less strict: what is loosened is shown.

Exit status: 0 changed (or, with --dry-run, would be), 1 what it takes is not there, or the policy has errors, 2 wrong \
usage or unreadable files.

Examples:
  clawc suspend refunds_in_prod --audit audit/ --dry-run
  clawc suspend refunds_in_prod --audit audit/ --force --reason 'outage 7: support must act'
  clawc suspend old_rule --archive --audit audit/";

/// Put a clause out of force, if people disagreed with it; or away, if it is unused
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    #[command(flatten)]
    step: StepArgs,
    /// Put it away for good, as unused
    #[arg(long)]
    archive: bool,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    step::run(if args.archive { Step::Archive } else { Step::Suspend }, &args.step, out)
}
