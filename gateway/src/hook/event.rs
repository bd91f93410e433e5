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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CALL: &str = r#"{"session_id":"s","cwd":"/p","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"ls"},"tool_use_id":"t"}"#;
    const OPENCLAW: &str =
        r#"{"event":"before_tool_call","sessionKey":"s","toolCallId":"t","toolName":"exec","params":{"command":"ls"}}"#;

    /// Whatever becomes of an event about a call on its way, it is not taken for one that needs no answer.
    fn is_judged(host: Host, bytes: &[u8]) -> bool {
        !matches!(Event::read(host, bytes), Ok(Event::Other))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

        #[test]
        fn bytes_that_changed_on_the_way_are_judged(at in any::<prop::sample::Index>(), byte: u8, cut: bool, openclaw: bool) {
            let (host, text) = if openclaw { (Host::Openclaw, OPENCLAW) } else { (Host::Claude, CALL) };
            let mut bytes = text.as_bytes().to_vec();
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] = byte }
            prop_assert!(is_judged(host, &bytes));
        }

        #[test]
        fn noise_is_judged(bytes in prop::collection::vec(any::<u8>(), 0..200), json in "[\\[\\]{}\",:a-z_0-9]{0,80}") {
            for host in [Host::Claude, Host::Codex, Host::Openclaw] {
                prop_assert!(is_judged(host, &bytes) && is_judged(host, json.as_bytes()));
            }
        }
    }

    #[test]
    fn names_and_arguments_are_what_the_host_says() {
        let Event::Before(call) =
            Event::read(Host::Claude, CALL.replace("Bash", "mcp__git__git_log").as_bytes()).unwrap()
        else {
            panic!("a call");
        };
        assert_eq!((call.server.as_deref(), call.tool.as_str()), (Some("git"), "git_log"));
        let Event::Before(call) = Event::read(Host::Codex, CALL.as_bytes()).unwrap() else { panic!("a call") };
        assert_eq!((call.tool.as_str(), call.can_ask), ("shell_command", false));
        for wrong in [
            CALL.replace("\"tool_use_id\":\"t\"", "\"tool_use_id\":\"\""),
            CALL.replace("{\"command\":\"ls\"}", "[]"),
            CALL.replace("{\"command\":\"ls\"}", "{\"command\":\"ls\",\"command\":\"rm\"}"),
            CALL.replace("\"cwd\"", "\"tool_name\":\"Read\",\"cwd\""),
            CALL.replace("PreToolUse", "PreToolUze"),
        ] {
            assert!(Event::read(Host::Claude, wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
