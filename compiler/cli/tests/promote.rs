//! `clawc promote` and `clawc suspend`: statuses change in the source, on evidence.

mod common;
#[path = "common/log.rs"]
mod log;

use claw_engine::audit::Verdict::{Grant, Refuse};
use common::Folder;
use log::{Log, TRIAL};

fn refused(times: u32) -> Log {
    (0..times).fold(Log::of(TRIAL), |log, at| log.refund(&format!("o-{at}"), "500.00", Refuse))
}

fn folder(log: &Log) -> Folder {
    let folder = Folder::new();
    folder.write("main.claw", TRIAL);
    folder.write("audit.jsonl", log.text());
    folder
}

#[test]
fn a_candidate_that_people_agree_with_is_confirmed() {
    let folder = folder(&refused(3));
    let run = folder.run(&["promote", "big_refunds", "--audit", "audit.jsonl"]).expect(0);
    assert!(run.out.starts_with("promoted  shop.big_refunds: candidate → confirmed (main.claw:30)\n"), "{}", run.out);
    assert!(run.out.contains("✓ 3 agreements, 3 needed\n"), "{}", run.out);
    assert!(run.out.contains("tightened  refund"), "what changes is shown: {}", run.out);
    assert_eq!(folder.read("main.claw"), TRIAL.replace("@status(candidate)", "@status(confirmed)"));
    folder.run(&["check"]).expect(0);
    folder.run(&["fmt", "--check"]).expect(0);
    let again = folder.run(&["promote", "big_refunds", "--audit", "audit.jsonl"]).expect(2);
    assert!(again.err.contains("`shop.big_refunds` can't be promoted: it is confirmed"), "{}", again.err);
}

#[test]
fn what_is_missing_is_told_and_nothing_changes() {
    let folder = folder(&refused(2).refund("o-9", "500.00", Grant));
    let run = folder.run(&["promote", "shop.big_refunds", "main.claw", "--audit", "audit.jsonl"]).expect(1);
    assert!(run.out.starts_with("not promoted  shop.big_refunds stays candidate"), "{}", run.out);
    assert!(run.out.contains("✗ 2 agreements, 3 needed\n  ✗ 1 disagreement, 0 tolerated\n"), "{}", run.out);
    assert!(run.out.contains("people disagreed in record 12\n"), "{}", run.out);
    assert_eq!(folder.read("main.claw"), TRIAL);
}

#[test]
fn calls_that_nobody_looked_at_promote_nothing() {
    let log = (0..5)
        .fold(Log::of(TRIAL), |log, at| log.call("refund", &format!(r#"{{ "order": "o-{at}", "amount": 500 }}"#)));
    let folder = folder(&log);
    let run = folder.run(&["promote", "big_refunds", "--audit", "audit.jsonl"]).expect(1);
    assert!(run.out.contains("✗ 0 agreements, 3 needed"), "{}", run.out);
}

#[test]
fn force_takes_a_reason_and_writes_it_down() {
    let folder = folder(&refused(1));
    folder.run(&["promote", "big_refunds", "--audit", "audit.jsonl", "--force"]).expect(2);
    let args = ["promote", "big_refunds", "--audit", "audit.jsonl", "--force", "--reason", "agreed in \"review 12\""];
    let dry = folder.run(&[&args[..], &["--dry-run"]].concat()).expect(0);
    assert!(dry.out.starts_with("would change  shop.big_refunds: candidate → confirmed"), "{}", dry.out);
    assert_eq!(folder.read("main.claw"), TRIAL);
    let run = folder.run(&args).expect(0);
    assert!(run.out.contains("(forced)"), "{}", run.out);
    let text = folder.read("main.claw");
    assert!(text.contains("forced: agreed in \\\"review 12\\\"\")"), "{text}");
    folder.run(&["check"]).expect(0);
}

#[test]
fn a_log_with_a_hole_is_not_believed() {
    let log = refused(3);
    let folder = folder(&log);
    let mut lines = log.lines().to_vec();
    lines.remove(1);
    folder.write("holed.jsonl", lines.join("\n"));
    let run = folder.run(&["promote", "big_refunds", "--audit", "holed.jsonl"]).expect(1);
    assert!(run.out.contains("✗ the log can't be believed as it is"), "{}", run.out);
    assert!(run.err.contains("warning"), "{}", run.err);
    assert!(run.err.contains("holed.jsonl:2: record 2 is missing"), "{}", run.err);
    let changed = log.text().replacen("\"refuse\"", "\"grant\"", 1);
    folder.write("changed.jsonl", changed);
    let run = folder.run(&["promote", "big_refunds", "--audit", "changed.jsonl"]).expect(1);
    assert!(run.err.contains("record 3 was changed"), "{}", run.err);
    assert_eq!(folder.read("main.claw"), TRIAL);
    folder
        .run(&["promote", "big_refunds", "--audit", "holed.jsonl", "--force", "--reason", "the disk was lost"])
        .expect(0);
}

#[test]
fn without_a_lifecycle_nothing_is_promoted_unless_forced() {
    let plain = TRIAL.replace("  promote after 3 agreements and 0 disagreements\n", "");
    let folder = folder(&refused(3));
    folder.write("main.claw", &plain);
    let run = folder.run(&["promote", "big_refunds", "--audit", "audit.jsonl"]).expect(1);
    assert!(run.out.contains("✗ the policy does not say what it takes"), "{}", run.out);
    assert!(run.out.contains("declare `lifecycle { promote after"), "{}", run.out);
}

#[test]
fn names_are_understood_or_suggested() {
    let folder = folder(&refused(3));
    let run = folder.run(&["promote", "big_refund", "--audit", "audit.jsonl"]).expect(2);
    assert!(run.err.contains("there is no rule, limit or grant `big_refund` in this policy"), "{}", run.err);
    assert!(run.err.contains("did you mean `big_refunds`?"), "{}", run.err);
    let run = folder.run(&["suspend", "grant refund,look to support", "--audit", "audit.jsonl", "--dry-run"]).expect(0);
    assert!(run.out.contains("shop.grant refund, look to support: confirmed → suspended"), "{}", run.out);
    assert!(run.out.contains("✓ 3 disagreements, 2 needed"), "{}", run.out);
}

#[test]
fn a_rule_that_people_always_wave_through_is_suspended() {
    let log = (0..2).fold(Log::of(TRIAL), |log, at| log.refund(&format!("o-{at}"), "5.00", Grant));
    let folder = folder(&log);
    let run = folder.run(&["suspend", "refunds_in_prod", "--audit", "audit.jsonl"]).expect(0);
    assert!(run.out.contains("loosened"), "{}", run.out);
    let text = folder.read("main.claw");
    let attribute = text.lines().find(|line| line.starts_with("@status(suspended")).unwrap();
    assert!(attribute.ends_with("2 disagreements\")"), "{attribute}");
    assert!(text.contains("// Everything that moves money waits for a lead.\n@status(suspended"), "{text}");
    let shown = folder.run(&["policy", "suspended"]).expect(0).out;
    assert!(shown.contains("shop.refunds_in_prod  suspended") && shown.contains("2 disagreements"), "{shown}");
    // What was suspended is tried out before it counts again.
    let run = folder.run(&["promote", "refunds_in_prod", "--audit", "audit.jsonl"]).expect(0);
    assert!(run.out.contains("suspended → candidate"), "{}", run.out);
}

#[test]
fn a_rule_that_caught_something_is_not() {
    let log = Log::of(TRIAL).refund("a", "5.00", Grant).refund("b", "5.00", Grant).refund("c", "5.00", Refuse);
    let folder = folder(&log);
    let run = folder.run(&["suspend", "refunds_in_prod", "--audit", "audit.jsonl"]).expect(1);
    assert!(run.out.contains("✓ 2 disagreements, 2 needed\n  ✗ 1 agreement, none tolerated\n"), "{}", run.out);
}

#[test]
fn what_rests_is_archived_once_the_log_reaches_back_far_enough() {
    let short = Log::of(TRIAL).call("look", r#"{ "order": "o" }"#).wait(10).call("look", r#"{ "order": "o" }"#);
    let folder = folder(&short);
    let args = ["suspend", "--archive", "no_blank_orders", "--audit", "audit.jsonl"];
    let run = folder.run(&args).expect(1);
    assert!(run.out.contains("✗ the log covers 10d"), "{}", run.out);
    folder.write("audit.jsonl", short.wait(25).call("look", r#"{ "order": "o" }"#).text());
    let run = folder.run(&args).expect(0);
    assert!(run.out.contains("archived  shop.no_blank_orders: confirmed → archived"), "{}", run.out);
}

#[test]
fn only_the_file_of_the_clause_is_edited_and_none_outside() {
    let log = refused(3);
    let folder = folder(&log);
    let company = TRIAL.replace("package shop\n", "package shop\n\n");
    folder.write("shared/company.claw", &company);
    folder.write("app/main.claw", "package app\n\nuse \"../shared/company.claw\" with grants\n");
    let run = folder.run(&["promote", "shop.big_refunds", "app", "--audit", "audit.jsonl", "--force", "--reason", "x"]);
    let run = run.expect(2);
    assert!(run.err.contains("lies outside of the policy's directory"), "{}", run.err);
    assert_eq!(folder.read("shared/company.claw"), company);
    folder.write("main.claw", "package app\n\nuse \"./shared/company.claw\" with grants\n");
    folder.run(&["promote", "shop.big_refunds", ".", "--audit", "audit.jsonl", "--force", "--reason", "x"]).expect(0);
    assert!(folder.read("shared/company.claw").contains("@status(confirmed, \""));
    assert_eq!(folder.read("main.claw"), "package app\n\nuse \"./shared/company.claw\" with grants\n");
}

#[test]
fn programs_get_json() {
    let folder = folder(&refused(3));
    let run =
        folder.run(&["promote", "big_refunds", "--audit", "audit.jsonl", "--dry-run", "--format", "json"]).expect(0);
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(
        (&json["from"], &json["to"], &json["changed"]),
        (&"candidate".into(), &"confirmed".into(), &true.into())
    );
    assert_eq!(json["findings"][0]["gate"]["have"], 3);
    assert!(json["diff"].is_object());
}

#[test]
fn what_a_change_breaks_is_told_before_it_is_made() {
    let log = refused(3);
    let folder = folder(&log);
    let invariant = "\ninvariant \"money can be moved\" {\n  on    refund\n  never deny\n}\n";
    let promised = TRIAL.replace("grant refund, look to support", "grant refund, look to any") + invariant;
    folder.write("main.claw", &promised);
    let run = folder.run(&["promote", "big_refunds", "--audit", "audit.jsonl"]).expect(1);
    assert!(run.err.contains("E0601"), "{}", run.err);
    assert_eq!(folder.read("main.claw"), promised, "nothing was changed");
    let test = "\ntest \"large refunds\" {\n  as     agent \"bot\" { roles: [support] }\n  in     dev\n  \
                call   refund { order: \"o\", amount: 500 }\n  expect allow\n}\n";
    folder.write("main.claw", format!("{TRIAL}{test}"));
    let run = folder.run(&["promote", "big_refunds", "--audit", "audit.jsonl", "--dry-run"]).expect(0);
    assert!(run.out.contains("! the test `large refunds` fails now"), "{}", run.out);
}
