//! A file and a manifest in, the file and the report out.

use super::*;
use crate::import::{Options, read_text, source};

fn declarations(tools: &str, options: &Options) -> Declarations {
    read_text(format!(r#"{{"tools": [{tools}]}}"#).as_bytes(), options).expect("a manifest")
}

fn pinned() -> Options {
    Options { pin: true, ..Options::default() }
}

/// The file and the report after a merge.
fn merged(file: &str, tools: &str, options: &Options) -> String {
    let Merged { text, report } = merge(file, &declarations(tools, options)).expect("a merge");
    let again = merge(&text, &declarations(tools, options)).expect("a second merge");
    assert_eq!(again.text, text, "a second merge changes nothing");
    assert!(!again.report.has_changes());
    format!("{text}---\n{report}")
}

const READ: &str = r#"{"name": "read", "description": "Reads.", "inputSchema": {"required": ["path"], "properties": {
    "path": {"type": "string", "description": "Which."}, "lines": {"type": "integer", "default": 10}}}}"#;
const WRITE: &str = r#"{"name": "write-file", "inputSchema": {"required": ["path", "mode"], "properties": {
    "path": {"type": "string"}, "mode": {"enum": ["new", "append"]}}}}"#;

#[test]
fn what_was_just_imported_is_kept() {
    for options in [Options::default(), pinned(), Options { server: Some("fs".into()), pin: true }] {
        let new = declarations(&format!("{READ}, {WRITE}"), &options);
        let text = source(&new);
        let merged = merge(&text, &new).expect("a merge");
        assert_eq!(merged.text, text);
        assert_eq!(merged.report.to_string(), "0 added, 0 changed, 0 removed, 2 kept\n");
    }
}

#[test]
fn edits_of_the_author_stay() {
    let file = r#"
tags fs
// Ours.
@owner("me")
tool look(path: path, lines: int = 20 // few
) as "read" is fs

enum Mode { append }
tool write_file(path: path, mode: Mode) as "write-file"

rule r { on look deny "no" }
"#;
    let text = merged(file, &format!("{READ}, {WRITE}"), &Options::default());
    let (text, report) = text.split_once("---\n").expect("both");
    assert_eq!(text, file);
    insta::assert_snapshot!(report, @r"
    kept     tool `look` (`read`)
             - the documentation stays as it is: the server's differs
             - the documentation of `path` stays as it is: the server's differs
             - `path` stays `path`: the server says `string`
             - the default of `lines` stays 20: the server says 10
    kept     tool `write_file` (`write-file`)
             - `path` stays `path`: the server says `string`
             - `Mode` stays without `new`, which the server knows
    0 added, 0 changed, 0 removed, 2 kept
    ");
}

#[test]
fn what_is_new_is_added_and_what_is_gone_stays() {
    let file = "tool read(path: path)\ntool old(a: string)\nlet WriteFileMode: int = 1\ntool other() on server \"x\"\n";
    insta::assert_snapshot!(merged(file, &format!("{READ}, {WRITE}"), &Options::default()), @r#"
    tool read(path: path, lines: int = 10)
    tool old(a: string)
    let WriteFileMode: int = 1
    tool other() on server "x"

    enum WriteFileMode2 { new, append }

    tool write_file(path: string, mode: WriteFileMode2) as "write-file"
    ---
    changed  tool `read`
             - the documentation stays as it is: the server's differs
             - the documentation of `path` stays as it is: the server's differs
             - `path` stays `path`: the server says `string`
             - `lines` is new
    removed  tool `old`
             - the server does not offer it any more; it is left in the file
    added    tool `write_file` (`write-file`)
    1 added, 1 changed, 1 removed, 0 kept
    "#);
}

#[test]
fn a_pin_tells_whose_change_it_is() {
    // As it was imported, with edits.
    let before = source(&declarations(&format!("{READ}, {WRITE}"), &pinned()));
    let edited =
        before.replace("  path: string", "  path: path").replace("= 10", "= 20").replace("/// Reads.", "/// Ours.");
    let same = merge(&edited, &declarations(&format!("{READ}, {WRITE}"), &pinned())).expect("a merge");
    assert_eq!(same.text, edited);
    assert_eq!(same.report.to_string(), "0 added, 0 changed, 0 removed, 2 kept\n");

    let read = r#"{"name": "read", "description": "Reads more.", "inputSchema": {"required": ["path"], "properties": {
        "path": {"type": "string", "description": "Which."}, "lines": {"type": "integer", "default": 30},
        "as": {"properties": {"tag": {"enum": ["a"]}}}}}}"#;
    let write = r#"{"name": "write-file", "inputSchema": {"properties": {"mode": {"enum": ["append", "patch"]}}}}"#;
    let text = merged(&edited, &format!("{read}, {write}"), &pinned());
    let text: Vec<&str> = text.lines().map(|l| l.split(" pinned \"").next().unwrap_or(l)).collect();
    insta::assert_snapshot!(text.join("\n"), @r#"
    enum ReadAsTag { a }

    record ReadAs { tag?: ReadAsTag }

    /// Reads more.
    tool read(
      /// Which.
      path: path,
      lines: int = 30,
      as?: ReadAs
    )

    enum WriteFileMode { new, append, patch }

    tool write_file(
      path?: path,
      mode?: WriteFileMode
    ) as "write-file"
    ---
    changed  tool `read`
             - the definition has changed: pinned anew
             - the documentation was replaced
             - `path` stays `path`: the server says `string`
             - the default of `lines` is 30 now, was 20
             - `as` is new
    changed  tool `write_file` (`write-file`)
             - the definition has changed: pinned anew
             - the server does not know `path`: it is left in place, and may be left out now
             - `mode` may be left out now
             - the server does not know `new` of `WriteFileMode`: it is left in place
             - `WriteFileMode` has `patch` now
    0 added, 2 changed, 0 removed, 0 kept
    "#);
}

#[test]
fn a_stale_pin_is_not_renewed_unasked() {
    let file = format!("tool read(path: string, lines: int = 10) pinned \"sha256:{}\"\n", "0".repeat(64));
    let text = merged(&file, READ, &Options::default());
    assert!(text.contains(&"0".repeat(64)) && text.contains("calls are refused until it is renewed"), "{text}");
    let text = merged(&file, READ, &pinned());
    assert!(!text.contains(&"0".repeat(64)) && text.contains("pinned anew"), "{text}");
}

#[test]
fn types_that_have_nothing_in_common_follow_the_server() {
    let file = "tool read(path: int, lines: list<string>)\n";
    insta::assert_snapshot!(merged(file, READ, &Options::default()), @r"
    tool read(path: string, lines: int = 10)
    ---
    changed  tool `read`
             - the documentation stays as it is: the server's differs
             - the documentation of `path` stays as it is: the server's differs
             - `path` is `string` now, was `int`
             - `lines` is `int` now, was `list<string>`
    0 added, 1 changed, 0 removed, 0 kept
    ");
}

#[test]
fn files_in_another_layout_are_touched_only_where_they_change() {
    let file = "tool   read( path:path // which\n  )   is  fs\ntags fs\n\n\nrule x{on read deny \"no\"}\n";
    let text = merged(file, READ, &Options::default());
    assert!(text.starts_with(
        "tool   read( path:path, // which\n    lines: int = 10\n  )   is  fs\ntags fs\n\n\nrule x{on read deny \"no\"}\n---"
    ), "{text}");
    let empty = merged("tool read()", READ, &Options::default());
    assert!(empty.starts_with("tool read(\n    /// Which.\n    path: string,\n    lines: int = 10\n)---"), "{empty}");
}

#[test]
fn servers_are_told_apart() {
    let fs = Options { server: Some("fs".into()), ..Options::default() };
    let text = merged("tool read()\ntool read2() as \"read\" on server \"git\"\n", READ, &fs);
    assert!(text.contains("1 added, 0 changed, 0 removed, 0 kept"), "{text}");
    assert!(text.contains("tool read_2(") && text.contains(") as \"read\" on server \"fs\"\n"), "{text}");
    // The author said where it runs; the import does not.
    let text = merged("tool read(path: path, lines: int = 10) on server \"fs\"\n", READ, &Options::default());
    assert!(text.contains("0 added, 0 changed, 0 removed, 1 kept"), "{text}");
}

#[test]
fn what_is_not_listed_is_not_gone() {
    let file = "prompt hello()\nresource page() as \"x://page\"\ntool read(path: string, lines: int = 10)\n";
    assert!(merged(file, READ, &Options::default()).ends_with("0 added, 0 changed, 0 removed, 1 kept\n"));
    let page = read_text(format!(r#"{{"tools": [{WRITE}], "nextCursor": "x"}}"#).as_bytes(), &Options::default());
    let merged = merge(file, &page.expect("a page")).expect("a merge");
    assert_eq!(merged.report.count(Status::Removed), 0);
}

#[test]
fn broken_files_are_refused() {
    let new = declarations(READ, &Options::default());
    assert_eq!(merge("tool (", &new).expect_err("an error").0, "the file has syntax errors: mend them first");
    assert_eq!(merge("", &new).expect("a merge").text, source(&new));
}

#[test]
fn any_text_may_surround_it() {
    // Comments, attributes and odd places for commas.
    let lists = [
        "()",
        "( )",
        "(path: path)",
        "(path: path,)",
        "(\n  path: path\n)",
        "(path: path // a\n)",
        "(path: path, // a\n // b\n)",
    ];
    let heads = [
        "tool read",
        "// c\n\n/// d\n@owner(\"x\")\ntool `read`",
        "let a: int = 1 // e\ntool read",
        "/// Reads.\ntool read",
    ];
    for (list, head) in lists.iter().flat_map(|l| heads.iter().map(move |h| (l, h))) {
        for tail in ["", " // f", "\ntool last()", " is a // g\ntags a"] {
            let file = format!("{head}{list}{tail}\n");
            for options in [Options::default(), pinned()] {
                let text = merged(&file, &format!("{READ}, {WRITE}"), &options);
                for comment in ["// a", "// b", "// c", "/// d", "// e", "// f", "// g", "/// Reads."] {
                    assert!(!file.contains(comment) || text.contains(comment), "{comment}: {text}");
                }
            }
        }
    }
}
