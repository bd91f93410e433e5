//! `clawc check`: everything that can be said about a policy without running it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::ValueEnum;
use claw_compiler::Certificate;
use claw_compiler::diagnostics::{Code, Diagnostic};

use crate::failure::{Exit, Failure};
use crate::files;
use crate::output::Output;
use crate::policy;
use crate::project::Project;
use crate::render::certificate;
use crate::render::github;
use crate::render::human::{self, Counts};
use crate::render::json::{self, Findings};
use crate::render::sarif;
use crate::render::text::count;

/// How often `--watch` looks at the files.
const POLL: Duration = Duration::from_millis(300);

const AFTER_HELP: &str = "\
Exit status: 0 clean, 1 findings (errors; with --deny warnings also warnings), 2 wrong usage or unreadable \
files.

With --format json one object is printed:
  { \"diagnostics\": [ { \"code\", \"severity\", \"message\", \"file\", \"range\",
                       \"labels\", \"help\", \"notes\", \"fix\" } ],
    \"certificates\": [ … ],
    \"summary\": { \"errors\", \"warnings\", \"files\" } }
  range   { \"start\": { \"line\", \"column\", \"offset\" }, \"end\": … }: lines and columns count from 1,
          columns in characters; offset is in bytes, from 0
  labels  [ { \"file\", \"range\", \"message\" } ]: what to say at the place itself comes first
  fix     null, or { \"title\", \"applicability\": \"certain\" or \"likely\",
          \"edits\": [ { \"file\", \"range\", \"text\" } ] }
  certificates  only with --certify, one for each policy without errors: { \"policy\", \"certified\", \"tools\",
          \"roots\", \"by_clauses\", \"disagreements\": [ { \"tool\", \"root\", \"valuation\": [ [ test, answer ] ],
          \"env\", \"tier\", \"graph\", \"clauses\" } ], \"skipped\": [ { \"tool\", \"why\" } ], \"faults\" }

--certify compiles each policy and proves of every tool that its decision graph, which is what decides, says what
its clauses say: who is granted, which tier, what is denied, which approvals, marks, constraints and limits apply,
for every combination of answers that the tests can have, \"unknown\" among them. The proof shares no code with the
making of the graph. A difference is an error that shows the answers; so is a tool whose proof would be too large.

--format sarif prints a SARIF 2.1.0 report, with files relative to the current directory; --format github prints
workflow commands, which GitHub shows beside the code. See docs/ci.md.

Examples:
  clawc check
  clawc check policies/ --deny warnings
  clawc check policies/ --certify
  clawc check main.claw --format json
  clawc check --format sarif > clawc.sarif
  clawc check main.claw --watch";

/// Parse and type-check policies and report everything that is wrong
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// Policy files, or directories with policies [default: this directory]
    paths: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Where the pages of the codes are published, for --format sarif: an address with {code} in it
    #[arg(long, value_name = "URI", value_parser = help_uri)]
    help_uri: Option<String>,
    /// Findings to treat as errors
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Vec<Deny>,
    /// Also compile, and prove that the compiled graph and the policy's clauses agree
    #[arg(long)]
    certify: bool,
    /// Check again whenever a file changes, until interrupted
    #[arg(long)]
    watch: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For reading
    #[default]
    Human,
    /// For programs
    Json,
    /// For code scanning
    Sarif,
    /// For the log of a GitHub workflow
    Github,
}

fn help_uri(text: &str) -> Result<String, String> {
    if text.contains("{code}") && text.contains("://") {
        Ok(text.to_owned())
    } else {
        Err("expected an address with {code} in it, such as https://docs.example/claw/{code}.html".to_owned())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Deny {
    Warnings,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    if args.certify && args.format == Format::Sarif {
        return Err(Failure::new("`--certify` has no place in a SARIF report").help("use another `--format` with it"));
    }
    if args.watch {
        return watch(args, out);
    }
    let checked = check(args, out);
    if let (Format::Github, Err(failure)) = (args.format, &checked) {
        out.print(&github::failure(failure))?;
    }
    checked.map(|checked| checked.exit)
}

/// What one round of checking found and read.
struct Checked {
    exit: Exit,
    watched: BTreeSet<PathBuf>,
}

fn check(args: &Args, out: &mut Output) -> Result<Checked, Failure> {
    let roots = files::roots(&args.paths)?;
    let mut projects = roots.iter().map(|root| Project::open(root)).collect::<Result<Vec<_>, _>>()?;
    projects.iter_mut().for_each(Project::prove);
    let mut report = Report::new(args.format);
    let mut watched = BTreeSet::new();
    // A file that several policies use is checked with each, and its findings are told once.
    let mut told = BTreeSet::new();
    for (root, project) in roots.iter().zip(&projects) {
        let sources = &project.analysis.sources;
        let mut fresh = project.analysis.diagnostics.clone();
        fresh.retain(|finding| {
            let loc = finding.primary.loc;
            let file = project.show(&sources.get(loc.file).path);
            told.insert((file, loc.span, finding.code, finding.message.clone()))
        });
        watched.extend(project.watched.iter().cloned());
        report.add(project, &fresh, out)?;
        if args.certify
            && let Some(certificate) = policy::certificate(project)?
        {
            report.certificate(&root.display().to_string(), certificate, out)?;
        }
    }
    let counts = report.counts;
    let denied = counts.errors > 0 || (counts.warnings > 0 && args.deny.contains(&Deny::Warnings));
    let exit = if denied { Exit::Findings } else { Exit::Clean };
    report.finish(args, exit, out)?;
    Ok(Checked { exit, watched })
}

/// What was found so far: printed as it comes where the format allows, and collected where not.
struct Report {
    counts: Counts,
    /// The files that were read.
    read: BTreeSet<String>,
    shape: Shape,
}

enum Shape {
    Human,
    Github,
    Json(Findings),
    Sarif(sarif::Log),
}

impl Report {
    fn new(format: Format) -> Report {
        let shape = match format {
            Format::Human => Shape::Human,
            Format::Github => Shape::Github,
            Format::Json => Shape::Json(Findings::default()),
            Format::Sarif => Shape::Sarif(sarif::Log::default()),
        };
        Report { counts: Counts::default(), read: BTreeSet::new(), shape }
    }

    fn add(&mut self, project: &Project, fresh: &[Diagnostic], out: &mut Output) -> Result<(), Failure> {
        let sources = &project.analysis.sources;
        let show = |path: &str| project.show(path);
        self.counts.add(Counts::of(fresh));
        self.read.extend(sources.files.iter().map(|file| show(&file.path)));
        match &mut self.shape {
            Shape::Human => out.print(&human::diagnostics(fresh, sources, &show, out.paint()))?,
            Shape::Github => out.print(&github::diagnostics(fresh, sources, &show))?,
            Shape::Json(findings) => findings.add(fresh, sources, &show),
            Shape::Sarif(log) => log.add(fresh, sources, &show),
        }
        Ok(())
    }

    fn certificate(&mut self, policy: &str, certificate: Certificate, out: &mut Output) -> Result<(), Failure> {
        let errors = certificate::errors(&certificate);
        self.counts.errors += errors.len();
        match &mut self.shape {
            Shape::Human => out.print(&certificate::human(policy, &certificate, &errors, out.paint()))?,
            Shape::Github => errors.iter().try_for_each(|error| out.print(&github::about(policy, error)))?,
            Shape::Json(findings) => findings.certify(policy, certificate, errors.len()),
            // Refused before anything was checked.
            Shape::Sarif(_) => {}
        }
        Ok(())
    }

    fn finish(self, args: &Args, exit: Exit, out: &mut Output) -> Result<(), Failure> {
        match self.shape {
            Shape::Human | Shape::Github => {
                let clean = self.counts == Counts::default();
                let files = if clean { format!(" in {}", count(self.read.len(), "file")) } else { String::new() };
                out.line(&format!("{}{files}", self.counts.summary(out.paint())))
            }
            Shape::Json(mut findings) => {
                findings.summary.files = self.read.len();
                out.print(&json::pretty(&findings)?)
            }
            Shape::Sarif(log) => {
                let help = |code: Code| Some(args.help_uri.as_ref()?.replace("{code}", code.as_str()));
                out.print(&json::pretty(&log.finish(&self.read, exit, &help))?)
            }
        }
    }
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
