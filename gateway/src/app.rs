//! What the parts of a running gateway share.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::Doors;
use crate::config::Config;
use crate::guard::Guard;
use crate::metrics::Metrics;

/// A running gateway. A handle: clones share everything.
#[derive(Clone, Debug)]
pub struct App {
    /// What it was told.
    pub config: Arc<Config>,
    /// The engine.
    pub guard: Guard,
    /// Who gets in.
    pub doors: Arc<Doors>,
    /// What is counted. The guard's watcher as well, if decisions are to be counted.
    pub metrics: Arc<Metrics>,
    /// Cancelled when the gateway is to end: what waits gives up, what runs is finished.
    pub stop: CancellationToken,
    /// What must be finished before the gateway ends: what runs between `begin` and `settle` is spawned here.
    pub tasks: TaskTracker,
}

impl App {
    /// A gateway with this configuration and engine. `metrics` are those that watch the guard.
    #[must_use]
    pub fn new(config: Arc<Config>, guard: Guard, metrics: Arc<Metrics>) -> App {
        let doors = Arc::new(Doors::new(&config));
        App { config, guard, doors, metrics, stop: CancellationToken::new(), tasks: TaskTracker::new() }
    }
}
