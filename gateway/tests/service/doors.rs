//! Nobody gets in who may not: every route with every sort of token.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use claw_gateway::auth::{ClientCertificate, Closed, Doors};
use claw_gateway::config::{Ability, Caller, Token, TokenDigest};
use claw_runtime::Time;
use serde_json::Value;

use crate::support::*;

/// Every route of the service that demands something, from its own description.
async fn guarded(gateway: &Gateway) -> Vec<(Method, String, String)> {
    let (_, description) = gateway.get("/openapi.json", AGENT).await;
    let mut routes = Vec::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if let Some(ability) = operation["x-claw-ability"].as_str() {
                let method = method.to_ascii_uppercase().parse().unwrap();
                routes.push((method, path.clone(), ability.to_owned()));
            }
        }
    }
    assert!(routes.len() >= 11, "{routes:?}");
    routes
}

async fn knock(gateway: &Gateway, method: &Method, path: &str, authorization: &[&str]) -> (StatusCode, String, Value) {
    let mut request = request(method.clone(), path, None).header(header::CONTENT_TYPE, "application/json");
    for value in authorization {
        request = request.header(header::AUTHORIZATION, *value);
    }
    let answer = gateway.send(request.body(Body::from("{}")).unwrap()).await;
    let challenge = answer.headers().get(header::WWW_AUTHENTICATE).map(|value| value.to_str().unwrap().to_owned());
    (answer.status(), challenge.unwrap_or_default(), json(answer).await)
}

#[tokio::test]
async fn every_route_demands_a_good_token() {
    let gateway = Gateway::open();
    for (method, path, _) in guarded(&gateway).await {
        let bearer = |token: &str| format!("Bearer {token}");
        let cases: [(&str, Vec<String>, &str); 10] = [
            ("no token", vec![], "no_token"),
            ("a wrong one", vec![bearer("nonsense")], "unknown_token"),
            ("an expired one", vec![bearer(EXPIRED)], "expired_token"),
            ("a person's", vec![bearer(PERSON)], "unknown_token"),
            ("its digest", vec![bearer(&hex(AGENT))], "unknown_token"),
            ("an empty one", vec!["Bearer ".to_owned()], "unknown_token"),
            ("another scheme", vec![format!("Basic {HOST_OF_ACME}")], "unknown_token"),
            ("two headers", vec![bearer(HOST_OF_ACME), bearer(HOST_OF_ACME)], "unknown_token"),
            ("two tokens", vec![format!("Bearer {HOST_OF_ACME} {MANAGER}")], "unknown_token"),
            ("a long one", vec![bearer(&"x".repeat(10_000))], "unknown_token"),
        ];
        for (case, headers, code) in cases {
            let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
            let (status, challenge, body) = knock(&gateway, &method, &path, &headers).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path}: {case}");
            assert_eq!(body["error"]["code"], code, "{method} {path}: {case}");
            assert!(challenge.starts_with("Bearer realm=\"claw\""), "{challenge}");
        }
    }
}

fn hex(token: &str) -> String {
    TokenDigest::of(token).0.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn every_route_demands_its_ability() {
    let gateway = Gateway::open();
    for (method, path, ability) in guarded(&gateway).await {
        for (token, may) in [(AGENT, "mcp"), (HOST_OF_ACME, "decide"), (MANAGER, "manage")] {
            let (status, challenge, _) = knock(&gateway, &method, &path, &[&format!("bearer {token}")]).await;
            if may == ability {
                assert!(status != StatusCode::UNAUTHORIZED && status != StatusCode::FORBIDDEN, "{path}: {status}");
            } else {
                assert_eq!(status, StatusCode::FORBIDDEN, "{method} {path} with {may}");
                assert!(challenge.contains(&format!("scope=\"{ability}\"")), "{challenge}");
            }
        }
    }
}

/// A token in the address, in a cookie or in the body is none.
#[tokio::test]
async fn tokens_stand_in_their_header_only() {
    let gateway = Gateway::open();
    let path = format!("/v1/decide?access_token={HOST_OF_ACME}&token={HOST_OF_ACME}");
    let request = request(Method::POST, &path, None)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::COOKIE, format!("token={HOST_OF_ACME}"))
        .body(Body::from(format!("{{\"token\": \"{HOST_OF_ACME}\"}}")));
    assert_eq!(gateway.send(request.unwrap()).await.status(), StatusCode::UNAUTHORIZED);
}

/// Ways of writing an address lead to the route, which demands its token, or nowhere.
#[tokio::test]
async fn no_way_of_writing_a_path_leads_around_the_doors() {
    let gateway = Gateway::open();
    let paths = [
        "//v1/decide",
        "/v1//decide",
        "/v1/decide/",
        "/v1/./decide",
        "/healthz/../v1/decide",
        "/v1/%64ecide",
        "/v1%2fdecide",
        "/V1/DECIDE",
        "/v1/decide;x=1",
        "/openapi.json/../v1/policies",
        "/v1/decide%00",
        "/v1/decide%2e",
    ];
    for path in paths {
        for method in [Method::GET, Method::POST, Method::PUT] {
            let status = knock(&gateway, &method, path, &[]).await.0;
            let refused = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED, StatusCode::UNAUTHORIZED];
            assert!(refused.contains(&status), "{method} {path}: {status}");
        }
    }
    let override_method = request(Method::GET, "/v1/policies", None)
        .header("x-http-method-override", "PUT")
        .header("x-original-url", "/healthz")
        .body(Body::empty());
    assert_eq!(gateway.send(override_method.unwrap()).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn another_tenants_name_is_refused_and_reaches_nothing() {
    let gateway = Gateway::open();
    let asked = std::fs::read_to_string(examples().join("requests/mail-to-colleague.json")).unwrap();
    let mut other: Value = serde_json::from_str(&asked).unwrap();
    other["tenant"] = "beta".into();
    for path in ["/v1/decide", "/v1/begin", "/v1/ask"] {
        let (status, body) = gateway.post(path, HOST_OF_ACME, &other.to_string()).await;
        assert_eq!((status, &body["error"]["code"]), (StatusCode::FORBIDDEN, &"other_tenant".into()), "{path}");
        // And the other way round: the policy is not the other host's.
        let (status, _) = gateway.post(path, HOST_OF_BETA, &asked).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}");
        other.as_object_mut().unwrap().remove("tenant");
        let (_, body) = gateway.post(path, HOST_OF_BETA, &other.to_string()).await;
        let decision = if path == "/v1/ask" { &body["decision"] } else { &body };
        assert_eq!(decision["reason"], "no_policy", "{path}: {body}");
        other["tenant"] = "beta".into();
    }
    let (status, _) = gateway.post("/v1/batch", HOST_OF_ACME, &format!("{{\"requests\": [{other}]}}")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let who = r#"{"tenant": "beta", "environment": "prod", "agent": {"id": "bot-7"}}"#;
    assert_eq!(gateway.post("/v1/callable", HOST_OF_ACME, who).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn another_tenants_call_can_not_be_settled() {
    let gateway = Gateway::open();
    let mut asked: Value =
        serde_json::from_str(&std::fs::read_to_string(examples().join("requests/mail-to-colleague.json")).unwrap())
            .unwrap();
    asked["call_id"] = "c-1".into();
    asked.as_object_mut().unwrap().remove("time");
    assert_eq!(gateway.post("/v1/begin", HOST_OF_ACME, &asked.to_string()).await.1["decision"], "allow");
    let settle = r#"{"call_id": "c-1", "session": "s-9", "outcome": "not_executed"}"#;
    let (status, body) = gateway.post("/v1/settle", HOST_OF_BETA, settle).await;
    assert_eq!((status, &body["result"]), (StatusCode::NOT_FOUND, &"unknown_call".into()));
    let named = r#"{"call_id": "c-1", "session": "s-9", "tenant": "acme", "outcome": "not_executed"}"#;
    assert_eq!(gateway.post("/v1/settle", HOST_OF_BETA, named).await.0, StatusCode::FORBIDDEN);
    assert_eq!(gateway.post("/v1/settle", HOST_OF_ACME, settle).await.1["result"], "settled");
}

#[tokio::test]
async fn a_manager_sees_and_changes_its_own_tenants_policy_only() {
    let gateway = Gateway::open();
    let (_, mine) = gateway.get("/v1/policies", MANAGER).await;
    assert_eq!(mine["current"]["package"], "acme.support_bot");
    let (_, theirs) = gateway.get("/v1/policies", MANAGER_OF_BETA).await;
    assert_eq!((&theirs["tenant"], &theirs["current"]), (&"beta".into(), &Value::Null));
    let digest = mine["current"]["digest"].as_str().unwrap();
    let back = format!("{{\"to\": \"{digest}\"}}");
    let (status, body) = gateway.post("/v1/policies/rollback", MANAGER_OF_BETA, &back).await;
    assert_eq!((status, &body["error"]["code"]), (StatusCode::CONFLICT, &"not_kept".into()));
}

fn at(text: &str) -> Time {
    Time::parse(text).unwrap()
}

#[test]
fn tokens_end_at_their_time() {
    let mut config = config("");
    let mut caller = Caller::clone(&config.callers[0]);
    let end = at("2026-03-02T10:00:00Z");
    caller.tokens = vec![Token { digest: TokenDigest::of("t"), expires: Some(end) }];
    config.callers = vec![Arc::new(caller)];
    let doors = Doors::new(&config);
    assert_eq!(doors.caller("t", at("2026-03-02T09:59:59.999Z")).unwrap().name, "host");
    assert_eq!(doors.caller("t", end).unwrap_err(), Closed::Expired);
    assert_eq!(doors.expires("t"), Some(end));
    assert_eq!(doors.person("t", at("2026-03-02T09:00:00Z")).unwrap_err(), Closed::Unknown);
    assert_eq!(doors.caller("", end).unwrap_err(), Closed::Missing);
    assert_eq!(doors.person(PERSON, end).unwrap().name, "olga");
}

/// A certificate opens where no token was shown, and never mends a bad one.
#[tokio::test]
async fn certificates_stand_in_for_tokens() {
    let known = TokenDigest::of_bytes(b"der");
    let mut config = config("");
    let mut caller = Caller::clone(&config.callers[0]);
    caller.certificates = vec![known];
    assert_eq!(caller.may, [Ability::Decide]);
    config.callers[0] = Arc::new(caller);
    let doors = Doors::new(&config);
    let now = at("2026-03-02T10:00:00Z");
    let shown = |digest: TokenDigest, token: Option<&str>| {
        let mut request = request(Method::GET, "/", token).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ClientCertificate(digest));
        doors.caller_of(&request, now).map(|caller| caller.name.clone())
    };
    assert_eq!(shown(known, None).as_deref(), Ok("host"));
    assert_eq!(shown(TokenDigest::of_bytes(b"other"), None), Err(Closed::Unknown));
    assert_eq!(shown(known, Some("nonsense")), Err(Closed::Unknown));
    assert_eq!(shown(known, Some(EXPIRED)), Err(Closed::Expired));
    assert_eq!(shown(known, Some(AGENT)).as_deref(), Ok("agent"));
}
