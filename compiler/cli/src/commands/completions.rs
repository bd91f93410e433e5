//! `clawc completions`: scripts that let a shell complete what is typed behind `clawc`.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::Cli;
use crate::failure::{Exit, Failure};
use crate::output::Output;

const AFTER_HELP: &str = "\
The script is printed; where it belongs depends on the shell.

Examples:
  clawc completions bash > ~/.local/share/bash-completion/completions/clawc
  clawc completions zsh  > ~/.zfunc/_clawc          (with ~/.zfunc in $fpath)
  clawc completions fish > ~/.config/fish/completions/clawc.fish
  clawc completions powershell >> $PROFILE
  clawc completions elvish >> ~/.config/elvish/rc.elv";

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    // Written in memory first: the generator panics where its writer fails, and a pipe may be closed.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "clawc", &mut script);
    out.bytes(&script)?;
    Ok(Exit::Clean)
}
