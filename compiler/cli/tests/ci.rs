//! What CI systems read: SARIF, GitHub's workflow commands, JUnit XML.

mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use common::{Folder, SHOP};
use serde_json::{Value, json};

/// Errors: a comment of another language, a word with a fix behind wide characters, one with a second place.
const FINDINGS: &str = "package p\nenvironments dev\nroles support\n\ntool t(x: int)\n/* 😀 */ grant t to suport\n\
                        tool t(y: int)\n";

const WARNING: &str = "package w\nenvironments dev\nroles r\nlabels never_read\ntool t()\ngrant t to r\n\
                       rule m { on t mark never_read }\n";

fn sarif(folder: &Folder, args: &[&str], code: i32) -> Value {
    let run = folder.run(&[&["check", "--format", "sarif"], args].concat()).expect(code);
    assert_eq!(run.err, "");
    serde_json::from_str(&run.out).unwrap()
}

fn result<'v>(log: &'v Value, rule: &str) -> &'v Value {
    let results = log["runs"][0]["results"].as_array().unwrap();
    results.iter().find(|result| result["ruleId"] == rule).unwrap_or_else(|| panic!("no {rule} in {results:#?}"))
}

#[test]
fn sarif_names_rules_places_and_fixes() {
    let folder = Folder::new();
    folder.write("a b/pö.claw", FINDINGS);
    let log = sarif(&folder, &["a b/pö.claw"], 1);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "utf16CodeUnits");
    assert_eq!(run["invocations"], json!([{ "executionSuccessful": true, "exitCode": 1 }]));
    let file = json!({ "uri": "a%20b/p%C3%B6.claw", "uriBaseId": "SRCROOT" });
    assert_eq!(run["artifacts"][0]["location"], file);

    let unknown = result(&log, "E0109");
    let place = &unknown["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"], file);
    // Two units for the emoji.
    let region = json!({ "startLine": 6, "startColumn": 21, "endLine": 6, "endColumn": 27 });
    assert_eq!(place["region"], region);
    assert_eq!(unknown["level"], "error");
    assert_eq!(unknown["message"]["text"], "there is no role `suport`\nhelp: did you mean `support`?");
    let change = &unknown["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["artifactLocation"], file);
    assert_eq!(change["replacements"], json!([{ "deletedRegion": region, "insertedContent": { "text": "support" } }]));
    let twice = result(&log, "E0102");
    assert_eq!(twice["relatedLocations"][0]["id"], 1);
    assert_eq!(twice["relatedLocations"][0]["physicalLocation"]["region"]["startLine"], 5);
    assert!(twice["relatedLocations"][0]["message"]["text"].is_string());
}

#[test]
fn every_sarif_result_has_its_rule() {
    let folder = Folder::new();
    folder.write("main.claw", FINDINGS);
    let log = sarif(&folder, &["--help-uri", "https://docs.example/{code}.html"], 1);
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(results.len() >= 3, "{results:#?}");
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert_eq!(rule["defaultConfiguration"]["level"], result["level"]);
        let id = rule["id"].as_str().unwrap();
        assert_eq!(rule["helpUri"], format!("https://docs.example/{id}.html"));
        assert!(rule["help"]["markdown"].as_str().unwrap().starts_with(&format!("# {id}: ")));
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(!rule[text]["text"].as_str().unwrap().is_empty(), "{id} {text}");
        }
        for place in result["locations"].as_array().unwrap() {
            let region = &place["physicalLocation"]["region"];
            let at = |line: &str, column: &str| (region[line].as_u64().unwrap(), region[column].as_u64().unwrap());
            let (start, end) = (at("startLine", "startColumn"), at("endLine", "endColumn"));
            assert!(start.0 >= 1 && start.1 >= 1 && start <= end, "{region}");
        }
    }
    folder.write("main.claw", WARNING);
    let warned = sarif(&folder, &[], 0);
    assert_eq!(result(&warned, "W0103")["level"], "warning");
    let denied = sarif(&folder, &["--deny", "warnings"], 1);
    assert_eq!(denied["runs"][0]["invocations"][0]["exitCode"], 1);
    let ids: Vec<_> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted() && ids.contains(&"E0109"), "{ids:?}");
}

#[test]
fn a_clean_policy_gives_an_empty_sarif_report_without_pages_elsewhere() {
    let folder = Folder::with_shop();
    let log = sarif(&folder, &[], 0);
    assert_eq!(log["runs"][0]["results"], json!([]));
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"], json!([]));
    let run = folder.run(&["check", "--format", "sarif", "--help-uri", "nowhere"]).expect(2);
    assert!(run.err.contains("{code}"), "{}", run.err);
}

/// The official schema: from `SARIF_SCHEMA`, or from the sources of a package that has it.
fn schema() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("SARIF_SCHEMA") {
        return Some(path.into());
    }
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))?;
    let indexes = std::fs::read_dir(home.join("registry/src")).ok()?.flatten();
    let packages = indexes.filter_map(|index| std::fs::read_dir(index.path()).ok()).flatten().flatten();
    let sarif = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("serde-sarif-");
    let found = packages.filter(|package| sarif(&package.file_name())).map(|package| package.path());
    found.map(|package| package.join("src/schema.json")).find(|schema| schema.is_file())
}

#[test]
fn sarif_conforms_to_the_official_schema() {
    let python = Command::new("python3").args(["-c", "import jsonschema"]).stderr(Stdio::null()).status();
    let (Some(schema), true) = (schema(), python.is_ok_and(|status| status.success())) else {
        eprintln!("skipped: needs the schema (SARIF_SCHEMA) and Python's jsonschema");
        return;
    };
    let folder = Folder::new();
    folder.write("main.claw", FINDINGS);
    let found = sarif(&folder, &["--help-uri", "https://docs.example/{code}"], 1);
    let spoilt = {
        let mut spoilt = found.clone();
        spoilt["runs"][0]["results"][0]["level"] = json!("fatal");
        spoilt
    };
    let validates = |log: &Value| {
        folder.write("log.sarif", log.to_string());
        let script = "import json, jsonschema, sys\n\
                      schema, log = (json.load(open(path)) for path in sys.argv[1:])\n\
                      jsonschema.validate(log, schema)";
        let run = Command::new("python3")
            .args(["-W", "ignore", "-c", script])
            .arg(&schema)
            .arg(folder.path().join("log.sarif"))
            .output()
            .unwrap();
        (run.status.success(), String::from_utf8_lossy(&run.stderr).into_owned())
    };
    let (fits, why) = validates(&found);
    assert!(fits, "{why}");
    assert!(!validates(&spoilt).0, "the schema is looked at");
}

#[test]
fn github_shows_one_annotation_for_each_finding() {
    let folder = Folder::new();
    folder.write("a,b.claw", FINDINGS);
    let run = folder.run(&["check", "a,b.claw", "--format", "github"]).expect(1);
    let expected = "::error file=a%2Cb.claw,line=6,col=21,endLine=6,endColumn=27,title=E0109::there is no role \
                    `suport`%0Ahelp: did you mean `support`?";
    let lines: Vec<_> = run.out.lines().collect();
    assert!(lines.contains(&expected), "{}", run.out);
    let (last, commands) = lines.split_last().unwrap();
    assert!(commands.iter().all(|line| line.starts_with("::error ") || line.starts_with("::warning ")), "{}", run.out);
    assert!(last.contains("error") && !last.contains("::"), "{last}");

    folder.write("w.claw", WARNING);
    let run = folder.run(&["check", "w.claw", "--format", "github"]).expect(0);
    assert!(
        run.out.starts_with("::warning file=w.claw,line=7,col=15,endLine=7,endColumn=30,title=W0103::"),
        "{}",
        run.out
    );
    folder.run(&["check", "w.claw", "--format", "github", "--deny", "warnings"]).expect(1);

    let run = folder.run(&["check", "missing.claw", "--format", "github"]).expect(2);
    assert_eq!(run.out, "::error title=clawc::no such file or directory: `missing.claw`\n");
    assert!(run.err.starts_with("error: no such file"), "{}", run.err);
}

#[test]
fn github_is_given_no_command_that_a_policy_made_up() {
    let folder = Folder::new();
    folder.write("p.claw", "package p\nroles r\ntool t()\ngrant \"\n::error::made up\n::stop-commands::x\n");
    let run = folder.run(&["check", "p.claw", "--format", "github"]).expect(1);
    let own = ["::error file=p.claw,", "::warning file=p.claw,"];
    assert!(
        run.out.lines().filter(|line| line.starts_with("::")).all(|line| own.iter().any(|own| line.starts_with(own)))
    );
}

#[test]
fn junit_has_a_case_for_each_test() {
    let folder = Folder::new();
    let failing = "test \"<b> & \\\"quotes\\\"\" {\n  as     agent \"bot\" { roles: [support] }\n  in     dev\n  \
                   call   look { order: \"o<1\" }\n  expect deny\n}\n";
    folder.write("main.claw", format!("{SHOP}\n{failing}"));
    let run = folder.run(&["test", "--format", "junit"]).expect(1);
    let elements = parse(&run.out);
    let named = |name: &str| elements.iter().filter(|element| element.name == name).collect::<Vec<_>>();
    let [all] = named("testsuites")[..] else { panic!("{}", run.out) };
    let [suite] = named("testsuite")[..] else { panic!("{}", run.out) };
    for sums in [all, suite] {
        assert_eq!((sums.get("tests"), sums.get("failures"), sums.get("errors")), ("2", "1", "0"));
    }
    assert_eq!((suite.get("name"), suite.get("file")), ("shop", "main.claw"));
    let [passed, failed] = named("testcase")[..] else { panic!("{}", run.out) };
    assert_eq!(passed.get("name"), "small refunds after a look");
    assert_eq!(
        (failed.get("name"), failed.get("classname"), failed.get("file")),
        ("<b> & \"quotes\"", "shop", "main.claw")
    );
    let line = SHOP.lines().count() + 2;
    assert_eq!(failed.get("line"), line.to_string());
    let [failure] = named("failure")[..] else { panic!("{}", run.out) };
    assert_eq!(failure.get("message"), "call of look: decision: expected deny, got allow");
    assert!(failure.text.contains("main.claw:") && failure.text.contains("ALLOW"), "{}", failure.text);
}

#[test]
fn junit_tells_of_a_policy_that_does_not_compile() {
    let folder = Folder::new();
    folder.write("main.claw", SHOP.replace("to support", "to suport"));
    let run = folder.run(&["test", "--format", "junit"]).expect(1);
    assert!(run.err.contains("suport"), "{}", run.err);
    let elements = parse(&run.out);
    let error = elements.iter().find(|element| element.name == "error").unwrap();
    assert_eq!(error.get("message"), "the policy has 1 error; its tests did not run");
    assert!(error.text.contains("there is no role `suport`"), "{}", error.text);
    assert_eq!(elements[0].get("errors"), "1");
}

#[test]
fn junit_without_tests_and_with_coverage() {
    let folder = Folder::with_shop();
    let run = folder.run(&["test", "--format", "junit", "--filter", "none of them"]).expect(0);
    let elements = parse(&run.out);
    assert_eq!((elements.len(), elements[0].get("tests")), (1, "0"));
    folder.run(&["test", "--format", "junit", "--coverage"]).fails_with(
        "`--format junit` has no place for `--coverage`",
        "measure coverage in a run of its own, with `--format human` or `--format json`",
    );
}

#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    /// Its own text, without that of elements inside.
    text: String,
}

impl Element {
    #[track_caller]
    fn get(&self, name: &str) -> &str {
        self.attributes.get(name).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }
}

/// Reads the part of XML that the report may use, and panics at whatever is not well-formed.
fn parse(xml: &str) -> Vec<Element> {
    let mut rest = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("a declaration");
    let (mut elements, mut open) = (Vec::<Element>::new(), Vec::<usize>::new());
    while let Some((text, after)) = rest.split_once('<') {
        match open.last() {
            Some(&at) => elements[at].text.push_str(&unescaped(text)),
            None => assert_eq!(text.trim(), "", "text outside the root"),
        }
        let (tag, after) = after.split_once('>').expect("an end of the tag");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            let at = open.pop().expect("an open element");
            assert_eq!(elements[at].name, name);
            continue;
        }
        assert!(!open.is_empty() || elements.is_empty(), "one root");
        let whole = tag.strip_suffix('/');
        elements.push(start_tag(whole.unwrap_or(tag)));
        if whole.is_none() {
            open.push(elements.len() - 1);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "open at the end: {open:?} {rest:?}");
    elements
}

fn start_tag(tag: &str) -> Element {
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    let mut element = Element { name: name.to_owned(), ..Element::default() };
    while !rest.trim().is_empty() {
        let (key, after) = rest.trim_start().split_once("=\"").expect("a quoted value");
        let (value, after) = after.split_once('"').expect("a closing quote");
        assert!(key.chars().all(|c| c.is_ascii_lowercase()), "{key:?}");
        assert!(after.is_empty() || after.starts_with(' '), "a blank before {after:?}");
        assert!(element.attributes.insert(key.to_owned(), unescaped(value)).is_none(), "{key} twice");
        rest = after;
    }
    element
}

fn unescaped(text: &str) -> String {
    let allowed = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    assert!(text.chars().all(|c| allowed(c) && c != '<'), "{text:?}");
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (entity, after) = part.split_once(';').expect("an end of the entity");
        plain.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "#10" => '\n',
            other => panic!("no entity {other}"),
        });
        plain.push_str(after);
    }
    plain
}
