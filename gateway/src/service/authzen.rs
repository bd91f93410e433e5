//! The OpenID [AuthZEN Authorization API 1.0](https://openid.net/specs/authorization-api-1_0.html): access evaluation,
//! access evaluations, and where they are.
//!
//! An evaluation is a preview: the API has no word for what happens afterwards, so nothing is reserved, and a limit only
//! counts what hosts begin natively. What AuthZEN's terms mean in claw's is `mapping.rs`'s business.

mod mapping;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::{Extension, Json as Plain};
use claw_engine::Engine;
use claw_runtime::{Decision, Json, Outcome, Reason};
use serde_json::json;

use self::mapping::{Evaluation, Mapped, NotWellFormed};
use super::BATCH;
use super::host::{Answer, Unread, denial, json, object, text};
use crate::app::App;
use crate::config::Caller;
use crate::http::{Problem, json_body};
use crate::words;

type Host = Extension<Arc<Caller>>;

/// When a batch is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Semantic {
    /// After its last item.
    ExecuteAll,
    /// After the first item that is not allowed.
    DenyOnFirstDeny,
    /// After the first item that is allowed.
    PermitOnFirstPermit,
}

pub(super) async fn evaluation(
    State(app): State<App>,
    Extension(caller): Host,
    asked: Request,
) -> Result<Answer, Unread> {
    let body = body(&app, asked).await?;
    single(&app, &caller, &body).await
}

pub(super) async fn evaluations(
    State(app): State<App>,
    Extension(caller): Host,
    asked: Request,
) -> Result<Answer, Unread> {
    let body = body(&app, asked).await?;
    let items = match body.get("evaluations") {
        None | Some(Json::Null) => return single(&app, &caller, &body).await,
        Some(Json::Arr(items)) if items.is_empty() => return single(&app, &caller, &body).await,
        Some(Json::Arr(items)) => items,
        Some(_) => return Err(Problem::bad_request("`evaluations` must be an array").into()),
    };
    if items.len() > BATCH {
        return Err(Problem::bad_request(format!("`evaluations` may have {BATCH} items")).into());
    }
    let semantic = semantic(&body)?;
    let common = Evaluation::of(&body);
    let mapped = items.iter().map(|item| match item {
        Json::Obj(_) => Evaluation::of(item).or(common).map(&caller, &app.config),
        _ => Err(NotWellFormed("an evaluation must be an object".to_owned())),
    });
    let mapped: Vec<_> = mapped.collect();
    let answers = app.guard.blocking(move |engine| evaluate(engine, mapped, semantic)).await;
    let answers = answers.ok_or_else(Problem::internal)?;
    answers.iter().filter_map(|(_, decision)| decision.as_ref()).for_each(|decision| app.metrics.previewed(decision));
    let answers = answers.into_iter().map(|(answer, _)| answer).collect();
    Ok(Answer(object([("evaluations", Json::Arr(answers))])))
}

/// Where the endpoints are: AuthZEN's metadata of a policy decision point.
pub(super) async fn configuration(State(app): State<App>) -> Result<Plain<serde_json::Value>, Problem> {
    let http = app.config.http.as_ref();
    let base = http.map(|http| http.public_url.as_str().trim_end_matches('/').to_owned());
    let base = base.ok_or_else(|| {
        Problem::new(axum::http::StatusCode::NOT_FOUND, "no_address", "the gateway does not know its own address")
    })?;
    Ok(Plain(json!({
        "policy_decision_point": base,
        "access_evaluation_endpoint": format!("{base}/access/v1/evaluation"),
        "access_evaluations_endpoint": format!("{base}/access/v1/evaluations"),
    })))
}

/// Malformed JSON is the request's mistake, and nothing that could be answered with a decision.
async fn body(app: &App, asked: Request) -> Result<Json, Unread> {
    let body = json(app, &json_body(asked).await?).await.map_err(|unread| match unread {
        Unread::Invalid(invalid) => Unread::Problem(Problem::bad_request(invalid.to_string())),
        problem => problem,
    })?;
    match body {
        Json::Obj(_) => Ok(body),
        _ => Err(Problem::bad_request("the body must be an object").into()),
    }
}

async fn single(app: &App, caller: &Caller, body: &Json) -> Result<Answer, Unread> {
    let mapped = Evaluation::of(body).map(caller, &app.config);
    let mapped = mapped.map_err(|NotWellFormed(message)| Problem::bad_request(message))?;
    let decided = app.guard.blocking(move |engine| decide(engine, mapped)).await;
    let (decision, enforced) = decided.ok_or_else(Problem::internal)?;
    app.metrics.previewed(&decision);
    Ok(Answer(answer(&decision, &enforced)))
}

fn semantic(body: &Json) -> Result<Semantic, Problem> {
    let named = match body.get("options") {
        None | Some(Json::Null) => return Ok(Semantic::ExecuteAll),
        Some(options @ Json::Obj(_)) => options.get("evaluations_semantic"),
        Some(_) => return Err(Problem::bad_request("`options` must be an object")),
    };
    match named.map(Json::as_str) {
        None | Some(Some("execute_all")) => Ok(Semantic::ExecuteAll),
        Some(Some("deny_on_first_deny")) => Ok(Semantic::DenyOnFirstDeny),
        Some(Some("permit_on_first_permit")) => Ok(Semantic::PermitOnFirstPermit),
        Some(_) => Err(Problem::bad_request("this `evaluations_semantic` is not known")
            .help("it is `execute_all`, `deny_on_first_deny` or `permit_on_first_permit`")),
    }
}

type Evaluated = (Json, Option<Decision>);

/// One after the other, until the semantic says that it is enough.
fn evaluate(engine: &Engine, items: Vec<Result<Mapped, NotWellFormed>>, semantic: Semantic) -> Vec<Evaluated> {
    let mut answers = Vec::with_capacity(items.len());
    for item in items {
        let (answer, decision) = match item {
            Ok(mapped) => {
                let (decision, enforced) = decide(engine, mapped);
                (answer(&decision, &enforced), Some(decision))
            }
            Err(NotWellFormed(message)) => (malformed(&message), None),
        };
        let permitted = answer.get("decision") == Some(&Json::Bool(true));
        answers.push((answer, decision));
        match semantic {
            Semantic::DenyOnFirstDeny if !permitted => break,
            Semantic::PermitOnFirstPermit if permitted => break,
            _ => {}
        }
    }
    answers
}

fn decide(engine: &Engine, mapped: Mapped) -> (Decision, Vec<String>) {
    let decision = match mapped.request {
        Ok(input) => engine.preview(*input),
        Err(invalid) => denial(invalid),
    };
    (decision, mapped.enforced)
}

/// `decision` is all that every client looks at: it is true only if nothing else has to be looked at. A constraint that the
/// client has not said it enforces makes it false.
fn answer(decision: &Decision, enforced: &[String]) -> Json {
    let unknown = decision.constraints.iter().find(|(name, _)| !enforced.contains(name)).map(|(name, _)| name);
    let permitted = decision.is_allowed() && unknown.is_none();
    let (reason, message) = match unknown {
        Some(name) if decision.is_allowed() => {
            let message = format!("allowed only with the constraint `{name}`, which the client does not enforce");
            (Reason::UnsupportedConstraint, Some(message))
        }
        _ => (decision.reason, message(decision)),
    };
    let mut context = vec![("reason".into(), Json::str(reason.code()))];
    context.extend(message.map(|message| ("message".into(), Json::str(message))));
    context.push(("claw".into(), decision.to_json()));
    object([("decision", Json::Bool(permitted)), ("context", Json::Obj(context))])
}

/// What the clauses say that stand in the way, or what is wrong with the request.
fn message(decision: &Decision) -> Option<String> {
    let said: Vec<&str> = words::restricting(decision).filter_map(|applied| applied.message.as_deref()).collect();
    if !said.is_empty() {
        return Some(said.join("; "));
    }
    let waits = || {
        let names: Vec<String> = decision.approvals.iter().map(|approval| format!("`{}`", approval.id)).collect();
        (decision.outcome == Outcome::RequireApproval).then(|| format!("approvals are needed: {}", names.join(", ")))
    };
    decision.message.clone().or_else(waits)
}

/// How an item of a batch is answered that is no evaluation.
fn malformed(message: &str) -> Json {
    let error = object([("status", Json::int(400)), ("message", text(message))]);
    object([("decision", Json::Bool(false)), ("context", object([("error", error)]))])
}
