//! `claw-gateway pins`: which definitions of tools are trusted, and accepting changed ones.

use clap::Subcommand;

use super::check::data_folder;
use super::output::Output;
use super::{ConfigArg, Exit};
use crate::failure::Failure;
use crate::mcp::pins;

const AFTER_HELP: &str = "\
A tool, resource or prompt is trusted as it was when the gateway first saw it. When its server defines it otherwise, it \
is neither listed nor called until somebody has looked at the change and accepts it. A running gateway notices at once.

Examples:
  claw-gateway pins list
  claw-gateway pins accept files read_file
  claw-gateway pins accept files";

/// Show and accept the definitions of servers' tools
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    config: ConfigArg,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show what is trusted, and what has changed since
    List {
        /// Only of this server
        server: Option<String>,
    },
    /// Trust what has changed as it is now
    Accept {
        /// Of which server
        server: String,
        /// Only the one of this name
        name: Option<String>,
    },
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let data = data_folder(&args.config)?;
    match &args.what {
        What::List { server } => {
            let text = pins::report(&data, server.as_deref()).map_err(Failure::new)?;
            out.print(&text)?;
        }
        What::Accept { server, name } => {
            let text = match pins::accept(&data, server, name.as_deref()).map_err(Failure::new)? {
                0 => "nothing to accept\n".to_owned(),
                1 => "accepted 1 definition\n".to_owned(),
                count => format!("accepted {count} definitions\n"),
            };
            out.print(&text)?;
        }
    }
    Ok(Exit::Clean)
}
