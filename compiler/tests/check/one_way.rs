//! Labels and tiers: more of them is always stricter.

use crate::{PRELUDE, report_after};

fn prelude() -> String {
    let tiers = "tiers low < medium < high\n\
        matrix { tier | dev | prod low | allow | allow medium | allow | on_call high | deny | deny }\n\
        classify { low on any }\n\
        predicate tainted() = untrusted in session.labels\n\
        predicate clean() = untrusted not in session.labels\n\
        predicate risky() = tier >= high and tainted()\n\
        predicate both(x: bool) = x\n";
    format!("{PRELUDE}{tiers}")
}

#[test]
fn accepted() {
    for case in [
        r#"rule r { on any when untrusted in session.labels deny "x" }"#,
        r#"rule r { on any when untrusted in session.labels and (tier >= high or secret_data in session.labels) deny "x" }"#,
        r#"rule r { on any when not (not (untrusted in session.labels)) deny "x" }"#,
        r#"rule r { on any when not (untrusted not in session.labels) deny "x" }"#,
        r#"rule r { on any unless untrusted not in session.labels deny "x" }"#,
        r#"rule r { on any unless not (untrusted in session.labels) and env == dev deny "x" }"#,
        r#"rule r { on any unless tier < high deny "x" }"#,
        r#"rule r { on any unless tier <= medium deny "x" }"#,
        r#"rule r { on any when tier > low deny "x" }"#,
        r#"rule r { on any when high <= tier deny "x" }"#,
        r#"rule r { on any when not (tier < high) deny "x" }"#,
        r#"rule r { on any when tainted() unless clean() deny "x" }"#,
        r#"rule r { on any when risky() deny "x" }"#,
        r#"limit l { on send_email when untrusted in session.labels max 5 per 1m }"#,
        r#"limit l { on send_email unless untrusted not in session.labels max 5 per 1m }"#,
        r#"invariant "i" { on any when tier < high unless untrusted in session.labels never deny }"#,
    ] {
        assert_eq!(crate::check(&format!("{}{case}\n", prelude())), "", "{case}");
    }
}

#[test]
fn on_the_wrong_side() {
    snapshot!(report_after(
        &prelude(),
        &[
            r#"rule r { on any when untrusted not in session.labels deny "x" }"#,
            r#"rule r { on any when not (untrusted in session.labels or env == dev) deny "x" }"#,
            r#"rule r { on any unless untrusted in session.labels deny "x" }"#,
            r#"rule r { on any when clean() deny "x" }"#,
            r#"rule r { on any unless tainted() deny "x" }"#,
            r#"rule r { on any unless not clean() deny "x" }"#,
            r#"rule r { on any when tier < high deny "x" }"#,
            r#"rule r { on any when tier <= low deny "x" }"#,
            r#"rule r { on any unless tier >= high deny "x" }"#,
            r#"rule r { on any when not (tier >= high) deny "x" }"#,
            r#"limit l { on send_email unless untrusted in session.labels max 5 per 1m }"#,
        ]
    ));
}

#[test]
fn under_something_else_than_logic() {
    snapshot!(report_after(
        &prelude(),
        &[
            r#"rule r { on any when (untrusted in session.labels) == true deny "x" }"#,
            r#"rule r { on send_email when any(a in args.to: untrusted in session.labels) deny "x" }"#,
            r#"rule r { on any when both(untrusted in session.labels) deny "x" }"#,
            r#"rule r { on any when both(tainted()) deny "x" }"#,
            r#"rule r { on any when (tier >= high) == false deny "x" }"#,
            r#"rule r { on send_email when none(a in args.to: risky()) deny "x" }"#,
        ]
    ));
}

#[test]
fn where_nothing_may_depend_on_them() {
    snapshot!(report_after(
        &prelude(),
        &[
            r#"scope s { on send_email where untrusted in session.labels }"#,
            r#"scope s { on send_email where tainted() }"#,
            r#"classify { high on send_email when untrusted in session.labels }"#,
            r#"classify { high on send_email when tier >= medium }"#,
            r#"rule r { on any deny "{untrusted in session.labels}" }"#,
            r#"extern f(x: bool) -> bool { timeout 1s } rule r { on any when f(untrusted in session.labels) deny "x" }"#,
            r#"constraints { strict: int = max } rule r { on any constrain strict count(x in [true]: tainted()) }"#,
            r#"limit l { on refund sum 1 + count(x in [true]: tainted()) max 5 per 1m }"#,
        ]
    ));
}

#[test]
fn in_other_forms() {
    snapshot!(report_after(
        &prelude(),
        &[
            r#"rule r { on any when tier == high deny "x" }"#,
            r#"rule r { on any when tier != high deny "x" }"#,
            r#"rule r { on any when tier in [high] deny "x" }"#,
            r#"rule r { on any when tier >= "high" deny "x" }"#,
            r#"rule r { on any when tier >= hihg deny "x" }"#,
            r#"rule r { on any when tier deny "x" }"#,
            r#"rule r { on any when len(session.labels) > 0 deny "x" }"#,
            r#"rule r { on any when any(l in session.labels: l == untrusted) deny "x" }"#,
            r#"rule r { on any when [untrusted] in session.labels deny "x" }"#,
            r#"rule r { on any when "untrusted" in session.labels deny "x" }"#,
            r#"rule r { on any when untrustd in session.labels deny "x" }"#,
            r#"rule r { on any deny "{session.labels}" }"#,
            r#"rule r { on any deny "{tier}" }"#,
        ]
    ));
}
