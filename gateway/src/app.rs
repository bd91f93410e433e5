//! What the parts of a running gateway share.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::guard::Guard;

/// A running gateway. A handle: clones share everything.
#[derive(Clone, Debug)]
pub struct App {
    /// What it was told.
    pub config: Arc<Config>,
    /// The engine.
    pub guard: Guard,
    /// Cancelled when the gateway is to end: what waits gives up, what runs is finished.
    pub stop: CancellationToken,
}
