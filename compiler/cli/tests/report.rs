//! `clawc report`: a policy as a page.

mod common;

use common::Folder;
use serde_json::Value;

#[test]
fn a_page_goes_to_standard_output_or_to_a_file() {
    let folder = Folder::with_shop();
    let page = folder.run(&["report", "main.claw"]).expect(0).out;
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"), "{page}");
    assert_eq!(folder.run(&["report", ".", "-o", "-"]).expect(0).out, page);
    let run = folder.run(&["report", ".", "-o", "policy.html"]).expect(0);
    assert_eq!(run.out, "wrote policy.html\n");
    assert_eq!(folder.read("policy.html"), page);
    assert_eq!(folder.files(), ["main.claw", "policy.html"], "nothing else is left behind");
}

#[test]
fn the_same_policy_elsewhere_has_the_same_page() {
    let (one, other) = (Folder::with_shop(), Folder::new());
    other.write("some/where/main.claw", common::SHOP);
    let args = ["report", "--coverage"];
    let page = one.run(&[&args[..], &["main.claw"]].concat()).expect(0).out;
    assert_eq!(other.run(&[&args[..], &["some/where"]].concat()).expect(0).out, page);
    assert!(!page.contains(&*one.path().to_string_lossy()) && !page.contains("some/where"));
}

#[test]
fn the_digest_is_the_one_of_the_bundle() {
    let folder = Folder::with_shop();
    folder.run(&["build", "main.claw", "-o", "p.clawb"]).expect(0);
    let inspect: Value =
        serde_json::from_str(&folder.run(&["inspect", "p.clawb", "--format", "json"]).expect(0).out).unwrap();
    let report: Value = serde_json::from_str(&folder.run(&["report", ".", "--format", "json"]).expect(0).out).unwrap();
    assert_eq!(report["bundle"], inspect["digest"]);
    assert_eq!(report["modules"][0]["digest"], inspect["modules"][0]["digest"]);
    assert!(folder.run(&["report", "."]).expect(0).out.contains(inspect["digest"].as_str().unwrap()));
}

#[test]
fn the_ending_of_the_file_tells_the_format() {
    let folder = Folder::with_shop();
    folder.run(&["report", ".", "-o", "r.json"]).expect(0);
    let json: Value = serde_json::from_str(&folder.read("r.json")).unwrap();
    assert_eq!(json["package"], "shop");
    assert_eq!(json["rules"].as_array().unwrap().len(), 4);
    folder.run(&["report", ".", "-o", "r.json", "--format", "html"]).expect(0);
    assert!(folder.read("r.json").starts_with("<!DOCTYPE"), "--format comes first");
    folder
        .run(&["report", ".", "-o", "main.claw"])
        .fails_with("`main.claw` has the ending of a policy in source form", "name the report `….html` or `….json`");
    assert_eq!(folder.read("main.claw"), common::SHOP);
}

#[test]
fn coverage_runs_the_tests() {
    let folder = Folder::with_shop();
    let without = folder.run(&["report", "."]).expect(0).out;
    assert!(without.contains("were not run"), "{without}");
    let page = folder.run(&["report", ".", "--coverage"]).expect(0).out;
    assert!(page.contains("1 of 1 test passed") && page.contains("id=\"missed\""), "{page}");
    let json = folder.run(&["report", ".", "--coverage", "--format", "json"]).expect(0).out;
    let json: Value = serde_json::from_str(&json).unwrap();
    let test: Value =
        serde_json::from_str(&folder.run(&["test", "--coverage", "--format", "json"]).expect(0).out).unwrap();
    for name in ["clauses", "clauses_hit", "sides", "sides_seen"] {
        assert_eq!(json["tests"]["coverage"][name], test["coverage"]["summary"][name], "{name}");
    }
}

#[test]
fn a_policy_with_errors_has_no_report() {
    let folder = Folder::with_shop();
    folder.write("main.claw", common::SHOP.replace("refund in prod", "refnud in prod"));
    let run = folder.run(&["report", ".", "-o", "policy.html"]).expect(1);
    assert!(run.out.is_empty() && run.err.contains("refnud"), "{}", run.err);
    assert_eq!(folder.files(), ["main.claw"]);
    folder.run(&["report", "nowhere"]).expect(2);
}
