//! One client's session: what it asks goes to the servers behind, what they say goes to the client.
//!
//! It knows no transport: a [`Front`] carries messages to the client. What may be done is the seat's business.

mod asks;
mod calls;
mod heard;
mod lists;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use rmcp::ErrorData;
use rmcp::model::ErrorCode;
use serde_json::{Map, Value, json};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

use super::link::{Failure, Link};
use super::message::{Id, Message, error, nothing};
use super::params::{Params, Raw, raw};
use super::upstream::{Live, NEWEST, Upstream};
use super::{Mcp, held};
use crate::config::Caller;

/// So many requests of one client run at a time.
const RUNNING: usize = 256;
/// How long what runs may still run when the gateway is to end.
const DRAIN: Duration = Duration::from_secs(30);

/// Carries messages to a client.
pub(super) trait Front: Send + Sync {
    /// Sends the client a message; with the request during which it is said, as far as that is known. A client that is
    /// not there, or does not read, gets nothing.
    fn deliver(&self, during: Option<Id>, message: Message) -> BoxFuture<'_, ()>;

    /// Whether a stream to the client is open besides the answers to its requests.
    fn is_open(&self) -> bool;

    /// The session is over.
    fn close(&self);
}

/// Which servers a session reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// One, which it sees as it is.
    One,
    /// Several under one name, so that theirs need the server's before them.
    Many {
        /// Whether they get it: not where only one is configured.
        prefixed: bool,
    },
}

/// A session.
pub(super) struct Session {
    /// Random, and known to the client alone.
    pub id: String,
    pub mcp: Mcp,
    pub caller: Arc<Caller>,
    /// What policies know the session by.
    pub name: String,
    pub scope: Scope,
    pub upstreams: Vec<Arc<Upstream>>,
    pub front: Arc<dyn Front>,
    /// What the client said of itself.
    hello: OnceLock<Params>,
    running: Mutex<HashMap<Id, Running>>,
    asked: Mutex<HashMap<u64, Asked>>,
    next: AtomicU64,
    seen: Mutex<Instant>,
    over: CancellationToken,
    /// One of the gateway's sessions.
    _place: Option<OwnedSemaphorePermit>,
}

/// A request of the client that is under way.
#[derive(Clone, Debug, Default)]
struct Running {
    /// The client took it back.
    cancelled: CancellationToken,
    /// The client is gone.
    gone: CancellationToken,
}

/// A request to the client that is not answered yet.
enum Asked {
    /// By a server, under an id of its own and with a progress token of its own.
    Server { link: std::sync::Weak<Link>, id: Id, progress: Option<Value> },
    /// By the gateway.
    Gateway(tokio::sync::oneshot::Sender<Result<Raw, ErrorData>>),
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("caller", &self.caller.name).field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a session is made of.
pub(super) struct Parts {
    pub id: String,
    pub name: String,
    pub caller: Arc<Caller>,
    pub scope: Scope,
    pub upstreams: Vec<Arc<Upstream>>,
    pub front: Arc<dyn Front>,
    pub place: Option<OwnedSemaphorePermit>,
}

impl Session {
    pub(super) fn new(mcp: Mcp, parts: Parts) -> Arc<Session> {
        let Parts { id, name, caller, scope, upstreams, front, place } = parts;
        Arc::new(Session {
            id,
            mcp,
            caller,
            name,
            scope,
            upstreams,
            front,
            hello: OnceLock::new(),
            running: Mutex::default(),
            asked: Mutex::default(),
            next: AtomicU64::new(1),
            seen: Mutex::new(Instant::now()),
            over: CancellationToken::new(),
            _place: place,
        })
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Cancelled when the session is over.
    pub(super) fn over(&self) -> &CancellationToken {
        &self.over
    }

    /// Ends the session.
    pub(super) fn end(&self) {
        self.over.cancel();
    }

    /// Begins the session: connects the servers and answers `initialize`.
    pub(super) async fn initialize(self: &Arc<Session>, params: Params) -> Result<Raw, ErrorData> {
        let Some(mut version) = params.text("protocolVersion") else {
            return Err(error(ErrorCode::INVALID_PARAMS, "`initialize` has a `protocolVersion`"));
        };
        // Versions sort as text. Later ones have no `initialize`: who sends it nonetheless gets the last that has.
        let mut hello = params;
        if version.as_str() > NEWEST {
            version = NEWEST.to_owned();
            hello.insert("protocolVersion", NEWEST);
        }
        if self.hello.set(hello).is_err() {
            return Err(error(ErrorCode::INVALID_REQUEST, "the session is initialized already"));
        }
        let connected = join_all(self.upstreams.iter().map(|upstream| async move {
            let live = self.live(upstream).await;
            (upstream, live)
        }));
        let connected = connected.await;
        if self.scope == Scope::One {
            let Some((upstream, live)) = connected.into_iter().next() else { return Err(no_servers()) };
            return Ok(alone(&live.map_err(|failure| upstream.told(failure))?.about));
        }
        let mut lives = Vec::new();
        for (upstream, live) in connected {
            match live {
                Ok(live) => lives.push((upstream, live)),
                Err(failure) => tracing::warn!(server = upstream.server.name, "not connected: {failure}"),
            }
        }
        if lives.is_empty() && !self.upstreams.is_empty() {
            return Err(error(super::UNREACHED, "none of the servers can be reached"));
        }
        Ok(merged(&version, &lives))
    }

    /// A server of the session, connected.
    async fn live(self: &Arc<Session>, upstream: &Upstream) -> Result<Arc<Live>, Failure> {
        let Some(hello) = self.hello.get() else {
            return Err(Failure::NotSent("the session is not initialized".to_owned()));
        };
        upstream.live(self, hello).await
    }

    /// Answers a request. `None` if the client took it back, or is gone.
    pub(super) async fn serve(self: &Arc<Session>, id: Id, method: String, params: Params) -> Option<Message> {
        self.seen();
        let running = match self.begin(&id) {
            Ok(running) => running,
            Err(error) => return Some(Message::Response { id, outcome: Err(error) }),
        };
        let _ended = Ended { session: self, id: &id };
        let answer = std::panic::AssertUnwindSafe(self.answer(&id, &method, params, &running)).catch_unwind();
        let outcome = tokio::select! {
            biased;
            () = running.cancelled.cancelled() => return None,
            () = running.gone.cancelled() => return None,
            () = self.over.cancelled() => Err(error(super::UNREACHED, "the session has ended")),
            outcome = answer => outcome.unwrap_or_else(|_| {
                Err(error(ErrorCode::INTERNAL_ERROR, "the gateway made a mistake; it is not known how far the request came"))
            }),
        };
        Some(Message::Response { id: id.clone(), outcome })
    }

    fn begin(&self, id: &Id) -> Result<Running, ErrorData> {
        if self.mcp.app().stop.is_cancelled() {
            return Err(error(super::UNREACHED, "the gateway is shutting down"));
        }
        let mut running = held(&self.running);
        if running.len() >= RUNNING {
            return Err(error(super::UNREACHED, format!("more than {RUNNING} requests are under way")));
        }
        if running.contains_key(id) {
            return Err(error(ErrorCode::INVALID_REQUEST, format!("a request with the id `{id}` is under way")));
        }
        Ok(running.entry(id.clone()).or_default().clone())
    }

    async fn answer(
        self: &Arc<Session>,
        id: &Id,
        method: &str,
        params: Params,
        running: &Running,
    ) -> Result<Raw, ErrorData> {
        match method {
            "ping" => Ok(nothing()),
            "initialize" => Err(error(ErrorCode::INVALID_REQUEST, "the session is initialized already")),
            "tools/list" | "prompts/list" | "resources/list" | "resources/templates/list" => {
                self.list(method, &params).await
            }
            "tools/call" => self.call_tool(id, params, running).await,
            "prompts/get" => self.get_prompt(id, params, running).await,
            "resources/read" => self.read_resource(id, params, running).await,
            "resources/subscribe" | "resources/unsubscribe" => self.subscribe(id, method, params, running).await,
            "completion/complete" => self.complete(id, params, running).await,
            "logging/setLevel" => self.set_level(id, params).await,
            // What is unknown may do anything.
            _ => Err(error(ErrorCode::METHOD_NOT_FOUND, format!("the gateway does not pass on `{method}`"))),
        }
    }

    /// The client is gone while its request was under way.
    pub(super) fn gone(&self, id: &Id) {
        if let Some(running) = held(&self.running).get(id) {
            running.gone.cancel();
        }
    }

    /// Ends the session when it has been idle for too long, when the gateway ends, or when it is told to; then its
    /// connections.
    pub(super) async fn keep(self: Arc<Session>) {
        let idle = self.mcp.app().config.bounds.session_idle;
        let stop = self.mcp.app().stop.clone();
        let mut changed = self.mcp.seats().changed();
        loop {
            tokio::select! {
                () = self.over.cancelled() => break,
                () = stop.cancelled() => {
                    self.drain().await;
                    break;
                },
                Ok(()) = changed.changed() => self.tell_changed().await,
                () = tokio::time::sleep(idle.checked_div(4).unwrap_or(idle).max(Duration::from_millis(50))) => {
                    let unused = held(&self.running).is_empty() && !self.front.is_open();
                    if unused && held(&self.seen).elapsed() >= idle {
                        tracing::info!(caller = self.caller.name, "an MCP session was idle for too long");
                        break;
                    }
                },
            }
        }
        self.over.cancel();
        self.front.close();
        self.upstreams.iter().for_each(|upstream| upstream.end("the session ended"));
        // Who waits for an answer gets none.
        held(&self.asked).clear();
        self.mcp.seats().end(&self.caller, &self.name);
    }

    async fn drain(&self) {
        let until = Instant::now().checked_add(DRAIN);
        while !held(&self.running).is_empty() && until.is_some_and(|until| Instant::now() < until) {
            tokio::select! {
                () = self.over.cancelled() => return,
                () = tokio::time::sleep(Duration::from_millis(20)) => {},
            }
        }
    }

    /// What the client may see has changed, though not at the servers.
    async fn tell_changed(self: &Arc<Session>) {
        for list in ["tools", "prompts", "resources"] {
            let listed = self.upstreams.iter().any(|upstream| upstream.connected().is_some_and(|live| live.can(list)));
            if listed {
                let method = format!("notifications/{list}/list_changed");
                self.front.deliver(None, Message::notification(&method, Params::default())).await;
            }
        }
    }

    /// The client has shown that it is there.
    fn seen(&self) {
        *held(&self.seen) = Instant::now();
    }

    fn next_id(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}

/// A request is forgotten once it is answered.
struct Ended<'a> {
    session: &'a Session,
    id: &'a Id,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        held(&self.session.running).remove(self.id);
        *held(&self.session.seen) = Instant::now();
    }
}

fn no_servers() -> ErrorData {
    error(super::UNREACHED, "no server is configured for this caller")
}

/// What one server says of itself, without what the gateway does not pass on.
fn alone(about: &Raw) -> Raw {
    let Some(mut said) = Params::read(about) else { return about.clone() };
    let Some(mut capabilities) = said.object("capabilities") else { return about.clone() };
    if capabilities.remove("tasks").is_none() {
        return about.clone();
    }
    said.insert_object("capabilities", &capabilities);
    raw(&said)
}

/// What several servers can do, as one.
fn merged(version: &str, lives: &[(&Arc<Upstream>, Arc<Live>)]) -> Raw {
    let mut capabilities = Map::new();
    for capability in ["tools", "prompts", "resources", "logging", "completions"] {
        if !lives.iter().any(|(_, live)| live.can(capability)) {
            continue;
        }
        let subscribe = lives.iter().any(|(_, live)| live.says(capability, "subscribe"));
        let details = match capability {
            // The policy may change what is listed.
            "tools" | "prompts" => json!({ "listChanged": true }),
            "resources" => json!({ "listChanged": true, "subscribe": subscribe }),
            _ => json!({}),
        };
        capabilities.insert(capability.to_owned(), details);
    }
    let instructions: Vec<String> = lives
        .iter()
        .filter_map(|(upstream, live)| {
            let text = Params::read(&live.about)?.text("instructions")?;
            Some(format!("# {}\n\n{text}", upstream.server.name))
        })
        .collect();
    let mut about = Params::one("protocolVersion", version);
    about.insert("capabilities", capabilities);
    about.insert("serverInfo", json!({ "name": "claw-gateway", "version": env!("CARGO_PKG_VERSION") }));
    if !instructions.is_empty() {
        about.insert("instructions", instructions.join("\n\n"));
    }
    raw(&about)
}
