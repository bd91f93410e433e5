//! Bodies of requests: bounded in size and time, whatever reads them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use super::Problem;
use crate::config::Bounds;

/// Of a body that is too large, so much is read and forgotten, for so long: most clients read no answer before they have
/// sent everything, and would see a broken connection instead of the reason.
const FORGOTTEN: usize = 64 << 20;
const FORGETTING: Duration = Duration::from_secs(10);

const FINE: u8 = 0;
const TOO_LARGE: u8 = 1;
const TOO_SLOW: u8 = 2;

/// What became of a body, told to the roof: whoever reads a body only knows that reading it failed.
#[derive(Clone, Debug, Default)]
pub(super) struct Fate(Arc<AtomicU8>);

impl Fate {
    /// The answer instead of the route's, if the body was refused.
    pub(super) fn problem(&self) -> Option<Response> {
        let problem = match self.0.load(Ordering::Relaxed) {
            TOO_LARGE => too_large(),
            TOO_SLOW => Problem::new(StatusCode::REQUEST_TIMEOUT, "slow_body", "the body took too long to arrive"),
            _ => return None,
        };
        Some(problem.into_response())
    }
}

/// The same request with a body that fails once it is longer, or takes longer, than the bounds say. Nothing is read of a
/// body that nobody reads, such as a stranger's.
pub(super) fn bound(request: Request, bounds: &Bounds) -> (Request, Fate) {
    let fate = Fate(Arc::new(AtomicU8::new(FINE)));
    let (parts, body) = request.into_parts();
    if axum::body::HttpBody::is_end_stream(&body) {
        return (Request::from_parts(parts, body), fate);
    }
    let announced = parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let fits = announced.is_none_or(|length: u64| length <= u64::try_from(bounds.body).unwrap_or(u64::MAX));
    let bounded = Bounded {
        body: body.into_data_stream(),
        left: fits.then_some(bounds.body),
        deadline: Instant::now() + bounds.timeout,
        fate: fate.clone(),
    };
    let chunks = stream::unfold(Some(bounded), |bounded| async move { bounded?.next().await });
    (Request::from_parts(parts, Body::from_stream(chunks)), fate)
}

/// A body that is being read.
struct Bounded {
    body: BodyDataStream,
    /// So many bytes more may come; `None` where it was announced that more will.
    left: Option<usize>,
    deadline: Instant,
    fate: Fate,
}

impl Bounded {
    /// The next chunk, and what comes after it unless this is an error.
    async fn next(mut self) -> Option<(Result<Bytes, axum::Error>, Option<Bounded>)> {
        let Some(left) = self.left else { return Some((self.too_large().await, None)) };
        let error = match timeout_at(self.deadline, self.body.next()).await {
            Ok(None) => return None,
            Ok(Some(Ok(chunk))) => match left.checked_sub(chunk.len()) {
                Some(left) => return Some((Ok(chunk), Some(Bounded { left: Some(left), ..self }))),
                None => self.too_large().await,
            },
            Ok(Some(Err(error))) => Err(error),
            Err(_) => self.refused(TOO_SLOW, "the body took too long"),
        };
        Some((error, None))
    }

    async fn too_large(&mut self) -> Result<Bytes, axum::Error> {
        forget(&mut self.body).await;
        self.refused(TOO_LARGE, "the body is too large")
    }

    fn refused(&self, why: u8, message: &str) -> Result<Bytes, axum::Error> {
        self.fate.0.store(why, Ordering::Relaxed);
        Err(axum::Error::new(message.to_owned()))
    }
}

/// Reads what is left of a body that is too large.
async fn forget(body: &mut BodyDataStream) {
    let deadline = Instant::now() + FORGETTING;
    let mut left = FORGOTTEN;
    while let Ok(Some(Ok(chunk))) = timeout_at(deadline, body.next()).await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is larger than this gateway reads")
        .help("the configuration's `bounds.body` says how large it may be")
}

/// The bytes of a request that says it is JSON. Whether it is, its reader finds out.
///
/// # Errors
/// A [`Problem`]: another content type, or a body that broke off.
pub async fn json_body(request: Request) -> Result<Bytes, Problem> {
    let mut types = request.headers().get_all(header::CONTENT_TYPE).into_iter();
    let stated = types.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = stated.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") || types.next().is_some() {
        let message = "the body must be JSON";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", message)
            .help("send `Content-Type: application/json`"));
    }
    bytes(request).await
}

/// The bytes of a request.
///
/// # Errors
/// A [`Problem`] where the body broke off.
pub(crate) async fn bytes(request: Request) -> Result<Bytes, Problem> {
    let broken = |_| Problem::bad_request("the body broke off");
    Ok(request.into_body().collect().await.map_err(broken)?.to_bytes())
}
