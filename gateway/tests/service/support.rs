//! A gateway in memory, and ways to talk to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode, header};
use claw_compiler::checked::Checked;
use claw_compiler::graph::Budget;
use claw_compiler::{MissingKind, Workspace, compile, diagnostics};
use claw_engine::ledger::Ledger;
use claw_engine::{Engine, Trust};
use claw_gateway::app::App;
use claw_gateway::config::{Config, Surroundings, TokenDigest};
use claw_gateway::guard::Guard;
use claw_gateway::http;
use claw_gateway::metrics::Metrics;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

/// The name by which it is called.
pub const HOST: &str = "127.0.0.1:8787";

/// Tokens of the callers and people, by what they may do.
pub const HOST_OF_ACME: &str = "token-of-a-host";
pub const HOST_OF_BETA: &str = "token-of-another-tenants-host";
pub const AGENT: &str = "token-of-an-agent";
pub const MANAGER: &str = "token-of-a-manager";
pub const MANAGER_OF_BETA: &str = "token-of-another-tenants-manager";
pub const EXPIRED: &str = "token-that-has-expired";
pub const PERSON: &str = "token-of-a-person";
pub const SCRAPER: &str = "token-of-prometheus";

/// A gateway whose policies and stores are in memory.
pub struct Gateway {
    pub app: App,
    pub router: Router,
}

impl Gateway {
    /// With the support bot's policy, for the tenant `acme`.
    pub fn open() -> Gateway {
        Gateway::with(&support_bot(), "", |builder| builder)
    }

    /// With this policy for `acme`, more of a configuration, and what the engine is made of besides.
    pub fn with(
        bundle: &[u8],
        more: &str,
        choose: impl FnOnce(claw_engine::Builder) -> claw_engine::Builder,
    ) -> Gateway {
        let metrics = Metrics::new();
        let watching = Arc::clone(&metrics);
        let engine = Engine::builder(Trust::anyone())
            .ledger(Ledger::in_memory())
            .policies(|policies| policies.observer(move |change| watching.reloaded(change)));
        let engine = choose(engine).build();
        engine.load(Some("acme"), bundle, None).unwrap();
        let guard = Guard::new(engine, vec![Arc::clone(&metrics) as _]);
        let app = App::new(Arc::new(config(more)), guard, metrics);
        Gateway { router: http::router(app.clone()), app }
    }

    pub async fn send(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// A request with a JSON body, and the answer's.
    pub async fn call(&self, method: Method, path: &str, token: &str, body: &str) -> (StatusCode, Value) {
        let request = request(method, path, Some(token)).header(header::CONTENT_TYPE, "application/json");
        let answer = self.send(request.body(Body::from(body.to_owned())).unwrap()).await;
        let status = answer.status();
        (status, json(answer).await)
    }

    pub async fn post(&self, path: &str, token: &str, body: &str) -> (StatusCode, Value) {
        self.call(Method::POST, path, token, body).await
    }

    pub async fn get(&self, path: &str, token: &str) -> (StatusCode, Value) {
        let answer = self.send(request(Method::GET, path, Some(token)).body(Body::empty()).unwrap()).await;
        let status = answer.status();
        (status, json(answer).await)
    }
}

pub fn request(method: Method, path: &str, token: Option<&str>) -> axum::http::request::Builder {
    let request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
    match token {
        Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
        None => request,
    }
}

pub async fn text(answer: Response<Body>) -> String {
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

pub async fn json(answer: Response<Body>) -> Value {
    let text = text(answer).await;
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn sha256(token: &str) -> String {
    TokenDigest::of(token).0.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Who there is, and `more`.
pub fn config(more: &str) -> Config {
    let caller = |name: &str, token: &str, tenant: &str, may: &str| {
        format!(
            "[[caller]]\nname = \"{name}\"\ntoken_sha256 = \"{}\"\nmay = [\"{may}\"]\ntenant = \"{tenant}\"\n\
             agent = {{ id = \"bot-7\", roles = [\"support\"], purpose = \"support\" }}\n",
            sha256(token)
        )
    };
    let text = format!(
        "environment = \"prod\"\n{}{}{}{}{}\
         [[caller]]\nname = \"old\"\ntoken_sha256 = {{ sha256 = \"{}\", expires = \"2020-01-01T00:00:00Z\" }}\n\
         may = [\"decide\", \"manage\", \"mcp\"]\nagent = {{ id = \"old\" }}\n\
         [[person]]\nname = \"olga\"\ntoken_sha256 = \"{}\"\nroles = [\"sre\"]\ntenant = \"acme\"\n{more}",
        caller("host", HOST_OF_ACME, "acme", "decide"),
        caller("other", HOST_OF_BETA, "beta", "decide"),
        caller("agent", AGENT, "acme", "mcp"),
        caller("manager", MANAGER, "acme", "manage"),
        caller("other-manager", MANAGER_OF_BETA, "beta", "manage"),
        sha256(EXPIRED),
        sha256(PERSON),
    );
    let surroundings = Surroundings { variable: &|_| None, secrets: false };
    let reading = Config::read(Path::new("claw-gateway.toml"), &text, surroundings);
    reading.config
}

pub fn metrics_token() -> String {
    format!("[http]\nmetrics_token_sha256 = \"{}\"\n", sha256(SCRAPER))
}

pub fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/support-bot")
}

/// The bundle of the support bot's policy.
pub fn support_bot() -> Vec<u8> {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", std::fs::read_to_string(examples().join("main.claw")).unwrap());
    build(workspace)
}

/// The bundle of a policy.
pub fn bundle(policy: &str) -> Vec<u8> {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", policy);
    build(workspace)
}

fn build(mut workspace: Workspace) -> Vec<u8> {
    loop {
        let analysis = workspace.analyze("main.claw");
        for missing in &analysis.missing {
            let bytes = std::fs::read(examples().join(&missing.path)).unwrap();
            match missing.kind {
                MissingKind::Source => workspace.set_file(&missing.path, std::str::from_utf8(&bytes).unwrap()),
                MissingKind::Data => workspace.set_data(&missing.path, bytes),
            }
        }
        if analysis.missing.is_empty() {
            let findings = || diagnostics::plain(&analysis.diagnostics, &analysis.sources);
            let checked = Checked::new(Arc::clone(&analysis.package), analysis.has_errors());
            let checked = checked.unwrap_or_else(|| panic!("{}", findings()));
            return compile(&checked, &analysis.sources, Budget::default()).to_bytes();
        }
    }
}
