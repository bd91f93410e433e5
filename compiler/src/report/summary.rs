//! The policy in a few sentences, from the finished report.

use super::model::{EffectKind, Outcome, Proof, Report};

pub(super) fn summary(report: &Report) -> Vec<String> {
    let mut sentences = vec![access(report), risk(report), rules(report)];
    sentences.push(limits(report));
    sentences.push(invariants(report));
    sentences.push(host(report));
    sentences.push(checks(report));
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// `1 rule`, `2 rules`
fn count(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

fn list(words: impl IntoIterator<Item = String>) -> String {
    let mut words: Vec<String> = words.into_iter().collect();
    match words.pop() {
        None => String::new(),
        Some(last) if words.is_empty() => last,
        Some(last) => format!("{} and {last}", words.join(", ")),
    }
}

fn access(report: &Report) -> String {
    let unreached = match report.access.unreached.len() {
        0 => String::new(),
        n if n == report.tools.len() => " No grant reaches any of them.".to_owned(),
        1 => " No grant reaches 1 of them.".to_owned(),
        n => format!(" No grant reaches {n} of them."),
    };
    let roles =
        if report.roles.is_empty() { String::new() } else { format!(" to {}", count(report.roles.len(), "role")) };
    format!(
        "The policy knows {}, given{roles} by {}; whatever no grant gives is denied.{unreached}",
        count(report.tools.len(), "tool"),
        count(report.grants.len(), "grant"),
    )
}

fn risk(report: &Report) -> String {
    if report.tiers.is_empty() {
        return String::new();
    }
    let tiers: Vec<&str> = report.tiers.iter().map(|tier| tier.name.as_str()).collect();
    let sorted = format!("Calls are sorted into {} ({}).", count(tiers.len(), "tier"), tiers.join(" < "));
    let cells = |outcome| report.matrix.iter().flat_map(|row| &row.cells).filter(|c| c.outcome == outcome).count();
    let words = [(Outcome::Allow, "allow", "allows"), (Outcome::Require, "ask for approval", "asks for approval")]
        .into_iter()
        .chain([(Outcome::Deny, "deny", "denies")])
        .map(|(outcome, many, one)| (cells(outcome), many, one))
        .filter(|(n, ..)| *n > 0)
        .map(|(n, many, one)| format!("{n} {}", if n == 1 { one } else { many }));
    let all = report.matrix.iter().map(|row| row.cells.len()).sum::<usize>();
    match all {
        0 => sorted,
        _ => format!("{sorted} Of the {} of the matrix, {}.", count(all, "cell"), list(words)),
    }
}

fn rules(report: &Report) -> String {
    if report.rules.is_empty() {
        return "No rule restricts what is granted.".to_owned();
    }
    let counting: Vec<_> = report.rules.iter().filter(|rule| rule.status == "confirmed").collect();
    let with = |kind| counting.iter().filter(|rule| rule.effects.iter().any(|effect| effect.kind == kind)).count();
    let kinds = [
        (EffectKind::Deny, "can deny"),
        (EffectKind::Require, "can ask for approval"),
        (EffectKind::Constrain, "can constrain how a call runs"),
        (EffectKind::Mark, "can mark the session"),
    ];
    let kinds = kinds.map(|(kind, words)| (with(kind), words)).into_iter().filter(|(n, _)| *n > 0);
    let verb = if counting.len() == 1 { "restricts" } else { "restrict" };
    let detail = list(kinds.map(|(n, words)| format!("{n} {words}")));
    let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
    let idle = report.rules.len() - counting.len();
    let shadow = match idle {
        0 => String::new(),
        n => format!(" {n} more {} on trial or set aside and change{} nothing.", be(n), if n == 1 { "s" } else { "" }),
    };
    format!("{} {verb} what is granted{detail}.{shadow}", count(counting.len(), "rule"))
}

fn be(n: usize) -> &'static str {
    if n == 1 { "is" } else { "are" }
}

fn limits(report: &Report) -> String {
    let things = [
        (report.limits.len(), "limit"),
        (report.approvals.len(), "kind of approval"),
        (report.windows.len(), "time window"),
    ];
    let things = things.into_iter().filter(|(n, _)| *n > 0);
    let plural = |(n, thing): (usize, &str)| match thing {
        "kind of approval" if n != 1 => format!("{n} kinds of approval"),
        _ => count(n, thing),
    };
    let words = list(things.map(plural));
    if words.is_empty() {
        String::new()
    } else {
        format!("There {} {words}.", if words.starts_with("1 ") { "is" } else { "are" })
    }
}

fn invariants(report: &Report) -> String {
    let proved = report.invariants.iter().filter(|invariant| invariant.verdict.proof == Proof::Proved).count();
    match (report.invariants.len(), proved) {
        (0, _) => String::new(),
        (1, 1) => "Its one invariant is proved: it holds for every request.".to_owned(),
        (all, proved) if all == proved => {
            format!("All of its {all} invariants are proved: they hold for every request.")
        }
        (all, proved) => format!("Of its {}, {proved} {} proved.", count(all, "invariant"), be(proved)),
    }
}

fn host(report: &Report) -> String {
    let host = &report.host;
    let things =
        [(host.attributes.len(), "attribute"), (host.live.len(), "live value"), (host.externs.len(), "function")];
    let words = list(things.into_iter().filter(|(n, _)| *n > 0).map(|(n, thing)| count(n, thing)));
    let enforce = match host.constraints.len() {
        0 => String::new(),
        n => format!("enforce {}", count(n, "constraint")),
    };
    match (words.is_empty(), enforce.is_empty()) {
        (true, true) => String::new(),
        (true, false) => format!("Whoever runs it has to {enforce}."),
        (false, true) => format!("Whoever runs it has to supply {words}."),
        (false, false) => format!("Whoever runs it has to supply {words}, and to {enforce}."),
    }
}

fn checks(report: &Report) -> String {
    let tests = &report.tests.cases;
    let ran: Vec<bool> = tests.iter().filter_map(|case| Some(case.result.as_ref()?.passed)).collect();
    let failed = ran.iter().filter(|passed| !**passed).count();
    let tests = match (tests.len(), ran.is_empty(), failed) {
        (0, ..) => "It has no tests".to_owned(),
        (n, true, _) => format!("It has {}, which were not run for this report", count(n, "test")),
        (1, false, 0) => "Its only test passes".to_owned(),
        (n, false, 0) => format!("All of its {n} tests pass"),
        (n, false, failed) => {
            format!("Of its {}, {failed} fail{}", count(n, "test"), if failed == 1 { "s" } else { "" })
        }
    };
    match report.warnings.len() {
        0 => format!("{tests}; checking it finds nothing to warn of."),
        n => format!("{tests}; checking it gives {}.", count(n, "warning")),
    }
}
