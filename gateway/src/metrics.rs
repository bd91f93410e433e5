//! What is counted, for Prometheus.
//!
//! Every label has few values: from closed lists, from the configuration, or from the policy, and of the last only so many.
//! No argument, no result and no token is ever a label.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use claw_engine::ledger::{Asking, State};
use claw_engine::{Call, EngineError};
use claw_runtime::{SettleOutcome, Settlement};
use prometheus_client::registry::Registry;

use crate::guard::Watcher;

/// What is counted. Shared by all parts of a gateway.
#[derive(Debug, Default)]
pub struct Metrics {
    registry: Registry,
}

impl Metrics {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new() -> Arc<Metrics> {
        Arc::new(Metrics::default())
    }

    /// A request was answered.
    pub fn answered(&self, _method: &Method, _route: &str, _status: StatusCode, _took: Duration) {}

    /// All of it, in the OpenMetrics text format.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = String::new();
        // Writing to a string can't fail.
        let _ = prometheus_client::encoding::text::encode(&mut out, &self.registry);
        out
    }
}

impl Watcher for Metrics {
    fn decided(&self, _call: &Call) {}
    fn settled(&self, _how: Settlement, _outcome: Result<SettleOutcome, &EngineError>) {}
    fn asked(&self, _asking: &Asking, _state: State) {}
}
