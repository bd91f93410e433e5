//! `/healthz`: whether calls can be decided at all. It names nothing but the parts that fail.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use claw_engine::{Clock, Engine, SystemClock};
use claw_runtime::{SessionScope, Settlement};
use serde_json::{Value, json};

use crate::app::App;

pub(super) async fn health(State(app): State<App>) -> (StatusCode, Json<Value>) {
    if app.stop.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "stopping" })));
    }
    let failing = app.guard.blocking(failing).await.unwrap_or_else(|| vec!["engine"]);
    let (status, word) =
        if failing.is_empty() { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "failing") };
    (status, Json(json!({ "status": word, "failing": failing })))
}

/// The parts that do not work.
fn failing(engine: &Engine) -> Vec<&'static str> {
    let mut failing = Vec::new();
    if engine.policies().tenants().is_empty() {
        failing.push("policies");
    }
    // Of a call that never was, so that nothing is written.
    let probe = SessionScope { session: Some("healthz"), ..SessionScope::default() };
    if engine.settle_by_id(&probe, "healthz", Settlement::NotExecuted, None).is_err() {
        failing.push("state");
    }
    let askings = |ledger: &claw_engine::ledger::Ledger| {
        SystemClock.now().is_some_and(|now| ledger.open_askings(None, now, None).is_ok())
    };
    if !engine.ledger().is_none_or(askings) {
        failing.push("approvals");
    }
    if engine.audit().is_some_and(|audit| audit.spooled() > 0) {
        failing.push("audit");
    }
    failing
}
