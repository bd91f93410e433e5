//! Events of OpenClaw, as our plugin writes them (gateway/openclaw): the two hooks around a tool call, and what became of a
//! question to the user.

use claw_runtime::Settlement;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::event::{After, Before, Event, arguments, named};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    event: String,
    session_key: Option<String>,
    tool_call_id: Option<String>,
    tool_name: Option<String>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    cwd: Option<String>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<String>,
}

pub fn read(bytes: &[u8]) -> Result<Event, String> {
    let wire: Wire<'_> =
        serde_json::from_slice(bytes).map_err(|error| format!("the hook's event can't be read: {error}"))?;
    let session = wanted(wire.session_key.as_ref(), "sessionKey")?;
    let call_id = wanted(wire.tool_call_id.as_ref(), "toolCallId")?;
    let ended = |how, result: Option<Vec<u8>>| {
        Event::After(After { session: session.clone(), calls: vec![(call_id.clone(), how, result)] })
    };
    match wire.event.as_str() {
        "before_tool_call" => {
            let (server, tool) = named(&wanted(wire.tool_name.as_ref(), "toolName")?);
            let args = arguments(wire.params.map_or("{}", RawValue::get))?;
            Ok(Event::Before(Before {
                session,
                call_id,
                server,
                tool,
                args,
                cwd: wire.cwd,
                delegated: false,
                can_ask: true,
            }))
        }
        "after_tool_call" => Ok(match wire.error {
            Some(error) => ended(Settlement::Error, Some(error.into_bytes())),
            None => ended(Settlement::Ok, wire.result.map(|result| result.get().as_bytes().to_vec())),
        }),
        "refused" => Ok(ended(Settlement::NotExecuted, None)),
        other => Err(format!("the hook's event `{other}` is not known")),
    }
}

fn wanted(value: Option<&String>, name: &str) -> Result<String, String> {
    match value {
        Some(text) if !text.is_empty() => Ok(text.clone()),
        _ => Err(format!("the hook's event has no `{name}`")),
    }
}
