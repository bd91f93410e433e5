//! `clawc report`: a policy as a page for reviewers and auditors.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use claw_compiler::report;

use crate::failure::{Exit, Failure};
use crate::files;
use crate::output::Output;
use crate::policy;
use crate::project::Project;
use crate::render::json;
use crate::render::report::page;

const AFTER_HELP: &str = "\
One HTML file without scripts and without anything loaded from elsewhere: to be read in any browser, printed, and \
kept. It shows who may do what, the matrix, every clause as it is written with where it stands, what the host has to \
supply, an index of controls and owners, and what `clawc check` warns of. Equal policies give equal pages: the page \
knows no date, no machine and no path outside the policy.

Invariants come with their proof, as in `clawc check`; a policy with one that does not hold has errors.

With --coverage the tests are run, and the page says which passed and what they never exercised. A failing test is \
told in the page; for a status that says so use `clawc test`.

--format json prints the same as data. Without --format the ending of the --output file tells; otherwise it is html.

Exit status: 0 written, 1 the policy has errors, 2 wrong usage or unreadable files.

Examples:
  clawc report policies/ -o policy.html
  clawc report main.claw --coverage -o review.html
  clawc report main.claw --format json | jq '.index.unowned'";

/// Write a page about a policy for reviewers and auditors
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// The policy: a file or a directory
    path: PathBuf,
    /// Where to write the report; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Run the tests, and say what they never exercised
    #[arg(long)]
    coverage: bool,
}

/// `--format`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A page for a browser
    Html,
    /// For programs
    Json,
}

impl Format {
    /// What the ending of a file's name asks for.
    fn of(path: &Path) -> Format {
        if path.extension().is_some_and(|extension| extension == "json") { Format::Json } else { Format::Html }
    }
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let file = args.output.as_deref().filter(|path| *path != Path::new("-"));
    if let Some(path) = file.filter(|path| path.extension().is_some_and(|extension| extension == "claw")) {
        return Err(Failure::new(format!("`{}` has the ending of a policy in source form", path.display()))
            .help("name the report `….html` or `….json`"));
    }
    let mut project = Project::open(&files::root(&args.path)?)?;
    project.prove();
    let Some(checked) = policy::checked(&project, out)? else { return Ok(Exit::Findings) };
    let report = report::report(&project.analysis, &checked, args.coverage)
        .map_err(|error| Failure::new(format!("the compiled policy does not load: {error}")))?;
    let text = match args.format.unwrap_or(file.map_or(Format::Html, Format::of)) {
        Format::Html => page(&report),
        Format::Json => json::pretty(&report)?,
    };
    match file {
        Some(path) => {
            files::write_atomically(path, text.as_bytes())?;
            out.line(&format!("wrote {}", path.display()))?;
        }
        None => out.print(&text)?,
    }
    Ok(Exit::Clean)
}
