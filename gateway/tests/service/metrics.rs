//! What Prometheus reads: well-formed, true, bounded, and without anything that a caller wrote.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use claw_runtime::{Time, Vote};
use serde_json::json;

use crate::support::*;

/// One sample: its name, its labels and its value.
type Samples = BTreeMap<(String, BTreeMap<String, String>), f64>;

/// A strict reader of the OpenMetrics text format, as far as a gateway writes it.
fn read(text: &str) -> Samples {
    let mut samples = Samples::new();
    let (mut families, mut current) = (BTreeSet::new(), None::<(String, String)>);
    let body = text.strip_suffix("# EOF\n").expect("it ends with EOF");
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(families.insert(name.to_owned()), "{name} comes twice");
            current = Some((name.to_owned(), kind.to_owned()));
        } else if let Some(rest) = line.strip_prefix("# HELP ") {
            assert!(!rest.split_once(' ').unwrap().1.is_empty());
        } else {
            assert!(!line.starts_with('#'), "{line}");
            let (name, labels, value) = sample(line);
            let (family, kind) = current.as_ref().expect("a type comes first");
            let suffixes: &[&str] = match kind.as_str() {
                "counter" => &["_total"],
                "histogram" => &["_bucket", "_sum", "_count"],
                "gauge" => &[""],
                other => panic!("{other}"),
            };
            assert!(suffixes.iter().any(|suffix| name == format!("{family}{suffix}")), "{name} in {family}");
            assert!(samples.insert((name, labels), value).is_none(), "{line} comes twice");
        }
    }
    samples
}

fn sample(line: &str) -> (String, BTreeMap<String, String>, f64) {
    let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap();
    let (name, mut rest) = line.split_at(end);
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (key, after) = rest.split_once("=\"").unwrap();
            let mut value = String::new();
            let mut chars = after.char_indices();
            let end = loop {
                match chars.next().expect("a quote ends it") {
                    (at, '"') => break at + 1,
                    (_, '\\') => value.push(match chars.next().unwrap().1 {
                        'n' => '\n',
                        c @ ('"' | '\\') => c,
                        other => panic!("`\\{other}` in {line}"),
                    }),
                    (_, c) => {
                        assert!(!c.is_control(), "{line:?}");
                        value.push(c);
                    }
                }
            };
            assert!(labels.insert(key.to_owned(), value).is_none(), "{line}");
            rest = after[end..].strip_prefix(',').unwrap_or(&after[end..]);
        }
        rest = &rest[1..];
    }
    (name.to_owned(), labels, rest.strip_prefix(' ').unwrap().parse().unwrap())
}

async fn scrape(gateway: &Gateway) -> Samples {
    let answer = gateway.send(request(Method::GET, "/metrics", None).body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let kind = answer.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    read(&text(answer).await)
}

fn value(samples: &Samples, name: &str, labels: &[(&str, &str)]) -> f64 {
    let matches = |(of, theirs): &&(String, BTreeMap<String, String>)| {
        of == name && labels.iter().all(|(key, value)| theirs.get(*key).is_some_and(|their| their == value))
    };
    samples.iter().filter(|(key, _)| matches(key)).map(|(_, value)| value).sum()
}

fn mail(call: &str, to: &str) -> String {
    json!({
        "call_id": call, "session": "s-1", "environment": "prod", "tool": "send_email",
        "agent": {"id": "bot-7", "roles": ["support"], "purpose": "support"},
        "user": {"id": "u-1", "roles": ["support"], "department": "cs", "clearance": 1},
        "args": {"to": [to], "subject": "hi", "body": "secret-body"},
    })
    .to_string()
}

#[tokio::test]
async fn what_happens_is_counted() {
    let gateway = Gateway::open();
    assert_eq!(gateway.post("/v1/begin", HOST_OF_ACME, &mail("c-1", "eva@acme.com")).await.1["decision"], "allow");
    assert_eq!(gateway.post("/v1/begin", HOST_OF_ACME, &mail("c-2", "x@evil.example")).await.1["decision"], "deny");
    gateway.post("/v1/decide", HOST_OF_ACME, &mail("c-3", "eva@acme.com")).await;
    gateway.post("/v1/begin", HOST_OF_ACME, "{").await;
    gateway.post("/v1/settle", HOST_OF_ACME, r#"{"call_id": "c-1", "session": "s-1", "outcome": "ok"}"#).await;
    gateway.post("/v1/policies/rollback", MANAGER, "{}").await;
    gateway.get("/nowhere", MANAGER).await;
    let samples = scrape(&gateway).await;
    let value = |name: &str, labels: &[(&str, &str)]| value(&samples, name, labels);
    let decisions = "claw_decisions_total";
    assert_eq!(value(decisions, &[("outcome", "allow"), ("reason", "granted"), ("tenant", "acme")]), 1.0);
    assert_eq!(value(decisions, &[("outcome", "deny"), ("reason", "rule"), ("tenant", "acme")]), 1.0);
    assert_eq!(value(decisions, &[("outcome", "deny"), ("reason", "invalid_request"), ("tenant", "")]), 1.0);
    let clause = "acme.support_bot.mail_stays_inside";
    assert_eq!(value("claw_clauses_total", &[("clause", clause), ("effect", "deny")]), 1.0);
    assert_eq!(value("claw_previews_total", &[("outcome", "allow")]), 1.0);
    assert_eq!(value("claw_decision_seconds_count", &[]), 3.0);
    assert_eq!(value("claw_settlements_total", &[("outcome", "ok"), ("result", "settled")]), 1.0);
    assert_eq!(value("claw_policy_reloads_total", &[("tenant", "acme"), ("result", "loaded")]), 1.0);
    assert_eq!(value("claw_policy_reloads_total", &[("tenant", "acme"), ("result", "refused")]), 1.0);
    assert_eq!(value("claw_policy_info", &[("tenant", "acme"), ("package", "acme.support_bot")]), 1.0);
    assert_eq!(value("claw_audit_spooled", &[]), 0.0);
    let begun = [("method", "POST"), ("route", "/v1/begin"), ("status", "200")];
    assert_eq!(value("claw_http_requests_total", &begun), 2.0);
    assert_eq!(value("claw_http_requests_total", &[("route", "none"), ("status", "404")]), 1.0);
    // Nothing of the arguments or of those who call is there.
    let all = format!("{samples:?}");
    for secret in ["secret-body", "evil.example", "u-1", "bot-7", HOST_OF_ACME] {
        assert!(!all.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn approvals_are_counted_once_for_each_state() {
    const POLICY: &str = "package p\nenvironments prod\nroles support, sre\ntiers high\napproval boss { by 1 of sre  expires 15m }\n\
         tool wipe()\ngrant any to support\nclassify { high on wipe }\nmatrix {\n  tier | prod\n  high | boss\n}\n";
    let gateway = Gateway::with(&bundle(POLICY), "", |builder| builder);
    let asked = json!({
        "call_id": "c-1", "environment": "prod", "tool": "wipe", "agent": {"id": "bot-7", "roles": ["support"]},
    });
    let mut id = String::new();
    for _ in 0..3 {
        let (_, answer) = gateway.post("/v1/ask", HOST_OF_ACME, &asked.to_string()).await;
        id = answer["askings"][0]["id"].as_str().unwrap().to_owned();
    }
    assert_eq!(value(&scrape(&gateway).await, "claw_approvals_pending", &[("tenant", "acme")]), 1.0);
    let vote = Vote::grant("olga", Time::from_millis(0).unwrap()).role("sre");
    gateway.app.guard.vote(Some("acme".to_owned()), id.parse().unwrap(), vote).await.unwrap();
    let samples = scrape(&gateway).await;
    assert_eq!(value(&samples, "claw_approvals_total", &[("state", "open")]), 1.0);
    assert_eq!(value(&samples, "claw_approvals_total", &[("state", "granted")]), 1.0);
}

/// However many addresses, methods and tenants clients make up, there are only so many series.
#[tokio::test]
async fn nobody_can_make_it_grow() {
    let gateway = Gateway::open();
    for number in 0..100 {
        gateway.get(&format!("/nowhere/{number}"), AGENT).await;
        let method = Method::from_bytes(format!("M{number}").as_bytes()).unwrap();
        gateway.call(method, "/v1/decide", AGENT, "{}").await;
    }
    let samples = scrape(&gateway).await;
    let requests = samples.keys().filter(|(name, _)| name == "claw_http_requests_total").count();
    assert_eq!(requests, 2, "{:?}", samples.keys());
    for number in 0..3_000 {
        gateway.app.metrics.mcp_called(&format!("server-{number} \"\\\n\u{1}\u{202e}"), "ok");
    }
    let samples = scrape(&gateway).await;
    let calls: Vec<_> = samples.iter().filter(|((name, _), _)| name == "claw_mcp_calls_total").collect();
    assert_eq!(calls.len(), 2_001);
    let other = calls.iter().find(|((_, labels), _)| labels["server"] == "other").unwrap();
    assert_eq!((*other.1, other.0.1["outcome"].as_str()), (1_000.0, "ok"));
}

#[tokio::test]
async fn metrics_can_have_a_token() {
    let gateway = Gateway::with(&support_bot(), &metrics_token(), |builder| builder);
    for (token, status) in [
        (None, StatusCode::UNAUTHORIZED),
        (Some("nonsense"), StatusCode::UNAUTHORIZED),
        (Some(HOST_OF_ACME), StatusCode::UNAUTHORIZED),
        (Some(SCRAPER), StatusCode::OK),
    ] {
        let answer = gateway.send(request(Method::GET, "/metrics", token).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), status, "{token:?}");
    }
    assert_eq!(gateway.post("/v1/decide", SCRAPER, "{}").await.0, StatusCode::UNAUTHORIZED);
}
