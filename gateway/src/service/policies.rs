//! Policies over HTTP: what is in force, putting another in force, going back. Of the token's tenant only.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claw_engine::policies::{LoadFailure, Loaded, Version};
use claw_engine::{Engine, Target};
use claw_runtime::Digest;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::config::Caller;
use crate::http::{self, Problem, json_body};

type Manager = Extension<Arc<Caller>>;

/// A bundle and its signature (the text of its `.minisig`), where one is demanded.
struct Upload {
    bytes: Bytes,
    signature: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapped {
    bundle: String,
    signature: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Back {
    to: Option<String>,
}

pub(super) async fn list(State(app): State<App>, Extension(caller): Manager) -> Json<Value> {
    let policies = app.guard.engine().policies();
    let tenant = caller.tenant.as_deref();
    let current = policies.current(tenant).map(|loaded| policy(&loaded));
    let earlier: Vec<Value> = policies.history(tenant).iter().map(|earlier| version(earlier)).collect();
    Json(json!({ "tenant": tenant, "current": current, "earlier": earlier }))
}

pub(super) async fn load(
    State(app): State<App>,
    Extension(caller): Manager,
    asked: Request,
) -> Result<Json<Value>, Problem> {
    let upload = upload(asked).await?;
    change(&app, move |engine| {
        let source = format!("the service, by `{}`", caller.name);
        let signature = upload.signature.as_deref();
        engine.policies().load_as(caller.tenant.as_deref(), &source, &upload.bytes, signature)
    })
    .await
}

pub(super) async fn roll_back(
    State(app): State<App>,
    Extension(caller): Manager,
    asked: Request,
) -> Result<Json<Value>, Problem> {
    let back: Back = read(&json_body(asked).await?)?;
    let digest = |text: String| {
        text.parse::<Digest>().map_err(|_| Problem::bad_request("`to` must be a policy's digest, `sha256:…`"))
    };
    let target = back.to.map(digest).transpose()?.map_or(Target::Previous, Target::Digest);
    change(&app, move |engine| engine.roll_back(caller.tenant.as_deref(), target)).await
}

async fn change(
    app: &App,
    work: impl FnOnce(&Engine) -> Result<Arc<Loaded>, LoadFailure> + Send + 'static,
) -> Result<Json<Value>, Problem> {
    let changed = app.guard.blocking(work).await.ok_or_else(Problem::internal)?;
    let loaded = changed.map_err(|failure| {
        let status = match failure {
            LoadFailure::Superseded | LoadFailure::NotKept => StatusCode::CONFLICT,
            LoadFailure::Shared => StatusCode::FORBIDDEN,
            LoadFailure::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Problem::new(status, failure.kind(), failure.to_string()).help("what was in force stays in force")
    })?;
    Ok(Json(policy(&loaded)))
}

async fn upload(request: Request) -> Result<Upload, Problem> {
    let stated = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if stated == Some("application/octet-stream") {
        return Ok(Upload { bytes: http::bytes(request).await?, signature: None });
    }
    let json = json_body(request).await.map_err(|problem| match problem.status {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            problem.help("send the bundle as `application/octet-stream`, or in JSON, with its signature")
        }
        _ => problem,
    })?;
    let Wrapped { bundle, signature } = read(&json)?;
    let bytes = STANDARD.decode(bundle).map_err(|_| Problem::bad_request("`bundle` must be base64"))?;
    Ok(Upload { bytes: bytes.into(), signature })
}

fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| Problem::bad_request(error.to_string()))
}

fn policy(loaded: &Loaded) -> Value {
    let modules = loaded.policy.modules().iter();
    let modules: Vec<Value> =
        modules.map(|module| json!({ "package": module.name, "digest": module.digest.to_string() })).collect();
    let mut policy = version(&loaded.version);
    if let Some(policy) = policy.as_object_mut() {
        policy.insert("modules".to_owned(), modules.into());
    }
    policy
}

fn version(version: &Version) -> Value {
    json!({
        "package": version.package,
        "digest": version.digest.to_string(),
        "signer": version.signer.map(|signer| signer.to_string()),
        "comment": version.trusted_comment,
        "source": version.source,
        "at": version.at.map(|at| at.to_string()),
    })
}
