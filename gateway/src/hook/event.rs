//! What happened in a host, in words that all hosts share.

use claw_runtime::{Json, Limits, Settlement};

use super::{claude, openclaw};

/// A program that runs an agent and asks hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Host {
    /// Claude Code
    Claude,
    /// Codex
    Codex,
    /// OpenClaw, through its plugin
    Openclaw,
}

impl Host {
    /// How it is called in requests and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Host::Claude => "claude-code",
            Host::Codex => "codex",
            Host::Openclaw => "openclaw",
        }
    }
}

/// An event.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A tool is about to be called.
    Before(Before),
    /// It is known how calls ended.
    After(After),
    /// Something that hooks need not answer.
    Other,
}

/// A call that waits for the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Before {
    /// The session that it belongs to.
    pub session: String,
    /// Its name, unique in the session.
    pub call_id: String,
    /// The MCP server behind it; none for the agent's own tools.
    pub server: Option<String>,
    /// The tool's name at that server.
    pub tool: String,
    /// Its arguments, as the model gave them.
    pub args: Json,
    /// The folder in which the agent is.
    pub cwd: Option<String>,
    /// An agent that the session's agent started calls.
    pub delegated: bool,
    /// The host can ask its user, and runs the call only if they agree.
    pub can_ask: bool,
}

/// How calls ended.
#[derive(Clone, Debug, PartialEq)]
pub struct After {
    /// The session that they belong to.
    pub session: String,
    /// Their names, how they ended, and what the tool answered.
    pub calls: Vec<(String, Settlement, Option<Vec<u8>>)>,
}

impl Event {
    /// Reads an event as the host writes it.
    ///
    /// # Errors
    /// What is wrong, for the reason of a block.
    pub fn read(host: Host, bytes: &[u8]) -> Result<Event, String> {
        match host {
            Host::Claude | Host::Codex => claude::read(host, bytes),
            Host::Openclaw => openclaw::read(bytes),
        }
    }
}

/// Bounds on arguments. The engine's own apply as well.
pub fn limits() -> Limits {
    Limits { bytes: 4 << 20, string: 2 << 20, ..Limits::default() }
}

/// The name of a tool as agents show it to models: `mcp__server__tool` is the tool of a server.
pub fn named(name: &str) -> (Option<String>, String) {
    let parts = name.strip_prefix("mcp__").and_then(|rest| rest.split_once("__"));
    match parts {
        Some((server, tool)) => (Some(server.to_owned()), tool.to_owned()),
        None => (None, name.to_owned()),
    }
}

/// Arguments, strictly read: an object, no key twice, bounded.
pub fn arguments(text: &str) -> Result<Json, String> {
    let args =
        Json::parse(text.as_bytes(), &limits()).map_err(|error| format!("the arguments can't be read: {error}"))?;
    match args {
        Json::Obj(_) => Ok(args),
        other => Err(format!("the arguments are no object but {}", other.kind())),
    }
}
