//! One call from its decision to its settlement. Runs in a task of its own, so that a client that goes away leaves
//! nothing half done.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use claw_engine::Call;
use claw_runtime::{SettleOutcome, Settlement};
use futures_util::FutureExt as _;
use rmcp::ErrorData;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::request::{self, Refused};
use super::{Asks, Executed, Failure, Seat, Subject, answer};

/// How often a settlement is tried that fails, and how long after the first failure it is tried again; each next time
/// twice as long.
const SETTLING: u32 = 4;
const AGAIN: Duration = Duration::from_millis(50);

/// A call on its way.
pub(super) struct Flow {
    pub(super) seat: Seat,
    pub(super) subject: Subject,
    pub(super) client: Option<Arc<dyn Asks>>,
    /// Cancelled when nobody waits for the answer any more.
    pub(super) gone: CancellationToken,
    /// The call's name. All its attempts have the same.
    id: String,
}

impl Flow {
    pub(super) fn new(seat: Seat, subject: Subject, client: Option<Arc<dyn Asks>>, gone: CancellationToken) -> Flow {
        Flow { seat, subject, client, gone, id: Uuid::now_v7().to_string() }
    }

    /// All of it.
    pub(super) async fn run(self, execute: impl FnOnce(Value) -> Executed + Send) -> Result<Value, ErrorData> {
        let call = self.begin().await;
        if !call.is_allowed() {
            return answer::refused(self.subject.kind, &call);
        }
        self.execute(&call, execute).await
    }

    /// Decides the call, as the world is now.
    pub(super) async fn begin(&self) -> Arc<Call> {
        let guard = &self.seat.0.seats.0.app.guard;
        let (seat, subject, id) = (self.seat.clone(), self.subject.clone(), self.id.clone());
        let built = guard.blocking(move |engine| request::build(engine, &seat.0, &subject, &id)).await;
        match built {
            Some(Ok(input)) => guard.begin(input).await,
            Some(Err(Refused { input, reason, message })) => guard.refuse(*input, reason, message).await,
            None => guard.interrupted(),
        }
    }

    /// Executes an allowed call and settles it.
    async fn execute(
        &self,
        call: &Arc<Call>,
        execute: impl FnOnce(Value) -> Executed + Send,
    ) -> Result<Value, ErrorData> {
        let Some(args) = self.args(call).filter(|_| !self.gone.is_cancelled()) else {
            self.settle(call, Settlement::NotExecuted, None).await;
            return Err(answer::interrupted());
        };
        let execution = AssertUnwindSafe(async move { execute(args).await }).catch_unwind();
        let result = execution.await.unwrap_or_else(|_| Err(answer::interrupted().into()));
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
        if self.subject.kind == claw_runtime::Kind::Resource {
            return call.is_allowed().then(|| serde_json::json!({ "uri": self.subject.name }));
        }
        serde_json::from_str(&call.args()?.to_string()).ok()
    }

    /// Records how the call has ended. What can't be recorded stays reserved: too strict, not too lax.
    async fn settle(&self, call: &Arc<Call>, how: Settlement, result: Option<String>) {
        let guard = &self.seat.0.seats.0.app.guard;
        let mut pause = AGAIN;
        for _ in 0..SETTLING {
            let bytes = result.clone().map(String::into_bytes);
            match guard.settle(call, how, bytes).await {
                Ok(SettleOutcome::Settled) => return,
                Err(claw_engine::EngineError::State(_)) => {
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

/// Whether a result says of itself that it is an error.
fn is_error(result: &Value) -> bool {
    result.get("isError").and_then(Value::as_bool).unwrap_or(false)
}
