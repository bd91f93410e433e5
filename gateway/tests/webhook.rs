//! The webhook: what is told, signed how, and what happens when nobody listens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "page/support.rs"]
mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::any;
use claw_gateway::config::{Secret, Webhook};
use claw_gateway::open::Place;
use claw_gateway::webhook;
use serde_json::Value;
use support::{ORIGIN, Shop};
use tokio::task::JoinHandle;

const ARGS: &str = r#"{"order": "o-1", "memo": "<b>broken</b>"}"#;
const SECRET: &str = "correct horse battery staple";

/// One request that came.
#[derive(Clone, Debug)]
struct Came {
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Came {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn event(&self) -> String {
        let json = self.json();
        assert_eq!(self.headers["x-claw-event"], json["event"].as_str().unwrap());
        assert_eq!(self.headers["x-claw-id"], json["id"].as_str().unwrap());
        json["event"].as_str().unwrap().to_owned()
    }
}

/// Someone who listens, and answers as the test says, one status for each request and the last one for all others.
#[derive(Clone, Default)]
struct Listener {
    came: Arc<Mutex<Vec<Came>>>,
    answers: Arc<Mutex<Vec<u16>>>,
}

/// Answers never.
const SILENT: u16 = 0;

impl Listener {
    /// Starts listening; where.
    async fn start(answers: &[u16]) -> (Listener, url::Url) {
        let listener = Listener { answers: Arc::new(Mutex::new(answers.to_vec())), ..Listener::default() };
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", socket.local_addr().unwrap()).parse().unwrap();
        let router = Router::new().fallback(any(hear)).with_state(listener.clone());
        tokio::spawn(async move { axum::serve(socket, router).await });
        (listener, url)
    }

    fn came(&self) -> Vec<Came> {
        self.came.lock().unwrap().clone()
    }

    /// Waits until so many requests have come.
    async fn wait(&self, number: usize) -> Vec<Came> {
        until(|| self.came().len() >= number).await;
        self.came()
    }
}

async fn hear(State(it): State<Listener>, uri: axum::http::Uri, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    it.came.lock().unwrap().push(Came { path: uri.path().to_owned(), headers, body });
    let status = {
        let mut answers = it.answers.lock().unwrap();
        if answers.len() > 1 { answers.remove(0) } else { answers.first().copied().unwrap_or(200) }
    };
    if status == SILENT {
        std::future::pending::<()>().await;
    }
    (StatusCode::from_u16(status).unwrap(), [(header::LOCATION, "/elsewhere")], "")
}

async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("in time");
}

fn shop(url: url::Url) -> (Shop, JoinHandle<()>) {
    let hook = Webhook { url, secret: Secret(SECRET.to_owned()), timeout: Duration::from_millis(500) };
    let shop = Shop::with(ORIGIN, |config| config.approvals.webhook = Some(hook));
    let task = webhook::spawn_with_clock(&shop.app, Place::Main, shop.clock.clone())
        .unwrap()
        .expect("a webhook is configured");
    (shop, task)
}

fn counted(shop: &Shop, result: &str) -> bool {
    let line = format!("claw_webhooks_total{{result=\"{result}\"}} ");
    shop.app.metrics.scrape(shop.app.guard.engine(), &shop.app.config).lines().any(|text| text.starts_with(&line))
}

#[tokio::test]
async fn told_once_each_and_signed() {
    let (listener, url) = Listener::start(&[200]).await;
    let (shop, _task) = shop(url);
    let asking = shop.ask("refund", ARGS).await;
    listener.wait(1).await;
    shop.ask("refund", ARGS).await;
    let olga = shop.signed_in("olga").await;
    assert_eq!(olga.vote(&asking, "grant", "fine").await.status, StatusCode::SEE_OTHER);
    let came = listener.wait(2).await;
    assert_eq!(
        came.iter().map(Came::event).collect::<Vec<_>>(),
        ["opened", "granted"],
        "what is known is not told again"
    );

    let opened = &came[0];
    let json = opened.json();
    let told = &json["asking"];
    assert_eq!(told["id"], asking.id.to_string());
    assert_eq!((&told["tool"], &told["agent"], &told["user"]), (&"refund".into(), &"bot".into(), &"ulla".into()));
    assert_eq!((&told["tenant"], &told["environment"]), (&"acme".into(), &"prod".into()));
    assert_eq!(told["link"], format!("{ORIGIN}/approvals/{}", asking.id));
    assert!(told["text"].as_str().unwrap().contains("broken\\u{3c}/b>"), "{told}");
    assert_eq!(came[1].json()["asking"]["votes"][0]["person"], "olga");

    let signed = opened.headers["x-claw-signature"].to_str().unwrap();
    let seconds = signed.strip_prefix("t=").unwrap().split(',').next().unwrap().parse().unwrap();
    assert_eq!(signed, webhook::signature(&Secret(SECRET.to_owned()), seconds, &opened.body));
    assert_ne!(signed, webhook::signature(&Secret("other".to_owned()), seconds, &opened.body));
    assert_eq!(opened.headers["content-type"], "application/json");
    until(|| counted(&shop, "delivered")).await;
}

#[tokio::test]
async fn refusals_and_ends_are_told() {
    let (listener, url) = Listener::start(&[200]).await;
    let (shop, _task) = shop(url);
    let first = shop.ask("refund", ARGS).await;
    shop.ask("refund", r#"{"order": "o-2", "memo": ""}"#).await;
    listener.wait(2).await;
    shop.signed_in("olga").await.vote(&first, "refuse", "").await;
    listener.wait(3).await;
    shop.advance("15m1ms");
    let came = listener.wait(4).await;
    assert_eq!(came.iter().map(Came::event).collect::<Vec<_>>(), ["opened", "opened", "refused", "expired"]);
    assert_eq!(came[3].json()["asking"]["id"], came[1].json()["asking"]["id"], "the refused one is over");
}

#[tokio::test]
async fn what_waits_is_told_after_a_start() {
    let (listener, url) = Listener::start(&[200]).await;
    let hook = Webhook { url, secret: Secret(SECRET.to_owned()), timeout: Duration::from_secs(5) };
    let shop = Shop::with(ORIGIN, |config| config.approvals.webhook = Some(hook));
    shop.ask("refund", ARGS).await;
    let first = webhook::spawn_with_clock(&shop.app, Place::Main, shop.clock.clone()).unwrap().unwrap();
    let one = listener.wait(1).await[0].json();
    first.abort();
    let _second = webhook::spawn_with_clock(&shop.app, Place::Main, shop.clock.clone()).unwrap().unwrap();
    let again = listener.wait(2).await[1].json();
    assert_eq!(one["id"], again["id"], "whoever listens can tell that it is the same");

    // A gateway beside it tells of what happens there, and not all over again.
    let _beside = webhook::spawn_with_clock(&shop.app, Place::Beside, shop.clock.clone()).unwrap().unwrap();
    let other = shop.ask("refund", r#"{"order": "o-2", "memo": ""}"#).await;
    let came = listener.wait(4).await;
    assert!(came[2..].iter().all(|came| came.json()["asking"]["id"] == other.id.to_string()));
}

#[tokio::test]
async fn tries_again_for_a_while() {
    let (listener, url) = Listener::start(&[500, SILENT, 204]).await;
    let (shop, _task) = shop(url);
    shop.ask("refund", ARGS).await;
    let came = listener.wait(3).await;
    assert!(came.iter().all(|other| other.body == came[0].body), "the same each time");
    until(|| counted(&shop, "delivered")).await;
    assert!(!counted(&shop, "failed"));
}

#[tokio::test]
async fn redirects_and_refusals_are_final() {
    for status in [301, 307, 308, 400, 401, 404, 410] {
        let (listener, url) = Listener::start(&[status]).await;
        let (shop, _task) = shop(url);
        shop.ask("refund", ARGS).await;
        until(|| counted(&shop, "failed")).await;
        let came = listener.came();
        assert_eq!((came.len(), &*came[0].path), (1, "/hook"), "{status}");
    }
}

#[tokio::test]
async fn nobody_waits_for_it() {
    let (listener, url) = Listener::start(&[SILENT]).await;
    let (shop, task) = shop(url);
    for i in 0..40 {
        shop.ask("refund", &format!(r#"{{"order": "o-{i}", "memo": ""}}"#)).await;
    }
    listener.wait(8).await;
    let asking = shop.ask("refund", ARGS).await;
    assert_eq!(shop.signed_in("olga").await.vote(&asking, "grant", "").await.status, StatusCode::SEE_OTHER);
    assert!(shop.is_allowed("refund", ARGS).await);
    // It ends soon after the gateway does.
    shop.app.stop.cancel();
    tokio::time::timeout(Duration::from_secs(60), task).await.expect("it ends").unwrap();
    assert!(counted(&shop, "failed"));
}

#[tokio::test]
async fn nothing_is_told_unless_configured() {
    let shop = Shop::open();
    assert!(webhook::spawn(&shop.app, Place::Main).unwrap().is_none());
}
