//! The page on which people approve: what waits for them, what exactly is asked and why, their votes.
//!
//! Pages are made here from what the ledger knows; a script only refreshes them. Everything works without it. Who votes
//! is known by a session, which a token opens (`sign_in.rs`); what is done with the session comes from our own forms
//! (`visit.rs`). The same for programs, with a token for each request, is `api.rs`.
//!
//! Knows the ledger and the engine's votes. Nothing of MCP, of policies, or of how calls are executed.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use claw_engine::{Clock, SystemClock};

use crate::app::App;
use crate::http;

mod api;
mod assets;
mod desk;
mod html;
mod live;
mod look;
mod session;
mod show;
mod sign_in;
mod throttle;
mod visit;
mod vote;
mod words;

use self::desk::Desk;

/// The longest form or JSON body: a note of 4,096 bytes, each of which may be written as three characters or more.
const BODY: usize = 64 * 1024;

/// What a page may load, run and be: itself, and nothing from elsewhere.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The routes of the page and of its interface for programs: `/`, `/sign-in`, `/sign-out`, `/approvals…`,
/// `/favicon.ico`, `/assets/…` and `/v1/approvals…`.
pub fn router(app: App) -> Router {
    router_with_clock(app, Arc::new(SystemClock))
}

/// As [`router`], with another clock than the machine's: for tests. It should be the engine's.
pub fn router_with_clock(app: App, clock: Arc<dyn Clock>) -> Router {
    let desk = Desk::new(app.clone(), clock);
    let pages = Router::new()
        .route("/", get(|| async { Redirect::to("/approvals") }))
        .route("/sign-in", get(sign_in::page).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/approvals", get(show::list))
        .route("/approvals/{id}", get(show::detail))
        .route("/approvals/{id}/whole", get(show::whole))
        .route("/approvals/{id}/votes", post(vote::vote))
        .route("/favicon.ico", get(assets::favicon))
        .route("/assets/{name}", get(assets::asset));
    let api = Router::new()
        .route("/v1/approvals", get(api::list))
        .route("/v1/approvals/{id}", get(api::detail))
        .route("/v1/approvals/{id}/votes", post(api::vote));
    let events = Router::new().route("/approvals/events", get(live::events));
    let api = http::prompt(api.with_state(desk.clone()), &app);
    let pages = http::prompt(pages.with_state(desk.clone()), &app).merge(events.with_state(desk));
    pages.layer(middleware::from_fn(guarded)).merge(api).layer(DefaultBodyLimit::max(BODY))
}

/// Headers that keep a page to itself.
async fn guarded(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let set = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // With `no-referrer`, forms would come with `Origin: null`.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let headers = response.headers_mut();
    for (name, value) in set {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A page with its status.
fn page(status: axum::http::StatusCode, markup: maud::Markup) -> Response {
    (status, axum::response::Html(markup.into_string())).into_response()
}
