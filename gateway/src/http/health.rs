//! `/healthz`: whether calls can be decided at all. It names nothing but the parts that fail.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::http::StatusCode;
use claw_engine::Engine;
use claw_engine::ledger::Ledger;
use claw_runtime::{SessionScope, Settlement};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::app::App;

/// For so long a look at the stores is good: anyone may ask, and nobody is to keep them busy by it.
const FRESH: Duration = Duration::from_secs(1);

/// What the last look at the stores found.
#[derive(Clone, Debug, Default)]
pub(super) struct Health(Arc<Mutex<Option<Look>>>);

/// When someone looked, and what did not work.
type Look = (Instant, Vec<&'static str>);

impl Health {
    pub(super) async fn answer(self, app: App) -> (StatusCode, Json<Value>) {
        if app.stop.is_cancelled() {
            return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "stopping" })));
        }
        let mut failing = self.stores(&app).await;
        if app.guard.engine().policies().tenants().is_empty() {
            failing.push("policies");
        }
        let (status, word) =
            if failing.is_empty() { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "failing") };
        (status, Json(json!({ "status": word, "failing": failing })))
    }

    /// The parts that do not work, as of now or a moment ago. Whoever comes while one looks waits for what it finds.
    async fn stores(&self, app: &App) -> Vec<&'static str> {
        let mut looked = self.0.lock().await;
        match &*looked {
            Some((at, failing)) if at.elapsed() < FRESH => failing.clone(),
            _ => {
                let failing = app.guard.blocking(failing).await.unwrap_or_else(|| vec!["engine"]);
                *looked = Some((Instant::now(), failing.clone()));
                failing
            }
        }
    }
}

fn failing(engine: &Engine) -> Vec<&'static str> {
    let mut failing = Vec::new();
    // Of a call that never was, so that nothing is written.
    let probe = SessionScope { session: Some("healthz"), ..SessionScope::default() };
    if engine.settle_by_id(&probe, "healthz", Settlement::NotExecuted, None).is_err() {
        failing.push("state");
    }
    let answers = |ledger: &Ledger| engine.time().is_some_and(|now| ledger.open_askings(None, now, None).is_ok());
    if !engine.ledger().is_none_or(answers) {
        failing.push("approvals");
    }
    if engine.audit().is_some_and(|audit| audit.spooled() > 0) {
        failing.push("audit");
    }
    failing
}
