//! What warnings point at, and that their mends mend.

use std::fmt::Write as _;

use crate::Workspace;
use crate::analysis::Analysis;
use crate::diagnostics::Diagnostic;

const HEAD: &str = "package p
environments dev, prod
roles r, boss includes (r)
user { age: int }
tool pay(amount: decimal, to: email, note?: string)
tool log(text: string)
approval ok { by 1 of boss expires 10m }
rule goes_home { on pay when args.to.domain != \"acme.com\" require ok }
grant any to r
";

fn prove(text: &str) -> Analysis {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", text);
    let mut analysis = workspace.analyze("main.claw");
    let errors: Vec<_> = analysis.diagnostics.iter().filter(|d| d.is_error()).map(|d| &d.message).collect();
    assert!(errors.is_empty(), "{errors:?} in\n{text}");
    analysis.prove();
    analysis
}

/// The findings with the texts that they point at.
fn shown(text: &str) -> String {
    let analysis = prove(text);
    let mut out = String::new();
    for d in &analysis.diagnostics {
        let at = |loc| analysis.sources.text(loc).replace('\n', " ");
        writeln!(out, "{} {}: `{}`", d.code, d.message, at(d.primary.loc)).expect("a string");
        d.labels.iter().for_each(|label| writeln!(out, "  {}: `{}`", label.text, at(label.loc)).expect("a string"));
        d.notes.iter().for_each(|note| writeln!(out, "  ({note})").expect("a string"));
    }
    out
}

fn mended(text: &str, finding: &Diagnostic) -> Option<String> {
    let mut text = text.to_owned();
    for edit in finding.fix.as_ref()?.edits.iter().rev() {
        text.replace_range(edit.loc.span.range(), &edit.text);
    }
    Some(text)
}

const CLAUSES: &[&str] = &[
    "rule x { on pay when args.amount > 10 when args.amount < 5 deny \"no\" }",
    "rule x { on pay when user.age > 10 and args.amount > 1 and user.age < 5 deny \"no\" }",
    "rule x { on pay when args.amount > 10 and args.amount > 5 deny \"no\" }",
    "rule x { on pay when args.amount > 5 and args.amount > 10 deny \"no\" }",
    "rule x { on pay when args.amount > 10 unless args.amount < 5 deny \"no\" }",
    "rule x { on pay unless args.amount < 5 or args.amount < 4 deny \"no\" }",
    "rule x { on pay when args.amount > 10 unless args.amount > 5 deny \"no\" }",
    "scope small { on pay where args.amount < 5 } rule x { on small when (args.amount < 6) deny \"no\" }",
    "scope small { on pay where args.amount < 5 } rule x { on small when args.amount > 6 deny \"no\" }",
    "rule x { on pay when args.amount > 10 deny \"no\" } rule y { on pay when args.amount > 5 deny \"never\" }",
    "rule x { on pay when args.amount > 10 require ok } rule y { on pay in dev deny \"no\" } \
     rule z { on pay in prod require ok }",
    "limit l { on pay when args.amount > 10 max 3 per 1d } rule y { on pay when args.amount > 5 deny \"no\" }",
    "scope small { on pay where args.amount < 5 } grant small to boss",
];

#[test]
fn what_they_point_at() {
    let all: Vec<String> = CLAUSES.iter().map(|clause| shown(&format!("{HEAD}{clause}\n"))).collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn mends_mend() {
    let mut count = 0;
    for clause in CLAUSES {
        let text = format!("{HEAD}{clause}\n");
        for finding in &prove(&text).diagnostics {
            if let Some(mended) = mended(&text, finding) {
                count += 1;
                let left = prove(&mended).diagnostics;
                let same = |d: &&Diagnostic| d.code == finding.code && d.message == finding.message;
                assert_eq!(left.iter().filter(same).count(), 0, "{mended}\n{left:?}");
            }
        }
    }
    assert!(count > 7, "only {count} mends were offered");
}

/// Many rules about one tool, each of its own: nothing is said, and soon.
#[test]
fn many_rules() {
    let mut text = HEAD.to_owned();
    for i in 0..300 {
        let word = format!("{i:x}").replace(|c: char| c.is_ascii_digit(), "q");
        writeln!(text, "rule r{i} {{ on pay when args.note == \"{word}{i}\" and args.amount > {i} deny \"no\" }}")
            .expect("a string");
    }
    assert_eq!(prove(&text).diagnostics, []);
}

#[test]
fn a_path_that_leads_elsewhere_can_be_unknown_alone() {
    let found = shown(
        "package p\nenvironments dev\nroles r\ntool act(p: path)\ngrant act to r\ntiers low < mid < high
matrix { tier | dev\n low | allow\n mid | allow\n high | deny }\nclassify { low on any }
classify { mid on act unless args.p under \"/srv/a\" and args.p under \"/etc\"
  unless not (args.p under \"/srv/a\" and args.p under \"/etc\") }
classify { high on act when args.p == \"/srv/a\" }\n",
    );
    assert!(!found.contains("W0404"), "{found}");
}
