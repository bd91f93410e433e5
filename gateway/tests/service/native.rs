//! The service in claw's own words: the same answers as the engine's, and the life of a call.

use axum::http::{Method, StatusCode};
use claw_engine::{Engine, Trust};
use claw_gateway::config::Person;
use claw_runtime::{Time, Vote};
use futures_util::FutureExt;
use serde_json::{Value, json};

use crate::support::*;

/// Every request of the example, one a line, by file.
fn examples_requests() -> Vec<(String, Vec<String>)> {
    let mut files: Vec<_> =
        std::fs::read_dir(examples().join("requests")).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let named = files.iter().map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path));
    let requests = named.filter(|(name, _)| !name.contains(".expected."));
    let read = |(name, path): (String, &std::path::PathBuf)| {
        let text = std::fs::read_to_string(path).unwrap();
        let lines = match name.ends_with(".jsonl") {
            true => text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect(),
            false => vec![text],
        };
        (name, lines)
    };
    requests.map(read).collect()
}

/// A fresh gateway and a fresh engine see the same requests and say the same: previews, decisions, settlements.
#[tokio::test]
async fn answers_are_the_engines() {
    let bundle = support_bot();
    let mut compared = 0;
    for (name, lines) in examples_requests() {
        let gateway = Gateway::with(&bundle, "", |builder| builder);
        let engine = Engine::builder(Trust::anyone()).ledger(claw_engine::ledger::Ledger::in_memory()).build();
        engine.load(Some("acme"), &bundle, None).unwrap();
        for (number, line) in lines.iter().enumerate() {
            let mut asked: Value = match serde_json::from_str(line) {
                Ok(asked) => asked,
                Err(_) => continue,
            };
            if asked["call_id"].is_null() && asked.is_object() {
                asked["call_id"] = format!("c-{number}").into();
            }
            let asked = asked.to_string();
            if let Ok(input) = claw_runtime::RequestInput::from_json(asked.as_bytes(), engine.limits()) {
                let (status, previewed) = gateway.post("/v1/decide", HOST_OF_ACME, &asked).await;
                assert_eq!(status, StatusCode::OK);
                assert_eq!(previewed.to_string(), of(&engine.preview(input)), "{name}:{number}");
            }
            let call = engine.begin_json(asked.as_bytes());
            let (_, begun) = gateway.post("/v1/begin", HOST_OF_ACME, &asked).await;
            assert_eq!(begun.to_string(), of(call.decision()), "{name}:{number}");
            compared += 1;
            if call.is_allowed() {
                engine.settle(&call, claw_runtime::Settlement::Ok, None).unwrap();
                let ended = json!({"call_id": call.input().call_id, "session": call.input().session, "outcome": "ok"});
                let (status, settled) = gateway.post("/v1/settle", HOST_OF_ACME, &ended.to_string()).await;
                assert_eq!((status, &settled["result"]), (StatusCode::OK, &"settled".into()), "{name}:{number}");
            }
        }
    }
    assert!(compared > 25, "{compared}");
}

/// Every place of a JSON value, as a pointer.
fn places(value: &Value, at: &str, into: &mut Vec<String>) {
    into.push(at.to_owned());
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| places(value, &format!("{at}/{key}"), into)),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| places(item, &format!("{at}/{i}"), into)),
        _ => {}
    }
}

/// The same for requests that are damaged in one place: whatever the engine makes of each, the service does.
#[tokio::test]
async fn answers_to_damaged_requests_are_the_engines() {
    let gateway = Gateway::open();
    let engine = gateway.app.guard.engine().clone();
    let mut compared = 0;
    for name in ["mail-to-stranger.json", "exec-in-prod.json", "handed-on-too-often.json"] {
        let good: Value =
            serde_json::from_slice(&std::fs::read(examples().join("requests").join(name)).unwrap()).unwrap();
        let mut all = Vec::new();
        places(&good, "", &mut all);
        for place in &all {
            for other in [json!(null), json!(7), json!("x"), json!([]), json!({"x": 1.50})] {
                let mut damaged = good.clone();
                *damaged.pointer_mut(place).unwrap() = other;
                let damaged = damaged.to_string();
                let (status, answer) = gateway.post("/v1/decide", HOST_OF_ACME, &damaged).await;
                let input = claw_runtime::RequestInput::from_json(damaged.as_bytes(), engine.limits());
                match input {
                    Ok(input) if input.tenant.as_deref().is_none_or(|tenant| tenant == "acme") => {
                        let tenant = Some("acme".to_owned());
                        let decision = engine.preview(claw_runtime::RequestInput { tenant, ..input });
                        assert_eq!((status, answer.to_string()), (StatusCode::OK, of(&decision)), "{damaged}");
                    }
                    Ok(_) => assert_eq!(status, StatusCode::FORBIDDEN, "{damaged}"),
                    Err(invalid) => {
                        let said = (&answer["decision"], &answer["reason"], &answer["message"]);
                        let expected = (&"deny".into(), &invalid.reason.code().into(), &invalid.message.into());
                        assert_eq!((status, said), (StatusCode::BAD_REQUEST, expected), "{damaged}");
                    }
                }
                compared += 1;
            }
        }
    }
    assert!(compared > 300, "{compared}");
}

fn of(decision: &claw_runtime::Decision) -> String {
    serde_json::from_str::<Value>(&decision.to_string()).unwrap().to_string()
}

fn refund(call: &str, order: &str, amount: u32) -> Value {
    json!({
        "call_id": call, "session": "s-1", "environment": "prod", "kind": "tool",
        "agent": {"id": "bot-7", "roles": ["support"]}, "user": {"id": "u-1", "roles": ["support"]},
        "tool": "refund", "args": {"order": order, "amount": amount},
    })
}

const SHOP: &str = r#"
package shop
tiers        low < high
environments prod
roles        support, sre
approval boss { by 1 of sre  expires 15m }
tool look(id: string)
tool refund(order: string, amount: decimal)
tool wipe()
grant look, refund to support
classify { low on look  high on refund when args.amount > 100.00  low on refund  high on wipe }
matrix {
  tier | prod
  low  | allow
  high | boss
}
limit pot { on refund sum args.amount  max 1000.00 per 24h  each agent }
"#;

fn shop() -> Gateway {
    Gateway::with(&bundle(SHOP), "", |builder| builder)
}

#[tokio::test]
async fn a_call_is_begun_and_settled_once() {
    let gateway = shop();
    let asked = refund("c-1", "o-1", 50).to_string();
    let (_, first) = gateway.post("/v1/begin", HOST_OF_ACME, &asked).await;
    assert_eq!((&first["decision"], &first["args"]["amount"]), (&"allow".into(), &50.into()));
    let (_, again) = gateway.post("/v1/begin", HOST_OF_ACME, &asked).await;
    assert_eq!((&again["decision"], &again["replayed"]), (&"allow".into(), &true.into()));
    let changed = refund("c-1", "o-2", 50).to_string();
    assert_eq!(gateway.post("/v1/begin", HOST_OF_ACME, &changed).await.1["decision"], "deny");
    let ended = r#"{"call_id": "c-1", "session": "s-1", "outcome": "ok", "result": {"paid": 50.00}}"#;
    assert_eq!(gateway.post("/v1/settle", HOST_OF_ACME, ended).await.1["result"], "settled");
    assert_eq!(gateway.post("/v1/settle", HOST_OF_ACME, ended).await.1["result"], "already_settled");
    let (_, over) = gateway.post("/v1/begin", HOST_OF_ACME, &asked).await;
    assert_eq!((&over["decision"], &over["reason"]), (&"deny".into(), &"duplicate_call".into()));
    let (status, unknown) = gateway.post("/v1/settle", HOST_OF_ACME, r#"{"call_id": "c-2", "outcome": "error"}"#).await;
    assert_eq!((status, &unknown["result"]), (StatusCode::NOT_FOUND, &"unknown_call".into()));
}

#[tokio::test]
async fn looking_costs_nothing_and_running_does() {
    let gateway = shop();
    for number in 0..5 {
        for _ in 0..3 {
            let asked = refund("c-0", "o-1", 100).to_string();
            assert_eq!(gateway.post("/v1/decide", HOST_OF_ACME, &asked).await.1["decision"], "allow");
        }
        let asked = refund(&format!("c-{number}"), "o-1", 100).to_string();
        assert_eq!(gateway.post("/v1/begin", HOST_OF_ACME, &asked).await.1["decision"], "allow");
    }
    for number in 5..10 {
        let asked = refund(&format!("c-{number}"), "o-1", 100).to_string();
        assert_eq!(gateway.post("/v1/begin", HOST_OF_ACME, &asked).await.1["decision"], "allow");
    }
    let (_, full) = gateway.post("/v1/begin", HOST_OF_ACME, &refund("c-10", "o-1", 1).to_string()).await;
    assert_eq!((&full["decision"], &full["reason"]), (&"deny".into(), &"limit".into()));
    let back = r#"{"call_id": "c-9", "session": "s-1", "outcome": "not_executed"}"#;
    assert_eq!(gateway.post("/v1/settle", HOST_OF_ACME, back).await.1["result"], "settled");
    let (_, room) = gateway.post("/v1/begin", HOST_OF_ACME, &refund("c-11", "o-1", 1).to_string()).await;
    assert_eq!(room["decision"], "allow");
}

#[tokio::test]
async fn settling_says_how() {
    let gateway = shop();
    for bad in [
        "{}",
        r#"{"call_id": "c-1"}"#,
        r#"{"call_id": "c-1", "outcome": "fine"}"#,
        r#"{"call_id": "c-1", "outcome": "ok", "extra": 1}"#,
        r#"{"call_id": "c-1", "outcome": "ok", "outcome": "error"}"#,
        "nonsense",
    ] {
        let (status, body) = gateway.post("/v1/settle", HOST_OF_ACME, bad).await;
        assert_eq!((status, &body["error"]["code"]), (StatusCode::BAD_REQUEST, &"bad_request".into()), "{bad}");
    }
}

#[tokio::test]
async fn approvals_are_asked_granted_used_once_and_bound_to_the_arguments() {
    let gateway = shop();
    let asked = refund("c-1", "o-1", 500);
    let (status, first) = gateway.post("/v1/ask", HOST_OF_ACME, &asked.to_string()).await;
    assert_eq!((status, &first["decision"]["decision"]), (StatusCode::OK, &"require_approval".into()));
    let asking = &first["askings"][0];
    assert_eq!((&asking["approval"], &asking["state"]), (&"boss".into(), &"open".into()));
    let id = asking["id"].as_str().unwrap();
    assert_eq!(asking["link"], format!("http://127.0.0.1:8787/approvals/{id}"));
    let (_, same) = gateway.post("/v1/ask", HOST_OF_ACME, &asked.to_string()).await;
    assert_eq!(same["askings"][0]["id"], id);

    let olga: &Person = &gateway.app.config.people[0];
    let vote = olga.roles.iter().fold(Vote::grant(&*olga.name, Time::from_millis(0).unwrap()), |v, r| v.role(&**r));
    gateway.app.guard.vote(olga.tenant.clone(), id.parse().unwrap(), vote).await.unwrap();

    let (_, other) = gateway.post("/v1/ask", HOST_OF_ACME, &refund("c-2", "o-1", 501).to_string()).await;
    assert_eq!(other["decision"]["decision"], "require_approval");
    assert_ne!(other["askings"][0]["id"], id);
    let (_, granted) = gateway.post("/v1/ask", HOST_OF_ACME, &asked.to_string()).await;
    assert_eq!((&granted["decision"]["decision"], &granted["askings"]), (&"allow".into(), &json!([])));
    let ended = r#"{"call_id": "c-1", "session": "s-1", "outcome": "ok"}"#;
    assert_eq!(gateway.post("/v1/settle", HOST_OF_ACME, ended).await.1["result"], "settled");
    let (_, used) = gateway.post("/v1/begin", HOST_OF_ACME, &refund("c-3", "o-1", 500).to_string()).await;
    assert_eq!(used["decision"], "require_approval");
}

#[tokio::test]
async fn evidence_from_outside_is_refused() {
    let gateway = shop();
    let mut asked = refund("c-1", "o-1", 500);
    asked["approvals"] = json!([{
        "approval": "boss", "approval_digest": format!("sha256:{}", "0".repeat(64)),
        "request_digest": format!("sha256:{}", "0".repeat(64)), "clauses": [], "asked_at": "2026-03-02T10:00:00Z",
        "votes": [{"person": "olga", "roles": ["sre"], "verdict": "grant", "at": "2026-03-02T10:00:00Z"}],
    }]);
    for path in ["/v1/decide", "/v1/begin"] {
        let (_, answer) = gateway.post(path, HOST_OF_ACME, &asked.to_string()).await;
        assert_eq!((&answer["decision"], &answer["reason"]), (&"deny".into(), &"invalid_request".into()), "{answer}");
    }
}

#[tokio::test]
async fn a_batch_decides_each_for_itself() {
    let gateway = shop();
    let items = json!({"requests": [refund("c-1", "o-1", 50), {"tool": 1}, refund("c-2", "o-1", 500)]});
    let (status, body) = gateway.post("/v1/batch", HOST_OF_ACME, &items.to_string()).await;
    assert_eq!(status, StatusCode::OK);
    let said: Vec<&str> =
        body["decisions"].as_array().unwrap().iter().map(|d| d["decision"].as_str().unwrap()).collect();
    assert_eq!(said, ["allow", "deny", "require_approval"]);
    let many = json!({"requests": vec![refund("c-1", "o-1", 50); 101]});
    for bad in [many.to_string(), "{}".to_owned(), "{\"requests\": {}}".to_owned(), "[]".to_owned()] {
        assert_eq!(gateway.post("/v1/batch", HOST_OF_ACME, &bad).await.0, StatusCode::BAD_REQUEST, "{bad:.60}");
    }
    let (_, none) = gateway.post("/v1/batch", HOST_OF_ACME, "{\"requests\": []}").await;
    assert_eq!(none, json!({"decisions": []}));
}

#[tokio::test]
async fn callable_tools_are_those_that_some_grant_could_cover() {
    let gateway = shop();
    let names = async |roles: &str| {
        let who = format!("{{\"environment\": \"prod\", \"agent\": {{\"id\": \"bot-7\", \"roles\": {roles}}}}}");
        gateway.post("/v1/callable", HOST_OF_ACME, &who).await
    };
    let (_, some) = names("[\"support\"]").await;
    assert_eq!(some, json!({"tools": [{"name": "look", "server": null}, {"name": "refund", "server": null}]}));
    assert_eq!(names("[]").await.1, json!({"tools": []}));
    let (status, body) = names("[\"king\"]").await;
    assert_eq!((status, &body["decision"]), (StatusCode::BAD_REQUEST, &"deny".into()));
}

/// The description lists what is served, and what is served is described.
#[tokio::test]
async fn the_description_is_true() {
    let gateway = shop();
    let (_, description) = gateway.get("/openapi.json", AGENT).await;
    assert_eq!(description["openapi"], "3.1.0");
    for (path, operations) in description["paths"].as_object().unwrap() {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let described = operations.get(method.as_str().to_ascii_lowercase()).is_some();
            let (status, _) = gateway.call(method.clone(), path, "nonsense", "{}").await;
            let served = status != StatusCode::NOT_FOUND && status != StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(served, described, "{method} {path}: {status}");
        }
    }
    // Nothing is in an answer that the description does not know.
    let (_, answer) = gateway.post("/v1/ask", HOST_OF_ACME, &refund("c-1", "o-1", 500).to_string()).await;
    let known = |schema: &str, value: &Value| {
        let schema = &description["components"]["schemas"][schema];
        for key in value.as_object().unwrap().keys() {
            assert!(schema["properties"].get(key).is_some(), "{key}");
        }
        for key in schema["required"].as_array().unwrap() {
            assert!(value.get(key.as_str().unwrap()).is_some(), "{key}");
        }
    };
    known("Asked", &answer);
    known("Decision", &answer["decision"]);
    known("Asking", &answer["askings"][0]);
    let (_, policies) = gateway.get("/v1/policies", MANAGER).await;
    known("Policies", &policies);
    known("Policy", &policies["current"]);
    known("Problem", &gateway.get("/nowhere", MANAGER).await.1);
}

/// A client that has gone away does not make the gateway forget what it did: it is counted, and voters are told.
#[tokio::test]
async fn what_nobody_waits_for_is_told_all_the_same() {
    let gateway = shop();
    let guard = gateway.app.guard.clone();
    let mut news = guard.news();
    let input = claw_runtime::RequestInput::from_value(
        &claw_runtime::Json::parse(refund("c-1", "o-1", 500).to_string().as_bytes(), guard.engine().limits()).unwrap(),
    );
    let call = guard.begin(claw_runtime::RequestInput { tenant: Some("acme".to_owned()), ..input.unwrap() }).await;
    assert!(call.needs_approval());
    // It may even be done by then.
    drop(guard.ask(&call).now_or_never());
    let told = tokio::time::timeout(std::time::Duration::from_secs(60), news.recv()).await.unwrap().unwrap();
    assert_eq!(Some(told.request), call.decision().request_digest);
}
