//! The shape that policies of tool-calling agents have: one grant and one restriction for each tool.

use std::collections::HashMap;

use serde_json::json;

use crate::workload::{Casbin, Case, CelRules, Workload};

const MODEL: &str = r#"
[request_definition]
r = roles, tool, env, name, domain, cents
[policy_definition]
p = tool, prefix, most, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.tool == p.tool && (p.eft == "allow" && "agent" in r.roles && startsWith(r.name, p.prefix) || p.eft == "deny" && r.env == "prod" && !("admin" in r.roles) && (over(r.cents, p.most) || !(r.domain == "acme.com" || endsWith(r.domain, ".acme.com") || r.domain == "acme.io" || endsWith(r.domain, ".acme.io"))))
"#;

struct Facts {
    roles: Vec<String>,
    env: String,
    name: String,
    domain: String,
    cents: i64,
}

/// One grant and one restriction for each of `rules / 2` tools.
pub fn workload(rules: usize) -> Workload {
    let tools = rules / 2;
    let cases: Vec<Case> = (0..64).map(|i| case(tools, i)).collect();
    Workload {
        name: "agents",
        size: rules,
        about: "one grant and one restriction for each tool",
        claw: claw_benches::source(rules),
        cedar: Ok((0..tools).map(cedar).collect()),
        rego: Ok(rego(tools)),
        cel: Ok(cel(tools)),
        casbin: Ok(casbin(tools)),
        by_hand: by_hand(tools, &cases),
        cases,
    }
}

/// Of four requests one is for a stranger's address, one is too dear; the others are allowed.
fn case(tools: usize, i: usize) -> Case {
    let tool = i * 7919 % tools;
    let domain = if i % 4 == 1 { "evil.example" } else { ["acme.com", "mail.acme.io"][i % 2] };
    let cents: i64 = if i % 4 == 2 { 1_000_000_000 } else { 1_250 };
    let env = if i % 8 < 6 { "prod" } else { "dev" };
    let name = format!("item-{tool}-7");
    let claw = json!({
        "call_id": "c-1", "time": "2026-03-02T09:00:00Z", "environment": env,
        "agent": { "id": "bot-7", "roles": ["agent"], "purpose": "support" },
        "tool": format!("tool_{tool}"),
        "args": { "to": format!("eva@{domain}"), "site": "https://acme.com/x", "name": name, "amount": cents as f64 / 100.0 },
    });
    let facts = json!({
        "roles": ["agent"], "tool": format!("tool_{tool}"), "env": env, "name": name, "domain": domain, "cents": cents,
    });
    let allowed = env == "dev" || (domain != "evil.example" && cents <= most(tool));
    Case { claw: claw.to_string(), facts, allowed }
}

/// The most that a tool may spend, in cents.
fn most(tool: usize) -> i64 {
    (100 + tool as i64) * 100 + 50
}

fn ours(domain: &str) -> bool {
    ["acme.com", "acme.io"]
        .iter()
        .any(|own| domain.strip_suffix(own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

fn by_hand(tools: usize, cases: &[Case]) -> crate::workload::ByHand {
    let facts: Vec<Facts> = facts(cases);
    let allowed = move |i: usize, rule: Option<(&str, i64)>| {
        let facts = &facts[i];
        let Some((prefix, most)) = rule else { return false };
        let has = |role: &str| facts.roles.iter().any(|held| held == role);
        let granted = has("agent") && facts.name.starts_with(prefix) && (facts.env == "prod" || facts.env == "dev");
        granted && !(facts.env == "prod" && (!ours(&facts.domain) || facts.cents > most) && !has("admin"))
    };
    let tool: Vec<String> = cases.iter().map(|case| case.facts["tool"].as_str().unwrap().to_owned()).collect();
    if tools == 5 {
        // So few tools are a `match`.
        return Box::new(move |i| allowed(i, few(&tool[i])));
    }
    let table: HashMap<String, (String, i64)> =
        (0..tools).map(|i| (format!("tool_{i}"), (format!("item-{i}-"), most(i)))).collect();
    Box::new(move |i| allowed(i, table.get(&tool[i]).map(|(prefix, most)| (prefix.as_str(), *most))))
}

/// What five tools may be called with, and the most they may spend.
fn few(tool: &str) -> Option<(&'static str, i64)> {
    Some(match tool {
        "tool_0" => ("item-0-", 100_50),
        "tool_1" => ("item-1-", 101_50),
        "tool_2" => ("item-2-", 102_50),
        "tool_3" => ("item-3-", 103_50),
        "tool_4" => ("item-4-", 104_50),
        _ => return None,
    })
}

fn facts(cases: &[Case]) -> Vec<Facts> {
    cases
        .iter()
        .map(|case| {
            let text = |name: &str| case.facts[name].as_str().unwrap().to_owned();
            Facts {
                roles: case.facts["roles"].as_array().unwrap().iter().map(|r| r.as_str().unwrap().to_owned()).collect(),
                env: text("env"),
                name: text("name"),
                domain: text("domain"),
                cents: case.facts["cents"].as_i64().unwrap(),
            }
        })
        .collect()
}

fn cedar(i: usize) -> String {
    format!(
        "permit (principal, action == Action::\"tool_{i}\", resource)\n\
         when {{ context.roles.contains(\"agent\") && context.name like \"item-{i}-*\" }};\n\
         forbid (principal, action == Action::\"tool_{i}\", resource)\n\
         when {{ context.env == \"prod\" && (context.cents > {} || !(context.domain == \"acme.com\" || \
         context.domain like \"*.acme.com\" || context.domain == \"acme.io\" || context.domain like \"*.acme.io\")) }}\n\
         unless {{ context.roles.contains(\"admin\") }};\n",
        most(i)
    )
}

fn rego(tools: usize) -> String {
    let mut text = String::from(
        "package bench\nimport rego.v1\ndefault allow := false\nallow if {\n  granted\n  not denied\n}\n\
         ours if input.domain == \"acme.com\"\nours if endswith(input.domain, \".acme.com\")\n\
         ours if input.domain == \"acme.io\"\nours if endswith(input.domain, \".acme.io\")\n",
    );
    for i in 0..tools {
        text += &format!(
            "granted if {{\n  input.tool == \"tool_{i}\"\n  \"agent\" in input.roles\n  startswith(input.name, \"item-{i}-\")\n}}\n\
             denied if {{\n  input.tool == \"tool_{i}\"\n  input.env == \"prod\"\n  not \"admin\" in input.roles\n  not ours\n}}\n\
             denied if {{\n  input.tool == \"tool_{i}\"\n  input.env == \"prod\"\n  not \"admin\" in input.roles\n  input.cents > {}\n}}\n",
            most(i)
        );
    }
    text
}

fn cel(tools: usize) -> CelRules {
    let permit = |i| format!("tool == 'tool_{i}' && 'agent' in roles && name.startsWith('item-{i}-')");
    let forbid = |i| {
        format!(
            "tool == 'tool_{i}' && env == 'prod' && !('admin' in roles) && (cents > {} || !(domain == 'acme.com' || \
             domain.endsWith('.acme.com') || domain == 'acme.io' || domain.endsWith('.acme.io')))",
            most(i)
        )
    };
    CelRules { permit: (0..tools).map(permit).collect(), forbid: (0..tools).map(forbid).collect() }
}

fn casbin(tools: usize) -> Casbin {
    let lines = (0..tools).flat_map(|i| {
        let tool = format!("tool_{i}");
        [
            vec![tool.clone(), format!("item-{i}-"), "0".to_owned(), "allow".to_owned()],
            vec![tool, String::from("-"), most(i).to_string(), "deny".to_owned()],
        ]
    });
    Casbin {
        model: MODEL.to_owned(),
        policies: lines.collect(),
        request: vec!["roles", "tool", "env", "name", "domain", "cents"],
    }
}
