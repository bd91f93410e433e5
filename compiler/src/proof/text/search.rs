//! Walks the automata of all tests and that of the valid texts together, in the order of the texts' length.
//!
//! This is A*: each automaton says how many characters are missing at least, and the most pessimistic is believed.
//! Among texts of one length those of plain characters come first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::dfa::{self, Dfa, NEVER};
use super::frame::{Frame, HOST, Move, Moves};
use crate::proof::answers::Answers;

/// States of the product, more of which are not visited.
const STATES: usize = 200_000;
/// Steps between them, over all visits.
const STEPS: usize = 4_000_000;
/// Texts that the runtime refused, after which no more are tried.
const REFUSALS: usize = 200;

/// An automaton that runs on the whole text or on a part of it, and the answers that are wanted.
#[derive(Debug)]
pub(super) struct Track {
    /// The place of the part in the frame.
    pub slot: Option<usize>,
    pub dfa: Arc<Dfa>,
    pub allowed: Answers,
    /// Does the part begin anew again and again, so that no state of it is the last word?
    pub restarts: bool,
}

pub(super) struct Product<'p> {
    pub frame: &'p Frame,
    pub tracks: &'p [Track],
    /// The most characters that the text may have.
    pub high: Option<u32>,
    /// How often a state is visited. The first visit is the shortest way there; more are of use if its text is refused.
    pub visits: u8,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    Text(String),
    Nothing,
    /// The automata accept texts, but none of those tried is valid.
    Refused,
    TooLarge,
}

/// The part has ended with a wanted answer. No automaton has as many states.
const CLOSED: u32 = NEVER;

/// What a way costs: characters above, ugliness below.
type Cost = u64;
const CHARACTER: Cost = 1 << 32;

struct Node {
    state: u32,
    cost: Cost,
    parent: u32,
    byte: u8,
}

struct Search<'p> {
    product: &'p Product<'p>,
    /// A byte of each class that no automaton tells apart from the others of the class.
    bytes: Vec<u8>,
    ids: FxHashMap<Box<[u32]>, u32>,
    /// By state: itself, how often it was visited and the lowest cost of a way to it.
    states: Vec<(Box<[u32]>, u8, Cost)>,
    nodes: Vec<Node>,
    /// Cheapest first; of equals the longest, then the oldest.
    queue: BinaryHeap<Reverse<(Cost, Reverse<Cost>, u32)>>,
}

impl Product<'_> {
    /// The first text that is accepted and valid.
    pub fn shortest(&self, mut valid: impl FnMut(&str) -> bool) -> Found {
        let mut search = Search {
            product: self,
            bytes: self.bytes(),
            ids: FxHashMap::default(),
            states: Vec::new(),
            nodes: Vec::new(),
            queue: BinaryHeap::new(),
        };
        let start: Box<[u32]> = std::iter::once(Frame::START).chain(self.tracks.iter().map(|t| t.dfa.start)).collect();
        search.push(&start, 0, NEVER, 0);
        search.run(&mut valid)
    }

    /// The most pleasant byte of each class.
    fn bytes(&self) -> Vec<u8> {
        let folded: Vec<[u8; 256]> = self.tracks.iter().map(|t| folded(&t.dfa.classes)).collect();
        let all = self.tracks.iter().map(|t| &t.dfa.classes).chain(&folded);
        let (classes, count) = dfa::join(std::iter::once(&self.frame.classes).chain(all));
        let mut bytes: Vec<Option<u8>> = vec![None; count];
        for byte in 0..=255_u8 {
            let best = &mut bytes[usize::from(classes[usize::from(byte)])];
            if best.is_none_or(|best| ugliness(byte) < ugliness(best)) {
                *best = Some(byte);
            }
        }
        bytes.into_iter().flatten().collect()
    }

    /// How many characters are missing at least; `NEVER` if no way leads to acceptance.
    fn left(&self, state: &[u32]) -> u32 {
        let Some((frame, tracks)) = state.split_first() else { return NEVER };
        let mut most = self.frame.left(*frame);
        for (track, at) in self.tracks.iter().zip(tracks) {
            let open = match track.slot {
                None => false,
                Some(2) if self.frame.path_is_open(*frame) => true,
                Some(_) => track.restarts || track.allowed.covers(Answers::UNKNOWN),
            };
            if !open && *at != CLOSED {
                most = most.max(track.dfa.left(*at, track.allowed));
            }
        }
        most
    }

    fn accepts(&self, state: &[u32]) -> bool {
        let Some((frame, tracks)) = state.split_first() else { return false };
        self.frame.may_end(*frame)
            && self.tracks.iter().zip(tracks).all(|(track, at)| {
                let lost = track.slot == Some(HOST) && self.frame.lacks_host(*frame);
                let answer = || if lost { Answers::UNKNOWN } else { track.answer(*at) };
                *at == CLOSED || track.allowed.covers(answer())
            })
    }
}

impl Track {
    fn answer(&self, state: u32) -> Answers {
        Answers::only(self.dfa.accepts(state).into())
    }

    /// The state after a byte; `None` if the part has ended with an answer that is not wanted.
    fn step(&self, state: u32, byte: u8, moves: &Moves) -> Option<u32> {
        let Some(slot) = self.slot else { return Some(self.dfa.step(state, byte)) };
        if state == CLOSED {
            return Some(state);
        }
        // Hosts are compared in lower case; no other part of a text that has a host there knows another case.
        let byte = if slot == HOST && !self.restarts { byte.to_ascii_lowercase() } else { byte };
        let ended = |answer| self.allowed.covers(answer).then_some(CLOSED);
        match moves[slot] {
            Move::Idle => Some(state),
            Move::Step => Some(self.dfa.step(state, byte)),
            Move::DotStep => Some(self.dfa.step(self.dfa.step(state, b'.'), byte)),
            Move::Reset => Some(self.dfa.start),
            Move::Close => ended(self.answer(state)),
            Move::Lost => ended(Answers::UNKNOWN),
        }
    }
}

impl Search<'_> {
    fn run(&mut self, valid: &mut impl FnMut(&str) -> bool) -> Found {
        let (mut refusals, mut steps) = (0, 0);
        while let Some(Reverse((_, _, node))) = self.queue.pop() {
            let Node { state, cost, .. } = self.nodes[node as usize];
            let (key, visits, _) = &mut self.states[state as usize];
            if *visits >= self.product.visits {
                continue;
            }
            *visits += 1;
            let key = key.clone();
            if self.product.accepts(&key) {
                match self.text(node) {
                    Some(text) if valid(&text) => return Found::Text(text),
                    _ => refusals += 1,
                }
            }
            steps += self.bytes.len();
            if refusals > REFUSALS || steps > STEPS || self.states.len() > STATES {
                return if refusals > 0 { Found::Refused } else { Found::TooLarge };
            }
            self.expand(&key, cost, node);
        }
        if refusals > 0 { Found::Refused } else { Found::Nothing }
    }

    fn expand(&mut self, key: &[u32], cost: Cost, node: u32) {
        let Some((frame, tracks)) = key.split_first() else { return };
        let mut next = vec![0; key.len()];
        'bytes: for at in 0..self.bytes.len() {
            let byte = self.bytes[at];
            let Some((to, moves)) = self.product.frame.step(*frame, byte) else { continue };
            next[0] = to;
            for (at, (track, state)) in self.product.tracks.iter().zip(tracks).enumerate() {
                let Some(to) = track.step(*state, byte, moves) else { continue 'bytes };
                next[at + 1] = to;
            }
            let character = if dfa::is_continuation(byte) { 0 } else { CHARACTER };
            self.push(&next, cost + character + Cost::from(ugliness(byte)), node, byte);
        }
    }

    fn push(&mut self, key: &[u32], cost: Cost, parent: u32, byte: u8) {
        let id = match self.ids.get(key) {
            Some(id) => *id,
            None => {
                if self.product.left(key) == NEVER {
                    return;
                }
                let id = u32::try_from(self.states.len()).unwrap_or(NEVER);
                self.ids.insert(key.into(), id);
                self.states.push((key.into(), 0, Cost::MAX));
                id
            }
        };
        let (_, visits, best) = &mut self.states[id as usize];
        let worse = self.product.visits == 1 && cost >= *best;
        let total = cost + Cost::from(self.product.left(key)) * CHARACTER;
        let too_long = self.product.high.is_some_and(|high| total / CHARACTER > Cost::from(high));
        if worse || too_long || *visits >= self.product.visits {
            return;
        }
        *best = cost;
        let node = u32::try_from(self.nodes.len()).unwrap_or(NEVER);
        self.nodes.push(Node { state: id, cost, parent, byte });
        self.queue.push(Reverse((total, Reverse(cost), node)));
    }

    fn text(&self, mut node: u32) -> Option<String> {
        let mut bytes = Vec::new();
        while let Some(Node { parent, byte, .. }) = self.nodes.get(node as usize).filter(|n| n.parent != NEVER) {
            bytes.push(*byte);
            node = *parent;
        }
        bytes.reverse();
        String::from_utf8(bytes).ok()
    }
}

/// The classes in which each letter is as its lower case.
fn folded(classes: &[u8; 256]) -> [u8; 256] {
    let mut folded = *classes;
    (b'A'..=b'Z').for_each(|byte| folded[usize::from(byte)] = classes[usize::from(byte.to_ascii_lowercase())]);
    folded
}

/// Lower-case letters come first, then digits, punctuation, upper-case letters, what is not ASCII, control characters.
fn ugliness(byte: u8) -> u32 {
    let rank = |from: u32, first: u8| from + u32::from(byte - first);
    match byte {
        b'a'..=b'z' => rank(0, b'a'),
        b'0'..=b'9' => rank(30, b'0'),
        b'-' | b'.' | b'_' => 45,
        b'/' => 46,
        b' ' => 90,
        b'A'..=b'Z' => rank(60, b'A'),
        0x21..=0x7e => 50,
        // Leads of Latin letters and of ideographs.
        0xc3 => 100,
        0xe4 => 110,
        // Continuations: of those that Latin letters end in, the lower-case ones.
        0xa4..=0xbf => 1,
        0x80..=0xa3 => 2,
        0xc0..=0xff => 150,
        0..=0x1f | 0x7f => 300,
    }
}
