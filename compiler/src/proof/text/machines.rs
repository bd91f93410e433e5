//! What was compiled, kept for later questions.

use std::sync::Arc;

use claw_runtime::bundle::CompareOp;
use regex_automata::dfa::{Automaton, dense};
use regex_automata::{Anchored, Input};
use rustc_hash::FxHashMap;

use super::Lang;
use super::dfa::{self, Dfa};
use crate::patterns;

/// The automata of the tests seen so far. `None` stands for those that are too large.
#[derive(Debug, Default)]
pub struct Machines {
    compiled: FxHashMap<Lang, Option<Arc<Dfa>>>,
    regexes: FxHashMap<String, Option<Arc<dense::DFA<Vec<u32>>>>>,
}

/// Lengths above this are not counted: the automaton would be too large.
pub(super) const COUNTED: i64 = 100_000;

impl Machines {
    /// Does the regular expression match the whole text?
    pub(super) fn matches(&mut self, regex: &str, text: &str) -> Option<bool> {
        let automaton = self.regex(regex)?;
        let found = automaton.try_search_fwd(&Input::new(text).anchored(Anchored::Yes)).ok()?;
        Some(found.is_some_and(|m| m.offset() == text.len()))
    }

    pub(super) fn can_evaluate(&mut self, lang: &Lang) -> bool {
        match lang {
            Lang::Matches(regex) => self.regex(regex).is_some(),
            Lang::Part(_, lang) => self.can_evaluate(lang),
            _ => true,
        }
    }

    /// The automaton of a set of texts that has no parts.
    pub(super) fn dfa(&mut self, lang: &Lang) -> Option<Arc<Dfa>> {
        if let Some(known) = self.compiled.get(lang) {
            return known.clone();
        }
        let built = self.compile(lang).map(Arc::new);
        self.compiled.insert(lang.clone(), built.clone());
        built
    }

    fn compile(&mut self, lang: &Lang) -> Option<Dfa> {
        match lang {
            Lang::OneOf(items) => Some(dfa::one_of(items)),
            Lang::Like(glob) => dfa::from_automaton(&patterns::glob_automaton(glob).ok()?),
            Lang::Matches(regex) => dfa::from_automaton(&*self.regex(regex)?),
            Lang::Under(bases) => Some(dfa::under(bases)),
            Lang::Within(dirs) => Some(dfa::within(dirs)),
            Lang::Chars(op, bound) => chars(*op, *bound),
            Lang::Part(..) => None,
        }
    }

    fn regex(&mut self, regex: &str) -> Option<Arc<dense::DFA<Vec<u32>>>> {
        if let Some(known) = self.regexes.get(regex) {
            return known.clone();
        }
        let built = patterns::regex_automaton(regex).ok().map(Arc::new);
        self.regexes.insert(regex.to_owned(), built.clone());
        built
    }
}

/// The numbers of characters that pass: from the first to the last, or without end.
pub(super) fn range(op: CompareOp, bound: i64) -> (i64, Option<i64>) {
    match op {
        CompareOp::Lt => (0, Some(bound.saturating_sub(1))),
        CompareOp::Le => (0, Some(bound)),
        CompareOp::Gt => (bound.saturating_add(1), None),
        CompareOp::Ge => (bound, None),
    }
}

fn chars(op: CompareOp, bound: i64) -> Option<Dfa> {
    let (low, high) = range(op, bound);
    let counted = low.max(high.unwrap_or(0));
    let number = |n: i64| u32::try_from(n.max(0)).ok();
    match high {
        _ if counted > COUNTED => None,
        // Nothing has fewer than no characters.
        Some(high) if high < 0 => Some(dfa::one_of(&[])),
        high => Some(dfa::count(number(low)?, high.map(number).unwrap_or_default())),
    }
}
