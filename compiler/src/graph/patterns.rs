//! Patterns that are put to one slot, made one automaton: the class of a text says which of them match it.
//!
//! The automaton is the product of the patterns' own: a state is the set of those that can still match, each with where
//! it stands. Where that grows too large the patterns stay tests of their own. What the table says is compared with the
//! patterns one by one in the tests, and for each policy by `certify`.

use std::sync::{Arc, Mutex, PoisonError};

use claw_runtime::bundle::{MAX_CELLS, PatternState, PatternTable};
use regex_automata::dfa::{Automaton, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::{Anchored, Input};
use rustc_hash::FxHashMap;

use crate::lower::Lowered;
use crate::patterns::{glob_automaton, regex_automaton};

/// Fewer patterns are as fast one by one.
const FEWEST: usize = 4;
/// Transitions of single patterns that are followed for one table.
const STEPS: usize = 1 << 24;

/// The tables of a policy. Tools with the same patterns share one.
#[derive(Debug)]
pub struct PatternTables<'l> {
    lowered: &'l Lowered,
    made: Mutex<FxHashMap<Vec<u32>, Option<Arc<PatternTable>>>>,
}

impl<'l> PatternTables<'l> {
    pub fn new(lowered: &'l Lowered) -> PatternTables<'l> {
        PatternTables { lowered, made: Mutex::default() }
    }

    /// Whether none was made.
    pub fn is_empty(&self) -> bool {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).values().all(Option::is_none)
    }

    /// The table of these patterns; `None` where they are few or their automaton is too large.
    pub fn table(&self, mut patterns: Vec<u32>) -> Option<Arc<PatternTable>> {
        patterns.sort_unstable();
        patterns.dedup();
        if patterns.len() < FEWEST {
            return None;
        }
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = made.get(&patterns) {
            return found.clone();
        }
        let table = Product::new(&self.lowered.pattern_sources, &patterns).and_then(Product::table).map(Arc::new);
        made.insert(patterns, table.clone());
        table
    }
}

type Dfa = dense::DFA<Vec<u32>>;

/// Patterns that can still match, by their place in the list, each with its state.
type Live = Vec<(u32, StateID)>;

/// The automaton in the making.
struct Product {
    patterns: Vec<u32>,
    automata: Vec<Dfa>,
    /// Which column each byte is in, and a byte of each.
    columns: Vec<u8>,
    bytes: Vec<u8>,
    ids: FxHashMap<Live, u32>,
    /// The states in the order of their numbers.
    found: Vec<Live>,
}

impl Product {
    /// `sources`: of all patterns, whether it is a glob, and its text.
    fn new(sources: &[(bool, String)], patterns: &[u32]) -> Option<Product> {
        let automaton = |pattern: &u32| {
            let (glob, text) = &sources[*pattern as usize];
            if *glob { glob_automaton(text) } else { regex_automaton(text) }.ok()
        };
        let automata: Vec<Dfa> = patterns.iter().map(automaton).collect::<Option<_>>()?;
        let (columns, bytes) = columns(&automata);
        let (ids, found) = Default::default();
        Some(Product { patterns: patterns.to_vec(), automata, columns, bytes, ids, found })
    }

    /// Follows every byte from every state; `None` if there are too many.
    fn table(mut self) -> Option<PatternTable> {
        let mut start = Live::new();
        for (at, dfa) in (0..).zip(&self.automata) {
            let state = dfa.start_state_forward(&Input::new("").anchored(Anchored::Yes)).ok()?;
            start.extend((!dfa.is_dead_state(state)).then_some((at, state)));
        }
        self.number(start)?;
        let most = self.patterns.len() * 4 + 16;
        let mut classes: FxHashMap<Vec<u32>, u32> = FxHashMap::default();
        let mut states = Vec::new();
        let mut steps = 0;
        while let Some(live) = self.found.get(states.len()).cloned() {
            steps += live.len() * self.bytes.len();
            if steps > STEPS {
                return None;
            }
            let class = self.matching(&live).map(|class| {
                let new = u32::try_from(classes.len()).expect("bounded by the states");
                *classes.entry(class).or_insert(new)
            });
            if classes.len() > most {
                return None;
            }
            let mut next = Vec::new();
            for column in 0..self.bytes.len() {
                let reached = self.after(&live, self.bytes[column]);
                if !reached.is_empty() {
                    next.push((u8::try_from(column).ok()?, self.number(reached)?));
                }
            }
            states.push(PatternState { class, next });
        }
        let mut by_class: Vec<(u32, Vec<u32>)> =
            classes.into_iter().map(|(patterns, class)| (class, patterns)).collect();
        by_class.sort_unstable();
        let classes = by_class.into_iter().map(|(_, patterns)| patterns).collect();
        Some(PatternTable { patterns: self.patterns, classes, columns: self.columns, states })
    }

    fn number(&mut self, live: Live) -> Option<u32> {
        if let Some(id) = self.ids.get(&live) {
            return Some(*id);
        }
        let id = u32::try_from(self.found.len()).ok()?;
        // As the runtime counts them: a cell for each column, and one for the class.
        if (self.found.len() + 1) * (self.bytes.len() + 1) > MAX_CELLS {
            return None;
        }
        self.found.push(live.clone());
        self.ids.insert(live, id);
        Some(id)
    }

    fn after(&self, live: &Live, byte: u8) -> Live {
        let step = |(at, state): &(u32, StateID)| {
            let dfa = &self.automata[*at as usize];
            let next = dfa.next_state(*state, byte);
            (!dfa.is_dead_state(next)).then_some((*at, next))
        };
        live.iter().filter_map(step).collect()
    }

    /// The patterns that match if the text ends here, if any do.
    fn matching(&self, live: &Live) -> Option<Vec<u32>> {
        let ends = |(at, state): &&(u32, StateID)| {
            let dfa = &self.automata[*at as usize];
            dfa.is_match_state(dfa.next_eoi_state(*state))
        };
        let patterns: Vec<u32> = live.iter().filter(ends).map(|(at, _)| self.patterns[*at as usize]).collect();
        (!patterns.is_empty()).then_some(patterns)
    }
}

/// Bytes that no automaton tells apart share a column.
fn columns(automata: &[Dfa]) -> (Vec<u8>, Vec<u8>) {
    let mut columns = vec![0; 256];
    for dfa in automata {
        let mut ids: FxHashMap<(u8, u8), u8> = FxHashMap::default();
        for byte in 0..=255_u8 {
            let column = &mut columns[usize::from(byte)];
            // At most as many as there are bytes.
            let new = u8::try_from(ids.len()).unwrap_or(u8::MAX);
            *column = *ids.entry((*column, dfa.byte_classes().get(byte))).or_insert(new);
        }
    }
    let mut bytes = Vec::new();
    for byte in 0..=255_u8 {
        // Columns are numbered in the order of their first bytes.
        if usize::from(columns[usize::from(byte)]) == bytes.len() {
            bytes.push(byte);
        }
    }
    (columns, bytes)
}

#[cfg(test)]
mod tests {
    use claw_runtime::Pattern;
    use proptest::prelude::*;

    use super::*;

    fn table(sources: &[(bool, String)]) -> Option<PatternTable> {
        let patterns: Vec<u32> = (0..).take(sources.len()).collect();
        Product::new(sources, &patterns)?.table()
    }

    /// Which patterns match, each by itself.
    fn one_by_one(sources: &[(bool, String)], text: &str) -> Vec<u32> {
        let matches = |(glob, source): &(bool, String)| {
            if *glob {
                return claw_runtime::glob_matches(source, text);
            }
            let bytes = crate::patterns::regex(source).expect("a regular expression");
            Pattern::from_bytes(&bytes).expect("our own").matches(text).expect("it never gives up")
        };
        (0..).zip(sources).filter(|(_, source)| matches(source)).map(|(at, _)| at).collect()
    }

    fn source() -> impl Strategy<Value = (bool, String)> {
        let regexes = &["a|b", "[a-c]+", "", ".*b", "a*b*", "(ab)+", "a{2,3}", "(?i)A.", "[^a]", "(?s).*b"][..];
        prop_oneof![
            "[ab*?ü]{0,6}".prop_map(|glob| (true, glob)),
            prop::sample::select(regexes).prop_map(|regex| (false, regex.to_owned())),
        ]
    }

    proptest! {
        #[test]
        fn a_class_says_which_patterns_match(
            sources in prop::collection::vec(source(), 1..8),
            texts in prop::collection::vec("[abcAü]{0,7}", 40),
        ) {
            // A product of many overlapping patterns may have too many classes.
            let Some(table) = table(&sources) else { return Ok(()) };
            for text in texts {
                let matching = table.class(&text).map_or(&[][..], |class| &table.classes[class as usize]);
                prop_assert_eq!(matching, &one_by_one(&sources, &text)[..], "{} of {:?}", text, sources);
            }
        }
    }

    #[test]
    fn many_patterns_make_a_table_and_wild_ones_none() {
        let suffixes: Vec<(bool, String)> = (0..500).map(|i| (true, format!("*.site-{i}.example"))).collect();
        let prefixes: Vec<(bool, String)> = (0..500).map(|i| (true, format!("/srv/app-{i}/*"))).collect();
        let regexes: Vec<(bool, String)> = (0..200).map(|i| (false, format!("bad-{i}-[a-z]+[0-9]*"))).collect();
        for (sources, text, pattern) in [(&prefixes, "/srv/app-7/x", 7), (&regexes, "bad-77-abc1", 77)] {
            let table = table(sources).expect("a table");
            assert_eq!(table.class(text).map(|class| &table.classes[class as usize][..]), Some(&[pattern][..]));
        }
        // Where each of many may begin anywhere, there are a state and a class for each combination.
        let parts: Vec<(bool, String)> = (0..40).map(|i| (true, format!("*{i}*"))).collect();
        assert!(table(&parts).is_none());
        assert!(table(&suffixes).is_none_or(|table| table.classes.len() == 500));
    }
}
