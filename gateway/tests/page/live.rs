//! Open pages hear of what has changed, as long as their session lasts.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

use crate::support::{Browser, Shop};

const ARGS: &str = r#"{"order": "o-1", "memo": "m"}"#;

/// Listens to `/approvals/events`, one event at a time.
struct Ear {
    stream: BoxStream<'static, Result<axum::body::Bytes, axum::Error>>,
}

impl Ear {
    async fn open(browser: &Browser) -> Result<Ear, StatusCode> {
        let response = browser.send(browser.request("GET", "/approvals/events").body(Body::empty()).unwrap()).await;
        if response.status() != StatusCode::OK {
            return Err(response.status());
        }
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Ok(Ear { stream: response.into_body().into_data_stream().boxed() })
    }

    /// The next event, or the end.
    async fn next(&mut self) -> Option<String> {
        let next = async {
            loop {
                let text = String::from_utf8(self.stream.next().await?.unwrap().to_vec()).unwrap();
                // Lines that only keep the connection alive begin with a colon.
                if !text.starts_with(':') {
                    return Some(text);
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), next).await.expect("an event in time")
    }
}

#[tokio::test]
async fn changes_are_told_to_their_tenant() {
    let shop = Shop::open();
    let (olga, eve) = (shop.signed_in("olga").await, shop.signed_in("eve").await);
    let (mut hers, mut foreign) = (Ear::open(&olga).await.unwrap(), Ear::open(&eve).await.unwrap());
    let first = hers.next().await.unwrap();
    assert!(first.starts_with("event: mark\ndata: 0 sha256:"), "{first}");
    let page = olga.get("/approvals").await.text;
    let mark = first.trim().rsplit_once(' ').unwrap().1;
    assert!(page.contains(&format!("data-mark=\"{mark}\"")), "the page knows that it is up to date");
    let at_eves = foreign.next().await.unwrap();

    let asking = shop.ask("refund", ARGS).await;
    let opened = hers.next().await.unwrap();
    assert!(opened.starts_with("event: mark\ndata: 1 "), "{opened}");
    assert_eq!(olga.vote(&asking, "grant", "").await.status, StatusCode::SEE_OTHER);
    let voted = hers.next().await.unwrap();
    assert!(voted.starts_with("event: mark\ndata: 0 ") && voted != first, "{voted}");
    // What this gateway was not told, the ledger is asked.
    assert!(shop.is_allowed("refund", ARGS).await);
    assert_ne!(hers.next().await.unwrap(), voted);

    shop.ask_as("evil", "x", "refund", ARGS).await;
    assert_ne!(foreign.next().await.unwrap(), at_eves, "the first thing that eve hears is her own");
    assert!(eve.get("/approvals").await.text.contains("refund"));
}

#[tokio::test]
async fn nobody_listens_after_signing_out() {
    let shop = Shop::open();
    let olga = shop.signed_in("olga").await;
    let mut ear = Ear::open(&olga).await.unwrap();
    ear.next().await.unwrap();
    let csrf = olga.csrf().await;
    olga.post("/sign-out", &[("csrf", &csrf)]).await;
    assert_eq!(ear.next().await.as_deref(), Some("event: over\ndata: signed out\n\n"));
    assert_eq!(ear.next().await, None);
}

#[tokio::test]
async fn nobody_listens_longer_than_their_session() {
    let shop = Shop::open();
    let mut ear = Ear::open(&shop.signed_in("tim").await).await.unwrap();
    ear.next().await.unwrap();
    shop.advance("1h");
    assert_eq!(ear.next().await.as_deref(), Some("event: over\ndata: signed out\n\n"));
    assert_eq!(ear.next().await, None);
}

#[tokio::test]
async fn listeners_end_with_the_gateway() {
    let shop = Shop::open();
    let mut ear = Ear::open(&shop.signed_in("olga").await).await.unwrap();
    ear.next().await.unwrap();
    shop.app.stop.cancel();
    assert_eq!(ear.next().await, None);
}

#[tokio::test]
async fn so_many_listen() {
    let shop = Shop::open();
    let olga = shop.signed_in("olga").await;
    let mut ears = Vec::new();
    for _ in 0..8 {
        ears.push(Ear::open(&olga).await.unwrap());
    }
    assert_eq!(Ear::open(&olga).await.err(), Some(StatusCode::TOO_MANY_REQUESTS));
    assert!(Ear::open(&shop.signed_in("otto").await).await.is_ok(), "others may");
    ears.pop();
    assert!(Ear::open(&olga).await.is_ok(), "a page that was closed makes room");
}
