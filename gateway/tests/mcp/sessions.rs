//! Whose a session is.

use claw_gateway::config::SessionBy;
use claw_runtime::Time;
use serde_json::json;

use crate::support::{Client, Setup, python};

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_its_callers_at_its_address() {
    if !python() {
        return;
    }
    let gateway = Setup::new().start().await;
    let client = gateway.connect("/mcp/test").await;
    let ping = || client.clone().message("ping", json!({})).1;
    assert_eq!(client.post(ping()).send().await.unwrap().status(), 200);

    let stranger = Client { token: "stranger-token".to_owned(), ..client.clone() };
    assert_eq!(stranger.post(ping()).send().await.unwrap().status(), 404);
    let nobody = Client { token: "wrong".to_owned(), ..client.clone() };
    assert_eq!(nobody.post(ping()).send().await.unwrap().status(), 401);
    let elsewhere = Client { url: gateway.url("/mcp"), ..client.clone() };
    assert_eq!(elsewhere.post(ping()).send().await.unwrap().status(), 404);
    let invented = Client { session: Some("0".repeat(36)), ..client.clone() };
    assert_eq!(invented.post(ping()).send().await.unwrap().status(), 404);
    let old = client.post(ping()).header("mcp-protocol-version", "1999-01-01").send().await.unwrap();
    assert_eq!(old.status(), 400);
    for method in [reqwest::Method::GET, reqwest::Method::DELETE] {
        let request = client.http.request(method, &client.url).bearer_auth("stranger-token");
        let response = request.header("mcp-session-id", client.session.clone().unwrap()).send().await.unwrap();
        assert_eq!(response.status(), 404);
    }
    assert_eq!(client.post(ping()).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_never_share_a_child_and_are_bounded() {
    if !python() {
        return;
    }
    let gateway = Setup::new().bounds(|bounds| bounds.sessions = 2).start().await;
    let (mut one, mut two) = (gateway.connect("/mcp/test").await, gateway.connect("/mcp/test").await);
    assert_ne!(one.text("pid", json!({})).await, two.text("pid", json!({})).await);
    let mut three = Client::new(gateway.url("/mcp/test"), "agent-token");
    let body = three.message("initialize", json!({"protocolVersion": "2025-06-18"})).1;
    assert_eq!(three.post(body).send().await.unwrap().status(), 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_of_a_session_is_answered_in_the_protocols_words() {
    if !python() {
        return;
    }
    let gateway = Setup::new().start().await;
    let mut client = Client::new(gateway.url("/mcp/test"), "agent-token");
    for (method, code) in [("server/discover", -32601), ("tools/list", -32600)] {
        let body = client.message(method, json!({})).1;
        let response = client.post(body).send().await.unwrap();
        assert_eq!(response.status(), 400);
        let answer: serde_json::Value = response.json().await.unwrap();
        assert_eq!(answer["error"]["code"], code);
    }
    for body in ["", "[]", "{", r#"{"jsonrpc":"2.0","id":1}"#] {
        let response = client.post(body).send().await.unwrap();
        assert_eq!(response.status(), 400, "{body}");
        let answer: serde_json::Value = response.json().await.unwrap();
        assert!(answer["error"]["code"].is_i64(), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_can_name_the_session() {
    if !python() {
        return;
    }
    let by = SessionBy::Header("X-Conversation".to_owned());
    let gateway = Setup::new().caller(|caller| caller.session = by).start().await;
    let mut client = Client::new(gateway.url("/mcp/test"), "agent-token");
    let body = client.message("initialize", json!({"protocolVersion": "2025-06-18"})).1;
    assert_eq!(client.post(body.clone()).send().await.unwrap().status(), 400);
    let response = client.post(body).header("x-conversation", "c1").send().await.unwrap();
    client.session = Some(response.headers()["mcp-session-id"].to_str().unwrap().to_owned());
    let ping = client.message("ping", json!({})).1;
    assert_eq!(client.post(ping.clone()).header("x-conversation", "c1").send().await.unwrap().status(), 200);
    assert_eq!(client.post(ping).header("x-conversation", "c2").send().await.unwrap().status(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_caller_has_done_does_not_count_for_another() {
    if !python() {
        return;
    }
    let mut setup = Setup::new();
    for caller in &mut setup.callers {
        caller.session = SessionBy::Header("X-Conversation".to_owned());
    }
    let rule = r#"rule greeted { on pid unless prior echo(prior.text == "x") within 10m deny "say it first" }"#;
    setup.policy.push_str(rule);
    let gateway = setup.start().await;
    let mut clients = Vec::new();
    for token in ["agent-token", "stranger-token"] {
        let mut client = Client::new(gateway.url("/mcp/test"), token);
        let body = client.message("initialize", json!({"protocolVersion": "2025-06-18"})).1;
        let response = client.post(body).header("x-conversation", "same").send().await.unwrap();
        client.session = Some(response.headers()["mcp-session-id"].to_str().unwrap().to_owned());
        clients.push(client);
    }
    assert_eq!(clients[0].text("echo", json!({"text": "x"})).await, "x");
    assert!(clients[0].call("pid", json!({})).await["result"]["isError"].is_null());
    assert_eq!(clients[1].call("pid", json!({})).await["result"]["isError"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_does_not_outlive_its_token() {
    if !python() {
        return;
    }
    // On a slow machine a token may expire before the stream is open.
    for seconds in [4, 16, 60] {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        let end = Time::from_millis(i64::try_from(now).unwrap() + seconds * 1_000);
        let gateway = Setup::new().caller(|caller| caller.tokens[0].expires = end).start().await;
        let mut client = Client::new(gateway.url("/mcp/test"), "agent-token");
        client.http = reqwest::Client::new();
        let body = client.message("initialize", json!({"protocolVersion": "2025-06-18"})).1;
        let begun = client.post(body).send().await.unwrap();
        let Some(session) = begun.headers().get("mcp-session-id") else { continue };
        let request = client.http.get(&client.url).bearer_auth("agent-token").header("mcp-session-id", session);
        let mut stream = request.send().await.unwrap();
        if stream.status() == 401 {
            continue;
        }
        assert_eq!(stream.status(), 200);
        while stream.chunk().await.unwrap().is_some() {}
        let late = client.post(client.clone().message("ping", json!({})).1).send().await.unwrap();
        assert_eq!(late.status(), 401);
        return;
    }
    panic!("a session can't be opened within a minute");
}
