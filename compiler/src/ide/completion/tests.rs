//! What is offered at a place, as lists of labels.

use super::*;
use crate::Workspace;

const POLICY: &str = "package p
use \"./company.claw\" as company
tiers low < high
environments dev, prod
roles support, sre
labels untrusted
tags write
agent { purpose: string }
enum Level { minor, major }
/// Gives money back.
tool refund(order: string, amount: decimal, level: Level) is write
tool jira.get(id: string)
tool jira.put(id: string, body: string)
tool run(command: command(bash), to: list<email>)
let limit_of: decimal = 5.0
predicate big(x: decimal) = x > 5.0
scope tickets { on jira.* }
window office { days mon..fri zone \"UTC\" }
approval on_call { by 1 of sre expires 15m }
";

/// The labels offered at `$` behind the policy, the first `n`.
fn offered(code: &str) -> Vec<String> {
    let text = format!("{POLICY}{code}");
    let offset = text.find('$').expect("a cursor");
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", text.replacen('$', "", 1));
    workspace.set_file("company.claw", "package company\npredicate ours(a: email) = a.domain == \"acme.com\"\n");
    let analysis = workspace.analyze("main.claw");
    completions(&analysis, FileId(0), offset as u32).into_iter().map(|c| c.label).collect()
}

#[track_caller]
fn has(code: &str, words: &[&str]) {
    let found = offered(code);
    for word in words {
        assert!(found.iter().any(|f| f == word), "`{word}` is missing at {code}: {found:?}");
    }
}

#[track_caller]
fn is(code: &str, words: &[&str]) {
    assert_eq!(offered(code), words, "{code}");
}

#[test]
fn arguments_of_the_tools_in_on() {
    is("rule r {\n  on refund\n  when args.$", &["order", "amount", "level"]);
    is("rule r { on jira.get, jira.put when args.$ deny \"no\" }", &["id"]);
    is("rule r { on jira.* when args.$ }\nrule s { on refund deny \"x\" }", &["id"]);
    is("rule r { on tickets when args.i$", &["id"]);
    is("scope s { on tagged(write) where args.$ }", &["order", "amount", "level"]);
    is("classify { high on refund when args.$", &["order", "amount", "level"]);
    is("limit l { on jira.put when args.$", &["id", "body"]);
}

#[test]
fn members_by_type() {
    has("rule r { on run when args.command.$", &["calls", "opaque", "only"]);
    has("rule r { on run when any(a in args.to: a.$", &["domain", "local"]);
    has("rule r { on run when any(c in args.command.calls: c.$", &["program", "has"]);
    is("rule r { on run when company.$", &["ours"]);
    has("rule r { on run when agent.$", &["purpose", "id", "roles"]);
    has("predicate q(e: email) = e.$", &["domain", "local"]);
}

#[test]
fn clauses_in_their_order() {
    let found = offered("rule r {\n  $\n}");
    assert_eq!(found, ["on", "when", "unless", "deny", "require", "constrain", "mark", "suggest"]);
    has("rule r {\n on refund\n $", &["in", "when", "deny"]);
    has("approval a {\n $\n}", &["by", "expires", "note"]);
    has("test \"t\" {\n $\n}", &["as", "in", "call"]);
    has("limit l { on refund $", &["max", "sum", "each"]);
}

#[test]
fn names_by_place() {
    has("rule r { on $", &["refund", "jira.get", "jira.*", "tickets", "any", "tagged"]);
    is("rule r { on refund in $", &["dev", "prod"]);
    is("rule r { on refund require $", &["on_call"]);
    is("rule r { on refund mark $", &["untrusted"]);
    is("grant refund to $", &["support", "sre", "any"]);
    has("grant $", &["refund", "tickets"]);
    is("classify {\n  $", &["low", "high"]);
    is("classify {\n  low $", &["on"]);
    is("matrix {\n  tier | $", &["dev", "prod"]);
    is("matrix {\n  tier | dev\n  low | $", &["allow", "deny", "on_call"]);
    is("approval a { by 1 of $", &["support", "sre"]);
    is("rule r { on tagged($", &["write"]);
}

#[test]
fn expressions() {
    has("rule r { on refund when $", &["args", "big", "company.ours", "limit_of", "any", "not"]);
    is("rule r { on refund when args.level == $", &["minor", "major"]);
    is("rule r { on refund when env == $", &["dev", "prod"]);
    is("rule r { on refund unless now in $", &["office"]);
    has("rule r { on refund when args.amount > 1.0 $", &["and", "deny"]);
    assert!(!offered("rule r { on refund when (args.amount > 1.0 $").contains(&"deny".to_owned()));
    is("rule r { on refund unless prior jira.get(prior.$", &["id"]);
    has("rule r { on refund when any(x in limit_of: $", &["x"]);
}

#[test]
fn declarations_types_tests_and_modules() {
    has("$", &["rule", "tool", "test"]);
    has("ru$", &["rule"]);
    has("tool t(a: $", &["string", "command(bash)", "Level", "list"]);
    has("use $", &["std.shell", "std.paths"]);
    has("use std.$", &["shell", "tools.codex"]);
    has("use \"$", &["./company.claw"]);
    has("@$", &["owner", "status"]);
    has("@status($", &["candidate"]);
    is("test \"t\" { call refund { order: \"a\", $", &["amount", "level"]);
    is("test \"t\" { call refund { level: $", &["minor", "major"]);
    is("test \"t\" { as agent \"x\" { roles: [$", &["support", "sre"]);
    is("test \"t\" { in $", &["dev", "prod"]);
    has("test \"t\" { call $", &["refund", "jira.get"]);
    is("// on $", &[]);
}

#[test]
fn snippets_have_a_plain_text() {
    let mut completion = Completion {
        label: String::new(),
        kind: CompletionKind::Snippet,
        detail: String::new(),
        doc: String::new(),
        insert: "grant ${1:scope} to ${2:role}$0 {$3}".to_owned(),
        is_snippet: true,
        replace: Span::at(0),
        order: 0,
    };
    assert_eq!(completion.plain(), "grant scope to role {}");
    completion.is_snippet = false;
    assert!(completion.plain().contains("$0"));
}
