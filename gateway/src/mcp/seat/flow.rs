//! One call from its decision to its settlement. Runs in a task of its own, so that a client that goes away leaves
//! nothing half done.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use claw_engine::{Call, EngineError};
use claw_runtime::{Json, Kind, Reason, SettleOutcome, Settlement};
use futures_util::FutureExt as _;
use rmcp::ErrorData;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::approve::{self, Waited};
use super::request::{self, Refused};
use super::{Asks, Executed, Failure, Seat, Subject, answer, heard};
use crate::guard::Guard;

/// How often a settlement is tried that fails, and how long after the first failure it is tried again; each next time
/// twice as long.
const SETTLING: u32 = 4;
const AGAIN: Duration = Duration::from_millis(50);

/// A call on its way.
pub(super) struct Flow {
    pub(super) seat: Seat,
    pub(super) subject: Arc<Subject>,
    pub(super) client: Option<Arc<dyn Asks>>,
    /// Cancelled when nobody waits for the answer any more.
    pub(super) gone: CancellationToken,
    /// The call's name. All its attempts have the same.
    id: String,
}

impl Flow {
    pub(super) fn new(seat: Seat, subject: Subject, client: Option<Arc<dyn Asks>>, gone: CancellationToken) -> Flow {
        Flow { seat, subject: Arc::new(subject), client, gone, id: Uuid::now_v7().to_string() }
    }

    fn guard(&self) -> &Guard {
        &self.seat.0.seats.0.app.guard
    }

    /// All of it.
    pub(super) async fn run(self, execute: impl FnOnce(Value) -> Executed + Send) -> Result<Value, ErrorData> {
        let kind = self.subject.kind;
        let mut call = self.begin().await;
        if call.needs_approval() {
            call = match approve::wait(&self, call).await {
                Waited::Decided(call) => call,
                Waited::Pending(call, askings) => return answer::pending(&self, &call, &askings),
                Waited::Unasked(call, why) => return answer::unasked(kind, &call, &why),
                Waited::Gone => return Err(answer::interrupted()),
                Waited::Stopping => return answer::stopping(kind),
            };
        }
        if !call.is_allowed() {
            return answer::refused(kind, &call);
        }
        self.execute(&call, execute).await
    }

    /// Decides the call, as the world is now.
    pub(super) async fn begin(&self) -> Arc<Call> {
        let (seat, subject, id) = (self.seat.clone(), Arc::clone(&self.subject), self.id.clone());
        let built = if request::is_quick(self.guard().engine(), &seat.0, &subject) {
            Some(request::build(self.guard().engine(), &seat.0, &subject, &id))
        } else {
            self.guard().blocking(move |engine| request::build(engine, &seat.0, &subject, &id)).await
        };
        match built {
            Some(Ok(input)) => self.guard().begin(input).await,
            Some(Err(Refused { input, reason, message })) => self.guard().refuse(*input, reason, message).await,
            None => self.guard().interrupted(),
        }
    }

    /// Executes an allowed call and settles it.
    async fn execute(
        &self,
        call: &Arc<Call>,
        execute: impl FnOnce(Value) -> Executed + Send,
    ) -> Result<Value, ErrorData> {
        let kind = self.subject.kind;
        let (Some(args), Ok(limit)) = (self.args(call), time_out(call)) else {
            self.settle(call, Settlement::NotExecuted, None).await;
            let reason = Reason::UnsupportedConstraint;
            let message = "what the policy demands of the execution can't be done";
            return answer::refused(kind, &Call::refused(call.input().clone(), reason, message));
        };
        if self.gone.is_cancelled() {
            self.settle(call, Settlement::NotExecuted, None).await;
            return Err(answer::interrupted());
        }
        let result = executed(execute, args, limit).await;
        let result = self.heard(result).await;
        let (how, bytes) = match &result {
            Ok(value) if is_error(value) => (Settlement::Error, Some(value.to_string())),
            Ok(value) => (Settlement::Ok, Some(value.to_string())),
            Err(Failure { sent: true, error }) => (Settlement::Error, serde_json::to_string(error).ok()),
            Err(Failure { sent: false, .. }) => (Settlement::NotExecuted, None),
        };
        self.settle(call, how, bytes).await;
        result.map_err(|failure| failure.error)
    }

    /// What is dispatched: what was judged.
    fn args(&self, call: &Call) -> Option<Value> {
        let args = call.args()?;
        match self.subject.kind {
            Kind::Resource => Some(json!({ "uri": self.subject.name })),
            Kind::Tool | Kind::Prompt => serde_json::from_str(&args.to_string()).ok(),
        }
    }

    /// Takes note of what the server has said. What can't be noted is not passed on.
    async fn heard(&self, result: Result<Value, Failure>) -> Result<Value, Failure> {
        if !heard::listens(&self.seat.0) || matches!(&result, Err(Failure { sent: false, .. })) {
            return result;
        }
        let seat = self.seat.clone();
        let noted = self.guard().blocking(move |_| {
            let noted = match &result {
                Ok(value) => heard::heard(&seat.0, value),
                Err(failure) => {
                    heard::heard(&seat.0, &json!({ "message": failure.error.message, "details": failure.error.data }))
                }
            };
            noted.map(|()| result)
        });
        match noted.await {
            Some(Ok(result)) => result,
            Some(Err(error)) => {
                tracing::error!(call = %self.id, %error, "a result is held back");
                Err(answer::held_back().into())
            }
            None => Err(answer::held_back().into()),
        }
    }

    /// Records how the call has ended. What can't be recorded stays reserved: too strict, not too lax.
    async fn settle(&self, call: &Arc<Call>, how: Settlement, result: Option<String>) {
        let mut pause = AGAIN;
        for _ in 0..SETTLING {
            let bytes = result.clone().map(String::into_bytes);
            match self.guard().settle(call, how, bytes).await {
                Ok(SettleOutcome::Settled) => return,
                Err(EngineError::State(_)) => {
                    tokio::time::sleep(pause).await;
                    pause = pause.saturating_mul(2);
                }
                Ok(outcome) => return tracing::warn!(call = %self.id, ?outcome, "a call was settled before"),
                Err(error) => return tracing::error!(call = %self.id, %error, "a call's end is not in the audit log"),
            }
        }
        tracing::error!(call = %self.id, "a call could not be settled: what it reserved stays reserved");
    }
}

/// Executes, at most so long. A panic is a failure, and nobody knows how far it came.
async fn executed(
    execute: impl FnOnce(Value) -> Executed + Send,
    args: Value,
    limit: Option<Duration>,
) -> Result<Value, Failure> {
    let execution = AssertUnwindSafe(async move { execute(args).await }).catch_unwind();
    let result = match limit {
        Some(limit) => tokio::time::timeout(limit, execution).await.map_err(|_| limit),
        None => Ok(execution.await),
    };
    match result {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(answer::interrupted().into()),
        Err(limit) => Err(answer::timed_out(limit).into()),
    }
}

/// How long the policy lets the execution take; an error where that is not said in a way that can be followed.
fn time_out(call: &Call) -> Result<Option<Duration>, ()> {
    let Some((_, value)) = call.decision().constraints.iter().find(|(name, _)| name == "timeout") else {
        return Ok(None);
    };
    let Json::Str(text) = value else { return Err(()) };
    let duration = claw_runtime::Duration::parse(text).map_err(drop)?;
    u64::try_from(duration.as_millis()).map(|millis| Some(Duration::from_millis(millis))).map_err(drop)
}

/// Whether a result says of itself that it is an error.
fn is_error(result: &Value) -> bool {
    result.get("isError").and_then(Value::as_bool).unwrap_or(false)
}
