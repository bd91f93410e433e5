//! `clawc init`: what it writes is a policy that one can build on.

mod common;

use common::Folder;

#[track_caller]
fn stands(folder: &Folder, path: &str, tests: usize) {
    folder.run(&["check", path, "--deny", "warnings"]).expect(0);
    folder.run(&["fmt", "--check", path]).expect(0);
    let run = folder.run(&["test", path]).expect(0);
    assert!(run.out.ends_with(&format!("{tests} tests: {tests} passed, 0 failed\n")), "{}", run.out);
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
