//! The command line: each subcommand is one file under `cli`.
//!
//! The only place that prints on standard output or decides an exit status.

mod check;
mod init;
mod output;
mod pins;
mod run;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use self::output::{Output, When};
use crate::failure::Failure;
use crate::hook;

const LONG_ABOUT: &str = "\
A gateway between agents and their tools, ruled by a claw policy: a proxy of MCP servers, a decision service over \
HTTP, a page where people approve, and hooks for coding agents.

It is told what to do by claw-gateway.toml; `claw-gateway init` writes one to start from.";

const AFTER_HELP: &str = "\
Exit status: 0 if there is nothing to report, 1 if there are findings, 2 for wrong usage and for what can't be read \
or opened.

Examples:
  claw-gateway init                        write a configuration and a policy to start from
  claw-gateway check                       what is wrong with claw-gateway.toml and its policies
  claw-gateway run                         serve HTTP until a signal ends it
  claw-gateway stdio --server files        serve one MCP client on standard input and output
  claw-gateway token --name ci             make a token, and the line that accepts it
  claw-gateway hook claude                 answer a hook event of Claude Code";

/// A gateway between agents and their tools
#[derive(Debug, Parser)]
#[command(name = "claw-gateway", version, long_about = LONG_ABOUT, after_help = AFTER_HELP, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// When to use colours: on a terminal, unless NO_COLOR is set; always; or never
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", hide_possible_values = true)]
    color: When,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Check(check::Args),
    Run(run::RunArgs),
    Stdio(run::StdioArgs),
    Token(token::Args),
    Pins(pins::Args),
    Hook(hook::Args),
    Approvals(hook::approvals::Args),
}

/// Which configuration a command is about.
#[derive(Args, Clone, Debug)]
struct ConfigArg {
    /// The configuration
    #[arg(short, long, value_name = "FILE", default_value = "claw-gateway.toml")]
    config: PathBuf,
}

/// `--format`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For reading
    #[default]
    Human,
    /// For programs
    Json,
}

/// What a command that did its work found; the exit status of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Clean = 0,
    Findings = 1,
    Failed = 2,
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match &cli.command {
        // What a hook prints is its answer: nothing else may come before it.
        Command::Hook(args) => return hook::run(args),
        Command::Approvals(args) => return hook::approvals::run(args),
        _ => {}
    }
    let mut out = Output::new(cli.color);
    let exit = run(&cli.command, &mut out).unwrap_or_else(|failure| {
        out.failure(&failure);
        Exit::Failed
    });
    ExitCode::from(exit as u8)
}

fn run(command: &Command, out: &mut Output) -> Result<Exit, Failure> {
    match command {
        Command::Init(args) => init::run(args, out),
        Command::Check(args) => check::run(args, out),
        Command::Pins(args) => pins::run(args, out),
        Command::Run(args) => run::serve(args, out),
        Command::Stdio(args) => run::stdio(args, out),
        Command::Token(args) => token::run(args, out),
        Command::Hook(_) | Command::Approvals(_) => Err(Failure::new("this is answered before")),
    }
}
