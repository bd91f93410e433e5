//! Everything passes as it is, in both directions.

use serde_json::{Value, json};

use crate::support::{Setup, python, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_seen_as_it_is() {
    if !python() {
        return;
    }
    let gateway = Setup::new().start().await;
    let mut client = gateway.connect("/mcp/test").await;
    let about = crate::support::Client::new(gateway.url("/mcp/test"), "agent-token").initialize(json!({})).await;
    assert_eq!(about["result"]["serverInfo"], json!({"name": "test-server", "version": "1.2.3", "x": 1}));
    assert_eq!(about["result"]["protocolVersion"], "2025-06-18");
    assert_eq!(about["result"]["instructions"], "Be careful.");
    assert_eq!(about["result"]["capabilities"]["experimental"], json!({"odd": {}}));

    let hello: Value = serde_json::from_str(&client.text("hello", json!({})).await).unwrap();
    assert_eq!(hello["hello"]["clientInfo"], json!({"name": "test", "version": "0", "odd": true}));
    assert_eq!(hello["hello"]["capabilities"], json!({}));

    let tools = client.ask("tools/list", json!({})).await;
    assert_eq!(tools["result"]["tools"][0]["name"], "echo");
    assert_eq!(tools["result"]["tools"][0]["x-unknown"], json!({"kept": true}));
    let answer =
        client.ask("tools/call", json!({"name": "echo", "arguments": {"text": "hé"}, "_meta": {"a": [1]}})).await;
    assert_eq!(answer["result"]["content"][0]["text"], "hé");
    assert_eq!(answer["result"]["unknown"], json!({"kept": true}));
    assert_eq!(answer["result"]["_meta"]["seen"], json!({"a": [1]}));

    // To the byte: with the server's order and blanks.
    let text = client.raw("tools/call", json!({"name": "echo", "arguments": {"text": "hé"}})).await;
    let result =
        r#""result":{"content": [{"type": "text", "text": "h\u00e9"}], "unknown": {"kept": true}, "_meta": {"seen""#;
    assert!(text.contains(result), "{text}");
    let text = client.raw("tools/list", json!({})).await;
    assert!(text.contains(r#"{"name": "env", "description": "env", "inputSchema": {"type": "object""#), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_call_does_not_reach_the_server() {
    if !python() {
        return;
    }
    let gateway = Setup::new().start().await;
    let mut client = gateway.connect("/mcp/test").await;
    let answer = client.call("echo", json!({"text": "secret"})).await;
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    assert!(answer["result"]["content"][0]["text"].as_str().unwrap().contains("not to be said"), "{answer}");
    assert_eq!(answer["result"]["unknown"], Value::Null);
    // What the server does not list is decided all the same; nothing but the policy says what may be called.
    assert!(client.text("hidden", json!({})).await.contains("unlisted"));
    let undeclared = client.call("rm", json!({})).await;
    assert_eq!(undeclared["result"]["isError"], true, "{undeclared}");
    assert!(!undeclared.to_string().contains("unlisted"), "{undeclared}");
}

#[tokio::test(flavor = "multi_thread")]
async fn prompts_resources_completion_and_levels_pass() {
    if !python() {
        return;
    }
    let gateway = Setup::new().start().await;
    let mut client = gateway.connect("/mcp/test").await;
    let prompt = client.ask("prompts/get", json!({"name": "greet", "arguments": {"name": "Ada"}})).await;
    assert_eq!(prompt["result"]["messages"][0]["content"]["text"], "Greet Ada", "{prompt}");
    let prompts = client.ask("prompts/list", json!({})).await;
    assert_eq!(prompts["result"]["prompts"][0]["name"], "greet");
    let completion =
        json!({"ref": {"type": "ref/prompt", "name": "greet"}, "argument": {"name": "name", "value": "A"}});
    let completed = client.ask("completion/complete", completion).await;
    assert_eq!(completed["result"]["completion"]["values"], json!(["greet"]), "{completed}");
    assert_eq!(client.ask("logging/setLevel", json!({"level": "debug"})).await["result"], json!({}));
    assert_eq!(client.ask("ping", json!({})).await["result"], json!({}));
    let unknown = client.ask("tasks/list", json!({})).await;
    assert_eq!(unknown["error"]["code"], -32601, "{unknown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_and_logs_come_before_the_answer_and_in_order() {
    if !python() {
        return;
    }
    let gateway = Setup::new().start().await;
    let mut client = gateway.connect("/mcp/test").await;
    let call = json!({"name": "progress", "arguments": {}, "_meta": {"progressToken": "mine"}});
    let all = client.all("tools/call", call).await;
    let steps: Vec<&Value> = all.iter().filter(|message| message["method"] == "notifications/progress").collect();
    let progress: Vec<&Value> = steps.iter().map(|step| &step["params"]["progress"]).collect();
    assert_eq!(progress, [1, 2, 3], "{all:?}");
    assert!(steps.iter().all(|step| step["params"]["progressToken"] == "mine"));
    assert_eq!(all.last().unwrap()["result"]["content"][0]["text"], "progressed");

    let all = client.all("tools/call", json!({"name": "log", "arguments": {}})).await;
    assert_eq!(all[0]["params"]["data"], "logged", "{all:?}");
    assert_eq!(all.len(), 2);
    // Who has not asked for progress gets none.
    assert_eq!(client.all("tools/call", json!({"name": "progress", "arguments": {}})).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_asks_the_client() {
    if !python() {
        return;
    }
    let gateway = Setup::new().start().await;
    let mut client = gateway.connect("/mcp/test").await;
    for method in ["sampling/createMessage", "elicitation/create", "roots/list"] {
        let (_, body) = client.message("tools/call", json!({"name": "ask", "arguments": {"method": method}}));
        let response = client.post(body).send().await.unwrap();
        let mut events = events(response);
        let question = events.next().await.unwrap();
        assert_eq!(question["method"], method);
        assert_eq!(question["params"]["maxTokens"], 1);
        client.respond(&question["id"], json!({"answer": method})).await;
        let answer = events.next().await.unwrap();
        let told: Value = serde_json::from_str(answer["result"]["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(told, json!({"answer": method}));
    }
    // The progress of an answer goes back under the server's token.
    let (_, body) = client.message("tools/call", json!({"name": "ask", "arguments": {"method": "roots/list"}}));
    let mut events = events(client.post(body).send().await.unwrap());
    let question = events.next().await.unwrap();
    let token = &question["params"]["_meta"]["progressToken"];
    assert_ne!(*token, json!("mine"));
    client.notify("notifications/progress", json!({"progressToken": token, "progress": 7})).await;
    client.respond(&question["id"], json!({})).await;
    events.next().await.unwrap();
    client.notify("notifications/roots/list_changed", json!({})).await;
    until("what the client said", async || {
        let hello: Value = serde_json::from_str(&client.text("hello", json!({})).await).unwrap();
        let notified = hello["notified"].as_array().unwrap();
        let progress = notified.iter().find(|message| message["method"] == "notifications/progress");
        progress.is_some_and(|progress| progress["params"] == json!({"progressToken": "mine", "progress": 7}))
            && notified.iter().any(|message| message["method"] == "notifications/roots/list_changed")
    })
    .await;
}

fn events(response: reqwest::Response) -> crate::support::Events {
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    crate::support::Events::of(response)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_request_is_cancelled_at_the_server() {
    if !python() {
        return;
    }
    let gateway = Setup::new().start().await;
    let mut client = gateway.connect("/mcp/test").await;
    let (id, body) = client.message("tools/call", json!({"name": "hang", "arguments": {}}));
    let response = client.post(body).send().await.unwrap();
    client.notify("notifications/cancelled", json!({"requestId": id, "reason": "enough"})).await;
    assert_eq!(crate::support::messages(response).await, Vec::<Value>::new());
    until("the cancellation", async || client.text("cancelled", json!({})).await != "[]").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_lists_anew_can_be_called() {
    if !python() {
        return;
    }
    let gateway = Setup::new().start().await;
    let mut client = gateway.connect("/mcp/test").await;
    let mut events = client.listen().await;
    assert!(!client.tools().await.contains(&"grown".to_owned()));
    let all = client.all("tools/call", json!({"name": "grow", "arguments": {}})).await;
    let said = if all.len() > 1 { all[0].clone() } else { events.next().await.unwrap() };
    assert_eq!(said["method"], "notifications/tools/list_changed");
    assert!(client.tools().await.contains(&"grown".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_many_pages_and_of_thousands_are_whole() {
    if !python() {
        return;
    }
    let many = crate::support::python_server("test", &[("TOOLS", "10000"), ("PAGE", "999")]);
    let gateway = Setup::new().servers(vec![many]).start().await;
    let mut client = gateway.connect("/mcp/test").await;
    let listed = client.tools().await;
    assert!(listed.contains(&"echo".to_owned()));
    assert_eq!(client.text("echo", json!({"text": "x"})).await, "x");

    let many = crate::support::python_server("test", &[("TOOLS", "10000"), ("PAGE", "999")]);
    let gateway = Setup::new().servers(vec![many]).bounds(|bounds| bounds.listed = 5_000).start().await;
    let mut client = gateway.connect("/mcp/test").await;
    let refused = client.ask("tools/list", json!({})).await;
    assert!(refused["error"]["message"].as_str().unwrap().contains("lists more than 5000 tools"), "{refused}");
}
