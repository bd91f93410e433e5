//! What is counted, for Prometheus.
//!
//! Every label has few values: from closed lists, from the configuration, or from the policy, and of each only so many. No
//! argument, no result and no token is ever a label.

mod now;
mod series;

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use claw_engine::ledger::{Asking, AskingId, State};
use claw_engine::policies::Change;
use claw_engine::{Call, Engine, EngineError};
use claw_runtime::{Decision, SettleOutcome, Settlement};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use self::now::Now;
use self::series::{Label, Series};
use crate::config::Config;
use crate::guard::Watcher;

/// States of askings that are remembered, so that each is counted once.
const REMEMBERED: usize = 4_096;

/// Bounds of a histogram's buckets, in seconds: a decision takes some microseconds, with a store on disk milliseconds.
const DECISION_SECONDS: [f64; 14] =
    [0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5];
/// Of an answer over HTTP; one that waits for people takes longer.
const ANSWER_SECONDS: [f64; 13] =
    [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0, 60.0];

/// What is counted. Shared by all parts of a gateway.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    decisions: Series<3, Counter>,
    clauses: Series<2, Counter>,
    previews: Series<1, Counter>,
    decision_time: Histogram,
    settlements: Series<2, Counter>,
    reloads: Series<2, Counter>,
    approvals: Series<1, Counter>,
    answers: Series<3, Counter>,
    answer_time: Series<1, Histogram>,
    mcp_calls: Series<2, Counter>,
    mcp_sessions: Gauge,
    webhooks: Series<1, Counter>,
    now: Now,
    seen: Mutex<Seen>,
}

/// The last states of askings.
#[derive(Debug, Default)]
struct Seen {
    known: HashSet<(AskingId, State)>,
    oldest: VecDeque<(AskingId, State)>,
}

impl Metrics {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new() -> Arc<Metrics> {
        let mut all = Registry::with_prefix("claw");
        let slower = || Histogram::new(ANSWER_SECONDS);
        let decision_time = Histogram::new(DECISION_SECONDS);
        all.register(
            "decision_seconds",
            "Time that deciding a call took, without the audit log",
            decision_time.clone(),
        );
        let mcp_sessions = Gauge::default();
        all.register("mcp_sessions", "MCP sessions that are open", mcp_sessions.clone());
        let counter = Counter::default as fn() -> Counter;
        Arc::new(Metrics {
            decisions: Series::new(
                &mut all,
                ("decisions", "Calls that were decided"),
                ["outcome", "reason", "tenant"],
                counter,
            ),
            clauses: Series::new(
                &mut all,
                ("clauses", "Clauses of the policy that applied, by what they did"),
                ["clause", "effect"],
                counter,
            ),
            previews: Series::new(&mut all, ("previews", "Calls that were only looked at"), ["outcome"], counter),
            settlements: Series::new(
                &mut all,
                ("settlements", "Calls that were settled, by how they ended"),
                ["outcome", "result"],
                counter,
            ),
            reloads: Series::new(
                &mut all,
                ("policy_reloads", "Attempts to change the policy in force"),
                ["tenant", "result"],
                counter,
            ),
            approvals: Series::new(
                &mut all,
                ("approvals", "Requests for approval, by the states they came into"),
                ["state"],
                counter,
            ),
            answers: Series::new(
                &mut all,
                ("http_requests", "HTTP requests that were answered"),
                ["method", "route", "status"],
                counter,
            ),
            answer_time: Series::new(
                &mut all,
                ("http_request_seconds", "Time until an HTTP answer began"),
                ["route"],
                slower,
            ),
            mcp_calls: Series::new(
                &mut all,
                ("mcp_calls", "Calls through the MCP proxy, by how they ended"),
                ["server", "outcome"],
                counter,
            ),
            webhooks: Series::new(&mut all, ("webhooks", "Attempts to tell the webhook"), ["result"], counter),
            now: Now::new(&mut all),
            registry: all,
            decision_time,
            mcp_sessions,
            seen: Mutex::default(),
        })
    }

    /// A call was looked at without being begun.
    pub fn previewed(&self, decision: &Decision) {
        self.previews.with([decision.outcome.code().into()], |counter| counter.inc());
    }

    /// Someone tried to change a policy: for the observer of [`claw_engine::policies::Builder`].
    pub fn reloaded(&self, change: &Change) {
        let tenant = change.tenant.clone().unwrap_or_default();
        self.reloads.with([tenant.into(), change.event.kind().into()], |counter| counter.inc());
    }

    /// An HTTP request was answered, or its answer has begun. `route` is the pattern that matched, not the path.
    pub fn answered(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        // Of methods there are as many as clients make up.
        let known = [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::HEAD];
        let method = known.iter().find(|known| *known == method).map_or("other", Method::as_str);
        let labels = [Label::copied(method), Label::copied(route), Label::copied(status.as_str())];
        self.answers.with(labels, |counter| counter.inc());
        self.answer_time.with([Label::copied(route)], |histogram| histogram.observe(took.as_secs_f64()));
    }

    /// A call through the proxy has ended: `outcome` is one of few words, such as `ok`, `error` or `denied`.
    pub fn mcp_called(&self, server: &str, outcome: &'static str) {
        self.mcp_calls.with([Label::copied(server), outcome.into()], |counter| counter.inc());
    }

    /// So many MCP sessions are open.
    pub fn mcp_sessions(&self, open: usize) {
        self.mcp_sessions.set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    /// The webhook was told, or could not be: `result` is one of few words.
    pub fn webhook(&self, result: &'static str) {
        self.webhooks.with([result.into()], |counter| counter.inc());
    }

    /// All of it, in the OpenMetrics text format, with what stands in the engine now. Blocks the thread.
    #[must_use]
    pub fn scrape(&self, engine: &Engine, config: &Config) -> String {
        let _only = self.now.look(engine, config);
        let mut out = String::new();
        // Writing to a string can't fail.
        let _ = prometheus_client::encoding::text::encode(&mut out, &self.registry);
        out
    }

    /// Whether it is news that the asking is in this state. A host may ask about one again and again.
    fn is_new(&self, id: AskingId, state: State) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !seen.known.insert((id, state)) {
            return false;
        }
        seen.oldest.push_back((id, state));
        if seen.oldest.len() > REMEMBERED
            && let Some(oldest) = seen.oldest.pop_front()
        {
            seen.known.remove(&oldest);
        }
        true
    }
}

impl Watcher for Metrics {
    fn decided(&self, call: &Call) {
        let decision = call.decision();
        // The tenant is a label only if a policy decided: else it may be any text.
        let tenant = call.input().tenant.as_deref().filter(|_| call.policy_digest().is_some()).unwrap_or_default();
        let labels = [decision.outcome.code().into(), decision.reason.code().into(), Label::copied(tenant)];
        self.decisions.with(labels, |counter| counter.inc());
        for applied in &decision.applied {
            let labels = [Arc::clone(&applied.clause).into(), applied.effect.code().into()];
            self.clauses.with(labels, |counter| counter.inc());
        }
        self.decision_time.observe(call.took().as_secs_f64());
    }

    fn settled(&self, how: Settlement, outcome: Result<SettleOutcome, &EngineError>) {
        let how = match how {
            Settlement::Ok => "ok",
            Settlement::Error => "error",
            Settlement::NotExecuted => "not_executed",
        };
        let result = match outcome {
            Ok(SettleOutcome::Settled) => "settled",
            Ok(SettleOutcome::AlreadySettled) => "already_settled",
            Ok(SettleOutcome::UnknownCall) => "unknown_call",
            Err(_) => "failed",
        };
        self.settlements.with([how.into(), result.into()], |counter| counter.inc());
    }

    fn asked(&self, asking: &Asking, state: State) {
        if self.is_new(asking.id, state) {
            self.approvals.with([state.code().into()], |counter| counter.inc());
        }
    }
}
