//! A server as one session sees it: connected when it is first needed, and again after it has died.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rmcp::ErrorData;
use rmcp::model::ErrorCode;
use serde_json::Value;
use tokio_util::task::TaskTracker;

use super::catalog::{Catalog, Kind, Shelf};
use super::link::child::Program;
use super::link::remote::Remote;
use super::link::{Failure, Heard, Link, Request, child};
use super::message::{Id, Message};
use super::params::{Params, Raw};
use super::seat::Seat;
use super::session::Session;
use super::{Mcp, held};
use crate::config::{Reach, Server};

/// The newest version of the protocol that begins with `initialize`.
pub(super) const NEWEST: &str = "2025-11-25";
/// The code of an error that says: the server could not be asked, or did not answer.
pub const UNREACHED: ErrorCode = ErrorCode(-32_062);
/// How long a server that died rests before it is started again, if it died young.
const YOUNG: Duration = Duration::from_secs(1);
/// So many subscriptions of a session are remembered.
const SUBSCRIBED: usize = 256;

/// A server of a session.
#[derive(Debug)]
pub(super) struct Upstream {
    pub server: Arc<Server>,
    pub seat: Seat,
    live: Mutex<Option<Arc<Live>>>,
    /// Held while it is being connected.
    connecting: tokio::sync::Mutex<()>,
    standing: Mutex<Standing>,
}

/// What a client has asked for that holds from then on: a server that is connected anew is told again.
#[derive(Debug, Default)]
struct Standing {
    level: Option<Params>,
    subscribed: BTreeSet<String>,
}

/// A server that is connected.
#[derive(Debug)]
pub(super) struct Live {
    pub link: Arc<Link>,
    /// What it answered to `initialize`.
    pub about: Raw,
    capabilities: Value,
    shelves: [Shelf; 4],
    most: usize,
    since: tokio::time::Instant,
}

impl Live {
    /// Whether the server has said that it can do something.
    pub(super) fn can(&self, capability: &str) -> bool {
        self.capabilities.get(capability).is_some()
    }

    /// Whether it has said something of what it can do.
    pub(super) fn says(&self, capability: &str, what: &str) -> bool {
        self.capabilities.get(capability).and_then(|capability| capability.get(what)) == Some(&Value::Bool(true))
    }

    fn shelf(&self, kind: Kind) -> &Shelf {
        let [tools, prompts, resources, templates] = &self.shelves;
        match kind {
            Kind::Tools => tools,
            Kind::Prompts => prompts,
            Kind::Resources => resources,
            Kind::Templates => templates,
        }
    }

    /// What it lists now; nothing, if it does not list such things.
    pub(super) async fn catalog(&self, kind: Kind) -> Result<Arc<Catalog>, Failure> {
        if !self.can(kind.capability()) {
            return Ok(Arc::default());
        }
        match self.shelf(kind).get(&self.link, self.most).await {
            // Servers with resources need not have templates.
            Err(Failure::Refused(error)) if kind == Kind::Templates && error.code == ErrorCode::METHOD_NOT_FOUND => {
                Ok(Arc::default())
            }
            catalog => catalog,
        }
    }

    /// The next who asks for a list gets it anew.
    pub(super) fn refresh(&self, kind: Kind) {
        self.shelf(kind).changed();
    }

    /// A notification says that a list has changed.
    pub(super) fn note(&self, method: &str) {
        match method {
            "notifications/tools/list_changed" => self.shelf(Kind::Tools).changed(),
            "notifications/prompts/list_changed" => self.shelf(Kind::Prompts).changed(),
            "notifications/resources/list_changed" => {
                self.shelf(Kind::Resources).changed();
                self.shelf(Kind::Templates).changed();
            }
            _ => {}
        }
    }
}

impl Upstream {
    pub(super) fn new(server: Arc<Server>, seat: Seat) -> Upstream {
        Upstream {
            server,
            seat,
            live: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
            standing: Mutex::default(),
        }
    }

    /// The server, connected: now, if it is not. `hello` is what the client said of itself.
    pub(super) async fn live(&self, session: &Arc<Session>, hello: &Params) -> Result<Arc<Live>, Failure> {
        if let Some(live) = self.connected() {
            return Ok(live);
        }
        let _connecting = self.connecting.lock().await;
        if let Some(live) = self.connected() {
            return Ok(live);
        }
        let dead = held(&self.live).take();
        if let Some(young) = dead.and_then(|dead| YOUNG.checked_sub(dead.since.elapsed())) {
            tokio::time::sleep(young).await;
        }
        let connected = Arc::new(self.connect(session, hello).await?);
        *held(&self.live) = Some(Arc::clone(&connected));
        if session.is_over() {
            // It ended meanwhile, and did not know of this connection.
            connected.link.end("the session ended");
        }
        Ok(connected)
    }

    /// The server, if it is connected.
    pub(super) fn connected(&self) -> Option<Arc<Live>> {
        held(&self.live).as_ref().filter(|live| !live.link.over().is_cancelled()).cloned()
    }

    /// How much is to be logged, from now on.
    pub(super) fn logs(&self, level: &Params) {
        held(&self.standing).level = Some(level.clone());
    }

    /// Whether the client listens to a resource, from now on.
    pub(super) fn listens(&self, uri: &str, listens: bool) {
        let mut standing = held(&self.standing);
        if !listens {
            standing.subscribed.remove(uri);
        } else if standing.subscribed.len() < SUBSCRIBED {
            standing.subscribed.insert(uri.to_owned());
        }
    }

    /// Tells a server that was connected anew what the client has asked for before. What it does not take is as lost as
    /// if the client had asked it now.
    async fn tell_again(&self, link: &Link) {
        let (level, uris) = {
            let standing = held(&self.standing);
            (standing.level.clone(), standing.subscribed.clone())
        };
        let level = level.map(|params| Request { method: "logging/setLevel", params, ..Request::default() });
        let subscribed = uris.into_iter().map(|uri| {
            let params = Params::one("uri", uri);
            Request { method: "resources/subscribe", params, ..Request::default() }
        });
        for request in level.into_iter().chain(subscribed) {
            match link.request(request).await {
                Ok(_) => {}
                Err(Failure::Refused(error)) => tracing::debug!(server = self.server.name, "{}", error.message),
                // It is not well: the next call will tell.
                Err(_) => return,
            }
        }
    }

    /// Ends the connection.
    pub(super) fn end(&self, why: &str) {
        if let Some(live) = held(&self.live).as_ref() {
            live.link.end(why);
        }
    }

    async fn connect(&self, session: &Arc<Session>, hello: &Params) -> Result<Live, Failure> {
        if session.is_over() {
            return Err(Failure::NotSent("the session has ended".to_owned()));
        }
        let mcp = &session.mcp;
        let bounds = &mcp.app().config.bounds;
        let heard: Arc<dyn Heard> =
            Arc::new(Ear { session: Arc::downgrade(session), server: Arc::clone(&self.server) });
        let (link, remote) = self.open(mcp, &heard, mcp.tasks()).map_err(Failure::NotSent)?;
        let guard = EndUnlessKept(Some(&link));
        let about = link.request(Request { method: "initialize", params: hello.clone(), ..Request::default() }).await;
        // What a server that ends at once has to say is in the log.
        let about = about.map_err(|failure| match failure {
            Failure::Lost(why) => Failure::NotSent(why),
            failure => failure,
        })?;
        let said = Params::read(&about).unwrap_or_default();
        if let Some(remote) = remote {
            let version = said.text("protocolVersion").unwrap_or_default();
            remote.agreed(&version, &link, &heard, mcp.tasks());
        }
        link.send(&Message::notification("notifications/initialized", Params::default())).await;
        self.tell_again(&link).await;
        guard.keep();
        let since = tokio::time::Instant::now();
        let capabilities = said.value("capabilities").unwrap_or_default();
        Ok(Live { link, about, capabilities, shelves: Kind::ALL.map(Shelf::new), most: bounds.listed, since })
    }

    fn open(
        &self,
        mcp: &Mcp,
        heard: &Arc<dyn Heard>,
        tasks: &TaskTracker,
    ) -> Result<(Arc<Link>, Option<Arc<Remote>>), String> {
        let (name, timeout) = (&self.server.name, self.server.timeout);
        let limit = mcp.app().config.bounds.body;
        match &self.server.reach {
            Reach::Child { command, args, env, cwd } => {
                let program = Program { command, args, env, cwd: cwd.as_ref() };
                child::start(name, &program, (limit, timeout), Arc::clone(heard), tasks).map(|link| (link, None))
            }
            Reach::Http { url, headers } => {
                let headers = headers.iter().map(|(name, value)| (name, value.0.as_str()));
                let remote = Remote::new(mcp.client()?, url.clone(), headers, limit)?;
                Ok((remote.start(name, timeout, heard, tasks), Some(remote)))
            }
        }
    }

    /// What a client is told of a failure.
    pub(super) fn told(&self, failure: Failure) -> ErrorData {
        match failure {
            Failure::Refused(error) => error,
            failure => ErrorData::new(UNREACHED, format!("the server `{}`: {failure}", self.server.name), None),
        }
    }
}

/// A connection that was not completed is ended, also where its client did not wait for it.
struct EndUnlessKept<'a>(Option<&'a Link>);

impl EndUnlessKept<'_> {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for EndUnlessKept<'_> {
    fn drop(&mut self) {
        if let Some(link) = self.0 {
            link.end("it was not connected in time");
        }
    }
}

/// Tells a session what a server says of its own accord. It does not keep the session alive.
struct Ear {
    session: Weak<Session>,
    server: Arc<Server>,
}

impl Heard for Ear {
    fn heard<'a>(&'a self, link: &'a Arc<Link>, message: Message, during: Option<Id>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Some(session) = self.session.upgrade() {
                session.heard(&self.server.name, link, message, during).await;
            }
        })
    }
}
