//! How a request fails: a status and a JSON object that says why and what to do, never HTML.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a request was not answered: `{"error": {"code", "message", "help"}}`.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// A stable word for programs, such as `unknown_token`.
    pub code: &'static str,
    /// What is wrong: lower-case, no final period.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Further headers. Boxed, since few problems have any.
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem without advice.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Problem {
        Problem { status, code, message: message.into(), help: None, headers: Vec::new() }
    }

    /// A request that is not understood.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// A mistake of the gateway's own.
    #[must_use]
    pub fn internal() -> Problem {
        let message = "the gateway made a mistake; nothing was allowed";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Problem {
        self.headers.push((name, value));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let (Some(help), Some(error)) = (self.help, error.as_object_mut()) {
            error.insert("help".to_owned(), help.into());
        }
        let mut response = (self.status, Json(json!({ "error": error }))).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}
