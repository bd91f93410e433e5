//! Approvals from end to end: a decision asks, people vote, the host decides again with their votes.

use claw_runtime::{Policy, Settlement};
use claw_tests::host::{Host, wire};
use claw_tests::project::Project;
use serde_json::{Value, json};

const POLICY: &str = r#"
package shop
environments prod
roles bot, sre, security, lead includes (sre)
tool deploy(version: string)
tool wipe(all: bool)
grant any to bot
approval two_keys { by 2 of sre, security by 1 of security expires 30m note required }
approval asked    { by user expires 10m }
approval standing { by 1 of sre expires 1h reuse 5m }
rule keys    { on deploy require two_keys }
rule monday  { on deploy unless now < 2026-03-02T12:00:00Z require two_keys }
rule confirm { on wipe unless args.all require asked }
rule stand   { on wipe when args.all require standing }
"#;

fn request(call: &str, time: &str, tool: &str, args: Value) -> Value {
    json!({
        "call_id": call, "time": format!("2026-03-02T{time}Z"), "session": "s", "environment": "prod",
        "agent": { "id": "bot-1", "roles": ["bot"], "owner": "olga", "chain": [{ "id": "bot-0", "roles": ["bot"], "owner": "otto" }] },
        "user": { "id": "uma", "roles": ["sre", "security"] }, "tool": tool, "args": args,
    })
}

fn vote(person: &str, role: &str) -> Value {
    json!({ "person": person, "roles": [role], "verdict": "grant", "note": "looks right", "at": "2026-03-02T11:05:00Z" })
}

fn policy() -> Policy {
    Project::source(POLICY).policy().expect("the policy compiles")
}

/// Asks for the request, then adds evidence with these votes to it.
fn approved(host: &Host<'_>, mut request: Value, votes: &[Value]) -> Value {
    let asked = wire(&host.run(request.to_string().as_bytes(), Settlement::Ok));
    assert_eq!(asked["decision"], "require_approval", "{asked}");
    let approval = &asked["approvals"][0];
    request["approvals"] = json!([{
        "approval": approval["id"], "approval_digest": approval["digest"], "request_digest": asked["request_digest"],
        "clauses": approval["required_by"], "asked_at": request["time"], "votes": votes,
    }]);
    request
}

fn decide(host: &Host<'_>, request: &Value) -> (String, String) {
    let decision = wire(&host.run(request.to_string().as_bytes(), Settlement::Ok));
    let text = |key: &str| decision[key].as_str().unwrap_or_default().to_owned();
    (text("decision"), text("reason"))
}

#[track_caller]
fn assert_word(host: &Host<'_>, request: &Value, word: &str) {
    assert_eq!(decide(host, request).0, word, "{request}");
}

fn deploy() -> Value {
    request("c-1", "11:00:00", "deploy", json!({ "version": "1.2" }))
}

#[test]
fn enough_people_of_the_right_roles() {
    let policy = policy();
    for (votes, word) in [
        (vec![vote("ann", "sre"), vote("ben", "security")], "allow"),
        (vec![vote("ann", "security"), vote("ben", "security")], "allow"),
        (vec![vote("ann", "lead"), vote("ben", "security")], "allow"),
        (vec![vote("ann", "sre"), vote("ben", "sre")], "require_approval"),
        (vec![vote("ann", "security")], "require_approval"),
        (vec![vote("ann", "security"), vote("ann", "sre")], "require_approval"),
        (vec![vote("ann", "bot"), vote("ben", "security")], "require_approval"),
        (vec![], "require_approval"),
    ] {
        let host = Host::new(&policy);
        assert_word(&host, &approved(&host, deploy(), &votes), word);
    }
}

#[test]
fn requesters_and_agents_do_not_vote() {
    let policy = policy();
    for person in ["uma", "olga", "otto", "bot-1", "bot-0"] {
        let host = Host::new(&policy);
        let votes = [vote("ann", "security"), vote(person, "security")];
        assert_word(&host, &approved(&host, deploy(), &votes), "require_approval");
    }
}

#[test]
fn a_refusal_is_final_until_it_expires() {
    let policy = policy();
    let host = Host::new(&policy);
    let mut refusal = vote("cleo", "sre");
    refusal["verdict"] = json!("refuse");
    let mut request = approved(&host, deploy(), &[vote("ann", "sre"), vote("ben", "security"), refusal]);
    assert_eq!(decide(&host, &request), ("deny".to_owned(), "approval_refused".to_owned()));
    request["approvals"][0]["votes"][2]["roles"] = json!(["bot"]);
    assert_word(&host, &request, "allow");
}

#[test]
fn evidence_is_about_one_request_and_what_was_shown() {
    let policy = policy();
    let votes = [vote("ann", "sre"), vote("ben", "security")];
    let host = Host::new(&policy);
    let good = approved(&host, deploy(), &votes);
    let mut other = good.clone();
    other["args"]["version"] = json!("1.3");
    assert_word(&host, &other, "require_approval");
    let mut later = good.clone();
    later["time"] = json!("2026-03-02T11:31:00Z");
    assert_eq!(decide(&host, &later), ("deny".to_owned(), "approval_expired".to_owned()));
    // After noon another rule requires the same approval, and nobody was shown it.
    let noon = request("c-1", "11:45:00", "deploy", json!({ "version": "1.2" }));
    let mut shown = approved(&host, noon, &[]);
    shown["approvals"][0]["votes"] = json!([vote_at("ann", "sre", "11:50:00"), vote_at("ben", "security", "11:50:00")]);
    shown["time"] = json!("2026-03-02T12:10:00Z");
    assert_word(&host, &shown, "require_approval");
    let mut unread = good.clone();
    unread["approvals"][0]["votes"][0]["note"] = json!(" ");
    assert_word(&host, &unread, "require_approval");
    assert_word(&Host::new(&policy), &good, "allow");
}

fn vote_at(person: &str, role: &str, time: &str) -> Value {
    let mut vote = vote(person, role);
    vote["at"] = json!(format!("2026-03-02T{time}Z"));
    vote
}

#[test]
fn evidence_is_used_once() {
    let policy = policy();
    let host = Host::new(&policy);
    let mut request = approved(&host, deploy(), &[vote("ann", "sre"), vote("ben", "security")]);
    assert_word(&host, &request, "allow");
    request["call_id"] = json!("c-2");
    assert_word(&host, &request, "require_approval");
}

#[test]
fn reuse_lasts_as_long_as_it_says() {
    let policy = policy();
    let host = Host::new(&policy);
    let ask = request("c-1", "11:00:00", "wipe", json!({ "all": true }));
    let mut request = approved(&host, ask, &[vote("ann", "sre")]);
    for (call, time, word) in
        [("c-1", "11:06:00", "allow"), ("c-2", "11:11:00", "allow"), ("c-3", "11:11:01", "require_approval")]
    {
        request["call_id"] = json!(call);
        request["time"] = json!(format!("2026-03-02T{time}Z"));
        assert_word(&host, &request, word);
    }
}

#[test]
fn the_acting_user_confirms() {
    let policy = policy();
    let ask = || request("c-1", "11:00:00", "wipe", json!({ "all": false }));
    let host = Host::new(&policy);
    assert_word(&host, &approved(&host, ask(), &[vote("ann", "sre")]), "require_approval");
    assert_word(&host, &approved(&host, ask(), &[vote("uma", "bot")]), "allow");
    let mut nobody = ask();
    nobody["user"] = Value::Null;
    assert_eq!(decide(&Host::new(&policy), &nobody), ("deny".to_owned(), "approval_impossible".to_owned()));
}
