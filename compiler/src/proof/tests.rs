//! Questions about small policies, with the answers that they have.

use std::fmt::Write as _;

use super::invariants::{Verdict, prove};
use super::side::Side;
use crate::{Checked, Workspace};

pub(crate) fn side(text: &str) -> Side {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", text);
    let analysis = workspace.analyze("main.claw");
    let errors: Vec<_> = analysis.diagnostics.iter().filter(|d| d.is_error()).map(|d| &d.message).collect();
    let checked = Checked::new(analysis.package.clone(), analysis.has_errors()).unwrap_or_else(|| panic!("{errors:?}"));
    Side::new(&checked, &analysis.sources).expect("loads")
}

/// The verdicts of a policy's invariants, one line for each.
pub(crate) fn verdicts(text: &str) -> String {
    let side = side(text);
    let mut out = String::new();
    for (invariant, verdict) in side.package().invariants.iter().zip(prove(&side)) {
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
