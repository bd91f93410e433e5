//! A call that waits for people: asking them, waiting for their votes, trying again.
//!
//! Nothing here decides. Each time something has become of what was asked, the same call begins again, and the engine
//! judges it anew with the votes there are. An approval is used by one call: of two that wait for the same, the other
//! asks again.

use std::sync::Arc;
use std::time::Duration;

use claw_engine::Call;
use claw_engine::ledger::{Asking, AskingId, State};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::time::Instant;

use super::flow::Flow;
use super::{Asks, confirm};
use crate::guard::News;

/// How often the ledger is looked at: another gateway may have taken the votes.
const LOOK: Duration = Duration::from_secs(1);
/// How often the client is told that its call still waits.
const TELL: Duration = Duration::from_secs(5);
/// The least time between the first two attempts of one call, and between any two after many.
const BREATH: Duration = Duration::from_millis(50);
const BREATHS: Duration = Duration::from_secs(5);

/// How waiting has ended.
pub(super) enum Waited {
    /// The call was decided.
    Decided(Arc<Call>),
    /// Votes are missing still.
    Pending(Arc<Call>, Vec<Asking>),
    /// Nobody could be asked; why.
    Unasked(Arc<Call>, String),
    /// The client does not wait any more.
    Gone,
    /// The gateway ends.
    Stopping,
}

/// What has become of what was asked.
enum Change {
    /// It is worth another attempt.
    Something,
    /// Nothing, until now.
    TimeOut,
    Gone,
    Stopping,
}

/// Asks for what a call needs, and waits for it.
pub(super) async fn wait(flow: &Flow, mut call: Arc<Call>) -> Waited {
    let app = &flow.seat.0.seats.0.app;
    let deadline = Instant::now().checked_add(app.config.approvals.wait).unwrap_or_else(Instant::now);
    // More than may wait are told at once to come again.
    let place = flow.seat.0.seats.0.waiting.try_acquire();
    let mut breath = BREATH;
    loop {
        // Before asking, so that no vote falls in between.
        let news = app.guard.news();
        let askings = match app.guard.ask(&call).await {
            Ok(askings) => askings,
            Err(error) => return Waited::Unasked(call, error.to_string()),
        };
        if place.is_err() {
            return Waited::Pending(call, askings);
        }
        match (Waiting { flow, askings: &askings, deadline }).change(news).await {
            Change::Something => {}
            Change::TimeOut => return Waited::Pending(call, askings),
            Change::Gone => return Waited::Gone,
            Change::Stopping => return Waited::Stopping,
        }
        call = flow.begin().await;
        if !call.needs_approval() {
            return Waited::Decided(call);
        }
        tokio::time::sleep(breath).await;
        breath = breath.saturating_mul(2).min(BREATHS);
    }
}

struct Waiting<'a> {
    flow: &'a Flow,
    askings: &'a [Asking],
    deadline: Instant,
}

impl Waiting<'_> {
    async fn change(&self, mut news: Receiver<News>) -> Change {
        let stop = &self.flow.seat.0.seats.0.app.stop;
        let ask = confirm::ask(self.flow, self.askings);
        tokio::pin!(ask);
        let mut asked = false;
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut tell = tokio::time::interval(TELL);
        loop {
            tokio::select! {
                biased;
                () = self.flow.gone.cancelled() => return Change::Gone,
                () = stop.cancelled() => return Change::Stopping,
                () = tokio::time::sleep_until(self.deadline) => return Change::TimeOut,
                told = hear(&mut news, self.askings) => if told && self.is_worth_trying().await { return Change::Something },
                _ = look.tick() => if self.is_worth_trying().await { return Change::Something },
                _ = tell.tick() => self.tell().await,
                () = &mut ask, if !asked => {
                    asked = true;
                    if self.is_worth_trying().await {
                        return Change::Something;
                    }
                }
            }
        }
    }

    /// Whether all has been granted, or anything can't be any more.
    async fn is_worth_trying(&self) -> bool {
        let Some(first) = self.askings.first() else { return false };
        let (tenant, request) = (first.ballot.tenant.clone(), first.ballot.request_digest);
        let ids: Vec<AskingId> = self.askings.iter().map(|asking| asking.id).collect();
        let look = move |engine: &claw_engine::Engine| {
            let now = engine.time()?;
            let askings = engine.ledger()?.of_request(tenant.as_deref(), &request).ok()?;
            let state = |id| askings.iter().find(|asking| asking.id == id).map(|asking| asking.state(now));
            Some(ids.into_iter().map(state).collect::<Vec<Option<State>>>())
        };
        // A ledger that can't be asked now is asked again.
        let Some(states) = self.flow.seat.0.seats.0.app.guard.blocking(look).await.flatten() else { return false };
        let is_granted = |state: &Option<State>| *state == Some(State::Granted);
        let is_over = |state: &Option<State>| !matches!(state, Some(State::Open | State::Granted));
        states.iter().all(is_granted) || states.iter().any(is_over)
    }

    async fn tell(&self) {
        let Some(client) = &self.flow.client else { return };
        let names: Vec<String> = self.askings.iter().map(|asking| format!("`{}`", asking.shown.approval)).collect();
        let link = self.askings.first().and_then(|asking| link(self.flow, &asking.id));
        let at = link.map(|link| format!(": {link}")).unwrap_or_default();
        tell(&**client, format!("waiting for {}{at}", names.join(", "))).await;
    }
}

/// A client that does not read must not hold up its call.
async fn tell(client: &dyn Asks, message: String) {
    let _ = tokio::time::timeout(LOOK, client.progress(message)).await;
}

/// Whether the next piece of news is about what was asked. Without news there is looking.
async fn hear(news: &mut Receiver<News>, askings: &[Asking]) -> bool {
    match news.recv().await {
        Ok(news) => askings.iter().any(|asking| asking.id == news.asking) && news.state != State::Open,
        Err(RecvError::Lagged(_)) => true,
        Err(RecvError::Closed) => std::future::pending().await,
    }
}

/// Where people find an asking.
pub(super) fn link(flow: &Flow, asking: &AskingId) -> Option<String> {
    let http = flow.seat.0.seats.0.app.config.http.as_ref()?;
    Some(format!("{}/approvals/{asking}", http.public_url.as_str().trim_end_matches('/')))
}
