//! Workloads, written as claw source and compiled like any policy.

pub mod shapes;

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

/// A policy in which tools have some two hundred rules each, about the same few arguments.
pub fn shared(rules: usize) -> String {
    let tools = (rules / 200).max(1);
    let mut text = String::from(
        "package bench\nenvironments dev, prod\nroles agent, admin\n\
         agent { purpose: string }\ncontext { ticket?: string }\n\
         approval boss { by 1 of admin expires 15m }\n\
         let ours: set<host> = [\"acme.com\", \"acme.io\"]\n",
    );
    for i in 0..tools {
        let _ = writeln!(
            text,
            "tool tool_{i}(to: email, cc: list<email>, site: url, name: string, amount: decimal, count: int = 1)\n\
             grant tool_{i} to agent"
        );
    }
    for i in 0..rules {
        let tool = i % tools;
        let when = match i / tools % 5 {
            0 => format!("args.amount > {}.50", 100 + i),
            1 => format!("args.name like \"item-{i}-*\""),
            2 => format!("args.to.domain == \"h{i}.example\""),
            3 => format!("any(c in args.cc: c.domain under \"h{i}.example\")"),
            _ => format!("args.site.host under \"h{i}.example\" and args.count > {i}"),
        };
        let effect = if i % 3 == 0 { "require boss" } else { "deny \"no\"" };
        let _ = writeln!(text, "rule rule_{i} {{ on tool_{tool} when {when} unless admin in agent.roles {effect} }}");
    }
    text
}

/// What is claimed of every tool in [`source`] and [`shared`].
pub fn invariants() -> String {
    "invariant \"dear ones are never allowed\" { on any in prod when args.amount > 20000.00 unless admin in agent.roles never allow }\n\
     invariant \"strangers do nothing\" { on any unless agent in agent.roles always deny }\n\
     invariant \"small ones pass\" { on any in dev when args.amount < 1.00 when agent in agent.roles never deny }\n\
     invariant \"no mail to the enemy\" { on any in prod when args.to.domain == \"evil.example\" unless admin in agent.roles never allow }\n\
     invariant \"never for nothing\" { on any when args.amount > 5.00 when args.amount < 2.00 never allow }\n"
        .to_owned()
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
