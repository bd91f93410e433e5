//! Differences between policies: the pages under `suite/diff/`, and laws on random pairs.
//!
//! | block | means |
//! |---|---|
//! | `claw old [x.claw]`, `claw new [x.claw]` | a file of the policy before and after, `main.claw` if not said; the first is the root |
//! | `claw both` | in a page's first section: put in front of the root, on both sides, in every test of the page |
//! | `diff` | what changes, as [`shown`] writes it |
//!
//! `CLAW_UPDATE=1` rewrites the blocks `diff`. `CLAW_SEED` and `CLAW_PAIRS` say where the random pairs start, and how
//! many there are.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use claw_compiler::checked::Checked;
use claw_compiler::proof::diff::{Aspect, Class, Diff, Direction, Shown, compare};
use claw_compiler::proof::side::Side;
use claw_runtime::{Decision, Limits, MemoryState, NoState, Outcome, Policy, RequestInput, Settlement};
use claw_tests::generate::{PolicyText, Rng, Session, policy, request};
use claw_tests::markdown::{Section, replace_block, sections};
use claw_tests::project::{Project, findings};

fn side(project: &Project) -> Result<Side, String> {
    let analysis = project.analyze();
    let checked =
        Checked::new(Arc::clone(&analysis.package), analysis.has_errors()).ok_or_else(|| findings(&analysis))?;
    Side::new(&checked, &analysis.sources).map_err(|e| e.to_string())
}

/// A difference in as few words as say everything but the examples.
fn shown(diff: &Diff) -> String {
    let mut out = String::new();
    for class in &diff.classes {
        let tools = class.tools.join(", ");
        let within = if class.environments.is_empty() {
            String::new()
        } else {
            format!(" in {}", class.environments.join(", "))
        };
        writeln!(out, "{} {tools}{within}: {} -> {}", class.direction.word(), class.from, class.to).expect("a string");
        for when in &class.when {
            writeln!(out, "  when {when}").expect("a string");
        }
        for (word, clauses) in [("old", &class.old_clauses), ("new", &class.new_clauses)] {
            for clause in clauses {
                writeln!(out, "  {word} {} {}", clause.effect, clause.id).expect("a string");
            }
        }
        if class.example.earlier > 0 {
            writeln!(out, "  after {} such calls", class.example.earlier).expect("a string");
        }
    }
    for change in &diff.changes {
        let word = change.direction.map_or("changed", Direction::word);
        writeln!(out, "{word}: {}", change.text).expect("a string");
    }
    for doubt in &diff.doubts {
        writeln!(out, "{}? {} {}", doubt.direction.word(), doubt.tool, doubt.because.join("; ")).expect("a string");
    }
    if out.is_empty() { "no difference\n".to_owned() } else { out }
}

fn run(section: &Section, both: &str) -> Result<Diff, String> {
    let of = |which: &str| {
        let blocks = section.blocks.iter().filter(|b| b.kind == "claw" && b.words.first().is_some_and(|w| w == which));
        let mut files: Vec<(String, String)> = Vec::new();
        for block in blocks {
            let path = block.words.get(1).cloned().unwrap_or_else(|| "main.claw".to_owned());
            let head = if files.is_empty() { both } else { "" };
            files.push((path, format!("{head}{}", block.text)));
        }
        side(&Project::of(&files)).map_err(|e| format!("{which}:\n{e}"))
    };
    let (mut old, mut new) = (of("old")?, of("new")?);
    let diff = compare(&mut old, &mut new);
    for class in &diff.classes {
        really_differs(&old, &new, class);
    }
    Ok(diff)
}

/// Decides the example of a class again, from its JSON.
fn really_differs(old: &Side, new: &Side, class: &Class) {
    let example = &class.example;
    let again = |side: &Side| replay(&side.policy, example);
    let (before, after) = (again(old), again(new));
    let text = example.request.canonical();
    assert_eq!((before.outcome, after.outcome), (example.old.outcome, example.new.outcome), "{text}");
    match &class.aspect {
        Aspect::Outcome => assert!(differ(&before, &after), "{text}"),
        Aspect::Constraint(_) => assert_ne!(before.constraints, after.constraints, "{text}"),
        Aspect::Label(_) => assert_ne!(before.marks, after.marks, "{text}"),
    }
}

fn replay(policy: &Policy, example: &Shown) -> Decision {
    let state = MemoryState::new();
    let mut last = None;
    let same = (0..=example.earlier).map(|_| &example.request);
    for (number, call) in example.past.iter().chain(same).enumerate() {
        let bytes = call.canonical().into_bytes();
        let Ok(mut input) = RequestInput::from_json(&bytes, &Limits::default()) else {
            return policy.decide_json(&bytes, &NoState);
        };
        input.call_id = Some(format!("again {number}"));
        last = Some(match policy.prepare(&input) {
            Err(denial) => *denial,
            Ok(request) => {
                let decision = policy.begin(&request, &state);
                if decision.is_allowed() {
                    policy.settle(&request, Settlement::Ok, &state).expect("it was begun");
                }
                decision
            }
        });
    }
    last.expect("decided once at least")
}

fn asked(decision: &Decision) -> Vec<&str> {
    decision.approvals.iter().map(|a| a.id.as_str()).collect()
}

fn differ(a: &Decision, b: &Decision) -> bool {
    a.outcome != b.outcome || asked(a) != asked(b)
}

#[test]
fn pages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("suite/diff");
    let update = std::env::var_os("CLAW_UPDATE").is_some();
    let mut wrong = String::new();
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("the pages are there").flatten() {
        let path = entry.path();
        let page = fs::read_to_string(&path).expect("readable");
        let all = sections(&page);
        let is_both = |b: &&claw_tests::markdown::Block| b.words.first().is_some_and(|w| w == "both");
        let both: String = all.iter().flat_map(|s| &s.blocks).filter(is_both).map(|b| b.text.as_str()).collect();
        let mut new_page = page.clone();
        for section in all.iter().rev() {
            let Some(expected) = section.blocks.iter().find(|b| b.kind == "diff") else { continue };
            count += 1;
            let place = format!("{}:{} {}", path.display(), expected.line, section.title);
            let found = shown(&run(section, &both).unwrap_or_else(|e| panic!("{place}: {e}")));
            if found != expected.text {
                new_page = replace_block(&new_page, expected.line, &found);
                writeln!(wrong, "{place}\n--- found\n{found}--- expected\n{}", expected.text).expect("a string");
            }
        }
        if update && new_page != page {
            fs::write(&path, new_page).expect("writable");
        }
    }
    assert!(count >= 10, "only {count} tests were found");
    assert!(wrong.is_empty() || update, "{wrong}");
}

/// A policy that differs a little from another one; at least in the names of its rules.
fn mutated(rng: &mut Rng, text: &PolicyText) -> PolicyText {
    let mut other = text.clone();
    for item in other.modules.iter_mut().flat_map(|m| &mut m.items) {
        *item = item.replace("rule rule_", "rule renamed_");
    }
    for _ in 0..rng.between(1, 3) {
        let items = &mut other.modules[0].items;
        let at = rng.below(items.len());
        let changes: &[(&str, &str)] = &[
            (" and ", " or "),
            (" or ", " and "),
            ("not ", ""),
            (" > ", " >= "),
            (" < ", " <= "),
            ("==", "!="),
            ("r1", "r2"),
            ("r0", "r1"),
            ("10", "20"),
            ("5", "6"),
            ("| deny", "| allow"),
            ("| allow", "| deny"),
            ("acme.com", "other.com"),
            ("any(", "all("),
        ];
        let is_clause = ["rule ", "grant ", "limit "].iter().any(|word| items[at].contains(word));
        if is_clause && rng.chance(30) {
            items.remove(at);
        } else {
            let (from, to) = *rng.pick(changes);
            items[at] = items[at].replacen(from, to, 1);
        }
    }
    other
}

/// The classes of a diff as rules on top of a policy: such a rule applies to every call of the class.
struct Members {
    policy: Policy,
    /// By class and tool; the rule's name, or `None` if nothing restricts the class.
    rules: BTreeMap<(usize, String), Option<String>>,
}

fn condition(text: &str) -> Option<String> {
    let text = text.strip_suffix(", or unknown").unwrap_or(text);
    let special = [" is unknown", " is known", " used up", " be checked", "…"];
    (!special.iter().any(|s| text.contains(s)) && !text.starts_with("limit ")).then(|| format!("({text})"))
}

impl Members {
    fn of(base: &PolicyText, classes: &[Class]) -> Members {
        let checks = |rules: &[String]| {
            let mut text = base.clone();
            text.modules[0].items.extend(rules.iter().cloned());
            let project = Project::of(&text.files());
            (!project.analyze().has_errors()).then_some(project)
        };
        let mut rules = BTreeMap::new();
        let mut texts = Vec::new();
        for (at, class) in classes.iter().enumerate() {
            for tool in &class.tools {
                let rule = |when: &str| format!("rule member_{at}_{tool} {{ on {tool} when {when} deny \"member\" }}");
                let parts: Vec<String> = class.when.iter().filter_map(|when| condition(when)).collect();
                let parts: Vec<String> = parts.into_iter().filter(|part| checks(&[rule(part)]).is_some()).collect();
                let name = (!parts.is_empty()).then(|| format!("member_{at}_{tool}"));
                if !parts.is_empty() {
                    texts.push(rule(&parts.join(" and ")));
                }
                rules.insert((at, tool.clone()), name);
            }
        }
        let policy = checks(&texts).expect("each rule checks").policy().expect("and compiles");
        Members { policy, rules }
    }

    fn has(&self, class: usize, tool: &str, input: &RequestInput) -> bool {
        match self.rules.get(&(class, tool.to_owned())) {
            None => false,
            Some(None) => true,
            Some(Some(rule)) => {
                let decision = decide(&self.policy, input);
                decision.applied.iter().any(|applied| applied.clause.ends_with(&format!(".{rule}")))
            }
        }
    }
}

fn decide(policy: &Policy, input: &RequestInput) -> Decision {
    match policy.prepare(input) {
        Ok(request) => policy.preview(&request, &MemoryState::default()),
        Err(denial) => *denial,
    }
}

/// Whether the new decision is less strict than the old one.
fn loosened(old: &Decision, new: &Decision) -> bool {
    if new.outcome == Outcome::Deny {
        return false;
    }
    old.outcome == Outcome::Deny || asked(old).iter().any(|id| !asked(new).contains(id))
}

#[test]
fn what_is_decided_otherwise_is_in_a_class() {
    let number = |name: &str, default: u64| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default);
    let (first, pairs) = (number("CLAW_SEED", 1), number("CLAW_PAIRS", 60));
    let (mut compared, mut differing, mut checked, mut doubtful) = (0, 0, 0, 0);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for seed in first..first + pairs {
        let mut rng = Rng::new(seed);
        let old_text = policy(&mut rng);
        let new_text = mutated(&mut rng, &old_text);
        let (Ok(mut old), Ok(mut new)) = (side(&Project::of(&old_text.files())), side(&Project::of(&new_text.files())))
        else {
            continue;
        };
        compared += 1;
        let diff = compare(&mut old, &mut new);
        for class in &diff.classes {
            really_differs(&old, &new, class);
        }
        for doubt in &diff.doubts {
            *reasons.entry(doubt.because.join("; ")).or_default() += 1;
        }
        let members = Members::of(&old_text, &diff.classes);
        let mut session = Session::default();
        for _ in 0..100 {
            let json = request(&mut rng, &old_text, &mut session);
            let Ok(input) = RequestInput::from_json(json.to_string().as_bytes(), &Limits::default()) else { continue };
            let (before, after) = (decide(&old.policy, &input), decide(&new.policy, &input));
            if !differ(&before, &after) {
                continue;
            }
            differing += 1;
            let direction = if loosened(&before, &after) { Direction::Loosened } else { Direction::Tightened };
            let tool = input.tool.clone();
            if diff.doubts.iter().any(|doubt| doubt.tool == tool && doubt.direction == direction) {
                doubtful += 1;
                continue;
            }
            checked += 1;
            let environment = &input.environment;
            let found = diff.classes.iter().enumerate().any(|(at, class)| {
                class.direction == direction
                    && class.aspect == Aspect::Outcome
                    && (class.example.old.outcome, class.example.new.outcome) == (before.outcome, after.outcome)
                    && (class.environments.is_empty() || class.environments.contains(environment))
                    && members.has(at, &tool, &input)
            });
            assert!(
                found,
                "seed {seed}: no class has this request\n{json}\nold: {before}\nnew: {after}\n{}\n--- old\n{}--- new\n{}",
                shown(&diff),
                old_text.listing(),
                new_text.listing()
            );
        }
    }
    println!("why it could not be told: {reasons:#?}");
    println!(
        "{compared} pairs, {differing} requests decided otherwise: {checked} in a class, {doubtful} of tools in doubt"
    );
    assert!(compared * 3 >= pairs, "only {compared} pairs check");
    assert!(differing == 0 || checked + doubtful == differing, "each was looked at");
}
