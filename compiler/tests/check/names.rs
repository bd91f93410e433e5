//! Names, words, targets and attributes.

use crate::{accept, report};

#[test]
fn names_that_are_not_declared() {
    snapshot!(report(&[
        r#"rule r { on send_emial deny "x" }"#,
        r#"rule r { on nothing_like_it deny "x" }"#,
        r#"rule r { on on_call deny "x" }"#,
        r#"rule r { on send_email in production deny "x" }"#,
        r#"rule r { on send_email in prd deny "x" }"#,
        r#"rule r { on tagged(reed) deny "x" }"#,
        r#"rule r { on send_email require on_cal }"#,
        r#"rule r { on send_email require mail }"#,
        r#"rule r { on send_email mark untrustd }"#,
        r#"rule r { on send_email constrain timout 5s }"#,
        r#"grant mail to suport"#,
        r#"grant mail to support for manager"#,
        r#"grant mails to support"#,
        r#"rule r { on send_email when our_domain == our_domains deny "x" }"#,
        r#"rule r { on send_email when our(args.to) deny "x" }"#,
        r#"rule r { on send_email when subject == "x" deny "x" }"#,
        r#"rule r { on send_email when support deny "x" }"#,
        r#"rule r { on send_email when mail deny "x" }"#,
        r#"rule r { on send_email when office deny "x" }"#,
        r#"rule r { on send_email when names(args.subject) deny "x" }"#,
        r#"rule r { on send_email when exists(args.cc) deny "x" }"#,
        r#"rule r { on send_email when agnet.purpose == "x" deny "x" }"#,
    ]));
}

#[test]
fn names_that_are_declared_twice() {
    snapshot!(report(&[
        r#"scope mail { on get_order }"#,
        r#"let mail: int = 1"#,
        r#"tool get_order(id: string)"#,
        r#"tool other(id: string) as "get_order""#,
        r#"tool other(id: string) as "get_order" on server "s""#,
        r#"environments qa"#,
        r#"constraints { timeout: duration = max }"#,
        r#"roles support  labels untrusted  tags read  origins web"#,
        r#"tool t(a: string, a: int)"#,
        r#"record R { a: string, a: int }"#,
        r#"enum E { a, b, a }"#,
        r#"agent { purpose: string }"#,
        r#"roles any"#,
        r#"agent { id: string }"#,
        r#"predicate len(x: string) = x == "a""#,
        r#"let now: int = 3"#,
        r#"live tenant: set<string>"#,
    ]));
}

#[test]
fn types_that_do_not_exist() {
    snapshot!(report(&[
        "tool t(a: str)",
        "tool t(a: strng)",
        "tool t(a: list)",
        "tool t(a: lst<string>)",
        "tool t(a: command)",
        "tool t(a: command(zsh))",
        "tool t(a: sql(oracle))",
        "tool t(a: call)",
        "extern t(a: list<call>) -> bool { timeout 1s }",
        "tool t(a: Tickt)",
        "tool t(a: mail)",
        "tool t(a: list<string, int>)",
        "record A { b: B } record B { a: list<A> }",
    ]));
}

#[test]
fn patterns_over_tools() {
    snapshot!(report(&[
        r#"rule r { on jra.* deny "x" }"#,
        r#"rule r { on "delete_*" deny "x" }"#,
        r#"rule r { on jira.get_* deny "{args.id}" }"#,
        r#"rule r { on "*_issue" deny "{args.id}" }"#,
        r#"rule r { on "*" deny "{args.id}" }"#,
    ]));
}

#[test]
fn attributes_of_declarations() {
    snapshot!(report(&[
        r#"@onwer("x") rule r { on send_email deny "x" }"#,
        r#"@owner rule r { on send_email deny "x" }"#,
        r#"@owner("a", "b") @control("SOC2") @see("https://x") rule r { on send_email deny "x" }"#,
        r#"@allow(W9999, "why") rule r { on send_email deny "x" }"#,
        r#"@allow(E0101, "why") rule r { on send_email deny "x" }"#,
        r#"@allow(W0101) rule r { on send_email deny "x" }"#,
        r#"@allow(W0101, " ") rule r { on send_email deny "x" }"#,
        r#"@status(hnt) rule r { on send_email deny "x" }"#,
        r#"@status(hint) rule r { on send_email deny "x" }"#,
        r#"@status(hint) scope s { on send_email }"#,
    ]));
}

#[test]
fn what_can_be_named() {
    accept(&[
        r#"rule r { on jira.* when args.id == "x" deny "x" }"#,
        r#"rule r { on any deny "x" }"#,
        r#"rule r { on mail, orders deny "x" }"#,
        "grant any to any",
        "grant any to admin in dev for admin, sre",
        "scope all { on mail, orders, jira.* } grant all to support",
    ]);
}

#[test]
fn misspelt_once_said_once() {
    snapshot!(report(&[
        r#"tool t(a: strng, b: int) rule r { on t when args.a == "x" and args.a.len > 3 and not (args.a in ["x"]) deny "{args.a}" }"#,
        r#"let x: set<host> = ["a b"] rule r { on fetch when args.host under x deny "{x}" }"#,
        r#"predicate p(x: emial) = x.domain under our_domains rule r { on send_email when any(a in args.to: p(a)) deny "x" }"#,
        r#"scope s { on nothing } grant s to support rule r { on s when args.x == 1 deny "{args.x}" }"#,
        r#"rule r { on send_emial when args.to == args.x deny "{args.y}" }"#,
    ]));
}

#[test]
fn what_could_not_be_read_is_not_missed() {
    only_the_grammar_complains(&[
        "tool broken(a string) grant broken to support rule r2 { on broken deny \"x\" }",
        "predicate odd(x: email = x rule r2 { on send_email when any(a in args.to: odd(a)) deny \"x\" }",
        "lett colour: string = \"red\" rule r2 { on send_email when args.subject == colour deny \"x\" }",
        "approval boss by 1 of sre rule r2 { on send_email require boss }",
        "enum Colour { red green } tool t(c: Colour)",
        "roles boss, rule r2 { on send_email when boss in agent.roles deny \"x\" }",
    ]);
}

/// Only the grammar complains.
fn only_the_grammar_complains(cases: &[&str]) {
    for case in cases {
        let said = crate::check(&format!("{}{case}\n", crate::PRELUDE));
        assert!(!said.is_empty() && said.lines().all(|line| line.contains(" E00")), "{case}\n{said}");
    }
}
