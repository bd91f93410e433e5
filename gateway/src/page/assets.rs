//! The page's style, script and picture, which are part of the program.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

const STYLE: &str = include_str!("assets/page.css");
const SCRIPT: &str = include_str!("assets/page.js");
const PICTURE: &str = include_str!("assets/claw.svg");

/// `GET /favicon.ico`: browsers ask for it beside whatever names no picture, such as a refusal in plain text.
pub(super) async fn favicon() -> Response {
    served("image/svg+xml", PICTURE)
}

/// `GET /assets/{name}`
pub(super) async fn asset(name: Result<Path<String>, PathRejection>) -> Response {
    let (kind, text) = match name.as_ref().map(|name| name.as_str()) {
        Ok("page.css") => ("text/css; charset=utf-8", STYLE),
        Ok("page.js") => ("text/javascript; charset=utf-8", SCRIPT),
        Ok("claw.svg") => ("image/svg+xml", PICTURE),
        _ => return (StatusCode::NOT_FOUND, "there is no such file").into_response(),
    };
    served(kind, text)
}

fn served(kind: &'static str, text: &'static str) -> Response {
    // Short, so that a new version of the gateway is a new page.
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=300")], text).into_response()
}
