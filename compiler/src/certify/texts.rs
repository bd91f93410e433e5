//! All that a text can come to: which of the patterns that clauses ask about match it, each by the automaton of its own,
//! and the class that each switch over such patterns gives it.
//!
//! Walks the automata and the switches' tables side by side, over every text at once.

use std::collections::{BTreeMap, BTreeSet};

use claw_runtime::bundle::PatternTable;
use regex_automata::dfa::{Automaton, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::{Anchored, Input};
use rustc_hash::FxHashSet;

use crate::lower::Lowered;
use crate::patterns::{glob_automaton, regex_automaton};

/// Transitions of single automata that are followed.
const STEPS: usize = 1 << 25;

/// Which patterns match, by their places in the list that was asked about, and the class in each table.
pub type Ending = (Vec<usize>, Vec<Option<u32>>);

/// Where a text stands: in each table, unless nothing can match there any more, and in each automaton that is left.
type Stand = (Vec<Option<u32>>, Vec<(usize, StateID)>);

/// All endings but that of matching nothing; `None` if it would take too long to find them.
pub fn endings(lowered: &Lowered, asked: &[u32], tables: &[&PatternTable]) -> Option<Vec<Ending>> {
    let automaton = |pattern: &u32| {
        let (glob, text) = lowered.pattern_sources.get(*pattern as usize)?;
        if *glob { glob_automaton(text).ok() } else { regex_automaton(text).ok() }
    };
    let automata: Vec<dense::DFA<Vec<u32>>> = asked.iter().map(automaton).collect::<Option<_>>()?;
    let mut first = Vec::new();
    for (at, dfa) in automata.iter().enumerate() {
        let state = dfa.start_state_forward(&Input::new("").anchored(Anchored::Yes)).ok()?;
        first.extend((!dfa.is_dead_state(state)).then_some((at, state)));
    }
    let bytes = told_apart(&automata, tables);
    let mut seen: FxHashSet<Stand> = FxHashSet::default();
    let mut open: Vec<Stand> = vec![(vec![Some(0); tables.len()], first)];
    let mut endings = BTreeSet::new();
    let mut steps = 0;
    while let Some(stand) = open.pop() {
        if !seen.insert(stand.clone()) {
            continue;
        }
        let (at, live) = stand;
        let matches =
            |(at, state): &&(usize, StateID)| automata[*at].is_match_state(automata[*at].next_eoi_state(*state));
        let matching = live.iter().filter(matches).map(|(at, _)| *at).collect();
        let class = |(table, at): (&&PatternTable, &Option<u32>)| table.states[(*at)? as usize].class;
        endings.insert((matching, tables.iter().zip(&at).map(class).collect()));
        steps += (live.len() + tables.len()) * bytes.len();
        if steps > STEPS {
            return None;
        }
        for byte in &bytes {
            let after = |(at, state): &(usize, StateID)| {
                let next = automata[*at].next_state(*state, *byte);
                (!automata[*at].is_dead_state(next)).then_some((*at, next))
            };
            let left: Vec<(usize, StateID)> = live.iter().filter_map(after).collect();
            let next = |(table, at): (&&PatternTable, &Option<u32>)| row(table, (*at)?, *byte);
            let at: Vec<Option<u32>> = tables.iter().zip(&at).map(next).collect();
            if at.iter().any(Option::is_some) || !left.is_empty() {
                open.push((at, left));
            }
        }
    }
    endings.remove(&(Vec::new(), vec![None; tables.len()]));
    Some(endings.into_iter().collect())
}

fn row(table: &PatternTable, state: u32, byte: u8) -> Option<u32> {
    let column = table.columns[usize::from(byte)];
    table.states[state as usize].next.iter().find(|(listed, _)| *listed == column).map(|(_, next)| *next)
}

/// One byte of each sort that the table and the automata treat alike.
fn told_apart(automata: &[dense::DFA<Vec<u32>>], tables: &[&PatternTable]) -> Vec<u8> {
    let mut sorts: BTreeMap<Vec<u8>, u8> = BTreeMap::new();
    for byte in 0..=255_u8 {
        let own = automata.iter().map(|dfa| dfa.byte_classes().get(byte));
        let sort = own.chain(tables.iter().map(|table| table.columns[usize::from(byte)])).collect();
        sorts.entry(sort).or_insert(byte);
    }
    sorts.into_values().collect()
}
