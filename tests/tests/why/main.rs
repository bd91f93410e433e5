//! `clawc why` and `clawc query`: the pages under `suite/why` and `suite/query`, and laws over small policies.
//!
//! | block | means |
//! |---|---|
//! | `claw` | the policy |
//! | `request` | a request, in JSON; without a `session` it gets one |
//! | `near`, `stricter` | the near misses of the request before it, one a line |
//! | `path` | the questions of its decision, with the tests |
//! | `query` | what each role can do where |
//!
//! `CLAW_UPDATE=1` rewrites all but policies and requests. Every near miss is decided again in any case.

mod laws;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use claw_compiler::proof::case::Past;
use claw_compiler::proof::near::{How, Miss, Wanted};
use claw_compiler::proof::query::{Question, Reach, query};
use claw_compiler::proof::side::Side;
use claw_compiler::proof::why::{Why, why};
use claw_compiler::{Checked, Workspace};
use claw_runtime::bundle::ToolId;
use claw_runtime::{Json, Limits, Outcome};
use claw_tests::markdown::{replace_block, sections};

pub fn side(text: &str) -> Side {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", text);
    let analysis = workspace.analyze("main.claw");
    let errors: Vec<_> = analysis.diagnostics.iter().filter(|d| d.is_error()).map(|d| &d.message).collect();
    let checked = Checked::new(Arc::clone(&analysis.package), analysis.has_errors());
    let checked = checked.unwrap_or_else(|| panic!("{errors:?} in\n{text}"));
    Side::new(&checked, &analysis.sources).expect("loads")
}

pub fn json(text: &str) -> Json {
    Json::parse(text.as_bytes(), &Limits::default()).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// Decides the changed request again.
pub fn check_miss(side: &Side, past: &Past, now: Outcome, stricter: bool, miss: &Miss) {
    let earlier = miss.changes.iter().any(|change| change.how == How::Earlier);
    let then = past.decide_supposing(side, &miss.request, earlier);
    assert_eq!(then.outcome.code(), miss.decision, "{miss}: {then}");
    assert!(if stricter { then.outcome > now } else { then.outcome < now }, "{miss}: {then}");
}

fn near(side: &Side, request: &Json, stricter: bool) -> String {
    let past = Past::default();
    let wanted = Wanted { stricter, ..Wanted::default() };
    let found = why(side, &past, request, wanted);
    let mut out = format!("{}, {}\n", found.decision.outcome, found.decision.reason);
    for miss in &found.near.misses {
        check_miss(side, &past, found.decision.outcome, stricter, miss);
        writeln!(out, "{miss}").unwrap();
    }
    if found.near.is_complete() && !found.near.misses.iter().any(|miss| miss.changes.len() == 1) {
        out.push_str("no change of one part\n");
    }
    for beyond in &found.near.beyond {
        writeln!(out, "beyond: {beyond}").unwrap();
    }
    for (part, because) in &found.near.untold {
        writeln!(out, "untold: {part}, because of {}", because.join(", ")).unwrap();
    }
    out
}

fn path(side: &Side, request: &Json) -> String {
    let Why { questions, .. } = why(side, &Past::default(), request, Wanted::default());
    let mut out = String::new();
    for question in questions {
        let about = serde_json::to_value(&question.about).unwrap();
        let of = about["of"].as_str().map(|of| format!(" {of}")).unwrap_or_default();
        writeln!(out, "{}{of}: {}", about["question"].as_str().unwrap(), question.answer).unwrap();
        for step in question.steps {
            writeln!(out, "  {} → {}", step.test, step.answer).unwrap();
            for seen in step.seen {
                writeln!(out, "    {} = {}", seen.what, seen.value.as_deref().unwrap_or("(not given)")).unwrap();
            }
        }
    }
    out
}

/// Everything that can be asked of a policy.
pub fn everything(side: &Side) -> Question {
    let tables = &side.lowered.tables;
    Question {
        tools: (0u32..).zip(&tables.tools).map(|(id, _)| ToolId(id)).collect(),
        roles: (0..tables.roles.len()).collect(),
        environments: (0..tables.environments.len()).collect(),
    }
}

fn table(side: &Side) -> String {
    let mut out = String::new();
    let mut denied = 0;
    for row in query(side, &everything(side)).rows {
        for cell in row.cells {
            if cell.reach == Reach::Deny {
                denied += 1;
                continue;
            }
            let star = if cell.always { "" } else { "*" };
            let reach = match cell.reach {
                Reach::Allow => format!("allow{star}"),
                Reach::Approval => format!("{}{star}", cell.approvals.join(" + ")),
                Reach::Deny => "—".to_owned(),
                Reach::Unknown => format!("? {}", cell.because.join(", ")),
            };
            write!(out, "{} {} {}: {reach}", row.tool, row.role, cell.environment).unwrap();
            if let Some(how) = &cell.how {
                let grants: Vec<&str> = how.grants.iter().map(|grant| grant.clause.as_str()).collect();
                write!(out, " by {}", grants.join(", ")).unwrap();
                if !how.conditions.is_empty() {
                    write!(out, " if {}", how.conditions.join(" and ")).unwrap();
                }
            }
            out.push('\n');
        }
    }
    writeln!(out, "denied: {denied} others").unwrap();
    out
}

fn pages() -> Vec<PathBuf> {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("suite");
    let mut pages = Vec::new();
    for folder in ["why", "query"] {
        let files = fs::read_dir(suite.join(folder)).expect("the folder is there").flatten().map(|entry| entry.path());
        pages.extend(files.filter(|path| path.extension().is_some_and(|ending| ending == "md")));
    }
    pages.sort();
    pages
}

#[test]
fn pages_hold() {
    let update = std::env::var_os("CLAW_UPDATE").is_some();
    let mut wrong = String::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let mut changed = Vec::new();
        for section in sections(&text) {
            let (mut policy, mut request) = (None, None);
            for block in &section.blocks {
                let found = match block.kind.as_str() {
                    "claw" => {
                        policy = Some(side(&block.text));
                        continue;
                    }
                    "request" => {
                        request = Some(json(&block.text));
                        continue;
                    }
                    "query" => table(policy.as_ref().expect("a policy")),
                    kind @ ("near" | "stricter" | "path") => {
                        let (side, request) =
                            (policy.as_ref().expect("a policy"), request.as_ref().expect("a request"));
                        if kind == "path" { path(side, request) } else { near(side, request, kind == "stricter") }
                    }
                    other => panic!("{}: a block `{other}`", page.display()),
                };
                if found.trim_end() == block.text.trim_end() {
                    continue;
                }
                if update {
                    changed.push((block.line, found));
                } else {
                    writeln!(wrong, "{}, {}:\n{found}", page.display(), section.title).unwrap();
                }
            }
        }
        // From the end, so that the lines of the others stay.
        let new = changed.iter().rev().fold(text.clone(), |page, (line, found)| replace_block(&page, *line, found));
        if new != text {
            fs::write(&page, new).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
