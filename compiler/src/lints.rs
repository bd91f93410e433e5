//! Warnings: what a policy may say, and probably does not mean.
//!
//! Lints are pure functions over the checked package. A warning can be silenced by `@allow(CODE, "reason")` on the
//! declaration that it is in.

mod classify_arm;
mod duplicates;
mod grants;
mod labels;
pub(crate) mod unread_argument;
mod unused;

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::analysis::Analysis;
use crate::diagnostics::{self, Diagnostic, Severity};
use crate::hir::{Attribute, FileId, Loc, Package, Span};

/// One lint.
type Lint = fn(&Package, &mut Vec<Diagnostic>);

const LINTS: &[Lint] = &[
    unused::run,
    labels::marked_but_never_read,
    duplicates::constants,
    duplicates::rules,
    grants::unreachable_tools,
    grants::covered_grants,
    grants::by_exclusion,
    unread_argument::run,
    classify_arm::run,
];

/// Runs every lint, over a package without errors.
pub fn run(package: &Package, out: &mut Vec<Diagnostic>) {
    for lint in LINTS {
        lint(package, out);
    }
}

/// Adds the lints' findings.
pub(crate) fn finish(analysis: &mut Analysis) {
    let package = Arc::clone(&analysis.package);
    if !analysis.has_errors() {
        run(&package, &mut analysis.diagnostics);
    }
    silence(analysis);
}

/// Drops the warnings that were silenced, and puts all in order.
pub(crate) fn silence(analysis: &mut Analysis) {
    let package = Arc::clone(&analysis.package);
    let allowed = Allowances::of(&package);
    analysis.diagnostics.retain(|d| d.severity == Severity::Error || !allowed.cover(d));
    diagnostics::sort_and_dedup(&mut analysis.diagnostics);
}

/// Every `@allow` with the declaration that it stands on: by code and file, where the declarations begin, ascending, each
/// with the furthest end of those up to it.
struct Allowances<'a>(FxHashMap<(&'a str, FileId), Vec<(u32, u32)>>);

impl<'a> Allowances<'a> {
    fn of(package: &'a Package) -> Allowances<'a> {
        let mut out: FxHashMap<_, Vec<(u32, u32)>> = FxHashMap::default();
        package.for_each_decl(|decl| {
            for code in decl.attrs.iter().filter(|a| a.name == "allow").filter_map(|a: &Attribute| a.args.first()) {
                let Loc { file, span } = decl.loc;
                out.entry((code.as_str(), file)).or_default().push((span.start, span.end));
            }
        });
        out.values_mut().for_each(|spans| furthest_ends(spans));
        Allowances(out)
    }

    fn cover(&self, finding: &Diagnostic) -> bool {
        let Loc { file, span } = finding.primary.loc;
        let spans = self.0.get(&(finding.code.as_str(), file)).map(Vec::as_slice).unwrap_or_default();
        any_covers(spans, span)
    }
}

/// Sorts spans by their start, and gives each the furthest end of those up to it.
fn furthest_ends(spans: &mut [(u32, u32)]) {
    spans.sort_unstable();
    let mut furthest = 0;
    for (_, end) in spans {
        furthest = furthest.max(*end);
        *end = furthest;
    }
}

/// Whether one of the spans that [`furthest_ends`] made covers this one.
fn any_covers(spans: &[(u32, u32)], span: Span) -> bool {
    let before = &spans[..spans.partition_point(|(start, _)| *start <= span.start)];
    before.last().is_some_and(|(_, end)| *end >= span.end)
}

/// Whether the root module is a policy of its own. A module without grants is vocabulary and restrictions for
/// others, so nothing in it can be called unused.
pub(crate) fn is_policy(package: &Package) -> bool {
    !package.grants.is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Workspace;

    /// The codes of the findings of a policy with these rules.
    fn codes(rules: &str) -> Vec<&'static str> {
        let mut workspace = Workspace::new();
        let head = "package p\nenvironments dev\nroles agent\ntool t(name: string, n: int)\ngrant t to agent\n";
        workspace.set_file("main.claw", format!("{head}{rules}"));
        let found = workspace.analyze("main.claw").diagnostics;
        found.iter().map(|finding| finding.code.as_str()).collect()
    }

    #[test]
    fn rules_that_say_the_same_are_found_among_many_that_do_not() {
        let rule = |name: &str, when: &str| format!("rule {name} {{ on t {when} deny \"no\" }}\n");
        let (x, y) = (r#"when args.name == "x""#, "when args.n > 5");
        let some: String = (0..20).map(|i| rule(&format!("r{i}"), &format!("when args.n > {i}0"))).collect();
        assert!(codes(&some).is_empty());
        let (a, b) = (rule("a", &format!("{x} {y}")), rule("b", &format!("{y} {x}")));
        assert_eq!(codes(&format!("{some}{a}{b}")), ["W0201"]);
        assert!(codes(&format!("{a}{}", rule("b", x))).is_empty());
        assert!(codes(&format!("{a}@allow(W0201, \"so it is\") {b}")).is_empty());
        assert_eq!(codes(&format!("@allow(W0201, \"so it is\") {a}{b}")), ["W0201"]);
    }

    proptest! {
        #[test]
        fn a_span_is_covered_if_some_span_covers_it(
            spans in prop::collection::vec((0u32..20, 0u32..8), 0..8), start in 0u32..20, len in 0u32..8,
        ) {
            let spans: Vec<Span> = spans.into_iter().map(|(start, len)| Span::new(start, start + len)).collect();
            let span = Span::new(start, start + len);
            let mut index: Vec<_> = spans.iter().map(|s| (s.start, s.end)).collect();
            furthest_ends(&mut index);
            prop_assert_eq!(any_covers(&index, span), spans.iter().any(|s| s.covers(span)));
        }
    }
}
