//! OpenID AuthZEN Authorization API 1.0, as a policy enforcement point meets it: well-formedness, one evaluation, batches
//! with defaults and semantics, metadata.

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::support::*;

const EVALUATION: &str = "/access/v1/evaluation";
const EVALUATIONS: &str = "/access/v1/evaluations";

const POLICY: &str = r#"
package docs
environments dev, prod
tiers        low < high
roles        reader, editor, admin includes (reader, editor), sre
user    { department?: string }
context { network?: string }
constraints { timeout: duration = min }

tool can_read(type: string, id: string)
tool can_update(type: string, id: string, owner: string)
tool send(to: string, urgent: bool = false) on server "mail"
tool erase(type: string, id: string)
tool slow(type: string, id: string)

approval boss { by 1 of sre  expires 15m }

grant can_read, slow to reader
grant send, erase to reader
grant can_update to reader for editor

classify { low on can_read, can_update, send, slow  high on erase }
matrix {
  tier | dev   | prod
  low  | allow | allow
  high | allow | boss
}

rule own_documents {
  on     can_update
  unless args.owner == user.id
  deny   "{user.id} does not own {args.id}"
}
rule inside {
  on     send
  when   context.network == "guest"
  deny   "no mail from the guests' network"
}
rule slowly {
  on        slow
  constrain timeout 30s
}
"#;

fn docs() -> Gateway {
    Gateway::with(&bundle(POLICY), "", |builder| builder.enforces(["timeout"]))
}

fn reader() -> Value {
    json!({"type": "agent", "id": "bot-7", "properties": {"roles": ["reader"]}})
}

fn document(id: &str) -> Value {
    json!({"type": "document", "id": id})
}

fn read(id: &str) -> Value {
    json!({"subject": reader(), "action": {"name": "can_read"}, "resource": document(id)})
}

async fn evaluate(gateway: &Gateway, evaluation: &Value) -> Value {
    let (status, answer) = gateway.post(EVALUATION, HOST_OF_ACME, &evaluation.to_string()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(answer["decision"].is_boolean());
    answer
}

#[tokio::test]
async fn one_evaluation_is_answered_with_a_boolean_and_why() {
    let gateway = docs();
    let allowed = evaluate(&gateway, &read("1")).await;
    assert_eq!((&allowed["decision"], &allowed["context"]["reason"]), (&true.into(), &"granted".into()));
    let mut nobody = read("1");
    nobody["subject"]["properties"] = json!({});
    let denied = evaluate(&gateway, &nobody).await;
    assert_eq!((&denied["decision"], &denied["context"]["reason"]), (&false.into(), &"not_granted".into()));
    assert_eq!(denied["context"]["claw"]["decision"], "deny");
}

#[tokio::test]
async fn users_act_through_an_agent() {
    let gateway = docs();
    let update = |user: &str| {
        json!({
            "subject": {"type": "user", "id": user, "properties": {"roles": ["editor"], "department": "cs"}},
            "action": {"name": "can_update"},
            "resource": {"type": "document", "id": "1", "properties": {"owner": "alice"}},
            "context": {"claw": {"agent": {"id": "bot-7", "roles": ["reader"]}}},
        })
    };
    assert_eq!(evaluate(&gateway, &update("alice")).await["decision"], true);
    let denied = evaluate(&gateway, &update("bob")).await;
    assert_eq!((&denied["decision"], &denied["context"]["message"]), (&false.into(), &"bob does not own 1".into()));
    // Without one it is the token's, whose role this policy does not know.
    let mut alone = update("alice");
    alone.as_object_mut().unwrap().remove("context");
    let alone = evaluate(&gateway, &alone).await;
    assert_eq!((&alone["decision"], &alone["context"]["reason"]), (&false.into(), &"invalid_request".into()));
}

#[tokio::test]
async fn tools_of_servers_take_their_arguments_from_the_action() {
    let gateway = docs();
    let send = |network: &str| {
        json!({
            "subject": reader(),
            "action": {"name": "send", "properties": {"to": "eva@acme.com", "urgent": true}},
            "resource": {"type": "server", "id": "mail"},
            "context": {"network": network, "time": "1985-10-26T01:22-07:00"},
        })
    };
    let allowed = evaluate(&gateway, &send("office")).await;
    assert_eq!((&allowed["decision"], &allowed["context"]["claw"]["args"]["urgent"]), (&true.into(), &true.into()));
    assert_eq!(evaluate(&gateway, &send("guest")).await["decision"], false);
    let mut elsewhere = send("office");
    elsewhere["resource"]["id"] = "other".into();
    assert_eq!(evaluate(&gateway, &elsewhere).await["context"]["reason"], "unknown_tool");
}

#[tokio::test]
async fn tools_can_be_resources() {
    let gateway = docs();
    let call = |verb: &str, properties: Value| {
        json!({
            "subject": reader(),
            "action": {"name": verb},
            "resource": {"type": "tool", "id": "send", "properties": properties},
            "context": {"network": "office"},
        })
    };
    let good = json!({"server": "mail", "arguments": {"to": "eva@acme.com"}});
    for verb in ["call", "execute", "tools/call", "tool_call.execute"] {
        let allowed = evaluate(&gateway, &call(verb, good.clone())).await;
        assert_eq!(
            (&allowed["decision"], &allowed["context"]["claw"]["args"]["urgent"]),
            (&true.into(), &false.into())
        );
    }
    let mut both = call("call", good.clone());
    both["action"]["properties"] = json!({"urgent": true});
    assert_eq!(evaluate(&gateway, &both).await["context"]["claw"]["args"]["urgent"], true);
    both["action"]["properties"] = json!({"to": "bob@acme.com"});
    assert_eq!(evaluate(&gateway, &both).await["decision"], false);
    for (verb, properties, reason) in [
        ("delete", good.clone(), "invalid_request"),
        ("send", good.clone(), "invalid_request"),
        ("call", json!({"arguments": {"to": "a"}}), "unknown_tool"),
        ("call", json!({"server": "mail", "arguments": [1]}), "invalid_request"),
        ("call", json!({"server": "mail", "to": "a"}), "invalid_request"),
        ("call", json!({"server": "mail"}), "invalid_request"),
    ] {
        let denied = evaluate(&gateway, &call(verb, properties)).await;
        assert_eq!((&denied["decision"], &denied["context"]["reason"]), (&false.into(), &reason.into()), "{verb}");
    }
}

/// What the policy does not know is never left out: two resources of different types are not one.
#[tokio::test]
async fn nothing_of_a_resource_is_dropped() {
    let gateway = docs();
    let mut more = read("1");
    more["resource"]["properties"] = json!({"classification": "secret"});
    let denied = evaluate(&gateway, &more).await;
    assert_eq!((&denied["decision"], &denied["context"]["reason"]), (&false.into(), &"invalid_request".into()));
    for (part, properties) in [("resource", json!({"id": "2"})), ("action", json!({"type": "x"}))] {
        let mut twice = read("1");
        twice[part]["properties"] = properties;
        assert_eq!(evaluate(&gateway, &twice).await["decision"], false, "{part}");
    }
    let mut twice = read("1");
    twice["subject"]["properties"]["id"] = "bot-8".into();
    assert_eq!(evaluate(&gateway, &twice).await["decision"], false);
}

#[tokio::test]
async fn approvals_and_constraints_are_no_permission() {
    let gateway = docs();
    let mut erase = read("1");
    erase["action"]["name"] = "erase".into();
    let waits = evaluate(&gateway, &erase).await;
    assert_eq!(
        (&waits["decision"], &waits["context"]["claw"]["decision"]),
        (&false.into(), &"require_approval".into())
    );
    assert_eq!(waits["context"]["message"], "approvals are needed: `boss`");
    erase["context"] = json!({"claw": {"environment": "dev"}});
    assert_eq!(evaluate(&gateway, &erase).await["decision"], true);

    let mut slow = read("1");
    slow["action"]["name"] = "slow".into();
    let refused = evaluate(&gateway, &slow).await;
    assert_eq!(
        (&refused["decision"], &refused["context"]["reason"]),
        (&false.into(), &"unsupported_constraint".into())
    );
    slow["context"] = json!({"claw": {"enforces": ["timeout"]}});
    let enforced = evaluate(&gateway, &slow).await;
    assert_eq!(
        (&enforced["decision"], &enforced["context"]["claw"]["constraints"]["timeout"]),
        (&true.into(), &"30s".into())
    );
}

#[tokio::test]
async fn the_tenant_is_the_tokens() {
    let gateway = docs();
    let mut other = read("1");
    other["context"] = json!({"claw": {"tenant": "beta"}});
    let denied = evaluate(&gateway, &other).await;
    assert_eq!((&denied["decision"], &denied["context"]["reason"]), (&false.into(), &"invalid_request".into()));
    let (_, beta) = gateway.post(EVALUATION, HOST_OF_BETA, &read("1").to_string()).await;
    assert_eq!((&beta["decision"], &beta["context"]["reason"]), (&false.into(), &"no_policy".into()));
}

#[tokio::test]
async fn what_is_no_evaluation_is_a_bad_request() {
    let gateway = docs();
    let without = |pointer: &str| {
        let mut evaluation = read("1");
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        evaluation.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
        evaluation.to_string()
    };
    let with = |pointer: &str, value: Value| {
        let mut evaluation = read("1");
        *evaluation.pointer_mut(pointer).unwrap() = value;
        evaluation.to_string()
    };
    let mut cases: Vec<String> =
        ["", "null", "[]", "{}", "\"x\"", "{", "{\"subject\": {}, \"subject\": {}}"].map(str::to_owned).into();
    for pointer in
        ["/subject", "/action", "/resource", "/subject/type", "/subject/id", "/action/name", "/resource/type"]
    {
        cases.push(without(pointer));
        cases.push(with(pointer, json!(7)));
        cases.push(with(pointer, Value::Null));
    }
    cases.push(with("/subject/properties", json!([])));
    cases.push(format!("{}{}", "{\"subject\":".repeat(100), "1") + &"}".repeat(100));
    for case in cases {
        for path in [EVALUATION, EVALUATIONS] {
            let (status, body) = gateway.post(path, HOST_OF_ACME, &case).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {case}: {body}");
            assert!(body["error"]["message"].is_string() && body.get("decision").is_none(), "{body}");
        }
    }
}

fn decisions(answer: &Value) -> Vec<bool> {
    answer["evaluations"].as_array().unwrap().iter().map(|one| one["decision"].as_bool().unwrap()).collect()
}

#[tokio::test]
async fn a_batch_has_defaults_that_items_replace() {
    let gateway = docs();
    let batch = json!({
        "subject": reader(),
        "action": {"name": "can_read"},
        "resource": document("1"),
        "context": {"network": "office"},
        "evaluations": [
            {},
            {"resource": document("2")},
            {"action": {"name": "unheard_of"}},
            {"subject": {"type": "agent", "id": "bot-8"}},
            {"action": {"name": "send", "properties": {"to": "a"}}, "resource": {"type": "server", "id": "mail"}},
            {"action": {"name": "send", "properties": {"to": "a"}}, "resource": {"type": "server", "id": "mail"},
             "context": {"network": "guest"}},
        ],
    });
    let (status, answer) = gateway.post(EVALUATIONS, HOST_OF_ACME, &batch.to_string()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(decisions(&answer), [true, true, false, false, true, false]);
    assert!(answer.get("decision").is_none());
}

/// Item by item the batch says what single evaluations say.
#[tokio::test]
async fn a_batch_says_what_its_items_say() {
    let gateway = docs();
    let mut items: Vec<Value> = ["can_read", "can_update", "erase", "slow", "unheard_of"]
        .iter()
        .map(|name| json!({"subject": reader(), "action": {"name": name}, "resource": document("1")}))
        .collect();
    items.push(json!({"subject": reader(), "action": {"name": "can_read"}}));
    let (_, answer) = gateway.post(EVALUATIONS, HOST_OF_ACME, &json!({"evaluations": items}).to_string()).await;
    for (item, said) in items.iter().zip(answer["evaluations"].as_array().unwrap()) {
        let (status, single) = gateway.post(EVALUATION, HOST_OF_ACME, &item.to_string()).await;
        if status == StatusCode::OK {
            assert_eq!(&single, said);
        } else {
            assert_eq!((&said["decision"], &said["context"]["error"]["status"]), (&false.into(), &400.into()));
            assert_eq!(said["context"]["error"]["message"], single["error"]["message"]);
        }
    }
}

#[tokio::test]
async fn a_batch_ends_when_its_semantic_says_so() {
    let gateway = docs();
    let batch = async |semantic: Value, names: &[&str]| {
        let items: Vec<Value> = names.iter().map(|name| json!({"action": {"name": name}})).collect();
        let batch = json!({
            "subject": reader(), "resource": document("1"), "evaluations": items,
            "options": {"evaluations_semantic": semantic, "another_option": 1},
        });
        gateway.post(EVALUATIONS, HOST_OF_ACME, &batch.to_string()).await
    };
    let names = ["can_read", "unheard_of", "can_read"];
    let said = async |semantic: &str, names: &[&str]| decisions(&batch(semantic.into(), names).await.1);
    assert_eq!(said("execute_all", &names).await, [true, false, true]);
    assert_eq!(said("deny_on_first_deny", &names).await, [true, false]);
    assert_eq!(said("deny_on_first_deny", &["can_read", "can_read"]).await, [true, true]);
    assert_eq!(said("permit_on_first_permit", &names).await, [true]);
    assert_eq!(said("permit_on_first_permit", &["unheard_of", "can_read", "erase"]).await, [false, true]);
    assert_eq!(said("permit_on_first_permit", &["unheard_of", "erase"]).await, [false, false]);
    for unknown in [json!("whatever"), json!(1), Value::Null] {
        let (status, _) = batch(unknown.clone(), &names).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{unknown}");
    }
}

#[tokio::test]
async fn a_batch_without_items_is_one_evaluation() {
    let gateway = docs();
    for evaluations in [json!([]), Value::Null] {
        let mut one = read("1");
        one["evaluations"] = evaluations;
        let (status, answer) = gateway.post(EVALUATIONS, HOST_OF_ACME, &one.to_string()).await;
        assert_eq!((status, &answer["decision"]), (StatusCode::OK, &true.into()));
    }
    let mut odd = read("1");
    odd["evaluations"] = json!({});
    assert_eq!(gateway.post(EVALUATIONS, HOST_OF_ACME, &odd.to_string()).await.0, StatusCode::BAD_REQUEST);
    odd["evaluations"] = json!(vec![json!({}); 101]);
    assert_eq!(gateway.post(EVALUATIONS, HOST_OF_ACME, &odd.to_string()).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn request_ids_come_back_and_metadata_is_public() {
    let gateway = docs();
    let request = request(Method::POST, EVALUATION, Some(HOST_OF_ACME))
        .header(header::CONTENT_TYPE, "application/json")
        .header("x-request-id", "bfe9eb29-ab87-4ca3-be83-a1d5d8305716")
        .body(Body::from(read("1").to_string()));
    let answer = gateway.send(request.unwrap()).await;
    assert_eq!(answer.headers()["x-request-id"], "bfe9eb29-ab87-4ca3-be83-a1d5d8305716");
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/json");
    let (status, metadata) = gateway.get("/.well-known/authzen-configuration", "nonsense").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        metadata,
        json!({
            "policy_decision_point": "http://127.0.0.1:8787",
            "access_evaluation_endpoint": "http://127.0.0.1:8787/access/v1/evaluation",
            "access_evaluations_endpoint": "http://127.0.0.1:8787/access/v1/evaluations",
        })
    );
}
