//! `claw-gateway`: the command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::FAILURE
}
