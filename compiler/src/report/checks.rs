//! What was tried: tests, what they exercise, and what `clawc check` has to say.

use claw_runtime::LoadError;

use super::anchors::Thing;
use super::context::Context;
use super::model::{Coverage, OpenCondition, Ref, TestCase, TestResult, Tests, Warning};
use crate::Checked;
use crate::analysis::Symbol;
use crate::hir::{Decl, LimitId, Loc, RuleId, ScopeId};
use crate::testing::{self, Failure, FailureKind};

pub(super) fn tests(cx: &Context<'_>, checked: &Checked, coverage: bool) -> Result<Tests, LoadError> {
    let mut cases: Vec<TestCase> = Vec::new();
    for (at, test) in cx.package.tests.iter().enumerate() {
        let heading = cx.heading(Thing::Test(at), &test.decl);
        cases.push(TestCase { heading, code: cx.code(test.decl.loc), result: None });
    }
    if !coverage {
        return Ok(Tests { cases, coverage: None });
    }
    let sources = &cx.analysis.sources;
    // They come in the order of the package.
    for (case, result) in cases.iter_mut().zip(testing::run(checked, sources, None)?) {
        let failures = result.failures.iter().map(|failure| failed(cx, failure)).collect();
        case.result = Some(TestResult { passed: result.passed(), calls: result.calls, failures });
    }
    let measured = testing::coverage(checked, sources, None)?;
    Ok(Tests { cases, coverage: Some(covered(cx, &measured)) })
}

fn failed(cx: &Context<'_>, failure: &Failure) -> String {
    let (_, line) = cx.place(failure.loc);
    let what = match &failure.kind {
        FailureKind::Incomplete { message, .. } => message.clone(),
        FailureKind::Unexpected { mismatches, .. } => {
            let each = mismatches.iter().map(|m| format!("{}: expected {}, got {}", m.what, m.expected, m.got));
            each.collect::<Vec<_>>().join("; ")
        }
    };
    format!("line {line}, call of {}: {what}", failure.tool)
}

fn covered(cx: &Context<'_>, measured: &testing::Coverage) -> Coverage {
    let (clauses_hit, clauses) = measured.clause_ratio();
    let (sides_seen, sides) = measured.side_ratio();
    let link =
        |name: &str| Ref { id: cx.anchors.of_clause(name).unwrap_or_default().to_owned(), name: name.to_owned() };
    let missed = measured.clauses.iter().filter(|clause| clause.hits == 0).map(|clause| link(&clause.clause));
    let open = measured.conditions.iter().filter(|condition| condition.missing().next().is_some());
    Coverage {
        clauses,
        clauses_hit,
        sides,
        sides_seen,
        missed: missed.collect(),
        open: open
            .map(|condition| {
                let (file, line) = cx.place(condition.loc);
                OpenCondition {
                    owner: Ref { id: owner(cx, condition.loc), name: condition.owner.clone() },
                    word: condition.word,
                    code: cx.code(condition.loc),
                    missing: condition.missing().map(testing::Side::word).collect(),
                    file,
                    line,
                }
            })
            .collect(),
    }
}

/// The declaration around a condition. Names alone don't tell: they are unique in a module only.
fn owner(cx: &Context<'_>, loc: Loc) -> String {
    let around = |decl: &Decl| {
        decl.loc.file == loc.file && decl.loc.span.start <= loc.span.start && loc.span.end <= decl.loc.span.end
    };
    let package = cx.package;
    let named = |symbol| Thing::Named(symbol);
    let rules = (0..).zip(&package.rules).map(|(at, rule)| (named(Symbol::Rule(RuleId(at))), &rule.decl));
    let limits = (0..).zip(&package.limits).map(|(at, limit)| (named(Symbol::Limit(LimitId(at))), &limit.decl));
    let scopes = (0..).zip(&package.scopes).map(|(at, scope)| (named(Symbol::Scope(ScopeId(at))), &scope.decl));
    let arms = package.classify.iter().enumerate().map(|(at, arm)| (Thing::Classify(at), &arm.decl));
    let mut all = rules.chain(limits).chain(scopes).chain(arms);
    all.find(|(_, decl)| around(decl)).map(|(thing, _)| cx.id(thing)).unwrap_or_default()
}

pub(super) fn warnings(cx: &Context<'_>) -> Vec<Warning> {
    let findings = cx.analysis.diagnostics.iter().filter(|finding| !finding.is_error());
    findings
        .map(|finding| {
            let (file, line) = cx.place(finding.primary.loc);
            Warning {
                code: finding.code.as_str(),
                message: finding.message.clone(),
                help: finding.help.clone(),
                notes: finding.notes.clone(),
                file,
                line,
            }
        })
        .collect()
}
