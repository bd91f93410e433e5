//! `clawc check`: what is printed, and how it ends.

mod common;

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use common::{Folder, SHOP};

#[test]
fn a_clean_policy() {
    let folder = Folder::with_shop();
    let run = folder.run(&["check"]).expect(0);
    assert_eq!((run.out.as_str(), run.err.as_str()), ("no findings in 1 file\n", ""));
}

#[test]
fn findings_are_drawn_with_the_source() {
    let folder = Folder::new();
    folder.write(
        "p.claw",
        "package p\nenvironments dev\nroles support, support_lead\ntool refund(ämount: decimal)\n\
         // 😀 é\ngrant refund to suport\ntool refund(x: int)\n",
    );
    let run = folder.run(&["check", "p.claw"]).expect(1);
    insta::assert_snapshot!(run.out);
}

#[test]
fn an_invariant_is_refuted_with_a_call_that_can_be_tried() {
    let folder = Folder::new();
    let policy = "package p\nenvironments dev, prod\nroles support\ntool refund(order: string, amount: decimal)\n\
                  grant refund to support\n\
                  rule big { on refund when args.amount > 1000.00 deny \"too much\" }\n\
                  invariant \"no large refund in prod\" { on refund in prod when args.amount > 500.00 never allow }\n";
    folder.write("p.claw", policy);
    let run = folder.run(&["check", "p.claw"]).expect(1);
    insta::assert_snapshot!(run.out);
    folder.run(&["build", "p.claw", "-o", "p.clawb"]).expect(1);
    assert!(!folder.path().join("p.clawb").exists());
    // The request and the test that are shown do what the finding says.
    let run = folder.run(&["check", "p.claw", "--format", "json"]).expect(1);
    let found: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let notes = found["diagnostics"][0]["notes"].as_array().unwrap();
    let request = notes[0].as_str().unwrap().split_once(": ").unwrap().1;
    folder.write("r.json", request);
    let decided = folder.run(&["eval", "p.claw", "--request", "r.json", "--format", "json"]).expect(0);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&decided.out).unwrap()["decision"], "allow");
    let test = notes[1].as_str().unwrap().split_once(":\n").unwrap().1;
    folder.write("p.claw", format!("{policy}{test}\n"));
    folder.run(&["test", "p.claw"]).expect(0);
}

#[test]
fn places_after_wide_characters_are_exact() {
    let folder = Folder::new();
    folder.write("p.claw", "package p\nenvironments dev\nroles r\ntool t()\n/* 😀 */ grant t to x\n");
    let run = folder.run(&["check", "p.claw", "--format", "json"]).expect(1);
    let found: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let unknown = found["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .find(|d| d["message"].as_str().unwrap().contains("`x`"))
        .unwrap();
    assert_eq!(unknown["range"]["start"], serde_json::json!({ "line": 5, "column": 20, "offset": 66 }));
}

#[test]
fn json_has_the_documented_shape() {
    let folder = Folder::new();
    folder.write("p.claw", "package p\nenvironments dev\nroles r\ntool refund()\ngrant refnud to r\n");
    let run = folder.run(&["check", "p.claw", "--format", "json"]).expect(1);
    let found: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let finding = &found["diagnostics"][0];
    assert_eq!(finding["severity"], "error");
    assert_eq!(finding["file"], "p.claw");
    assert_eq!(finding["range"]["start"]["line"], 5);
    assert_eq!(finding["fix"]["edits"][0]["text"], "refund");
    assert_eq!(found["summary"]["errors"], 1);
    assert_eq!(found["summary"]["files"], 1);
    let keys: Vec<_> = finding.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["code", "file", "fix", "help", "labels", "message", "notes", "range", "severity"]);
}

#[test]
fn warnings_fail_only_if_denied() {
    let folder = Folder::new();
    let text = "package w\nenvironments dev\nroles r\nlabels never_read\ntool t()\ngrant t to r\nrule m { on t mark never_read }\n";
    folder.write("main.claw", text);
    let run = folder.run(&["check"]).expect(0);
    assert!(run.out.contains("warning[W0103]") && run.out.ends_with("1 warning\n"), "{}", run.out);
    folder.run(&["check", "--deny", "warnings"]).expect(1);
    let run = folder.run(&["build", "main.claw", "-o", "w.clawb"]).expect(0);
    assert!(run.out.ends_with("(1 warning; see `clawc check`)\n"), "{}", run.out);
}

#[test]
fn colours_only_where_asked_for() {
    let folder = Folder::new();
    folder.write("p.claw", "package p\ngrant x to y\n");
    assert!(!folder.run(&["check", "p.claw"]).out.contains('\x1b'));
    assert!(folder.run(&["check", "p.claw", "--color", "always"]).out.contains('\x1b'));
    assert!(!folder.run(&["check", "p.claw", "--color", "never"]).out.contains('\x1b'));
}

#[test]
fn what_a_terminal_would_obey_is_not_printed() {
    let folder = Folder::new();
    folder.write("p.claw", "package p\nenvironments dev\ngrant \x1b[31mx to \u{202E}y\n");
    let run = folder.run(&["check", "p.claw"]).expect(1);
    assert!(!run.out.contains(['\x1b', '\u{202E}']), "{}", run.out);
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let folder = Folder::new();
    let many: String = (0..3000).map(|i| format!("grant x{i} to y\n")).collect();
    folder.write("p.claw", format!("package p\n{many}"));
    let mut child = folder
        .command(&["check", "p.claw", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn watching_checks_again() {
    let folder = Folder::with_shop();
    let mut child = folder.command(&["check", "--watch"]).stdout(Stdio::piped()).spawn().unwrap();
    let (sender, lines) = mpsc::channel();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || stdout.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
    let next = |wanted: &str| {
        loop {
            let line = lines.recv_timeout(Duration::from_secs(20)).unwrap_or_else(|_| panic!("no line with {wanted}"));
            if line.contains(wanted) {
                break;
            }
        }
    };
    next("no findings");
    next("watching");
    folder.write("main.claw", SHOP.replace("to support", "to suport"));
    next("1 error");
    next("watching");
    folder.write("main.claw", SHOP);
    next("no findings");
    child.kill().unwrap();
    child.wait().unwrap();
}

const PROVED: &str = "the graph and the clauses agree on every answer of the tests";

#[test]
fn a_policy_is_certified() {
    let folder = Folder::with_shop();
    let run = folder.run(&["check", "--certify", "--deny", "warnings"]).expect(0);
    assert_eq!(run.out, format!("main.claw: certified: 2 tools, 5 roots: {PROVED}\nno findings in 1 file\n"));
    let run = folder.run(&["check", "--certify", "--format", "json"]).expect(0);
    let found: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let nothing = serde_json::json!([]);
    assert_eq!(
        found["certificates"],
        serde_json::json!([{ "policy": "main.claw", "certified": true, "tools": 2, "roots": 5, "by_clauses": 0,
                             "disagreements": nothing, "skipped": nothing, "faults": nothing }])
    );
    let run = folder.run(&["check", "--certify", "--format", "github"]).expect(0);
    assert!(!run.out.contains("::error"), "{}", run.out);
    assert!(!folder.run(&["check", "--format", "json"]).expect(0).out.contains("certificates"));
}

#[test]
fn a_policy_with_errors_is_not_certified() {
    let folder = Folder::new();
    folder.write("main.claw", SHOP.replace("to support", "to suport"));
    let run = folder.run(&["check", "--certify"]).expect(1);
    assert!(!run.out.contains("certified"), "{}", run.out);
    folder
        .run(&["check", "--certify", "--format", "sarif"])
        .fails_with("`--certify` has no place in a SARIF report", "use another `--format` with it");
}

#[test]
fn every_example_is_certified() {
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut seen = 0;
    for path in std::fs::read_dir(examples).unwrap().map(|entry| entry.unwrap().path()) {
        if path.join("main.claw").is_file() {
            let run =
                Folder::new().run(&["check", "--certify", "--deny", "warnings", path.to_str().unwrap()]).expect(0);
            assert!(run.out.contains(PROVED), "{}", run.out);
            seen += 1;
        }
    }
    assert!(seen >= 4);
}
