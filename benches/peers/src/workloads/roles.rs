//! Role-based access: each role may call one tool, and nothing else is asked.

use std::collections::HashMap;

use claw_benches::shapes;
use serde_json::json;

use crate::workload::{Casbin, Case, CelRules, Workload};

const MODEL: &str = r#"
[request_definition]
r = roles, tool
[policy_definition]
p = role, tool
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.tool == p.tool && p.role in r.roles
"#;

/// So many roles and tools; whoever asks holds five roles.
pub fn workload(roles: usize) -> Workload {
    let cases: Vec<Case> = (0..64).map(|i| case(roles, i)).collect();
    Workload {
        name: "roles",
        size: roles,
        about: "each role may call one tool; callers hold five roles",
        claw: shapes::roles(roles),
        cedar: Ok((0..roles).map(cedar).collect()),
        rego: Ok(rego(roles)),
        cel: Ok(CelRules {
            permit: (0..roles).map(|i| format!("tool == 'tool_{i}' && 'role_{i}' in roles")).collect(),
            forbid: Vec::new(),
        }),
        casbin: Ok(Casbin {
            model: MODEL.to_owned(),
            policies: (0..roles).map(|i| vec![format!("role_{i}"), format!("tool_{i}")]).collect(),
            request: vec!["roles", "tool"],
        }),
        by_hand: by_hand(roles, &cases),
        cases,
    }
}

fn case(roles: usize, i: usize) -> Case {
    let held: Vec<String> = (0..5).map(|k| format!("role_{}", (i * 31 + k * 97) % roles)).collect();
    let tool = if i % 2 == 0 { (i * 31 + 97) % roles } else { (i * 31 + 53) % roles };
    let allowed = held.contains(&format!("role_{tool}"));
    let claw = json!({
        "call_id": "c-1", "time": "2026-03-02T09:00:00Z", "environment": "prod",
        "agent": { "id": "bot-7", "roles": held }, "tool": format!("tool_{tool}"), "args": { "id": "o-1" },
    });
    Case { claw: claw.to_string(), facts: json!({ "roles": held, "tool": format!("tool_{tool}") }), allowed }
}

fn cedar(i: usize) -> String {
    format!(
        "permit (principal, action == Action::\"tool_{i}\", resource) when {{ context.roles.contains(\"role_{i}\") }};\n"
    )
}

fn rego(roles: usize) -> String {
    let mut text = String::from("package bench\nimport rego.v1\ndefault allow := false\n");
    for i in 0..roles {
        text += &format!("allow if {{\n  input.tool == \"tool_{i}\"\n  \"role_{i}\" in input.roles\n}}\n");
    }
    text
}

fn by_hand(roles: usize, cases: &[Case]) -> crate::workload::ByHand {
    let table: HashMap<String, String> = (0..roles).map(|i| (format!("tool_{i}"), format!("role_{i}"))).collect();
    let facts: Vec<(String, Vec<String>)> = cases
        .iter()
        .map(|case| {
            let roles = case.facts["roles"].as_array().unwrap().iter().map(|r| r.as_str().unwrap().to_owned());
            (case.facts["tool"].as_str().unwrap().to_owned(), roles.collect())
        })
        .collect();
    Box::new(move |i| {
        let (tool, held) = &facts[i];
        table.get(tool).is_some_and(|role| held.contains(role))
    })
}
