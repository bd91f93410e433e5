//! `clawc audit show`: the records of a log, for reading.

use std::path::PathBuf;

use super::filter::Filter;
use crate::Format;
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::render;
use crate::render::text::count;

const AFTER_HELP: &str = "\
Records are shown in the order of the log; --format json prints them as they are, one on each line. Nothing is \
verified: `clawc audit verify` does that. Lines that are no records are told on standard error.

Exit status: 0 shown, 1 some lines are no records, 2 wrong usage or unreadable files.

Examples:
  clawc audit show /var/log/claw --limit 20
  clawc audit show /var/log/claw --decision deny --agent bot-7 --since 2026-03-01
  clawc audit show audit.sqlite --call c-3
  clawc audit show /var/log/claw --clause mail_stays_inside --format json";

/// Show the records of a log
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// The log
    path: PathBuf,
    #[command(flatten)]
    filter: Filter,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let paint = out.paint();
    let mut shown = 0_usize;
    let bad = args.filter.each(&args.path, out, &mut |record, line, out| {
        shown += 1;
        match args.format {
            Format::Json => out.line(line),
            Format::Human => out.print(&render::audit::record(record, paint)),
        }
    })?;
    if args.format == Format::Human {
        out.line(&paint.dim(&count(shown, "record")))?;
    }
    Ok(if bad == 0 { Exit::Clean } else { Exit::Findings })
}
