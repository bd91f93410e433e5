//! `clawc diff`: files and revisions, formats, exit statuses, and the exercise of the documentation.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{Folder, SHOP};
use serde_json::Value;

/// The small policy without what asks for history, which nothing is shown about.
fn shop() -> String {
    SHOP.split("rule look_first").next().unwrap().to_owned()
}

fn looser() -> String {
    shop().replace("args.amount > 100.00", "args.amount > 200.00")
}

fn with_shop() -> Folder {
    let folder = Folder::new();
    folder.write("main.claw", shop());
    folder
}

fn git(folder: &Path, args: &[&str]) {
    let output = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@a.example", "-c", "commit.gpgsign=false"])
        .args(["-c", "init.defaultBranch=main"])
        .args(args)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .current_dir(folder)
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn commit(folder: &Folder, tag: &str) {
    git(folder.path(), &["add", "-A"]);
    git(folder.path(), &["commit", "-q", "--allow-empty", "-m", tag]);
    git(folder.path(), &["tag", tag]);
}

/// A repository with the small policy in `policies/`, tagged `v1`; the work tree allows larger refunds.
fn repository() -> Folder {
    let folder = Folder::new();
    git(folder.path(), &["init", "-q"]);
    folder.write("policies/main.claw", shop());
    folder.write("other/a.claw", "package a\n");
    folder.write("other/b.claw", "package b\n");
    commit(&folder, "v1");
    folder.write("policies/main.claw", looser());
    folder
}

#[test]
fn files_are_compared() {
    let folder = with_shop();
    folder.write("same.claw", shop().replace("rule big_refunds", "rule no_large_refunds"));
    folder.write("looser.claw", looser());
    let same = folder.run(&["diff", "main.claw", "same.claw", "--forbid-loosening"]).expect(0).out;
    assert_eq!(same, "no difference  every call is decided as before\n");
    let looser = folder.run(&["diff", "main.claw", "looser.claw"]).expect(0).out;
    assert!(looser.contains("loosened  refund") && looser.contains("args.amount <= 200"), "{looser}");
    folder.run(&["diff", "main.claw", "looser.claw", "--forbid-loosening"]).expect(1);
    let tighter = folder.run(&["diff", "looser.claw", "main.claw", "--forbid-loosening"]);
    assert!(!tighter.out.contains("loosened  "), "{}", tighter.out);
}

#[test]
fn what_can_not_be_told_is_forbidden_too() {
    let policy = |bound: u32| {
        format!(
            "package p\nenvironments prod\nroles r\ntool fetch(h: host)\n\
             extern reputation(h: host) -> int {{ timeout 50ms }}\ngrant fetch to r\n\
             rule bad {{ on fetch when reputation(args.h) < {bound} deny \"bad\" }}\n"
        )
    };
    let folder = Folder::new();
    folder.write("main.claw", policy(50));
    folder.write("looser.claw", policy(40));
    let forbid = ["diff", "main.claw", "looser.claw", "--forbid-loosening"];
    let out = folder.run(&forbid).expect(1).out;
    assert!(out.contains("unknown  fetch: whether more is loosened can't be told"), "{out}");
    folder.run(&[&forbid[..], &["--allow-unknown"]].concat()).expect(0);
    folder.run(&["diff", "main.claw", "looser.claw", "--allow-unknown"]).expect(2);
}

#[test]
fn what_came_earlier_is_part_of_an_example() {
    let folder = Folder::with_shop();
    folder.write("looser.claw", SHOP.replace("args.amount > 100.00", "args.amount > 200.00"));
    let out = folder.run(&["diff", "main.claw", "looser.claw"]).expect(0).out;
    for part in ["loosened  refund", "prior look(prior.order == args.order) within 10m"] {
        assert!(out.contains(part), "{part} in\n{out}");
    }
    assert!(!out.contains("unknown"), "{out}");
}

#[test]
fn examples_are_decided_again_as_they_say() {
    let folder = with_shop();
    folder.write("looser.claw", looser());
    let out = folder.run(&["diff", "main.claw", "looser.claw", "--format", "json"]).expect(0).out;
    let diff: Value = serde_json::from_str(&out).unwrap();
    assert!(diff["loosened"].as_u64() >= Some(1), "{out}");
    for class in diff["classes"].as_array().unwrap() {
        if class["example"]["earlier"] != 0 {
            continue;
        }
        folder.write("r.json", class["example"]["request"].to_string());
        for (side, file) in [("old", "main.claw"), ("new", "looser.claw")] {
            let again = folder.run(&["eval", file, "--request", "r.json", "--format", "json"]).expect(0).out;
            let again: Value = serde_json::from_str(&again).unwrap();
            assert_eq!(again["decision"], class["example"]["decisions"][side]["decision"], "{class:#}");
        }
    }
}

#[test]
fn markdown_is_a_comment() {
    let folder = with_shop();
    folder.write("looser.claw", looser());
    let out = folder.run(&["diff", "main.claw", "looser.claw", "--format", "markdown"]).expect(0).out;
    for part in ["## Policy: ", "### Loosened", "- **refund", "`args.amount <= 200`", "<details>", "```json"] {
        assert!(out.contains(part), "{part} in\n{out}");
    }
}

#[test]
fn revisions_are_compared_with_the_work_tree() {
    let folder = repository();
    let out = folder.run(&["diff", "git:v1:policies"]).expect(0).out;
    assert!(out.contains("loosened  refund") && out.contains("policies/main.claw:"), "{out}");
    folder.run(&["diff", "git:HEAD:policies/main.claw", "policies", "--forbid-loosening"]).expect(1);
    let same = folder.run(&["diff", "git:v1:policies", "git:v1:policies/main.claw"]).expect(0).out;
    assert!(same.starts_with("no difference"), "{same}");
    // From a folder below the root of the repository.
    let below = folder.command(&["diff", "git:v1:."]).current_dir(folder.path().join("policies")).output().unwrap();
    assert!(String::from_utf8(below.stdout).unwrap().contains("loosened  refund"));
}

#[test]
fn what_is_no_revision_is_said() {
    let folder = repository();
    folder.run(&["diff", "git:v9:policies"]).fails_with(
        "this repository has no revision `v9`",
        "in CI, fetch it first: a shallow clone has the newest commit alone",
    );
    folder.run(&["diff", "git:v1:policy", "policies"]).fails_with(
        "no policy at `policy` in revision `v1`",
        "the path is that of the revision, relative to this directory",
    );
    folder.run(&["diff", "git:v1:../x", "policies"]).fails_with("`../x` leads out of the repository", "");
    folder.run(&["diff", "git:v1:other", "policies"]).fails_with(
        "`other` holds several policies in `v1`: `other/a.claw`, `other/b.claw`",
        "name one file, or call the root `main.claw`",
    );
    folder.run(&["diff", "git:v1"]).fails_with(
        "`git:v1` names no revision and path",
        "a policy in a revision is written `git:REV:PATH`, such as `git:main:policies`",
    );
    folder.run(&["diff", "policies"]).fails_with(
        "there is nothing to compare with",
        "name NEW, too; it may be left out only where OLD is `git:REV:PATH`",
    );
    let outside = with_shop();
    outside
        .run(&["diff", "git:main:main.claw"])
        .fails_with("this directory is in no git repository", "run it inside of the repository that REV is in");
}

#[test]
fn no_revision_is_a_command_or_an_option() {
    let folder = repository();
    for revision in ["$(touch made)", "v1;touch made", "--output=made", "-x", "v1 --output=made"] {
        let run = folder.run(&["diff", &format!("git:{revision}:policies"), "policies"]).expect(2);
        assert!(run.err.contains("no revision"), "{revision}: {}", run.err);
    }
    assert!(!folder.files().contains(&"made".to_owned()));
}

#[cfg(unix)]
#[test]
fn links_of_a_revision_lead_nowhere() {
    let folder = repository();
    fs::create_dir(folder.path().join("linked")).unwrap();
    std::os::unix::fs::symlink("../policies/main.claw", folder.path().join("linked/main.claw")).unwrap();
    commit(&folder, "v2");
    let run = folder.run(&["diff", "git:v2:linked", "policies"]).expect(2);
    assert!(run.err.contains("no policy at `linked`"), "{}", run.err);
}

#[test]
fn a_policy_with_errors_is_not_compared() {
    let folder = repository();
    folder.write("policies/main.claw", "package shop\ngrant x to y\n");
    let run = folder.run(&["diff", "git:v1:policies"]).expect(1);
    assert!(run.out.is_empty() && run.err.contains("`x` is not declared"), "{}", run.err);
}

/// The exercise, as its page tells it. `CLAW_UPDATE=1` rewrites what its commands print.
#[test]
fn the_quiet_loosening_is_found() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = Folder::new();
    git(folder.path(), &["init", "-q"]);
    for version in ["v1", "v2", "v3", "v4", "v5", "v6"] {
        let _ = fs::remove_dir_all(folder.path().join("policies"));
        copy(&root.join("tests/exercises/quiet-loosening").join(version), &folder, "policies");
        commit(&folder, version);
        folder.run(&["check", "--deny", "warnings", "policies"]).expect(0);
        folder.run(&["test", "policies"]).expect(0);
        folder.run(&["fmt", "--check", "policies"]).expect(0);
    }
    let file = root.join("docs/exercises/quiet-loosening.md");
    let page = fs::read_to_string(&file).unwrap();
    let mut shown = String::new();
    let mut rest = page.as_str();
    let mut commands = 0;
    while let Some((before, after)) = rest.split_once("```console\n") {
        let (block, after) = after.split_once("```\n").unwrap();
        shown.push_str(before);
        shown.push_str("```console\n");
        for line in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
            shown.push_str(&format!("$ {line}\n{}", run(&folder, line)));
            commands += 1;
        }
        shown.push_str("```\n");
        rest = after;
    }
    shown.push_str(rest);
    if std::env::var_os("CLAW_UPDATE").is_some() {
        fs::write(&file, &shown).unwrap();
    }
    assert_eq!(commands, 8);
    assert!(shown == page, "the page shows something else; CLAW_UPDATE=1 rewrites it:\n{shown}");
    for (change, status) in [("v2 v3", 0), ("v3 v4", 1), ("v2 v6", 1), ("v1 v2", 0), ("v5 v6", 0)] {
        let (old, new) = change.split_once(' ').unwrap();
        let (old, new) = (format!("git:{old}:policies"), format!("git:{new}:policies"));
        folder.run(&["diff", &old, &new, "--forbid-loosening"]).expect(status);
    }
}

fn run(folder: &Folder, line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    match &words[..] {
        ["git", rest @ ..] => {
            git(folder.path(), rest);
            String::new()
        }
        ["clawc", rest @ ..] => folder.run(rest).out,
        _ => panic!("{line}"),
    }
}

fn copy(from: &Path, folder: &Folder, to: &str) {
    for entry in fs::read_dir(from).unwrap().flatten() {
        let name = format!("{to}/{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            copy(&entry.path(), folder, &name);
        } else {
            folder.write(&name, fs::read(entry.path()).unwrap());
        }
    }
}
