//! The proof that a bundle's graph and its clauses agree: that it succeeds for what the compiler makes, and fails for
//! every change of the graph that changes an answer.

mod enumerate;
mod mutate;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use claw_compiler::certify::certify_within;
use claw_compiler::graph::Budget;
use claw_compiler::lower::{Lowered, lower};
use claw_compiler::{Analysis, Certificate, Checked, certify, compile};
use claw_runtime::bundle::{Bundle, Expr};
use claw_tests::generate::{Rng, policy};
use claw_tests::project::Project;

use enumerate::{Space, answers_differ};
use mutate::mutate;

/// A policy as clauses and as a bundle.
struct Compiled {
    lowered: Lowered,
    bundle: Bundle,
}

fn compiled(analysis: &Analysis, budget: Budget) -> Option<Compiled> {
    let checked = Checked::new(analysis.package.clone(), analysis.has_errors())?;
    Some(Compiled { lowered: lower(&checked), bundle: compile(&checked, &analysis.sources, budget) })
}

fn source(text: &str) -> Compiled {
    let analysis = Project::source(text).analyze();
    let findings = claw_tests::project::findings(&analysis);
    compiled(&analysis, Budget::default()).unwrap_or_else(|| panic!("{findings}"))
}

fn examples() -> Vec<(String, Compiled)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a repository").join("examples");
    let mut all = Vec::new();
    for path in fs::read_dir(folder).expect("examples").flatten().map(|entry| entry.path()) {
        if path.join("main.claw").is_file() {
            let analysis = Project::folder(&path).analyze();
            all.push((path.display().to_string(), compiled(&analysis, Budget::default()).expect("it has no errors")));
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(all.len() >= 4);
    all
}

fn generated(seed: u64, budget: Budget) -> Option<(String, Compiled)> {
    let text = policy(&mut Rng::new(seed));
    let compiled = compiled(&Project::of(&text.files()).analyze(), budget)?;
    Some((text.listing(), compiled))
}

#[track_caller]
fn assert_proved(certificate: &Certificate, about: &str) {
    assert!(certificate.holds(), "{about}\n{certificate:#?}");
}

#[test]
fn every_example_is_certified() {
    for (name, Compiled { lowered, bundle }) in examples() {
        let certificate = certify(&lowered, &bundle);
        assert_proved(&certificate, &name);
        assert_eq!((certificate.tools, certificate.by_clauses), (bundle.tools.len(), 0), "{name}");
        assert!(certificate.roots >= 2 * certificate.tools, "{name}: {certificate:?}");
    }
}

#[test]
fn generated_policies_are_certified() {
    let (mut policies, mut by_clauses) = (0, 0);
    for seed in 1..=600 {
        // Now and then with so little room that tools are judged clause by clause.
        let budget = if seed % 10 == 0 { Budget { nodes: 3 } } else { Budget::default() };
        let Some((listing, Compiled { lowered, bundle })) = generated(seed, budget) else { continue };
        let certificate = certify(&lowered, &bundle);
        assert_proved(&certificate, &format!("seed {seed}\n{listing}"));
        policies += 1;
        by_clauses += certificate.by_clauses;
    }
    assert!(policies >= 500, "only {policies} generated policies check");
    assert!(by_clauses > 0, "no tool passed its budget");
}

#[test]
fn what_is_too_large_is_not_certified() {
    let Compiled { lowered, bundle } = source(SMALL[1]);
    let certificate = certify_within(&lowered, &bundle, 4);
    assert!(!certificate.holds());
    let tools: Vec<&str> = certificate.skipped.iter().map(|skipped| skipped.tool.as_str()).collect();
    assert_eq!(tools, ["t", "u"], "{certificate:?}");
    assert_eq!((certificate.roots, certificate.disagreements.len()), (0, 0));
}

#[test]
fn other_tables_prove_nothing() {
    let Compiled { lowered, mut bundle } = source(SMALL[0]);
    bundle.exprs.swap(0, 1);
    let certificate = certify(&lowered, &bundle);
    assert!(!certificate.holds());
    assert!(certificate.faults.iter().any(|fault| fault.contains("expressions")), "{certificate:?}");
    let Compiled { lowered, mut bundle } = source(SMALL[1]);
    let roots = bundle.tools[0].roots.as_mut().expect("a graph");
    roots.limits.push(roots.limits[0]);
    let certificate = certify(&lowered, &bundle);
    assert_eq!(certificate.faults, ["`t` adds one arm of a limit twice"]);
}

/// Patterns of one text, some of which match the same texts.
const PATTERNS: &str = "package p
environments dev
roles agent
labels seen
tool t(s: string)
grant t to agent
rule a { on t when args.s matches r\"a+\" deny \"a\" }
rule b { on t when args.s like \"ab*\" or args.s like \"*ba\" deny \"b\" }
rule c { on t unless args.s matches r\"[ab]*\" or args.s like \"?\" mark seen }
";

#[test]
fn tables_of_patterns_are_certified() {
    let Compiled { lowered, bundle } = source(PATTERNS);
    let [switch] = &bundle.switches[..] else { panic!("one switch: {:?}", bundle.switches) };
    let table = switch.patterns.as_ref().expect("of patterns");
    assert_eq!(table.patterns.len(), 5);
    assert_proved(&certify(&lowered, &bundle), "as compiled");
    // Whatever is changed about where a text ends, some text is judged otherwise.
    for at in 0..table.states.len() {
        let Some(class) = table.states[at].class else { continue };
        let mut changed = bundle.clone();
        let state = &mut changed.switches[0].patterns.as_mut().expect("as before").states[at];
        state.class = None;
        let certificate = certify(&lowered, &changed);
        assert!(!certificate.disagreements.is_empty(), "state {at} of class {class}: {certificate:?}");
    }
    for at in 0..table.states.len() {
        for to in 0..table.states[at].next.len() {
            let mut changed = bundle.clone();
            changed.switches[0].patterns.as_mut().expect("as before").states[at].next.remove(to);
            let certificate = certify(&lowered, &changed);
            assert!(!certificate.disagreements.is_empty(), "way {to} from state {at}: {certificate:?}");
        }
    }
}

#[test]
fn a_disagreement_names_what_matters() {
    let Compiled { lowered, mut bundle } = source(SMALL[1]);
    let roots = bundle.tools[1].roots.as_mut().expect("a graph");
    assert_eq!(roots.approvals.len(), 2);
    roots.approvals.remove(0);
    let certificate = certify(&lowered, &bundle);
    let [found] = &certificate.disagreements[..] else { panic!("{certificate:?}") };
    assert_eq!((found.tool.as_str(), found.root.as_str()), ("u", "approval boss"));
    assert_eq!(found.valuation, [("args.b".to_owned(), claw_runtime::Tri::False)]);
    assert_eq!((&found.env, &found.tier, found.graph, found.clauses), (&None, &None, 0, 1));
}

/// How mutations came out.
#[derive(Debug, Default)]
struct Tally {
    found: usize,
    harmless: usize,
    refused: usize,
    /// Bundles that the runtime would not load say nothing of the proof.
    unknown: usize,
}

/// Whether some text is asked about by several patterns. They answer together, and not one by one, as is tried here.
fn patterns_meet(lowered: &Lowered) -> bool {
    let mut texts = BTreeSet::new();
    lowered.tables.atoms.iter().any(|atom| match &lowered.tables.exprs[atom.expr.index()] {
        Expr::Match(text, _) => lowered.texts.contains(text) && !texts.insert(*text),
        _ => false,
    })
}

/// Mutates a bundle and compares the verdict with what trying answers says.
fn mutations(about: &str, compiled: &Compiled, rng: &mut Rng, count: usize, tally: &mut Tally) {
    if patterns_meet(&compiled.lowered) {
        return;
    }
    for _ in 0..count {
        let mut bundle = compiled.bundle.clone();
        let Some(what) = mutate(&mut bundle, rng) else { continue };
        let certificate = certify(&compiled.lowered, &bundle);
        if !certificate.faults.is_empty() {
            tally.refused += 1;
            continue;
        }
        assert_eq!(certificate.skipped, [], "{about}");
        let space = Space::new(&compiled.lowered, &bundle);
        match answers_differ(&space, rng) {
            Some(true) => {
                assert!(!certificate.disagreements.is_empty(), "{about}\n{what}: changes an answer, and was certified");
                tally.found += 1;
            }
            Some(false) => {
                assert_eq!(certificate.disagreements, [], "{about}\n{what}: changes no answer");
                tally.harmless += 1;
            }
            None => tally.unknown += 1,
        }
    }
}

#[test]
fn mutated_examples_are_not_certified() {
    let (mut rng, mut tally) = (Rng::new(7), Tally::default());
    for (name, compiled) in examples() {
        mutations(&name, &compiled, &mut rng, 25, &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.found >= 30, "{tally:?}");
}

#[test]
fn the_verdict_is_that_of_trying_all_answers() {
    let mut tally = Tally::default();
    for seed in 1..=150 {
        let Some((listing, compiled)) = generated(seed, Budget::default()) else { continue };
        mutations(&format!("seed {seed}\n{listing}"), &compiled, &mut Rng::new(seed), 8, &mut tally);
    }
    for (at, text) in SMALL.iter().enumerate() {
        let compiled = source(text);
        let space = Space::new(&compiled.lowered, &compiled.bundle);
        assert_eq!(answers_differ(&space, &mut Rng::new(1)), Some(false), "the compiler's own graph, {text}");
        mutations(text, &compiled, &mut Rng::new(at as u64), 200, &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.found >= 300 && tally.harmless >= 20, "{tally:?}");
}

/// Few enough tests that all their answers can be tried.
const SMALL: &[&str] = &[
    r#"package p
environments dev, prod
roles r, s
tool t(x: string, y?: string, n: int = 1)
scope some { on t where (args.x == "a" or args.x in ["b", "c"]) and not (args.x == "c" or agent.id == "q") }
grant some to r
rule one { on t in prod when args.y == "q" and args.x != "b" deny "no" }
rule two { on t when args.n > 3 unless args.y in ["q", "z"] deny "no" }
"#,
    r#"package p
environments dev, staging, prod
roles r
tiers low < mid < high
labels seen
approval boss { by 1 of r expires 15m }
approval peer { by 1 of r expires 15m }
tool t(x: string, b: bool)
tool u(x: string, b: bool)
grant t, u to r
classify {
  low   on t, u
  mid   on t when args.x == "a"
  high  on t when args.b
}
matrix {
  tier | dev   | staging | prod
  low  | allow | allow   | allow
  mid  | allow | allow   | boss
  high | allow | boss    | deny
}
rule one { on any in prod when tier >= mid and args.x in ["a", "b"] require peer }
rule two { on u unless args.b require boss, peer mark seen }
limit few { on t when args.x == "c" max 3 per 1h each session }
@status(candidate)
rule three { on any deny "never" }
"#,
];
