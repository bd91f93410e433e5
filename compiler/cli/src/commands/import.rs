//! `clawc import`: declarations from what a server says of itself.

use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;
use claw_compiler::import::{self, Declarations, Options, Report, Status};
use claw_compiler::suggest;

use crate::commands::fmt;
use crate::failure::{Exit, Failure};
use crate::files;
use crate::output::Output;
use crate::project::Project;
use crate::render::text::visible;

const AFTER_HELP: &str = "\
A server's own words about its tools (that one only reads, say) are claims, and are never turned into tags. What a \
schema says beyond the types of claw stands in a comment.

Examples:
  clawc import mcp tools.json > tools.claw
  clawc import mcp tools.json --server files --pin --into main.claw";

/// Write declarations for the tools that a server offers
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, clap::Subcommand)]
enum From {
    Mcp(Mcp),
}

const AFTER_MCP_HELP: &str = "\
The manifest is what the server answers to `tools/list`, as it came or only its `result`; several answers may stand \
in one list, and `resources`, `resourceTemplates` and `prompts` are read too.

With --into only what must change is changed, nothing is ever deleted, and a stricter declaration of yours stays; a \
report goes to standard error. It warns if a grant of the policy covers what was added, as `grant any` does. A \
repeated import changes nothing.

Exit status: 0 imported (changed or not), 1 the policy does not parse and is left as it is, 2 wrong usage, unreadable \
files, or no manifest.

Examples:
  clawc import mcp tools.json
  clawc import mcp tools.json --server files --pin > files.claw
  clawc import mcp tools.json --server files --into main.claw
  my-client tools/list | clawc import mcp - --into main.claw";

/// Import from the answer of an MCP server to tools/list
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_MCP_HELP)]
struct Mcp {
    /// The manifest, in JSON; `-` is standard input
    #[arg(value_name = "TOOLS.json")]
    manifest: PathBuf,
    /// Declare everything `on server "NAME"`
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    server: Option<String>,
    /// Add the digest of each definition, so that a changed one is denied
    #[arg(long)]
    pin: bool,
    /// Update this policy file instead of printing declarations
    #[arg(long, value_name = "FILE.claw")]
    into: Option<PathBuf>,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let From::Mcp(args) = &args.from;
    let options = Options { server: args.server.clone(), pin: args.pin };
    // What the user named is looked at before standard input is waited for.
    if let Some(policy) = &args.into {
        files::probe(policy)?;
    }
    let declarations = read(&args.manifest, &options)?;
    warn(&declarations, out);
    match &args.into {
        Some(policy) => merge(policy, &declarations, out),
        None => {
            out.print(&import::source(&declarations))?;
            Ok(Exit::Clean)
        }
    }
}

/// Reads a manifest; `-` is standard input.
pub fn read(manifest: &Path, options: &Options) -> Result<Declarations, Failure> {
    let bytes = files::read_input(manifest)?;
    let name = files::input_name(manifest);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(
            Failure::new(format!("{name} is empty")).help("a manifest is what a server answers to `tools/list`")
        );
    }
    let failed = |error| Failure::new(visible(&format!("cannot import {name}: {error}")));
    import::read_text(&bytes, options).map_err(failed)
}

/// Says what the author should know of the manifest as a whole.
pub fn warn(declarations: &Declarations, out: &mut Output) {
    let paint = out.err_paint();
    for warning in &declarations.warnings {
        out.error(&format!("{}: {}\n", paint.yellow_bold("warning"), visible(warning)));
    }
}

fn merge(policy: &Path, declarations: &Declarations, out: &mut Output) -> Result<Exit, Failure> {
    let shown = policy.display();
    let source = files::read_source(policy)?;
    if claw_syntax::parse(&source).has_errors() {
        fmt::report_errors(&source, &shown.to_string(), out);
        return Ok(Exit::Findings);
    }
    let merged = import::merge(&source, declarations)
        .map_err(|error| Failure::new(visible(&format!("cannot import into `{shown}`: {error}"))))?;
    if merged.text != source {
        files::write_atomically(policy, merged.text.as_bytes())?;
    }
    out.error(&visible(&merged.report.to_string()));
    if merged.report.count(Status::Added) > 0 {
        tell_grants(policy, &merged.report, out);
    }
    Ok(Exit::Clean)
}

/// Whether what was added can be called now: by intent, it is looked at first.
fn tell_grants(policy: &Path, report: &Report, out: &mut Output) {
    let shown = policy.display();
    // A policy whose other files can't be read is reported by every command that needs them.
    let granted = Project::open(policy).map(|project| granted(&project, report)).unwrap_or_default();
    if granted.is_empty() {
        out.error(&format!("no grant in `{shown}` covers what was added; `clawc check {shown}` says what is open\n"));
        return;
    }
    let paint = out.err_paint();
    let names = visible(&suggest::list(granted.iter().map(String::as_str)));
    out.error(&format!(
        "{}: a grant in `{shown}` covers what was added: {names}\n  {}: look at it, or name the tools in that grant\n",
        paint.yellow_bold("warning"),
        paint.cyan("help"),
    ));
}

/// The added declarations that some grant is about.
fn granted(project: &Project, report: &Report) -> Vec<String> {
    let package = &project.analysis.package;
    let added = report.entries.iter().filter(|entry| entry.status == Status::Added);
    let covers = |name: &str| {
        let mut tools = package.grants.iter().flat_map(|grant| &grant.target.tools);
        tools.any(|id| package.tools.get(id.index()).is_some_and(|tool| tool.decl.name == name))
    };
    added.filter(|entry| covers(&entry.name)).map(|entry| entry.name.clone()).collect()
}
