//! `claw-gateway init`: a configuration and a policy to start from.

mod clients;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use self::clients::Servers;
use super::output::Output;
use super::{Exit, token};
use crate::failure::Failure;
use crate::open::folder;

const AFTER_HELP: &str = "\
Writes claw-gateway.toml and policy/main.claw, and prints two tokens that are shown nowhere else: one for a caller, one \
for the person who approves. Nothing that is there is overwritten.

With --from, the servers are those of a client's configuration (`mcpServers` of Claude Desktop, Claude Code, Cursor and \
others). Values that look like secrets are not copied: the gateway takes them from its environment.

Exit status: 0 written, 2 something is there already, wrong usage or unreadable files.

Examples:
  claw-gateway init
  claw-gateway init gateway/ --from ~/.cursor/mcp.json";

const CONFIG: &str = include_str!("init/config.toml");
const FILES: &str = include_str!("init/files.toml");
const FILES_POLICY: &str = include_str!("init/files.claw");
const OTHER_POLICY: &str = include_str!("init/other.claw");
const IGNORE: &str = include_str!("init/ignore");

/// Write a configuration and a policy to start from
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(super) struct Args {
    /// Where to write; the directory is made if it is not there
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    directory: PathBuf,
    /// Take the servers of this client's configuration
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

pub(super) fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let servers = args.from.as_deref().map(clients::read).transpose()?;
    // `.` is left out, for it would stand in all that is said.
    let folder_of =
        |path: &str| if args.directory == Path::new(".") { PathBuf::from(path) } else { args.directory.join(path) };
    let (config, policy) = (folder_of("claw-gateway.toml"), folder_of("policy/main.claw"));
    for path in [&config, &policy] {
        if path.symlink_metadata().is_ok() {
            return Err(Failure::new(format!("`{}` is there already", path.display()))
                .help("name another directory; nothing is overwritten"));
        }
    }
    let (caller, caller_digest) = token::fresh()?;
    let (person, person_digest) = token::fresh()?;
    let user = user();
    let toml = CONFIG
        .replace("<servers>\n", servers.as_ref().map_or(FILES, |servers| &servers.toml))
        .replace("<caller-token>", &caller_digest)
        .replace("<person-token>", &person_digest)
        .replace("<person>", &user);
    folder(&args.directory.join("policy"))?;
    if servers.is_none() {
        folder(&args.directory.join("files"))?;
    }
    write(&config, &toml)?;
    write(&policy, if servers.is_none() { FILES_POLICY } else { OTHER_POLICY })?;
    let ignore = args.directory.join(".gitignore");
    if ignore.symlink_metadata().is_err() {
        write(&ignore, IGNORE)?;
    }
    out.print(&next_steps(&config, &policy, servers.as_ref()))?;
    out.error(&format!(
        "\nThese tokens are shown once:\n  {caller}  of the caller `http`\n  {person}  of the person `{user}`\n"
    ));
    Ok(Exit::Clean)
}

/// The person at the keyboard, as a name that a configuration can have.
fn user() -> String {
    let name = std::env::var("USER").unwrap_or_default();
    let plain = !name.is_empty() && name.len() <= 32 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if plain { name } else { "me".to_owned() }
}

/// Writes a file that is not there.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::io("write", path, &error);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

fn next_steps(config: &Path, policy: &Path, servers: Option<&Servers>) -> String {
    let option = match config.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => {
            format!(" --config {}", config.display())
        }
        _ => String::new(),
    };
    let mut text = format!("wrote {} and {}\n", config.display(), policy.display());
    if let Some(servers) = servers {
        text.push_str(&servers.notes);
    }
    text.push_str("\nNext:\n");
    if servers.is_some() {
        text.push_str(&format!("  declare the servers' tools in {} and grant what may be used\n", policy.display()));
    }
    text.push_str(&format!(
        "  claw-gateway check{option}   what is wrong or still open\n  claw-gateway run{option}     serve clients at http://127.0.0.1:8787/mcp, approvals at /approvals\n"
    ));
    text
}
