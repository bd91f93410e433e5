//! Sending messages: a few at a time, each a few times, none for ever.

use std::sync::Arc;
use std::time::Duration;

use claw_engine::{Clock as _, SystemClock};
use reqwest::{Client, StatusCode, redirect};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::message::{Message, signature};
use crate::app::App;
use crate::config::Webhook;
use crate::metrics::Metrics;

/// Messages that wait to be sent. More are dropped, and counted.
const QUEUE: usize = 1_024;
/// Messages under way at a time.
const AT_ONCE: usize = 8;
/// How long the end of the gateway waits for what is not sent.
const CLOSE: Duration = Duration::from_secs(10);
/// How long to wait after a failed attempt; after the last one the message is given up.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(500),
    Duration::from_secs(2),
    Duration::from_secs(8),
    Duration::from_secs(30),
    Duration::from_secs(120),
];

/// Messages on their way.
pub(super) struct Queue {
    sender: mpsc::Sender<Message>,
    task: JoinHandle<()>,
    metrics: Arc<Metrics>,
}

impl Queue {
    /// A queue to this address.
    pub(super) fn open(webhook: Webhook, app: &App) -> Result<Queue, String> {
        // Whoever runs the gateway has installed one already; a test may not have.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .timeout(webhook.timeout)
            .redirect(redirect::Policy::none())
            // What is configured is reached, and nothing that the environment names.
            .no_proxy()
            .user_agent(concat!("claw-gateway/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("the webhook can't be reached: {error}"))?;
        let (sender, receiver) = mpsc::channel(QUEUE);
        let post = Post { client, webhook, metrics: Arc::clone(&app.metrics), stop: app.stop.clone() };
        let task = tokio::spawn(send(Arc::new(post), receiver));
        Ok(Queue { sender, task, metrics: Arc::clone(&app.metrics) })
    }

    /// Puts a message in, unless too many wait.
    pub(super) fn put(&self, message: Message) {
        if let Err(error) = self.sender.try_send(message) {
            let message = error.into_inner();
            self.metrics.webhook("dropped");
            tracing::warn!(id = %message.id, event = message.event.code(), "too many messages wait for the webhook: this one is dropped");
        }
    }

    /// Waits until each message has had its attempt, though not for long.
    pub(super) async fn close(mut self) {
        drop(self.sender);
        if tokio::time::timeout(CLOSE, &mut self.task).await.is_err() {
            self.task.abort();
            tracing::warn!("the gateway ended before the webhook was told everything");
        }
    }
}

async fn send(post: Arc<Post>, mut messages: mpsc::Receiver<Message>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut under_way = JoinSet::new();
    while let Some(message) = messages.recv().await {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        while under_way.try_join_next().is_some() {}
        let post = Arc::clone(&post);
        under_way.spawn(async move {
            post.deliver(&message).await;
            drop(place);
        });
    }
    while under_way.join_next().await.is_some() {}
}

/// Where messages go, and how.
struct Post {
    client: Client,
    webhook: Webhook,
    metrics: Arc<Metrics>,
    stop: CancellationToken,
}

/// Why an attempt failed.
enum Failed {
    /// It may succeed later.
    ForNow(String),
    /// It will not.
    ForGood(String),
}

impl Post {
    async fn deliver(&self, message: &Message) {
        let mut pauses = PAUSES.iter();
        let why = loop {
            let why = match self.attempt(message).await {
                Ok(()) => return self.metrics.webhook("delivered"),
                Err(Failed::ForGood(why)) => break why,
                Err(Failed::ForNow(why)) => why,
            };
            let Some(pause) = pauses.next() else { break why };
            tokio::select! {
                () = self.stop.cancelled() => break why,
                () = tokio::time::sleep(*pause) => {}
            }
        };
        self.metrics.webhook("failed");
        tracing::warn!(id = %message.id, event = message.event.code(), why, "the webhook was not told");
    }

    async fn attempt(&self, message: &Message) -> Result<(), Failed> {
        let now = SystemClock.now().ok_or_else(|| Failed::ForNow("the time is not known".to_owned()))?;
        let seconds = now.as_millis() / 1_000;
        let request = self
            .client
            .post(self.webhook.url.clone())
            .header("content-type", "application/json")
            .header("x-claw-event", message.event.code())
            .header("x-claw-id", message.id.to_string())
            .header("x-claw-signature", signature(&self.webhook.secret, seconds, &message.body))
            .body(message.body.clone());
        // The address may hold a secret, and an error would name it.
        let answer = request.send().await.map_err(|error| Failed::ForNow(error.without_url().to_string()))?;
        let status = answer.status();
        let why = || format!("it answered {status}");
        match status {
            _ if status.is_success() => Ok(()),
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => Err(Failed::ForNow(why())),
            _ if status.is_server_error() => Err(Failed::ForNow(why())),
            _ if status.is_redirection() => Err(Failed::ForGood(format!("{}, and redirects are not followed", why()))),
            _ => Err(Failed::ForGood(why())),
        }
    }
}
