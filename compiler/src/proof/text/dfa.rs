//! Deterministic automata over bytes as tables, and how those of the tests are built.
//!
//! Every automaton judges whole UTF-8 texts and is complete: each state has a successor for each byte.

use std::collections::VecDeque;

use claw_runtime::Host;
use regex_automata::dfa::{Automaton, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::{Anchored, Input};
use rustc_hash::FxHashMap;

use super::Answers;

/// No way leads there.
pub(super) const NEVER: u32 = u32::MAX;
/// States of a pattern's automaton, more of which are refused.
const STATES: usize = 50_000;

#[derive(Debug)]
pub(super) struct Dfa {
    /// The class of each byte; bytes of a class are never told apart.
    pub classes: [u8; 256],
    stride: usize,
    next: Vec<u32>,
    accept: Vec<bool>,
    pub start: u32,
    /// How many characters lead to acceptance at least, by state; and to refusal.
    to_true: Vec<u32>,
    to_false: Vec<u32>,
}

impl Dfa {
    pub fn step(&self, state: u32, byte: u8) -> u32 {
        self.next[state as usize * self.stride + usize::from(self.classes[usize::from(byte)])]
    }

    pub fn accepts(&self, state: u32) -> bool {
        self.accept[state as usize]
    }

    /// How many characters at least are missing to an answer that is allowed.
    pub fn left(&self, state: u32, allowed: Answers) -> u32 {
        match allowed & Answers::KNOWN {
            Answers::TRUE => self.to_true[state as usize],
            Answers::FALSE => self.to_false[state as usize],
            Answers::NONE => NEVER,
            _ => 0,
        }
    }

    /// From a table with one row of `stride` successors for each state.
    fn new(classes: [u8; 256], stride: usize, mut next: Vec<u32>, accept: Vec<bool>, start: u32) -> Dfa {
        let costs = costs(&classes, stride);
        let to_true = distances(&next, &costs, &accept);
        let refuse: Vec<bool> = accept.iter().map(|a| !a).collect();
        let to_false = distances(&next, &costs, &refuse);
        // All states in which the answer is certain are one.
        for certain in [&to_true, &to_false] {
            let Some(one) = certain.iter().position(|d| *d == NEVER) else { continue };
            for target in &mut next {
                if certain[*target as usize] == NEVER {
                    *target = u32::try_from(one).unwrap_or(NEVER);
                }
            }
        }
        Dfa { classes, stride, next, accept, start, to_true, to_false }
    }
}

/// A byte that goes on with a character rather than beginning one.
pub(super) fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// How many characters a byte of each class adds at least.
fn costs(classes: &[u8; 256], stride: usize) -> Vec<u32> {
    let mut costs = vec![1; stride];
    for byte in (0..=255).filter(|b| is_continuation(*b)) {
        costs[usize::from(classes[usize::from(byte)])] = 0;
    }
    costs
}

/// The cost of the cheapest way from each state to one of the goals: costs are 0 or 1, one for each class.
pub(super) fn distances(next: &[u32], costs: &[u32], goals: &[bool]) -> Vec<u32> {
    let stride = costs.len();
    let mut incoming: Vec<Vec<(u32, u32)>> = vec![Vec::new(); goals.len()];
    for (edge, target) in next.iter().enumerate() {
        let from = u32::try_from(edge / stride).unwrap_or(NEVER);
        let new = (from, costs[edge % stride]);
        if let Some(into) = incoming.get_mut(*target as usize) {
            // Most edges of a state lead to the same one.
            if into.last() != Some(&new) {
                into.push(new);
            }
        }
    }
    let mut distance = vec![NEVER; goals.len()];
    let mut queue = VecDeque::new();
    for (state, _) in goals.iter().enumerate().filter(|(_, goal)| **goal) {
        distance[state] = 0;
        queue.push_back((0, state));
    }
    while let Some((at, state)) = queue.pop_front() {
        if distance[state] < at {
            continue;
        }
        for (from, cost) in &incoming[state] {
            let there = at + cost;
            if there < distance[*from as usize] {
                distance[*from as usize] = there;
                if *cost == 0 {
                    queue.push_front((there, *from as usize));
                } else {
                    queue.push_back((there, *from as usize));
                }
            }
        }
    }
    distance
}

/// Classes in which each of the bytes stands alone and all others are together, and how many there are.
fn classes_of(bytes: impl Iterator<Item = u8>) -> ([u8; 256], usize) {
    let mut classes = [0; 256];
    let mut count = 1_u8;
    for byte in bytes {
        let class = &mut classes[usize::from(byte)];
        // Texts have at most 245 different bytes, so the classes suffice.
        if *class == 0 && count < u8::MAX {
            *class = count;
            count += 1;
        }
    }
    (classes, usize::from(count))
}

/// A tree of texts. State 0 is where no text leads, state 1 the root.
struct Trie {
    classes: [u8; 256],
    stride: usize,
    next: Vec<u32>,
    /// Where a text ends.
    ends: Vec<bool>,
}

impl Trie {
    fn new<'t>(texts: impl Iterator<Item = &'t str> + Clone, also: &[u8]) -> Trie {
        let (classes, stride) = classes_of(texts.clone().flat_map(str::bytes).chain(also.iter().copied()));
        let mut trie = Trie { classes, stride, next: vec![0; 2 * stride], ends: vec![false; 2] };
        for text in texts {
            let end = trie.insert(1, text);
            trie.ends[end as usize] = true;
        }
        trie
    }

    fn edge(&mut self, from: u32, byte: u8) -> &mut u32 {
        &mut self.next[from as usize * self.stride + usize::from(self.classes[usize::from(byte)])]
    }

    fn insert(&mut self, root: u32, text: &str) -> u32 {
        let mut at = root;
        for byte in text.bytes() {
            let fresh = u32::try_from(self.ends.len()).unwrap_or(NEVER);
            let edge = self.edge(at, byte);
            if *edge == 0 {
                *edge = fresh;
                self.next.resize(self.next.len() + self.stride, 0);
                self.ends.push(false);
                at = fresh;
            } else {
                at = *edge;
            }
        }
        at
    }

    fn into_dfa(self, start: u32) -> Dfa {
        Dfa::new(self.classes, self.stride, self.next, self.ends, start)
    }
}

/// One of the texts.
pub(super) fn one_of(items: &[String]) -> Dfa {
    Trie::new(items.iter().map(String::as_str), &[]).into_dfa(1)
}

/// One of the paths or what follows one and a slash.
pub(super) fn within(dirs: &[String]) -> Dfa {
    let mut trie = Trie::new(dirs.iter().map(String::as_str), b"/");
    let inside = u32::try_from(trie.ends.len()).unwrap_or(NEVER);
    let ends: Vec<u32> = (0..inside).filter(|state| trie.ends[*state as usize]).collect();
    trie.next.extend(std::iter::repeat_n(inside, trie.stride));
    trie.ends.push(true);
    for end in ends {
        *trie.edge(end, b'/') = inside;
    }
    if dirs.iter().any(|dir| dir == "/") {
        *trie.edge(1, b'/') = inside;
    }
    trie.into_dfa(1)
}

/// One of the hosts, or one of the names after other labels.
///
/// The names are looked for as Aho and Corasick do, all at once and each from the beginning of a label on.
pub(super) fn under(bases: &[String]) -> Dfa {
    let (addresses, names): (Vec<String>, Vec<String>) =
        bases.iter().map(|base| canonical(base)).partition(|base| base.parse::<std::net::IpAddr>().is_ok());
    let mut trie = Trie::new(names.iter().map(String::as_str), b".");
    // State 0 now means that nothing is looked for until the next label.
    let (stride, count) = (trie.stride, trie.ends.len());
    let dot = usize::from(trie.classes[usize::from(b'.')]);
    // Where the text goes on as the newest label, if not as an older one.
    let mut fallback = vec![0_u32; count];
    let mut queue = VecDeque::from([1_usize]);
    trie.next[dot] = 1;
    while let Some(state) = queue.pop_front() {
        let back = fallback[state] as usize;
        trie.ends[state] |= trie.ends[back];
        for class in 0..stride {
            let instead = trie.next[back * stride + class];
            let edge = &mut trie.next[state * stride + class];
            if *edge == 0 {
                *edge = instead;
            } else {
                fallback[*edge as usize] = instead;
                queue.push_back(*edge as usize);
            }
        }
    }
    let names = trie.into_dfa(1);
    if addresses.is_empty() { names } else { either(&names, &one_of(&addresses)) }
}

fn canonical(base: &str) -> String {
    Host::parse(base).map_or_else(|_| base.to_owned(), |host| host.to_string())
}

/// From `low` to `high` characters.
pub(super) fn count(low: u32, high: Option<u32>) -> Dfa {
    let mut classes = [0; 256];
    (0..=255_u8).filter(|b| is_continuation(*b)).for_each(|b| classes[usize::from(b)] = 1);
    let last = high.map_or(low, |high| high + 1);
    let next = (0..=last).flat_map(|n| [(n + 1).min(last), n]).collect();
    let accept = (0..=last).map(|n| n >= low && high.is_none_or(|high| n <= high)).collect();
    Dfa::new(classes, 2, next, accept, 0)
}

/// What one or the other accepts.
fn either(a: &Dfa, b: &Dfa) -> Dfa {
    let (classes, stride) = join([a.classes, b.classes].iter());
    let mut bytes = vec![0; stride];
    (0..=255_u8).for_each(|byte| bytes[usize::from(classes[usize::from(byte)])] = byte);
    let mut ids = FxHashMap::from_iter([((a.start, b.start), 0_u32)]);
    let mut states = vec![(a.start, b.start)];
    let mut next = Vec::new();
    let mut at = 0;
    while let Some(&(p, q)) = states.get(at) {
        at += 1;
        for byte in &bytes {
            let to = (a.step(p, *byte), b.step(q, *byte));
            let fresh = u32::try_from(states.len()).unwrap_or(NEVER);
            next.push(*ids.entry(to).or_insert_with(|| {
                states.push(to);
                fresh
            }));
        }
    }
    let accept = states.iter().map(|(p, q)| a.accepts(*p) || b.accepts(*q)).collect();
    Dfa::new(classes, stride, next, accept, 0)
}

/// The coarsest classes that tell all bytes apart which one of the given does, and how many there are.
pub(super) fn join<'c>(all: impl Iterator<Item = &'c [u8; 256]>) -> ([u8; 256], usize) {
    let (mut classes, mut count) = ([0_u8; 256], 1);
    for other in all {
        let mut ids: FxHashMap<(u8, u8), u8> = FxHashMap::default();
        for (class, other) in classes.iter_mut().zip(other) {
            let fresh = u8::try_from(ids.len()).unwrap_or(u8::MAX);
            *class = *ids.entry((*class, *other)).or_insert(fresh);
        }
        count = ids.len();
    }
    (classes, count)
}

/// The table of a pattern's automaton; `None` if it is too large.
pub(super) fn from_automaton(automaton: &dense::DFA<Vec<u32>>) -> Option<Dfa> {
    let mut classes = [0; 256];
    (0..=255_u8).for_each(|byte| classes[usize::from(byte)] = automaton.byte_classes().get(byte));
    let stride = usize::from(classes.iter().max().copied()?) + 1;
    let mut bytes = vec![0; stride];
    (0..=255_u8).for_each(|byte| bytes[usize::from(classes[usize::from(byte)])] = byte);
    let start = automaton.start_state_forward(&Input::new("").anchored(Anchored::Yes)).ok()?;
    let mut ids: FxHashMap<StateID, u32> = FxHashMap::from_iter([(start, 0)]);
    let mut states = vec![start];
    let mut next = Vec::new();
    while let Some(state) = states.get(next.len() / stride).copied() {
        for byte in &bytes {
            let to = automaton.next_state(state, *byte);
            let fresh = u32::try_from(states.len()).ok()?;
            next.push(*ids.entry(to).or_insert_with(|| {
                states.push(to);
                fresh
            }));
        }
        if states.len() > STATES {
            return None;
        }
    }
    let accept = states.iter().map(|s| automaton.is_match_state(automaton.next_eoi_state(*s))).collect();
    Some(Dfa::new(classes, stride, next, accept, 0))
}
