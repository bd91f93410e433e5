//! Servers over HTTP: another gateway, which shows both ends at once, and ones that behave badly.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use claw_gateway::config::{Reach, Secret, Server};
use serde_json::{Value, json};

use crate::support::{Client, Events, Gateway, Setup, messages, python, server, until};

fn at(url: &str, token: &str) -> Server {
    let headers = BTreeMap::from([("authorization".to_owned(), Secret(format!("Bearer {token}")))]);
    server("test", Reach::Http { url: url.parse().expect("a URL"), headers })
}

async fn chain() -> (Gateway, Gateway) {
    let behind = Setup::new().start().await;
    let url = behind.url("/mcp/test");
    (Setup::new().servers(vec![at(&url, "agent-token")]).start().await, behind)
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_passes_over_http_too() {
    if !python() {
        return;
    }
    let (gateway, _behind) = chain().await;
    let mut client = gateway.connect("/mcp/test").await;
    let tools = client.ask("tools/list", json!({})).await;
    assert_eq!(tools["result"]["tools"][0]["x-unknown"], json!({"kept": true}));
    let answer = client.call("echo", json!({"text": "hé"})).await;
    assert_eq!(answer["result"]["unknown"], json!({"kept": true}));

    let call = json!({"name": "progress", "arguments": {}, "_meta": {"progressToken": 7}});
    let all = client.all("tools/call", call).await;
    let steps: Vec<&Value> = all.iter().filter(|message| message["method"].is_string()).collect();
    assert_eq!(steps.iter().map(|step| &step["params"]["progress"]).collect::<Vec<_>>(), [1, 2, 3], "{all:?}");
    assert!(steps.iter().all(|step| step["params"]["progressToken"] == 7));

    let (_, body) = client.message("tools/call", json!({"name": "ask", "arguments": {"method": "roots/list"}}));
    let mut events = Events::of(client.post(body).send().await.unwrap());
    let question = events.next().await.unwrap();
    client.respond(&question["id"], json!({"roots": []})).await;
    assert_eq!(events.next().await.unwrap()["result"]["content"][0]["text"], r#"{"roots": []}"#);

    let (id, body) = client.message("tools/call", json!({"name": "hang", "arguments": {}}));
    let response = client.post(body).send().await.unwrap();
    client.notify("notifications/cancelled", json!({"requestId": id})).await;
    assert!(messages(response).await.is_empty());
    until("the cancellation", async || client.text("cancelled", json!({})).await != "[]").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_says_of_its_own_accord_arrives() {
    if !python() {
        return;
    }
    let (gateway, _behind) = chain().await;
    let mut client = gateway.connect("/mcp/test").await;
    let mut events = client.listen().await;
    assert!(!client.tools().await.contains(&"grown".to_owned()));
    let all = client.all("tools/call", json!({"name": "grow", "arguments": {}})).await;
    if all.len() == 1 {
        assert_eq!(events.next().await.unwrap()["method"], "notifications/tools/list_changed");
    }
    until("the new tool", async || client.tools().await.contains(&"grown".to_owned())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_server_forgot_is_opened_again() {
    let opened = Arc::new(AtomicUsize::new(0));
    let respond = move |headers: HeaderMap, body: String| {
        let message: Value = serde_json::from_str(&body).unwrap();
        let answer = |result: Value| axum::Json(json!({"jsonrpc": "2.0", "id": message["id"], "result": result}));
        let response = match message["method"].as_str() {
            Some("initialize") => {
                let session = opened.fetch_add(1, Ordering::SeqCst).to_string();
                ([("mcp-session-id", session)], answer(initialized())).into_response()
            }
            Some("tools/call") if headers["mcp-session-id"] == "0" => StatusCode::NOT_FOUND.into_response(),
            Some("tools/call") => answer(json!({"content": []})).into_response(),
            _ => StatusCode::ACCEPTED.into_response(),
        };
        async move { response }
    };
    let gateway = before(Router::new().route("/mcp", post(respond))).await;
    let mut client = gateway.connect("/mcp/test").await;
    let forgotten = client.call("echo", json!({"text": "x"})).await;
    assert!(forgotten["error"]["message"].as_str().unwrap().contains("it has forgotten the session"), "{forgotten}");
    let again = client.call("echo", json!({"text": "x"})).await;
    assert_eq!(again["result"]["content"], json!([]), "{again}");
}

fn initialized() -> Value {
    let about = json!({"name": "odd", "version": "0"});
    json!({"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": about})
}

/// A gateway before a server with these routes.
async fn before(router: Router) -> Gateway {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut server = at(&url, "x");
    server.timeout = Duration::from_secs(6);
    Setup::new().servers(vec![server]).start().await
}

/// A server that answers `initialize`, and everything else with this.
async fn answering(answer: impl Fn() -> axum::response::Response + Clone + Send + Sync + 'static) -> Gateway {
    let respond = move |body: String| {
        let answer = answer.clone();
        async move {
            let message: Value = serde_json::from_str(&body).unwrap();
            match message["method"].as_str() {
                Some("initialize") => {
                    axum::Json(json!({"jsonrpc": "2.0", "id": message["id"], "result": initialized()})).into_response()
                }
                Some("tools/call") => answer(),
                _ => StatusCode::ACCEPTED.into_response(),
            }
        }
    };
    before(Router::new().route("/mcp", post(respond))).await
}

async fn told(gateway: &Gateway) -> String {
    let mut client = gateway.connect("/mcp/test").await;
    let answer = client.call("echo", json!({"text": "x"})).await;
    answer["error"]["message"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_answers_amiss_is_told_in_words() {
    let status = |status: StatusCode| move || (status, "because").into_response();
    let gateway = answering(status(StatusCode::UNAUTHORIZED)).await;
    let message = told(&gateway).await;
    assert!(message.contains("HTTP status 401 Unauthorized: because"), "{message}");
    // It certainly did nothing: what the call had reserved is given back.
    let series = "claw_settlements_total{outcome=\"not_executed\"";
    until("the settlement", async || gateway.metric(series).await == 1.0).await;
    assert!(told(&answering(status(StatusCode::BAD_GATEWAY)).await).await.contains("HTTP status 502"));
    let elsewhere = || (StatusCode::FOUND, [("location", "http://127.0.0.1:9/")]).into_response();
    assert!(told(&answering(elsewhere).await).await.contains("HTTP status 302"));
    assert!(told(&answering(|| "hello".into_response()).await).await.contains("neither JSON nor a stream"));
    let json = |body: &'static str| move || ([("content-type", "application/json")], body).into_response();
    assert!(told(&answering(json("{")).await).await.contains("not JSON"));
    let ended = || ([("content-type", "text/event-stream")], "data: \n\n").into_response();
    assert!(told(&answering(ended).await).await.contains("no answer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_streams_without_end_is_given_up() {
    let endless = || {
        let bytes = futures_util::stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from(vec![b'x'; 65_536])));
        ([("content-type", "text/event-stream")], Body::from_stream(bytes)).into_response()
    };
    assert!(told(&answering(endless).await).await.contains("longer than 1048576 bytes"));
    let endless = || {
        let bytes = futures_util::stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from(vec![b' '; 65_536])));
        ([("content-type", "application/json")], Body::from_stream(bytes)).into_response()
    };
    assert!(told(&answering(endless).await).await.contains("longer than 1048576 bytes"));
    let silent = || {
        let bytes = futures_util::stream::pending::<Result<Bytes, Infallible>>();
        ([("content-type", "text/event-stream")], Body::from_stream(bytes)).into_response()
    };
    assert!(told(&answering(silent).await).await.contains("did not answer within 6 s"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_said_not_to_be() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    drop(listener);
    let gateway = Setup::new().servers(vec![at(&url, "x")]).start().await;
    let answer = Client::new(gateway.url("/mcp/test"), "agent-token").initialize(json!({})).await;
    let message = answer["error"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("`test`: it can't be reached"), "{answer}");
}
