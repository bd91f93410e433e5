//! Who comes to the page, and whether a form is ours.
//!
//! A form counts if the browser says that it was sent from this page (`Origin`, `Sec-Fetch-Site`) and if it carries
//! what only the session's own pages have. A `GET` changes nothing.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use claw_runtime::Time;
use url::Url;

use super::desk::{Desk, Inner};
use super::session::{self, Session};
use super::{html, page};

/// Someone who has signed in, looking at a page.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) session: Arc<Session>,
    pub(super) now: Time,
}

impl FromRequestParts<Desk> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &Desk) -> Result<Visit, Response> {
        let Some(now) = desk.now() else { return Err(no_clock()) };
        let name = session::cookie(&parts.headers, desk.is_https());
        let session = name.and_then(|name| desk.sessions.get(name, now));
        match session {
            Some(session) => Ok(Visit { session, now }),
            None => Err(stranger(parts, name.is_some())),
        }
    }
}

impl Visit {
    /// Whose askings they see.
    pub(super) fn tenant(&self) -> Option<&str> {
        self.session.person.tenant.as_deref()
    }
}

/// What someone without a session gets: the sign-in page, and then what they came for.
fn stranger(parts: &Parts, has_cookie: bool) -> Response {
    if parts.method != Method::GET {
        let help = "sign in and send it again: nothing was recorded";
        return page(StatusCode::UNAUTHORIZED, html::notice("You are not signed in", help, Some("/sign-in")));
    }
    let path = parts.uri.path();
    if path == "/approvals/events" {
        return (StatusCode::UNAUTHORIZED, "sign in first").into_response();
    }
    // A strict cookie does not come along when a link elsewhere was followed. One step from here, it does.
    if !has_cookie && fetch_site(&parts.headers) == Some("cross-site") {
        return page(StatusCode::OK, html::onward(path));
    }
    let next = url::form_urlencoded::byte_serialize(path.as_bytes()).collect::<String>();
    Redirect::to(&format!("/sign-in?next={next}")).into_response()
}

pub(super) fn no_clock() -> Response {
    let help = "the machine's clock can't be read, so nobody is let in";
    page(StatusCode::SERVICE_UNAVAILABLE, html::notice("The time is not known", help, None))
}

fn fetch_site(headers: &HeaderMap) -> Option<&str> {
    headers.get("sec-fetch-site")?.to_str().ok()
}

/// Does the browser say that the form was sent from a page of this gateway? A browser that says nothing is not trusted.
pub(super) fn is_from_here(desk: &Inner, headers: &HeaderMap, uri: &Uri) -> bool {
    if fetch_site(headers).is_some_and(|site| site != "same-origin") {
        return false;
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else { return false };
    let Some(origin) = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok()) else { return false };
    if desk.app.config.http.as_ref().is_some_and(|http| http.public_url.origin() == origin.origin()) {
        return true;
    }
    if desk.is_https() || !matches!(origin.scheme(), "http" | "https") {
        return false;
    }
    // Reached by another of its names.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host.or_else(|| uri.authority().map(|authority| authority.as_str())) else { return false };
    Url::parse(&format!("{}://{host}", origin.scheme())).is_ok_and(|here| here.origin() == origin.origin())
}

/// The address that a request comes from, where the server says so.
pub(super) fn address(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}
