//! Messages of JSON-RPC 2.0, as MCP uses it.
//!
//! Parameters and results stay what they were on the wire: a proxy that read them into the types of one version of the
//! protocol would lose what it does not know, and a definition that lost a field has another digest.

use std::fmt;

use rmcp::ErrorData;
use rmcp::model::ErrorCode;
use serde::Serialize;
use serde_json::{Map, Number, Value};

/// The id of a request: whoever sends it chooses it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum Id {
    /// A number.
    Number(Number),
    /// A text.
    Text(String),
}

impl Id {
    /// An id, if it is a number or a text.
    #[must_use]
    pub fn read(value: &Value) -> Option<Id> {
        match value {
            Value::Number(number) => Some(Id::Number(number.clone())),
            Value::String(text) => Some(Id::Text(text.clone())),
            _ => None,
        }
    }

    /// The id as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Id::Number(number) => Value::Number(number.clone()),
            Id::Text(text) => Value::String(text.clone()),
        }
    }

    /// The number that the gateway chose, if it is one.
    #[must_use]
    pub fn ours(&self) -> Option<u64> {
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

/// The parameters of a request or a notification.
pub type Params = Map<String, Value>;

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
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
        outcome: Result<Value, ErrorData>,
    },
}

/// Bytes that are no message.
#[derive(Debug)]
pub struct Unreadable {
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

impl Message {
    /// Reads one message.
    ///
    /// # Errors
    /// If it is no JSON, no message of JSON-RPC 2.0, or several at once.
    pub fn read(bytes: &[u8]) -> Result<Message, Unreadable> {
        let value = serde_json::from_slice(bytes).map_err(|error| Unreadable {
            id: None,
            error: ErrorData::new(ErrorCode::PARSE_ERROR, format!("the message is not JSON: {error}"), None),
        })?;
        let Value::Object(mut fields) = value else {
            return Err(Unreadable::new(None, "a message is one JSON object"));
        };
        let id = fields.remove("id");
        let known = id.as_ref().and_then(Id::read);
        if fields.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return Err(Unreadable::new(known, "a message says `\"jsonrpc\": \"2.0\"`"));
        }
        match fields.remove("method") {
            Some(Value::String(method)) => Message::asked(id.is_some(), known, method, fields.remove("params")),
            Some(_) => Err(Unreadable::new(known, "`method` is a string")),
            None => Message::answered(known, fields),
        }
    }

    fn asked(has_id: bool, id: Option<Id>, method: String, params: Option<Value>) -> Result<Message, Unreadable> {
        let params = match params {
            None | Some(Value::Null) => Params::new(),
            Some(Value::Object(params)) => params,
            Some(_) => return Err(Unreadable::new(id, "`params` is an object")),
        };
        match id {
            Some(id) => Ok(Message::Request { id, method, params }),
            None if has_id => Err(Unreadable::new(None, "`id` is a number or a string")),
            None => Ok(Message::Notification { method, params }),
        }
    }

    fn answered(id: Option<Id>, mut fields: Params) -> Result<Message, Unreadable> {
        let Some(id) = id else {
            return Err(Unreadable::new(None, "a response has the `id` of its request"));
        };
        let outcome = match (fields.remove("result"), fields.remove("error")) {
            (Some(result), None) => Ok(result),
            (None, Some(error)) => Err(serde_json::from_value(error).unwrap_or_else(|_| {
                ErrorData::new(ErrorCode::INTERNAL_ERROR, "the answer is an error that can't be read", None)
            })),
            _ => return Err(Unreadable::new(Some(id), "a response has either a `result` or an `error`")),
        };
        Ok(Message::Response { id, outcome })
    }

    /// A notification.
    #[must_use]
    pub fn notification(method: &str, params: Params) -> Message {
        Message::Notification { method: method.to_owned(), params }
    }

    /// The message's bytes: one line of JSON without its end.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        // A map of strings to JSON is always written.
        serde_json::to_vec(&self.wire()).unwrap_or_default()
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
    result: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ErrorData>,
}

/// An error that a client is told.
pub(super) fn error(code: ErrorCode, message: impl Into<String>) -> ErrorData {
    ErrorData::new(code, message.into(), None)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Message {
        Message::read(value.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn what_is_read_is_written_as_it_was() {
        for message in [
            json!({"jsonrpc": "2.0", "id": 1, "method": "ping"}),
            json!({"jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": {"name": "x", "new": [1, 2.5, null]}}),
            json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
            json!({"jsonrpc": "2.0", "id": 7, "result": {"anything": true}}),
            json!({"jsonrpc": "2.0", "id": 7, "error": {"code": -1, "message": "no", "data": {"why": 1}}}),
        ] {
            let written: Value = serde_json::from_slice(&read(&message).write()).unwrap();
            assert_eq!(written, message);
        }
    }

    #[test]
    fn what_is_no_message_is_refused_with_the_id_it_has() {
        let id = |text: &str| Message::read(text.as_bytes()).unwrap_err().id;
        assert_eq!(id("["), None);
        assert_eq!(id("[]"), None);
        assert_eq!(id(r#"{"jsonrpc":"1.0","id":3,"method":"ping"}"#), Some(3.into()));
        assert_eq!(id(r#"{"jsonrpc":"2.0","id":3,"method":"ping","params":[]}"#), Some(3.into()));
        assert_eq!(id(r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#), None);
        assert_eq!(id(r#"{"jsonrpc":"2.0","id":3,"result":1,"error":{}}"#), Some(3.into()));
        assert_eq!(id(r#"{"jsonrpc":"2.0","id":3}"#), Some(3.into()));
    }
}
