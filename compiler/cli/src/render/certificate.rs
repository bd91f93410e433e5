//! What `clawc check --certify` says of a policy, in words.

use claw_compiler::Certificate;
use claw_compiler::certify::Disagreement;
use claw_runtime::Tri;

use crate::output::Paint;
use crate::render::text::{count, indented, visible};

/// Answers of tests that are shown of one disagreement.
const SHOWN: usize = 20;

/// Why the policy is not certified: the first line of each says it, others explain.
pub fn errors(certificate: &Certificate) -> Vec<String> {
    let faults = certificate.faults.iter().map(|fault| format!("not certified: {fault}"));
    let skipped =
        certificate.skipped.iter().map(|skipped| format!("`{}` is not certified: {}", skipped.tool, skipped.why));
    let disagreements = certificate.disagreements.iter().map(disagreement);
    faults.chain(skipped).chain(disagreements).collect()
}

fn disagreement(found: &Disagreement) -> String {
    let mut text = format!("`{}`: the graph and the clauses disagree on `{}`", found.tool, found.root);
    let word = |answer: &Tri| match answer {
        Tri::False => "false",
        Tri::Unknown => "unknown",
        Tri::True => "true",
    };
    let mut answers: Vec<String> =
        found.valuation.iter().map(|(test, answer)| format!("{test} is {}", word(answer))).collect();
    answers.extend(found.env.iter().map(|env| format!("env is {env}")));
    answers.extend(found.tier.iter().map(|tier| format!("tier is {tier}")));
    let more = answers.len().saturating_sub(SHOWN);
    answers.truncate(SHOWN);
    if more > 0 {
        answers.push(format!("… and {more} more"));
    }
    let when =
        if answers.is_empty() { "\nalways: ".to_owned() } else { format!("\nwhere {}\n", answers.join("\n  and ")) };
    let said = |answer: u32| match (found.root.as_str(), answer) {
        ("tier", 0) => "unclassified".to_owned(),
        ("tier", tier) => format!("tier number {tier}"),
        (_, 0) => "no".to_owned(),
        _ => "yes".to_owned(),
    };
    text.push_str(&format!("{when}the graph says {}, the clauses say {}", said(found.graph), said(found.clauses)));
    text
}

pub fn human(policy: &str, certificate: &Certificate, errors: &[String], paint: Paint) -> String {
    if errors.is_empty() {
        return format!("{}: {}\n", visible(policy), proved(certificate));
    }
    let mut text = String::new();
    for error in errors {
        let error = visible(error);
        let (first, rest) = error.split_once('\n').unwrap_or((&error, ""));
        text.push_str(&format!("{}{}\n", paint.red_bold("error"), paint.bold(&format!(": {first}"))));
        text.push_str(&indented(rest, "  "));
    }
    text
}

fn proved(certificate: &Certificate) -> String {
    let by_clauses = match certificate.by_clauses {
        0 => String::new(),
        1 => " (1 tool is decided clause by clause)".to_owned(),
        n => format!(" ({n} tools are decided clause by clause)"),
    };
    format!(
        "certified: {}, {}: the graph and the clauses agree on every answer of the tests{by_clauses}",
        count(certificate.tools, "tool"),
        count(certificate.roots, "root"),
    )
}

#[cfg(test)]
mod tests {
    use claw_compiler::certify::Skipped;

    use super::*;

    fn found() -> Certificate {
        let disagreement = Disagreement {
            tool: "refund".to_owned(),
            root: "deny".to_owned(),
            valuation: vec![
                ("args.amount > 100".to_owned(), Tri::True),
                ("args.x == \"\u{1b}\"".to_owned(), Tri::Unknown),
            ],
            env: Some("prod".to_owned()),
            tier: None,
            graph: 0,
            clauses: 1,
        };
        let skipped = Skipped { tool: "look".to_owned(), why: "it is too large".to_owned() };
        Certificate {
            tools: 2,
            roots: 3,
            disagreements: vec![disagreement],
            skipped: vec![skipped],
            ..Certificate::default()
        }
    }

    #[test]
    fn a_disagreement_shows_the_answers() {
        let certificate = found();
        let text = human("main.claw", &certificate, &errors(&certificate), Paint { on: false });
        assert_eq!(
            text,
            "error: `look` is not certified: it is too large\n\
             error: `refund`: the graph and the clauses disagree on `deny`\n  \
             where args.amount > 100 is true\n    and args.x == \"\\u{1b}\" is unknown\n    and env is prod\n  \
             the graph says no, the clauses say yes\n"
        );
    }

    #[test]
    fn a_proof_says_what_it_covers() {
        let certificate = Certificate { tools: 3, roots: 1, by_clauses: 2, ..Certificate::default() };
        let text = human("main.claw", &certificate, &errors(&certificate), Paint { on: false });
        assert_eq!(
            text,
            "main.claw: certified: 3 tools, 1 root: the graph and the clauses agree on every answer of the tests \
             (2 tools are decided clause by clause)\n"
        );
    }
}
