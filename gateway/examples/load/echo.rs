//! The MCP server behind: streamable HTTP, one tool that answers what it was told. And a proxy that only passes on.

use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};

/// Serves on a free port, which it prints.
pub async fn serve() -> crate::Result<()> {
    let get = || async { StatusCode::METHOD_NOT_ALLOWED };
    listen(axum::Router::new().route("/mcp", post(answer).get(get).delete(|| async { StatusCode::OK }))).await
}

/// Passes on what is posted, and looks at nothing.
pub async fn pass(behind: String) -> crate::Result<()> {
    let http = reqwest::Client::builder().tcp_nodelay(true).build()?;
    let on = move |headers: HeaderMap, body: Bytes| async move {
        let answer = http.post(behind).headers(headers).body(body).send().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
        Ok::<_, StatusCode>((status, headers, body))
    };
    listen(axum::Router::new().route("/mcp", post(on).delete(|| async { StatusCode::OK }))).await
}

async fn listen(router: axum::Router) -> crate::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    // Answers are one small write each: without delay, as servers that care do.
    use axum::serve::ListenerExt;
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, router).await?)
}

async fn answer(Json(request): Json<Value>) -> Response {
    let Some(id) = request.get("id") else { return StatusCode::ACCEPTED.into_response() };
    let params = &request["params"];
    let result = match request["method"].as_str() {
        Some("initialize") => json!({
            "protocolVersion": params["protocolVersion"], "capabilities": { "tools": {} },
            "serverInfo": { "name": "echo", "version": "1" },
        }),
        Some("tools/list") => json!({ "tools": [{
            "name": "echo", "description": "Says it again.",
            "inputSchema": { "type": "object", "properties": { "text": { "type": "string" } }, "required": ["text"] },
        }] }),
        Some("tools/call") => json!({ "content": [{ "type": "text", "text": params["arguments"]["text"] }] }),
        _ => json!({}),
    };
    let session = [(HeaderName::from_static("mcp-session-id"), "echo")];
    (session, Json(json!({ "jsonrpc": "2.0", "id": id, "result": result }))).into_response()
}
