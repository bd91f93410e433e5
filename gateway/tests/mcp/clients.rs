//! A client of other people's making, over HTTP and over lines.

use std::sync::Arc;

use rmcp::model::{CallToolRequestParams, ClientCapabilities, ClientConfig, Implementation};
use rmcp::service::RunningService;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, RoleClient, ServiceExt};
use serde_json::json;

use crate::support::{Setup, python};

#[derive(Clone)]
struct Rooted;

#[allow(deprecated)]
impl ClientHandler for Rooted {
    fn get_info(&self) -> ClientConfig {
        let capabilities: ClientCapabilities = serde_json::from_value(json!({ "roots": {} })).unwrap();
        ClientConfig::new(capabilities, Implementation::new("rooted", "1"))
    }
}

async fn try_all(client: RunningService<RoleClient, Rooted>) {
    let tools = client.list_all_tools().await.unwrap();
    assert!(tools.iter().any(|tool| tool.name == "echo"));
    let call = |name: &'static str, args: serde_json::Value| {
        let params = CallToolRequestParams::new(name).with_arguments(args.as_object().unwrap().clone());
        let client = &client;
        async move { client.call_tool(params).await }
    };
    let echoed = call("echo", json!({"text": "hi"})).await.unwrap();
    assert_eq!(echoed.content[0].as_text().unwrap().text, "hi");
    let denied = call("echo", json!({"text": "secret"})).await.unwrap();
    assert_eq!(denied.is_error, Some(true));
    let rooted = call("ask", json!({"method": "roots/list"})).await.unwrap();
    assert_eq!(rooted.content[0].as_text().unwrap().text, r#"{"roots": []}"#);
    assert!(call("die", json!({})).await.is_err());
    assert!(call("pid", json!({})).await.is_ok());
    client.cancel().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http() {
    if !python() {
        return;
    }
    let gateway = Setup::new().start().await;
    let mut config = StreamableHttpClientTransportConfig::with_uri(gateway.url("/mcp/test"));
    config.auth_header = Some("agent-token".to_owned());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let transport = StreamableHttpClientTransport::with_client(reqwest::Client::new(), config);
    try_all(Rooted.serve(transport).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_lines() {
    if !python() {
        return;
    }
    let gateway = Setup::new().start().await;
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (input, output) = tokio::io::split(theirs);
    let mcp = gateway.mcp.clone();
    let caller = Arc::clone(&gateway.app.config.callers[0]);
    let served = tokio::spawn(async move { mcp.lines(caller, &["test".to_owned()], input, output).await });
    try_all(Rooted.serve(ours).await.unwrap()).await;
    served.await.unwrap().unwrap();
    let caller = Arc::clone(&gateway.app.config.callers[0]);
    let unknown = gateway.mcp.lines(caller, &["third".to_owned()], tokio::io::empty(), tokio::io::sink()).await;
    assert_eq!(unknown.unwrap_err().to_string(), "there is no server `third` for this caller");
}
