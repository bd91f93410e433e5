//! The tools that ship as `std.tools.*`: they check, they are documented, they are what the servers say of themselves, and
//! they take the calls that agents really make. `vocabularies/NAME.jsonl` has such calls, one a line, written after the
//! public documentation of each agent; a line with a `reason` is a call that must not be taken.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use claw_compiler::hir::{Package, Tool};
use claw_compiler::import::{Options, Presence, read_text};
use claw_tests::host::wire;
use claw_tests::project::{Project, findings};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository").to_owned()
}

/// Name and text of every vocabulary.
fn vocabularies() -> Vec<(String, String)> {
    let folder = root().join("compiler/std/tools");
    let mut out: Vec<(String, String)> = fs::read_dir(folder)
        .expect("the vocabularies")
        .flatten()
        .map(|e| e.path())
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a vocabulary"))
        })
        .collect();
    out.sort();
    assert!(out.len() >= 7, "only {} vocabularies were found", out.len());
    out
}

/// A policy that grants all of a vocabulary, with tiers, so that the tags are of use.
fn policy(name: &str) -> String {
    format!(
        "package p\nuse std.tools.{name} as v\nenvironments prod\nroles bot\ntiers low < high\n\
         classify {{ low on any }}\nmatrix {{\n  tier | prod\n  low | allow\n  high | deny\n}}\ngrant any to bot\n"
    )
}

#[test]
fn each_is_a_clean_module_in_canonical_layout() {
    for (name, text) in vocabularies() {
        assert_eq!(claw_syntax::format(&text).as_ref(), Ok(&text), "{name} is not in canonical layout");
        let analysis = Project::source(&text).analyze();
        assert_eq!(findings(&analysis), "", "{name}");
        assert_eq!(analysis.package.name, format!("std.tools.{name}"));
    }
}

#[test]
fn each_can_be_used() {
    for (name, _) in vocabularies() {
        let analysis = Project::source(&policy(&name)).analyze();
        assert!(!analysis.has_errors(), "{name}:\n{}", findings(&analysis));
    }
}

#[test]
fn everything_is_documented() {
    for (name, text) in vocabularies() {
        let package = Project::source(&text).analyze().package;
        assert!(!package.modules[0].doc.is_empty(), "{name} says nothing of itself");
        let mut missing = Vec::new();
        for tool in &package.tools {
            let undocumented = tool.params.iter().filter(|p| p.doc.is_empty()).map(|p| p.name.as_str());
            missing.extend(undocumented.map(|p| format!("{}, `{p}`", tool.decl.name)));
        }
        for (record, decl) in package.schema.records.iter().zip(&package.record_decls) {
            let undocumented = record.fields.iter().filter(|f| f.doc.is_empty()).map(|f| f.name.as_str());
            missing.extend(undocumented.map(|f| format!("{}, `{f}`", decl.name)));
        }
        let decls = package.tools.iter().map(|t| &t.decl).chain(&package.record_decls).chain(&package.enum_decls);
        let decls = decls.chain(package.predicates.iter().map(|p| &p.decl)).chain(package.tags.iter().map(|t| &t.decl));
        missing.extend(decls.filter(|d| d.doc.is_empty()).map(|d| d.name.clone()));
        assert!(missing.is_empty(), "{name} does not say what these are: {}", missing.join("; "));
    }
}

/// A policy classifies whole groups of tools, so every tool is in one, and the groups mean the same everywhere.
#[test]
fn every_tool_has_a_tag() {
    let known = ["reads", "writes", "executes", "types", "network", "sends", "delegates", "schedules", "bookkeeping"];
    for (name, text) in vocabularies() {
        let package = Project::source(&text).analyze().package;
        let untagged: Vec<&str> =
            package.tools.iter().filter(|t| t.tags.is_empty()).map(|t| t.decl.name.as_str()).collect();
        assert!(untagged.is_empty(), "{name}: {untagged:?}");
        let strange: Vec<&str> =
            package.tags.iter().map(|t| t.decl.name.as_str()).filter(|t| !known.contains(t)).collect();
        assert!(strange.is_empty(), "{name}: {strange:?}");
    }
}

/// What may be left out of a call, what must be there: the same as in the server's own words.
#[test]
fn servers_are_described_as_they_describe_themselves() {
    let servers = [
        ("mcp_filesystem", "filesystem", "server-filesystem.json"),
        ("mcp_git", "git", "mcp-server-git.json"),
        ("mcp_fetch", "fetch", "mcp-server-fetch.json"),
        ("mcp_memory", "memory", "server-memory.json"),
    ];
    let texts: BTreeMap<String, String> = vocabularies().into_iter().collect();
    for (name, server, manifest) in servers {
        let manifest = fs::read(root().join("tests/imports").join(manifest)).expect("a captured manifest");
        let said = read_text(&manifest, &Options::default()).expect("a manifest");
        let package = Project::source(&texts[name]).analyze().package;
        let shape = |kind: &str, wire: &str, mut params: Vec<(String, &str)>| {
            params.sort();
            format!("{kind} {wire} {params:?}")
        };
        let mut said: Vec<String> = said
            .items
            .iter()
            .map(|d| {
                let params = d.params.iter().map(|p| {
                    let presence = match p.presence {
                        Presence::Required => "required",
                        Presence::Optional => "optional",
                        Presence::Default(_) => "default",
                    };
                    (p.name.clone(), presence)
                });
                shape(&format!("{:?}", d.kind), &d.wire, params.collect())
            })
            .collect();
        let mut ours: Vec<String> =
            package.tools.iter().map(|t| shape(&format!("{:?}", t.kind), &t.wire, presences(t))).collect();
        said.sort();
        ours.sort();
        assert_eq!(ours, said, "{name}");
        assert!(package.tools.iter().all(|t| t.server.as_deref() == Some(server)), "{name}");
        assert!(!has_plain_paths(&package), "{name}: a path is a string");
    }
}

fn presences(tool: &Tool) -> Vec<(String, &'static str)> {
    let presence = |p: &claw_runtime::Field| match (&p.default, p.optional) {
        (Some(_), _) => "default",
        (None, true) => "optional",
        (None, false) => "required",
    };
    tool.params.iter().map(|p| (p.name.clone(), presence(p))).collect()
}

/// Some parameter that is called a path is no `path`, so that it could not be confined.
fn has_plain_paths(package: &Package) -> bool {
    let named = |name: &str| name == "path" || name.ends_with("_path");
    let fields = package.tools.iter().flat_map(|t| &t.params);
    fields.into_iter().any(|p| named(&p.name) && p.ty != claw_runtime::Type::Path)
}

#[test]
fn real_calls_are_taken_and_others_are_not() {
    for (name, _) in vocabularies() {
        let policy = Project::source(&policy(&name)).policy().unwrap_or_else(|e| panic!("{name}: {e}"));
        let file = root().join("tests/vocabularies").join(format!("{name}.jsonl"));
        let text = fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let mut taken = 0;
        for line in text.lines() {
            let call: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{name}: {e}\n{line}"));
            let request = json!({
                "environment": "prod",
                "agent": { "id": "a", "roles": ["bot"] },
                "kind": call.get("kind").unwrap_or(&json!("tool")),
                "tool": call["tool"],
                "args": call["args"],
            });
            let decision = policy.decide_json_pure(request.to_string().as_bytes());
            let expected = call.get("reason").and_then(Value::as_str).unwrap_or("granted");
            assert_eq!(wire(&decision)["reason"], expected, "{name}: {line}\n{}", decision.to_json());
            taken += usize::from(expected == "granted");
        }
        assert!(taken > 0, "{name}: no call was taken");
    }
}

/// Where paths are strings, `stays_below` is what confines them.
#[test]
fn a_path_below_is_told_from_one_that_may_leave() {
    for (name, tool) in [("openclaw", "read"), ("codex", "view_image")] {
        let text = format!(
            "package p\nuse std.tools.{name} as v\nenvironments prod\nroles bot\n\
             grant v.{tool} to bot\nrule confined {{ on v.{tool} unless v.stays_below(args.path) deny \"no\" }}\n"
        );
        let policy = Project::source(&text).policy().unwrap_or_else(|e| panic!("{name}: {e}"));
        let inside = ["a", "a.txt", "src/a.txt", "./a", ".hidden/x", "..a/b", "a..b", "a/..b"];
        let outside = [
            "",
            "/",
            "/etc/passwd",
            "~",
            "~/x",
            "..",
            "../a",
            "a/../..",
            "a/../b",
            "C:\\x",
            "C:/x",
            "$HOME/x",
            "a\n/../b",
        ];
        let decide = |path: &str| {
            let request = json!({
                "environment": "prod", "agent": { "id": "a", "roles": ["bot"] }, "tool": tool, "args": { "path": path },
            });
            policy.decide_json_pure(request.to_string().as_bytes()).is_allowed()
        };
        for path in inside {
            assert!(decide(path), "{name}: {path:?} stays below");
        }
        for path in outside {
            assert!(!decide(path), "{name}: {path:?} may leave");
        }
    }
}

/// `Glob` takes patterns that are absolute.
#[test]
fn a_pattern_below_is_told_from_one_that_may_leave() {
    let text = "package p\nuse std.tools.claude_code as v\nenvironments prod\nroles bot\ngrant v.Glob to bot\n\
                rule confined { on v.Glob unless v.pattern_stays_below(args.pattern) deny \"no\" }\n";
    let policy = Project::source(text).policy().expect("a policy");
    let inside = ["*.rs", "**/*.ts", "src/**/*.{ts,tsx}", "{src,docs}/*", "a/{.x,y}", ".github/*", "a..b", "?.c"];
    let outside = [
        "/etc/*",
        "~/*",
        "../*",
        "a/../../*",
        "**/..",
        "{/etc,a}/*",
        "{a,/etc}/*",
        "{..,a}/*",
        "{a,../b}",
        "C:/*",
        "",
        "[/]etc/*",
    ];
    for (pattern, below) in inside.map(|p| (p, true)).into_iter().chain(outside.map(|p| (p, false))) {
        let request = json!({
            "environment": "prod", "agent": { "id": "a", "roles": ["bot"] }, "tool": "Glob", "args": { "pattern": pattern },
        });
        assert_eq!(policy.decide_json_pure(request.to_string().as_bytes()).is_allowed(), below, "{pattern:?}");
    }
}
