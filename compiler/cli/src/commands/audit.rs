//! `clawc audit`: verifies, shows and exports the log of an engine.

mod export;
mod filter;
mod show;

use std::path::PathBuf;

use claw_engine::audit::{Expected, ReadError, verify};
use claw_runtime::Digest;

use crate::Format;
use crate::failure::{Exit, Failure};
use crate::keys;
use crate::output::Output;
use crate::render;
use crate::render::json;

pub use self::filter::Facts;

const AFTER_HELP: &str = "\
A PATH is a log: a directory of segments (audit-000001.jsonl, …), a file of lines, or an SQLite database.

Examples:
  clawc audit verify /var/log/claw --key release.pub
  clawc audit show /var/log/claw --decision deny --since 2026-03-01
  clawc audit export /var/log/claw --format csv -o march.csv";

/// Verify, show and export an audit log
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Verify(Verify),
    Show(show::Args),
    Export(export::Args),
}

const AFTER_VERIFY_HELP: &str = "\
Every record carries the hash of the one before it, so whatever was changed, taken out, added or moved shows: each \
finding is told once, with its place. Checkpoints are records that a key signed, and with them all before.

Without --key, whoever can write the log could have written all of it anew; with it, all but the records behind the \
last checkpoint. That the end was cut off shows only with --head, the number and hash of a record that must be there: \
what the gateway last said it had written, noted where the log's keeper can't reach it.

Exit status: 0 nothing is wrong, 1 something is, 2 wrong usage or unreadable files.

Examples:
  clawc audit verify /var/log/claw
  clawc audit verify /var/log/claw --key release.pub --head 1204:sha256:9f86d0…
  clawc audit verify old/ new/ --format json";

/// Tell whether every record of a log is there, unchanged and in its place
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_VERIFY_HELP)]
struct Verify {
    /// The log; if it lies in several places, the oldest first
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// A public key whose checkpoints count: a file, or the key in base64
    #[arg(long, value_name = "PUB")]
    key: Vec<String>,
    /// A record that must be there, and its hash
    #[arg(long, value_name = "SEQ:HASH")]
    head: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    match &args.what {
        What::Verify(args) => args.run(out),
        What::Show(args) => show::run(args, out),
        What::Export(args) => export::run(args, out),
    }
}

impl Verify {
    fn run(&self, out: &mut Output) -> Result<Exit, Failure> {
        let keys = self.key.iter().map(|key| keys::public(key)).collect::<Result<Vec<_>, _>>()?;
        let head = self.head.as_deref().map(head).transpose()?;
        let report = verify(&self.paths, &Expected { keys, head }).map_err(|error| unreadable(&error))?;
        match self.format {
            Format::Human => out.print(&render::audit::report(&report, !self.key.is_empty(), out.paint()))?,
            Format::Json => out.print(&json::pretty(&report)?)?,
        }
        Ok(if report.is_whole() { Exit::Clean } else { Exit::Findings })
    }
}

/// `12:sha256:…`
fn head(text: &str) -> Result<(u64, Digest), Failure> {
    let parts = text.split_once(':').and_then(|(seq, hash)| Some((seq.parse().ok()?, hash.parse().ok()?)));
    parts.ok_or_else(|| {
        Failure::new(format!("`{text}` names no record")).help("write its number and its hash: `1204:sha256:9f86d0…`")
    })
}

fn unreadable(error: &ReadError) -> Failure {
    let failure = match error {
        ReadError::Io { path, error } => return Failure::io("read", path, error),
        other => Failure::new(other.to_string()),
    };
    match error {
        ReadError::NoLog(_) => failure.help("the files of a log are called `audit-000001.jsonl` and so on"),
        _ => failure,
    }
}
