//! Signing in with a token, and out.

use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Query, State};
use axum::http::{Extensions, HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use claw_engine::ledger::AskingId;
use serde::Deserialize;

use super::desk::Desk;
use super::visit::Visit;
use super::{html, session, visit};

/// Where to go on.
#[derive(Debug, Deserialize)]
pub(super) struct Onward {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
pub(super) struct SignIn {
    token: String,
    #[serde(default)]
    next: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct SignOut {
    csrf: String,
}

/// `GET /sign-in`
pub(super) async fn page(onward: Result<Query<Onward>, QueryRejection>) -> Response {
    form(onward.as_ref().map_or("", |onward| &onward.next), StatusCode::OK, None)
}

/// `POST /sign-in`
pub(super) async fn sign_in(
    State(desk): State<Desk>,
    headers: HeaderMap,
    uri: Uri,
    extensions: Extensions,
    sent: Result<Form<SignIn>, FormRejection>,
) -> Response {
    let Ok(Form(SignIn { token, next })) = sent else {
        return form("", StatusCode::BAD_REQUEST, Some(("The form can't be read", "send it again")));
    };
    if !visit::is_from_here(&desk, &headers, &uri) {
        let problem = ("This form was not sent from here", "open this page by its own address, and send it again");
        return form(&next, StatusCode::FORBIDDEN, Some(problem));
    }
    let Some(now) = desk.now() else { return visit::no_clock() };
    let from = visit::address(&extensions);
    if let Err(seconds) = desk.throttle.check(from, now) {
        let help = format!("try again in {seconds} s");
        let mut response = form(&next, StatusCode::TOO_MANY_REQUESTS, Some(("Too many wrong tokens", &help)));
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        return response;
    }
    let (token, doors) = (token.trim(), &desk.app.doors);
    let Ok(person) = doors.person(token, now) else {
        desk.throttle.failed(from, now);
        tracing::info!(?from, "someone tried to sign in with a token that nobody has, or that has expired");
        let problem = ("This token is not accepted", "it may be mistyped or expired: ask whoever runs the gateway");
        return form(&next, StatusCode::UNAUTHORIZED, Some(problem));
    };
    let https = desk.is_https();
    if let Some(old) = session::cookie(&headers, https) {
        desk.sessions.close(old);
    }
    let Some((name, session)) = desk.sessions.open(person, doors.expires(token), now) else {
        let problem = ("You can't be signed in now", "the machine gives no random numbers");
        return form(&next, StatusCode::SERVICE_UNAVAILABLE, Some(problem));
    };
    let seconds = session.until.as_millis().saturating_sub(now.as_millis()) / 1_000;
    let cookie = session::set_cookie(&name, seconds, https);
    ([(header::SET_COOKIE, cookie)], Redirect::to(own_path(&next))).into_response()
}

/// `POST /sign-out`
pub(super) async fn sign_out(
    State(desk): State<Desk>,
    visit: Visit,
    headers: HeaderMap,
    uri: Uri,
    sent: Result<Form<SignOut>, FormRejection>,
) -> Response {
    let own = sent.is_ok_and(|Form(SignOut { csrf })| visit.session.is_own_form(&csrf));
    if !own || !visit::is_from_here(&desk, &headers, &uri) {
        return super::page(StatusCode::FORBIDDEN, html::foreign_form());
    }
    let https = desk.is_https();
    if let Some(name) = session::cookie(&headers, https) {
        desk.sessions.close(name);
    }
    ([(header::SET_COOKIE, session::set_cookie("", 0, https))], Redirect::to("/sign-in")).into_response()
}

fn form(next: &str, status: StatusCode, problem: Option<(&str, &str)>) -> Response {
    super::page(status, html::sign_in(own_path(next), problem))
}

/// The page to go on to: one of ours, by its exact form, or else the list.
fn own_path(next: &str) -> &str {
    let asking = next.strip_prefix("/approvals/").is_some_and(|id| id.parse::<AskingId>().is_ok());
    if asking { next } else { "/approvals" }
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn nobody_is_sent_elsewhere() {
        let asking = format!("/approvals/sha256:{}", "0".repeat(64));
        assert_eq!(own_path(&asking), asking);
        for foreign in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/approvals/../sign-out",
            "/approvals/x\r\nSet-Cookie: a=b",
            "javascript:alert(1)",
        ] {
            assert_eq!(own_path(foreign), "/approvals");
        }
    }
}
