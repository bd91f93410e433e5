//! A server that is reached over streamable HTTP (MCP 2025-03-26 and later).
//!
//! Redirects are not followed: the configuration says who gets what we send.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, StatusCode};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::events::Events;
use super::{Failure, Heard, Link, Outgoing};
use crate::mcp::held;
use crate::mcp::message::Message;

const SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";
const LAST_EVENT: &str = "last-event-id";
/// How long it may take to connect.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the stream of what the server says of its own accord rests between two attempts, at first and at most.
const RESTS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// How often the rest of an answer is asked for when its stream ends early.
const RESUMED: u32 = 5;
/// Of an error's body, so much is shown.
const SHOWN: usize = 300;

/// An HTTP client for servers.
///
/// # Errors
/// If there is no TLS.
pub(in crate::mcp) fn client() -> Result<Client, String> {
    // Someone may have installed one before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .user_agent(concat!("claw-gateway/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| error.to_string())
}

/// A server's endpoint.
#[derive(Debug)]
pub(in crate::mcp) struct Remote {
    client: Client,
    url: url::Url,
    headers: HeaderMap,
    limit: usize,
    session: Mutex<Option<HeaderValue>>,
    version: Mutex<Option<HeaderValue>>,
}

impl Remote {
    /// An endpoint.
    ///
    /// # Errors
    /// If a header can't be sent.
    pub(in crate::mcp) fn new<'a>(
        client: Client,
        url: url::Url,
        headers: impl Iterator<Item = (&'a String, &'a str)>,
        limit: usize,
    ) -> Result<Arc<Remote>, String> {
        let mut sent = HeaderMap::new();
        for (name, value) in headers {
            let header = HeaderName::try_from(name).map_err(|_| format!("`{name}` is no name of a header"))?;
            let mut value = HeaderValue::try_from(value).map_err(|_| format!("the header `{name}` can't be sent"))?;
            value.set_sensitive(true);
            sent.insert(header, value);
        }
        let session = Mutex::default();
        Ok(Arc::new(Remote { client, url, headers: sent, limit, session, version: Mutex::default() }))
    }

    /// Opens a link. Its tasks end with it, and the tracker waits for them.
    pub(in crate::mcp) fn start(
        self: &Arc<Remote>,
        server: &str,
        timeout: Duration,
        heard: &Arc<dyn Heard>,
        tasks: &TaskTracker,
    ) -> Arc<Link> {
        let (link, outbox) = Link::new(server, self.limit, timeout);
        tasks.spawn(Arc::clone(self).write(Arc::clone(&link), outbox, Arc::clone(heard), tasks.clone()));
        link
    }

    /// From now on requests name the version that was agreed on, and the server may speak of its own accord.
    pub(in crate::mcp) fn agreed(
        self: &Arc<Remote>,
        version: &str,
        link: &Arc<Link>,
        heard: &Arc<dyn Heard>,
        tasks: &TaskTracker,
    ) {
        *held(&self.version) = HeaderValue::try_from(version).ok();
        tasks.spawn(Arc::clone(self).listen(Arc::clone(link), Arc::clone(heard)));
    }

    async fn write(
        self: Arc<Remote>,
        link: Arc<Link>,
        mut outbox: mpsc::Receiver<Outgoing>,
        heard: Arc<dyn Heard>,
        tasks: TaskTracker,
    ) {
        loop {
            let message = tokio::select! {
                () = link.over().cancelled() => break,
                message = outbox.recv() => message,
            };
            let Some(message) = message else { break };
            let (remote, link, heard) = (Arc::clone(&self), Arc::clone(&link), Arc::clone(&heard));
            let answered = message.request.is_some();
            let post = async move {
                let over = link.over().clone();
                tokio::select! {
                    () = over.cancelled() => {},
                    () = remote.post(&link, message, &*heard) => {},
                }
            };
            // Notifications keep their place; the answer to a request takes its time.
            if answered {
                tasks.spawn(post);
            } else {
                post.await;
            }
        }
        self.leave().await;
    }

    /// Posts one message, and takes what is answered.
    async fn post(&self, link: &Arc<Link>, message: Outgoing, heard: &dyn Heard) {
        let Outgoing { request, bytes } = message;
        let fail = |failure: Failure| {
            if let Some(request) = request {
                link.fail(request, failure);
            }
        };
        let sent = self
            .client
            .post(self.url.clone())
            .headers(self.headers(None))
            .header(CONTENT_TYPE, "application/json")
            .body(bytes)
            .send();
        let response = match sent.await {
            Ok(response) => response,
            Err(error) if error.is_connect() || error.is_builder() => {
                return fail(Failure::NotSent(format!("it can't be reached: {}", causes(&error))));
            }
            Err(error) => return fail(Failure::Lost(format!("the connection broke: {}", causes(&error)))),
        };
        if let Some(session) = response.headers().get(SESSION) {
            *held(&self.session) = Some(session.clone());
        }
        let status = response.status();
        if status == StatusCode::NOT_FOUND && held(&self.session).is_some() {
            fail(Failure::NotSent("it has forgotten the session; call again".to_owned()));
            return link.end("it has forgotten the session");
        }
        if !status.is_success() {
            return fail(self.refused(response).await);
        }
        let Some(request) = request else { return };
        if let Err(why) = self.answer(link, response, request, heard).await {
            link.fail(request, Failure::Lost(why));
        }
    }

    /// Takes the answer to a request, asking for the rest of it where its stream ends early.
    async fn answer(
        &self,
        link: &Arc<Link>,
        response: Response,
        request: u64,
        heard: &dyn Heard,
    ) -> Result<(), String> {
        let mut place = Place::default();
        let mut response = response;
        for _ in 0..RESUMED {
            self.take(link, response, Some(request), &mut place, heard).await?;
            if !link.waits(request) {
                return Ok(());
            }
            let Some(last) = place.last.clone() else { break };
            tokio::time::sleep(place.retry.unwrap_or(RESTS.0).min(RESTS.1)).await;
            response = self.get(Some(&last)).await?;
        }
        Err("it sent no answer".to_owned())
    }

    /// Takes the messages of a response, be it one or a stream of them.
    async fn take(
        &self,
        link: &Arc<Link>,
        response: Response,
        request: Option<u64>,
        place: &mut Place,
        heard: &dyn Heard,
    ) -> Result<(), String> {
        let content = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if content.starts_with("text/event-stream") {
            return self.take_events(link, response, request, place, heard).await;
        }
        if !content.starts_with("application/json") {
            return Err(format!("it answered with `{content}`, which is neither JSON nor a stream of events"));
        }
        let body = self.body(response, self.limit).await?;
        let message = Message::read(&body).map_err(|unreadable| unreadable.error.message.into_owned())?;
        link.receive(message, request, heard).await;
        Ok(())
    }

    async fn take_events(
        &self,
        link: &Arc<Link>,
        response: Response,
        request: Option<u64>,
        place: &mut Place,
        heard: &dyn Heard,
    ) -> Result<(), String> {
        let mut events = Events::new(self.limit);
        let mut stream = response.bytes_stream();
        // A stream that breaks may be resumed, as one that ends.
        while let Some(Ok(bytes)) = stream.next().await {
            let events = events.take(&bytes).map_err(|_| too_long(self.limit))?;
            for event in events {
                place.last = event.id.or(place.last.take());
                place.retry = event.retry.or(place.retry);
                if event.data.is_empty() {
                    continue;
                }
                match Message::read(&event.data) {
                    Ok(message) => link.receive(message, request, heard).await,
                    Err(unreadable) => {
                        tracing::warn!(server = %link.server, "not a message: {}", unreadable.error.message);
                        link.count_unasked();
                    }
                }
            }
            if request.is_some_and(|request| !link.waits(request)) {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn body(&self, response: Response, limit: usize) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        let mut stream = response.bytes_stream();
        while let Some(bytes) = stream.next().await {
            let bytes = bytes.map_err(|error| format!("the connection broke: {}", causes(&error)))?;
            if body.len().saturating_add(bytes.len()) > limit {
                return Err(too_long(limit));
            }
            body.extend_from_slice(&bytes);
        }
        Ok(body)
    }

    /// What a refusal says. One in the protocol's words is passed on.
    async fn refused(&self, response: Response) -> Failure {
        let status = response.status();
        let body = self.body(response, self.limit.min(64 * 1024)).await.unwrap_or_default();
        if let Ok(Message::Response { outcome: Err(error), .. }) = Message::read(&body) {
            return Failure::Refused(error);
        }
        let text: String = String::from_utf8_lossy(&body).chars().take(SHOWN).collect();
        let said = if text.trim().is_empty() { String::new() } else { format!(": {}", text.trim()) };
        let why = format!("it answered with HTTP status {status}{said}");
        match status {
            // Whoever refuses for the token, the address or the number of requests has not done anything.
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => Failure::NotSent(why),
            status if status.is_redirection() => Failure::NotSent(why),
            _ => Failure::Lost(why),
        }
    }

    /// Listens to what the server says of its own accord, as long as the link lives.
    async fn listen(self: Arc<Remote>, link: Arc<Link>, heard: Arc<dyn Heard>) {
        let over = link.over().clone();
        tokio::select! {
            () = over.cancelled() => {},
            () = self.keep_listening(&link, &*heard) => {},
        }
    }

    async fn keep_listening(&self, link: &Arc<Link>, heard: &dyn Heard) {
        let mut place = Place::default();
        let mut rest = RESTS.0;
        loop {
            match self.get(place.last.as_deref()).await {
                Ok(response) if is_stream(&response) => {
                    rest = RESTS.0;
                    if let Err(why) = self.take(link, response, None, &mut place, heard).await {
                        return link.end(why);
                    }
                }
                // It does not offer this, or not now.
                Ok(_) => return,
                Err(_) => rest = rest.saturating_mul(2).min(RESTS.1),
            }
            tokio::time::sleep(place.retry.unwrap_or(rest).clamp(RESTS.0, RESTS.1)).await;
        }
    }

    async fn get(&self, last: Option<&str>) -> Result<Response, String> {
        let request = self.client.get(self.url.clone()).headers(self.headers(last));
        let response = request.send().await.map_err(|error| causes(&error))?;
        if response.status().is_server_error() {
            return Err(format!("it answered with HTTP status {}", response.status()));
        }
        Ok(response)
    }

    fn headers(&self, last: Option<&str>) -> HeaderMap {
        let mut headers = self.headers.clone();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        let session = held(&self.session).clone();
        let version = held(&self.version).clone();
        let last = last.and_then(|last| HeaderValue::try_from(last).ok());
        for (name, value) in [(SESSION, session), (VERSION, version), (LAST_EVENT, last)] {
            if let Some(value) = value {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        headers
    }

    /// Tells the server that the session is over.
    async fn leave(&self) {
        if held(&self.session).is_some() {
            let request = self.client.delete(self.url.clone()).headers(self.headers(None));
            // Not every server lets sessions be ended.
            let _ = request.timeout(Duration::from_secs(5)).send().await;
        }
    }
}

/// Where a stream is.
#[derive(Debug, Default)]
struct Place {
    last: Option<String>,
    retry: Option<Duration>,
}

fn is_stream(response: &Response) -> bool {
    let content = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    response.status().is_success() && content.is_some_and(|content| content.starts_with("text/event-stream"))
}

fn too_long(limit: usize) -> String {
    format!("it sent a message that is longer than {limit} bytes")
}

/// An error with its causes: `reqwest` hides what happened in them.
fn causes(error: &reqwest::Error) -> String {
    let mut source = std::error::Error::source(error);
    let mut text = String::new();
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    if text.is_empty() { error.to_string() } else { text }
}
