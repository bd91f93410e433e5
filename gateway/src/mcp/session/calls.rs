//! Calls: from the client's request through the seat to the server.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::join_all;
use rmcp::ErrorData;
use rmcp::model::ErrorCode;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::asks::Client;
use super::{Failure, Running, Session, Upstream};
use crate::mcp::UNREACHED;
use crate::mcp::catalog::{Entry, Kind};
use crate::mcp::link::Request;
use crate::mcp::message::{Id, error};
use crate::mcp::params::{Params, Raw, raw};
use crate::mcp::seat::{self, Asks, DECISION, DENIED, PENDING, Subject};

/// A call of the client, as far as it is understood.
struct Call {
    upstream: Arc<Upstream>,
    kind: Kind,
    /// The name at the server, or the URI.
    name: String,
    args: Value,
    entry: Option<Arc<Entry>>,
    /// The client's `_meta`.
    meta: Option<Raw>,
}

impl Session {
    pub(super) async fn call_tool(
        self: &Arc<Session>,
        id: &Id,
        params: Params,
        running: &Running,
    ) -> Result<Raw, ErrorData> {
        if params.contains("task") {
            return Err(error(ErrorCode::INVALID_PARAMS, "the gateway does not run tools as tasks"));
        }
        self.named(id, Kind::Tools, params, running).await
    }

    pub(super) async fn get_prompt(
        self: &Arc<Session>,
        id: &Id,
        params: Params,
        running: &Running,
    ) -> Result<Raw, ErrorData> {
        self.named(id, Kind::Prompts, params, running).await
    }

    async fn named(
        self: &Arc<Session>,
        id: &Id,
        kind: Kind,
        mut params: Params,
        running: &Running,
    ) -> Result<Raw, ErrorData> {
        let name = text(&params, "name")?;
        let args = match params.remove("arguments").map(|args| serde_json::from_str(args.get())) {
            None | Some(Ok(Value::Null)) => json!({}),
            Some(Ok(args @ Value::Object(_))) => args,
            Some(_) => return Err(error(ErrorCode::INVALID_PARAMS, "`arguments` is an object")),
        };
        let (upstream, name, entry) = self.find(kind, &name).await?;
        self.run(id, Call { upstream, kind, name, args, entry, meta: params.remove("_meta") }, running).await
    }

    pub(super) async fn read_resource(
        self: &Arc<Session>,
        id: &Id,
        mut params: Params,
        running: &Running,
    ) -> Result<Raw, ErrorData> {
        let uri = text(&params, "uri")?;
        let (upstream, kind, entry) = self.owner(&uri).await?;
        let call = Call { upstream, kind, name: uri, args: json!({}), entry, meta: params.remove("_meta") };
        self.run(id, call, running).await
    }

    async fn run(self: &Arc<Session>, id: &Id, call: Call, running: &Running) -> Result<Raw, ErrorData> {
        let Call { upstream, kind, name, args, entry, meta } = call;
        let definition = entry.as_ref().map(|entry| entry.definition.clone());
        let subject = Subject { kind: kind.of_policy(), name: name.clone(), args, definition };
        let client: Arc<dyn Asks> = Arc::new(Client::new(self, id.clone(), meta.as_deref()));
        let (session, at, id, cancel) =
            (Arc::clone(self), Arc::clone(&upstream), id.clone(), running.cancelled.clone());
        // The seat reads the result; the client gets it as it was.
        let (answer, answered) = oneshot::channel();
        let execute = move |args: Value| {
            async move {
                let mut params = dispatched(kind, &name, args);
                if let Some(meta) = meta {
                    params.insert_raw("_meta", meta);
                }
                let method = match kind {
                    Kind::Tools => "tools/call",
                    Kind::Prompts => "prompts/get",
                    Kind::Resources | Kind::Templates => "resources/read",
                };
                let request = Request { method, params, during: Some(id), cancel };
                let result = session.dispatch(&at, kind, entry.as_ref(), request).await.map_err(|failure| {
                    let sent = !matches!(failure, Failure::NotSent(_));
                    seat::Failure { error: at.told(failure), sent }
                })?;
                let read = serde_json::from_str(result.get()).map_err(|error| {
                    seat::Failure::from(at.told(Failure::Lost(format!("its answer can't be read: {error}"))))
                })?;
                // The client may be gone.
                let _ = answer.send(result);
                Ok(read)
            }
            .boxed()
        };
        let outcome = upstream.seat.run(subject, Some(client), execute).await;
        self.mcp.app().metrics.mcp_called(&upstream.server.name, word(&outcome));
        // A denial never comes to the execution, and has no other answer than the seat's.
        outcome.map(|result| answered.now_or_never().and_then(Result::ok).unwrap_or_else(|| raw(&result)))
    }

    /// Sends a call to its server, if the server still means the same by it: people may have taken their time.
    async fn dispatch(
        self: &Arc<Session>,
        upstream: &Arc<Upstream>,
        kind: Kind,
        entry: Option<&Arc<Entry>>,
        request: Request,
    ) -> Result<Raw, Failure> {
        let live = self.live(upstream).await.map_err(|failure| match failure {
            // What is not connected has got nothing.
            Failure::Late(_) | Failure::Lost(_) | Failure::Refused(_) => Failure::NotSent(failure.to_string()),
            failure => failure,
        })?;
        if let Some(entry) = entry {
            let now = live.catalog(kind).await.map_err(|failure| Failure::NotSent(failure.to_string()))?;
            if now.get(&entry.name).is_none_or(|now| !Arc::ptr_eq(now, entry) && now.definition != entry.definition) {
                return Err(Failure::NotSent(format!("`{}` is not what it was any more; ask again", entry.name)));
            }
        }
        live.link.request(request).await
    }

    pub(super) async fn subscribe(
        self: &Arc<Session>,
        id: &Id,
        method: &str,
        params: Params,
        running: &Running,
    ) -> Result<Raw, ErrorData> {
        let uri = text(&params, "uri")?;
        let (upstream, kind, entry) = self.owner(&uri).await?;
        let entry = entry.unwrap_or_else(|| Arc::new(Entry::unlisted(&uri)));
        let (method, free) = match method {
            "resources/subscribe" => ("resources/subscribe", false),
            // Who may not read a resource any more may still stop listening.
            _ => ("resources/unsubscribe", true),
        };
        if !free && !self.may_see(&upstream, kind, &entry).await {
            return Err(error(DENIED, format!("the policy does not let this caller read `{uri}`")));
        }
        let answer = self.pass(id, &upstream, method, params, running).await?;
        upstream.listens(&uri, !free);
        Ok(answer)
    }

    pub(super) async fn complete(
        self: &Arc<Session>,
        id: &Id,
        mut params: Params,
        running: &Running,
    ) -> Result<Raw, ErrorData> {
        let wrong = || error(ErrorCode::INVALID_PARAMS, "`ref` names a prompt or a resource template");
        let mut reference = params.object("ref").ok_or_else(wrong)?;
        let (upstream, kind, entry) = match reference.text("type").as_deref() {
            Some("ref/prompt") => {
                let name = text(&reference, "name")?;
                let (upstream, wire, entry) = self.find(Kind::Prompts, &name).await?;
                if wire != name {
                    reference.insert("name", wire);
                    params.insert_object("ref", &reference);
                }
                (upstream, Kind::Prompts, entry)
            }
            Some("ref/resource") => {
                let uri = text(&reference, "uri")?;
                let (upstream, entry) = self.templated(&uri).await?;
                (upstream, Kind::Templates, entry)
            }
            _ => return Err(wrong()),
        };
        match entry {
            Some(entry) if self.may_see(&upstream, kind, &entry).await => {
                self.pass(id, &upstream, "completion/complete", params, running).await
            }
            _ => Err(error(DENIED, "the policy does not let this caller use what is to be completed")),
        }
    }

    /// The server that lists a template, or a resource with this URI.
    async fn templated(self: &Arc<Session>, uri: &str) -> Result<(Arc<Upstream>, Option<Arc<Entry>>), ErrorData> {
        let mut found = None;
        for upstream in &self.upstreams {
            let entry = self.defined(upstream, Kind::Templates, uri).await.map_err(|failure| upstream.told(failure))?;
            if entry.is_some() && found.is_some() {
                return Err(error(ErrorCode::INVALID_PARAMS, format!("several servers list `{uri}`")));
            }
            if entry.is_some() {
                found = Some((Arc::clone(upstream), entry));
            }
        }
        match found {
            Some(found) => Ok(found),
            None => self.owner(uri).await.map(|(upstream, _, entry)| (upstream, entry)),
        }
    }

    /// Passes a request on that needs no decision of its own.
    async fn pass(
        self: &Arc<Session>,
        id: &Id,
        upstream: &Arc<Upstream>,
        method: &'static str,
        params: Params,
        running: &Running,
    ) -> Result<Raw, ErrorData> {
        let live = self.live(upstream).await.map_err(|failure| upstream.told(failure))?;
        let request = Request { method, params, during: Some(id.clone()), cancel: running.cancelled.clone() };
        live.link.request(request).await.map_err(|failure| upstream.told(failure))
    }

    /// How much is logged: told to every server that logs.
    pub(super) async fn set_level(self: &Arc<Session>, id: &Id, params: Params) -> Result<Raw, ErrorData> {
        let told = self.upstreams.iter().filter_map(|upstream| {
            let live = upstream.connected().filter(|live| live.can("logging"))?;
            upstream.logs(&params);
            let request = Request {
                method: "logging/setLevel",
                params: params.clone(),
                during: Some(id.clone()),
                cancel: CancellationToken::new(),
            };
            Some(async move { live.link.request(request).await.map_err(|failure| upstream.told(failure)) })
        });
        let answers = join_all(told).await;
        let none = || Err(error(ErrorCode::METHOD_NOT_FOUND, "the server does not log to clients"));
        answers.into_iter().reduce(|first, second| first.or(second)).unwrap_or_else(none)
    }
}

/// How a call has ended, for those who count.
fn word(outcome: &Result<Value, ErrorData>) -> &'static str {
    match outcome {
        Ok(result) if result.get("isError") != Some(&Value::Bool(true)) => "ok",
        Ok(result) => match result.get("_meta").and_then(|meta| meta.get(DECISION)?.get("decision")?.as_str()) {
            None => "error",
            Some("deny") => "denied",
            Some(_) => "pending",
        },
        Err(error) if error.code == DENIED => "denied",
        Err(error) if error.code == PENDING => "pending",
        Err(error) if error.code == UNREACHED => "unreached",
        Err(_) => "error",
    }
}

/// What is sent: what was judged.
fn dispatched(kind: Kind, name: &str, args: Value) -> Params {
    match kind {
        Kind::Tools | Kind::Prompts => {
            let mut params = Params::one("name", name);
            params.insert("arguments", args);
            params
        }
        Kind::Resources | Kind::Templates => Params::one("uri", name),
    }
}

fn text(params: &Params, key: &str) -> Result<String, ErrorData> {
    params.text(key).ok_or_else(|| error(ErrorCode::INVALID_PARAMS, format!("`{key}` is missing, or no string")))
}
