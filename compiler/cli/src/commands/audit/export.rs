//! `clawc audit export`: the records of a log for spreadsheets and for systems that collect events.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::filter::{Facts, Filter};
use crate::failure::{Exit, Failure};
use crate::output::Output;
use crate::render::audit::{cef, csv};

const AFTER_HELP: &str = "\
csv   RFC 4180, one record on each line, with a heading; a field that a spreadsheet would take for a formula begins \
with an apostrophe
json  one array of the records as they are
cef   ArcSight's Common Event Format, one record on each line, for systems that collect security events

Exit status: 0 exported, 1 some lines are no records, 2 wrong usage or unreadable files.

Examples:
  clawc audit export /var/log/claw --format csv -o march.csv --since 2026-03-01 --until 2026-04-01
  clawc audit export audit.sqlite --format cef --event decision | nc siem 514";

/// Write the records of a log in another format
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// The log
    path: PathBuf,
    #[command(flatten)]
    filter: Filter,
    #[arg(long, value_enum)]
    format: Format,
    /// Where to write it; standard output, if nowhere
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Json,
    Cef,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let mut target = Target::open(args.output.as_deref())?;
    let mut first = true;
    if args.format == Format::Csv {
        target.write(&csv::heading(), out)?;
    }
    let bad = args.filter.each(&args.path, out, &mut |record, line, out| {
        let before = if std::mem::replace(&mut first, false) { "[" } else { "," };
        let text = match args.format {
            Format::Csv => csv::row(record, &Facts::of(record)),
            Format::Cef => cef::event(record, &Facts::of(record)),
            Format::Json => format!("{before}\n{line}"),
        };
        target.write(&text, out)
    })?;
    if args.format == Format::Json {
        target.write(if first { "[]\n" } else { "\n]\n" }, out)?;
    }
    target.finish()?;
    Ok(if bad == 0 { Exit::Clean } else { Exit::Findings })
}

/// Standard output, or a file that takes its name once it is complete.
enum Target {
    Standard,
    File { to: PathBuf, temporary: PathBuf, file: BufWriter<File> },
}

impl Target {
    fn open(path: Option<&Path>) -> Result<Target, Failure> {
        let Some(to) = path else { return Ok(Target::Standard) };
        let name = to.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let temporary = to.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
        let file = File::create(&temporary).map_err(|error| Failure::io("write", to, &error))?;
        Ok(Target::File { to: to.to_owned(), temporary, file: BufWriter::new(file) })
    }

    fn write(&mut self, text: &str, out: &mut Output) -> Result<(), Failure> {
        match self {
            Target::Standard => out.print(text),
            Target::File { to, file, .. } => {
                file.write_all(text.as_bytes()).map_err(|error| Failure::io("write", to, &error))
            }
        }
    }

    fn finish(&mut self) -> Result<(), Failure> {
        let Target::File { to, temporary, file } = self else { return Ok(()) };
        let written =
            file.flush().and_then(|()| file.get_ref().sync_all()).and_then(|()| fs::rename(&*temporary, &*to));
        written.map_err(|error| Failure::io("write", to, &error))
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Target::File { temporary, .. } = self {
            // There is none, where it has its name.
            let _ = fs::remove_file(temporary);
        }
    }
}
