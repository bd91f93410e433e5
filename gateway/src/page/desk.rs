//! What the page's handlers share: the gateway, the sessions, the clock.

use std::sync::Arc;

use claw_engine::Clock;
use claw_runtime::Time;
use tokio::sync::Semaphore;

use super::live::LISTENERS;
use super::look::Looks;
use super::session::Sessions;
use super::throttle::Throttle;
use crate::app::App;

/// What the page's handlers share. A handle.
#[derive(Clone, Debug)]
pub(super) struct Desk(Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) app: App,
    pub(super) sessions: Sessions,
    pub(super) throttle: Throttle,
    pub(super) looks: Looks,
    /// One permit for each page that is told of changes.
    pub(super) listeners: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
}

impl std::ops::Deref for Desk {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Desk {
    pub(super) fn new(app: App, clock: Arc<dyn Clock>) -> Desk {
        Desk(Arc::new(Inner {
            app,
            sessions: Sessions::default(),
            throttle: Throttle::default(),
            looks: Looks::default(),
            listeners: Arc::new(Semaphore::new(LISTENERS)),
            clock,
        }))
    }
}

impl Inner {
    /// The time; `None` if it can't be told, and then nobody is let in.
    pub(super) fn now(&self) -> Option<Time> {
        self.clock.now()
    }

    /// Is the page reached over TLS, here or at something before the gateway?
    pub(super) fn is_https(&self) -> bool {
        self.app.config.http.as_ref().is_some_and(|http| http.public_url.scheme() == "https")
    }
}
