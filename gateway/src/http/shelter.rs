//! What holds for every request, before any route sees it and after it has answered.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::body;
use super::names::Names;
use crate::app::App;

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a client.
const MAX_ID: usize = 128;

/// What names a request in logs: the client's `X-Request-ID`, if it is a decent one. It is in the answer, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub Arc<str>);

#[derive(Clone, Debug)]
pub(super) struct Shelter {
    app: App,
    names: Arc<Names>,
    https: bool,
}

impl Shelter {
    pub(super) fn new(app: App) -> Shelter {
        let http = app.config.http.as_ref();
        let https = http.is_some_and(|http| http.public_url.scheme() == "https");
        Shelter { names: Arc::new(Names::new(http)), https, app }
    }
}

pub(super) async fn shelter(State(shelter): State<Shelter>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = id_of(request.headers());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    request.extensions_mut().insert(RequestId(Arc::from(id.to_str().unwrap_or_default())));
    let mut response = sheltered(&shelter, request, next).await;
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    shelter.app.metrics.answered(&method, route, response.status(), started.elapsed());
    let headers = response.headers_mut();
    headers.insert(&REQUEST_ID, id);
    harden(headers, shelter.https);
    response
}

async fn sheltered(shelter: &Shelter, request: Request, next: Next) -> Response {
    // Whoever looks whether the gateway lives may do so by any name: it says nothing else.
    if request.uri().path() != "/healthz"
        && let Err(problem) = shelter.names.admit(request.uri(), request.headers())
    {
        return problem.into_response();
    }
    let (request, fate) = body::bound(request, &shelter.app.config.bounds);
    let response = next.run(request).await;
    fate.problem().unwrap_or(response)
}

fn id_of(headers: &HeaderMap) -> HeaderValue {
    let decent = |id: &&HeaderValue| {
        !id.is_empty() && id.len() <= MAX_ID && id.as_bytes().iter().all(|byte| byte.is_ascii_graphic())
    };
    let fresh = || HeaderValue::from_str(&uuid::Uuid::now_v7().to_string()).ok();
    let told = headers.get(&REQUEST_ID).filter(decent).cloned();
    told.or_else(fresh).unwrap_or(HeaderValue::from_static("none"))
}

/// What a browser is told about every answer. A page that needs more says so itself.
fn harden(headers: &mut HeaderMap, https: bool) {
    let mut default = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    default(header::CACHE_CONTROL, "no-store");
    default(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    default(header::REFERRER_POLICY, "no-referrer");
    default(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(header::X_FRAME_OPTIONS, "DENY");
    default(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    if https {
        default(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}
