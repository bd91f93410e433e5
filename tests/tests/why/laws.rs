//! Laws over small policies with few values: what is found is so, and what is said not to be there is not.

use std::fmt::Write;
use std::sync::Arc;

use claw_compiler::proof::case::Past;
use claw_compiler::proof::near::{Miss, Wanted, near};
use claw_compiler::proof::query::{Cell, Reach, query};
use claw_compiler::proof::side::Side;
use claw_runtime::{Json, Outcome};
use proptest::prelude::*;

use super::{check_miss, everything, side};

const HEAD: &str = "package p\nenvironments dev, prod\nroles r, s, boss includes (r)\nlabels hot\ntiers low < high
context { ticket?: string }\nuser { level: int }
tool t(n: int, on: bool, w?: string, l: list<int>)
approval ok { by 1 of boss expires 10m }
";

/// A request with few values.
#[derive(Clone, Debug, PartialEq)]
struct Small {
    env: &'static str,
    role: &'static str,
    user: Option<i64>,
    n: i64,
    on: bool,
    w: Option<&'static str>,
    l: Vec<i64>,
    ticket: Option<&'static str>,
    hot: bool,
}

impl Small {
    fn json(&self) -> Json {
        let mut args = format!("\"n\": {}, \"on\": {}, \"l\": {:?}", self.n, self.on, self.l);
        self.w.iter().for_each(|w| write!(args, ", \"w\": \"{w}\"").unwrap());
        let user =
            self.user.map(|level| format!(", \"user\": {{\"id\": \"u\", \"level\": {level}}}")).unwrap_or_default();
        let ticket = self.ticket.map(|ticket| format!("\"ticket\": \"{ticket}\"")).unwrap_or_default();
        let labels = if self.hot { "\"hot\"" } else { "" };
        super::json(&format!(
            "{{\"environment\": \"{}\", \"session\": \"s\", \"agent\": {{\"id\": \"a\", \"roles\": [\"{}\"]}}{user},
              \"tool\": \"t\", \"args\": {{{args}}}, \"context\": {{{ticket}}}, \"labels\": [{labels}]}}",
            self.env, self.role
        ))
    }

    /// All requests that differ in one part.
    fn neighbours(&self) -> Vec<(&'static str, Small)> {
        let mut out = Vec::new();
        let mut put = |part, small: Small| {
            if small != *self {
                out.push((part, small));
            }
        };
        let me = || self.clone();
        ["dev", "prod"].into_iter().for_each(|env| put("environment", Small { env, ..me() }));
        NUMBERS.iter().for_each(|n| put("args.n", Small { n: *n, ..me() }));
        [false, true].into_iter().for_each(|on| put("args.on", Small { on, ..me() }));
        WORDS.iter().for_each(|w| put("args.w", Small { w: *w, ..me() }));
        lists().into_iter().for_each(|l| put("args.l", Small { l, ..me() }));
        TICKETS.iter().for_each(|ticket| put("context.ticket", Small { ticket: *ticket, ..me() }));
        [false, true].into_iter().for_each(|hot| put("session.labels", Small { hot, ..me() }));
        if self.user.is_some() {
            put("user", Small { user: None, ..me() });
            NUMBERS.iter().for_each(|level| put("user.level", Small { user: Some(*level), ..me() }));
        }
        out
    }
}

const NUMBERS: [i64; 5] = [-1, 0, 1, 2, 3];
const WORDS: [Option<&str>; 4] = [None, Some("a"), Some("b"), Some("c")];
const TICKETS: [Option<&str>; 3] = [None, Some("T-1"), Some("x")];
const LABEL: &str = "hot in session.labels";
const ROLES: [&str; 3] = ["r", "s", "boss"];

fn lists() -> Vec<Vec<i64>> {
    vec![vec![], vec![0], vec![2], vec![0, 2], vec![2, 3]]
}

fn small() -> impl Strategy<Value = Small> {
    let words = prop::sample::select(WORDS.to_vec());
    let user = prop::option::of(prop::sample::select(NUMBERS.to_vec()));
    (
        (prop::sample::select(vec!["dev", "prod"]), prop::sample::select(ROLES.to_vec()), user),
        (prop::sample::select(NUMBERS.to_vec()), any::<bool>(), words, prop::sample::select(lists())),
        (prop::sample::select(TICKETS.to_vec()), any::<bool>()),
    )
        .prop_map(|((env, role, user), (n, on, w, l), (ticket, hot))| Small {
            env,
            role,
            user,
            n,
            on,
            w,
            l,
            ticket,
            hot,
        })
}

fn test() -> impl Strategy<Value = String> {
    prop_oneof![
        (prop::sample::select(vec!["<", "<=", "==", "!=", ">", ">="]), 0..3i64)
            .prop_map(|(op, n)| format!("args.n {op} {n}")),
        Just("args.on".to_owned()),
        Just("args.w == \"a\"".to_owned()),
        Just("args.w in [\"a\", \"b\"]".to_owned()),
        Just("present(args.w)".to_owned()),
        Just("context.ticket like \"T-*\"".to_owned()),
        Just("present(context.ticket)".to_owned()),
        Just("any(x in args.l: x > 1)".to_owned()),
        Just("all(x in args.l: x > 1)".to_owned()),
        Just("len(args.l) > 1".to_owned()),
        Just(LABEL.to_owned()),
        Just("s in agent.roles".to_owned()),
        Just("user.level > 1".to_owned()),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => test(),
        1 => test().prop_map(|a| format!("not ({a})")),
        1 => (test(), test()).prop_map(|(a, b)| format!("{a} and {b}")),
        1 => (test(), test()).prop_map(|(a, b)| format!("({a} or {b})")),
    ]
}

fn scope() -> impl Strategy<Value = String> {
    // What grants may read.
    prop::sample::select(vec!["args.n > 0", "args.on", "present(args.w)", "args.n < 3 and args.on", "not args.on"])
        .prop_map(str::to_owned)
}

fn policy() -> impl Strategy<Value = String> {
    let grant = (scope(), prop::sample::select(ROLES.to_vec()), prop::sample::select(vec!["", " in dev", " in prod"]));
    let effect = prop::sample::select(vec!["deny \"no\"", "require ok", "deny \"no\""]);
    let place = prop::sample::select(vec!["", " in prod", " in dev"]);
    let rule = (condition(), effect, place, any::<bool>());
    (prop::collection::vec(grant, 1..3), prop::collection::vec(rule, 0..4), condition(), 0..3usize).prop_map(
        |(grants, rules, high, cell)| {
            let mut text = HEAD.to_owned();
            let cell = ["allow", "ok", "deny"][cell];
            let high = if high.contains("session") || high.contains("roles") { "args.on".to_owned() } else { high };
            writeln!(text, "classify {{ low on t high on t when {high} }}").unwrap();
            writeln!(text, "matrix {{ tier | dev | prod\n low | allow | allow\n high | allow | {cell} }}").unwrap();
            for (at, (scope, role, place)) in grants.iter().enumerate() {
                writeln!(text, "scope s{at} {{ on t where {scope} }}\ngrant s{at} to {role}{place}").unwrap();
            }
            for (at, (condition, effect, place, unless)) in rules.iter().enumerate() {
                let when = if *unless { "unless" } else { "when" };
                // A label may not exempt from anything.
                let exempts = *unless || condition.contains("not (");
                let condition = if exempts { condition.replace(LABEL, "args.on") } else { condition.clone() };
                writeln!(text, "rule r{at} {{ on t{place} {when} {condition} {effect} }}").unwrap();
            }
            text
        },
    )
}

fn changes(miss: &Miss, part: &str) -> bool {
    miss.changes.len() == 1 && miss.changes[0].part.starts_with(part)
}

/// No change of one part does what `near` says that none does.
fn nothing_is_missed(side: &Side, small: &Small, stricter: bool) -> Result<(), TestCaseError> {
    let past = Past::default();
    let request = small.json();
    let decision = past.decide(side, &request);
    let wanted = Wanted { stricter, most: 100, ..Wanted::default() };
    let found = near(side, &past, &request, &decision, wanted);
    prop_assert!(found.untold.is_empty(), "{:?} {}", found.untold, request.canonical());
    for miss in &found.misses {
        check_miss(side, &past, decision.outcome, stricter, miss);
    }
    let strictest_first =
        |outcome: Outcome| if stricter { outcome > decision.outcome } else { outcome < decision.outcome };
    for (part, other) in small.neighbours() {
        let then = past.decide(side, &other.json());
        let told = found.misses.iter().any(|miss| changes(miss, part));
        let open = found.untold.iter().any(|(of, _)| of == part);
        prop_assert!(
            !strictest_first(then.outcome) || told || open,
            "{} becomes {} with {}: {:?}",
            request.canonical(),
            then.outcome,
            other.json().canonical(),
            found.misses.iter().map(ToString::to_string).collect::<Vec<_>>()
        );
    }
    Ok(())
}

/// What a cell says of one call.
fn agrees(cell: &Cell, outcome: Outcome) -> bool {
    match cell.reach {
        Reach::Unknown => true,
        Reach::Deny => outcome == Outcome::Deny,
        Reach::Approval => outcome >= Outcome::RequireApproval && (!cell.always || outcome == Outcome::RequireApproval),
        Reach::Allow => !cell.always || outcome == Outcome::Allow,
    }
}

fn all_small(env: &'static str, role: &'static str) -> Vec<Small> {
    let mut out = Vec::new();
    for n in NUMBERS {
        for on in [false, true] {
            for w in WORDS {
                for l in lists() {
                    for (ticket, hot, user) in
                        [(None, false, None), (Some("T-1"), true, Some(2)), (Some("x"), false, Some(0))]
                    {
                        out.push(Small { env, role, user, n, on, w, l: l.clone(), ticket, hot });
                    }
                }
            }
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_single_change_is_missed(text in policy(), requests in prop::collection::vec(small(), 6)) {
        let side = Arc::new(side(&text));
        for small in requests {
            nothing_is_missed(&side, &small, false)?;
            nothing_is_missed(&side, &small, true)?;
        }
    }

    #[test]
    fn cells_say_what_calls_get(text in policy()) {
        let side = side(&text);
        let past = Past::default();
        let table = query(&side, &everything(&side));
        for row in &table.rows {
            let role = ROLES.into_iter().find(|role| *role == row.role).expect("a role");
            for cell in &row.cells {
                prop_assert!(cell.reach != Reach::Unknown, "{cell:?}\n{text}");
                let env = if cell.environment == "dev" { "dev" } else { "prod" };
                if let Some(how) = &cell.how {
                    let outcome = past.decide(&side, &how.example).outcome;
                    let said = if cell.reach == Reach::Allow { Outcome::Allow } else { Outcome::RequireApproval };
                    prop_assert_eq!(outcome, said, "{}\n{}", how.example.canonical(), &text);
                }
                for small in all_small(env, role) {
                    let outcome = past.decide(&side, &small.json()).outcome;
                    prop_assert!(agrees(cell, outcome), "{:?}: {} is {}\n{}", cell, small.json().canonical(), outcome, &text);
                }
            }
        }
    }
}
