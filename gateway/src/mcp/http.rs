//! Clients over streamable HTTP (MCP 2025-03-26 to 2025-11-25; later clients fall back to `initialize`).
//!
//! A session belongs to the caller who opened it, at the address where it was opened: to all others it does not exist.
//! An answer that comes at once is JSON; one before which something else is said, or that takes its time, is a stream.
//! A client that closes the stream of its request has given the request up.

mod streams;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use rmcp::model::ErrorCode;
use uuid::Uuid;

use self::streams::{Item, Streams};
use super::message::{Id, Message, Unreadable, error};
use super::params::Params;
use super::session::Session;
use super::{Mcp, Opening, held};
use crate::auth::{Demand, bearer, demand_caller, now};
use crate::config::{Ability, Caller, SessionBy};
use crate::http::Problem;

const SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";
/// The versions of the protocol that begin with `initialize`.
const VERSIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", super::upstream::NEWEST];
/// For so long the answer to a request may still be plain JSON.
const AT_ONCE: Duration = Duration::from_millis(300);
/// How often a silent stream says that it is alive.
const ALIVE: Duration = Duration::from_secs(15);
/// The longest name of a session that a header gives.
const NAME: usize = 200;

/// A session over HTTP.
#[derive(Debug)]
pub(super) struct Open {
    session: Arc<Session>,
    streams: Arc<Streams>,
    /// The server of its address, if it is that of one.
    path: Option<String>,
}

type Server = Option<Path<String>>;

pub(super) fn router(mcp: Mcp) -> Router {
    let demand = Demand { app: mcp.app().clone(), ability: Ability::Mcp };
    let methods = || post(posted).get(listen).delete(leave);
    Router::new()
        .route("/mcp", methods())
        .route("/mcp/{server}", methods())
        .route_layer(middleware::from_fn_with_state(demand, demand_caller))
        .with_state(mcp)
}

async fn posted(
    State(mcp): State<Mcp>,
    server: Server,
    Extension(caller): Extension<Arc<Caller>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let json = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !json.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json")) {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", "a message is `application/json`"));
    }
    let limit = mcp.app().config.bounds.body;
    let body = axum::body::to_bytes(body, limit).await.map_err(|_| {
        let message = format!("a message has at most {limit} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
            .help("the configuration's `bounds.body` allows more")
    })?;
    let message = match Message::read(&body) {
        Ok(message) => message,
        Err(Unreadable { id, error }) => return Ok(unreadable(id.as_ref(), &error)),
    };
    drop(body);
    let path = server.map(|Path(server)| server);
    if !parts.headers.contains_key(SESSION) {
        return match message {
            Message::Request { id, method, params } if method == "initialize" => {
                Ok(initialize(&mcp, path, caller, &parts.headers, id, params).await?)
            }
            Message::Request { id, method, .. } => Ok(no_session(&id, &method)),
            _ => Err(Problem::bad_request("the `Mcp-Session-Id` of a session is missing")),
        };
    }
    let open = find(&mcp, &parts.headers, path.as_deref(), &caller)?;
    match message {
        Message::Request { id, method, params } => Ok(ask(&mcp, &open, id, method, params).await),
        message => {
            open.session.accept(message).await;
            Ok(StatusCode::ACCEPTED.into_response())
        }
    }
}

/// The session that a request names, if it is the caller's and of this address.
fn find(mcp: &Mcp, headers: &HeaderMap, path: Option<&str>, caller: &Caller) -> Result<Arc<Open>, Problem> {
    if headers.get(VERSION).is_some_and(|version| !VERSIONS.iter().any(|known| version == known)) {
        return Err(Problem::bad_request("this `MCP-Protocol-Version` is not served"));
    }
    let id = headers.get(SESSION).ok_or_else(|| Problem::bad_request("`Mcp-Session-Id` is missing"))?;
    let open = id.to_str().ok().and_then(|id| held(&mcp.0.open).get(id).cloned());
    let known = open.filter(|open| {
        let session = &open.session;
        session.caller.name == caller.name && open.path.as_deref() == path && !session.is_over()
    });
    let open = known.ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "no_session", "there is no such session here")
            .help("it may have ended: initialize a new one")
    })?;
    if let SessionBy::Header(header) = &caller.session
        && headers.contains_key(header)
        && name(caller, headers, &open.session.id)? != open.session.name
    {
        return Err(Problem::bad_request(format!("`{header}` is not what it was when the session began")));
    }
    Ok(open)
}

/// What policies know a session by. Two callers never share one, whatever their headers say: what one has done must not
/// count for the other.
fn name(caller: &Caller, headers: &HeaderMap, id: &str) -> Result<String, Problem> {
    match &caller.session {
        SessionBy::Connection => Ok(id.to_owned()),
        SessionBy::Caller => Ok(of_caller(caller)),
        SessionBy::Header(header) => {
            let name = headers.get(header).and_then(|name| name.to_str().ok()).unwrap_or_default();
            if name.is_empty() || name.len() > NAME {
                let message =
                    format!("the header `{header}` is missing: it names the session, in at most {NAME} bytes");
                return Err(Problem::bad_request(message));
            }
            Ok(format!("{}/{name}", caller.name))
        }
    }
}

/// The session of all that a caller ever does. No header gives this name: those are not empty.
pub(super) fn of_caller(caller: &Caller) -> String {
    format!("{}/", caller.name)
}

async fn initialize(
    mcp: &Mcp,
    path: Option<String>,
    caller: Arc<Caller>,
    headers: &HeaderMap,
    id: Id,
    params: Params,
) -> Result<Response, Problem> {
    let servers = mcp.servers(&caller, path.as_ref().map(std::slice::from_ref));
    if path.is_some() && servers.is_empty() {
        return Err(Problem::new(StatusCode::NOT_FOUND, "no_server", "there is no such server for this caller"));
    }
    if mcp.app().stop.is_cancelled() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", "the gateway is shutting down"));
    }
    let place = Arc::clone(&mcp.0.places).try_acquire_owned().map_err(|_| {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "too many MCP sessions are open")
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("10"))
    })?;
    // Random, and no part of it guessable.
    let key = Uuid::new_v4().to_string();
    let streams = Arc::new(Streams::default());
    let opening = Opening {
        name: name(&caller, headers, &key)?,
        id: key.clone(),
        caller,
        servers,
        one: path.is_some(),
        front: Arc::clone(&streams) as _,
        place: Some(place),
    };
    let session = mcp.session(opening);
    let unfinished = Unfinished(Some(Arc::clone(&session)));
    mcp.tasks().spawn(keep(mcp.clone(), Arc::clone(&session)));
    let outcome = session.initialize(params).await;
    let answer = Message::Response { id, outcome };
    let mut response = json(StatusCode::OK, &answer);
    if let (Message::Response { outcome: Ok(_), .. }, Ok(value)) = (&answer, HeaderValue::try_from(&key)) {
        let mut open = held(&mcp.0.open);
        open.insert(key, Arc::new(Open { session: Arc::clone(&session), streams, path }));
        mcp.app().metrics.mcp_sessions(open.len());
        response.headers_mut().insert(SESSION, value);
        unfinished.kept();
    }
    Ok(response)
}

/// Keeps a session until it ends.
async fn keep(mcp: Mcp, session: Arc<Session>) {
    Arc::clone(&session).keep().await;
    let mut open = held(&mcp.0.open);
    open.remove(&session.id);
    mcp.app().metrics.mcp_sessions(open.len());
}

/// A session that has not begun ends when its client does not wait for it, or can't have it.
struct Unfinished(Option<Arc<Session>>);

impl Unfinished {
    fn kept(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(session) = &self.0 {
            session.end();
        }
    }
}

/// Answers a request: with JSON, if the answer comes at once and alone; else with a stream.
async fn ask(mcp: &Mcp, open: &Arc<Open>, id: Id, method: String, params: Params) -> Response {
    let (stream, mut items) = open.streams.open(&id);
    let given_up = GivenUp { open: Arc::clone(open), id: Some(id.clone()) };
    let asked = Arc::clone(open);
    mcp.tasks().spawn(async move {
        let answer = asked.session.serve(id.clone(), method, params).await;
        asked.streams.finish(&id, &stream, answer).await;
    });
    match tokio::time::timeout(AT_ONCE, items.recv()).await {
        Ok(Some(Item::Answer(bytes))) => {
            given_up.answered();
            ([(header::CONTENT_TYPE, "application/json")], bytes).into_response()
        }
        Ok(None) => {
            given_up.answered();
            event_stream(Body::empty())
        }
        Ok(Some(first)) => streamed(Some(first), items, Some(given_up)),
        Err(_) => streamed(None, items, Some(given_up)),
    }
}

/// Tells the session when the client has closed the stream of a request that is not answered.
struct GivenUp {
    open: Arc<Open>,
    id: Option<Id>,
}

impl GivenUp {
    fn answered(mut self) {
        self.id = None;
    }
}

impl Drop for GivenUp {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.open.session.gone(&id);
        }
    }
}

async fn listen(
    State(mcp): State<Mcp>,
    server: Server,
    Extension(caller): Extension<Arc<Caller>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = server.map(|Path(server)| server);
    let open = find(&mcp, &headers, path.as_deref(), &caller)?;
    let (items, stream) = open.streams.listen();
    if let Some(left) = lasts(&mcp, &headers)? {
        // The stream does not outlive the token that opened it.
        let closing = Arc::clone(&open);
        mcp.tasks().spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(left) => closing.streams.deafen(&stream),
                () = closing.session.over().cancelled() => {}
                () = stream.closed() => {}
            }
        });
    }
    Ok(streamed(None, items, None))
}

/// How long the token of a request is still good, if not for ever.
fn lasts(mcp: &Mcp, headers: &HeaderMap) -> Result<Option<Duration>, Problem> {
    let expires = bearer(headers).ok().and_then(|token| mcp.app().doors.expires(token));
    let Some(expires) = expires else { return Ok(None) };
    let left = expires.as_millis().saturating_sub(now()?.as_millis());
    Ok(Some(Duration::from_millis(u64::try_from(left).unwrap_or_default())))
}

async fn leave(
    State(mcp): State<Mcp>,
    server: Server,
    Extension(caller): Extension<Arc<Caller>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = server.map(|Path(server)| server);
    let open = find(&mcp, &headers, path.as_deref(), &caller)?;
    open.session.end();
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn streamed(first: Option<Item>, items: tokio::sync::mpsc::Receiver<Item>, given_up: Option<GivenUp>) -> Response {
    let state = (first, items, given_up);
    let stream = futures_util::stream::unfold(state, |(first, mut items, mut given_up)| async move {
        let item = match first {
            Some(first) => Ok(Some(first)),
            None => tokio::time::timeout(ALIVE, items.recv()).await,
        };
        let bytes = match item {
            Ok(Some(item)) => {
                if matches!(item, Item::Answer(_))
                    && let Some(given_up) = given_up.take()
                {
                    given_up.answered();
                }
                item.event()
            }
            Ok(None) => {
                given_up.into_iter().for_each(GivenUp::answered);
                return None;
            }
            Err(_) => Bytes::from_static(b": alive\n\n"),
        };
        Some((Ok::<_, Infallible>(bytes), (None, items, given_up)))
    });
    event_stream(Body::from_stream(stream))
}

fn event_stream(body: Body) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache")];
    (headers, [("x-accel-buffering", "no")], body).into_response()
}

fn json(status: StatusCode, message: &Message) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], message.write()).into_response()
}

/// A request outside of a session. Clients that know later versions of the protocol try those first, and fall back.
fn no_session(id: &Id, method: &str) -> Response {
    let error = match method {
        "server/discover" => error(ErrorCode::METHOD_NOT_FOUND, "the gateway's sessions begin with `initialize`"),
        _ => error(ErrorCode::INVALID_REQUEST, "`Mcp-Session-Id` is missing: a session begins with `initialize`"),
    };
    json(StatusCode::BAD_REQUEST, &Message::Response { id: id.clone(), outcome: Err(error) })
}

fn unreadable(id: Option<&Id>, error: &rmcp::ErrorData) -> Response {
    let body = serde_json::json!({ "jsonrpc": "2.0", "id": id, "error": error });
    (StatusCode::BAD_REQUEST, axum::Json(body)).into_response()
}
