//! A small gateway without transports: a policy, a few servers that only exist by name, and what tests ask them.
#![allow(dead_code)]

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use claw_compiler::checked::Checked;
use claw_compiler::graph::Budget;
use claw_compiler::{Workspace, compile};
use claw_engine::ledger::{Asking, Ledger};
use claw_engine::{Engine, ManualClock, Trust};
use claw_gateway::app::App;
use claw_gateway::config::{
    Ability, Approvals, Audit, Bounds, Caller, Config, Http, Pin, Policies, Reach, Server, SessionBy, Store,
};
use claw_gateway::guard::Guard;
use claw_gateway::mcp::seat::{Answer, Asks, DECISION, Executed, Question, Seat, Seats, Subject};
use claw_gateway::metrics::Metrics;
use claw_runtime::{AgentInput, Kind, MemoryState, State, Time, UserInput, Vote};
use futures_util::future::BoxFuture;
use rmcp::ErrorData;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Ceilings, not expectations: nothing takes this long.
pub const LONG: Duration = Duration::from_secs(60);

pub const POLICY: &str = r#"
package shop
environments prod
roles        support, sre
labels       untrusted
origins      crm, web
constraints  { timeout: duration = min }
approval boss { by 1 of sre  expires 15m }
approval me   { by user  expires 10m }

tool look(id: string) on server "shop"
tool refund(order: string, amount: decimal = 1.00) on server "shop"
tool wipe(id: string) on server "shop"
tool both(id: string) on server "shop"
tool slow(id: string) on server "shop"
tool hidden(id: string) on server "shop"
resource page(name: string) as "docs://{name}" on server "shop"
resource readme() as "docs://readme/first" on server "shop"
prompt hello(name: string) on server "shop"
tool open(file: path) on server "files"
tool fetch(url: string) on server "web"
tool contact(name: string) on server "crm"
tool send(to: string) on server "mail"
tool post(text: string) on server "mail"

grant look, refund, wipe, both, slow, page, readme, hello, open, fetch, contact, send, post to support

rule large_ones { on refund when args.amount > 100.00 require boss }
rule too_large {
  on      refund
  when    args.amount > 1000.00
  deny    "{args.amount} is more than 1000"
  suggest "split it into several refunds"
}
rule mine  { on wipe  require me }
rule twice { on both  require me require boss }
rule quick { on slow  constrain timeout 100ms }
rule no_secrets { on page when args.name == "secret" deny "not that page" }
rule inside { on open unless args.file under "/srv/shop" deny "only files of the shop" }
rule nothing_after_pages { on post when untrusted in session.labels deny "a page was read" }
rule known_people { on send unless all(o in origins(args.to): o == crm) deny "only addresses of the crm" }
limit few { on look max 2 per 1h each session }
"#;

/// What a test chooses.
pub struct Choices {
    pub policy: String,
    pub wait: Duration,
    pub elicitation: bool,
    pub session: SessionBy,
    pub waiting: usize,
    pub pin: Pin,
    pub state: Arc<dyn State + Send + Sync>,
    /// Where data are kept, if something kept there already counts.
    pub data: Option<PathBuf>,
}

impl Default for Choices {
    fn default() -> Choices {
        Choices {
            policy: POLICY.to_owned(),
            wait: LONG,
            elicitation: true,
            session: SessionBy::Connection,
            waiting: 100,
            pin: Pin::FirstSeen,
            state: Arc::new(MemoryState::new()),
            data: None,
        }
    }
}

/// A gateway for one test.
pub struct World {
    pub app: App,
    pub seats: Seats,
    pub clock: Arc<ManualClock>,
    pub folder: TempDir,
}

impl World {
    pub fn new(choices: Choices) -> World {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Time::parse("2026-03-02T10:00:00Z").unwrap()));
        let engine = Engine::builder(Trust::anyone())
            .shared_state(Arc::clone(&choices.state))
            .ledger(Ledger::in_memory())
            .shared_clock(clock.clone())
            .enforces(claw_gateway::mcp::seat::ENFORCED.iter().copied())
            .build();
        engine.load(None, &bundle(&choices.policy), None).unwrap();
        let data = choices.data.clone().unwrap_or_else(|| folder.path().to_owned());
        let metrics = Metrics::new();
        let guard = Guard::new(engine, vec![metrics.clone()]);
        let app = App::new(Arc::new(config(&choices, data)), guard, metrics);
        let seats = Seats::open(app.clone()).unwrap();
        World { app, seats, clock, folder }
    }

    pub fn standard() -> World {
        World::new(Choices::default())
    }

    pub fn seat(&self, server: &str) -> Seat {
        self.seat_in(server, "s-1")
    }

    pub fn seat_in(&self, server: &str, session: &str) -> Seat {
        let config = &self.app.config;
        let server = config.servers.iter().find(|known| known.name == server).unwrap();
        self.seats.seat(Arc::clone(&config.callers[0]), Arc::clone(server), session.to_owned())
    }

    /// A seat of a caller of another tenant, which has the same policy, in a session of the same name.
    pub fn seat_elsewhere(&self, server: &str) -> Seat {
        let config = &self.app.config;
        let server = config.servers.iter().find(|known| known.name == server).unwrap();
        let caller = Caller { tenant: Some("other".to_owned()), ..Caller::clone(&config.callers[0]) };
        self.seats.seat(Arc::new(caller), Arc::clone(server), "s-1".to_owned())
    }

    pub fn engine(&self) -> &Engine {
        self.app.guard.engine()
    }

    /// The askings that wait for votes, as soon as there are so many.
    pub async fn askings(&self, count: usize) -> Vec<Asking> {
        until(async || {
            let now = self.engine().time().unwrap();
            let listing = self.engine().ledger().unwrap().open_askings(None, now, None).unwrap();
            (listing.askings.len() == count).then_some(listing.askings)
        })
        .await
    }

    pub async fn grant(&self, asking: &Asking) {
        let vote = Vote::grant("olga", asking.opened_at).role("sre");
        self.app.guard.vote(None, asking.id, vote).await.unwrap();
    }
}

fn config(choices: &Choices, data: PathBuf) -> Config {
    let child = || Reach::Child { command: "none".into(), args: Vec::new(), env: Default::default(), cwd: None };
    let http = || Reach::Http { url: "http://127.0.0.1:1/".parse().unwrap(), headers: Default::default() };
    let server = |name: &str, reach: Reach, labels: &[&str], origins: &[&str]| {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let (labels, origins) = (own(labels), own(origins));
        Arc::new(Server { name: name.to_owned(), reach, timeout: LONG, labels, origins, pin: choices.pin })
    };
    let caller = Caller {
        name: "desk".to_owned(),
        tokens: Vec::new(),
        certificates: Vec::new(),
        may: vec![Ability::Mcp],
        tenant: None,
        environment: None,
        agent: AgentInput::new("bot").role("support").owner("emma"),
        user: Some(UserInput::new("emma")),
        context: None,
        servers: None,
        session: choices.session.clone(),
    };
    Config {
        file: "claw-gateway.toml".into(),
        data,
        environment: "prod".to_owned(),
        http: Some(Http {
            listen: "127.0.0.1:8787".parse().unwrap(),
            public_url: "http://gate.example".parse().unwrap(),
            tls: None,
            metrics_token: None,
        }),
        policies: Policies {
            path: None,
            tenants: Default::default(),
            shared: false,
            signed_by: Vec::new(),
            modules: Default::default(),
            watch: false,
        },
        servers: vec![
            server("shop", child(), &[], &[]),
            server("files", child(), &[], &[]),
            server("web", http(), &["untrusted", "undeclared"], &["web"]),
            server("crm", http(), &[], &["crm"]),
            server("mail", http(), &[], &[]),
        ],
        callers: vec![Arc::new(caller)],
        people: Vec::new(),
        approvals: Approvals { wait: choices.wait, elicitation: choices.elicitation, webhook: None },
        audit: Audit::Off,
        state: Store::Memory,
        ledger: Store::Memory,
        bounds: Bounds { waiting: choices.waiting, ..Bounds::default() },
    }
}

pub fn bundle(text: &str) -> Vec<u8> {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", text.to_owned());
    let analysis = workspace.analyze("main.claw");
    let findings = claw_compiler::diagnostics::plain(&analysis.diagnostics, &analysis.sources);
    let checked = Checked::new(Arc::clone(&analysis.package), analysis.has_errors()).expect(&findings);
    compile(&checked, &analysis.sources, Budget::default()).to_bytes()
}

/// Tries until there is something.
pub async fn until<T>(mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + LONG;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "it did not happen");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A server that answers a text and counts.
#[derive(Clone, Default)]
pub struct Tool {
    pub calls: Arc<AtomicUsize>,
    pub args: Arc<Mutex<Vec<Value>>>,
}

impl Tool {
    pub fn count(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// To be executed: answers this text.
    pub fn says(&self, text: &str) -> impl FnOnce(Value) -> Executed + Send + 'static {
        let text = text.to_owned();
        self.does(async move { Ok(said(&text)) })
    }

    pub fn does<F>(&self, then: F) -> impl FnOnce(Value) -> Executed + Send + 'static
    where
        F: Future<Output = Result<Value, claw_gateway::mcp::seat::Failure>> + Send + 'static,
    {
        let tool = self.clone();
        move |args| {
            tool.calls.fetch_add(1, Ordering::SeqCst);
            tool.args.lock().unwrap().push(args);
            Box::pin(then)
        }
    }
}

pub fn said(text: &str) -> Value {
    json!({ "content": [{ "type": "text", "text": text }], "isError": false })
}

pub fn tool(name: &str, args: Value) -> Subject {
    Subject { kind: Kind::Tool, name: name.to_owned(), args, definition: None }
}

pub fn look(id: &str) -> Subject {
    tool("look", json!({ "id": id }))
}

pub fn refund(amount: f64) -> Subject {
    tool("refund", json!({ "order": "o-1", "amount": amount }))
}

/// The text of an answer.
pub fn text(answer: &Result<Value, ErrorData>) -> String {
    match answer {
        Ok(value) => value["content"][0]["text"].as_str().unwrap_or_default().to_owned(),
        Err(error) => error.message.to_string(),
    }
}

/// The reason that stands in a denial; empty for what was executed.
pub fn reason(answer: &Result<Value, ErrorData>) -> String {
    let decision = match answer {
        Ok(value) => value.get("_meta").and_then(|meta| meta.get(DECISION)),
        Err(error) => error.data.as_ref().and_then(|data| data.get(DECISION)),
    };
    decision.and_then(|decision| decision["reason"].as_str()).unwrap_or_default().to_owned()
}

/// A client whose user answers so.
pub struct User {
    pub answer: Answer,
    pub asked: Mutex<Vec<Question>>,
    pub told: Mutex<Vec<String>>,
}

impl User {
    pub fn who(answer: Answer) -> Arc<User> {
        Arc::new(User { answer, asked: Mutex::default(), told: Mutex::default() })
    }
}

impl Asks for User {
    fn can_elicit(&self) -> bool {
        true
    }

    fn elicit(&self, question: Question) -> BoxFuture<'_, Answer> {
        self.asked.lock().unwrap().push(question);
        Box::pin(async { self.answer.clone() })
    }

    fn progress(&self, message: String) -> BoxFuture<'_, ()> {
        self.told.lock().unwrap().push(message);
        Box::pin(async {})
    }
}
