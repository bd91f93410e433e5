//! Telling an address of what becomes of askings, so that people hear of them where they are.
//!
//! Each message is signed with a secret (`message.rs`) and sent until it is received or given up (`delivery.rs`), beside
//! all calls: nothing waits for it, and nothing is decided by what comes back. This file finds out what there is to tell:
//! from the gateway's own news, by the clock, and from the ledger after a start.
//!
//! A message is told at least once and may come twice, also from another gateway of the same ledger: its id is the same
//! then.

mod delivery;
mod message;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use claw_engine::ledger::{Asking, AskingId, Refusal, State};
use claw_engine::{Clock, SystemClock};
use claw_runtime::Time;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;

use self::delivery::Queue;
use self::message::{Event, Message};
use crate::app::App;
use crate::open::Place;

pub use self::message::signature;

/// Askings that are followed until they expire. Of further ones it is not told that they have.
const FOLLOWED: usize = 10_000;
/// How often the clock is looked at for what has expired.
const LOOK: Duration = Duration::from_secs(1);

/// Starts telling, if the configuration names an address. The task ends soon after the gateway stops, with at most one
/// more attempt at what waits: wait for it.
///
/// The main gateway begins with all that awaits votes, since it may have ended before it told. The ones beside it come
/// and go with their clients, and tell only of what happens in them.
///
/// # Errors
/// Says why nothing can be told: there is no way to make HTTP requests.
pub fn spawn(app: &App, place: Place) -> Result<Option<JoinHandle<()>>, String> {
    spawn_with_clock(app, place, Arc::new(SystemClock))
}

/// As [`spawn`], with another clock than the machine's: for tests. It should be the engine's.
///
/// # Errors
/// As there.
pub fn spawn_with_clock(app: &App, place: Place, clock: Arc<dyn Clock>) -> Result<Option<JoinHandle<()>>, String> {
    let Some(webhook) = app.config.approvals.webhook.clone() else { return Ok(None) };
    let queue = Queue::open(webhook, app)?;
    let news = app.guard.news();
    let teller = Teller { app: app.clone(), place, clock, queue, followed: HashMap::new() };
    Ok(Some(tokio::spawn(teller.run(news))))
}

/// Knows what was told.
struct Teller {
    app: App,
    place: Place,
    clock: Arc<dyn Clock>,
    queue: Queue,
    followed: HashMap<AskingId, Followed>,
}

/// An asking that has not expired, and what was last told of it.
struct Followed {
    tenant: Option<String>,
    told: Event,
    expires: Time,
}

impl Teller {
    async fn run(mut self, mut news: tokio::sync::broadcast::Receiver<crate::guard::News>) {
        let stop = self.app.stop.clone();
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        self.survey().await;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                piece = news.recv() => match piece {
                    Ok(piece) => self.look_at(piece.tenant, piece.asking).await,
                    Err(RecvError::Lagged(_)) => self.survey().await,
                    Err(RecvError::Closed) => break,
                },
                _ = look.tick() => self.expired().await,
            }
        }
        self.queue.close().await;
    }

    /// Looks at everything that awaits votes, since some of it may not have been told.
    async fn survey(&mut self) {
        if self.place == Place::Beside {
            return;
        }
        let people = self.app.config.people.iter().map(|person| person.tenant.clone());
        let callers = self.app.config.callers.iter().map(|caller| caller.tenant.clone());
        let tenants: BTreeSet<Option<String>> = people.chain(callers).chain([None]).collect();
        let Some(now) = self.clock.now() else { return };
        for tenant in tenants {
            let open = self.app.guard.blocking(move |engine| all_open(engine, tenant.as_deref(), now)).await;
            match open {
                Some(Ok(askings)) => askings.iter().for_each(|asking| self.notice(asking)),
                Some(Err(refusal)) => tracing::warn!(%refusal, "what waits for approval can't be looked up to be told"),
                None => {}
            }
        }
    }

    /// Looks at one asking.
    async fn look_at(&mut self, tenant: Option<String>, id: AskingId) {
        let get = self.app.guard.blocking(move |engine| engine.ledger()?.get(tenant.as_deref(), &id).ok()).await;
        if let Some(Some(asking)) = get {
            self.notice(&asking);
        }
    }

    /// Looks at what should have expired by now.
    async fn expired(&mut self) {
        let Some(now) = self.clock.now() else { return };
        let over = self.followed.iter().filter(|(_, followed)| now > followed.expires);
        let over: Vec<(AskingId, Option<String>, Event)> =
            over.map(|(id, followed)| (*id, followed.tenant.clone(), followed.told)).collect();
        for (id, tenant, told) in over {
            if told == Event::Opened {
                self.look_at(tenant, id).await;
            }
            self.followed.remove(&id);
        }
    }

    /// Tells what is new about an asking, if anything is.
    fn notice(&mut self, asking: &Asking) {
        let Some(now) = self.clock.now() else { return };
        let event = match asking.state(now) {
            State::Open => Event::Opened,
            State::Granted | State::Consumed => Event::Granted,
            State::Refused => Event::Refused,
            State::Expired => Event::Expired,
        };
        let before = self.followed.get(&asking.id).map(|followed| followed.told);
        if before == Some(event) {
            return;
        }
        if self.followed.len() < FOLLOWED || before.is_some() {
            let tenant = asking.ballot.tenant.clone();
            self.followed.insert(asking.id, Followed { tenant, told: event, expires: asking.expires_at });
        }
        let page = self.app.config.http.as_ref().map(|http| &http.public_url);
        self.queue.put(Message::new(event, asking, now, page));
    }
}

/// All pages of what awaits votes.
fn all_open(engine: &claw_engine::Engine, tenant: Option<&str>, now: Time) -> Result<Vec<Asking>, Refusal> {
    let Some(ledger) = engine.ledger() else { return Ok(Vec::new()) };
    let mut askings = Vec::new();
    let mut after = None;
    while askings.len() < FOLLOWED {
        let listing = ledger.open_askings(tenant, now, after.as_ref())?;
        askings.extend(listing.askings);
        match listing.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    Ok(askings)
}
