//! `clawc init`: what it writes is a policy that one can build on.

mod common;

use common::Folder;

#[track_caller]
fn stands(folder: &Folder, path: &str, tests: usize) {
    folder.run(&["check", path, "--deny", "warnings"]).expect(0);
    folder.run(&["fmt", "--check", path]).expect(0);
    let run = folder.run(&["test", path]).expect(0);
    let noun = if tests == 1 { "test" } else { "tests" };
    assert!(run.out.ends_with(&format!("{tests} {noun}: {tests} passed, 0 failed\n")), "{}", run.out);
    folder.run(&["build", path, "-o", "p.clawb"]).expect(0);
}

#[test]
fn the_policy_checks_and_passes_its_tests() {
    let folder = Folder::new();
    let run = folder.run(&["init", "policies/bot"]).expect(0);
    assert_eq!(
        run.out,
        "wrote policies/bot/main.claw\n\nNext:\n  edit policies/bot/main.claw: put your own tools in\n  \
         clawc check policies/bot                what is wrong or still open\n  \
         clawc test policies/bot                 run the tests in it\n  \
         clawc graph policies/bot -o policy.svg  draw how it decides\n"
    );
    assert_eq!(run.err, "", "nothing is asked where nobody is there");
    stands(&folder, "policies/bot", 3);
    assert!(folder.read("policies/bot/main.claw").contains("\npackage bot\n"));
}

#[test]
fn what_to_type_next_can_be_typed() {
    let folder = Folder::new();
    let run = folder.run(&["init", "my bot's"]).expect(0);
    assert!(run.out.contains("\n  clawc check 'my bot'\\''s'  "), "{}", run.out);
    let run = folder.run(&["init"]).expect(0);
    assert!(run.out.contains("\n  clawc check                  what is"), "{}", run.out);
}

#[test]
fn the_name_is_as_asked_or_one_that_fits() {
    let folder = Folder::new();
    folder.run(&["init", "--name", "acme.support", "--yes"]).expect(0);
    assert!(folder.read("main.claw").contains("\npackage acme.support\n"));
    stands(&folder, ".", 3);
    for (directory, package) in [("My Bot-2", "my_bot_2"), ("9", "policy"), ("äö", "policy")] {
        folder.run(&["init", directory]).expect(0);
        let text = folder.read(&format!("{directory}/main.claw"));
        assert!(text.contains(&format!("\npackage {package}\n")), "{directory}: {text}");
    }
    for name in ["9", "a b", "", "a..b", "a.9", "p\nroles x", "p //"] {
        let run = folder.run(&["init", "elsewhere", "--name", name]).expect(2);
        assert!(run.err.contains("can't be the name of a package"), "{name}: {}", run.err);
        assert!(!folder.path().join("elsewhere").exists(), "{name}");
    }
}

#[test]
fn a_policy_that_is_there_stays() {
    let folder = Folder::with_shop();
    folder
        .run(&["init"])
        .fails_with("there is a policy already: `main.claw`", "name another directory, or replace it with --force");
    assert_eq!(folder.read("main.claw"), common::SHOP);
    folder.run(&["init", "--force"]).expect(0);
    stands(&folder, ".", 3);
    let run = folder.run(&["init", "main.claw"]).expect(2);
    assert!(run.err.contains("main.claw"), "{}", run.err);
}

/// Names that the policy itself uses, words of the language, and parameters of every kind.
const TOOLS: &str = r#"{ "tools": [
  { "name": "consent", "inputSchema": { "type": "object", "properties": { "to": { "type": "string", "format": "email" },
      "kind": { "type": "string", "enum": ["a-b", "tool"] }, "n": { "type": "integer" } }, "required": ["to", "kind", "n"] } },
  { "name": "unreviewed", "inputSchema": { "type": "object", "required": ["where", "x-y"], "properties": {
      "where": { "type": "object", "properties": { "url": { "type": "string", "format": "uri" } }, "required": ["url"] },
      "x-y": { "type": "array", "items": { "type": "number" } } } } },
  { "name": "rule.delete", "inputSchema": { "type": "object", "properties": { "at": { "type": "string", "format": "date-time" } },
      "required": ["at"] } }
] }"#;

#[test]
fn imported_tools_all_wait_for_consent() {
    let folder = Folder::new();
    folder.write("tools.json", TOOLS);
    let args = ["init", "bot", "--from", "mcp", "tools.json", "--server", "files", "--pin"];
    let run = folder.run(&args).expect(0);
    assert!(run.out.starts_with("wrote bot/main.claw, with 3 declarations\n"), "{}", run.out);
    stands(&folder, "bot", 2);
    let text = folder.read("bot/main.claw");
    assert_eq!(text.matches("on server \"files\"").count(), 3, "{text}");
    assert_eq!(text.matches("pinned \"sha256:").count(), 3, "{text}");
    let digest = text.rsplit_once("pinned \"").unwrap().1.split('"').next().unwrap();
    for (environment, digest, decision, reason) in [
        ("dev", digest, "require_approval", "rule"),
        ("prod", digest, "require_approval", "rule"),
        ("prod", &digest.replace(char::is_numeric, "0"), "deny", "tool_changed"),
    ] {
        let request = serde_json::json!({
            "environment": environment, "agent": { "id": "a", "roles": ["assistant"] },
            "tool": { "name": "rule.delete", "server": "files", "digest": digest },
            "args": { "at": "2026-03-02T10:00:00Z" }
        });
        let eval = ["eval", "bot", "--request", "-", "--format", "json"];
        let run = folder.run_with(&eval, request.to_string().as_bytes()).expect(0);
        let got: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!((&got["decision"], &got["reason"]), (&decision.into(), &reason.into()), "{environment}");
    }
    // A tool that leaves the list is open, and the check says so.
    folder.write("bot/main.claw", text.replace("  on consent\n", ""));
    let run = folder.run(&["check", "bot"]).expect(0);
    assert!(run.out.contains("W0301"), "{}", run.out);
    folder.write("bot/main.claw", text.replace("  on consent\n", "") + "\ngrant consent to assistant\n");
    let run = folder.run(&["check", "bot"]).expect(0);
    assert!(run.out.contains("W0304"), "{}", run.out);
}

#[test]
fn nothing_is_written_where_nothing_can_be_imported() {
    let folder = Folder::new();
    folder.write("tools.json", "{}");
    let run = folder.run(&["init", "bot", "--from", "mcp", "tools.json"]).expect(2);
    assert!(run.err.contains("there is nothing to import"), "{}", run.err);
    folder.run(&["init", "bot", "--from", "openapi", "tools.json"]).fails_with(
        "tools can't be imported from `openapi`",
        "it is `--from mcp FILE`, with a server's answer to `tools/list`",
    );
    folder.run(&["init", "bot", "--from", "mcp"]).expect(2);
    folder.run(&["init", "bot", "--pin"]).expect(2);
    assert_eq!(folder.files(), ["tools.json"]);
}

#[test]
fn a_coding_agent_is_guarded() {
    for (agent, settings) in
        [("claude-code", Some(".claude/settings.json")), ("codex", Some(".codex/hooks.json")), ("openclaw", None)]
    {
        let folder = Folder::new();
        let run = folder.run(&["init", "shop", "--for", agent]).expect(0);
        assert!(run.out.starts_with("wrote shop/.claw/policy/main.claw\n"), "{}", run.out);
        // What is written has been checked and tested; once more from outside is enough.
        if agent == "claude-code" {
            stands(&folder, "shop/.claw/policy", 1);
        }
        assert!(folder.read("shop/.claw/policy/main.claw").contains("\npackage shop\n"), "{agent}");
        if let Some(settings) = settings {
            let text = folder.read(&format!("shop/{settings}"));
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            let hook = &json["hooks"]["PreToolUse"][0]["hooks"][0]["command"];
            assert!(
                hook.as_str().unwrap().ends_with(" || { [ $? = 2 ] || echo 'claw: the hook failed' >&2; exit 2; }"),
                "{text}"
            );
            let run = folder.run(&["init", "shop", "--for", agent]).expect(0);
            assert!(run.out.starts_with("kept "), "a second time changes nothing: {}", run.out);
            assert_eq!(folder.read(&format!("shop/{settings}")), text);
        }
    }
}

#[test]
fn settings_of_others_stay() {
    let folder = Folder::new();
    let theirs = r#"{ "z": [1, {"b": null}], "permissions": {"allow": ["Bash(ls)"]}, "hooks": {"PreToolUse": [
      {"matcher": "Bash", "hooks": [{"type": "command", "command": "mine"}]},
      {"matcher": "*", "hooks": [{"type": "command", "command": "claw-gateway hook claude"}]}]}, "a": 1.50 }"#;
    folder.write(".claude/settings.json", theirs);
    folder.write(".claw/policy/main.claw", "package mine\n");
    folder.run(&["init", "--for", "claude-code"]).expect(0);
    assert_eq!(folder.read(".claw/policy/main.claw"), "package mine\n", "a policy that is there stays");
    let text = folder.read(".claude/settings.json");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["permissions"]["allow"][0], "Bash(ls)");
    assert_eq!((&json["z"][1]["b"], json["a"].as_f64()), (&serde_json::Value::Null, Some(1.5)));
    let before = json["hooks"]["PreToolUse"].as_array().unwrap();
    assert_eq!(before.len(), 2, "an earlier hook of ours gives way: {text}");
    assert_eq!(before[0]["hooks"][0]["command"], "mine");
    let order: Vec<usize> =
        ["\"z\"", "\"permissions\"", "\"hooks\"", "\"a\""].map(|key| text.find(key).unwrap()).into();
    assert!(order.is_sorted(), "{text}");
}

#[test]
fn settings_that_are_not_understood_are_not_touched() {
    for theirs in
        ["{ // a comment\n}", "[1]", "{\"hooks\": 1}", "{\"hooks\": {\"PreToolUse\": {}}}", "{\"a\":1,\"a\":2}"]
    {
        let folder = Folder::new();
        folder.write(".claude/settings.json", theirs);
        let run = folder.run(&["init", "--for", "claude-code"]).expect(2);
        assert!(run.err.contains(".claude/settings.json"), "{}", run.err);
        assert_eq!(folder.read(".claude/settings.json"), theirs);
        assert!(!folder.path().join(".claw").exists(), "nothing is written by halves");
        let shown = folder.run(&["init", "elsewhere", "--for", "claude-code", "--print"]).expect(0);
        assert!(shown.out.contains("claw-gateway hook claude || {"), "{}", shown.out);
        assert!(!folder.path().join("elsewhere").exists());
    }
}
