//! Servers that die, hang, flood or do not start, and clients that go away.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{CEILING, Client, Setup, lives, python, python_server, until};

const ALLOWED: &str = "claw_decisions_total{outcome=\"allow\"";
const SETTLED: &str = "claw_settlements_total{outcome=\"ok\"";

fn message(answer: &Value) -> &str {
    answer["error"]["message"].as_str().unwrap_or_else(|| panic!("no error: {answer}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_dies_is_started_again_when_it_is_needed() {
    if !python() {
        return;
    }
    let gateway = Setup::new().start().await;
    let mut client = gateway.connect("/mcp/test").await;
    client.ask("logging/setLevel", json!({"level": "debug"})).await;
    let first = client.text("pid", json!({})).await;
    let mut other = client.clone();
    let waiting = tokio::spawn(async move { other.call("hang", json!({})).await });
    // So that the ids differ.
    client.ask("ping", json!({})).await;
    let died = client.call("die", json!({})).await;
    assert!(message(&died).contains("`test`: it ended (exit status: 3)"), "{died}");
    assert!(message(&waiting.await.unwrap()).contains("it ended"));
    assert_ne!(client.text("pid", json!({})).await, first);
    // What the client has asked for holds for the new one.
    let hello: Value = serde_json::from_str(&client.text("hello", json!({})).await).unwrap();
    assert_eq!(hello["standing"], json!([{"level": "debug"}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_floods_is_ended_and_says_why() {
    if !python() {
        return;
    }
    let gateway = Setup::new().start().await;
    let mut client = gateway.connect("/mcp/test").await;
    for (tool, why) in [("endless", "longer than 1048576 bytes"), ("flood", "more than 5000 messages in a second")] {
        let pid = client.text("pid", json!({})).await;
        let mut answers = client.all("tools/call", json!({"name": tool, "arguments": {}})).await;
        let answer = answers.pop().unwrap();
        assert!(message(&answer).contains(why), "{answer}");
        until("the end of what floods", async || !lives(&pid)).await;
    }
    assert_eq!(client.text("noise", json!({})).await, "made noise");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_is_given_up() {
    if !python() {
        return;
    }
    let mut server = python_server("test", &[]);
    server.timeout = Duration::from_secs(5);
    let gateway = Setup::new().servers(vec![server]).start().await;
    let mut client = gateway.connect("/mcp/test").await;
    let late = client.call("hang", json!({})).await;
    assert!(message(&late).contains("it did not answer within 5 s"), "{late}");
    until("the cancellation", async || client.text("cancelled", json!({})).await.contains("did not answer")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_start_says_so() {
    if !python() {
        return;
    }
    let mut hangs = python_server("test", &[("START", "hang")]);
    hangs.timeout = Duration::from_secs(1);
    let mut missing = python_server("test", &[]);
    if let claw_gateway::config::Reach::Child { command, .. } = &mut missing.reach {
        *command = "no-such-program-here".to_owned();
    }
    let dies = python_server("test", &[("START", "die")]);
    for (server, why) in [(dies, "it ended (exit status: 1)"), (hangs, "within 1 s"), (missing, "can't be started")] {
        let gateway = Setup::new().servers(vec![server]).start().await;
        let mut client = Client::new(gateway.url("/mcp/test"), "agent-token");
        let answer = client.initialize(json!({})).await;
        assert!(message(&answer).contains(why), "{answer}");
        assert_eq!(client.session, None);
        gateway.app.stop.cancel();
        assert!(gateway.mcp.closed(CEILING).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_sees_only_what_it_is_given() {
    if !python() {
        return;
    }
    let gateway = Setup::new().servers(vec![python_server("test", &[("GIVEN", "1")])]).start().await;
    let mut client = gateway.connect("/mcp/test").await;
    let names: Vec<String> = serde_json::from_str(&client.text("env", json!({})).await).unwrap();
    assert!(names.contains(&"GIVEN".to_owned()) && names.contains(&"PATH".to_owned()), "{names:?}");
    let foreign = names.iter().filter(|name| name.starts_with("CARGO"));
    assert_eq!(foreign.count(), 0, "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_takes_its_children_with_it_and_theirs() {
    if !python() {
        return;
    }
    let gateway = Setup::new().start().await;
    let mut client = gateway.connect("/mcp/test").await;
    let (child, grandchild) = (client.text("pid", json!({})).await, client.text("spawn", json!({})).await);
    assert!(lives(&child) && lives(&grandchild));
    let left = client.http.delete(&client.url).bearer_auth("agent-token");
    let left = left.header("mcp-session-id", client.session.clone().unwrap()).send().await.unwrap();
    assert!(left.status().is_success());
    until("the end of the children", async || !lives(&child) && !lives(&grandchild)).await;
    let gone = client.post(client.clone().message("ping", json!({})).1).send().await.unwrap();
    assert_eq!(gone.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_session_ends_and_so_do_all_when_the_gateway_does() {
    if !python() {
        return;
    }
    let gateway = Setup::new().bounds(|bounds| bounds.session_idle = Duration::from_secs(4)).start().await;
    let mut client = gateway.connect("/mcp/test").await;
    let pid = client.text("pid", json!({})).await;
    // Whatever is under way is not idle.
    assert_eq!(client.text("slow", json!({"seconds": 5.5})).await, "done");
    until("the end of what is idle", async || !lives(&pid)).await;

    let mut client = gateway.connect("/mcp/test").await;
    let pid = client.text("pid", json!({})).await;
    let (_, body) = client.message("tools/call", json!({"name": "slow", "arguments": {"seconds": 1}}));
    let running = tokio::spawn(client.post(body).send());
    until("the call", async || gateway.metric(ALLOWED).await == 4.0).await;
    gateway.app.stop.cancel();
    let refused = Client::new(gateway.url("/mcp/test"), "agent-token");
    let refused = refused.post(refused.clone().message("initialize", json!({"protocolVersion": "2025-06-18"})).1);
    assert_eq!(refused.send().await.unwrap().status(), 503);
    let finished = crate::support::messages(running.await.unwrap().unwrap()).await;
    assert_eq!(finished[0]["result"]["content"][0]["text"], "done", "{finished:?}");
    assert!(gateway.mcp.closed(CEILING).await);
    assert!(!lives(&pid));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_too_long_are_refused_both_ways() {
    if !python() {
        return;
    }
    let gateway = Setup::new().start().await;
    let mut client = gateway.connect("/mcp/test").await;
    let body = json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call",
                      "params": {"name": "echo", "arguments": {"text": "x".repeat(2 << 20)}}});
    let refused = client.post(body.to_string()).send().await.unwrap();
    assert_eq!(refused.status(), 413);
    assert_eq!(client.text("echo", json!({"text": "still here"})).await, "still here");
    let long = client.call("big", json!({"size": 2 << 20})).await;
    assert!(message(&long).contains("longer than 1048576 bytes"), "{long}");
    assert_eq!(client.text("echo", json!({"text": "again"})).await, "again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_closes_its_stream_does_not_stop_what_runs() {
    if !python() {
        return;
    }
    let gateway = Setup::new().start().await;
    let mut client = gateway.connect("/mcp/test").await;
    let (_, body) = client.message("tools/call", json!({"name": "slow", "arguments": {"seconds": 1}}));
    let response = client.post(body).send().await.unwrap();
    drop(response);
    // The session lives on, and the call is settled in its own time.
    assert_eq!(client.text("echo", json!({"text": "x"})).await, "x");
    until("the settlement", async || gateway.metric(SETTLED).await == 2.0).await;
}
