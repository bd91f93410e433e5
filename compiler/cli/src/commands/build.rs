//! `clawc build`: a policy as one file that the runtime loads.

use std::path::{Path, PathBuf};

use crate::failure::{Exit, Failure};
use crate::files;
use crate::output::Output;
use crate::policy;
use crate::project::Project;
use crate::render::text::count;

const AFTER_HELP: &str = "\
The same sources give the same bytes on every machine. The file is replaced at once: a reader sees the old bundle \
or the new one.

Exit status: 0 built, 1 the policy has errors, 2 wrong usage or unreadable files.

Examples:
  clawc build policies/ -o policy.clawb
  clawc build main.claw -o - | sha256sum";

/// Compile a policy into a bundle
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// The policy: a file or a directory
    path: PathBuf,
    /// Where to write the bundle; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let root = files::root(&args.path)?;
    if args.output.extension().is_some_and(|extension| extension == "claw") {
        return Err(Failure::new(format!("`{}` has the ending of a policy in source form", args.output.display()))
            .help("bundles are called `….clawb`"));
    }
    let mut project = Project::open(&root)?;
    project.prove();
    let Some(bytes) = policy::compiled(&project, out)? else { return Ok(Exit::Findings) };
    if args.output == Path::new("-") {
        out.bytes(&bytes)?;
        return Ok(Exit::Clean);
    }
    files::write_atomically(&args.output, &bytes)?;
    let warnings = match project.counts().warnings {
        0 => String::new(),
        n => format!(" ({}; see `clawc check`)", count(n, "warning")),
    };
    out.line(&format!("built {}, {} bytes{warnings}", args.output.display(), bytes.len()))?;
    Ok(Exit::Clean)
}
