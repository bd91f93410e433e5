//! A live connection to one server: requests get their answers, everything else is told in order.
//!
//! It knows neither policies nor clients. When it is over it says why, once, and everything that waits gets that reason.

pub(super) mod child;
mod events;
pub(super) mod remote;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rmcp::ErrorData;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::held;
use super::message::{Id, Message};
use super::params::{Params, Raw};

/// So many messages wait to be written.
const OUTBOX: usize = 64;
/// So many messages that answer nothing are taken within a second: what sends more floods.
const FLOOD: u32 = 5_000;

/// Hears what a server says of its own accord, in the order in which it said it.
pub(super) trait Heard: Send + Sync {
    /// A request or a notification; with the client's request during which it was said, as far as that is known.
    fn heard<'a>(&'a self, link: &'a Arc<Link>, message: Message, during: Option<Id>) -> BoxFuture<'a, ()>;
}

/// Why a request has no result.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// It was certainly not sent.
    NotSent(String),
    /// Whether it was executed is unknown.
    Lost(String),
    /// Nothing was heard for so long.
    Late(Duration),
    /// The client took it back.
    Cancelled,
    /// The server answered with an error.
    Refused(ErrorData),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::NotSent(why) | Failure::Lost(why) => f.write_str(why),
            Failure::Late(after) => write!(f, "it did not answer within {} s", after.as_secs_f32()),
            Failure::Cancelled => f.write_str("the request was cancelled"),
            Failure::Refused(error) => f.write_str(&error.message),
        }
    }
}

/// A request to a server.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub method: &'static str,
    pub params: Params,
    /// The client's request for which it is made.
    pub during: Option<Id>,
    /// Cancelled when the client takes its request back.
    pub cancel: CancellationToken,
}

/// What is to be written.
#[derive(Debug)]
pub(super) struct Outgoing {
    /// The request that it is, to fail it if it can't be written.
    pub request: Option<u64>,
    pub bytes: Vec<u8>,
}

/// A connection. It is over when it is dropped, or ended, or fails.
pub(super) struct Link {
    server: Arc<str>,
    outbox: mpsc::Sender<Outgoing>,
    pending: Mutex<HashMap<u64, Pending>>,
    next: AtomicU64,
    why_over: OnceLock<String>,
    over: CancellationToken,
    limit: usize,
    timeout: Duration,
    /// Requests of the server that the client has not answered: the server waits for a person, not we for the server.
    pub waits_for_client: AtomicUsize,
    unasked: Mutex<(Instant, u32)>,
}

struct Pending {
    answer: oneshot::Sender<Result<Raw, Failure>>,
    during: Option<Id>,
    /// The client's progress token.
    progress: Option<Value>,
    alive: Instant,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("server", &self.server).field("over", &self.why_over).finish_non_exhaustive()
    }
}

impl Link {
    /// A link whose messages go to the receiver. No message is longer than the limit.
    pub(super) fn new(server: &str, limit: usize, timeout: Duration) -> (Arc<Link>, mpsc::Receiver<Outgoing>) {
        let (outbox, written) = mpsc::channel(OUTBOX);
        let link = Link {
            server: server.into(),
            outbox,
            pending: Mutex::default(),
            next: AtomicU64::new(1),
            why_over: OnceLock::new(),
            over: CancellationToken::new(),
            limit,
            timeout,
            waits_for_client: AtomicUsize::new(0),
            unasked: Mutex::new((Instant::now(), 0)),
        };
        (Arc::new(link), written)
    }

    /// Cancelled once the connection is over.
    pub(super) fn over(&self) -> &CancellationToken {
        &self.over
    }

    /// Ends the connection, unless it has ended: what waits fails with the reason.
    pub(super) fn end(&self, why: impl Into<String>) {
        if self.why_over.set(why.into()).is_ok() {
            self.over.cancel();
        }
        let why = self.why_over.get().cloned().unwrap_or_default();
        for (_, pending) in held(&self.pending).drain() {
            // It may have given up.
            let _ = pending.answer.send(Err(Failure::Lost(why.clone())));
        }
    }

    /// Asks the server something.
    pub(super) async fn request(&self, request: Request) -> Result<Raw, Failure> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let Request { method, mut params, during, cancel } = request;
        // Tokens of several clients may be equal.
        let progress = params.replace_progress_token(id);
        let bytes = Message::Request { id: id.into(), method: method.to_owned(), params }.write();
        if bytes.len() > self.limit {
            return Err(Failure::NotSent(format!("the message is longer than {} bytes", self.limit)));
        }
        let (answer, mut answered) = oneshot::channel();
        let mut entry = Entry { link: self, id, reason: String::new() };
        held(&self.pending).insert(id, Pending { answer, during, progress, alive: Instant::now() });
        if !self.write(Outgoing { request: Some(id), bytes }, &cancel).await {
            return Err(Failure::NotSent(
                self.why_over.get().cloned().unwrap_or_else(|| "it takes nothing more".into()),
            ));
        }
        let outcome = tokio::select! {
            answer = &mut answered => answer.unwrap_or_else(|_| Err(Failure::Lost("the answer got lost".to_owned()))),
            () = cancel.cancelled() => Err(Failure::Cancelled),
            () = self.silence(id) => Err(Failure::Late(self.timeout)),
        };
        if let Err(failure) = &outcome {
            entry.reason = failure.to_string();
        }
        outcome
    }

    async fn write(&self, message: Outgoing, cancel: &CancellationToken) -> bool {
        tokio::select! {
            biased;
            () = self.over.cancelled() => false,
            () = cancel.cancelled() => false,
            sent = tokio::time::timeout(self.timeout, self.outbox.send(message)) => matches!(sent, Ok(Ok(()))),
        }
    }

    /// Until the server has given no sign of life for a request for too long.
    async fn silence(&self, id: u64) {
        loop {
            let alive = held(&self.pending).get(&id).map_or_else(Instant::now, |pending| pending.alive);
            let until = alive.checked_add(self.timeout).unwrap_or(alive);
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
            if self.waits_for_client.load(Ordering::Relaxed) > 0 {
                self.touch(id);
            }
        }
    }

    fn touch(&self, id: u64) {
        if let Some(pending) = held(&self.pending).get_mut(&id) {
            pending.alive = Instant::now();
        }
    }

    fn take_back(&self, id: u64, reason: &str) {
        let mut params = Params::one("requestId", id);
        let reason = if reason.is_empty() { "nobody waits for the answer any more" } else { reason };
        params.insert("reason", reason);
        let bytes = Message::notification("notifications/cancelled", params).write();
        // A server that takes nothing any more will not take this either.
        let _ = self.outbox.try_send(Outgoing { request: None, bytes });
    }

    /// Tells the server something: a notification, or the answer to what it asked.
    pub(super) async fn send(&self, message: &Message) -> bool {
        let bytes = message.write();
        bytes.len() <= self.limit && self.write(Outgoing { request: None, bytes }, &CancellationToken::new()).await
    }

    /// The client's latest request that the server works on.
    fn latest(&self) -> Option<Id> {
        let pending = held(&self.pending);
        pending.iter().filter(|(_, pending)| pending.during.is_some()).max_by_key(|(id, _)| **id)?.1.during.clone()
    }

    /// Fails a request that could not be written.
    pub(super) fn fail(&self, id: u64, failure: Failure) {
        if let Some(pending) = held(&self.pending).remove(&id) {
            let _ = pending.answer.send(Err(failure));
        }
    }

    /// Whether a request still waits for its answer.
    pub(super) fn waits(&self, id: u64) -> bool {
        held(&self.pending).contains_key(&id)
    }

    /// Takes a message of the server; `request` is the request of ours on whose stream it came, if it came on one.
    pub(super) async fn receive(self: &Arc<Link>, message: Message, request: Option<u64>, heard: &dyn Heard) {
        let message = match message {
            Message::Response { id, outcome } => {
                let pending = id.ours().and_then(|id| held(&self.pending).remove(&id));
                match pending {
                    // It may have given up meanwhile.
                    Some(pending) => drop(pending.answer.send(outcome.map_err(Failure::Refused))),
                    None => self.count_unasked(),
                }
                return;
            }
            message => message,
        };
        self.count_unasked();
        if self.over.is_cancelled() {
            return;
        }
        let mut during = request.and_then(|id| held(&self.pending).get(&id).and_then(|pending| pending.during.clone()));
        let message = match message {
            Message::Notification { method, params } if method == "notifications/progress" => {
                match self.progress(params, &mut during) {
                    Some(params) => Message::Notification { method, params },
                    None => return,
                }
            }
            message => message,
        };
        let during = during.or_else(|| self.latest());
        heard.heard(self, message, during).await;
    }

    /// Progress with the client's token, if the client asked for it.
    fn progress(&self, mut params: Params, during: &mut Option<Id>) -> Option<Params> {
        let id = Id::read(&params.value("progressToken")?)?.ours()?;
        let mut pending = held(&self.pending);
        let pending = pending.get_mut(&id)?;
        pending.alive = Instant::now();
        *during = pending.during.clone();
        params.insert("progressToken", pending.progress.clone()?);
        Some(params)
    }

    fn count_unasked(&self) {
        let mut unasked = held(&self.unasked);
        if unasked.0.elapsed() > Duration::from_secs(1) {
            *unasked = (Instant::now(), 0);
        }
        unasked.1 = unasked.1.saturating_add(1);
        let floods = unasked.1 > FLOOD;
        drop(unasked);
        if floods {
            self.end(format!("it sent more than {FLOOD} messages in a second that answer nothing"));
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.end("the session ended");
    }
}

/// A request is taken back when it is given up, or nobody waits for it any more.
struct Entry<'a> {
    link: &'a Link,
    id: u64,
    reason: String,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let unanswered = held(&self.link.pending).remove(&self.id).is_some();
        if unanswered {
            self.link.take_back(self.id, &self.reason);
        }
    }
}
