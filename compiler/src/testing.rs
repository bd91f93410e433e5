//! Runs the `test` blocks of a policy, on the compiled policy and nothing else.
//!
//! Each test is one session with a state of its own. Knows nothing of terminals: results are plain data, with the
//! runtime's decision beside every call that went otherwise than expected.

mod compare;
mod coverage;
mod session;
mod write;

use claw_runtime::bundle::Bundle;
use claw_runtime::{Decision, LoadError, Policy};

use crate::graph::Budget;
use crate::hir::{Loc, Package, Test, TestStep};
use crate::source::Sources;
use crate::{Checked, compile};

pub use compare::Mismatch;
pub use coverage::{ClauseCoverage, ConditionCoverage, Coverage, Side};
use session::Session;
pub use write::test_block;

/// What became of one test.
#[derive(Clone, Debug)]
pub struct TestResult {
    /// The text behind `test`.
    pub name: String,
    /// The module's name.
    pub module: String,
    pub loc: Loc,
    /// How many calls were made.
    pub calls: usize,
    /// Empty: the test passed.
    pub failures: Vec<Failure>,
}

impl TestResult {
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// A call that went otherwise than expected, or could not be made.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The call's or the expectation's place.
    pub loc: Loc,
    /// The tool as the policy calls it.
    pub tool: String,
    pub kind: FailureKind,
}

#[derive(Clone, Debug)]
pub enum FailureKind {
    /// The decision is not the expected one.
    Unexpected { mismatches: Vec<Mismatch>, decision: Box<Decision> },
    /// The test lacks something without which there is no call: what, and what to do about it.
    Incomplete { message: String, help: String },
}

/// Runs all tests whose name contains `filter`, in source order.
pub fn run(checked: &Checked, sources: &Sources, filter: Option<&str>) -> Result<Vec<TestResult>, LoadError> {
    let runner = Runner::new(checked, sources)?;
    Ok(selected(checked.package(), filter).map(|test| runner.run(test, &mut |_| {})).collect())
}

/// What the tests whose name contains `filter` exercise.
pub fn coverage(checked: &Checked, sources: &Sources, filter: Option<&str>) -> Result<Coverage, LoadError> {
    coverage::measure(checked, sources, filter)
}

fn selected<'p>(package: &'p Package, filter: Option<&'p str>) -> impl Iterator<Item = &'p Test> {
    package.tests.iter().filter(move |test| filter.is_none_or(|filter| test.decl.name.contains(filter)))
}

/// Loads a policy for tests, which assume a host that enforces every constraint.
fn load(package: &Package, bundle: Bundle) -> Result<Policy, LoadError> {
    let constraints = package.constraints.iter().map(|constraint| constraint.decl.name.as_str());
    Ok(Policy::from_bundle(bundle)?.with_enforced_constraints(constraints))
}

/// The compiled policy with the package whose tests it runs.
struct Runner<'p> {
    package: &'p Package,
    policy: Policy,
}

impl<'p> Runner<'p> {
    /// Compiles the policy.
    fn new(checked: &'p Checked, sources: &Sources) -> Result<Runner<'p>, LoadError> {
        let package = checked.package();
        let policy = load(package, compile(checked, sources, Budget::default()))?;
        Ok(Runner { package, policy })
    }

    /// Runs one test; `seen` is told every decision.
    fn run(&self, test: &Test, seen: &mut dyn FnMut(&Decision)) -> TestResult {
        let mut session = Session::new(self.package, &self.policy);
        let mut result = TestResult {
            name: test.decl.name.clone(),
            module: self.package.modules[test.decl.module.index()].name.clone(),
            loc: test.decl.loc,
            calls: 0,
            failures: Vec::new(),
        };
        for step in &test.steps {
            let TestStep::Call { tool, args, fails, expect, loc } = step else {
                session.set(step);
                continue;
            };
            let tool = &self.package.tools[tool.index()];
            let failure = |loc, kind| Failure { loc, tool: tool.decl.name.clone(), kind };
            let decision = match session.call(tool, args, *fails) {
                Ok(decision) => decision,
                Err(incomplete) => {
                    // The calls after it would say the same.
                    result.failures.push(failure(*loc, incomplete));
                    break;
                }
            };
            result.calls += 1;
            seen(&decision);
            let mismatches = compare::compare(self.package, expect, &decision);
            if !mismatches.is_empty() {
                let kind = FailureKind::Unexpected { mismatches, decision: Box::new(decision) };
                result.failures.push(failure(expect.loc, kind));
            }
        }
        result
    }
}
