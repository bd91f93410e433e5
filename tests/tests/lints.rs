//! What warnings say makes no difference makes none: mends are applied to random small policies, and clauses that
//! are said never to apply are deleted, and many requests are decided before and after.
//!
//! `CLAW_POLICIES` says how many policies are looked at (150 if not said), `CLAW_SEED` where they start,
//! `CLAW_REQUESTS` how many requests of each are tried (200).

use std::collections::BTreeMap;

use claw_compiler::diagnostics::Diagnostic;
use claw_runtime::{Policy, Settlement};
use claw_tests::brute::{Requests, Small, policy};
use claw_tests::generate::Rng;
use claw_tests::host::{Host, with_call_id};
use claw_tests::project::Project;
use serde_json::Value as Json;

fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().and_then(|v| v.replace('_', "").parse().ok()).unwrap_or(default)
}

/// What the policy would be without what the finding calls superfluous.
fn without(text: &str, finding: &Diagnostic) -> Option<String> {
    let mut text = text.to_owned();
    if let Some(fix) = &finding.fix {
        for edit in fix.edits.iter().rev() {
            text.replace_range(edit.loc.span.range(), &edit.text);
        }
        return Some(text);
    }
    let dead = matches!(finding.code.as_str(), "W0202" | "W0204" | "W0206")
        && !finding.notes.iter().any(|note| note.contains("only to calls"));
    let at = finding.primary.loc.span.start as usize;
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = at + text[at..].find('\n')?;
    let clause = ["rule ", "classify "].iter().any(|word| text[start..].starts_with(word));
    (dead && clause).then(|| {
        text.replace_range(start..end, "");
        text
    })
}

/// What becomes of a request that is made twice.
fn decided(policy: &Policy, request: &Json) -> Vec<String> {
    let host = Host::new(policy);
    let mut out = Vec::new();
    for step in 0..2 {
        let mut request = request.clone();
        request.as_object_mut().expect("a request").remove("call_id");
        let decision = host.run(with_call_id(request, step).to_string().as_bytes(), Settlement::Ok);
        let mut approvals: Vec<String> =
            decision.approvals.iter().map(|approval| approval.digest.to_string()).collect();
        approvals.sort();
        out.push(format!("{:?} {:?} {approvals:?}", decision.outcome, decision.tier));
    }
    out
}

/// Policies without invariants: those may be refuted, which is not the matter here.
fn plain(small: &Small) -> String {
    small.text.lines().filter(|line| !line.starts_with("invariant ")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn what_is_superfluous_changes_nothing() {
    let (policies, requests) = (number("CLAW_POLICIES", 150), number("CLAW_REQUESTS", 200));
    let first = number("CLAW_SEED", 1);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in first..first + policies {
        let mut rng = Rng::new(seed as u64);
        let small = policy(&mut rng);
        let text = plain(&small);
        let project = Project::source(&text);
        let Ok(before) = project.policy() else { continue };
        let mut tries = None;
        for finding in &project.prove().diagnostics {
            let code = finding.code.as_str();
            if !("W0202".."W0601").contains(&code) || matches!(code, "W0301" | "W0302" | "W0303" | "W0304" | "W0401") {
                continue;
            }
            let Some(changed) = without(&text, finding) else { continue };
            let after = Project::source(&changed).policy();
            let after = after.unwrap_or_else(|e| panic!("seed {seed}: {}: {e}\n{text}\n{changed}", finding.message));
            *counts.entry(code).or_default() += 1;
            let tries = tries.get_or_insert_with(|| Requests::of(&mut rng, &small).list(&mut rng, requests));
            for request in tries {
                let (was, is) = (decided(&before, request), decided(&after, request));
                assert_eq!(was, is, "seed {seed}: {code} {}\n{request}\n{text}\n{changed}", finding.message);
            }
        }
    }
    println!("{counts:?}");
    assert!(counts.values().sum::<usize>() >= policies / 10, "only {counts:?}");
}
