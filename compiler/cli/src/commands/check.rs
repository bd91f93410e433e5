//! `clawc check`: everything that can be said about a policy without running it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::ValueEnum;

use crate::Format;
use crate::failure::{Exit, Failure};
use crate::files;
use crate::output::Output;
use crate::project::Project;
use crate::render::human::{self, Counts};
use crate::render::json::{self, Findings};
use crate::render::text::count;

/// How often `--watch` looks at the files.
const POLL: Duration = Duration::from_millis(300);

const AFTER_HELP: &str = "\
Exit status: 0 clean, 1 findings (errors; with --deny warnings also warnings), 2 wrong usage or unreadable \
files.

With --format json one object is printed:
  { \"diagnostics\": [ { \"code\", \"severity\", \"message\", \"file\", \"range\",
                       \"labels\", \"help\", \"notes\", \"fix\" } ],
    \"summary\": { \"errors\", \"warnings\", \"files\" } }
  range   { \"start\": { \"line\", \"column\", \"offset\" }, \"end\": … }: lines and columns count from 1,
          columns in characters; offset is in bytes, from 0
  labels  [ { \"file\", \"range\", \"message\" } ]: what to say at the place itself comes first
  fix     null, or { \"title\", \"applicability\": \"certain\" or \"likely\",
          \"edits\": [ { \"file\", \"range\", \"text\" } ] }

Examples:
  clawc check
  clawc check policies/ --deny warnings
  clawc check main.claw --format json
  clawc check main.claw --watch";

/// Parse and type-check policies and report everything that is wrong
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// Policy files, or directories with policies [default: this directory]
    paths: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Findings to treat as errors
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Vec<Deny>,
    /// Check again whenever a file changes, until interrupted
    #[arg(long)]
    watch: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Deny {
    Warnings,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    if args.watch {
        return watch(args, out);
    }
    check(args, out).map(|checked| checked.exit)
}

/// What one round of checking found and read.
struct Checked {
    exit: Exit,
    watched: BTreeSet<PathBuf>,
}

fn check(args: &Args, out: &mut Output) -> Result<Checked, Failure> {
    let projects = files::roots(&args.paths)?.iter().map(|root| Project::open(root)).collect::<Result<Vec<_>, _>>()?;
    let mut counts = Counts::default();
    let mut watched = BTreeSet::new();
    let mut findings = Findings::default();
    let mut read = BTreeSet::new();
    // A file that several policies use is checked with each, and its findings are told once.
    let mut told = BTreeSet::new();
    for project in &projects {
        let sources = &project.analysis.sources;
        let show = |path: &str| project.show(path);
        let mut fresh = project.analysis.diagnostics.clone();
        fresh.retain(|finding| {
            let loc = finding.primary.loc;
            told.insert((show(&sources.get(loc.file).path), loc.span, finding.code, finding.message.clone()))
        });
        counts.add(Counts::of(&fresh));
        watched.extend(project.watched.iter().cloned());
        read.extend(sources.files.iter().map(|file| show(&file.path)));
        match args.format {
            Format::Human => out.print(&human::diagnostics(&fresh, sources, &show, out.paint()))?,
            Format::Json => findings.add(&fresh, sources, &show),
        }
    }
    match args.format {
        Format::Human => {
            let files =
                if counts == Counts::default() { format!(" in {}", count(read.len(), "file")) } else { String::new() };
            out.line(&format!("{}{files}", counts.summary(out.paint())))?;
        }
        Format::Json => {
            findings.summary.files = read.len();
            out.print(&json::pretty(&findings)?)?;
        }
    }
    let denied = counts.errors > 0 || (counts.warnings > 0 && args.deny.contains(&Deny::Warnings));
    Ok(Checked { exit: if denied { Exit::Findings } else { Exit::Clean }, watched })
}

/// Checks, waits until something changes, and so on; a file that can't be read now may be readable soon.
fn watch(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let mut exit = Exit::Clean;
    let mut watched: BTreeSet<PathBuf> = args.paths.iter().cloned().collect();
    while !out.is_closed() {
        // Taken before the files are read, so that a change in between is not lost.
        let mut before = stamps(args, &watched);
        match check(args, out) {
            Ok(checked) => {
                exit = checked.exit;
                watched = checked.watched;
                for path in &watched {
                    before.entry(path.clone()).or_insert_with(|| stamp(path));
                }
            }
            Err(failure) => out.failure(&failure),
        }
        out.line("watching for changes; stop with Ctrl-C")?;
        out.flush()?;
        watched.extend(before.keys().cloned());
        while stamps(args, &watched) == before {
            std::thread::sleep(POLL);
        }
        out.line("")?;
        out.flush()?;
    }
    Ok(exit)
}

/// When a file changed last, and its size; nothing if it is not there.
type Stamp = Option<(SystemTime, u64)>;

/// Of the files that were read, and those that the PATHs now stand for.
fn stamps(args: &Args, watched: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, Stamp> {
    let listed = files::roots(&args.paths).unwrap_or_default();
    let all = watched.iter().cloned().chain(listed);
    all.map(|path| (path.clone(), stamp(&path))).collect()
}

fn stamp(path: &Path) -> Stamp {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.modified().ok()?, meta.len()))
}
