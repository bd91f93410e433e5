//! A gateway with a policy that asks people, a clock that the test turns, and someone who knocks at its page.
#![allow(dead_code)]

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use claw_compiler::checked::Checked;
use claw_compiler::graph::Budget;
use claw_compiler::{Workspace, compile};
use claw_engine::ledger::{Asking, Ledger};
use claw_engine::{Clock, Engine, ManualClock, SystemClock, Trust};
use claw_gateway::app::App;
use claw_gateway::config::{Config, Surroundings, TokenDigest};
use claw_gateway::guard::Guard;
use claw_gateway::metrics::Metrics;
use claw_gateway::{http, page};
use claw_runtime::{Duration, Limits, RequestInput};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

const POLICY: &str = r#"
package shop
environments prod, test
roles        support, lead, chief
approval boss { by 1 of lead  expires 15m }
approval board { by 2 of lead, chief  by 1 of chief  expires 1h  note required }
tool refund(order: string, memo: string)
tool close(shop: string)
grant any to support
/// Money leaves the shop.
rule refunds_are_seen { on refund  require boss }
rule closing_is_for_the_board { on close  require board }
"#;

pub const ORIGIN: &str = "http://127.0.0.1:8787";

/// What is about in a test.
pub struct Shop {
    pub app: App,
    pub clock: Arc<ManualClock>,
    pub router: Router,
}

/// Name, tenant, role, token.
const PEOPLE: [(&str, &str, &str); 6] = [
    ("olga", "acme", "lead"),
    ("otto", "acme", "lead"),
    ("carl", "acme", "chief"),
    ("sue", "acme", "support"),
    ("ulla", "acme", "lead"),
    ("eve", "evil", "lead"),
];

/// A token, as long as a real one.
pub fn token(name: &str) -> String {
    format!("claw_test_token_of_{name}_{}", "x".repeat(32))
}

fn digest(name: &str) -> String {
    TokenDigest::of(&token(name)).0.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn config(public_url: &str, now: claw_runtime::Time) -> Config {
    let in_an_hour = now.checked_add(Duration::parse("1h").unwrap()).unwrap();
    let mut text = format!(
        "data = \"nowhere\"\nenvironment = \"prod\"\n[http]\nlisten = \"127.0.0.1:8787\"\npublic_url = \"{public_url}\"\n\
         [policy]\npath = \"main.claw\"\n"
    );
    for (name, tenant, role) in PEOPLE {
        text += &format!(
            "[[person]]\nname = \"{name}\"\ntenant = \"{tenant}\"\nroles = [\"{role}\"]\ntoken_sha256 = \"{}\"\n",
            digest(name)
        );
    }
    text += &format!(
        "[[person]]\nname = \"tim\"\ntenant = \"acme\"\nroles = [\"lead\"]\n\
         token_sha256 = {{ sha256 = \"{}\", expires = \"{in_an_hour}\" }}\n",
        digest("tim")
    );
    text += &format!(
        "[[caller]]\nname = \"bot\"\ntenant = \"acme\"\nagent = {{ id = \"bot\", roles = [\"support\"] }}\n\
         token_sha256 = \"{}\"\n",
        digest("bot")
    );
    let surroundings = Surroundings { variable: &|_| None, secrets: false };
    let reading = Config::read("claw-gateway.toml".as_ref(), &text, surroundings);
    assert!(!reading.findings.has_errors(), "{:?}", reading.findings);
    reading.config
}

fn bundle() -> Vec<u8> {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", POLICY.to_owned());
    let analysis = workspace.analyze("main.claw");
    let findings = claw_compiler::diagnostics::plain(&analysis.diagnostics, &analysis.sources);
    let checked = Checked::new(Arc::clone(&analysis.package), analysis.has_errors()).expect(&findings);
    compile(&checked, &analysis.sources, Budget::default()).to_bytes()
}

impl Shop {
    pub fn open() -> Shop {
        Shop::at(ORIGIN)
    }

    /// A shop that is reached by this address.
    pub fn at(public_url: &str) -> Shop {
        Shop::with(public_url, |_| {})
    }

    /// A shop whose configuration is changed first.
    pub fn with(public_url: &str, change: impl FnOnce(&mut Config)) -> Shop {
        let now = SystemClock.now().unwrap();
        let clock = Arc::new(ManualClock::new(now));
        let engine = Engine::builder(Trust::anyone())
            .shared_clock(clock.clone())
            .ledger(Ledger::in_memory())
            .policies(|policies| policies.shared(true))
            .build();
        engine.load(None, &bundle(), None).unwrap();
        let metrics = Metrics::new();
        let guard = Guard::new(engine, vec![metrics.clone()]);
        let mut config = config(public_url, now);
        change(&mut config);
        let app = App::new(Arc::new(config), guard, metrics);
        let router = http::roof(page::router_with_clock(app.clone(), clock.clone()), app.clone());
        Shop { app, clock, router }
    }

    pub fn advance(&self, by: &str) {
        self.clock.advance(Duration::parse(by).unwrap());
    }

    /// Someone of the tenant `acme` has an agent do something that needs people.
    pub async fn ask(&self, tool: &str, args: &str) -> Asking {
        self.ask_as("acme", "ulla", tool, args).await
    }

    pub async fn ask_as(&self, tenant: &str, user: &str, tool: &str, args: &str) -> Asking {
        let call = self.app.guard.begin(request(tenant, user, tool, args)).await;
        assert!(call.needs_approval(), "{}", call.decision());
        self.app.guard.ask(&call).await.unwrap().remove(0)
    }

    /// Would the call be allowed now?
    pub async fn is_allowed(&self, tool: &str, args: &str) -> bool {
        self.app.guard.begin(request("acme", "ulla", tool, args)).await.is_allowed()
    }

    pub fn browser(&self) -> Browser {
        Browser { router: self.router.clone(), origin: ORIGIN.to_owned(), cookie: None }
    }

    /// Someone who has signed in.
    pub async fn signed_in(&self, name: &str) -> Browser {
        let mut browser = self.browser();
        let answer = browser.sign_in(&token(name)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        browser
    }
}

fn request(tenant: &str, user: &str, tool: &str, args: &str) -> RequestInput {
    let json = format!(
        r#"{{ "call_id": "{}", "session": "s", "tenant": "{tenant}", "environment": "prod",
              "agent": {{ "id": "bot", "roles": ["support"] }}, "user": {{ "id": "{user}" }},
              "tool": "{tool}", "args": {args} }}"#,
        uuid::Uuid::now_v7()
    );
    RequestInput::from_json(json.as_bytes(), &Limits::default()).unwrap()
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }
}

/// What a browser does: keeps a cookie, and says where a form came from.
#[derive(Clone)]
pub struct Browser {
    pub router: Router,
    pub origin: String,
    pub cookie: Option<String>,
}

impl Browser {
    pub async fn send(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn answer(&self, request: Request<Body>) -> Answer {
        let response = self.send(request).await;
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// A request with what this browser always sends.
    pub fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let host = self.origin.split_once("://").unwrap().1;
        let request = Request::builder().method(method).uri(path).header(header::HOST, host);
        match &self.cookie {
            Some(cookie) => request.header(header::COOKIE, cookie),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.answer(self.request("GET", path).body(Body::empty()).unwrap()).await
    }

    /// A form of our own page.
    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> Request<Body> {
        self.request("POST", path)
            .header(header::ORIGIN, &self.origin)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(encoded(fields)))
            .unwrap()
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.answer(self.form(path, fields)).await
    }

    pub async fn sign_in(&mut self, token: &str) -> Answer {
        let answer = self.post("/sign-in", &[("token", token)]).await;
        if let Some(cookie) = answer.headers.get(header::SET_COOKIE) {
            self.cookie = Some(cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
        }
        answer
    }

    /// What the session's forms carry.
    pub async fn csrf(&self) -> String {
        let page = self.get("/approvals").await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        let (_, rest) = page.text.split_once("name=\"csrf\" value=\"").expect("a form");
        rest.split('"').next().unwrap().to_owned()
    }

    pub async fn vote(&self, asking: &Asking, verdict: &str, note: &str) -> Answer {
        let csrf = self.csrf().await;
        let path = format!("/approvals/{}/votes", asking.id);
        self.post(&path, &[("csrf", &csrf), ("verdict", verdict), ("note", note)]).await
    }
}

pub fn encoded(fields: &[(&str, &str)]) -> Bytes {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    form.finish().into()
}
