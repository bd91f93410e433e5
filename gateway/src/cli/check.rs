//! `claw-gateway check`: what is wrong with a configuration.

use std::path::PathBuf;

use serde_json::json;

use super::output::Output;
use super::{ConfigArg, Exit, Format};
use crate::config::{self, Config, Reading, Surroundings};
use crate::failure::Failure;

const AFTER_HELP: &str = "\
Reads the configuration and its policies, and starts nothing. All mistakes are shown at once. Secrets that are not on \
this machine are warnings; `claw-gateway run` needs them.

Exit status: 0 no errors, 1 errors, 2 wrong usage or unreadable files.

Examples:
  claw-gateway check
  claw-gateway check --config deploy/claw-gateway.toml --format json";

/// Check a configuration with its policies
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(super) struct Args {
    #[command(flatten)]
    config: ConfigArg,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let reading = read(&args.config, false)?;
    let findings = &reading.findings;
    match args.format {
        Format::Human => out.print(&findings.render(out.colours()))?,
        Format::Json => {
            let text = json!({ "findings": findings.to_json() });
            out.print(&format!("{text:#}\n"))?;
        }
    }
    Ok(if findings.has_errors() { Exit::Findings } else { Exit::Clean })
}

/// Reads the configuration and, if it has no errors, its policies.
pub(super) fn read(config: &ConfigArg, secrets: bool) -> Result<Reading, Failure> {
    let variable = |name: &str| std::env::var(name).ok();
    let mut reading = Config::open(&config.config, Surroundings { variable: &variable, secrets })?;
    config::fit(&mut reading);
    Ok(reading)
}

/// Where the gateway of this configuration keeps things. What else is wrong with it does not matter here.
pub(super) fn data_folder(config: &ConfigArg) -> Result<PathBuf, Failure> {
    let variable = |_: &str| None;
    Ok(Config::open(&config.config, Surroundings { variable: &variable, secrets: false })?.config.data)
}
