//! What real servers say of themselves becomes policies that check, compile and take the calls that those servers take.

use std::fs;
use std::path::{Path, PathBuf};

use claw_compiler::import::{Declarations, Options, Status, merge, read_text, source};
use claw_runtime::{Policy, Reason};
use claw_tests::project::{Project, findings};
use proptest::prelude::*;
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository").to_owned()
}

/// Recorded calls and manifests that the repository does not contain: `CLAW_CORPUS`, or beside the checkout.
fn corpus() -> Option<PathBuf> {
    let named = std::env::var_os("CLAW_CORPUS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| root().join("../shared/corpus")).join("agentdojo");
    folder.is_dir().then_some(folder)
}

/// All manifests by name.
fn manifests() -> Vec<(String, Vec<u8>)> {
    let mut out = Vec::new();
    for folder in [Some(root().join("tests/imports")), corpus()].into_iter().flatten() {
        for path in fs::read_dir(folder).expect("a folder of manifests").flatten().map(|e| e.path()) {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let is_manifest = path.extension().is_some_and(|e| e == "json");
            if is_manifest && (name.ends_with(".tools.json") || corpus().is_none_or(|corpus| !path.starts_with(corpus)))
            {
                out.push((name, fs::read(&path).expect("a manifest")));
            }
        }
    }
    out.sort();
    assert!(out.len() >= 7, "only {} manifests were found", out.len());
    out
}

fn captured(name: &str) -> Vec<u8> {
    fs::read(root().join("tests/imports").join(name)).expect("a captured manifest")
}

/// With and without pins, with and without a server.
fn options() -> [Options; 3] {
    [
        Options::default(),
        Options { pin: true, ..Options::default() },
        Options { server: Some("a \"server\"".to_owned()), pin: true },
    ]
}

fn import(name: &str, manifest: &[u8], options: &Options) -> Declarations {
    read_text(manifest, options).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// What a policy needs beside tools.
const AROUND: &str = "
tiers low < high
environments prod
roles bot
grant any to bot
classify { low on any }
matrix {
  tier | prod
  low  | allow
  high | deny
}
";

fn policy(declarations: &Declarations) -> Policy {
    let text = source(declarations) + AROUND;
    Project::source(&text).policy().unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn decide(policy: &Policy, kind: &str, tool: &Value, args: &Value) -> (Reason, String) {
    let request = json!({
        "environment": "prod",
        "agent": { "id": "a", "roles": ["bot"] },
        "kind": kind,
        "tool": tool,
        "args": args,
    });
    let decision = policy.decide_json_pure(&serde_json::to_vec(&request).expect("JSON"));
    (decision.reason, decision.to_json().to_string())
}

#[test]
fn every_manifest_becomes_a_canonical_source() {
    for (name, manifest) in manifests() {
        for options in options() {
            let text = source(&import(&name, &manifest, &options));
            let errors = claw_syntax::parse(&text).errors;
            assert!(errors.is_empty(), "{name}: {errors:?}");
            assert_eq!(claw_syntax::format(&text).as_ref(), Ok(&text), "{name} is not in canonical layout");
        }
    }
}

#[test]
fn every_definition_is_declared_and_documented() {
    for (name, manifest) in manifests() {
        let declarations = import(&name, &manifest, &Options::default());
        let json: Value = serde_json::from_slice(&manifest).expect("JSON");
        let kinds =
            [("tools", "tool"), ("prompts", "prompt"), ("resources", "resource"), ("resourceTemplates", "resource")];
        for (key, kind) in kinds {
            for definition in json[key].as_array().into_iter().flatten() {
                let wire = ["uriTemplate", "uri", "name"].iter().find_map(|k| definition[k].as_str()).expect("a name");
                let declared = declarations.items.iter().find(|d| d.wire == wire && d.kind.word() == kind);
                let declared = declared.unwrap_or_else(|| panic!("{name}: no {wire}"));
                let fields = definition["inputSchema"]["properties"].as_object();
                for (field, schema) in fields.into_iter().flatten() {
                    let param = declared.params.iter().find(|p| p.name == *field);
                    let param = param.unwrap_or_else(|| panic!("{name}: `{wire}` has no `{field}`"));
                    let doc = schema["description"].as_str().unwrap_or_default();
                    assert!(
                        param.doc.iter().all(|line| doc.contains(line)),
                        "{name}: `{wire}`, `{field}`: {:?}",
                        param.doc
                    );
                    assert_eq!(param.doc.is_empty(), doc.is_empty(), "{name}: `{wire}`, `{field}`");
                }
                let doc = definition["description"].as_str().unwrap_or_default().trim();
                assert_eq!(
                    declared.doc.first().map_or("", |l| l.trim()),
                    doc.lines().next().unwrap_or_default().trim(),
                    "{name}: {wire}"
                );
            }
        }
    }
}

#[test]
fn every_import_checks_without_errors_and_loads() {
    for (name, manifest) in manifests() {
        for options in options() {
            let declarations = import(&name, &manifest, &options);
            let text = source(&declarations) + AROUND;
            let analysis = Project::source(&text).analyze();
            assert!(!analysis.has_errors(), "{name}:\n{}", findings(&analysis));
            let policy = policy(&declarations);
            assert_eq!(policy.bundle().tools.len(), declarations.items.len(), "{name}");
        }
    }
}

#[test]
fn importing_again_changes_nothing() {
    for (name, manifest) in manifests() {
        for options in options() {
            let declarations = import(&name, &manifest, &options);
            let text = source(&declarations) + AROUND;
            let merged = merge(&text, &declarations).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(merged.text, text, "{name}");
            assert_eq!(merged.report.count(Status::Kept), declarations.items.len(), "{name}");
            assert!(merged.report.entries.iter().all(|e| e.details.is_empty()), "{name}: {}", merged.report);
        }
    }
}

#[test]
fn importing_into_an_empty_file_is_importing() {
    for (name, manifest) in manifests() {
        let declarations = import(&name, &manifest, &Options::default());
        let merged = merge("", &declarations).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(merged.text, source(&declarations), "{name}");
    }
}

/// Calls as the servers document them, and whether they fit the signature.
#[test]
fn calls_fit_where_the_server_takes_them() {
    let calls = [
        ("server-filesystem.json", "read_text_file", json!({ "path": "a.txt", "head": 10 }), true),
        ("server-filesystem.json", "read_text_file", json!({ "head": 10 }), false),
        (
            "server-filesystem.json",
            "edit_file",
            json!({ "path": "a", "edits": [{ "oldText": "x", "newText": "y" }] }),
            true,
        ),
        ("server-filesystem.json", "edit_file", json!({ "path": "a", "edits": [{ "oldText": "x" }] }), false),
        ("server-filesystem.json", "edit_file", json!({ "path": "a", "edits": [], "force": true }), false),
        ("server-filesystem.json", "list_directory_with_sizes", json!({ "path": "/", "sortBy": "size" }), true),
        ("server-filesystem.json", "list_directory_with_sizes", json!({ "path": "/", "sortBy": "age" }), false),
        (
            "server-memory.json",
            "create_relations",
            json!({ "relations": [{ "from": "a", "to": "b", "relationType": "is" }] }),
            true,
        ),
        ("server-everything.json", "get-sum", json!({ "a": 1, "b": 2.5 }), true),
        ("server-everything.json", "get-sum", json!({ "a": "1", "b": 2 }), false),
        ("server-everything.json", "get-structured-content", json!({ "location": "New York" }), true),
        ("server-everything.json", "gzip-file-as-resource", json!({ "outputType": "resource" }), true),
        (
            "server-sequential-thinking.json",
            "sequentialthinking",
            json!({ "thought": "t", "nextThoughtNeeded": true, "thoughtNumber": 1, "totalThoughts": 2 }),
            true,
        ),
        (
            "server-sequential-thinking.json",
            "sequentialthinking",
            json!({ "thought": "t", "nextThoughtNeeded": "false", "thoughtNumber": 1, "totalThoughts": 2 }),
            true,
        ),
        ("mcp-server-git.json", "git_log", json!({ "repo_path": ".", "start_timestamp": null }), true),
        ("mcp-server-git.json", "git_log", json!({ "repo_path": ".", "max_count": 1.5 }), false),
        ("mcp-server-git.json", "git_add", json!({ "repo_path": ".", "files": ["a"] }), true),
        ("mcp-server-fetch.json", "fetch", json!({ "url": "https://example.org/" }), true),
        ("mcp-server-fetch.json", "fetch", json!({ "url": "example" }), false),
        ("mcp-server-time.json", "get_current_time", json!({ "timezone": "Europe/Berlin" }), true),
    ];
    for (manifest, tool, args, fits) in calls {
        let policy = policy(&import(manifest, &captured(manifest), &Options::default()));
        let (reason, shown) = decide(&policy, "tool", &json!(tool), &args);
        let expected = if fits { Reason::Granted } else { Reason::InvalidRequest };
        assert_eq!(reason, expected, "{manifest}: {tool} {args}\n{shown}");
    }
}

#[test]
fn resources_and_prompts_can_be_called() {
    let name = "server-everything.json";
    let policy = policy(&import(name, &captured(name), &Options::default()));
    let call = |kind, tool, args| decide(&policy, kind, &json!(tool), &args).0;
    assert_eq!(
        call("resource", "demo://resource/dynamic/text/{resourceId}", json!({ "resourceId": "1" })),
        Reason::Granted
    );
    assert_eq!(call("prompt", "args-prompt", json!({ "city": "Ulm" })), Reason::Granted);
    assert_eq!(call("tool", "args-prompt", json!({ "city": "Ulm" })), Reason::UnknownTool);
}

#[test]
fn a_pin_is_the_digest_of_the_definition() {
    let (name, options) = ("mcp-server-fetch.json", Options { pin: true, ..Options::default() });
    let declarations = import(name, &captured(name), &options);
    let policy = policy(&declarations);
    let digest = declarations.items[0].digest.to_string();
    let call = |tool| decide(&policy, "tool", &tool, &json!({ "url": "https://example.org/" })).0;
    assert_eq!(call(json!({ "name": "fetch", "digest": digest })), Reason::Granted);
    assert_eq!(call(json!("fetch")), Reason::ToolChanged);
    // The order of members and blanks are no part of a definition.
    let json: Value = serde_json::from_slice(&captured(name)).expect("JSON");
    let compact = import(name, &serde_json::to_vec(&json).expect("JSON"), &options);
    assert_eq!(compact.items[0].digest, declarations.items[0].digest);
}

#[test]
fn recorded_calls_fit() {
    let Some(folder) = corpus() else { return };
    for suite in ["banking", "slack"] {
        let manifest = fs::read(folder.join(format!("{suite}.tools.json"))).expect("a manifest");
        let policy = policy(&import(suite, &manifest, &Options::default()));
        let traces: Value =
            serde_json::from_slice(&fs::read(folder.join(format!("{suite}.json"))).expect("traces")).expect("JSON");
        let mut seen = 0;
        for trace in traces["traces"].as_array().expect("traces").iter().filter(|t| t["kind"] == "user") {
            for call in trace["calls"].as_array().expect("calls") {
                let (reason, shown) = decide(&policy, "tool", &call["tool"], &call["args"]);
                assert_eq!(reason, Reason::Granted, "{suite}: {call}\n{shown}");
                seen += 1;
            }
        }
        assert!(seen > 20, "{suite}: only {seen} calls");
    }
}

#[test]
fn filesystem() {
    let name = "server-filesystem.json";
    insta::assert_snapshot!(source(&import(name, &captured(name), &Options::default())));
}

#[test]
fn everything() {
    let (name, server) = ("server-everything.json", Some("everything".to_owned()));
    insta::assert_snapshot!(source(&import(name, &captured(name), &Options { server, pin: true })));
}

/// An author works on an import; then the server moves on.
#[test]
fn a_policy_that_is_imported_into_again() {
    let name = "server-filesystem.json";
    let options = Options { server: Some("files".to_owned()), pin: true };
    let before = import(name, &captured(name), &options);
    let edited = format!("//! Files.\n\ntags read\n\n{}", source(&before))
        .replace("path: string", "path: path")
        .replace("tool read_file(", "// Old, but still in use.\n@owner(\"storage\")\ntool slurp(")
        .replace(") on server \"files\" pinned \"sha256:", ") on server \"files\" is read pinned \"sha256:")
        .replacen(") on server \"files\" is read", ") as \"read_file\" on server \"files\" is read", 1)
        + AROUND
        + "\nrule only_ours {\n  on     slurp\n  unless args.path under \"/srv\"\n  deny   \"only under /srv\"\n}\n";
    let edited = claw_syntax::format(&edited).expect("the edits fit");

    let mut json: Value = serde_json::from_slice(&captured(name)).expect("JSON");
    let tools = json["tools"].as_array_mut().expect("tools");
    let read = tools[0]["inputSchema"]["properties"].as_object_mut().expect("fields");
    read.insert(
        "encoding".to_owned(),
        json!({ "enum": ["utf-8", "latin-1"], "default": "utf-8", "description": "How." }),
    );
    tools.retain(|t| t["name"] != "move_file");
    tools.push(json!({ "name": "stat", "description": "Looks.", "inputSchema": { "properties": { "path": { "type": "string" } } } }));
    let after = import(name, &serde_json::to_vec(&json).expect("JSON"), &options);

    let merged = merge(&edited, &after).expect("a merge");
    let changes: Vec<String> = changed_lines(&edited, &merged.text);
    insta::assert_snapshot!(format!("{}\n---\n{}", changes.join("\n"), merged.report));
    let analysis = Project::source(&merged.text).analyze();
    assert!(!analysis.has_errors(), "{}", findings(&analysis));
    assert_eq!(claw_syntax::format(&merged.text).as_ref(), Ok(&merged.text));
    let again = merge(&merged.text, &after).expect("a second merge");
    assert_eq!(again.text, merged.text);
    assert!(!again.report.has_changes());
}

/// The lines that only one of the texts has, in order, digests cut short.
fn changed_lines(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let short = |sign: &str, line: &str| {
        let (head, tail) = line.split_once("sha256:").map_or((line, ""), |(head, _)| (head, "sha256:…"));
        format!("{sign} {head}{tail}")
    };
    let gone = old.iter().filter(|l| !new.contains(l)).map(|l| short("-", l));
    let come = new.iter().filter(|l| !old.contains(l)).map(|l| short("+", l));
    gone.chain(come).collect()
}

/// Strings as nobody should write them.
fn text() -> impl Strategy<Value = String> {
    let odd = [
        "",
        "x",
        "deny",
        "a-b",
        "a.b",
        "a`b",
        "a\nb",
        "*/",
        "\"",
        "\u{202e}x",
        "é",
        "list",
        "string",
        "// x",
        "#/$defs/A",
        "sha256:0",
    ];
    prop_oneof![4 => proptest::sample::select(odd.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,6}"]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        Just(json!(0.5)),
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        Just(json!([])),
        Just(json!(["x", "deny"])),
    ]
}

/// Something like a schema: keywords that mean something, in combinations that need not.
fn schema() -> impl Strategy<Value = Value> {
    let types = ["string", "integer", "number", "boolean", "array", "object", "null", "x"];
    let formats = ["email", "uri", "date", "date-time", "ipv4", "hostname", "password", "uuid"];
    let leaf = (
        proptest::option::of(proptest::sample::select(types.to_vec())),
        proptest::option::of(proptest::sample::select(formats.to_vec())),
    );
    let leaf = (leaf, proptest::option::of(scalar()), proptest::option::of(text())).prop_map(
        |((ty, format), default, doc)| {
            let mut out = json!({});
            ty.into_iter().for_each(|t| out["type"] = json!(t));
            format.into_iter().for_each(|f| out["format"] = json!(f));
            default.into_iter().for_each(|d| out["default"] = d);
            doc.into_iter().for_each(|d| out["description"] = json!(d));
            out
        },
    );
    leaf.prop_recursive(4, 40, 4, |inner| {
        let fields = || proptest::collection::hash_map(text(), inner.clone(), 0..4);
        prop_oneof![
            inner.clone(),
            (fields(), fields(), proptest::collection::vec(text(), 0..3)).prop_map(|(properties, defs, required)| {
                json!({ "properties": properties, "$defs": { "A": defs.values().next() }, "required": required })
            }),
            inner.clone().prop_map(|items| json!({ "type": "array", "items": items })),
            proptest::collection::vec(inner.clone(), 0..3).prop_map(|c| json!({ "anyOf": c })),
            proptest::collection::vec(inner.clone(), 0..3).prop_map(|c| json!({ "allOf": c, "type": "object" })),
            proptest::collection::vec(scalar(), 0..4).prop_map(|values| json!({ "enum": values })),
            proptest::sample::select(vec!["#", "#/$defs/A", "#/properties/x", "other.json"])
                .prop_map(|r| json!({ "$ref": r })),
        ]
    })
}

fn manifest() -> impl Strategy<Value = Vec<u8>> {
    let tool = (text(), text(), schema());
    proptest::collection::vec(tool, 1..4).prop_map(|tools| {
        let mut seen = std::collections::BTreeSet::new();
        let tools: Vec<Value> = tools
            .into_iter()
            .filter(|(name, ..)| !name.is_empty() && seen.insert(name.clone()))
            .map(|(name, doc, schema)| json!({ "name": name, "description": doc, "inputSchema": schema }))
            .chain([json!({ "name": "last" })])
            .collect();
        serde_json::to_vec(&json!({ "tools": tools })).expect("JSON")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_server_says_is_imported(manifest in manifest(), next in manifest(), pin in any::<bool>()) {
        let options = Options { server: None, pin };
        let declarations = import("made up", &manifest, &options);
        let text = source(&declarations);
        prop_assert!(claw_syntax::format(&text).as_ref() == Ok(&text), "not canonical:\n{}", text);
        let analysis = Project::source(&(text.clone() + AROUND)).analyze();
        prop_assert!(!analysis.has_errors(), "{}\n{}", findings(&analysis), text);
        prop_assert_eq!(&merge(&text, &declarations).expect("a merge").text, &text);
        let next = import("made up", &next, &options);
        let merged = merge(&text, &next).expect("a merge");
        let analysis = Project::source(&(merged.text.clone() + AROUND)).analyze();
        prop_assert!(!analysis.has_errors(), "{}\n{}", findings(&analysis), merged.text);
        let again = merge(&merged.text, &next).expect("a second merge");
        prop_assert_eq!(again.text, merged.text);
    }
}
