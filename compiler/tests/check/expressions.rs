//! Types, literals, operators, members and calls.

use crate::{PRELUDE, accept, check, report};

/// Rules with these conditions on a target.
fn conditions(target: &str, conditions: &[&str]) -> String {
    let cases: Vec<String> =
        conditions.iter().map(|c| format!("rule r {{ on {target} when {c} deny \"x\" }}")).collect();
    let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
    report(&cases)
}

fn accept_conditions(target: &str, conditions: &[&str]) {
    let cases: Vec<String> =
        conditions.iter().map(|c| format!("rule r {{ on {target} when {c} deny \"x\" }}")).collect();
    let cases: Vec<&str> = cases.iter().map(String::as_str).collect();
    accept(&cases);
}

#[test]
fn accepted_about_mail() {
    accept_conditions(
        "send_email",
        &[
            "any(a in args.to + (args.cc else []): not ours(a))",
            "args.subject == \"x\"",
            "args.subject in [\"a\", \"b\"] and args.body not in names",
            "\"eva@acme.com\" in args.to",
            "\"EVA@acme.com\" in blocked",
            "all(a in args.to: a in blocked) or none(a in args.to: a.local like \"*bot*\")",
            "count(a in args.to: a.domain == \"acme.com\") >= 2",
            "len(args.to) > 3 and len(args.subject) < 80",
            "present(args.cc)",
            "args.body matches r\"[a-z]+\"",
            "admin in agent.roles and sre not in user.roles",
            "agent.purpose == \"support\" and user.clearance >= 3",
            "(user.manager else \"nobody@acme.com\") == \"eva@acme.com\"",
            "any(x in agent.chain: x.id == \"bot\" and admin in x.roles) or agent.depth > 2",
            "env == prod or env in [dev, prod]",
            "prod == env",
            "web in origins(args.to) and all(o in origins(args.body): o == user_prompt)",
            "any(e in emails(args): not ours(e)) or any(h in hosts(args): h under our_domains)",
            "any(p in paths(args): p under \"/etc\") or any(u in urls(args): u.scheme == \"http\") or len(commands(args)) > 0",
            "score(args.body) > 10",
            "session.id == \"x\" or tenant == \"acme\" or tool.name == \"send_email\"",
            "context.ticket_info.owner == \"eva@acme.com\" or present(context.ticket_info.owner)",
            "any(w in context.ticket_info.watchers: w in args.to)",
            "(context.blob.at(\"/a/0\") as int) > 3",
            "now in office and not (now not in office)",
            "prior get_order(prior.id == args.subject) within 10m",
            "prior send_email(prior.subject == args.subject and len(prior.to) > 1) within 1h",
            "prior get_order() within 10m or prior get_order() within 1d",
        ],
    );
}

#[test]
fn accepted_about_others() {
    accept_conditions(
        "refund",
        &[
            "args.amount > 500.00 and args.amount > 500 and args.amount * 2 <= 1_000",
            "args.amount > args.count and args.count == 3",
            "args.count + 1 > 3 and -args.count < -2 and args.count * 2 - 1 == 5",
            "args.priority == high or low != args.priority or args.priority in [low, high] or args.priority == \"low\"",
            "args.at > now - 7d and now - args.at < 30m and args.at < 2026-03-02T10:00:00Z",
        ],
    );
    accept_conditions(
        "fetch",
        &[
            "args.url.host under \"acme.com\" and args.url.host under our_domains and args.url.host in our_domains",
            "args.url == \"https://acme.com\" and args.url like \"https://*\" and args.url.port == 443",
            "args.from in \"10.0.0.0/8\" or args.from in [\"10.0.0.0/8\", \"192.168.0.0/16\"] or args.from == \"127.0.0.1\"",
            "args.from in [\"10.0.0.1\"] and args.from.is_private",
            "args.timeout > 30s and args.timeout * 2 < 5m",
            "args.host under [\"acme.com\", \"acme.io\"] or args.host == \"acme.com\"",
        ],
    );
    accept_conditions(
        "exec",
        &[
            "args.command.only([\"ls\", \"cat\"]) and args.cwd under \"/srv/app\"",
            "any(c in args.command.calls: c.program in [\"rm\", \"dd\"])",
            "any(c in commands(args): c.pipes_into([\"sh\"])) or none(p in args.command.programs: p == \"rm\")",
            "all(c in args.command.calls: c.has([\"-f\"]) and any(v in c.values([\"-o\"]): v like \"/tmp/*\"))",
            "any(c in args.command.calls: c.starts([\"git\", args.cwd.name]) or c.code like \"*rm*\" or c.network)",
            "len(args.command.opaque_because) == 0 or args.command.plain or \"curl\" in args.command.substitutions",
            "args.cwd under [\"/srv\", \"/opt\"] or args.remote under \"/srv\" or args.cwd.name == \"x\"",
        ],
    );
    accept_conditions("query", &["args.statement.read_only and all(t in args.statement.tables: t in names)"]);
}

#[test]
fn the_five_ways_to_fail_open() {
    snapshot!(conditions(
        "send_email",
        &[
            // A string where there is a list, and the other way round.
            "args.to == \"eva@acme.com\"",
            "args.to in [\"eva@acme.com\"]",
            "args.to in blocked",
            "args.subject in \"secret\"",
            "args.subject in our_domains",
            "\"x\" in args.subject",
            "blocked in args.to",
            "\"evil.example\" in args.to",
            "tool.name == \"send_mail\"",
            "tool.name in [\"send_email\", \"refnd\"]",
            "agent.purpos == \"x\"",
            "user.department == \"x\"",
            "context.tickt == \"T\"",
            "args.recipient == \"x\"",
            "args.boddy == \"x\"",
            "\"admin\" in agent.roles",
            "administrator in agent.roles",
            "env == \"prod\"",
            "env == production",
        ]
    ));
}

#[test]
fn literals_that_their_type_refuses() {
    snapshot!(report(&[
        r#"let x: set<host> = ["acme.com", "not a host"]"#,
        r#"let x: list<email> = ["Eva <eva@acme.com>"]"#,
        r#"let x: url = "https://user:pw@acme.com""#,
        r#"let x: path = "srv/app""#,
        r#"let x: set<ipnet> = ["10.0.0.0/99"]"#,
        r#"let x: duration = "15m""#,
        r#"let x: duration = 15"#,
        r#"let x: int = 99999999999999999999"#,
        r#"let x: int = 9.5"#,
        r#"let x: date = 2026-02-30"#,
        r#"let x: Priority = urgent"#,
        r#"let x: Priority = "hihg""#,
        r#"let x: set<string> = "a""#,
        r#"let x: string = ["a"]"#,
        r#"let x: list<int> = [1, "2"]"#,
        r#"let x: bool = args.a"#,
        r#"let x: bool = now > 2026-03-02T10:00:00Z"#,
        r#"let x: int = y let y: int = x"#,
        r#"let x: int = x"#,
        r#"let x: int = 2 * 3 + 1 let y: list<host> = ["a.b"] + ["c.d"] let z: decimal = 5"#,
        r#"tool t(a: int = "x", b?: int = 3)"#,
        r#"rule r { on fetch when args.url == "acme" deny "x" }"#,
        r#"rule r { on fetch when args.from in "10.0.0.0/33" deny "x" }"#,
        r#"rule r { on refund when args.at > 09:00 deny "x" }"#,
        r#"rule r { on refund when args.amount > 12345678901234567890123456789012345678901 deny "x" }"#,
    ]));
}

#[test]
fn operators_on_the_wrong_types() {
    snapshot!(conditions(
        "refund",
        &[
            "args.amount",
            "args.order_id",
            "not args.count",
            "args.amount == \"12\"",
            "args.order_id > \"a\"",
            "args.at > 5",
            "args.count + \"x\" == 3",
            "args.order_id + \"x\" == \"y\"",
            "args.count * args.count > 3",
            "args.at + 5 > now",
            "-args.order_id == \"x\"",
            "args.count like \"1*\"",
            "args.order_id matches args.order_id",
            "args.order_id matches \"(\"",
            "args.order_id matches r\"\\bx\"",
            "args.order_id under \"acme.com\"",
            "any(x in args.order_id: x == 1)",
            "any(args in names: true)",
            "any(names in names: true)",
            "any(x in names: any(x in names: x == \"a\"))",
            "len(args.count) > 1",
            "any(args.order_id)",
            "[] == []",
            "args.priority == medium",
            "args.priority > low",
            "1 < args.count < 3",
        ]
    ));
}

#[test]
fn members_and_calls() {
    snapshot!(conditions(
        "send_email",
        &[
            "args.to.domain under our_domains",
            "args.subject.length > 3",
            "any(a in args.to: a.domian == \"acme.com\")",
            "any(a in args.to: a.domain() == \"acme.com\")",
            "any(a in args.to: ours(a, a))",
            "ours(args.subject)",
            "any(a in args.to: our_domains(a))",
            "context.ticket_info.ownr == \"x@y.z\"",
            "context.blob.user == \"x\"",
            "context.blob == context.blob",
            "context.blob.at(\"/x\") == \"x\"",
            "(context.blob.at(\"x\") as string) == \"x\"",
            "(args.subject as int) == 3",
            "present(args.to)",
            "present(len(args.to))",
            "present(args.cc, args.to)",
            "agent == \"x\"",
            "session.labels == [untrusted]",
            "agent.roles == [admin]",
            "any(r in agent.roles: r == admin)",
            "paths(args.to) == []",
            "origins(context.ticket) == []",
            "prior.id == \"x\"",
            "prior get_ordr() within 1m",
            "prior get_order(prior.idd == args.subject) within 1m",
            "prior get_order(prior.id == \"x\" or args.subject == \"y\") within 1m",
            "prior get_order(prior.id != args.subject) within 1m",
            "prior get_order(prior get_order() within 1m) within 1m",
            "prior get_order() within 0m",
            "score(1) > 3",
            "score(args.body) == \"high\"",
            "args == 3",
            "tool == \"x\"",
        ]
    ));
}

#[test]
fn arguments_of_several_tools() {
    snapshot!(report(&[
        r#"rule r { on get_order, refund when args.id == "x" deny "x" }"#,
        r#"rule r { on mail, refund when args.amount > 3 deny "x" }"#,
        r#"rule r { on any when args.id == "x" deny "x" }"#,
        r#"tool other(id: int) rule r { on get_order, other when args.id == "x" deny "x" }"#,
        r#"rule r { on jira.*, get_order when args.id == "x" deny "x" }"#,
        r#"predicate p(x: string) = args.id == x"#,
        r#"predicate p() = any(e in emails(args): ours(e))"#,
    ]));
}

#[test]
fn messages() {
    snapshot!(report(&[
        r#"rule r { on send_email deny "to {args.to}, {{braces}}, {len(args.to)} of {names}" suggest "ask {agent.owner}" }"#,
        r#"rule r { on send_email deny "the pin is {context.pin}" }"#,
        r#"rule r { on send_email deny "x {args.nothing} y {nobody}" }"#,
    ]));
}

#[test]
fn data_from_files() {
    use crate::check_files;
    let source = "package p\nlet hosts: set<host> from \"./data/hosts.json\"\n";
    assert_eq!(check_files(&[("p.claw", source), ("data/hosts.json", r#"["Acme.com", "acme.com"]"#)]), "");
    assert_eq!(check_files(&[("p.claw", source)]), "p.claw:2:27 E0103 there is no file `data/hosts.json`\n");
    snapshot!(check_files(&[("p.claw", source), ("data/hosts.json", r#"["acme.com", 5]"#)]));
    snapshot!(check_files(&[("p.claw", source), ("data/hosts.json", "[\"acme.com\",]")]));
}

#[test]
fn commands_have_no_text() {
    snapshot!(conditions(
        "exec",
        &[
            "args.command == \"ls\"",
            "args.command like \"rm *\"",
            "args.command in [\"ls\"]",
            "\"rm\" in args.command",
            "any(c in commands(args): c == \"rm\")",
            "any(c in args.command.calls: c == \"rm\")",
            "any(c in args.command.calls: c matches r\"rm\")",
            "args.command.text == \"ls\"",
            "args.command.has([\"-f\"])",
            "args.command.calls.program == \"rm\"",
            "any(c in args.command.calls: c.has(\"-f\"))",
        ]
    ));
}

#[test]
fn predicates_over_commands_take_any_dialect() {
    let policy = |rule: &str| {
        format!(
            "{PRELUDE}tool sh(c: command(sh)) is write\n\
             predicate deletes(c: command) = any(x in c.calls: rm(x))\n\
             predicate rm(x: call) = x.program == \"rm\"\n\
             predicate some(xs: list<call>) = any(x in xs: rm(x))\n\
             predicate bash_only(c: command(bash)) = deletes(c) or some(c.calls)\n\
             predicate reads(q: sql) = q.read_only\n\
             rule r {{ {rule} }}\n"
        )
    };
    let accepted = [
        "on exec when deletes(args.command) deny \"no\"",
        "on sh when bash_only(args.c) deny \"no\"",
        "on query when not reads(args.statement) deny \"no\"",
        "on any when any(c in commands(args): deletes(c)) deny \"no\"",
    ];
    for rule in accepted {
        assert_eq!(check(&policy(rule)), "", "{rule}");
    }
    let refused = [
        "on exec when reads(args.command) deny \"no\"",
        "on any when deletes(\"ls\") deny \"no\"",
        "on exec when rm(args.command) deny \"no\"",
    ];
    for rule in refused {
        assert!(check(&policy(rule)).contains("expected"), "{rule}");
    }
}
