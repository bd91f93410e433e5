//! `clawc why`: why one request is decided as it is, and what would change that.

use std::path::{Path, PathBuf};

use claw_compiler::proof::case::Past;
use claw_compiler::proof::near::Wanted;
use claw_compiler::proof::side::Side;
use claw_compiler::proof::why::why;
use claw_runtime::{Json, Limits, NoState};

use crate::Format;
use crate::failure::{Exit, Failure};
use crate::files;
use crate::output::Output;
use crate::policy;
use crate::project::Project;
use crate::render;

const AFTER_HELP: &str = "\
Shown are the decision; each question that it asked, with the tests on the way through the graph and the values that \
they saw; every clause that applied; and the near misses: the smallest changes to the request under which it would be \
decided less strictly, the nearest first. Each of these was made, and the changed request decided again. Where it \
says that no change of one part will do, that is proved.

The request is decided as `clawc eval` does it, for a host that enforces every constraint. With --session, FILE holds \
the calls that were made before, one on each line; those that were allowed succeeded.

Exit status: 0 explained, 1 the policy has errors, 2 wrong usage or unreadable files.

Examples:
  clawc why main.claw --request request.json
  clawc why policies/ --request request.json --stricter
  clawc why policies/ --request request.json --session calls.jsonl --format json";

/// Explain one decision: what was asked and seen, and what would change it
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// The policy: a file or a directory
    path: PathBuf,
    /// A file with the request; `-` is standard input
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// A file with the calls that were made before, one on each line
    #[arg(long, value_name = "FILE")]
    session: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Look for what would make the decision stricter
    #[arg(long)]
    stricter: bool,
    /// How many near misses to show
    #[arg(long, value_name = "N", default_value_t = 8)]
    most: usize,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let root = files::root(&args.path)?;
    // Read before the policy is compiled: wrong names of files are told first.
    let bytes = files::read_input(&args.request)?;
    let name = files::input_name(&args.request);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Failure::new(format!("there is no request in {name}"))
            .help("a request is a JSON object; see `clawc eval --help`"));
    }
    let earlier = args.session.as_deref().map(lines).transpose()?;
    let project = Project::open(&root)?;
    let Some(checked) = policy::checked(&project, out)? else { return Ok(Exit::Findings) };
    let side = Side::new(&checked, &project.analysis.sources)
        .map_err(|error| Failure::new(format!("the compiled policy does not load: {error}")))?;
    let past = match &earlier {
        Some(lines) => Past::of(&side, lines.iter().map(Vec::as_slice)),
        None => Past::default(),
    };
    let Ok(request) = Json::parse(&bytes, &Limits::default()) else {
        // There is nothing to explain but what is wrong with it.
        let decision = side.policy.decide_json(&bytes, &NoState);
        let drawn = match args.format {
            Format::Json => format!("{{\"decision\":{decision}}}\n"),
            Format::Human => render::decision::human(&decision, &|file| project.show(file), out.paint()),
        };
        out.print(&drawn)?;
        return Ok(Exit::Clean);
    };
    let wanted = Wanted { stricter: args.stricter, most: args.most, ..Wanted::default() };
    let why = why(&side, &past, &request, wanted);
    match args.format {
        Format::Json => out.line(&render::why::json(&why))?,
        Format::Human => {
            out.print(&render::why::human(&why, args.stricter, &|file| project.show(file), out.paint()))?;
        }
    }
    Ok(Exit::Clean)
}

/// The lines of a file that are not blank.
fn lines(path: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let bytes = files::read_input(path)?;
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.iter().all(u8::is_ascii_whitespace));
    Ok(lines.map(<[u8]>::to_vec).collect())
}
