//! Workloads, written as claw source and compiled like any policy.

use claw_compiler::checked::Checked;
use claw_compiler::graph::Budget;
use claw_compiler::{Workspace, compile};
use claw_runtime::{Policy, Request};
use std::fmt::Write;

/// Numbers of rules, counting each grant and each restriction as one.
pub const SIZES: [usize; 4] = [10, 200, 2_000, 10_000];

/// A policy of the shape that tool-calling agents have: one grant and one restriction for each tool.
pub fn source(rules: usize) -> String {
    let mut text = String::from(
        "package bench\n\
         environments dev, prod\n\
         roles agent, admin\n\
         agent { purpose: string }\n\
         context { ticket?: string }\n\
         let ours: set<host> = [\"acme.com\", \"acme.io\"]\n",
    );
    for i in 0..rules / 2 {
        let _ = writeln!(text, "tool tool_{i}(to: email, site: url, name: string, amount: decimal, count: int = 1)");
        let _ = writeln!(text, "scope scope_{i} {{ on tool_{i} where args.name like \"item-{i}-*\" }}");
        let _ = writeln!(text, "grant scope_{i} to agent in prod, dev");
        let _ = writeln!(
            text,
            "rule rule_{i} {{ on tool_{i} in prod when not (args.to.domain under ours) or args.amount > {}.50 \
             unless admin in agent.roles deny \"no more than {i}, and only to {{ours}}\" }}",
            100 + i
        );
    }
    text
}

/// A policy in which every rule is about the same tool, and reads the same arguments.
pub fn one_tool(rules: usize) -> String {
    let mut text = String::from(
        "package bench\nenvironments dev, prod\nroles agent\n\
         tool tool_0(to: email, site: url, name: string, amount: decimal, count: int = 1)\n\
         grant tool_0 to agent\n",
    );
    for i in 0..rules {
        let _ = writeln!(text, "rule rule_{i} {{ on tool_0 when args.name == \"bad-{i}\" deny \"no\" }}");
    }
    text
}

/// Checks and compiles; panics with the findings.
pub fn bundle(source: &str) -> Vec<u8> {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", source);
    let analysis = workspace.analyze("main.claw");
    let findings = || claw_compiler::diagnostics::plain(&analysis.diagnostics, &analysis.sources);
    let checked =
        Checked::new(analysis.package.clone(), analysis.has_errors()).unwrap_or_else(|| panic!("{}", findings()));
    compile(&checked, &analysis.sources, Budget::default()).to_bytes()
}

/// A loaded workload.
pub fn policy(source: &str) -> Policy {
    Policy::from_bytes(&bundle(source)).expect("the bundle loads")
}

/// A request that is allowed, of the tool with this number.
pub fn json(tool: usize) -> String {
    serde_json::json!({
        "call_id": "c-1", "time": "2026-03-02T09:00:00Z", "tenant": "acme", "session": "s-9", "environment": "prod",
        "agent": { "id": "bot-7", "roles": ["agent"], "purpose": "support" },
        "user": { "id": "u-1" },
        "tool": format!("tool_{tool}"),
        "args": { "to": "eva@acme.com", "site": "https://acme.com/x", "name": format!("item-{tool}-7"), "amount": 12.5 },
    })
    .to_string()
}

/// The same, prepared.
pub fn request(policy: &Policy, tool: usize) -> Request {
    policy.prepare_json(json(tool).as_bytes()).unwrap_or_else(|denial| panic!("{denial}"))
}
