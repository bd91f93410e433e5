//! Reports of small policies and of the examples.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use claw_compiler::report::*;
use claw_compiler::{Analysis, Checked, MissingKind, Workspace};

fn report_of(text: &str, coverage: bool) -> Report {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", text);
    analysed(&workspace.analyze("main.claw"), coverage)
}

fn analysed(analysis: &Analysis, coverage: bool) -> Report {
    let checked = Checked::new(Arc::clone(&analysis.package), analysis.has_errors());
    let checked = checked.unwrap_or_else(|| panic!("{:#?}", analysis.diagnostics));
    report(analysis, &checked, coverage).expect("it compiles")
}

/// One of the examples that come with claw.
fn example(name: &str, coverage: bool) -> Report {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
    #[allow(clippy::disallowed_methods, reason = "the examples are files")]
    let read = |file: &str| fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{name}/{file}: {error}"));
    let text = |file: &str| String::from_utf8(read(file)).expect("UTF-8");
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", text("main.claw"));
    loop {
        let analysis = workspace.analyze("main.claw");
        if analysis.missing.is_empty() {
            return analysed(&analysis, coverage);
        }
        for missing in &analysis.missing {
            match missing.kind {
                MissingKind::Source => workspace.set_file(&missing.path, text(&missing.path)),
                MissingKind::Data => workspace.set_data(&missing.path, read(&missing.path)),
            }
        }
    }
}

const EXAMPLES: [&str; 6] = ["payments", "support-bot", "org-layers", "coding-agent", "banking-agent", "slack-agent"];

#[test]
fn the_payments_example() {
    let json = serde_json::to_string_pretty(&example("payments", true)).expect("plain data");
    insta::assert_snapshot!(json);
}

/// All ids and all links of a report, by what its JSON holds under these names.
fn links(value: &serde_json::Value, inside: &str, ids: &mut Vec<String>, links: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Array(items) => items.iter().for_each(|item| self::links(item, inside, ids, links)),
        serde_json::Value::Object(fields) => {
            let id = fields.get("id").and_then(serde_json::Value::as_str);
            // A link has nothing but an id and a name, or else places in a text.
            let is_link = fields.len() == 2 && fields.contains_key("name") || inside == "refs";
            match id {
                Some(id) if is_link => drop(links.insert(id.to_owned())),
                Some(id) => ids.push(id.to_owned()),
                None => {}
            }
            fields.iter().for_each(|(name, value)| self::links(value, name, ids, links));
        }
        _ => {}
    }
}

#[test]
fn every_link_of_the_examples_leads_somewhere() {
    for name in EXAMPLES {
        let json = serde_json::to_value(example(name, true)).expect("plain data");
        let (mut ids, mut links) = (Vec::new(), BTreeSet::new());
        self::links(&json, "", &mut ids, &mut links);
        let unique: BTreeSet<String> = ids.iter().cloned().collect();
        assert_eq!(unique.len(), ids.len(), "{name}: an id stands for two things");
        let lost: Vec<_> = links.difference(&unique).collect();
        assert!(lost.is_empty(), "{name}: {lost:?}");
        assert!(links.len() > 10, "{name} has hardly a link");
    }
}

#[test]
fn links_in_source_stand_on_the_names() {
    for name in EXAMPLES {
        let report = example(name, false);
        for code in report.rules.iter().map(|rule| &rule.code).chain(report.scopes.iter().map(|scope| &scope.code)) {
            for link in &code.refs {
                let text = code.text.get(link.start..link.end).expect("inside the text").trim_matches('`');
                assert!(link.id.contains(text.rsplit('.').next().unwrap_or(text)), "{text} leads to {}", link.id);
            }
        }
    }
}

const ROLES: &str = r#"package p
environments dev, prod
roles clerk, boss includes (clerk), idle
tool a(x: int)
tool b()
tool c()
scope small { on a where args.x < 10 }
grant small to clerk
grant a to boss in dev
grant b to clerk for boss
@status(candidate) grant c to clerk
"#;

fn table(group: &AccessGroup) -> Vec<(String, Vec<Holds>)> {
    group.rows.iter().map(|row| (row.tool.name.clone(), row.cells.iter().map(|cell| cell.holds).collect())).collect()
}

#[test]
fn roles_hold_what_they_include_and_only_what_is_in_force() {
    use Holds::*;
    let access = report_of(ROLES, false).access;
    let names: Vec<_> =
        access.groups[0].holders.iter().map(|holder| holder.role.as_ref().map(|role| role.name.clone())).collect();
    assert_eq!(names, [Some("clerk".to_owned()), Some("boss".to_owned())]);
    let [dev, prod] = &access.groups[..] else { panic!("{:?}", access.groups) };
    assert_eq!((&dev.environments[..], &prod.environments[..]), (&["dev".to_owned()][..], &["prod".to_owned()][..]));
    assert_eq!(table(dev), [("a".to_owned(), vec![Conditions, Always]), ("b".to_owned(), vec![Conditions; 2])]);
    assert_eq!(table(prod), [("a".to_owned(), vec![Conditions; 2]), ("b".to_owned(), vec![Conditions; 2])]);
    assert_eq!(prod.rows[0].cells[0].ways[0].conditions[0].text, "args.x < 10");
    assert_eq!(prod.rows[1].cells[0].ways[0].users[0].name, "boss");
    assert_eq!(access.unreached.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["c"]);
    assert_eq!(access.idle_roles.iter().map(|role| role.name.as_str()).collect::<Vec<_>>(), ["idle"]);
}

#[test]
fn environments_in_which_the_same_holds_are_one_group() {
    let access = report_of(&ROLES.replace(" in dev", ""), false).access;
    assert_eq!(access.groups.len(), 1);
    assert_eq!(access.groups[0].environments, ["dev", "prod"]);
}

#[test]
fn what_anybody_holds_every_role_holds() {
    let text = "package p roles r tool a() tool b() grant a to any grant b to r";
    let group = &report_of(text, false).access.groups[0];
    assert_eq!(group.holders.iter().map(|holder| holder.role.is_some()).collect::<Vec<_>>(), [false, true]);
    let expected = [("a", vec![Holds::Always; 2]), ("b", vec![Holds::Never, Holds::Always])];
    assert_eq!(table(group), expected.map(|(tool, cells)| (tool.to_owned(), cells)));
}

#[test]
fn matrices_join_to_the_strictest() {
    let mut workspace = Workspace::new();
    workspace.set_file(
        "main.claw",
        "package p\nuse \"./c.claw\" as c\ntool t()\ngrant t to s\n\
         approval a { by 1 of s expires 1m }\napproval b { by 1 of s expires 1m }\nclassify { high on t }\n\
         matrix {\n tier | e1 | e2\n low | allow | allow\n high | a | b\n}\n",
    );
    workspace.set_file(
        "c.claw",
        "package c\ntiers low < high\nenvironments e1, e2\nroles s\napproval z { by 1 of s expires 1m }\n\
         matrix {\n tier | e1 | e2\n low | z | allow\n high | z | deny\n}\n",
    );
    let report = analysed(&workspace.analyze("main.claw"), false);
    let cells = report.matrix.iter().flat_map(|row| &row.cells);
    let shown: Vec<(Outcome, Vec<&str>)> =
        cells.map(|cell| (cell.outcome, cell.approvals.iter().map(|a| a.name.as_str()).collect())).collect();
    let expected = [
        (Outcome::Require, vec!["z"]),
        (Outcome::Allow, vec![]),
        (Outcome::Require, vec!["a", "z"]),
        (Outcome::Deny, vec![]),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn source_is_shown_without_what_surrounds_it() {
    let text = "package p\ntool t(x: int)\ngrant t to any\n\n  /// Why.\n  @owner(\"a (b)\") @see(\"c\")\n  rule r {\n    on   t\n\n    when args.x > 1 // much\n    deny \"no\"\n  }\n";
    let rule = &report_of(text, false).rules[0];
    assert_eq!(rule.code.text, "rule r {\n  on   t\n\n  when args.x > 1 // much\n  deny \"no\"\n}");
    assert_eq!(rule.heading.doc, "Why.");
    assert_eq!((rule.heading.file.as_str(), rule.heading.line), ("main.claw", 7));
    assert_eq!(rule.code.refs.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["tool-p.t"]);
}

#[test]
fn the_index_finds_owners_controls_and_who_has_none() {
    let text = "package p\ntool t()\n@owner(\"sec\") grant t to any\n\
                @owner(\"sec\") @control(\"A:1\", \"A:2\") rule one { on t deny \"no\" }\n\
                @control(\"A:1\") rule two { on t deny \"no\" }\n\
                @allow(W0301, \"not yet\") tool u()\n";
    let index = report_of(text, false).index;
    let shown = |entries: &[IndexEntry]| -> Vec<String> {
        let names = |entry: &IndexEntry| entry.items.iter().map(|item| item.name.clone()).collect::<Vec<_>>().join(" ");
        entries.iter().map(|entry| format!("{}: {}", entry.text, names(entry))).collect()
    };
    assert_eq!(shown(&index.controls), ["A:1: one two", "A:2: one"]);
    assert_eq!(shown(&index.owners), ["sec: one grant t to any"]);
    assert_eq!(shown(&index.unowned), ["rule: two"]);
    assert_eq!(index.silenced[0].reason, "not yet");
}

#[test]
fn tests_are_run_only_for_coverage() {
    let text = "package p\nenvironments e\ntool t(x: int)\ngrant t to any\nrule r { on t when args.x > 1 deny \"no\" }\n\
                test \"right\" { as agent \"a\" {} in e at 2026-01-01T00:00:00Z call t { x: 1 } expect allow }\n\
                test \"wrong\" { as agent \"a\" {} in e at 2026-01-01T00:00:00Z call t { x: 1 } expect deny }\n";
    let tests = report_of(text, false).tests;
    assert!(tests.coverage.is_none() && tests.cases.iter().all(|case| case.result.is_none()));
    let report = report_of(text, true);
    let passed: Vec<_> = report.tests.cases.iter().filter_map(|case| Some(case.result.as_ref()?.passed)).collect();
    assert_eq!(passed, [true, false]);
    let coverage = report.tests.coverage.expect("measured");
    assert_eq!((coverage.clauses_hit, coverage.clauses), (1, 2));
    assert_eq!(coverage.missed.iter().map(|clause| clause.id.as_str()).collect::<Vec<_>>(), ["rule-p.r"]);
    assert_eq!(coverage.open[0].missing, ["true"]);
    assert_eq!(coverage.open[0].owner.id, "rule-p.r");
    assert!(report.summary.iter().any(|s| s.contains("Of its 2 tests, 1 fails")), "{:?}", report.summary);
}

#[test]
fn clauses_that_are_not_in_force_are_told_apart() {
    let text = "package p\ntool t()\ngrant t to any\n@status(candidate) rule a { on t deny \"no\" }\n\
                @status(suspended) rule b { on t deny \"no\" }\nrule c { on t deny \"no\" }\n";
    let report = report_of(text, false);
    assert_eq!(
        report.rules.iter().map(|rule| rule.status).collect::<Vec<_>>(),
        ["candidate", "suspended", "confirmed"]
    );
    let sentence = "1 rule restricts what is granted: 1 can deny. 2 more are on trial or set aside and change nothing.";
    assert_eq!(report.summary[1], sentence);
}

#[test]
fn equal_policies_give_equal_reports() {
    for name in ["payments", "coding-agent"] {
        assert_eq!(example(name, true), example(name, true), "{name}");
    }
}

#[test]
fn invariants_come_with_their_proof() {
    let text = "package p\nenvironments dev, prod\nroles r\ntool t(x: int)\ngrant t to r in dev\n\
                invariant \"never in prod\" { on t in prod never allow }\n\
                invariant \"small\" { on t when args.x > 5 always deny }\n";
    let report = report_of(text, false);
    assert_eq!(report.invariants.iter().map(|i| i.verdict.proof).collect::<Vec<_>>(), [Proof::Proved, Proof::Refuted]);
    assert!(report.summary.contains(&"Of its 2 invariants, 1 is proved.".to_owned()), "{:?}", report.summary);
}
