//! Roles, matrices, classifications, approvals, windows, limits, rules.

use crate::{check, report, report_after};

#[test]
fn roles_and_scopes_and_predicates_in_circles() {
    snapshot!(report(&[
        "roles a includes (b), b includes (c), c includes (a)",
        "roles a includes (a)",
        "roles a includes (nobody)",
        "scope a { on b } scope b { on a }",
        "scope a { on a }",
        "scope a { }",
        "predicate a(x: int) = b(x) predicate b(x: int) = a(x)",
        "predicate a(x: int) = x > 3 or a(x - 1)",
        "predicate p(x?: int, y: int = 3) = x > y",
    ]));
}

#[test]
fn matrices() {
    let prelude = "environments dev, prod\nroles sre\ntool t()\ntiers low < high\nclassify { low on t }\n\
        approval a { by 1 of sre expires 1m }\napproval b { by 1 of sre expires 1m }\n";
    snapshot!(report_after(
        prelude,
        &[
            "matrix { tier | dev | prod\nlow | allow | a\nhigh | a | a + b }",
            "matrix { tier | dev | prod\nlow | allow | a }",
            "matrix { tier | dev\nlow | allow\nhigh | deny }",
            "matrix { tier | dev | prod\nlow | allow | a\nhigh | a | allow }",
            "matrix { tier | dev | prod\nlow | deny | a + b\nhigh | a | b }",
            "matrix { tier | dev | prod\nlow | allow | a\nhigh | deny | deny\nlow | a | a }",
            "matrix { tier | dev | prod\nlow | allow | a\nhihg | deny | deny }",
            "matrix { tier | dev | qa\nlow | allow | a\nhigh | deny | deny }",
            "matrix { tier | dev | prod\nlow | allow | t\nhigh | deny | deny }",
            "matrix { tier | dev | prod | dev\nlow | allow | a | deny\nhigh | deny | deny | deny }",
            "",
        ]
    ));
    assert_eq!(
        check("environments dev\ntool t()\nmatrix { tier | dev\nlow | allow }"),
        "p.claw:3:10 E0406 there is a matrix, but no tiers are declared | \
         declare them: `tiers low < high` and `environments dev, prod`\n"
    );
}

#[test]
fn classification() {
    let prelude = "environments dev, prod\ntool a(x: int)\ntool b(x: int)\ntiers low < high\n\
        matrix { tier | dev | prod low | allow | allow high | deny | deny }\n";
    snapshot!(report_after(
        prelude,
        &[
            "classify { low on a, b }",
            "classify { low on a }",
            "classify { low on a low on b when args.x > 3 high on b unless args.x > 3 }",
            "classify { low on a low on b in dev, prod }",
            "scope s { on a on b where args.x > 3 } classify { low on s }",
            "scope s { on a } scope t { on s, b } classify { low on t }",
            "classify { low on a, bb }",
            "classify { lo on any }",
            "",
        ]
    ));
}

#[test]
fn approvals() {
    snapshot!(report(&[
        "approval a { expires 15m }",
        "approval a { by 1 of sre }",
        "approval a { by 0 of sre expires 15m }",
        "approval a { by 1 of nobody expires 15m }",
        "approval a { by 1 of sre expires 0m }",
        "approval a { by 1 of sre expires 15m expires 20m note required note required }",
        "approval a { by user expires 15m reuse 1h }",
    ]));
}

#[test]
fn windows() {
    snapshot!(report(&[
        "window w { days mon..fri hours 09:00..18:00 }",
        "window w { zone \"Berlin\" }",
        "window w { zone \"Europe/Berln\" }",
        "window w { zone \"nowhere at all\" }",
        "window w { days monday..fri zone \"UTC\" }",
        "window w { hours 09:00..09:00 zone \"UTC\" }",
        "window w { hours 09:00..25:00 zone \"UTC\" }",
        "window w { hours 24:00..06:00 zone \"UTC\" }",
        "window w { hours 22:00..06:00, 12:00..24:00 days fri..mon zone \"UTC\" except 2026-12-24..2026-12-26, 2027-01-01 }",
        "window w { zone \"UTC\" except 2026-02-30, 2026-12-26..2026-12-24 }",
        "window w { zone \"UTC\" zone \"Europe/Berlin\" }",
    ]));
}

#[test]
fn limits() {
    snapshot!(report(&[
        "limit l { on send_email max 5 per 1m each agent, user, tenant, session, tool }",
        "limit l { on send_email max 5 per 1m each agnt }",
        "limit l { on send_email max 5 per 1m each agent, agent }",
        "limit l { on send_email max 0 per 1m }",
        "limit l { on send_email max -3 per 1m }",
        "limit l { on send_email max 2.5 per 1m }",
        "limit l { on send_email max 5 per 0m }",
        "limit l { on send_email max \"5\" per 1m }",
        "limit l { on refund sum args.amount max 1000 per 1d beyond require on_call }",
        "limit l { on refund sum args.amount on get_order max 1000 per 1d }",
        "limit l { on refund sum args.order_id max 1000 per 1d }",
        "limit l { on refund sum args.amount }",
        "limit l { max 5 per 1m }",
        "limit l { on send_email max 5 per 1m max 6 per 1m each agent each user }",
        "limit l { on send_email max 5 per 1m beyond deny \"{args.subject} again\" }",
        "let n: int = 5 limit l { on send_email max n per 1m }",
    ]));
}

#[test]
fn rules() {
    snapshot!(report(&[
        "rule r { on send_email }",
        "rule r { deny \"x\" }",
        "rule r { on send_email on get_order deny \"x\" }",
        "rule r { on send_email deny \"x\" deny \"y\" require on_call require two_keys, on_call mark untrusted mark untrusted }",
        "rule r { on send_email mark untrusted suggest \"x\" }",
        "rule r { on send_email deny \"x\" suggest \"x\" suggest \"y\" }",
        "rule r { on send_email constrain timeout 30s constrain hosts our_domains }",
        "rule r { on send_email constrain timeout 30 constrain hosts [\"a b\"] }",
        "constraints { a: int = union, b: set<int> = min, c: int = median, d: int = max }",
        "extern f(a: int) -> bool",
        "tool t() pinned \"sha256:abc\"",
        "grant mail to any, support for any",
        "invariant \"i\" { on any never allow }",
        "invariant \"i\" { on any always require on_call }",
        "invariant \"i\" { on any always allow }",
        "invariant \"i\" { never allow when true }",
        "invariant \"i\" { on any }",
    ]));
}

#[test]
#[expect(clippy::disallowed_types, reason = "measuring is what this test is for")]
fn large_policies_take_time_in_proportion() {
    let policy = |n: usize| {
        let mut text = String::from(
            "environments dev\nroles r\ntiers low < high\nmatrix { tier | dev\nlow | allow\nhigh | deny }\nclassify { low on any }\n",
        );
        for at in 0..n {
            text.push_str(&format!("tool t{at}(a: string, b: int)\ngrant t{at} to r\nrule r{at} {{ on t{at} when args.b > {at} deny \"{{args.a}}\" }}\n"));
        }
        text
    };
    let time = |n| {
        let text = policy(n);
        let start = std::time::Instant::now();
        assert_eq!(check(&text), "");
        start.elapsed()
    };
    let (small, large) = (time(300), time(3_000));
    // Ten times the size; a quadratic step would take a hundred times as long.
    assert!(large < small * 40, "{small:?} {large:?}");
}
