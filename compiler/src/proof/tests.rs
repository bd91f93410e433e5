//! Questions about small policies, with the answers that they have.

use std::fmt::Write as _;

use super::invariants::{Verdict, prove};
use super::side::Side;
use crate::{Checked, Workspace};

pub(crate) fn side(text: &str) -> Side {
    side_with(text, &[])
}

/// With modules beside the file.
fn side_with(text: &str, modules: &[(&str, &str)]) -> Side {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", text);
    for (path, text) in modules {
        workspace.set_file(path, *text);
    }
    let analysis = workspace.analyze("main.claw");
    let errors: Vec<_> = analysis.diagnostics.iter().filter(|d| d.is_error()).map(|d| &d.message).collect();
    let checked = Checked::new(analysis.package.clone(), analysis.has_errors()).unwrap_or_else(|| panic!("{errors:?}"));
    Side::new(&checked, &analysis.sources).expect("loads")
}

/// The verdicts of a policy's invariants, one line for each.
pub(crate) fn verdicts(text: &str) -> String {
    verdicts_of(&side(text))
}

fn verdicts_of(side: &Side) -> String {
    let mut out = String::new();
    for (invariant, verdict) in side.package().invariants.iter().zip(prove(side)) {
        let text = match verdict {
            Verdict::Proved { vacuous: false } => "proved".to_owned(),
            Verdict::Proved { vacuous: true } => "proved, of nothing".to_owned(),
            Verdict::Refuted { witness, .. } => format!("refuted by {}", witness.request.canonical()),
            Verdict::Unknown { because, .. } => format!("unknown because of {}", because.join(", ")),
        };
        writeln!(out, "{}: {text}", invariant.decl.name).expect("a string");
    }
    out
}

const HEAD: &str = "package p\ntiers low < high\nenvironments dev, prod\nroles r, s, boss includes (r, s)\nlabels untrusted\nuser { id2: string }\ncontext { ticket?: string }
tool pay(amount: decimal, to: string, note?: string)
tool mail(to: list<email>, cc?: list<email>)
approval ok { by 1 of boss expires 10m }
classify { low on mail high on pay }
matrix { tier | dev | prod
 low | allow | allow
 high | allow | ok }
";

#[test]
fn numbers() {
    let text = format!(
        "{HEAD}grant pay to r\nrule big {{ on pay when args.amount > 100.00 deny \"no\" }}
invariant \"a\" {{ on pay when args.amount > 100.00 never allow }}
invariant \"b\" {{ on pay when args.amount >= 100.00 never allow }}
invariant \"c\" {{ on pay in prod never allow }}
invariant \"d\" {{ on pay in prod unless args.amount > 50.00 always require ok }}
invariant \"e\" {{ on pay unless r in agent.roles always deny }}
invariant \"f\" {{ on pay unless s in agent.roles always deny }}
"
    );
    insta::assert_snapshot!(verdicts(&text));
}

#[test]
fn lists_of_addresses() {
    let text = format!(
        "{HEAD}let ours: set<host> = [\"acme.com\"]\ngrant mail to r
rule inside {{ on mail when any(a in args.to + (args.cc else []): not (a.domain under ours)) deny \"no\" }}
invariant \"a\" {{ on mail when any(a in args.to: a.domain == \"evil.example\") never allow }}
invariant \"b\" {{ on mail when any(a in args.cc else []: not (a.domain under \"acme.com\")) never allow }}
invariant \"c\" {{ on mail when any(a in args.to: a.domain == \"x.acme.com\") never allow }}
invariant \"d\" {{ on mail when len(args.to) > 2 never allow }}
"
    );
    insta::assert_snapshot!(verdicts(&text));
}

/// Of `what`, one word for each invariant.
fn words(text: &str) -> Vec<String> {
    verdicts(text).lines().map(|line| line.split_once(": ").map_or(line, |(_, v)| v).to_owned()).collect()
}

fn starts(text: &str, expected: &[&str]) {
    let found = words(text);
    let fits = found.len() == expected.len() && found.iter().zip(expected).all(|(f, e)| f.starts_with(e));
    assert!(fits, "{expected:?}: {found:#?}");
}

#[test]
fn records_inside_of_records_may_be_absent() {
    let text = "package p\nenvironments dev\nroles r
record part { f: bool, o?: int }\nrecord item { sub?: part }
tool act(it?: item)\ngrant act to r
invariant \"a\" { on act when args.it.sub.f unless args.it.sub.f never allow }
invariant \"b\" { on act when present(args.it.sub.o) when (args.it.sub.f or args.it.sub.f) unless args.it.sub.f never allow }
";
    starts(text, &["refuted", "refuted"]);
    let text = "package p\nenvironments dev\nroles r, s
record item { f: bool }\nuser { box?: item }\ntool act()\ngrant act to r for s
invariant \"a\" { on act when user.box.f unless user.box.f never allow }
";
    starts(text, &["refuted"]);
}

#[test]
fn a_counterexample_is_one_that_the_claim_is_about() {
    let text = "package p\nenvironments dev\nroles r\ntool act(wait?: duration)\ngrant act to r
invariant \"a\" { on act when present(args.wait) never deny }
";
    let verdict = words(text);
    assert!(verdict[0].contains("\"wait\":"), "{verdict:?}");
}

#[test]
fn bodies_of_quantifiers_read_more_than_elements() {
    let text = "package p\nenvironments dev\nroles r\ntool act(to: list<string>)\ngrant act to r
invariant \"a\" { on act unless not any(x in args.to: len(args.to) > 1 and x == \"a\") never allow }
invariant \"b\" { on act unless not any(x in args.to: any(y in args.to: x != y)) never allow }
";
    for verdict in words(text) {
        assert!(!verdict.starts_with("proved"), "{verdict}");
    }
}

#[test]
fn many_ways_to_please_quantifiers() {
    let ways = (0..8).map(|i| format!(" when len(args.to) > 2 or any(x in args.to: x == \"{i}\")")).collect::<String>();
    let text = format!(
        "package p\nenvironments dev\nroles r\ntool act(to: list<string>)\ngrant act to r
invariant \"a\" {{ on act{ways} never allow }}\n"
    );
    starts(&text, &["refuted"]);
}

#[test]
fn what_the_user_approves_needs_a_user() {
    let text = "package p\nenvironments dev\nroles r\napproval own { by user expires 1h }\ntool act()\ngrant act to r
rule ask { on act require own }
invariant \"a\" { on act when r in agent.roles never deny }
invariant \"b\" { on act unless not (r in agent.roles and r in user.roles) never deny }
invariant \"c\" { on act unless user.id != \"x\" unless not (r in agent.roles) always require own }
";
    starts(text, &["refuted", "refuted", "proved"]);
}

#[test]
fn labels_without_a_session() {
    let text = "package p\nenvironments dev\nroles r\nlabels l, m\ntool act()\ngrant act to r
rule no { on act unless l not in session.labels deny \"no\" }
invariant \"a\" { on act when l in session.labels never allow }
invariant \"b\" { on act unless l not in session.labels unless m not in session.labels never allow }
invariant \"c\" { on act when m in session.labels never allow }
";
    starts(text, &["proved", "proved", "refuted"]);
}

#[test]
fn things_of_one_name_are_not_one() {
    let main = "package p\nuse \"./layer.claw\" as layer\nenvironments dev\nroles r\ntool act()\ngrant act to r
window office { days mon..fri hours 09:00..18:00 zone \"UTC\" }
invariant \"a\" { on act when now in office never allow }
";
    let layer = "package layer\nwindow office { days sat, sun hours 09:00..18:00 zone \"UTC\" }
rule no { on any when now in office deny \"no\" }
";
    let found = verdicts_of(&side_with(main, &[("layer.claw", layer)]));
    assert!(found.starts_with("a: refuted"), "{found}");
}

#[test]
fn questions_about_the_past_are_told_apart() {
    let text =
        "package p\nenvironments dev\nroles r\ntool look(a: string, b: string)\ntool act(x: string)\ngrant act to r
rule no { on act when prior look(prior.a == args.x) within 1h deny \"no\" }
rule nor { on act when prior look(prior.a like \"a*\") within 1h deny \"no\" }
invariant \"a\" { on act when prior look(prior.b == args.x) within 1h never allow }
invariant \"b\" { on act when prior look(prior.a like \"b*\") within 1h never allow }
";
    for verdict in words(text) {
        assert!(!verdict.starts_with("proved"), "{verdict}");
    }
}

#[test]
fn a_name_with_a_dot_is_not_a_field() {
    let text =
        "package p\nenvironments dev\nroles r\nrecord item { k: int }\ntool act(a: item, `a.0`: int)\ngrant act to r
rule no { on act when args.a.k > 1 deny \"no\" }
invariant \"a\" { on act when args.`a.0` > 1 never allow }
";
    starts(text, &["refuted"]);
}
