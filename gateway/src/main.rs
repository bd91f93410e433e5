//! `claw-gateway`: the command line. Everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    claw_gateway::cli::main()
}
