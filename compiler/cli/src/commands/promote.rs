//! `clawc promote`: a clause that is tried out counts for more.

use claw_engine::lifecycle::Step;

use crate::failure::{Exit, Failure};
use crate::lifecycle::step::{self, StepArgs};
use crate::output::Output;

const AFTER_HELP: &str = "\
A hint becomes a candidate, a candidate is confirmed and counts from then on; what was suspended or archived becomes a \
candidate again. The policy's `lifecycle` says what that takes:

  lifecycle { promote after 20 agreements and 0 disagreements }

Agreements are calls on which people decided as the clause would have; `clawc policy status` shows all counts. Where \
the gate does not hold, the command says what is missing.

Only the `@status` of the clause is changed in its file. Nothing of the standard library and nothing outside of the \
policy's directory is edited, and a log with records missing or changed is not believed; --force --reason TEXT \
overrules both the gate and the log, and writes the reason into the source.

Exit status: 0 changed (or, with --dry-run, would be), 1 what it takes is not there, or the policy has errors, 2 wrong \
usage or unreadable files. A policy that would have errors with the change, such as an invariant that no longer holds, \
is left as it is, --force or not.

Examples:
  clawc promote big_refunds --audit audit/
  clawc promote big_refunds policies/ --audit audit/ --since 30d --dry-run
  clawc promote 'grant look to support' --audit audit.jsonl
  clawc promote big_refunds --audit audit/ --force --reason 'agreed in review 12'";

/// Let a hint or candidate count for more, if people agreed with it
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    #[command(flatten)]
    step: StepArgs,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    step::run(Step::Promote, &args.step, out)
}
