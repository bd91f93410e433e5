//! Telling open pages that something has changed, by server-sent events. What has changed they fetch themselves.
//!
//! A page is told at once of what this gateway did, and within two seconds of what another one wrote to the ledger.
//! It is told nothing any more once its session is over.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::{self, error::RecvError};

use super::desk::Desk;
use super::look::Mark;
use super::visit::Visit;
use crate::guard::News;

/// Pages that are told of changes, of all sessions together.
pub(super) const LISTENERS: usize = 512;
/// How often the ledger is looked at for what other gateways wrote.
pub(super) const LOOK: Duration = Duration::from_secs(2);
/// After so long without news something is sent, so that a connection that is gone is noticed.
const ALIVE: Duration = Duration::from_secs(15);

/// `GET /approvals/events`
pub(super) async fn events(State(desk): State<Desk>, visit: Visit) -> Response {
    let all = desk.listeners.clone().try_acquire_owned();
    let own = visit.session.listeners.clone().try_acquire_owned();
    let (Ok(all), Ok(own)) = (all, own) else {
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "60")], "too many pages are open")
            .into_response();
    };
    let news = desk.app.guard.news();
    let listener = Listener { desk, visit, news, told: None, over: false, _permits: [all, own] };
    Sse::new(changes(listener)).keep_alive(KeepAlive::new().interval(ALIVE)).into_response()
}

/// One open page.
struct Listener {
    desk: Desk,
    visit: Visit,
    news: broadcast::Receiver<News>,
    told: Option<Mark>,
    over: bool,
    _permits: [OwnedSemaphorePermit; 2],
}

fn changes(listener: Listener) -> impl Stream<Item = Result<Event, Infallible>> {
    futures_util::stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    })
}

impl Listener {
    /// The next thing to tell; `None` once the session is over and the page knows.
    async fn next(&mut self) -> Option<Event> {
        if self.over {
            return None;
        }
        let mut since = Instant::now().checked_sub(LOOK).unwrap_or_else(Instant::now);
        loop {
            if !self.may_listen() {
                self.over = true;
                return Some(Event::default().event("over").data("signed out"));
            }
            let mark = self.desk.looks.mark(&self.desk, self.visit.tenant(), since).await;
            if let Some(mark) = mark.filter(|mark| self.told != Some(*mark)) {
                self.told = Some(mark);
                return Some(Event::default().event("mark").data(format!("{} {mark}", mark.waiting)));
            }
            since = tokio::select! {
                () = self.visit.session.ended.cancelled() => continue,
                // The page connects again, to the next gateway.
                () = self.desk.app.stop.cancelled() => return None,
                since = news(&mut self.news, self.visit.session.person.tenant.as_deref()) => since,
                () = tokio::time::sleep(LOOK) => Instant::now().checked_sub(LOOK / 2).unwrap_or_else(Instant::now),
            };
        }
    }

    fn may_listen(&self) -> bool {
        let session = &self.visit.session;
        let in_time = self.desk.now().is_some_and(|now| now < session.until);
        in_time && !session.ended.is_cancelled()
    }
}

/// Waits for news of this tenant, and says since when there may be some.
async fn news(news: &mut broadcast::Receiver<News>, tenant: Option<&str>) -> Instant {
    loop {
        match news.recv().await {
            Ok(piece) if piece.tenant.as_deref() == tenant => return Instant::now(),
            Ok(_) => {}
            Err(RecvError::Lagged(_)) => return Instant::now(),
            // Nobody tells any more: only the clock is left.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
