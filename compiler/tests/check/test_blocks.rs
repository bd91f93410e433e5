//! `test` blocks.

use crate::{accept, report};

/// A test with these steps after the usual settings.
fn steps(cases: &[&str]) -> Vec<String> {
    cases.iter().map(|c| format!("test \"t\" {{ as agent \"b\" {{ roles: [support] }} in prod {c} }}")).collect()
}

fn report_steps(cases: &[&str]) -> String {
    let cases = steps(cases);
    report(&cases.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn accepted() {
    let cases = steps(&[
        r#"call get_order { id: "x" } expect allow"#,
        r#"call get_order expect deny reason invalid_request"#,
        r#"call send_email { to: ["a@b.c"], nothing: -1.50 } expect deny because known, rate"#,
        r#"call get_order { id: "x" } fails expect require on_call, two_keys marks untrusted"#,
        r#"as user "u" { roles: [admin], clearance: 3 } with context { ticket: "T", ticket_info: { id: "x" } } call get_order {} expect deny"#,
        r#"with labels [untrusted] with approvals [on_call] with origins { "/args/to": [web] } call get_order {} expect deny"#,
        r#"with resolved { "/args/cwd": "/srv" } with live { blocked: ["a@b.c"] } with extern { score: 3 } call exec {} expect deny"#,
        r#"at 2026-03-02T10:00:00+01:00 call refund { priority: high, at: 2026-03-02T10:00:00Z, amount: 1_000.50 } expect deny"#,
        r#"as agent "b" { roles: [], purpose: "x", owner: "u", chain: [{ id: "c", roles: [sre] }] } call get_order { id: null } expect deny"#,
        r#"call send_email { to: names } expect deny"#,
    ]);
    accept(&cases.iter().map(String::as_str).collect::<Vec<_>>());
    accept(&[
        r#"grant mail,orders to support test "t" { as agent "b" in dev call get_order expect allow because "grant mail, orders  to support" }"#,
    ]);
}

#[test]
fn mistakes() {
    snapshot!(report_steps(&[
        r#"call get_ordr { id: "x" } expect allow"#,
        r#"call get_order { id: "x" }"#,
        r#"call get_order { id: "x" } call get_order { id: "x" } expect allow"#,
        r#"expect allow"#,
        r#"fails"#,
        r#"call get_order { id: args.x } expect allow"#,
        r#"call get_order { id: someone } expect allow"#,
        r#"call get_order { id: 1 + 2 } expect allow"#,
        r#"call get_order expect deny because knwn"#,
        r#"call get_order expect deny because mail"#,
        r#"call get_order expect deny because "grant nothing""#,
        r#"call get_order expect deny reason not_grnted"#,
        r#"call get_order expect require on_cal"#,
        r#"call get_order expect allow tier high"#,
        r#"call get_order expect allow marks untrustd"#,
        r#"in prd"#,
        r#"as agent "x" { roles: [suport], purpos: "x" }"#,
        r#"as user "x" { clearence: 3 }"#,
        r#"with context { tickt: "x" }"#,
        r#"with labels [untrustd]"#,
        r#"with labels ["untrusted"]"#,
        r#"with approvals [on_cal]"#,
        r#"with origins { to: [web] }"#,
        r#"with live { blockd: [] }"#,
        r#"with extern { mail: 3 }"#,
        r#"with resolved { "/args/cwd": 3 }"#,
        r#"with context 3"#,
        r#"at 2026-03-02"#,
        r#"at 2026-13-02T10:00:00Z"#,
    ]));
}

#[test]
fn tests_without_settings() {
    snapshot!(report(&[
        r#"test "t" { call get_order expect allow call get_order expect allow }"#,
        r#"test "t" { as agent "b" call get_order expect allow }"#,
        r#"test "t" { in prod call get_order expect allow }"#,
    ]));
}
