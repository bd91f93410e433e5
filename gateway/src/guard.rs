//! The engine for an async host: every question runs where blocking is allowed, is counted, and what is new about
//! approvals is told to whoever waits for it.

use std::sync::Arc;

use claw_engine::audit::{DecisionEvent, Event};
use claw_engine::ledger::{Asking, AskingId, State};
use claw_engine::{Call, Engine, EngineError};
use claw_runtime::{Decision, Digest, Reason, RequestInput, SessionScope, SettleOutcome, Settlement, StateError, Vote};
use tokio::sync::broadcast;

use crate::long::LongCalls;

/// So many pieces of news wait for a listener; one that is slower must look for itself.
const NEWS: usize = 256;

const INTERRUPTED: &str = "the decision was interrupted";

/// An engine for async hosts. A handle: clones share everything.
#[derive(Clone, Debug)]
pub struct Guard(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    engine: Engine,
    news: broadcast::Sender<News>,
    watchers: Vec<Arc<dyn Watcher>>,
    long: LongCalls,
}

/// Sees every answer: metrics.
pub trait Watcher: std::fmt::Debug + Send + Sync {
    /// A call was decided.
    fn decided(&self, call: &Call);
    /// A call was settled, or could not be.
    fn settled(&self, how: Settlement, outcome: Result<SettleOutcome, &EngineError>);
    /// Something became of an asking.
    fn asked(&self, asking: &Asking, state: State);
}

/// Something became of an asking.
#[derive(Clone, Debug)]
pub struct News {
    /// Whose it is.
    pub tenant: Option<String>,
    /// Which.
    pub asking: AskingId,
    /// Of which request.
    pub request: Digest,
    /// Where it stands now.
    pub state: State,
}

impl Guard {
    /// Guards with an engine. The watchers see every answer.
    #[must_use]
    pub fn new(engine: Engine, watchers: Vec<Arc<dyn Watcher>>) -> Guard {
        Guard(Arc::new(Inner { engine, news: broadcast::Sender::new(NEWS), watchers, long: LongCalls::default() }))
    }

    /// The engine, for what does not block: policies, and what a call that was decided knows.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// What becomes of askings from now on. Votes that another gateway took are not among it.
    #[must_use]
    pub fn news(&self) -> broadcast::Receiver<News> {
        self.0.news.subscribe()
    }

    /// [`Engine::begin`]. The call must be settled if it is allowed, whatever becomes of it.
    pub async fn begin(&self, input: RequestInput) -> Arc<Call> {
        self.decide(move |engine| engine.begin(input)).await
    }

    /// [`Engine::begin_json`].
    pub async fn begin_json(&self, bytes: Vec<u8>) -> Arc<Call> {
        self.decide(move |engine| engine.begin_json(&bytes)).await
    }

    /// Denies a call that does not reach the engine. It is counted and in the audit log like any other.
    pub async fn refuse(&self, mut input: RequestInput, reason: Reason, message: impl Into<String>) -> Arc<Call> {
        input.time = input.time.or_else(|| self.0.engine.time());
        let call = Arc::new(Call::refused(input, reason, message));
        let refused = Arc::clone(&call);
        let record = move |engine: &Engine| {
            let event = DecisionEvent::without_policy(refused.input(), refused.decision(), 0);
            // It is a denial, whether it can be written or not.
            engine.audit().map(|audit| audit.record(refused.input().time, &Event::Decision(Box::new(event))))
        };
        if let Some(Some(Err(error))) = self.blocking(record).await {
            tracing::error!(%error, "a denial is not in the audit log");
        }
        self.0.watchers.iter().for_each(|watcher| watcher.decided(&call));
        call
    }

    /// A denial where the answer got lost.
    #[must_use]
    pub fn interrupted(&self) -> Arc<Call> {
        let call = Call::refused(RequestInput::default(), Reason::StateUnavailable, INTERRUPTED);
        self.0.watchers.iter().for_each(|watcher| watcher.decided(&call));
        Arc::new(call)
    }

    /// [`Engine::preview`].
    pub async fn preview(&self, input: RequestInput) -> Decision {
        match self.blocking(move |engine| engine.preview(input)).await {
            Some(decision) => decision,
            None => Decision::denial(Reason::StateUnavailable, Some(INTERRUPTED.to_owned())),
        }
    }

    /// [`Engine::settle`].
    ///
    /// # Errors
    /// As there; [`EngineError::State`] also where the answer got lost.
    pub async fn settle(
        &self,
        call: &Arc<Call>,
        how: Settlement,
        result: Option<Vec<u8>>,
    ) -> Result<SettleOutcome, EngineError> {
        let call = Arc::clone(call);
        self.settled(how, move |engine| engine.settle(&call, how, result.as_deref())).await
    }

    /// [`Engine::settle_by_id`].
    ///
    /// # Errors
    /// As [`Guard::settle`].
    pub async fn settle_by_id(
        &self,
        scope: OwnedScope,
        call_id: String,
        how: Settlement,
        result: Option<Vec<u8>>,
    ) -> Result<SettleOutcome, EngineError> {
        self.settled(how, move |engine| engine.settle_by_id(&scope.view(), &call_id, how, result.as_deref())).await
    }

    /// [`Engine::ask`].
    ///
    /// # Errors
    /// As there.
    pub async fn ask(&self, call: &Arc<Call>) -> Result<Vec<Asking>, EngineError> {
        let (guard, call) = (self.clone(), Arc::clone(call));
        let asked = self.blocking(move |engine| {
            let askings = engine.ask(&call)?;
            let cut = askings.iter().find(|asking| !asking.shown.is_whole());
            if let Some((asking, text)) = cut.and_then(|asking| Some((asking, call.shown_whole()?))) {
                guard.0.long.keep(asking.ballot.request_digest, text);
            }
            askings.iter().for_each(|asking| guard.tell(asking));
            Ok(askings)
        });
        asked.await.unwrap_or_else(|| Err(lost()))
    }

    /// All of a call that people were asked about since this process runs, where the ledger shows but a part of it; see
    /// [`Call::shown_whole`].
    #[must_use]
    pub fn whole_call(&self, request: &Digest) -> Option<Arc<str>> {
        self.0.long.get(request)
    }

    /// [`Engine::vote`].
    ///
    /// # Errors
    /// As there.
    pub async fn vote(&self, tenant: Option<String>, id: AskingId, vote: Vote) -> Result<Asking, EngineError> {
        let guard = self.clone();
        let voted = self.blocking(move |engine| {
            let asking = engine.vote(tenant.as_deref(), &id, vote)?;
            guard.tell(&asking);
            Ok(asking)
        });
        voted.await.unwrap_or_else(|| Err(lost()))
    }

    /// Runs something that blocks. `None` if it panicked or the process ends: whatever it was to allow is not allowed.
    pub async fn blocking<T: Send + 'static>(&self, work: impl FnOnce(&Engine) -> T + Send + 'static) -> Option<T> {
        let engine = self.0.engine.clone();
        tokio::task::spawn_blocking(move || work(&engine)).await.ok()
    }

    // Whoever waits for an answer may give up waiting. What was begun ends all the same, and so it is counted and told
    // where it ends.

    async fn decide(&self, work: impl FnOnce(&Engine) -> Call + Send + 'static) -> Arc<Call> {
        let guard = self.clone();
        let decided = self.blocking(move |engine| {
            let call = work(engine);
            guard.0.watchers.iter().for_each(|watcher| watcher.decided(&call));
            Arc::new(call)
        });
        decided.await.unwrap_or_else(|| self.interrupted())
    }

    async fn settled(
        &self,
        how: Settlement,
        work: impl FnOnce(&Engine) -> Result<SettleOutcome, EngineError> + Send + 'static,
    ) -> Result<SettleOutcome, EngineError> {
        let guard = self.clone();
        let settled = self.blocking(move |engine| {
            let outcome = work(engine);
            guard.0.watchers.iter().for_each(|watcher| watcher.settled(how, outcome.as_ref().copied()));
            outcome
        });
        settled.await.unwrap_or_else(|| Err(lost()))
    }

    fn tell(&self, asking: &Asking) {
        let state = asking.state(asking.seen_at);
        self.0.watchers.iter().for_each(|watcher| watcher.asked(asking, state));
        let news = News {
            tenant: asking.ballot.tenant.as_deref().map(Into::into),
            asking: asking.id,
            request: asking.ballot.request_digest,
            state,
        };
        // Nobody may be listening.
        let _ = self.0.news.send(news);
    }
}

/// The names of a session, owned.
#[derive(Clone, Debug, Default)]
pub struct OwnedScope {
    /// Whose it is.
    pub tenant: Option<String>,
    /// The session.
    pub session: Option<String>,
    /// The session that started it.
    pub parent_session: Option<String>,
}

impl OwnedScope {
    /// As the engine takes it.
    #[must_use]
    pub fn view(&self) -> SessionScope<'_> {
        SessionScope {
            tenant: self.tenant.as_deref(),
            session: self.session.as_deref(),
            parent_session: self.parent_session.as_deref(),
        }
    }
}

fn lost() -> EngineError {
    EngineError::State(StateError::Unavailable("the answer got lost".to_owned()))
}
