//! `claw-gateway run` and `claw-gateway stdio`: the gateway itself.

use std::io::IsTerminal;

use clap::ValueEnum;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::output::Output;
use super::{ConfigArg, Exit, check};
use crate::config::Config;
use crate::failure::Failure;
use crate::run;

const RUN_HELP: &str = "\
Ends on SIGTERM and SIGINT: calls that run get 30 seconds, calls that wait for votes are told to come back. Changed \
policies are loaded while it runs; one with errors leaves in force what was.

Exit status: 0 ended by a signal, 2 it could not start or not end safely.

Examples:
  claw-gateway run
  claw-gateway run --config deploy/claw-gateway.toml --log json";

const STDIO_HELP: &str = "\
For clients that start their servers themselves: they start the gateway instead. The caller is the one with the name \
`stdio`, or the only one. Everything but MCP goes to standard error.

Examples:
  claw-gateway stdio
  claw-gateway stdio --config ~/claw/claw-gateway.toml --server files";

/// How a running gateway writes on standard error.
#[derive(Debug, clap::Args)]
struct LogArgs {
    /// How to log on standard error
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    log: Log,
    /// Log more
    #[arg(short, long)]
    verbose: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Log {
    /// For reading
    #[default]
    Human,
    /// One object a line
    Json,
}

/// Serve HTTP: the proxy, the decision service and the page for approvals
#[derive(Debug, clap::Args)]
#[command(after_long_help = RUN_HELP)]
pub(super) struct RunArgs {
    #[command(flatten)]
    config: ConfigArg,
    #[command(flatten)]
    log: LogArgs,
}

/// Serve one MCP client on standard input and output
#[derive(Debug, clap::Args)]
#[command(after_long_help = STDIO_HELP)]
pub(super) struct StdioArgs {
    #[command(flatten)]
    config: ConfigArg,
    #[command(flatten)]
    log: LogArgs,
    /// Only this server; may be given several times
    #[arg(short, long, value_name = "NAME")]
    server: Vec<String>,
}

pub(super) fn serve(args: &RunArgs, out: &mut Output) -> Result<Exit, Failure> {
    let Some(config) = configured(&args.config, out)? else { return Ok(Exit::Failed) };
    start_log(&args.log, *out);
    run::run(config)?;
    Ok(Exit::Clean)
}

pub(super) fn stdio(args: &StdioArgs, out: &mut Output) -> Result<Exit, Failure> {
    let Some(config) = configured(&args.config, out)? else { return Ok(Exit::Failed) };
    for name in &args.server {
        if config.servers.iter().all(|server| server.name != *name) {
            let known = || config.servers.iter().map(|server| server.name.as_str());
            let failure = Failure::new(format!("there is no server `{name}` in `{}`", config.file.display()));
            return Err(match claw_compiler::suggest::nearest(name, known()) {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure.help(format!("there are {}", claw_compiler::suggest::list(known()))),
            });
        }
    }
    start_log(&args.log, *out);
    run::stdio(config, args.server.clone())?;
    Ok(Exit::Clean)
}

/// The configuration; `None` if it has errors, which are on standard error now.
fn configured(config: &ConfigArg, out: &mut Output) -> Result<Option<Config>, Failure> {
    let reading = check::read(config, true)?;
    if !reading.findings.list.is_empty() {
        let drawn = reading.findings.render(out.error_colours());
        out.error(&drawn);
    }
    Ok((!reading.findings.has_errors()).then_some(reading.config))
}

fn start_log(args: &LogArgs, out: Output) {
    let (own, others) = match args.verbose {
        false => (LevelFilter::INFO, LevelFilter::WARN),
        true => (LevelFilter::DEBUG, LevelFilter::INFO),
    };
    let targets = Targets::new().with_default(others).with_target("claw_gateway", own);
    let colours = out.error_colours() && std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    let registry = tracing_subscriber::registry().with(targets);
    // Fails only where a log was started before.
    let _ = match args.log {
        Log::Human => registry.with(layer.with_target(false)).try_init(),
        Log::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
}
