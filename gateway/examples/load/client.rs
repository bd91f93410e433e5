//! Sessions that call: plain HTTP, so that little of what is measured is the client's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Value, json};

/// An MCP session.
#[derive(Debug)]
pub struct Session {
    http: reqwest::Client,
    url: String,
    headers: HeaderMap,
    next: AtomicU64,
}

/// Opens so many sessions. They share connections.
pub async fn open(url: &str, token: Option<&str>, sessions: usize) -> crate::Result<Vec<Arc<Session>>> {
    let http = reqwest::Client::builder().tcp_nodelay(true).build()?;
    let mut opened = Vec::new();
    for _ in 0..sessions {
        opened.push(Arc::new(Session::open(http.clone(), url, token).await?));
    }
    Ok(opened)
}

impl Session {
    async fn open(http: reqwest::Client, url: &str, token: Option<&str>) -> crate::Result<Session> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("mcp-protocol-version", HeaderValue::from_static("2025-06-18"));
        if let Some(token) = token {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}"))?);
        }
        let mut session = Session { http, url: url.to_owned(), headers, next: AtomicU64::new(1) };
        let client = json!({
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "load", "version": "1" },
        });
        let message = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": client });
        let answer = session.post(&message).await?.error_for_status()?;
        if let Some(id) = answer.headers().get("mcp-session-id").cloned() {
            session.headers.insert("mcp-session-id", id);
        }
        read(&answer.text().await?, 0)?;
        session.post(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await?.error_for_status()?;
        Ok(session)
    }

    /// Calls once. The answer must be to this call.
    pub async fn call(&self) -> crate::Result<()> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let text = format!("call {id}");
        let params = json!({ "name": "echo", "arguments": { "text": text } });
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        let answer = self.post(&message).await?.error_for_status()?.text().await?;
        let result = read(&answer, id)?;
        if result["content"][0]["text"] != text.as_str() {
            return Err(format!("another answer: {result}").into());
        }
        Ok(())
    }

    /// Ends the session.
    pub async fn close(&self) {
        let _ = self.http.delete(&self.url).headers(self.headers.clone()).send().await;
    }

    async fn post(&self, message: &Value) -> reqwest::Result<reqwest::Response> {
        self.http.post(&self.url).headers(self.headers.clone()).body(message.to_string()).send().await
    }
}

/// The result with an id: of a JSON body, or of the events of a stream.
fn read(body: &str, id: u64) -> crate::Result<Value> {
    let messages: Vec<&str> = match body.starts_with('{') {
        true => vec![body],
        false => body.lines().filter_map(|line| line.strip_prefix("data:")).collect(),
    };
    for message in messages {
        let Ok(mut message) = serde_json::from_str::<Value>(message.trim()) else { continue };
        if message["id"] == id && message.get("result").is_some() {
            return Ok(message["result"].take());
        }
    }
    Err(format!("no result: {body}").into())
}
