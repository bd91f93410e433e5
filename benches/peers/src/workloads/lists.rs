//! A quantifier within a quantifier: is any of these a subdomain's mail that is also on that list?

use claw_benches::shapes;
use serde_json::json;

use crate::workload::{Case, CelRules, Workload};

/// Two lists of this length, both in the request.
pub fn workload(length: usize) -> Workload {
    let cases: Vec<Case> = (0..8).map(|i| case(length, i)).collect();
    let facts: Vec<(Vec<String>, Vec<String>)> =
        cases.iter().map(|case| (texts(&case.facts["to"]), texts(&case.facts["barred"]))).collect();
    Workload {
        name: "lists",
        size: length,
        about: "any of a list is in any of another, both in the request",
        claw: shapes::LISTS.to_owned(),
        cedar: Ok("permit (principal, action, resource);\n\
                   forbid (principal, action, resource) when { context.to.containsAny(context.barred) };\n"
            .to_owned()),
        rego: Ok("package bench\nimport rego.v1\ndefault allow := false\nallow if not denied\n\
                  denied if {\n  some a in input.to\n  some b in input.barred\n  a == b\n}\n"
            .to_owned()),
        cel: Ok(CelRules {
            permit: vec!["true".to_owned()],
            forbid: vec!["to.exists(a, barred.exists(b, a == b))".to_owned()],
        }),
        casbin: Err("its matcher has no quantifiers"),
        by_hand: Box::new(move |i| {
            let (to, barred) = &facts[i];
            !to.iter().any(|a| barred.iter().any(|b| a == b))
        }),
        cases,
    }
}

fn texts(value: &serde_json::Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

fn case(length: usize, i: usize) -> Case {
    let to: Vec<String> = (0..length).map(|k| format!("person-{k}-{i}")).collect();
    let mut barred: Vec<String> = (0..length).map(|k| format!("barred-{k}-{i}")).collect();
    let allowed = i % 2 == 0;
    if let (false, Some(last), Some(first)) = (allowed, to.last(), barred.last_mut()) {
        first.clone_from(last);
    }
    let claw = json!({
        "call_id": "c-1", "time": "2026-03-02T09:00:00Z", "environment": "prod",
        "agent": { "id": "bot-7", "roles": ["agent"] }, "tool": "send", "args": { "to": to, "barred": barred },
    });
    Case { claw: claw.to_string(), facts: json!({ "to": to, "barred": barred }), allowed }
}
