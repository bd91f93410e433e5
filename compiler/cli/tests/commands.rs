//! The commands besides `check` and `eval`.

mod common;

use common::{Folder, SHOP};

#[test]
fn fmt_rewrites_checks_and_reads_standard_input() {
    let folder = Folder::with_shop();
    folder.run(&["fmt", "main.claw"]).expect(0);
    let tidy = folder.read("main.claw");
    let run = folder.run(&["fmt", "--check", "main.claw"]).expect(0);
    assert_eq!(run.out, "0 of 1 file would change\n");

    let messy = tidy.replace("package shop", "package   shop");
    folder.write("main.claw", &messy);
    let run = folder.run(&["fmt", "--check"]).expect(1);
    assert!(run.out.contains("-package   shop\n") && run.out.contains("+package shop\n"), "{}", run.out);
    assert!(run.out.ends_with("1 of 1 file would change\n"), "{}", run.out);
    assert_eq!(folder.read("main.claw"), messy);

    let run = folder.run(&["fmt"]).expect(0);
    assert_eq!(run.out, "formatted main.claw\n1 of 1 file changed\n");
    assert_eq!(folder.read("main.claw"), tidy);
    assert_eq!(folder.files(), ["main.claw"], "no temporary file is left");

    let run = folder.run_with(&["fmt", "-"], messy.as_bytes()).expect(0);
    assert_eq!(run.out, tidy);
    folder.run_with(&["fmt", "--check", "-"], messy.as_bytes()).expect(1);
}

#[test]
fn fmt_leaves_what_does_not_parse() {
    let folder = Folder::new();
    let broken = "package p\ntool t(a: string\ngrant   t to r\n";
    folder.write("p.claw", broken);
    let run = folder.run(&["fmt", "p.claw"]).expect(1);
    assert!(run.err.contains("`p.claw` is left as it is"), "{}", run.err);
    assert_eq!(folder.read("p.claw"), broken);
}

#[cfg(unix)]
#[test]
fn fmt_keeps_permissions_and_writes_through_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new();
    folder.write("real.claw", "package   p\n");
    let real = folder.path().join("real.claw");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.claw", folder.path().join("link.claw")).unwrap();
    folder.run(&["fmt", "link.claw"]).expect(0);
    assert!(folder.path().join("link.claw").is_symlink());
    assert_eq!(folder.read("real.claw"), "package p\n");
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn build_is_deterministic_and_inspect_shows_it() {
    let folder = Folder::with_shop();
    let run = folder.run(&["build", "main.claw", "-o", "a.clawb"]).expect(0);
    assert!(run.out.starts_with("built a.clawb, "), "{}", run.out);
    folder.write("elsewhere/deep/main.claw", SHOP);
    folder.run(&["build", "elsewhere/deep", "-o", "b.clawb"]).expect(0);
    assert_eq!(folder.bytes("a.clawb"), folder.bytes("b.clawb"));

    let run = folder.run(&["inspect", "a.clawb", "--format", "json"]).expect(0);
    let shown: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(shown["package"], "shop");
    assert_eq!(shown["modules"][0]["file"], "main.claw");
    assert_eq!(shown["counts"]["rules"], 4);
    assert_eq!(shown["tools"].as_array().unwrap().len(), 2);
    assert!(shown["digest"].as_str().unwrap().starts_with("sha256:"));
    let run = folder.run(&["inspect", "a.clawb"]).expect(0);
    assert!(run.out.starts_with("shop  sha256:") && run.out.contains("\n  refund  "), "{}", run.out);
}

#[test]
fn build_refuses_errors_and_writes_nothing() {
    let folder = Folder::with_shop();
    folder.write("main.claw", SHOP.replace("to support", "to suport"));
    let run = folder.run(&["build", "main.claw", "-o", "x.clawb"]).expect(1);
    assert!(run.err.contains("`suport`") && run.out.is_empty(), "{}", run.err);
    assert_eq!(folder.files(), ["main.claw"]);
    folder
        .run(&["build", "main.claw", "-o", "x.claw"])
        .fails_with("`x.claw` has the ending of a policy in source form", "bundles are called `….clawb`");
    let run = folder.run(&["build", "main.claw", "-o", "nowhere/x.clawb"]);
    run.expect(1);
}

#[test]
fn damaged_bundles_are_refused() {
    let folder = Folder::with_shop();
    folder.run(&["build", "main.claw", "-o", "a.clawb"]).expect(0);
    let mut bytes = folder.bytes("a.clawb");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    folder.write("bad.clawb", &bytes);
    folder.run(&["inspect", "bad.clawb"]).expect(2);
    folder.run(&["eval", "bad.clawb", "-"]).expect(2);
    folder.write("short.clawb", &bytes[..20]);
    folder.run(&["inspect", "short.clawb"]).expect(2);
    let run = folder.run(&["inspect", "main.claw"]).expect(2);
    assert!(run.err.contains("`main.claw` is a policy in source form"), "{}", run.err);
}

#[test]
fn explain_knows_every_code_and_guesses_others() {
    let folder = Folder::new();
    let list = folder.run(&["explain", "--list"]).expect(0).out;
    for line in list.lines() {
        let code = line.split_whitespace().next().unwrap();
        let run = folder.run(&["explain", code]).expect(0);
        assert!(run.out.contains(code), "{code}: {}", run.out);
    }
    let code = list.lines().next().unwrap().split_whitespace().next().unwrap();
    folder.run(&["explain", &format!("[{}]", code.to_lowercase())]).expect(0);
    let run = folder.run(&["explain", "E0199"]).expect(2);
    assert!(
        run.err.contains("there is no diagnostic with the code `E0199`") && run.err.contains("E010"),
        "{}",
        run.err
    );
    let run = folder.run(&["explain", "nonsense"]).expect(2);
    assert!(run.err.contains("`clawc explain --list`"), "{}", run.err);
}

#[test]
fn tests_pass() {
    let folder = Folder::with_shop();
    let run = folder.run(&["test"]).expect(0);
    assert_eq!(run.out, "ok      small refunds after a look\n\n1 test: 1 passed, 0 failed\n");
    let run = folder.run(&["test", "--filter", "nothing like it"]).expect(0);
    assert_eq!(run.out, "there are no tests whose name contains `nothing like it`\n");
}

#[test]
fn a_failed_test_explains_the_decision() {
    let folder = Folder::with_shop();
    folder.write("main.claw", SHOP.replace("expect deny because big_refunds", "expect allow"));
    let run = folder.run(&["test"]).expect(1);
    insta::assert_snapshot!(run.out);
    let run = folder.run(&["test", "--format", "json"]).expect(1);
    let shown: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(shown["summary"], serde_json::json!({ "passed": 0, "failed": 1 }));
    let failure = &shown["tests"][0]["failures"][0];
    assert_eq!(failure["mismatches"][0]["expected"], "allow");
    assert_eq!(failure["decision"]["reason"], "rule");
}

#[test]
fn a_policy_with_errors_runs_no_tests() {
    let folder = Folder::with_shop();
    folder.write("main.claw", format!("{SHOP}\ntest \"x\" {{ in dev call look {{ order: \"1\" }} expect allow }}\n"));
    let run = folder.run(&["test"]).expect(1);
    assert!(run.err.contains("E0501") && run.out.is_empty(), "{}{}", run.out, run.err);
}

/// A policy that asks for everything a test can set.
const SETTINGS: &str = r#"package settings
environments dev, prod
roles r, lead
labels seen, stale
origins web, user_prompt
context { ticket?: string }
user { level: int }
live blocked: set<string>
extern score(x: string) -> int { timeout 1s }
tool read(file: path)
tool say(text: string)
tool other(id: string) as "other-tool" on server "files"
constraints { timeout: duration = min }
window week { days mon..fri zone "Europe/Berlin" }
approval own { by user expires 5m }
approval two { by 2 of lead expires 5m note required }
grant read, say, other to r
rule inside   { on read unless args.file under "/srv" deny "outside" }
rule blocked_words { on say when args.text in blocked deny "blocked" }
rule from_web { on say when web in origins(args.text) deny "from the web" }
rule risky    { on say when score(args.text) > 5 deny "risky" }
rule labelled { on other when stale in session.labels deny "stale" }
rule ticketed { on other in prod unless present(context.ticket) deny "no ticket" }
rule juniors  { on other unless user.level > 2 deny "too junior" }
rule weekdays { on other unless now in week deny "weekend" }
rule slow     { on other constrain timeout 30s }
rule marks_it { on read mark seen }
rule both     { on other in prod require own, two }
rule after    { on say when prior other(prior.id == args.text) within 1h deny "just used" }
"#;

#[test]
fn every_setting_of_a_test_reaches_the_request() {
    let folder = Folder::new();
    let steps = r#"
        as agent "a" { roles: [r] } in dev at 2026-03-02T10:00:00+01:00
        with live { blocked: ["bad"] } with extern { score: 1 } with origins { "/args/text": [user_prompt] }
        call say { text: "fine" } expect allow
        call say { text: "bad" } expect deny because blocked_words reason rule
        with extern { score: 9 }
        call say { text: "fine" } expect deny because risky
        with extern { score: 1 } with origins { "/args/text": [web] }
        call say { text: "fine" } expect deny because from_web
        call read { file: "/srv/x" } expect deny because inside
        with resolved { "/args/file": "/srv/x" }
        call read { file: "/srv/x" } expect allow marks seen
        with resolved { "/args/file": "/etc/passwd" }
        call read { file: "/srv/x" } expect deny because inside
        as user "u" { level: 3 }
        call other { id: "1" } fails expect allow
        call other { id: "1" } expect allow
        with labels [stale]
        call other { id: "1" } expect deny because labelled"#;
    let more = r#"
        as agent "a" { roles: [r] } as user "u" { level: 3 } in prod at 2026-03-02T10:00:00+01:00
        call other { id: "1" } expect deny because ticketed
        with context { ticket: "T-1" }
        call other { id: "1" } expect require own, two
        with approvals [own]
        call other { id: "1" } expect require two
        with approvals [own, two]
        call other { id: "1" } expect allow
        call other { id: "1" } expect allow
        as user "u" { level: 1 }
        call other { id: "1" } expect deny because juniors
        as user "u" { level: 3 } at 2026-03-07T10:00:00+01:00
        call other { id: "1" } expect deny because weekdays"#;
    folder
        .write("main.claw", format!("{SETTINGS}\ntest \"settings\" {{ {steps} }}\ntest \"approvals\" {{ {more} }}\n"));
    let run = folder.run(&["test"]);
    assert_eq!(
        (run.code, run.out.as_str()),
        (0, "ok      settings\nok      approvals\n\n2 tests: 2 passed, 0 failed\n"),
        "{}",
        run.err
    );
}

#[test]
fn approvals_of_a_test_are_votes_of_eligible_people() {
    let folder = Folder::with_shop();
    let steps = "as agent \"a\" { roles: [support] } in prod with context { ticket: \"T-1\" }
        at 2026-03-02T10:00:00Z
        call look { order: \"1\" } expect allow
        call refund { order: \"1\", amount: 1 } expect require four_eyes because refunds_in_prod
        with approvals [four_eyes]
        call refund { order: \"1\", amount: 1 } expect allow
        call refund { order: \"1\", amount: 1 } fails expect allow";
    folder.write("main.claw", format!("{SHOP}\ntest \"approved\" {{ {steps} }}\n"));
    folder.run(&["test"]).expect(0);
}

#[test]
fn coverage_names_what_no_test_exercised() {
    let folder = Folder::with_shop();
    let run = folder.run(&["test", "--coverage"]).expect(0);
    insta::assert_snapshot!(run.out);
    let run = folder.run(&["test", "--coverage", "--format", "json"]).expect(0);
    let shown: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let conditions = shown["coverage"]["conditions"].as_array().unwrap();
    let of = |owner: &str| conditions.iter().find(|c| c["owner"] == owner).unwrap();
    assert_eq!(of("shop.big_refunds")["missing"], serde_json::json!([]));
    assert_eq!(of("shop.ticket_in_prod")["seen"], serde_json::json!(["unknown"]));
    assert_eq!(of("shop.ticket_in_prod")["missing"], serde_json::json!(["true", "false"]));
}
