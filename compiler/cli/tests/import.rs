//! `clawc import`: declarations from manifests.

mod common;

use common::Folder;

const TOOLS: &str = r#"{ "tools": [
  { "name": "read_page", "description": "Reads a page.",
    "inputSchema": { "type": "object", "properties": { "url": { "type": "string", "format": "uri" } }, "required": ["url"] } },
  { "name": "send-mail",
    "inputSchema": { "type": "object", "properties": { "to": { "type": "string", "format": "email" }, "urgent": { "type": "boolean" } },
      "required": ["to"] } }
] }"#;

#[test]
fn declarations_go_to_standard_output() {
    let folder = Folder::new();
    folder.write("tools.json", TOOLS);
    let run = folder.run(&["import", "mcp", "tools.json"]).expect(0);
    assert_eq!(
        run.out,
        "/// Reads a page.\ntool read_page(url: url)\n\ntool send_mail(to: email, urgent?: bool) as \"send-mail\"\n"
    );
    assert_eq!(run.err, "");
    assert_eq!(folder.run_with(&["import", "mcp", "-"], TOOLS.as_bytes()).expect(0).out, run.out);
    assert_eq!(folder.files(), ["tools.json"]);
}

#[test]
fn what_is_printed_is_in_canonical_layout_and_checks() {
    let folder = Folder::new();
    folder.write("tools.json", TOOLS);
    let run = folder.run(&["import", "mcp", "tools.json", "--server", "web", "--pin"]).expect(0);
    assert_eq!(run.out.matches("on server \"web\"").count(), 2, "{}", run.out);
    assert_eq!(run.out.matches("pinned \"sha256:").count(), 2, "{}", run.out);
    folder.write("tools.claw", run.out);
    folder.run(&["check", "tools.claw"]).expect(0);
    folder.run(&["fmt", "--check", "tools.claw"]).expect(0);
}

#[test]
fn a_merge_changes_what_must_change_and_reports_it() {
    let folder = Folder::new();
    folder.write("tools.json", TOOLS);
    let policy = "environments prod\nroles support\n\n// Mine.\ntool read_page(url: url)\ntool old()\n\n\
                  grant old to support\nscope pages { on read_page where args.url.scheme == \"https\" }\n\
                  grant pages to support\n";
    folder.write("main.claw", policy);
    let run = folder.run(&["import", "mcp", "tools.json", "--into", "main.claw"]).expect(0);
    assert_eq!(run.out, "");
    for line in ["added    tool `send_mail` (`send-mail`)", "removed  tool `old`", "no grant in `main.claw` covers"] {
        assert!(run.err.contains(line), "`{line}` in\n{}", run.err);
    }
    let merged = folder.read("main.claw");
    assert!(merged.contains("// Mine.") && merged.contains("tool old()"), "{merged}");
    assert!(merged.contains("tool send_mail(to: email, urgent?: bool) as \"send-mail\""), "{merged}");
    assert_eq!(folder.files(), ["main.claw", "tools.json"], "no temporary file is left");

    let run = folder.run(&["import", "mcp", "tools.json", "--into", "main.claw"]).expect(0);
    assert!(run.err.contains("0 added, 0 changed"), "{}", run.err);
    assert!(!run.err.contains("grant"), "{}", run.err);
    assert_eq!(folder.read("main.claw"), merged);
}

#[test]
fn an_addition_that_is_granted_at_once_is_warned_of() {
    let folder = Folder::new();
    folder.write("tools.json", TOOLS);
    folder.write("all.claw", "environments prod\nroles support\ntool get()\ngrant any to support\n");
    let run = folder.run(&["import", "mcp", "tools.json", "--into", "all.claw"]).expect(0);
    let warning = "warning: a grant in `all.claw` covers what was added: `read_page` and `send_mail`\n";
    assert!(run.err.contains(warning), "{}", run.err);
    folder.write(
        "get.claw",
        "environments prod\nroles support\ntool get()\ngrant get, read_* to support\ntool read_me()\n",
    );
    let run = folder.run(&["import", "mcp", "tools.json", "--into", "get.claw"]).expect(0);
    let warning = "warning: a grant in `get.claw` covers what was added: `read_page`\n";
    assert!(run.err.contains(warning), "{}", run.err);
}

#[test]
fn a_page_of_several_is_called_one() {
    let folder = Folder::new();
    folder.write("tools.json", TOOLS.replacen('{', "{ \"nextCursor\": \"2\", ", 1));
    let run = folder.run(&["import", "mcp", "tools.json"]).expect(0);
    assert!(run.err.starts_with("warning: ") && run.err.contains("nextCursor"), "{}", run.err);
    assert!(run.out.contains("tool read_page"), "{}", run.out);
}

#[test]
fn a_policy_that_does_not_parse_is_left_alone() {
    let folder = Folder::new();
    folder.write("tools.json", TOOLS);
    folder.write("main.claw", "package p\ntool t(\n");
    let run = folder.run(&["import", "mcp", "tools.json", "--into", "main.claw"]).expect(1);
    assert!(run.err.contains("error[E00") && run.err.contains("`main.claw` is left as it is"), "{}", run.err);
    assert_eq!(folder.read("main.claw"), "package p\ntool t(\n");
}

#[test]
fn what_is_no_manifest_is_said_to_be_none() {
    let folder = Folder::with_shop();
    folder.write("empty.json", " \n");
    folder
        .run(&["import", "mcp", "empty.json"])
        .fails_with("`empty.json` is empty", "a manifest is what a server answers to `tools/list`");
    for (text, message) in [
        ("{", "this is not JSON"),
        ("{}", "there is nothing to import"),
        ("[1]", "a tool has no `name`"),
        ("{\"error\": {\"message\": \"no\\u001b[31m\"}}", "the server answered with an error: no"),
    ] {
        let run = folder.run_with(&["import", "mcp", "-"], text.as_bytes()).expect(2);
        assert!(
            run.err.starts_with("error: cannot import standard input: ") && run.err.contains(message),
            "{}",
            run.err
        );
        assert!(!run.err.contains('\u{1b}'), "{}", run.err);
    }
    let run = folder.run(&["import", "mcp", "tools.jsn", "--into", "main.claw"]).expect(2);
    assert!(run.err.contains("no such file or directory: `tools.jsn`"), "{}", run.err);
    // A policy that is not there is told before the manifest is waited for.
    folder
        .run(&["import", "mcp", "-", "--into", "mian.claw"])
        .fails_with("no such file or directory: `mian.claw`", "did you mean `main.claw`?");
}
