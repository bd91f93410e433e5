//! The variables of one tool's diagrams: which tests there are, which of them a switch can answer together, and in
//! which order they are asked.

use std::sync::Arc;

use claw_runtime::Value;
use claw_runtime::bundle::{AtomId, Cond, CondId, Expr, ExprId, PatternTable, Range};
use rustc_hash::{FxHashMap, FxHashSet};

use super::patterns::PatternTables;
use super::plan::Plan;
use crate::lower::Lowered;

/// The environment is known to every decision, so it is asked first.
pub const ENV: u32 = 0;
/// The tier is known to every decision that may ask for it.
pub const TIER: u32 = 1;

/// Sets with more elements are asked about as a whole.
const MAX_SWITCHED_SET: usize = 1024;

/// In which order tests are asked. No order is good for every policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Cheap tests first. Best where clauses share their cheap tests.
    ByCost,
    /// Tests of one clause together. Best where each clause has tests of its own: there, asking all the cheap ones
    /// first would take a path for every combination of their answers.
    ByClause,
}

/// What a variable stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Var {
    Env,
    Tier,
    /// Case 1 is true, otherwise false.
    Test(AtomId),
    /// A class of constants, or none of them.
    Switch(SwitchTable),
}

/// The constants of a switch with their classes. Constants that no test tells apart are in one class.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SwitchTable {
    pub subject: ExprId,
    pub classes: Vec<(Value, u32)>,
    /// What tells values apart instead, where they are asked about by patterns.
    pub patterns: Option<Arc<PatternTable>>,
}

impl SwitchTable {
    /// The class of a value, if it is in any.
    pub fn class(&self, value: &Value) -> Option<u32> {
        match &self.patterns {
            Some(patterns) => match value {
                Value::Str(text) => patterns.class(text),
                Value::Url(url) => patterns.class(url.as_str()),
                _ => None,
            },
            None => self.classes.iter().find(|(constant, _)| constant == value).map(|(_, class)| *class),
        }
    }
}

/// A test as a question about a variable.
#[derive(Clone, Debug)]
pub struct Question {
    pub var: u32,
    /// The values for which the test is true, ascending.
    pub yes: Vec<u32>,
}

/// The variables of a plan.
#[derive(Debug)]
pub struct Vars {
    /// In the order of testing.
    pub vars: Vec<Var>,
    pub questions: FxHashMap<AtomId, Question>,
}

/// One variable to be, with the first place where it occurs.
struct Candidate {
    rank: u8,
    first: usize,
    tests: Vec<AtomId>,
    /// Set where the tests are patterns of one slot.
    patterns: Option<(ExprId, Arc<PatternTable>)>,
}

impl Vars {
    /// `tables` makes one variable of the patterns of a slot; without, each is a test of its own.
    pub fn new(lowered: &Lowered, plan: &Plan, order: Order, tables: Option<&PatternTables<'_>>) -> Vars {
        let mut candidates = candidates(lowered, plan, tables);
        // Tests first met later come later, so that the result is the same in every run.
        match order {
            Order::ByCost => candidates.sort_by_key(|c| (c.rank, c.first)),
            Order::ByClause => candidates.sort_by_key(|c| c.first),
        }
        let mut new = Vars { vars: vec![Var::Env, Var::Tier], questions: FxHashMap::default() };
        for candidate in candidates {
            match candidate.patterns {
                Some((subject, table)) => new.add_patterns(lowered, &candidate.tests, subject, table),
                None => new.add(lowered, &candidate.tests),
            }
        }
        new
    }

    fn add_patterns(&mut self, lowered: &Lowered, tests: &[AtomId], subject: ExprId, table: Arc<PatternTable>) {
        let var = u32::try_from(self.vars.len()).expect("fewer than 4 billion tests");
        for test in tests {
            let Some((_, pattern)) = pattern(lowered, *test) else { unreachable!("grouped by its pattern") };
            let classes = (0..).zip(&table.classes).filter(|(_, matching)| matching.contains(&pattern));
            self.questions.insert(*test, Question { var, yes: classes.map(|(class, _)| class).collect() });
        }
        self.vars.push(Var::Switch(SwitchTable { subject, classes: Vec::new(), patterns: Some(table) }));
    }

    fn add(&mut self, lowered: &Lowered, tests: &[AtomId]) {
        let var = u32::try_from(self.vars.len()).expect("fewer than 4 billion tests");
        if let [test] = tests {
            self.vars.push(Var::Test(*test));
            self.questions.insert(*test, Question { var, yes: vec![1] });
            return;
        }
        let mut answers: Vec<(&Value, Vec<usize>)> = Vec::new();
        let mut index: FxHashMap<&Value, usize> = FxHashMap::default();
        let mut subject = ExprId(0);
        for (at, test) in tests.iter().enumerate() {
            let Some((tested, constants)) = slot(lowered, *test) else { unreachable!("grouped by its slot") };
            subject = tested;
            for value in constants {
                let place = *index.entry(value).or_insert(answers.len());
                if place == answers.len() {
                    answers.push((value, Vec::new()));
                }
                if answers[place].1.last() != Some(&at) {
                    answers[place].1.push(at);
                }
            }
        }
        // Constants with the same answer to every test are one class.
        let mut classes: FxHashMap<&[usize], u32> = FxHashMap::default();
        let mut yes: Vec<Vec<u32>> = vec![Vec::new(); tests.len()];
        let mut table = SwitchTable { subject, classes: Vec::with_capacity(answers.len()), patterns: None };
        for (value, trues) in &answers {
            let new = u32::try_from(classes.len()).expect("fewer than 4 billion constants");
            let class = *classes.entry(&trues[..]).or_insert(new);
            if class == new {
                trues.iter().for_each(|test| yes[*test].push(class));
            }
            table.classes.push(((*value).clone(), class));
        }
        self.vars.push(Var::Switch(table));
        for (test, yes) in tests.iter().zip(yes) {
            self.questions.insert(*test, Question { var, yes });
        }
    }
}

/// All tests of the plan, those of one slot together.
fn candidates(lowered: &Lowered, plan: &Plan, tables: Option<&PatternTables<'_>>) -> Vec<Candidate> {
    let mut atoms = Vec::new();
    let (mut seen, mut seen_atoms) = (FxHashSet::default(), FxHashSet::default());
    for cond in plan.conds() {
        let from = atoms.len();
        collect(lowered, cond, &mut seen, &mut seen_atoms, &mut atoms);
        // Within a clause the cheap tests come first.
        atoms[from..].sort_by_key(|atom| (rank(lowered, *atom), *atom));
    }
    let mut candidates: Vec<Candidate> = Vec::with_capacity(atoms.len());
    let mut by_subject: FxHashMap<ExprId, usize> = FxHashMap::default();
    let mut texts: Vec<(ExprId, Vec<(usize, AtomId)>)> = Vec::new();
    let mut by_text: FxHashMap<ExprId, usize> = FxHashMap::default();
    for (first, atom) in atoms.into_iter().enumerate() {
        if let Some((subject, _)) = slot(lowered, atom) {
            let place = *by_subject.entry(subject).or_insert(candidates.len());
            if let Some(found) = candidates.get_mut(place) {
                found.tests.push(atom);
                continue;
            }
        } else if let (Some((subject, _)), Some(_)) = (pattern(lowered, atom), tables) {
            let place = *by_text.entry(subject).or_insert(texts.len());
            if place == texts.len() {
                texts.push((subject, Vec::new()));
            }
            texts[place].1.push((first, atom));
            continue;
        }
        candidates.push(Candidate { rank: rank(lowered, atom), first, tests: vec![atom], patterns: None });
    }
    for (subject, tests) in texts {
        let asked = tests.iter().filter_map(|(_, test)| pattern(lowered, *test)).map(|(_, pattern)| pattern).collect();
        let of = |tests: &[(usize, AtomId)], patterns| {
            let (first, rank) = (tests[0].0, rank(lowered, tests[0].1));
            Candidate { rank, first, tests: tests.iter().map(|(_, test)| *test).collect(), patterns }
        };
        match tables.and_then(|tables| tables.table(asked)) {
            Some(table) => candidates.push(of(&tests, Some((subject, table)))),
            None => candidates.extend(tests.chunks(1).map(|test| of(test, None))),
        }
    }
    candidates
}

/// The tests of a condition that were not met before. Tests of the tier have their own variable.
fn collect(
    lowered: &Lowered,
    cond: CondId,
    seen: &mut FxHashSet<CondId>,
    seen_atoms: &mut FxHashSet<AtomId>,
    out: &mut Vec<AtomId>,
) {
    if !seen.insert(cond) {
        return;
    }
    match &lowered.tables.conds[cond.index()] {
        Cond::True | Cond::False | Cond::Envs(_) | Cond::TierAtLeast(_) => {}
        Cond::Ask(atom, _) => {
            if seen_atoms.insert(*atom) && !matches!(lowered.atom(*atom), Expr::TierAtLeast(_)) {
                out.push(*atom);
            }
        }
        Cond::All(parts) | Cond::Any(parts) => {
            for part in operands(lowered, parts) {
                collect(lowered, *part, seen, seen_atoms, out);
            }
        }
    }
}

/// The operands of a condition.
pub fn operands<'a>(lowered: &'a Lowered, range: &Range) -> &'a [CondId] {
    &lowered.tables.cond_operands[range.start as usize..(range.start + range.len) as usize]
}

fn rank(lowered: &Lowered, atom: AtomId) -> u8 {
    lowered.facts[lowered.tables.atoms[atom.index()].expr.index()].rank
}

/// The subject of a test by a pattern, and the pattern.
fn pattern(lowered: &Lowered, atom: AtomId) -> Option<(ExprId, u32)> {
    lowered.facts[lowered.tables.atoms[atom.index()].expr.index()].pattern
}

/// The subject of an equality or membership test, and the constants for which it is true.
fn slot(lowered: &Lowered, atom: AtomId) -> Option<(ExprId, &[Value])> {
    let (subject, constants) = lowered.facts[lowered.tables.atoms[atom.index()].expr.index()].slot?;
    let constants = match &lowered.tables.consts[constants.index()] {
        Value::List(items) | Value::Set(items) => &items[..],
        one => std::slice::from_ref(one),
    };
    (constants.len() <= MAX_SWITCHED_SET).then_some((subject, constants))
}
