//! `clawc`, the claw command line.
//!
//! The only place that prints, reads files or exits. Each subcommand is one file under `commands`; what it prints
//! is drawn under `render`.

mod commands;
mod diff;
mod failure;
mod files;
mod git;
mod keys;
mod lifecycle;
mod output;
mod policy;
mod project;
mod render;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::failure::{Exit, Failure};
use crate::output::{Output, When};

const LONG_ABOUT: &str = "\
Starts, checks, formats, tests, draws, compiles and evaluates claw policies: rules for what software agents may do.

A policy is a file such as main.claw with the files it uses. Where a command takes a PATH, a directory stands for \
its main.claw, or else for every .claw file in it that no other file uses.";

const AFTER_HELP: &str = "\
Exit status: 0 if there is nothing to report, 1 if there are findings, 2 for wrong usage and unreadable files.

Examples:
  clawc init                               start a policy in this directory
  clawc check                              check the policy in this directory
  clawc test policies/ --coverage          run its tests, and show what they never exercised
  clawc build policies/ -o policy.clawb    compile it into a bundle
  clawc eval policy.clawb --request r.json decide on one request
  clawc diff git:main:policies/            what the work tree changes, against a revision
  clawc explain E0101                      what a code means, and how to mend it";

/// Check, format, test, compile and evaluate claw policies.
#[derive(Debug, Parser)]
#[command(name = "clawc", version, long_about = LONG_ABOUT, after_help = AFTER_HELP, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// When to use colours: on a terminal, unless NO_COLOR is set; always; or never
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", hide_possible_values = true)]
    color: When,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(commands::init::Args),
    Check(commands::check::Args),
    Fmt(commands::fmt::Args),
    Test(commands::test::Args),
    Build(commands::build::Args),
    Diff(commands::diff::Args),
    Eval(commands::eval::Args),
    Explain(commands::explain::Args),
    Inspect(commands::inspect::Args),
    Keygen(commands::keygen::Args),
    Graph(commands::graph::Args),
    Why(commands::why::Args),
    Query(commands::query::Args),
    Policy(commands::policy::Args),
    Promote(commands::promote::Args),
    Suspend(commands::suspend::Args),
    Report(commands::report::Args),
    Audit(commands::audit::Args),
    Import(commands::import::Args),
    Completions(commands::completions::Args),
    Man(commands::man::Args),
}

/// `--format`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For reading
    #[default]
    Human,
    /// For programs
    Json,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut out = Output::new(cli.color);
    let result = run(&cli.command, &mut out).and_then(|exit| out.flush().map(|()| exit));
    let exit = result.unwrap_or_else(|failure| {
        out.failure(&failure);
        Exit::Failed
    });
    ExitCode::from(exit as u8)
}

fn run(command: &Command, out: &mut Output) -> Result<Exit, Failure> {
    match command {
        Command::Init(args) => commands::init::run(args, out),
        Command::Check(args) => commands::check::run(args, out),
        Command::Fmt(args) => commands::fmt::run(args, out),
        Command::Test(args) => commands::test::run(args, out),
        Command::Build(args) => commands::build::run(args, out),
        Command::Diff(args) => commands::diff::run(args, out),
        Command::Eval(args) => commands::eval::run(args, out),
        Command::Explain(args) => commands::explain::run(args, out),
        Command::Inspect(args) => commands::inspect::run(args, out),
        Command::Keygen(args) => commands::keygen::run(args, out),
        Command::Graph(args) => commands::graph::run(args, out),
        Command::Why(args) => commands::why::run(args, out),
        Command::Query(args) => commands::query::run(args, out),
        Command::Policy(args) => commands::policy::run(args, out),
        Command::Promote(args) => commands::promote::run(args, out),
        Command::Suspend(args) => commands::suspend::run(args, out),
        Command::Report(args) => commands::report::run(args, out),
        Command::Audit(args) => commands::audit::run(args, out),
        Command::Import(args) => commands::import::run(args, out),
        Command::Completions(args) => commands::completions::run(args, out),
        Command::Man(args) => commands::man::run(args, out),
    }
}
