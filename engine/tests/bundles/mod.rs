//! Small policies to load, and what to ask them.
#![allow(dead_code)]

use std::sync::Arc;

use claw_compiler::checked::Checked;
use claw_compiler::graph::Budget;
use claw_compiler::{Workspace, compile};
use claw_engine::policies::bundle_comment;
use claw_engine::signing::{PublicKey, SecretKey};
use claw_runtime::{Outcome, Policy};

/// A compiled policy.
pub struct Built {
    pub bytes: Vec<u8>,
    pub policy: Policy,
}

/// Compiles a policy of these files; the first is the root.
pub fn build(files: &[(&str, &str)]) -> Built {
    let mut workspace = Workspace::new();
    for (path, text) in files {
        workspace.set_file(path, (*text).to_owned());
    }
    let analysis = workspace.analyze(files[0].0);
    let findings = claw_compiler::diagnostics::plain(&analysis.diagnostics, &analysis.sources);
    let checked = Checked::new(Arc::clone(&analysis.package), analysis.has_errors()).expect(&findings);
    let bytes = compile(&checked, &analysis.sources, Budget::default()).to_bytes();
    Built { policy: Policy::from_bytes(&bytes).expect("a compiled policy loads"), bytes }
}

/// A policy of package `acme.gate` that lets calls of `ping` with numbers below `most` pass.
pub fn gate(most: i64) -> Built {
    build(&[("main.claw", &gate_source(most, ""))])
}

/// As [`gate`], with the module `company`.
pub fn gate_with_company(most: i64, rule: &str) -> Built {
    build(&[("main.claw", &gate_source(most, "use \"./company.claw\"\n")), ("company.claw", rule)])
}

fn gate_source(most: i64, uses: &str) -> String {
    format!(
        "package acme.gate\n{uses}environments prod\nroles r\nextern known(n: int) -> bool {{ timeout 1s }}\n\
         tool ping(n: int)\ngrant ping to r\nrule small {{ on ping unless args.n < {most} deny \"too large\" }}\n"
    )
}

/// A request that calls `ping` with a number.
pub fn ping(n: i64) -> String {
    format!(
        r#"{{"call_id":"c","environment":"prod","agent":{{"id":"a","roles":["r"]}},"tool":"ping","args":{{"n":{n}}}}}"#
    )
}

/// Whether a policy lets `ping` with this number pass.
pub fn allows(policy: &Policy, n: i64) -> bool {
    policy.decide_json_pure(ping(n).as_bytes()).outcome == Outcome::Allow
}

/// A key pair.
pub fn keys() -> (SecretKey, PublicKey) {
    let secret = SecretKey::generate().expect("random bytes");
    let public = secret.public();
    (secret, public)
}

/// The signature that `clawc build --sign` makes.
pub fn sign(key: &SecretKey, built: &Built) -> String {
    key.sign(&built.bytes, &bundle_comment(&built.policy)).expect("a good comment")
}
