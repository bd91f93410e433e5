//! The client during one of its calls: it can be asked and told how the call stands.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Session;
use crate::mcp::message::{Id, Message};
use crate::mcp::params::Params;
use crate::mcp::seat::{Answer, Asks, Question};

/// The gateway's own progress comes before the server's, which often begins with 0 or 1 and has to be larger.
const STEP: f64 = 1e-6;

pub(super) struct Client {
    session: Arc<Session>,
    call: Id,
    progress: Option<Value>,
    told: AtomicU32,
}

impl Client {
    pub(super) fn new(session: &Arc<Session>, call: Id, meta: Option<&RawValue>) -> Client {
        let progress = meta.and_then(Params::read).and_then(|meta| meta.value("progressToken"));
        Client { session: Arc::clone(session), call, progress, told: AtomicU32::new(0) }
    }
}

impl Asks for Client {
    fn can_elicit(&self) -> bool {
        let declared = self.session.hello.get().and_then(|hello| hello.object("capabilities")?.object("elicitation"));
        // Before there were several modes, an empty object stood for forms.
        declared.is_some_and(|modes| modes.is_empty() || modes.contains("form"))
    }

    fn elicit(&self, question: Question) -> BoxFuture<'_, Answer> {
        async move {
            let mut params = Params::one("message", question.message);
            params.insert("requestedSchema", question.schema);
            let answer = self.session.ask_client("elicitation/create", params, self.call.clone()).await;
            let answer = answer.ok().and_then(|answer| Params::read(&answer)).unwrap_or_default();
            match answer.text("action").as_deref() {
                Some("accept") => Answer::Accept(answer.value("content").unwrap_or_else(|| json!({}))),
                Some("decline") => Answer::Decline,
                _ => Answer::Cancel,
            }
        }
        .boxed()
    }

    fn progress(&self, message: String) -> BoxFuture<'_, ()> {
        async move {
            let Some(token) = &self.progress else { return };
            let told = self.told.fetch_add(1, Ordering::Relaxed);
            let mut params = Params::one("progressToken", token.clone());
            params.insert("progress", f64::from(told) * STEP);
            params.insert("message", message);
            let message = Message::notification("notifications/progress", params);
            self.session.front.deliver(Some(self.call.clone()), message).await;
        }
        .boxed()
    }
}
