//! `clawc test`: run the `test` blocks of policies.

use std::path::PathBuf;

use clap::ValueEnum;
use claw_compiler::{Checked, testing};

use crate::failure::{Exit, Failure};
use crate::files;
use crate::output::Output;
use crate::policy::checked;
use crate::project::Project;
use crate::render::json;
use crate::render::junit;
use crate::render::tests::{self, Run};

const AFTER_HELP: &str = "\
The tests of a policy are its `test` blocks and those of the modules it uses. Each runs in a session of its own, on \
the compiled policy. For a decision that was not expected, the decision is explained.

With --format json one object is printed:
  { \"tests\": [ { \"name\", \"module\", \"file\", \"line\", \"calls\", \"passed\", \"failures\": [ … ] } ],
    \"summary\": { \"passed\", \"failed\" }, \"coverage\": … }
  failures  [ { \"file\", \"line\", \"column\", \"tool\", \"message\",
              \"mismatches\": [ { \"what\", \"expected\", \"got\" } ], \"decision\" } ]
  coverage  only with --coverage:
            { \"clauses\": [ { \"clause\", \"kind\", \"file\", \"line\", \"column\", \"hits\" } ],
              \"conditions\": [ { \"owner\", \"word\", \"text\", \"file\", \"line\", \"column\",
                                \"seen\", \"missing\" } ],
              \"summary\": { \"clauses\", \"clauses_hit\", \"sides\", \"sides_seen\" } }

--format junit prints JUnit XML: one suite for each module, one case for each test. A policy with errors is a case \
that could not be run.

Exit status: 0 all passed, 1 a test failed or a policy has errors, 2 wrong usage or unreadable files.

Examples:
  clawc test
  clawc test main.claw --filter refund
  clawc test policies/ --coverage
  clawc test --format junit > clawc.xml";

/// Run the tests of policies
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// Policy files, or directories with policies [default: this directory]
    paths: Vec<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Show which clauses, and which sides of which conditions, no test exercised
    #[arg(long)]
    coverage: bool,
    /// Run only tests whose name contains this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For reading
    #[default]
    Human,
    /// For programs
    Json,
    /// For CI systems
    Junit,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    if args.coverage && args.format == Format::Junit {
        return Err(Failure::new("`--format junit` has no place for `--coverage`")
            .help("measure coverage in a run of its own, with `--format human` or `--format json`"));
    }
    let mut exit = Exit::Clean;
    let (mut runs, mut broken) = (Vec::new(), Vec::new());
    for root in files::roots(&args.paths)? {
        let project = Project::open(&root)?;
        match checked(&project, out)? {
            Some(checked) => runs.push(run_project(args, project, &checked)?),
            None => {
                exit = Exit::Findings;
                broken.push(project);
            }
        }
    }
    if runs.iter().flat_map(|run| &run.results).any(|result| !result.passed()) {
        exit = Exit::Findings;
    }
    match args.format {
        Format::Junit => out.print(&junit::report(&runs, &broken))?,
        // Nothing could be run; why is said already.
        Format::Human if runs.is_empty() => {}
        Format::Human => out.print(&tests::human(&runs, args.filter.as_deref(), out.paint()))?,
        Format::Json => out.print(&json::pretty(&tests::json(&runs)?)?)?,
    }
    Ok(exit)
}

fn run_project(args: &Args, project: Project, checked: &Checked) -> Result<Run, Failure> {
    let filter = args.filter.as_deref();
    let sources = &project.analysis.sources;
    let failed = |error| Failure::new(format!("the compiled policy does not load: {error}"));
    let results = testing::run(checked, sources, filter).map_err(failed)?;
    let coverage = args.coverage.then(|| testing::coverage(checked, sources, filter)).transpose().map_err(failed)?;
    Ok(Run { project, results, coverage })
}
