//! Five tiers by what an amount is, eight environments, and a cell for each pair.

use claw_benches::shapes::{self, ENVIRONMENTS, STEPS, denied};
use serde_json::json;

use crate::workload::{Casbin, Case, CelRules, Workload};

const MODEL: &str = r#"
[request_definition]
r = env, amount
[policy_definition]
p = env, under, most, eft
[policy_effect]
e = !some(where (p.eft == deny))
[matchers]
m = r.env == p.env && over(r.amount, p.under) && !over(r.amount, p.most)
"#;

fn tier(amount: i64) -> usize {
    STEPS.iter().filter(|step| amount >= **step).count()
}

/// The matrix.
pub fn workload() -> Workload {
    let cases: Vec<Case> = (0..64).map(|i| case([5, 50, 500, 5_000, 50_000][i % 5], i % ENVIRONMENTS)).collect();
    let facts: Vec<(i64, String)> = cases
        .iter()
        .map(|case| (case.facts["amount"].as_i64().unwrap(), case.facts["env"].as_str().unwrap().to_owned()))
        .collect();
    let (mut cedar, mut rego) = (
        String::from("permit (principal, action, resource);\n"),
        String::from("package bench\nimport rego.v1\ndefault allow := false\nallow if not denied\n"),
    );
    let (mut forbid, mut lines) = (Vec::new(), Vec::new());
    for t in 0..=STEPS.len() {
        let least = t.checked_sub(1).and_then(|i| STEPS.get(i)).copied().unwrap_or(0);
        let below = STEPS.get(t).copied().unwrap_or(i64::MAX);
        for e in (0..ENVIRONMENTS).filter(|e| denied(t, *e)) {
            let test = format!("context.env == \"e{e}\" && context.amount >= {least} && context.amount < {below}");
            cedar += &format!("forbid (principal, action, resource) when {{ {test} }};\n");
            rego += &format!(
                "denied if {{\n  input.env == \"e{e}\"\n  input.amount >= {least}\n  input.amount < {below}\n}}\n"
            );
            lines.push(vec![format!("e{e}"), (least - 1).to_string(), (below - 1).to_string(), "deny".to_owned()]);
            forbid.push(format!("env == 'e{e}' && amount >= {least} && amount < {below}"));
        }
    }
    Workload {
        name: "matrix",
        size: 40,
        about: "five tiers by an amount, eight environments",
        claw: shapes::matrix(),
        cedar: Ok(cedar),
        rego: Ok(rego),
        cel: Ok(CelRules { permit: vec!["true".to_owned()], forbid }),
        casbin: Ok(Casbin { model: MODEL.to_owned(), policies: lines, request: vec!["env", "amount"] }),
        by_hand: Box::new(move |i| {
            let (amount, env) = &facts[i];
            let environment = match env.as_str() {
                "e0" => 0,
                "e1" => 1,
                "e2" => 2,
                "e3" => 3,
                "e4" => 4,
                "e5" => 5,
                "e6" => 6,
                "e7" => 7,
                _ => return false,
            };
            !denied(tier(*amount), environment)
        }),
        cases,
    }
}

fn case(amount: i64, environment: usize) -> Case {
    let env = format!("e{environment}");
    let claw = json!({
        "call_id": "c-1", "time": "2026-03-02T09:00:00Z", "environment": env,
        "agent": { "id": "bot-7", "roles": ["agent"] }, "tool": "pay", "args": { "amount": amount },
    });
    let allowed = !denied(tier(amount), environment);
    Case { claw: claw.to_string(), facts: json!({ "env": env, "amount": amount }), allowed }
}
