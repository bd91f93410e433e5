//! The proxy of MCP servers (Model Context Protocol).
//!
//! `seat` decides and knows no transport; the rest carries messages and decides nothing. `http` and `stdio` face the
//! client, `link` faces one server, and a `session` stands between them: what a client asks goes through a seat to the
//! server, what a server says of its own accord goes to the client, in its order. Messages are passed as they are.

mod catalog;
mod http;
mod lines;
mod link;
mod message;
mod params;
pub mod pins;
pub mod seat;
mod session;
mod stdio;
mod template;
mod upstream;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use axum::Router;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use self::seat::Seats;
use self::session::{Front, Parts, Scope, Session};
pub use self::stdio::StdioError;
pub use self::upstream::UNREACHED;
use self::upstream::Upstream;
use crate::app::App;
use crate::config::{Caller, Server};

/// The proxy. A handle: clones share everything.
#[derive(Clone)]
pub struct Mcp(Arc<Inner>);

struct Inner {
    app: App,
    seats: Seats,
    tasks: TaskTracker,
    /// One permit for each session over HTTP.
    places: Arc<Semaphore>,
    open: Mutex<HashMap<String, Arc<http::Open>>>,
    client: OnceLock<Result<reqwest::Client, String>>,
}

impl fmt::Debug for Mcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mcp").field("open", &held(&self.0.open).len()).finish_non_exhaustive()
    }
}

impl Mcp {
    /// A proxy for the servers of the configuration. It connects to none until a client comes.
    ///
    /// # Errors
    /// In words, where a file of the data folder can't be used.
    pub fn open(app: App) -> Result<Mcp, String> {
        let seats = Seats::open(app.clone())?;
        let places = Arc::new(Semaphore::new(app.config.bounds.sessions.min(Semaphore::MAX_PERMITS)));
        let (tasks, open, client) = (TaskTracker::new(), Mutex::default(), OnceLock::new());
        Ok(Mcp(Arc::new(Inner { app, seats, tasks, places, open, client })))
    }

    /// The endpoints: `/mcp/{server}` for one server as it is, `/mcp` for all that the caller reaches.
    pub fn router(&self) -> Router {
        http::router(self.clone())
    }

    /// Serves one session on standard input and output until the input ends: of the named servers, or of all that the
    /// caller reaches.
    ///
    /// # Errors
    /// If a server is not known, or not to this caller.
    pub async fn stdio(&self, caller: Arc<Caller>, servers: &[String]) -> Result<(), StdioError> {
        self.lines(caller, servers, tokio::io::stdin(), tokio::io::stdout()).await
    }

    /// As [`Mcp::stdio`], on another input and output.
    ///
    /// # Errors
    /// As there.
    pub async fn lines(
        &self,
        caller: Arc<Caller>,
        servers: &[String],
        input: impl AsyncRead + Unpin + Send,
        output: impl AsyncWrite + Unpin + Send + 'static,
    ) -> Result<(), StdioError> {
        stdio::serve(self, caller, servers, input, output).await
    }

    /// Waits until all sessions have ended and their servers with them, at most so long; whether they have. Sessions end
    /// by themselves once the gateway is to end (`App::stop`): what runs is finished first.
    pub async fn closed(&self, within: Duration) -> bool {
        self.0.tasks.close();
        let ended = tokio::time::timeout(within, self.0.tasks.wait()).await.is_ok();
        ended & self.0.seats.settled(Duration::from_secs(5)).await
    }

    fn app(&self) -> &App {
        &self.0.app
    }

    fn seats(&self) -> &Seats {
        &self.0.seats
    }

    fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// The client for servers over HTTP: one for all, so that connections are shared.
    fn client(&self) -> Result<reqwest::Client, String> {
        self.0.client.get_or_init(link::remote::client).clone()
    }

    /// The servers that a caller reaches, in the configuration's order: all, or only those named.
    fn servers(&self, caller: &Caller, named: Option<&[String]>) -> Vec<Arc<Server>> {
        let reached = |server: &&Arc<Server>| {
            let among = |names: &[String]| names.contains(&server.name);
            caller.servers.as_deref().is_none_or(among) && named.is_none_or(among)
        };
        self.app().config.servers.iter().filter(reached).cloned().collect()
    }

    /// A new session, which ends by itself.
    fn session(&self, opening: Opening) -> Arc<Session> {
        let Opening { id, name, caller, servers, one, front, place } = opening;
        let scope = if one { Scope::One } else { Scope::Many { prefixed: self.app().config.servers.len() > 1 } };
        let upstreams = servers
            .into_iter()
            .map(|server| {
                let seat = self.seats().seat(Arc::clone(&caller), Arc::clone(&server), name.clone());
                Arc::new(Upstream::new(server, seat))
            })
            .collect();
        Session::new(self.clone(), Parts { id, name, caller, scope, upstreams, front, place })
    }
}

/// What a session is opened with.
struct Opening {
    id: String,
    /// What policies know it by.
    name: String,
    caller: Arc<Caller>,
    servers: Vec<Arc<Server>>,
    /// Whether the client asked for one server, to see it as it is.
    one: bool,
    front: Arc<dyn Front>,
    place: Option<OwnedSemaphorePermit>,
}

/// A lock whose holders leave nothing half done: a panic in one of them spoils nothing.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
