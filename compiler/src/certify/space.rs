//! All answers that the tests of one tool can have together.
//!
//! A domain is what is answered at once: the environment, the tier, a test by itself, or a value that several tests
//! compare with constants. `x == "a"` and `x == "b"` can't both be true, so their domain is the value of `x`: one of
//! the constants, none of them, or unknown. Which constants there are is read from the tests' own expressions; a switch
//! of the graph is then asked where it sends each of them.

use std::collections::BTreeMap;

use claw_runtime::bundle::{Ask, AtomId, Bundle, Cond, CondId, Expr, ExprId, Node, Target};
use claw_runtime::{Tri, Value};
use rustc_hash::{FxHashMap, FxHashSet};

use super::order::{order, reached};
use super::prove::TooLarge;
use super::questions::Questions;
use super::texts;
use crate::lower::Lowered;

pub const ENV: usize = 0;
pub const TIER: usize = 1;

/// A leaf that no root has: the graph asks for a tier before there is one.
pub const STUCK: u32 = u32::MAX >> 1;

/// A test for membership in a set with more elements is not asked together with others of the same value.
const MANY: usize = 1024;

/// Fewer patterns of one text are taken as if each could match or not whatever the others do.
const SEVERAL: usize = 4;

/// Numbers from 0 to `size - 1`, in binary digits from the highest. A number too large stands for the last one, so that
/// all digits mean something and no two diagrams differ in what means nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Domain {
    pub size: u32,
    pub first: u16,
    pub digits: u16,
}

/// What depends on one domain.
#[derive(Clone, Debug)]
pub struct Branch<T> {
    pub domain: usize,
    /// By number, ascending.
    pub cases: Vec<(u32, T)>,
    pub otherwise: T,
}

impl<T: Copy> Branch<T> {
    fn constant(value: T) -> Branch<T> {
        Branch { domain: ENV, cases: Vec::new(), otherwise: value }
    }

    pub fn get(&self, number: u32) -> T {
        let at = self.cases.binary_search_by_key(&number, |case| case.0);
        at.map_or(self.otherwise, |at| self.cases[at].1)
    }
}

/// For which numbers of its domain a test is true, and for which unknown.
#[derive(Clone, Debug, Default)]
struct Test {
    domain: usize,
    yes: Vec<u32>,
    unknown: Option<u32>,
}

/// For which numbers of its domain a switch sends a value where.
#[derive(Clone, Debug, Default)]
struct Selector {
    domain: usize,
    by_class: FxHashMap<u32, Vec<u32>>,
    unknown: Option<u32>,
}

/// The domains of one tool.
#[derive(Debug)]
pub struct Space<'a> {
    lowered: &'a Lowered,
    pub bundle: &'a Bundle,
    pub domains: Vec<Domain>,
    tests: FxHashMap<AtomId, Test>,
    selectors: FxHashMap<u32, Selector>,
    /// Digits of all domains.
    pub digits: u16,
    /// Whether every path of the graph meets its domains in the order of the digits, each once.
    pub ordered: bool,
}

/// Tests and switches that share a domain.
#[derive(Debug, Default)]
struct Group {
    /// The value that they are about; `None` for a test by itself.
    subject: Option<ExprId>,
    /// Patterns tell the values apart, and not constants.
    is_text: bool,
    atoms: Vec<AtomId>,
    switches: Vec<u32>,
}

impl<'a> Space<'a> {
    pub fn new(lowered: &'a Lowered, bundle: &'a Bundle, questions: &Questions) -> Result<Space<'a>, TooLarge> {
        let starts = questions.0.iter().flat_map(|(_, question)| question.graph.iter().copied());
        let nodes = reached(bundle, starts);
        let fixed = |words: usize| Domain { size: count(words).max(1), ..Domain::default() };
        let domains = vec![fixed(bundle.environments.len()), fixed(bundle.tiers.len())];
        let (tests, selectors) = Default::default();
        let mut space = Space { lowered, bundle, domains, tests, selectors, digits: 0, ordered: true };
        for group in groups(lowered, bundle, questions, &nodes) {
            space.add(&group)?;
        }
        space.place(&nodes)?;
        Ok(space)
    }

    /// Gives a group its domain.
    fn add(&mut self, group: &Group) -> Result<(), TooLarge> {
        let by_patterns = group.is_text && (group.atoms.len() >= SEVERAL || !group.switches.is_empty());
        let endings = if by_patterns { self.endings(group) } else { None };
        if by_patterns && endings.is_none() {
            // Too many patterns for one domain: what they can't be together is not used.
            if !group.switches.is_empty() {
                return Err(TooLarge::Tests);
            }
            let alone = |atom: &AtomId| Group { atoms: vec![*atom], ..Group::default() };
            return group.atoms.iter().try_for_each(|atom| self.add(&alone(atom)));
        }
        let domain = self.domains.len();
        let mut tests = vec![Test { domain, ..Test::default() }; group.atoms.len()];
        let mut selectors = vec![Selector { domain, ..Selector::default() }; group.switches.len()];
        let mut size = 0;
        if let Some(endings) = &endings {
            size = matches(endings, &mut tests, &mut selectors);
        } else if group.subject.is_some() && !group.is_text {
            size = self.constants(group, &mut tests, &mut selectors);
        } else {
            // True or not.
            tests.iter_mut().for_each(|test| test.yes.push(0));
            size += 1;
        }
        // None of the constants, and unknown: a value that one test always knows is known to every test.
        size += 1;
        let partial = group.atoms.iter().all(|atom| self.bundle.atoms[atom.index()].partial);
        let unknown = partial.then_some(size);
        size += u32::from(partial);
        self.domains.push(Domain { size, ..Domain::default() });
        self.tests.extend(group.atoms.iter().copied().zip(tests.into_iter().map(|test| Test { unknown, ..test })));
        let selectors = selectors.into_iter().map(|selector| Selector { unknown, ..selector });
        self.selectors.extend(group.switches.iter().copied().zip(selectors));
        Ok(())
    }

    /// What a text can come to, in the order of the group's tests and switches; `None` if it is too much.
    fn endings(&self, group: &Group) -> Option<Vec<texts::Ending>> {
        let asked: Option<Vec<u32>> =
            group.atoms.iter().map(|atom| matched(self.lowered, *atom).map(|(_, pattern)| pattern)).collect();
        let tables = group.switches.iter().map(|switch| self.bundle.switches[*switch as usize].patterns.as_ref());
        texts::endings(self.lowered, &asked?, &tables.collect::<Option<Vec<_>>>()?)
    }

    /// Numbers the constants of a group, those alike that no test and no switch tells apart; returns how many.
    fn constants(&self, group: &Group, tests: &mut [Test], selectors: &mut [Selector]) -> u32 {
        let mut told: BTreeMap<&Value, Vec<(usize, u32)>> = BTreeMap::new();
        for (at, atom) in group.atoms.iter().enumerate() {
            for value in compared(self.lowered, *atom).map(|(_, constants)| constants).unwrap_or_default() {
                told.entry(value).or_default().push((at, 0));
            }
        }
        for (at, switch) in group.switches.iter().enumerate() {
            for (constant, class) in &self.bundle.switches[*switch as usize].classes {
                let value = &self.bundle.consts[constant.index()];
                told.entry(value).or_default().push((tests.len() + at, *class));
            }
        }
        let mut seen: FxHashSet<Vec<(usize, u32)>> = FxHashSet::default();
        let mut number = 0;
        for (_, mut answers) in told {
            // A list may name a constant twice.
            answers.dedup();
            if !seen.insert(answers.clone()) {
                continue;
            }
            for (at, class) in answers {
                match at.checked_sub(tests.len()) {
                    None => tests[at].yes.push(number),
                    Some(at) => selectors[at].by_class.entry(class).or_default().push(number),
                }
            }
            number += 1;
        }
        number
    }

    /// Gives the domains their digits, in the graph's own order: diagrams in it are about as large as the graph is.
    fn place(&mut self, nodes: &[u32]) -> Result<(), TooLarge> {
        let (sequence, ordered) = order(self, nodes);
        self.ordered = ordered;
        for at in sequence {
            let domain = &mut self.domains[at];
            // As many as the largest number has, and none where there is but one.
            domain.digits = u16::try_from((domain.size - 1).checked_ilog2().map_or(0, |log| log + 1)).unwrap_or(32);
            domain.first = self.digits;
            // The library keeps the last number of variables for itself.
            self.digits = self.digits.checked_add(domain.digits).filter(|n| *n < u16::MAX).ok_or(TooLarge::Tests)?;
        }
        Ok(())
    }

    /// The domain that a node asks about.
    pub fn domain_of(&self, node: u32) -> usize {
        self.branch(node, true).domain
    }

    /// Where a node leads. `tiered`: there is a tier when it is asked.
    pub fn branch(&self, node: u32, tiered: bool) -> Branch<Target> {
        let sorted = |mut cases: Vec<(u32, Target)>, unknown: Option<u32>, to: Target| {
            cases.extend(unknown.map(|number| (number, to)));
            cases.sort_unstable_by_key(|case| case.0);
            cases
        };
        let listed = |domain, to: &[Target]| Branch {
            domain,
            cases: (0..).zip(to.iter().copied()).collect(),
            otherwise: Target::leaf(STUCK),
        };
        match &self.bundle.nodes[node as usize] {
            Node::Test { atom, on_false, on_unknown, on_true, .. } => match self.tier_test(*atom) {
                Some(_) if !tiered => Branch::constant(*on_unknown),
                Some(least) => {
                    let tiers = 0..self.domains[TIER].size;
                    let cases = tiers.map(|tier| (tier, if tier >= least { *on_true } else { *on_false }));
                    Branch { domain: TIER, cases: cases.collect(), otherwise: *on_false }
                }
                None => {
                    let test = &self.tests[atom];
                    let yes = test.yes.iter().map(|number| (*number, *on_true)).collect();
                    let cases = sorted(yes, test.unknown, *on_unknown);
                    Branch { domain: test.domain, cases, otherwise: *on_false }
                }
            },
            Node::Switch { switch, on_unknown, otherwise, cases } => {
                let selector = &self.selectors[switch];
                let numbers = |class: &u32| selector.by_class.get(class).map(Vec::as_slice).unwrap_or_default();
                let known = cases.iter().flat_map(|(class, to)| numbers(class).iter().map(|number| (*number, *to)));
                let cases = sorted(known.collect(), selector.unknown, *on_unknown);
                Branch { domain: selector.domain, cases, otherwise: *otherwise }
            }
            Node::Env { by_env } => listed(ENV, by_env),
            Node::Tier { by_tier } if tiered => listed(TIER, by_tier),
            Node::Tier { .. } => Branch::constant(Target::leaf(STUCK)),
        }
    }

    /// Whether a condition holds that has no parts; `None` for one that has.
    pub fn condition(&self, cond: CondId, tiered: bool) -> Option<Branch<bool>> {
        let numbered = |domain: usize, holds: &dyn Fn(u32) -> bool| {
            let cases = (0..self.domains[domain].size).map(|number| (number, holds(number))).collect();
            Branch { domain, cases, otherwise: false }
        };
        Some(match &self.lowered.tables.conds[cond.index()] {
            Cond::True => Branch::constant(true),
            Cond::False => Branch::constant(false),
            Cond::Envs(envs) => numbered(ENV, &|env| envs >> env & 1 == 1),
            Cond::TierAtLeast(_) if !tiered => Branch::constant(true),
            Cond::TierAtLeast(least) => numbered(TIER, &|tier| tier >= *least),
            Cond::Ask(atom, ask) => match self.tier_test(*atom) {
                Some(_) if !tiered => Branch::constant(answers(*ask, Tri::Unknown)),
                Some(least) => numbered(TIER, &|tier| answers(*ask, Tri::from(tier >= least))),
                None => {
                    let test = &self.tests[atom];
                    let yes = test.yes.iter().map(|number| (*number, answers(*ask, Tri::True)));
                    let unknown = test.unknown.map(|number| (number, answers(*ask, Tri::Unknown)));
                    let cases = yes.chain(unknown).collect();
                    Branch { domain: test.domain, cases, otherwise: answers(*ask, Tri::False) }
                }
            },
            Cond::All(_) | Cond::Any(_) => return None,
        })
    }

    /// The tests of a domain with their answers at one of its numbers, in the order of the tests.
    pub fn answers(&self, domain: usize, number: u32) -> Vec<(AtomId, Tri)> {
        let of = |test: &Test| match test.unknown {
            Some(unknown) if unknown == number => Tri::Unknown,
            _ => Tri::from(test.yes.contains(&number)),
        };
        let own = self.tests.iter().filter(|(_, test)| test.domain == domain);
        let mut answers: Vec<(AtomId, Tri)> = own.map(|(atom, test)| (*atom, of(test))).collect();
        answers.sort_unstable_by_key(|answer| answer.0);
        answers
    }

    /// Of a condition that has some: whether all must hold or any, and which.
    pub fn parts(&self, cond: CondId) -> Option<(bool, &'a [CondId])> {
        let (all, range) = match &self.lowered.tables.conds[cond.index()] {
            Cond::All(range) => (true, range),
            Cond::Any(range) => (false, range),
            _ => return None,
        };
        Some((all, &self.lowered.tables.cond_operands[range.start as usize..][..range.len as usize]))
    }

    fn tier_test(&self, atom: AtomId) -> Option<u32> {
        tier_test(self.lowered, atom)
    }
}

/// Numbers what a text can come to: which of the patterns match, and what the switches make of it. How many.
fn matches(endings: &[texts::Ending], tests: &mut [Test], selectors: &mut [Selector]) -> u32 {
    for (number, (matching, classes)) in (0..).zip(endings) {
        matching.iter().for_each(|at| tests[*at].yes.push(number));
        for (selector, class) in selectors.iter_mut().zip(classes) {
            class.iter().for_each(|class| selector.by_class.entry(*class).or_default().push(number));
        }
    }
    count(endings.len())
}

fn tier_test(lowered: &Lowered, atom: AtomId) -> Option<u32> {
    if let Expr::TierAtLeast(least) = lowered.atom(atom) { Some(*least) } else { None }
}

/// A question's answer for a test that came to this, written out once more from the language reference.
fn answers(ask: Ask, answer: Tri) -> bool {
    match ask {
        Ask::IsTrue => answer == Tri::True,
        Ask::IsFalse => answer == Tri::False,
        Ask::NotTrue => answer != Tri::True,
        Ask::NotFalse => answer != Tri::False,
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).expect("fewer than 4 billion words")
}

/// The tests and switches of a tool, those about one value together, as the clauses name them and then the graph.
fn groups(lowered: &Lowered, bundle: &Bundle, questions: &Questions, nodes: &[u32]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut by_subject: FxHashMap<(ExprId, bool), usize> = FxHashMap::default();
    let mut place = |about: Option<(ExprId, bool)>, groups: &mut Vec<Group>| {
        let new = groups.len();
        let place = about.map_or(new, |about| *by_subject.entry(about).or_insert(new));
        if place == new {
            let (subject, is_text) = (about.map(|about| about.0), about.is_some_and(|about| about.1));
            groups.push(Group { subject, is_text, ..Group::default() });
        }
        place
    };
    for atom in atoms(lowered, bundle, questions, nodes) {
        let constants = || compared(lowered, atom).map(|(subject, _)| (subject, false));
        let about = matched(lowered, atom).map(|(subject, _)| (subject, true)).or_else(constants);
        let at = place(about, &mut groups);
        groups[at].atoms.push(atom);
    }
    let mut seen = FxHashSet::default();
    for node in nodes {
        if let Node::Switch { switch, .. } = &bundle.nodes[*node as usize]
            && seen.insert(*switch)
        {
            let def = &bundle.switches[*switch as usize];
            let at = place(Some((def.subject, def.patterns.is_some())), &mut groups);
            groups[at].switches.push(*switch);
        }
    }
    groups
}

/// The text that a test is about, and the pattern; `None` for paths, which are matched by two texts.
fn matched(lowered: &Lowered, atom: AtomId) -> Option<(ExprId, u32)> {
    match lowered.atom(atom) {
        Expr::Match(subject, pattern) if lowered.texts.contains(subject) => Some((*subject, *pattern)),
        _ => None,
    }
}

/// The tests of the clauses and then those of the graph, each once, but for those of the tier.
fn atoms(lowered: &Lowered, bundle: &Bundle, questions: &Questions, nodes: &[u32]) -> Vec<AtomId> {
    let tables = &lowered.tables;
    let (mut seen, mut seen_conds) = (FxHashSet::default(), FxHashSet::default());
    let mut atoms = Vec::new();
    let clauses = questions.0.iter().flat_map(|(_, question)| &question.clauses);
    let mut open: Vec<CondId> = clauses.map(|(_, cond)| *cond).collect();
    open.reverse();
    while let Some(cond) = open.pop() {
        if !seen_conds.insert(cond) {
            continue;
        }
        match &tables.conds[cond.index()] {
            Cond::Ask(atom, _) => atoms.extend(seen.insert(*atom).then_some(*atom)),
            Cond::All(range) | Cond::Any(range) => {
                open.extend(tables.cond_operands[range.start as usize..][..range.len as usize].iter().rev());
            }
            Cond::True | Cond::False | Cond::Envs(_) | Cond::TierAtLeast(_) => {}
        }
    }
    for node in nodes {
        if let Node::Test { atom, .. } = &bundle.nodes[*node as usize] {
            atoms.extend(seen.insert(*atom).then_some(*atom));
        }
    }
    atoms.retain(|atom| tier_test(lowered, *atom).is_none());
    atoms
}

/// The value that a test compares with constants, and those; `None` for tests whose answer for one constant says
/// nothing of another: paths may lead elsewhere than they say, and a number may be known within bounds only.
fn compared(lowered: &Lowered, atom: AtomId) -> Option<(ExprId, &[Value])> {
    let tables = &lowered.tables;
    let (Expr::Eq(subject, constant) | Expr::In(subject, constant)) = lowered.atom(atom) else { return None };
    let Expr::Const(constant) = &tables.exprs[constant.index()] else { return None };
    if matches!(tables.exprs[subject.index()], Expr::Const(_)) {
        return None;
    }
    let constants = match (lowered.atom(atom), &tables.consts[constant.index()]) {
        (Expr::In(..), Value::List(items) | Value::Set(items)) => &items[..],
        (Expr::Eq(..), one) => std::slice::from_ref(one),
        _ => return None,
    };
    let kind = std::mem::discriminant(constants.first()?);
    let plain = |value: &Value| {
        use Value::{Bool, Date, Duration, Email, Host, Int, Ip, Str, Time};
        matches!(value, Bool(_) | Date(_) | Duration(_) | Email(_) | Host(_) | Int(_) | Ip(_) | Str(_) | Time(_))
            && std::mem::discriminant(value) == kind
    };
    let apart = constants.len() <= MANY && constants.iter().all(plain) && exact(lowered, *subject);
    apart.then_some((*subject, constants))
}

/// Whether a value is either known or not: how long a list is may be known in part.
fn exact(lowered: &Lowered, expr: ExprId) -> bool {
    match &lowered.tables.exprs[expr.index()] {
        Expr::Len(_) | Expr::Quant(..) => false,
        Expr::Else(a, b) => exact(lowered, *a) && exact(lowered, *b),
        Expr::Builtin(builtin, _) => {
            let row = claw_runtime::by_name(&lowered.tables.builtins[*builtin as usize]).and_then(|id| id.get());
            row.is_some_and(|row| !row.lenient)
        }
        _ => true,
    }
}
