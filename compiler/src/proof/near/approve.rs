//! The approvals that a call waits for, as a change like any other: given by made-up people who may give them.

use claw_runtime::{Approval, Decision, Json, Outcome};

use super::describe::{Change, How, Miss};
use crate::proof::case::Past;
use crate::proof::side::Side;

/// When the call is made and the approvals are given, if the request does not say.
const NOW: &str = "2026-03-02T10:00:00Z";

/// What becomes of a call that waits for approvals once they are given, if it is allowed then.
pub fn approved(side: &Side, past: &Past, request: &Json, decision: &Decision) -> Option<Miss> {
    if decision.outcome != Outcome::RequireApproval {
        return None;
    }
    let Json::Obj(members) = request else { return None };
    let now = request.get("time").cloned().unwrap_or_else(|| Json::str(NOW));
    let given = decision.approvals.iter().map(|approval| evidence(approval, decision, request, &now)).collect();
    let mut members = members.clone();
    members.retain(|(key, _)| !matches!(&**key, "approvals" | "time"));
    members.push(("approvals".into(), Json::Arr(given)));
    members.push(("time".into(), now));
    let request = Json::Obj(members);
    let then = past.decide(side, &request);
    let changes = decision.approvals.iter().map(|approval| Change {
        part: "approvals".to_owned(),
        how: How::Approve { approval: approval.id.clone(), by: terms(approval) },
        conditions: Vec::new(),
    });
    then.is_allowed().then(|| Miss::new(&then, changes.collect(), request))
}

/// Who has to agree.
fn terms(approval: &Approval) -> String {
    let mut terms: Vec<String> = approval.by.iter().map(|(n, roles)| format!("{n} of {}", roles.join(", "))).collect();
    terms.extend(approval.by_user.then(|| "the acting user".to_owned()));
    terms.join(" and ")
}

fn evidence(approval: &Approval, decision: &Decision, request: &Json, now: &Json) -> Json {
    let mut votes = Vec::new();
    for (line, (count, roles)) in approval.by.iter().enumerate() {
        let role = roles.first().map(String::as_str).unwrap_or_default();
        votes.extend((0..*count).map(|at| vote(&format!("approver {line}.{at}"), &[role], now)));
    }
    if approval.by_user
        && let Some(user) = request.pointer("/user/id").and_then(Json::as_str)
    {
        votes.push(vote(user, &[], now));
    }
    let digest = decision.request_digest.map(|digest| digest.to_string()).unwrap_or_default();
    let clauses = approval.required_by.iter().map(|clause| Json::str(clause.as_str())).collect();
    object([
        ("approval", Json::str(approval.id.as_str())),
        ("approval_digest", Json::str(approval.digest.to_string())),
        ("request_digest", Json::str(digest)),
        ("clauses", Json::Arr(clauses)),
        ("asked_at", now.clone()),
        ("votes", Json::Arr(votes)),
    ])
}

fn vote(person: &str, roles: &[&str], now: &Json) -> Json {
    object([
        ("person", Json::str(person)),
        ("roles", Json::Arr(roles.iter().map(|role| Json::str(*role)).collect())),
        ("verdict", Json::str("grant")),
        ("note", Json::str("—")),
        ("at", now.clone()),
    ])
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Obj(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
}
