//! What a client is told of a call that was not executed.

use claw_engine::Call;
use claw_runtime::{Kind, Outcome};
use rmcp::ErrorData;
use rmcp::model::ErrorCode;
use serde_json::{Value, json};

use crate::words;

/// The code of an error that says: denied. Of the range that JSON-RPC leaves to implementations; not one that MCP or a
/// known client gives a meaning.
pub const DENIED: ErrorCode = ErrorCode(-32_060);
/// The code of an error that says: people were asked and have not agreed yet.
pub const PENDING: ErrorCode = ErrorCode(-32_061);
/// Where the decision stands in the `_meta` of a tool's result that is a denial, or in the `data` of an error.
pub const DECISION: &str = "claw/decision";

/// A call that was not executed, as the client is told.
pub(super) fn refused(kind: Kind, call: &Call) -> Result<Value, ErrorData> {
    told(kind, DENIED, words::denial(call), decision(call))
}

/// An answer of the gateway's own. A model is shown the results of its tools, while many clients keep errors to
/// themselves: so a tool's denial is a result.
pub(super) fn told(kind: Kind, code: ErrorCode, text: String, decision: Value) -> Result<Value, ErrorData> {
    match kind {
        Kind::Tool => Ok(json!({
            "content": [{ "type": "text", "text": text }],
            "isError": true,
            "_meta": { DECISION: decision },
        })),
        Kind::Resource | Kind::Prompt => Err(ErrorData::new(code, text, Some(json!({ DECISION: decision })))),
    }
}

/// What a program may want to know of a decision. Not the arguments, which it has, nor where the policy's files are.
pub(super) fn decision(call: &Call) -> Value {
    let decision = call.decision();
    let applied: Vec<Value> = words::restricting(decision)
        .map(|applied| {
            json!({
                "clause": &*applied.clause,
                "effect": applied.effect.code(),
                "message": applied.message,
                "suggest": applied.suggest,
                "unknown": applied.unknown,
            })
        })
        .collect();
    let mut out = json!({
        "decision": decision.outcome.code(),
        "reason": decision.reason.code(),
        "applied": applied,
        "call_id": decision.call_id.as_deref(),
    });
    if let Value::Object(members) = &mut out {
        let mut put = |key: &str, value: Value| drop(members.insert(key.to_owned(), value));
        if let Some(wait) = decision.retry_after {
            put("retry_after_s", wait.as_secs_ceil().into());
        }
        if decision.outcome == Outcome::RequireApproval {
            put("approvals", decision.approvals.iter().map(|approval| approval.id.as_str()).collect());
        }
    }
    out
}

/// Something of the gateway broke; whether the call was executed is not known.
pub(super) fn interrupted() -> ErrorData {
    ErrorData::internal_error("the call was interrupted; it is not known how far it came", None)
}
