//! What a client is told of a call that was not executed.

use std::fmt::Write as _;
use std::time::Duration;

use claw_engine::Call;
use claw_engine::ledger::Asking;
use claw_runtime::{Kind, Outcome};
use rmcp::ErrorData;
use rmcp::model::ErrorCode;
use serde_json::{Value, json};

use super::approve::link;
use super::flow::Flow;
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

/// A call that people have not agreed to yet. They were asked, and go on being asked.
pub(super) fn pending(flow: &Flow, call: &Call, askings: &[Asking]) -> Result<Value, ErrorData> {
    let mut text = words::denial(call);
    let mut open = Vec::new();
    for asking in askings {
        let link = link(flow, &asking.id);
        let needs = asking.shown.needs.join(" and ");
        // Writing to a string can't fail.
        let _ = write!(text, "\nwaiting for `{}` by {needs}", asking.shown.approval);
        if let Some(link) = &link {
            let _ = write!(text, ": {link}");
        }
        open.push(json!({
            "id": asking.id.to_string(),
            "approval": asking.shown.approval,
            "expires_at": asking.expires_at.to_string(),
            "url": link,
        }));
    }
    text.push_str("\nwhat to do: call again with the same arguments once people have agreed");
    let mut decision = decision(call);
    if let Value::Object(members) = &mut decision {
        members.insert("askings".to_owned(), open.into());
    }
    told(flow.subject.kind, PENDING, text, decision)
}

/// A call that needs people to agree who can't be asked.
pub(super) fn unasked(kind: Kind, call: &Call, why: &str) -> Result<Value, ErrorData> {
    let text = format!("denied: nobody can be asked for the approval that it needs: {why}");
    told(kind, DENIED, text, decision(call))
}

/// A call that waited when the gateway was told to end.
pub(super) fn stopping(kind: Kind) -> Result<Value, ErrorData> {
    let text = "denied: the gateway is shutting down\nwhat to do: call again with the same arguments in a while";
    told(kind, DENIED, text.to_owned(), json!({ "decision": "deny", "reason": "stopping" }))
}

/// An execution that took longer than the policy lets it.
pub(super) fn timed_out(limit: Duration) -> ErrorData {
    let text = format!("given up after {limit:?}, the policy's `timeout`; whether it was executed is not known");
    ErrorData::internal_error(text, None)
}

/// A result that can't be given out, since what it does to the session can't be noted.
pub(super) fn held_back() -> ErrorData {
    ErrorData::internal_error("the call was executed; its result is held back, since the gateway can't note it", None)
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
