//! Policies over HTTP: loading, rolling back, and what is refused.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claw_engine::Trust;
use claw_engine::signing::SecretKey;
use serde_json::{Value, json};

use crate::support::*;

fn policy(name: &str, grant: bool) -> Vec<u8> {
    let grant = if grant { "grant any to support" } else { "" };
    bundle(&format!("package {name}\nenvironments prod\nroles support\ntool look(id: string)\n{grant}\n"))
}

async fn put(gateway: &Gateway, bytes: Vec<u8>) -> (StatusCode, Value) {
    let request = request(Method::PUT, "/v1/policies", Some(MANAGER))
        .header(header::CONTENT_TYPE, "application/octet-stream")
        .body(Body::from(bytes));
    let answer = gateway.send(request.unwrap()).await;
    (answer.status(), json(answer).await)
}

async fn look(gateway: &Gateway) -> Value {
    let asked = json!({
        "environment": "prod", "agent": {"id": "bot-7", "roles": ["support"]}, "tool": "look", "args": {"id": "1"},
    });
    gateway.post("/v1/decide", HOST_OF_ACME, &asked.to_string()).await.1
}

#[tokio::test]
async fn policies_are_loaded_listed_and_rolled_back() {
    let gateway = Gateway::with(&policy("first", true), "", |builder| builder);
    assert_eq!(look(&gateway).await["decision"], "allow");
    let (status, second) = put(&gateway, policy("second", false)).await;
    assert_eq!((status, &second["package"]), (StatusCode::OK, &"second".into()));
    assert_eq!(second["source"], "the service, by `manager`");
    let denied = look(&gateway).await;
    assert_eq!((&denied["decision"], &denied["policy"]["digest"]), (&"deny".into(), &second["digest"]));

    let (_, listed) = gateway.get("/v1/policies", MANAGER).await;
    assert_eq!(listed["current"], second);
    assert_eq!(listed["earlier"][0]["package"], "first");
    let (status, first) = gateway.post("/v1/policies/rollback", MANAGER, "{}").await;
    assert_eq!((status, &first["package"]), (StatusCode::OK, &"first".into()));
    assert_eq!(look(&gateway).await["decision"], "allow");
    let to = json!({"to": second["digest"]}).to_string();
    assert_eq!(gateway.post("/v1/policies/rollback", MANAGER, &to).await.1["package"], "second");
}

#[tokio::test]
async fn what_is_refused_leaves_in_force_what_was() {
    let gateway = Gateway::with(&policy("first", true), "", |builder| builder);
    let mut damaged = policy("second", true);
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    for bytes in [damaged, b"nonsense".to_vec(), Vec::new()] {
        let (status, body) = put(&gateway, bytes).await;
        assert_eq!((status, &body["error"]["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &"bad_bundle".into()));
    }
    for (path, body) in [
        ("/v1/policies", "{}"),
        ("/v1/policies", "{\"bundle\": \"***\"}"),
        ("/v1/policies/rollback", "{\"to\": \"nonsense\"}"),
        ("/v1/policies/rollback", "{\"too\": null}"),
    ] {
        let method = if path == "/v1/policies" { Method::PUT } else { Method::POST };
        assert_eq!(gateway.call(method, path, MANAGER, body).await.0, StatusCode::BAD_REQUEST, "{path} {body}");
    }
    let unknown = format!("{{\"to\": \"sha256:{}\"}}", "0".repeat(64));
    assert_eq!(gateway.post("/v1/policies/rollback", MANAGER, &unknown).await.0, StatusCode::CONFLICT);
    assert_eq!(look(&gateway).await["policy"]["package"], "first");
}

#[tokio::test]
async fn signatures_are_demanded_where_they_are() {
    let (mine, other) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let gateway = Gateway::with(&policy("first", true), "", |builder| builder);
    gateway.app.guard.engine().policies().set_trust(Trust::signed_by([mine.public()]));
    let bytes = policy("second", true);
    let signed = |key: &SecretKey| {
        let policy = claw_runtime::Policy::from_bytes(&bytes).unwrap();
        key.sign(&bytes, &claw_engine::policies::bundle_comment(&policy)).unwrap()
    };
    let upload = async |signature: Option<String>| {
        let body = json!({"bundle": STANDARD.encode(&bytes), "signature": signature}).to_string();
        gateway.call(Method::PUT, "/v1/policies", MANAGER, &body).await
    };
    assert_eq!(put(&gateway, bytes.clone()).await.1["error"]["code"], "unsigned");
    assert_eq!(upload(None).await.1["error"]["code"], "unsigned");
    assert_eq!(upload(Some(signed(&other))).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(upload(Some("nonsense".to_owned())).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, loaded) = upload(Some(signed(&mine))).await;
    assert_eq!((status, &loaded["signer"]), (StatusCode::OK, &mine.public().id().to_string().into()));
}
