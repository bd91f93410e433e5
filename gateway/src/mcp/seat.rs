//! Guarding what goes to MCP servers: what may be listed, and one call from its decision to its settlement.
//!
//! A [`Seat`] is one caller's place at one server in one session. It knows no transport: whoever carries the messages
//! says what was called, how to execute it and how to reach the client. Nothing is executed that was not allowed, what
//! was begun is settled whatever becomes of the client, and what fails is a denial.

mod answer;
mod approve;
mod confirm;
mod flow;
mod heard;
mod list;
mod memory;
mod request;
mod resolve;
mod uri;

use std::fmt;
use std::sync::{Arc, Once};
use std::time::Duration;

use claw_engine::Engine;
use claw_runtime::{Digest, Kind};
use futures_util::future::BoxFuture;
use rmcp::ErrorData;
use serde_json::Value;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::answer::{DECISION, DENIED, PENDING};
use self::flow::Flow;
use self::list::Callable;
use self::memory::{Memory, Seen};
use self::request::Digests;
use super::pins::Pins;
use crate::app::App;
use crate::config::{Caller, Server, SessionBy};
use crate::guard::Guard;

/// The constraints of policies that a call through the proxy is held to: `timeout`, a duration.
pub const ENFORCED: &[&str] = &["timeout"];

/// How often is looked for other policies and pins.
const LOOK: Duration = Duration::from_secs(1);

/// What all seats of a gateway share. A handle: clones share everything.
#[derive(Clone)]
pub struct Seats(Arc<Shared>);

struct Shared {
    app: App,
    pins: Pins,
    memory: Memory,
    callable: Callable,
    digests: Digests,
    /// Calls that are under way.
    calls: TaskTracker,
    /// One permit for each call that waits for votes.
    waiting: Semaphore,
    /// Changes when a client's list may have become another one.
    changed: watch::Sender<u64>,
    /// Whether somebody looks for such changes.
    watching: Once,
}

/// One caller's place at one server in one session. A handle: clones are the same seat.
#[derive(Clone)]
pub struct Seat(Arc<Place>);

struct Place {
    seats: Seats,
    caller: Arc<Caller>,
    server: Arc<Server>,
    session: String,
    seen: Arc<Seen>,
}

/// Something that a server lists.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The name of a tool or prompt, the URI of a resource, the URI template of a resource template.
    pub name: String,
    /// Its definition, as the server states it; `null` for what it does not list.
    pub definition: Value,
}

/// Something that a client calls.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What is called.
    pub kind: Kind,
    /// The name of a tool or prompt, or the URI of a resource.
    pub name: String,
    /// The arguments, an object; nothing else counts for a resource but its URI.
    pub args: Value,
    /// Its definition as the server states it now; of a resource that is not listed, that of the template that it fits.
    /// `None` where the server lists no such thing.
    pub definition: Option<Value>,
}

/// Why an execution gave no result.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What the client is told.
    pub error: ErrorData,
    /// Whether the server may have got the call. If it certainly did not, what the call has reserved is given back.
    pub sent: bool,
}

impl Failure {
    /// The server certainly did not get the call.
    #[must_use]
    pub fn not_sent(error: ErrorData) -> Failure {
        Failure { error, sent: false }
    }
}

impl From<ErrorData> for Failure {
    fn from(error: ErrorData) -> Failure {
        Failure { error, sent: true }
    }
}

/// What an execution answers: the result as JSON.
pub type Executed = BoxFuture<'static, Result<Value, Failure>>;

/// A client that can be asked and told while its call waits.
pub trait Asks: Send + Sync {
    /// Whether the client has declared that it can ask its user (`elicitation`, in form mode).
    fn can_elicit(&self) -> bool;

    /// Asks the client's user (`elicitation/create`). Dropping the future takes the question back, if it can be.
    fn elicit(&self, question: Question) -> BoxFuture<'_, Answer>;

    /// Says how the call stands (`notifications/progress`), where the client has asked for it.
    fn progress(&self, message: String) -> BoxFuture<'_, ()>;
}

/// A question to a client's user.
#[derive(Clone, Debug)]
pub struct Question {
    /// What the user reads.
    pub message: String,
    /// The form, as `requestedSchema`.
    pub schema: Value,
}

/// What a client's user answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Yes, with what they filled in.
    Accept(Value),
    /// No.
    Decline,
    /// Nothing: they closed the question, or could not be asked.
    Cancel,
}

impl Seats {
    /// Opens what the seats share, pins among it.
    ///
    /// # Errors
    /// In words, where a file of the data folder can't be used.
    pub fn open(app: App) -> Result<Seats, String> {
        let shared = Shared {
            pins: Pins::open(&app.config.data)?,
            memory: Memory::open(&app.config)?,
            callable: Callable::default(),
            digests: Digests::default(),
            calls: TaskTracker::new(),
            waiting: Semaphore::new(app.config.bounds.waiting.min(Semaphore::MAX_PERMITS)),
            changed: watch::Sender::new(0),
            watching: Once::new(),
            app,
        };
        Ok(Seats(Arc::new(shared)))
    }

    /// A place for a caller at a server. `session` is the session's name, as [`SessionBy`] says what it is. What a session
    /// of one connection has seen is known as long as there is a seat of it: keep one.
    #[must_use]
    pub fn seat(&self, caller: Arc<Caller>, server: Arc<Server>, session: String) -> Seat {
        let lasting = caller.session != SessionBy::Connection;
        let seen = self.0.memory.session(caller.tenant.as_deref(), &session, lasting);
        Seat(Arc::new(Place { seats: self.clone(), caller, server, session, seen }))
    }

    /// Changes when what [`Seat::list`] answers may have changed: another policy, pins that were accepted. To be called in
    /// an async runtime.
    #[must_use]
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.0.watching.call_once(|| drop(tokio::spawn(self.clone().watch())));
        self.0.changed.subscribe()
    }

    /// Looks for what makes [`Seats::changed`] change, until the gateway ends.
    async fn watch(self) {
        let Shared { app, changed, .. } = &*self.0;
        let mut before = None;
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = app.stop.cancelled() => return,
                _ = look.tick() => {}
            }
            let seats = self.clone();
            let Some((policies, accepted)) = app.guard.blocking(move |engine| seats.look(engine)).await else {
                continue;
            };
            if accepted || before.as_ref().is_some_and(|before| *before != policies) {
                changed.send_modify(|version| *version = version.wrapping_add(1));
            }
            before = Some(policies);
        }
    }

    /// The policies of all callers, and whether pins have changed.
    fn look(&self, engine: &Engine) -> (Vec<Option<Digest>>, bool) {
        let policy = |caller: &Arc<Caller>| {
            engine.policies().current(caller.tenant.as_deref()).map(|loaded| loaded.version.digest)
        };
        let accepted = self.0.pins.refresh().unwrap_or_else(|error| {
            tracing::warn!(%error, "pins can't be read");
            false
        });
        (self.0.app.config.callers.iter().map(policy).collect(), accepted)
    }

    /// Waits until every call that is under way is settled, at most so long. Whether all are.
    pub async fn settled(&self, within: Duration) -> bool {
        self.0.calls.close();
        tokio::time::timeout(within, self.0.calls.wait()).await.is_ok()
    }

    /// The session of a connection has ended: nothing of it is needed any more. Sessions that outlive connections go on.
    pub fn end(&self, caller: &Caller, session: &str) {
        if caller.session == SessionBy::Connection {
            self.0.memory.end(caller.tenant.as_deref(), session);
        }
    }
}

impl Seat {
    /// Which of these may be shown to the caller, in their order: what some grant could cover, and whose definition is
    /// not another than the one that is pinned. Definitions that were never seen are pinned.
    pub async fn list(&self, kind: Kind, listed: Vec<Listed>) -> Vec<bool> {
        let (seat, count) = (self.clone(), listed.len());
        let shown = self.guard().blocking(move |engine| list::shown(engine, &seat.0, kind, &listed));
        shown.await.unwrap_or_else(|| vec![false; count])
    }

    /// Takes note of what the server said otherwise than in the result of a call, such as the messages of a
    /// `sampling/createMessage`: before it is passed on. Whether it may be.
    pub async fn heard(&self, said: Value) -> bool {
        if !heard::listens(&self.0) {
            return true;
        }
        let seat = self.clone();
        matches!(self.guard().blocking(move |_| heard::heard(&seat.0, &said)).await, Some(Ok(())))
    }

    /// Decides a call and, if it is allowed now or after people have agreed, executes it with the arguments that were
    /// judged (of a resource `{"uri": …}`), and settles it. Dropping the future ends the wait for people, and nothing
    /// is executed then; an execution that has begun goes on to its end.
    ///
    /// A denied tool call is a result with `isError`, which clients show the model; everything else that is denied is
    /// an error with the code [`DENIED`] or [`PENDING`].
    ///
    /// # Errors
    /// What the server answered, or why it was not asked.
    pub async fn run(
        &self,
        subject: Subject,
        client: Option<Arc<dyn Asks>>,
        execute: impl FnOnce(Value) -> Executed + Send + 'static,
    ) -> Result<Value, ErrorData> {
        let kind = subject.kind;
        let shared = &self.0.seats.0;
        if shared.app.stop.is_cancelled() {
            return answer::stopping(kind);
        }
        let gone = CancellationToken::new();
        let _guard = gone.clone().drop_guard();
        let call = Flow::new(self.clone(), subject, client, gone);
        match shared.calls.spawn(shared.app.tasks.track_future(call.run(execute))).await {
            Ok(answer) => answer,
            Err(_) => Err(answer::interrupted()),
        }
    }

    fn guard(&self) -> &Guard {
        &self.0.seats.0.app.guard
    }
}

impl fmt::Debug for Seats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seats").finish_non_exhaustive()
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { caller, server, session, .. } = &*self.0;
        f.debug_struct("Seat")
            .field("caller", &caller.name)
            .field("server", &server.name)
            .field("session", session)
            .finish()
    }
}
