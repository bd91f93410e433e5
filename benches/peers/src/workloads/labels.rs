//! Labels of sessions: some tools may not be used after others. Here the host says which labels a session carries.

use std::collections::HashSet;
use std::fmt::Write;

use claw_benches::shapes;
use serde_json::json;

use crate::workload::{Casbin, Case, CelRules, Workload};

const MODEL: &str = r#"
[request_definition]
r = tool, labels
[policy_definition]
p = tool, label, eft
[policy_effect]
e = !some(where (p.eft == deny))
[matchers]
m = r.tool == p.tool && p.label in r.labels
"#;

/// So many tools, each with a label that bars it.
pub fn workload(tools: usize) -> Workload {
    let cases: Vec<Case> = (0..64).map(|i| case(tools, i)).collect();
    let pairs = || (0..tools).map(|i| (format!("tool_{i}"), format!("label_{i}")));
    let names: Vec<String> = pairs().map(|(_, label)| label).collect();
    let mut claw = format!("package bench\nenvironments prod\nroles agent\nlabels {}\n", names.join(", "));
    let (mut cedar, mut rego) = (
        String::from("permit (principal, action, resource);\n"),
        String::from("package bench\nimport rego.v1\ndefault allow := false\nallow if not denied\n"),
    );
    for (tool, label) in pairs() {
        let _ = writeln!(claw, "tool {tool}(id: string)");
        let _ = writeln!(claw, "rule no_{tool} {{ on {tool} when {label} in session.labels deny \"not any more\" }}");
        let _ = writeln!(
            cedar,
            "forbid (principal, action == Action::\"{tool}\", resource) when {{ context.labels.contains(\"{label}\") }};"
        );
        let _ = writeln!(rego, "denied if {{\n  input.tool == \"{tool}\"\n  \"{label}\" in input.labels\n}}");
    }
    claw += "grant any to agent\n";
    Workload {
        name: "labels",
        size: tools,
        about: "each tool is barred by a label; sessions carry three, which come with the request",
        claw,
        cedar: Ok(cedar),
        rego: Ok(rego),
        cel: Ok(CelRules {
            permit: vec!["true".to_owned()],
            forbid: pairs().map(|(tool, label)| format!("tool == '{tool}' && '{label}' in labels")).collect(),
        }),
        casbin: Ok(Casbin {
            model: MODEL.to_owned(),
            policies: pairs().map(|(tool, label)| vec![tool, label, "deny".to_owned()]).collect(),
            request: vec!["tool", "labels"],
        }),
        by_hand: by_hand(tools, &cases),
        cases,
    }
}

fn case(tools: usize, i: usize) -> Case {
    let tool = i * 5 % tools;
    let carried: Vec<String> = (0..3).map(|k| format!("label_{}", (i * 5 + i / tools % 2 + k) % tools)).collect();
    let mut claw = shapes::request(&format!("tool_{tool}"), json!({ "id": "o-1" }));
    claw["labels"] = json!(carried);
    let allowed = !carried.contains(&format!("label_{tool}"));
    Case { claw: claw.to_string(), facts: json!({ "tool": format!("tool_{tool}"), "labels": carried }), allowed }
}

fn by_hand(tools: usize, cases: &[Case]) -> crate::workload::ByHand {
    let barred: Vec<(String, String)> = (0..tools).map(|i| (format!("tool_{i}"), format!("label_{i}"))).collect();
    let facts: Vec<(String, HashSet<String>)> = cases
        .iter()
        .map(|case| {
            let labels = case.facts["labels"].as_array().unwrap().iter().map(|l| l.as_str().unwrap().to_owned());
            (case.facts["tool"].as_str().unwrap().to_owned(), labels.collect())
        })
        .collect();
    Box::new(move |i| {
        let (tool, labels) = &facts[i];
        barred.iter().find(|(name, _)| name == tool).is_some_and(|(_, label)| !labels.contains(label))
    })
}
