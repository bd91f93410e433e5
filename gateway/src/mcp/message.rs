//! Messages of JSON-RPC 2.0, as MCP uses it.
//!
//! Parameters and results stay what they were on the wire, to the byte: a proxy that read them into the types of one
//! version of the protocol would lose what it does not know, and a definition that lost a field has another digest.

use std::fmt;

use rmcp::ErrorData;
use rmcp::model::ErrorCode;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Number, Value};

use super::params::{Params, Raw, raw};

/// The id of a request: whoever sends it chooses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Id {
    /// A number.
    Number(Number),
    /// A text.
    Text(String),
}

impl Id {
    /// An id, if it is a number or a text.
    pub(super) fn read(value: &Value) -> Option<Id> {
        match value {
            Value::Number(number) => Some(Id::Number(number.clone())),
            Value::String(text) => Some(Id::Text(text.clone())),
            _ => None,
        }
    }

    /// The number that the gateway chose, if it is one.
    pub(super) fn ours(&self) -> Option<u64> {
        match self {
            Id::Number(number) => number.as_u64(),
            // Some peers answer with the text of a number.
            Id::Text(text) => text.parse().ok(),
        }
    }
}

impl From<u64> for Id {
    fn from(id: u64) -> Id {
        Id::Number(id.into())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Number(number) => number.fmt(f),
            Id::Text(text) => f.write_str(text),
        }
    }
}

/// One message.
#[derive(Clone, Debug)]
pub(super) enum Message {
    /// Something is to be done and answered.
    Request {
        /// Under which id it is answered.
        id: Id,
        /// What.
        method: String,
        /// With what.
        params: Params,
    },
    /// Something happened.
    Notification {
        /// What.
        method: String,
        /// More about it.
        params: Params,
    },
    /// The answer to a request.
    Response {
        /// To which.
        id: Id,
        /// What came of it.
        outcome: Result<Raw, ErrorData>,
    },
}

/// Bytes that are no message.
#[derive(Debug)]
pub(super) struct Unreadable {
    /// The request's id, if it has one nonetheless.
    pub id: Option<Id>,
    /// What to answer.
    pub error: ErrorData,
}

impl Unreadable {
    fn new(id: Option<Id>, message: &'static str) -> Unreadable {
        Unreadable { id, error: ErrorData::new(ErrorCode::INVALID_REQUEST, message, None) }
    }
}

/// A message before it is known which it is.
#[derive(Deserialize)]
struct Read {
    #[serde(default)]
    jsonrpc: Value,
    #[serde(default, deserialize_with = "present")]
    id: Option<Raw>,
    #[serde(default, deserialize_with = "present")]
    method: Option<Raw>,
    #[serde(default, deserialize_with = "present")]
    params: Option<Raw>,
    #[serde(default, deserialize_with = "present")]
    result: Option<Raw>,
    #[serde(default, deserialize_with = "present")]
    error: Option<Raw>,
}

/// A member that is there, be it `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Raw>, D::Error> {
    Raw::deserialize(deserializer).map(Some)
}

fn parse<'a, T: Deserialize<'a>>(raw: &'a Raw) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

impl Message {
    /// Reads one message.
    ///
    /// # Errors
    /// If it is no JSON, no message of JSON-RPC 2.0, or several at once.
    pub(super) fn read(bytes: &[u8]) -> Result<Message, Unreadable> {
        let read: Read = serde_json::from_slice(bytes).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => Unreadable::new(None, "a message is one JSON object"),
            _ => Unreadable {
                id: None,
                error: ErrorData::new(ErrorCode::PARSE_ERROR, format!("the message is not JSON: {error}"), None),
            },
        })?;
        let known = read.id.as_ref().and_then(parse::<Id>);
        if read.jsonrpc != "2.0" {
            return Err(Unreadable::new(known, "a message says `\"jsonrpc\": \"2.0\"`"));
        }
        match read.method.as_ref().map(parse::<String>) {
            Some(Some(method)) => Message::asked(read.id.is_some(), known, method, read.params.as_ref()),
            Some(None) => Err(Unreadable::new(known, "`method` is a string")),
            None => Message::answered(known, read.result, read.error.as_ref()),
        }
    }

    fn asked(has_id: bool, id: Option<Id>, method: String, params: Option<&Raw>) -> Result<Message, Unreadable> {
        let params = match params.filter(|params| params.get() != "null").map(|params| Params::read(params)) {
            None => Params::default(),
            Some(Some(params)) => params,
            Some(None) => return Err(Unreadable::new(id, "`params` is an object")),
        };
        match id {
            Some(id) => Ok(Message::Request { id, method, params }),
            None if has_id => Err(Unreadable::new(None, "`id` is a number or a string")),
            None => Ok(Message::Notification { method, params }),
        }
    }

    fn answered(id: Option<Id>, result: Option<Raw>, error: Option<&Raw>) -> Result<Message, Unreadable> {
        let Some(id) = id else {
            return Err(Unreadable::new(None, "a response has the `id` of its request"));
        };
        let outcome = match (result, error) {
            (Some(result), None) => Ok(result),
            (None, Some(error)) => Err(parse(error).unwrap_or_else(|| {
                ErrorData::new(ErrorCode::INTERNAL_ERROR, "the answer is an error that can't be read", None)
            })),
            _ => return Err(Unreadable::new(Some(id), "a response has either a `result` or an `error`")),
        };
        Ok(Message::Response { id, outcome })
    }

    /// A notification.
    pub(super) fn notification(method: &str, params: Params) -> Message {
        Message::Notification { method: method.to_owned(), params }
    }

    /// The message's bytes: one line of JSON without its end.
    pub(super) fn write(&self) -> Vec<u8> {
        // Texts, numbers and JSON that was read are always written.
        let mut bytes = serde_json::to_vec(&self.wire()).unwrap_or_default();
        // JSON has line ends only between its tokens; where they stood, the message has to stay one line.
        bytes.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
        bytes
    }

    fn wire(&self) -> Wire<'_> {
        let empty = Wire { jsonrpc: "2.0", id: None, method: None, params: None, result: None, error: None };
        match self {
            Message::Request { id, method, params } => {
                Wire { id: Some(id), method: Some(method), params: some(params), ..empty }
            }
            Message::Notification { method, params } => Wire { method: Some(method), params: some(params), ..empty },
            Message::Response { id, outcome: Ok(result) } => Wire { id: Some(id), result: Some(result), ..empty },
            Message::Response { id, outcome: Err(error) } => Wire { id: Some(id), error: Some(error), ..empty },
        }
    }
}

fn some(params: &Params) -> Option<&Params> {
    (!params.is_empty()).then_some(params)
}

#[derive(Serialize)]
struct Wire<'a> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a Params>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a Raw>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ErrorData>,
}

/// An error that a client is told.
pub(super) fn error(code: ErrorCode, message: impl Into<String>) -> ErrorData {
    ErrorData::new(code, message.into(), None)
}

/// A result that says nothing.
pub(super) fn nothing() -> Raw {
    raw(&serde_json::Map::new())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_as_it_was() {
        for message in [
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"x","new":[1, 2.50,null]}}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","id":7,"result":{"z":1e400,"anything":true,"a":"\u00e4"}}"#,
            r#"{"jsonrpc":"2.0","id":7,"result":null}"#,
            r#"{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"no","data":{"why":1}}}"#,
        ] {
            let written = Message::read(message.as_bytes()).unwrap().write();
            assert_eq!(String::from_utf8(written).unwrap(), message);
        }
    }

    #[test]
    fn a_message_is_one_line_whatever_it_was() {
        let message = "{\"jsonrpc\":\"2.0\",\"id\":7,\r\n\"result\":{\"a\":\n1}}";
        let written = Message::read(message.as_bytes()).unwrap().write();
        assert_eq!(String::from_utf8(written).unwrap(), r#"{"jsonrpc":"2.0","id":7,"result":{"a": 1}}"#);
    }

    #[test]
    fn what_is_no_message_is_refused_with_the_id_it_has() {
        let id = |text: &str| Message::read(text.as_bytes()).unwrap_err().id;
        assert_eq!(id("["), None);
        assert_eq!(id("[]"), None);
        assert_eq!(id(r#"{"jsonrpc":"2.0","id":3,"id":4,"method":"ping"}"#), None);
        assert_eq!(id(r#"{"jsonrpc":"1.0","id":3,"method":"ping"}"#), Some(3.into()));
        assert_eq!(id(r#"{"jsonrpc":"2.0","id":3,"method":"ping","params":[]}"#), Some(3.into()));
        assert_eq!(id(r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#), None);
        assert_eq!(id(r#"{"jsonrpc":"2.0","id":3,"result":1,"error":{}}"#), Some(3.into()));
        assert_eq!(id(r#"{"jsonrpc":"2.0","id":3}"#), Some(3.into()));
    }
}
