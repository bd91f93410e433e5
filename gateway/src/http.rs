//! The HTTP side of a gateway: all routes under one roof, and what holds for each of them.
//!
//! Under the roof (`shelter.rs`) a request has an id, comes to a name that is this gateway's, from no foreign web page, with
//! a body that is bounded in size and time; its answer has the headers of something that no browser should guess about;
//! a panic is a 500. Who may do what is each route's own business, with [`crate::auth`]. Errors are [`Problem`]s.

mod body;
mod health;
mod names;
mod problem;
mod shelter;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::Semaphore;

pub(crate) use self::body::bytes;
pub use self::body::json_body;
pub use self::problem::Problem;
pub use self::shelter::RequestId;
use crate::app::App;
use crate::{page, service};

/// Requests under way at a time, on routes that answer promptly. More are turned away.
const UNDER_WAY: usize = 1_024;

/// Everything that a gateway serves but the proxy.
pub fn router(app: App) -> Router {
    router_with(app, Router::new())
}

/// Everything that a gateway serves, with some more routes: the proxy's.
pub fn router_with(app: App, more: Router) -> Router {
    let health = health::Health::default();
    let health = get(move |State(app): State<App>| health.answer(app));
    let own = Router::new().route("/healthz", health).route("/metrics", get(metrics));
    let routes = Router::new()
        .merge(prompt(own.with_state(app.clone()), &app))
        .merge(service::router(app.clone()))
        .merge(page::router(app.clone()))
        .merge(more);
    roof(routes, app)
}

/// The roof over some routes.
pub fn roof(routes: Router, app: App) -> Router {
    routes
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(shelter::Shelter::new(app), shelter::shelter))
}

/// Routes that answer promptly: so many at a time, and each within the configured time. Not for streams and for what
/// waits for people.
pub fn prompt(routes: Router, app: &App) -> Router {
    let places = Arc::new(Semaphore::new(UNDER_WAY));
    routes.layer(middleware::from_fn_with_state((app.clone(), places), promptly))
}

async fn promptly(
    State((app, places)): State<(App, Arc<Semaphore>)>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let _place = places.try_acquire().map_err(|_| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "too many requests are under way")
            .with_header(header::RETRY_AFTER, axum::http::HeaderValue::from_static("1"))
    })?;
    tokio::time::timeout(app.config.bounds.timeout, next.run(request)).await.map_err(|_| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", "this took too long, and was given up")
            .help("what it was to do may still happen; asking again with the same `call_id` is safe")
    })
}

async fn metrics(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    app.doors.may_read_metrics(request.headers())?;
    let (metrics, config) = (Arc::clone(&app.metrics), Arc::clone(&app.config));
    let text = app.guard.blocking(move |engine| metrics.scrape(engine, &config)).await;
    let text = text.ok_or_else(Problem::internal)?;
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response())
}

async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address")
        .help("`/openapi.json` lists what the decision service answers")
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", "this address does not answer to this method")
}

fn panicked(_panic: Box<dyn std::any::Any + Send>) -> Response {
    // What the panic said may contain parts of a request: it is in the log, as all panics are, and not in the answer.
    Problem::internal().into_response()
}
