//! Events of Claude Code, and of Codex, which has the same format with other names of tools.

use std::sync::Arc;

use claw_runtime::{Json, Settlement};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::event::{After, Before, Event, Host, arguments, named};

/// What the reason of a question begins with. Where nobody is there to be asked, the host gives it back as the result.
pub const ASKS: &str = "claw asks you: ";
/// What the host says in place of a result when its user has refused a call.
const REFUSED: &str = "The user doesn't want to proceed with this tool use";
/// Events that need no answer; nothing is permitted by passing them.
const OTHERS: [&str; 24] = [
    "PermissionRequest",
    "PermissionDenied",
    "SessionStart",
    "SessionEnd",
    "UserPromptSubmit",
    "UserPromptExpansion",
    "Notification",
    "Stop",
    "StopFailure",
    "SubagentStart",
    "SubagentStop",
    "PreCompact",
    "PostCompact",
    "Setup",
    "ConfigChange",
    "CwdChanged",
    "FileChanged",
    "InstructionsLoaded",
    "TeammateIdle",
    "TaskCreated",
    "TaskCompleted",
    "Interrupt",
    "PreModelRequest",
    "PostModelRequest",
];

/// The part of an event that hooks look at. No key may come twice; further keys may.
#[derive(Debug, Deserialize)]
struct Wire<'a> {
    hook_event_name: String,
    session_id: Option<String>,
    cwd: Option<String>,
    agent_id: Option<String>,
    tool_name: Option<String>,
    tool_use_id: Option<String>,
    #[serde(borrow)]
    tool_input: Option<&'a RawValue>,
    #[serde(borrow)]
    tool_response: Option<&'a RawValue>,
    error: Option<String>,
    tool_calls: Option<Vec<Ended>>,
}

#[derive(Debug, Deserialize)]
struct Ended {
    tool_use_id: String,
    tool_response: Option<serde_json::Value>,
}

pub fn read(host: Host, bytes: &[u8]) -> Result<Event, String> {
    let wire: Wire<'_> =
        serde_json::from_slice(bytes).map_err(|error| format!("the hook's event can't be read: {error}"))?;
    match wire.hook_event_name.as_str() {
        "PreToolUse" => before(host, &wire),
        "PostToolUse" => after(&wire, Settlement::Ok),
        "PostToolUseFailure" => after(&wire, Settlement::Error),
        "PostToolBatch" => batch(&wire),
        other if OTHERS.contains(&other) => Ok(Event::Other),
        other => Err(format!("the hook's event `{other}` is not known")),
    }
}

fn before(host: Host, wire: &Wire<'_>) -> Result<Event, String> {
    let (server, tool) = named(&wanted(wire.tool_name.as_ref(), "tool_name")?);
    let args = arguments(wire.tool_input.map_or("{}", RawValue::get))?;
    let mut call = Before {
        session: wanted(wire.session_id.as_ref(), "session_id")?,
        call_id: wanted(wire.tool_use_id.as_ref(), "tool_use_id")?,
        server,
        tool,
        args,
        cwd: wire.cwd.clone(),
        delegated: wire.agent_id.is_some(),
        can_ask: host == Host::Claude,
    };
    if host == Host::Codex {
        as_the_model_wrote(&mut call);
    }
    Ok(Event::Before(call))
}

/// Codex shows hooks its tools under other names than it shows the model. Policies speak of the latter.
fn as_the_model_wrote(call: &mut Before) {
    if call.server.is_some() {
        return;
    }
    let command = match &call.args {
        Json::Obj(fields) => match fields.as_slice() {
            [(name, command @ Json::Str(_))] if &**name == "command" => command.clone(),
            _ => return,
        },
        _ => return,
    };
    let one = |name: &str| Json::Obj(vec![(Arc::from(name), command.clone())]);
    match call.tool.as_str() {
        "Bash" => {
            call.tool = "shell_command".to_owned();
            call.args = one("command");
        }
        "apply_patch" => call.args = one("input"),
        _ => {}
    }
}

fn after(wire: &Wire<'_>, how: Settlement) -> Result<Event, String> {
    let result = match (&wire.error, wire.tool_response) {
        (Some(error), _) => Some(error.clone().into_bytes()),
        (None, Some(response)) => Some(response.get().as_bytes().to_vec()),
        (None, None) => None,
    };
    let call = wanted(wire.tool_use_id.as_ref(), "tool_use_id")?;
    Ok(Event::After(After {
        session: wanted(wire.session_id.as_ref(), "session_id")?,
        calls: vec![(call, how, result)],
    }))
}

/// All calls of one turn, also those that were refused, of which nothing else is ever heard. The others are settled
/// already, and settling them again changes nothing.
fn batch(wire: &Wire<'_>) -> Result<Event, String> {
    let refused = |ended: &&Ended| match &ended.tool_response {
        Some(serde_json::Value::String(text)) => text.starts_with(ASKS) || text.starts_with(REFUSED),
        _ => false,
    };
    let calls = wire.tool_calls.as_deref().unwrap_or_default().iter().filter(refused);
    let calls: Vec<_> = calls.map(|ended| (ended.tool_use_id.clone(), Settlement::NotExecuted, None)).collect();
    if calls.is_empty() {
        return Ok(Event::Other);
    }
    Ok(Event::After(After { session: wanted(wire.session_id.as_ref(), "session_id")?, calls }))
}

fn wanted(value: Option<&String>, name: &str) -> Result<String, String> {
    match value {
        Some(text) if !text.is_empty() => Ok(text.clone()),
        _ => Err(format!("the hook's event has no `{name}`")),
    }
}
