//! What the roof keeps off: large, slow and odd bodies, foreign names and pages, panics; and what it adds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{Method, StatusCode, header};
use axum::routing::get;
use axum::{Extension, Router};
use claw_gateway::http::{RequestId, prompt, roof};
use futures_util::{StreamExt, stream};

use crate::support::*;

fn post(path: &str, body: impl Into<Body>) -> axum::http::Request<Body> {
    let request = request(Method::POST, path, Some(HOST_OF_ACME)).header(header::CONTENT_TYPE, "application/json");
    request.body(body.into()).unwrap()
}

fn small() -> Gateway {
    Gateway::with(&support_bot(), "[bounds]\nbody = 10000\ntimeout = \"1s\"\n", |builder| builder)
}

#[tokio::test]
async fn large_bodies_are_refused_announced_or_not() {
    let gateway = small();
    assert_eq!(gateway.app.config.bounds.body, 10_000);
    assert_eq!(gateway.app.config.bounds.timeout, Duration::from_secs(1));
    let large = "x".repeat(10_001);
    let mut announced = post("/v1/decide", large.clone());
    announced.headers_mut().insert(header::CONTENT_LENGTH, 10_001.into());
    let chunks = stream::iter(0..50).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 1_000])));
    for request in [announced, post("/v1/decide", large), post("/v1/begin", Body::from_stream(chunks))] {
        let answer = gateway.send(request).await;
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(json(answer).await["error"]["code"], "too_large");
    }
    let (status, _) = gateway.post("/v1/decide", HOST_OF_ACME, &" ".repeat(10_000)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

/// Whoever is not let in is not listened to either.
#[tokio::test]
async fn bodies_of_strangers_are_not_read() {
    let gateway = small();
    for length in ["10", "10000000000"] {
        let read = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&read);
        let body = stream::iter(0..5).map(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok::<_, std::io::Error>(Bytes::from_static(b"{}"))
        });
        let request = request(Method::POST, "/v1/begin", Some("nonsense"))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONTENT_LENGTH, length)
            .body(Body::from_stream(body));
        assert_eq!(gateway.send(request.unwrap()).await.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(read.load(Ordering::SeqCst), 0, "{length}");
    }
}

/// One that never ends, and one that comes a byte at a time.
#[tokio::test]
async fn slow_bodies_are_given_up() {
    let gateway = small();
    let hanging = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{"))]).chain(stream::pending());
    let dripping = stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Some((Ok::<_, std::io::Error>(Bytes::from_static(b" ")), ()))
    });
    for body in [Body::from_stream(hanging), Body::from_stream(dripping)] {
        let answer = tokio::time::timeout(Duration::from_secs(60), gateway.send(post("/v1/decide", body))).await;
        let status = answer.expect("it is given up").status();
        assert!([StatusCode::REQUEST_TIMEOUT, StatusCode::SERVICE_UNAVAILABLE].contains(&status), "{status}");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_decides_nothing() {
    let gateway = small();
    let broken = stream::iter([Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("gone"))]);
    let answer = gateway.send(post("/v1/begin", Body::from_stream(broken))).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn bodies_say_that_they_are_json() {
    let gateway = Gateway::open();
    let good = std::fs::read_to_string(examples().join("requests/mail-to-colleague.json")).unwrap();
    let send = async |kinds: &[&str]| {
        let mut request = request(Method::POST, "/v1/decide", Some(HOST_OF_ACME));
        for kind in kinds {
            request = request.header(header::CONTENT_TYPE, *kind);
        }
        gateway.send(request.body(Body::from(good.clone())).unwrap()).await.status()
    };
    for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
        assert_eq!(send(&[kind]).await, StatusCode::OK, "{kind}");
    }
    let others: [&[&str]; 6] = [
        &[],
        &["text/plain"],
        &["application/x-www-form-urlencoded"],
        &["multipart/form-data"],
        &["application/jsonp"],
        &["application/json", "text/plain"],
    ];
    for kinds in others {
        assert_eq!(send(kinds).await, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kinds:?}");
    }
}

/// The decoder's own bounds and rules hold over HTTP as well: each of these is a denial.
#[tokio::test]
async fn odd_json_is_a_denial() {
    let gateway = Gateway::open();
    let deep = format!("{{\"args\": {}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let good = std::fs::read_to_string(examples().join("requests/mail-to-colleague.json")).unwrap();
    let twice = good.replacen('{', "{\"environment\": \"dev\", ", 1);
    let unknown = good.replacen('{', "{\"enviroment\": \"dev\", ", 1);
    let cases = [
        ("deep", deep.as_str(), "limits_exceeded"),
        ("a key twice", &twice, "invalid_request"),
        ("an unknown key", &unknown, "invalid_request"),
        ("cut off", &good[..good.len() - 3], "invalid_request"),
        ("no object", "[]", "invalid_request"),
        ("nothing", "", "invalid_request"),
        ("two documents", &format!("{good}{good}"), "invalid_request"),
    ];
    for (case, body, reason) in cases {
        for path in ["/v1/decide", "/v1/begin"] {
            let (status, answer) = gateway.post(path, HOST_OF_ACME, body).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {case}");
            assert_eq!((&answer["decision"], &answer["reason"]), (&"deny".into(), &reason.into()), "{path}: {case}");
        }
    }
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_json_as_well() {
    let gateway = Gateway::open();
    let (status, body) = gateway.get("/nowhere", HOST_OF_ACME).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::NOT_FOUND, &"not_found".into()));
    let answer =
        gateway.send(request(Method::GET, "/v1/decide", Some(HOST_OF_ACME)).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers()[header::ALLOW], "POST");
    assert_eq!(json(answer).await["error"]["code"], "wrong_method");
}

#[tokio::test]
async fn foreign_names_and_pages_are_refused() {
    let gateway = Gateway::open();
    let send = async |host: &str, origin: Option<&str>, path: &str| {
        let mut request = axum::http::Request::builder().uri(path).header(header::HOST, host);
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        gateway.send(request.body(Body::empty()).unwrap()).await.status()
    };
    assert_eq!(send(HOST, None, "/openapi.json").await, StatusCode::OK);
    assert_eq!(send("rebound.example:8787", None, "/openapi.json").await, StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(send("rebound.example:8787", None, "/metrics").await, StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(send("rebound.example:8787", None, "/healthz").await, StatusCode::OK);
    assert_eq!(send(HOST, Some("https://evil.example"), "/openapi.json").await, StatusCode::FORBIDDEN);
    assert_eq!(send(HOST, Some("null"), "/openapi.json").await, StatusCode::FORBIDDEN);
    assert_eq!(send(HOST, Some("http://127.0.0.1:8787"), "/openapi.json").await, StatusCode::OK);
}

#[tokio::test]
async fn answers_are_hardened_and_named() {
    let gateway = Gateway::open();
    let send = async |id: Option<&str>, path: &str| {
        let mut request = request(Method::GET, path, None);
        if let Some(id) = id {
            request = request.header("x-request-id", id);
        }
        gateway.send(request.body(Body::empty()).unwrap()).await.headers().clone()
    };
    for path in ["/openapi.json", "/nowhere", "/v1/policies"] {
        let headers = send(Some("bfe9eb29-ab87-4ca3-be83-a1d5d8305716"), path).await;
        assert_eq!(headers["x-request-id"], "bfe9eb29-ab87-4ca3-be83-a1d5d8305716");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(headers[header::CONTENT_SECURITY_POLICY], "default-src 'none'; frame-ancestors 'none'");
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    }
    let long = "x".repeat(200);
    for id in [None, Some(""), Some("two words"), Some(long.as_str())] {
        let given = send(id, "/openapi.json").await["x-request-id"].to_str().unwrap().to_owned();
        assert!(uuid::Uuid::parse_str(&given).is_ok(), "{given}");
    }
}

#[tokio::test]
async fn a_panic_is_an_answer_that_says_nothing() {
    let gateway = Gateway::open();
    let routes = Router::new()
        .route("/panic", get(async || -> &'static str { panic!("the secret is 42") }))
        .route("/id", get(async |Extension(id): Extension<RequestId>| id.0.to_string()));
    let gateway = Gateway { router: roof(routes, gateway.app.clone()), app: gateway.app };
    let answer = gateway.send(request(Method::GET, "/panic", None).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body = text(answer).await;
    assert!(body.contains("internal") && !body.contains("42"), "{body}");
    let answer = gateway
        .send(request(Method::GET, "/id", None).header("x-request-id", "r-1").body(Body::empty()).unwrap())
        .await;
    assert_eq!(text(answer).await, "r-1");
}

#[tokio::test]
async fn health_says_which_part_fails() {
    let gateway = Gateway::open();
    let (status, body) = gateway.get("/healthz", AGENT).await;
    assert_eq!((status, &body["status"]), (StatusCode::OK, &"ok".into()));
    gateway.app.guard.engine().policies().withdraw(Some("acme"));
    let (status, body) = gateway.get("/healthz", AGENT).await;
    assert_eq!((status, &body["failing"][0]), (StatusCode::SERVICE_UNAVAILABLE, &"policies".into()));
    gateway.app.stop.cancel();
    let (status, body) = gateway.get("/healthz", AGENT).await;
    assert_eq!((status, &body["status"]), (StatusCode::SERVICE_UNAVAILABLE, &"stopping".into()));
}

/// What hangs is given up, and whoever comes while everything hangs is turned away instead of waiting, too.
#[tokio::test]
async fn what_hangs_is_given_up_and_what_is_full_is_full() {
    let gateway = small();
    let (started, mut starts) = tokio::sync::mpsc::unbounded_channel();
    let hang = get(async move || {
        started.send(()).unwrap();
        std::future::pending::<&'static str>().await
    });
    let routes = prompt(Router::new().route("/hang", hang), &gateway.app);
    let gateway = Gateway { router: roof(routes, gateway.app.clone()), app: gateway.app };
    let ask = || request(Method::GET, "/hang", None).body(Body::empty()).unwrap();
    let answer = gateway.send(ask()).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(json(answer).await["error"]["code"], "timeout");
    starts.recv().await.unwrap();

    // A machine that takes longer to start all of them than one may hang has given up some of them by then.
    let mut busy = None;
    for _ in 0..20 {
        let asked: Vec<_> = (0..1_025).map(|_| gateway.send(ask())).collect();
        let answers = futures_util::future::join_all(asked).await;
        let refused = answers.into_iter().find(|answer| answer.headers().contains_key(header::RETRY_AFTER));
        if let Some(answer) = refused {
            busy = Some(json(answer).await);
            break;
        }
    }
    assert_eq!(busy.expect("one is turned away")["error"]["code"], "busy");
}
