//! The service in claw's own words: requests and decisions are those of the language's reference.

use std::sync::Arc;

use axum::Extension;
use axum::Json as Plain;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use claw_engine::Call;
use claw_engine::ledger::Asking;
use claw_runtime::{Invalid, Json, RequestInput, SettleOutcome, Settlement};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::BATCH;
use super::host::{Answer, Unread, denial, failed, in_tenant, json, object, only, own_tenant, request, text};
use crate::app::App;
use crate::config::Caller;
use crate::guard::OwnedScope;
use crate::http::{Problem, json_body};

type Host = Extension<Arc<Caller>>;

pub(super) async fn decide(State(app): State<App>, Extension(caller): Host, asked: Request) -> Result<Answer, Unread> {
    let input = request(&app, &caller, &json_body(asked).await?).await?;
    let decision = app.guard.preview(input).await;
    app.metrics.previewed(&decision);
    Ok(Answer(decision.to_json()))
}

/// Each item is decided for itself, and none sees what another would have done.
pub(super) async fn batch(State(app): State<App>, Extension(caller): Host, asked: Request) -> Result<Answer, Unread> {
    let body = json(&app, &json_body(asked).await?).await?;
    only(&body, &["requests"])?;
    let Some(Json::Arr(items)) = body.get("requests") else {
        return Err(Problem::bad_request("`requests` must be an array").into());
    };
    if items.len() > BATCH {
        return Err(Problem::bad_request(format!("a batch has at most {BATCH} requests")).into());
    }
    let mut inputs = Vec::with_capacity(items.len());
    for item in items {
        let input = RequestInput::from_value(item);
        inputs.push(match input.map_err(Unread::from).and_then(|input| in_tenant(input, &caller)) {
            Ok(input) => Ok(input),
            Err(Unread::Invalid(invalid)) => Err(invalid),
            Err(problem) => return Err(problem),
        });
    }
    let decide = move |engine: &claw_engine::Engine| {
        let decide = |input: Result<RequestInput, Invalid>| match input {
            Ok(input) => engine.preview(input),
            Err(invalid) => denial(invalid),
        };
        inputs.into_iter().map(decide).collect::<Vec<_>>()
    };
    let decisions = app.guard.blocking(decide).await.ok_or_else(Problem::internal)?;
    decisions.iter().for_each(|decision| app.metrics.previewed(decision));
    let decisions = decisions.iter().map(claw_runtime::Decision::to_json).collect();
    Ok(Answer(object([("decisions", Json::Arr(decisions))])))
}

pub(super) async fn begin(State(app): State<App>, Extension(caller): Host, asked: Request) -> Result<Response, Unread> {
    let (status, call) = begun(&app, &caller, json_body(asked).await?).await?;
    Ok((status, Answer(call.decision().to_json())).into_response())
}

pub(super) async fn ask(State(app): State<App>, Extension(caller): Host, asked: Request) -> Result<Response, Unread> {
    let (status, call) = begun(&app, &caller, json_body(asked).await?).await?;
    let askings = match call.needs_approval() {
        true => app.guard.ask(&call).await.map_err(|error| failed(&error))?,
        false => Vec::new(),
    };
    let askings = askings.iter().map(|asking| asking_json(asking, &app)).collect();
    let body = object([("decision", call.decision().to_json()), ("askings", Json::Arr(askings))]);
    Ok((status, Answer(body)).into_response())
}

/// A decision is an answer, whatever it says; only a request that could not even be read is an error of HTTP as well.
async fn begun(app: &App, caller: &Caller, bytes: Bytes) -> Result<(StatusCode, Arc<Call>), Unread> {
    match request(app, caller, &bytes).await {
        Ok(input) => Ok((StatusCode::OK, app.guard.begin(input).await)),
        // Read once more, so that the denial is counted and recorded like any other.
        Err(Unread::Invalid(_)) => Ok((StatusCode::BAD_REQUEST, app.guard.begin_json(bytes.into()).await)),
        Err(problem) => Err(problem),
    }
}

/// An asking as the host that asks sees it.
fn asking_json(asking: &Asking, app: &App) -> Json {
    let id = asking.id.to_string();
    let link = |http: &crate::config::Http| {
        text(format_args!("{}/approvals/{id}", http.public_url.as_str().trim_end_matches('/')))
    };
    object([
        ("id", Json::str(id.as_str())),
        ("approval", Json::str(asking.ballot.name.as_str())),
        ("state", Json::str(asking.state(asking.seen_at).code())),
        ("opened_at", text(asking.opened_at)),
        ("expires_at", text(asking.expires_at)),
        ("votes", Json::int(i64::try_from(asking.votes.len()).unwrap_or(i64::MAX))),
        ("shown", asking.shown.to_json()),
        ("link", app.config.http.as_ref().map_or(Json::Null, link)),
    ])
}

/// How an allowed call has ended, as its host says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ended {
    call_id: String,
    tenant: Option<String>,
    session: Option<String>,
    parent_session: Option<String>,
    outcome: Settlement,
    result: Option<Box<RawValue>>,
}

pub(super) async fn settle(
    State(app): State<App>,
    Extension(caller): Host,
    asked: Request,
) -> Result<Response, Problem> {
    let bytes = json_body(asked).await?;
    let ended: Ended = serde_json::from_slice(&bytes).map_err(|error| {
        Problem::bad_request(error.to_string())
            .help("`call_id` and `outcome` (`ok`, `error` or `not_executed`) are needed, `session` if the call had one")
    })?;
    let tenant = own_tenant(&caller, ended.tenant)?;
    let scope = OwnedScope { tenant, session: ended.session, parent_session: ended.parent_session };
    let result = ended.result.map(|result| Box::<str>::from(result).into_string().into_bytes());
    let settled = app.guard.settle_by_id(scope, ended.call_id, ended.outcome, result).await;
    let (status, word) = match settled.map_err(|error| failed(&error))? {
        SettleOutcome::Settled => (StatusCode::OK, "settled"),
        SettleOutcome::AlreadySettled => (StatusCode::OK, "already_settled"),
        SettleOutcome::UnknownCall => (StatusCode::NOT_FOUND, "unknown_call"),
    };
    Ok((status, Plain(json!({ "result": word }))).into_response())
}

pub(super) async fn callable(
    State(app): State<App>,
    Extension(caller): Host,
    asked: Request,
) -> Result<Answer, Unread> {
    let who = json(&app, &json_body(asked).await?).await?;
    only(&who, &["tenant", "environment", "agent", "user"])?;
    let Json::Obj(mut members) = who else { return Err(Problem::bad_request("the body must be an object").into()) };
    // A request that names a tool is read by the rules for requests; which tool, nobody looks at.
    members.push((Arc::from("tool"), Json::str("any")));
    let input = in_tenant(RequestInput::from_value(&Json::Obj(members))?, &caller)?;
    let look = move |engine: &claw_engine::Engine| {
        engine.callable(input.tenant.as_deref(), &input.agent, input.user.as_ref(), &input.environment)
    };
    let tools = app.guard.blocking(look).await.ok_or_else(Problem::internal)??;
    let tool = |(server, name): (Option<String>, String)| {
        object([("name", Json::str(name)), ("server", server.map_or(Json::Null, Json::str))])
    };
    Ok(Answer(object([("tools", Json::Arr(tools.into_iter().map(tool).collect()))])))
}
