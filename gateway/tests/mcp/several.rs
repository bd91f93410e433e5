//! Several servers under one address.

use serde_json::{Value, json};

use crate::support::{Client, Setup, python, python_server};

fn two() -> Setup {
    let other = python_server("other", &[("URI", "test://b")]);
    Setup::new().servers(vec![python_server("test", &[]), other])
}

#[tokio::test(flavor = "multi_thread")]
async fn names_get_their_server_before_them() {
    if !python() {
        return;
    }
    let gateway = two().start().await;
    let mut client = Client::new(gateway.url("/mcp"), "agent-token");
    let about = client.initialize(json!({})).await;
    assert_eq!(about["result"]["serverInfo"]["name"], "claw-gateway");
    assert_eq!(about["result"]["instructions"], "# test\n\nBe careful.\n\n# other\n\nBe careful.");
    assert_eq!(about["result"]["capabilities"]["resources"]["subscribe"], true);
    let tools = client.tools().await;
    assert!(tools.contains(&"test__echo".to_owned()) && tools.contains(&"other__echo".to_owned()), "{tools:?}");
    assert_eq!(client.text("other__echo", json!({"text": "secret"})).await, "secret");
    let denied = client.call("test__echo", json!({"text": "secret"})).await;
    assert_eq!(denied["result"]["isError"], true);
    assert_ne!(client.text("test__pid", json!({})).await, client.text("other__pid", json!({})).await);
    for unknown in ["echo", "third__echo", "test_echo"] {
        let answer = client.call(unknown, json!({"text": "x"})).await;
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_does_not_hide_the_others() {
    if !python() {
        return;
    }
    let servers = vec![python_server("test", &[]), python_server("other", &[("START", "die")])];
    let gateway = Setup::new().servers(servers).start().await;
    let mut client = gateway.connect("/mcp").await;
    assert!(client.tools().await.iter().all(|name| name.starts_with("test__")));
    let answer = client.call("other__echo", json!({"text": "x"})).await;
    assert!(answer["error"]["message"].as_str().unwrap().starts_with("the server `other`:"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_server_keeps_its_names() {
    if !python() {
        return;
    }
    let gateway = Setup::new().start().await;
    let mut client = gateway.connect("/mcp").await;
    assert_eq!(client.text("echo", json!({"text": "x"})).await, "x");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_reaches_the_servers_that_it_is_given() {
    if !python() {
        return;
    }
    let gateway = two().caller(|caller| caller.servers = Some(vec!["other".to_owned()])).start().await;
    let mut client = gateway.connect("/mcp").await;
    assert!(client.tools().await.iter().all(|name| name.starts_with("other__")));
    let answer = client.call("test__echo", json!({"text": "x"})).await;
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    for path in ["/mcp/test", "/mcp/third", "/mcp/..%2Fmcp"] {
        let mut client = Client::new(gateway.url(path), "agent-token");
        let body = client.message("initialize", json!({"protocolVersion": "2025-06-18"})).1;
        assert_eq!(client.post(body).send().await.unwrap().status(), 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resource_belongs_to_the_server_that_lists_it() {
    if !python() {
        return;
    }
    let gateway = two().start().await;
    let mut client = gateway.connect("/mcp").await;
    let unknown = client.ask("resources/read", json!({"uri": "test://nowhere"})).await;
    assert_eq!(unknown["error"]["code"], -32002, "{unknown}");
    let both = client.ask("resources/read", json!({"uri": "test://item/7"})).await;
    let message = both["error"]["message"].as_str().unwrap_or_else(|| panic!("{both}"));
    assert!(message.contains("may be of several servers: `test`, `other`"), "{message}");
    let listed = client.ask("resources/list", json!({"cursor": "x"})).await;
    assert_eq!(listed["error"]["code"], -32602);
    let _: Value = listed;
}
