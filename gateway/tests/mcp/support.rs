//! A gateway with a server behind it, and clients for it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use claw_compiler::checked::Checked;
use claw_compiler::graph::Budget;
use claw_compiler::{Workspace, compile};
use claw_engine::{Engine, Trust};
use claw_gateway::app::App;
use claw_gateway::config::{
    Ability, Approvals, Audit, Bounds, Caller, Config, Pin, Policies, Reach, Secret, Server, SessionBy, Store, Token,
    TokenDigest,
};
use claw_gateway::guard::Guard;
use claw_gateway::mcp::Mcp;
use claw_gateway::metrics::Metrics;
use claw_runtime::AgentInput;
use serde_json::{Value, json};

/// Nothing takes so long, on whatever machine.
pub const CEILING: Duration = Duration::from_secs(60);

pub const POLICY: &str = r#"
package acme.proxy
environments prod
roles r
tool echo(text: string) on server "test"
tool env() on server "test"
tool slow(seconds: decimal) on server "test"
tool hang() on server "test"
tool die() on server "test"
tool endless() on server "test"
tool flood() on server "test"
tool noise() on server "test"
tool spawn() on server "test"
tool ask(method: string) on server "test"
tool progress() on server "test"
tool log() on server "test"
tool grow() on server "test"
tool grown() on server "test"
tool change() on server "test"
tool big(size: int) on server "test"
tool cancelled() on server "test"
tool hello() on server "test"
tool pid() on server "test"
tool hidden() on server "test"
tool other_echo(text: string) as "echo" on server "other"
tool other_pid() as "pid" on server "other"
prompt greet(name: string) on server "test"
grant any to r
rule quiet { on echo when args.text == "secret" deny "this is not to be said" }
"#;

pub fn python() -> bool {
    let there = std::process::Command::new("python3").arg("--version").output().is_ok();
    if !there {
        eprintln!("skipped: python3 is not there");
    }
    there
}

/// What is to be tried.
pub struct Setup {
    pub servers: Vec<Server>,
    pub callers: Vec<Caller>,
    pub bounds: Bounds,
    pub policy: String,
}

impl Setup {
    pub fn new() -> Setup {
        Setup {
            servers: vec![python_server("test", &[])],
            callers: vec![caller("agent"), caller("stranger")],
            bounds: Bounds { body: 1 << 20, ..Bounds::default() },
            policy: POLICY.to_owned(),
        }
    }

    pub fn servers(mut self, servers: Vec<Server>) -> Setup {
        self.servers = servers;
        self
    }

    pub fn bounds(mut self, change: impl FnOnce(&mut Bounds)) -> Setup {
        change(&mut self.bounds);
        self
    }

    pub fn caller(mut self, change: impl FnOnce(&mut Caller)) -> Setup {
        change(&mut self.callers[0]);
        self
    }

    pub async fn start(self) -> Gateway {
        let folder = tempfile::tempdir().expect("a folder");
        let config = Arc::new(config(folder.path(), &self));
        let engine = Engine::builder(Trust::anyone()).build();
        engine.load(None, &bundle(&self.policy), None).expect("the policy loads");
        let metrics = Metrics::new();
        let guard = Guard::new(engine, vec![metrics.clone()]);
        let app = App::new(config, guard, metrics);
        let mcp = Mcp::open(app.clone()).expect("opens");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = claw_gateway::http::router_with(app.clone(), mcp.router());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Gateway { app, mcp, address, _folder: folder }
    }
}

pub struct Gateway {
    pub app: App,
    pub mcp: Mcp,
    pub address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Gateway {
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The sum of all samples that begin so.
    pub async fn metric(&self, series: &str) -> f64 {
        let app = self.app.clone();
        let text = tokio::task::spawn_blocking(move || app.metrics.scrape(app.guard.engine(), &app.config));
        let text = text.await.expect("metrics");
        let samples = text.lines().filter(|line| line.starts_with(series));
        samples.map(|line| line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok()).expect("a value")).sum()
    }

    /// A session of the caller `agent`.
    pub async fn connect(&self, path: &str) -> Client {
        let mut client = Client::new(self.url(path), "agent-token");
        client.initialize(json!({})).await;
        client
    }
}

fn config(data: &Path, setup: &Setup) -> Config {
    Config {
        file: PathBuf::from("claw-gateway.toml"),
        data: data.to_owned(),
        environment: "prod".to_owned(),
        http: None,
        policies: Policies {
            path: Some(PathBuf::from("policy.claw")),
            tenants: BTreeMap::new(),
            shared: true,
            signed_by: Vec::new(),
            modules: BTreeMap::new(),
            watch: false,
        },
        servers: setup.servers.iter().cloned().map(Arc::new).collect(),
        callers: setup.callers.iter().cloned().map(Arc::new).collect(),
        people: Vec::new(),
        approvals: Approvals { wait: Duration::from_secs(1), elicitation: false, webhook: None },
        audit: Audit::Off,
        state: Store::Memory,
        ledger: Store::Memory,
        bounds: setup.bounds.clone(),
    }
}

pub fn python_server(name: &str, env: &[(&str, &str)]) -> Server {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/server.py");
    let reach = Reach::Child {
        command: "python3".to_owned(),
        args: vec![script.to_owned()],
        env: env.iter().map(|(name, value)| ((*name).to_owned(), Secret((*value).to_owned()))).collect(),
        cwd: None,
    };
    server(name, reach)
}

pub fn server(name: &str, reach: Reach) -> Server {
    Server {
        name: name.to_owned(),
        reach,
        timeout: Duration::from_secs(30),
        labels: Vec::new(),
        origins: Vec::new(),
        pin: Pin::Policy,
    }
}

pub fn caller(name: &str) -> Caller {
    Caller {
        name: name.to_owned(),
        tokens: vec![Token { digest: TokenDigest::of(&format!("{name}-token")), expires: None }],
        certificates: Vec::new(),
        may: vec![Ability::Mcp],
        tenant: None,
        environment: None,
        agent: AgentInput { id: name.to_owned(), roles: vec!["r".to_owned()], ..AgentInput::default() },
        user: None,
        context: None,
        servers: None,
        session: SessionBy::Connection,
    }
}

fn bundle(policy: &str) -> Vec<u8> {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", policy.to_owned());
    let analysis = workspace.analyze("main.claw");
    let findings = claw_compiler::diagnostics::plain(&analysis.diagnostics, &analysis.sources);
    let checked = Checked::new(Arc::clone(&analysis.package), analysis.has_errors()).expect(&findings);
    compile(&checked, &analysis.sources, Budget::default()).to_bytes()
}

/// A client that shows what is on the wire.
#[derive(Clone)]
pub struct Client {
    pub http: reqwest::Client,
    pub url: String,
    pub token: String,
    pub session: Option<String>,
    pub next: u64,
}

impl Client {
    pub fn new(url: String, token: &str) -> Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(CEILING).build().expect("a client");
        Client { http, url, token: token.to_owned(), session: None, next: 0 }
    }

    pub fn post(&self, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        let mut request = self
            .http
            .post(&self.url)
            .bearer_auth(&self.token)
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream");
        if let Some(session) = &self.session {
            request = request.header("mcp-session-id", session);
        }
        request.body(body)
    }

    pub fn message(&mut self, method: &str, params: Value) -> (u64, String) {
        self.next += 1;
        (self.next, json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params}).to_string())
    }

    pub async fn initialize(&mut self, capabilities: Value) -> Value {
        let (_, body) = self.message(
            "initialize",
            json!({"protocolVersion": "2025-06-18", "capabilities": capabilities,
                   "clientInfo": {"name": "test", "version": "0", "odd": true}}),
        );
        let response = self.post(body).send().await.expect("an answer");
        self.session = response.headers().get("mcp-session-id").map(|id| id.to_str().expect("text").to_owned());
        let answer: Value = response.json().await.expect("JSON");
        if self.session.is_some() {
            self.notify("notifications/initialized", json!({})).await;
        }
        answer
    }

    pub async fn notify(&self, method: &str, params: Value) {
        let body = json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string();
        assert_eq!(self.post(body).send().await.expect("an answer").status(), 202);
    }

    pub async fn respond(&self, id: &Value, result: Value) {
        let body = json!({"jsonrpc": "2.0", "id": id, "result": result}).to_string();
        assert_eq!(self.post(body).send().await.expect("an answer").status(), 202);
    }

    /// Asks, and gives all messages until the answer, which is the last.
    pub async fn all(&mut self, method: &str, params: Value) -> Vec<Value> {
        let (_, body) = self.message(method, params);
        messages(self.post(body).send().await.expect("an answer")).await
    }

    /// Asks, and gives what is answered as it is.
    pub async fn raw(&mut self, method: &str, params: Value) -> String {
        let (_, body) = self.message(method, params);
        self.post(body).send().await.expect("an answer").text().await.expect("a text")
    }

    /// Asks, and gives the answer.
    pub async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.all(method, params).await.pop().expect("an answer")
    }

    pub async fn call(&mut self, tool: &str, args: Value) -> Value {
        self.ask("tools/call", json!({"name": tool, "arguments": args})).await
    }

    /// The text of a tool's answer.
    pub async fn text(&mut self, tool: &str, args: Value) -> String {
        let answer = self.call(tool, args).await;
        let text = answer["result"]["content"][0]["text"].as_str();
        text.unwrap_or_else(|| panic!("{tool} answered {answer}")).to_owned()
    }

    pub async fn tools(&mut self) -> Vec<String> {
        let answer = self.ask("tools/list", json!({})).await;
        let listed = answer["result"]["tools"].as_array().unwrap_or_else(|| panic!("{answer}"));
        listed.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
    }

    /// The stream of what is said beside answers.
    pub async fn listen(&self) -> Events {
        let request = self.http.get(&self.url).bearer_auth(&self.token).header("accept", "text/event-stream");
        let session = self.session.as_deref().expect("a session");
        let response = request.header("mcp-session-id", session).send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        Events { response, text: String::new() }
    }
}

/// All messages of a response.
pub async fn messages(response: reqwest::Response) -> Vec<Value> {
    assert_eq!(response.status(), 200, "{:?}", response.text().await);
    let kind = response.headers()["content-type"].to_str().expect("text").to_owned();
    if kind == "application/json" {
        return vec![response.json().await.expect("JSON")];
    }
    assert_eq!(kind, "text/event-stream");
    let mut events = Events { response, text: String::new() };
    let mut all = Vec::new();
    while let Some(message) = events.next().await {
        all.push(message);
    }
    all
}

/// Server-sent events, as they come.
pub struct Events {
    response: reqwest::Response,
    text: String,
}

impl Events {
    pub fn of(response: reqwest::Response) -> Events {
        Events { response, text: String::new() }
    }

    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let data = event.lines().find_map(|line| line.strip_prefix("data: ")).map(str::to_owned);
                self.text = rest.to_owned();
                match data {
                    Some(data) => return Some(serde_json::from_str(&data).expect("JSON")),
                    None => continue,
                }
            }
            let bytes = self.response.chunk().await.ok()??;
            self.text.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
}

/// Waits until something holds.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = std::time::Instant::now();
    while !holds().await {
        assert!(started.elapsed() < CEILING, "{what} takes too long");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whether a process lives (a zombie does not).
pub fn lives(pid: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
}
