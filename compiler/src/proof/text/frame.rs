//! The automata of valid texts, and where in a text its parts are.
//!
//! A [`Grammar`] says byte by byte what a canonical text of a kind looks like and what each byte means for the parts;
//! a [`Frame`] is the same as a table. Grammars accept every canonical text, and few others.

use std::hash::Hash;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::dfa::{self, NEVER};
use super::host::{Name, V6};
use super::url::Url;
use super::{Kind, Part};

/// The parts of a kind, and the label of a host: one place each.
pub(super) const SLOTS: usize = 5;
/// The current label of the only host in a text.
pub(super) const LABEL: usize = 4;
/// Of URLs.
pub(super) const HOST: usize = 1;

/// Where a kind keeps what is known of a part.
pub(super) fn slot(part: Part) -> usize {
    match part {
        Part::EmailLocal | Part::UrlScheme | Part::PathName => 0,
        Part::EmailDomain | Part::UrlHost | Part::PathExtension => HOST,
        Part::UrlPath => 2,
        Part::UrlQuery => 3,
    }
}

/// What a byte does to a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Move {
    /// It isn't in the part.
    Idle,
    /// It is the next byte of the part.
    Step,
    /// A dot that was held back and then it are the next bytes.
    DotStep,
    /// The part begins anew behind it.
    Reset,
    /// The part has ended before it.
    Close,
    /// The text has no such part.
    Lost,
}

pub(super) type Moves = [Move; SLOTS];

pub(super) const IDLE: Moves = [Move::Idle; SLOTS];

/// No move but these.
pub(super) fn moves(of: &[(usize, Move)]) -> Moves {
    let mut all = IDLE;
    of.iter().for_each(|(slot, to)| all[*slot] = *to);
    all
}

pub(super) trait Grammar {
    type State: Copy + Eq + Hash;
    fn start() -> Self::State;
    fn step(state: Self::State, byte: u8) -> Option<(Self::State, Moves)>;
    fn may_end(state: Self::State) -> bool;
    /// Has a text that ends here no host?
    fn lacks_host(_state: Self::State) -> bool {
        false
    }
    /// May the path have to begin anew?
    fn path_is_open(_state: Self::State) -> bool {
        false
    }
}

#[derive(Debug)]
pub(super) struct Frame {
    pub classes: [u8; 256],
    stride: usize,
    edges: Vec<Option<(u32, Moves)>>,
    states: Vec<State>,
    /// How many characters are missing at least.
    left: Vec<u32>,
}

#[derive(Debug)]
struct State {
    may_end: bool,
    lacks_host: bool,
    path_is_open: bool,
}

impl Frame {
    pub const START: u32 = 0;

    pub fn of(kind: Kind) -> &'static Frame {
        static TEXT: LazyLock<Frame> = LazyLock::new(Frame::build::<Utf8>);
        static HOST: LazyLock<Frame> = LazyLock::new(Frame::build::<Host>);
        static EMAIL: LazyLock<Frame> = LazyLock::new(Frame::build::<Email>);
        static PATH: LazyLock<Frame> = LazyLock::new(Frame::build::<Path>);
        static URL: LazyLock<Frame> = LazyLock::new(Frame::build::<Url<false>>);
        match kind {
            Kind::Text => &TEXT,
            Kind::Host => &HOST,
            Kind::Email => &EMAIL,
            Kind::Path => &PATH,
            Kind::Url => &URL,
        }
    }

    /// URLs whose host may be anything.
    pub fn of_urls_with_any_host() -> &'static Frame {
        static ANY: LazyLock<Frame> = LazyLock::new(Frame::build::<Url<true>>);
        &ANY
    }

    pub fn step(&self, state: u32, byte: u8) -> Option<(u32, &Moves)> {
        let edge = state as usize * self.stride + usize::from(self.classes[usize::from(byte)]);
        self.edges[edge].as_ref().map(|(to, moves)| (*to, moves))
    }

    pub fn may_end(&self, state: u32) -> bool {
        self.states[state as usize].may_end
    }

    pub fn lacks_host(&self, state: u32) -> bool {
        self.states[state as usize].lacks_host
    }

    pub fn path_is_open(&self, state: u32) -> bool {
        self.states[state as usize].path_is_open
    }

    pub fn left(&self, state: u32) -> u32 {
        self.left[state as usize]
    }

    fn build<G: Grammar>() -> Frame {
        let mut ids = FxHashMap::from_iter([(G::start(), 0_u32)]);
        let mut states = vec![G::start()];
        let mut rows: Vec<Vec<Option<(u32, Moves)>>> = Vec::new();
        while let Some(state) = states.get(rows.len()).copied() {
            let row = (0..=255_u8).map(|byte| {
                let (to, moves) = G::step(state, byte)?;
                let fresh = u32::try_from(states.len()).unwrap_or(NEVER);
                let id = *ids.entry(to).or_insert_with(|| {
                    states.push(to);
                    fresh
                });
                Some((id, moves))
            });
            rows.push(row.collect());
        }
        let (classes, bytes) = classes_of(&rows);
        let stride = bytes.len();
        let edges: Vec<_> = rows.iter().flat_map(|row| bytes.iter().map(|b| row[usize::from(*b)])).collect();
        let may_end: Vec<bool> = states.iter().map(|s| G::may_end(*s)).collect();
        let costs: Vec<u32> = bytes.iter().map(|b| u32::from(!dfa::is_continuation(*b))).collect();
        let next: Vec<u32> = edges.iter().map(|edge| edge.map_or(NEVER, |(to, _)| to)).collect();
        let left = dfa::distances(&next, &costs, &may_end);
        let states = states
            .iter()
            .map(|s| State {
                may_end: G::may_end(*s),
                lacks_host: G::lacks_host(*s),
                path_is_open: G::path_is_open(*s),
            })
            .collect();
        Frame { classes, stride, edges, states, left }
    }
}

/// The class of each byte, and one byte of each class; bytes of a class have the same column.
fn classes_of(rows: &[Vec<Option<(u32, Moves)>>]) -> ([u8; 256], Vec<u8>) {
    let mut classes = [0; 256];
    let mut bytes: Vec<u8> = Vec::new();
    for byte in 0..=255_u8 {
        let same = |other: &u8| {
            dfa::is_continuation(*other) == dfa::is_continuation(byte)
                && rows.iter().all(|row| row[usize::from(*other)] == row[usize::from(byte)])
        };
        let class = bytes.iter().position(same).unwrap_or_else(|| {
            bytes.push(byte);
            bytes.len() - 1
        });
        classes[usize::from(byte)] = u8::try_from(class).unwrap_or(u8::MAX);
    }
    (classes, bytes)
}

/// Any text. The state says which continuation bytes are still expected.
struct Utf8;

impl Grammar for Utf8 {
    type State = u8;
    fn start() -> u8 {
        0
    }
    fn step(state: u8, byte: u8) -> Option<(u8, Moves)> {
        Some((utf8(state, byte)?, IDLE))
    }
    fn may_end(state: u8) -> bool {
        state == 0
    }
}

/// States 1 to 3 expect as many bytes; the others expect a second byte from less than all.
fn utf8(state: u8, byte: u8) -> Option<u8> {
    Some(match (state, byte) {
        (0, 0..=0x7f) | (1, 0x80..=0xbf) => 0,
        (0, 0xc2..=0xdf) | (2, 0x80..=0xbf) | (4, 0xa0..=0xbf) | (5, 0x80..=0x9f) => 1,
        (0, 0xe0) => 4,
        (0, 0xed) => 5,
        (0, 0xe1..=0xef) | (3, 0x80..=0xbf) | (6, 0x90..=0xbf) | (7, 0x80..=0x8f) => 2,
        (0, 0xf0) => 6,
        (0, 0xf1..=0xf3) => 3,
        (0, 0xf4) => 7,
        _ => return None,
    })
}

/// A name, an IPv4 or an IPv6 address: all three until it turns out which.
struct Host;

impl Grammar for Host {
    type State = (Option<Name>, Option<V6>);
    fn start() -> Self::State {
        (Some(Name::START), Some(V6::START))
    }
    fn step((name, v6): Self::State, byte: u8) -> Option<(Self::State, Moves)> {
        let state = (name.and_then(|name| name.step(byte)), v6.and_then(|v6| v6.step(byte)));
        let label = if byte == b'.' { Move::Reset } else { Move::Step };
        (state != (None, None)).then_some((state, moves(&[(LABEL, label)])))
    }
    fn may_end((name, v6): Self::State) -> bool {
        name.is_some_and(|name| name.is_name() || name.is_address()) || v6.is_some_and(V6::may_end)
    }
}

struct Email;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum EmailState {
    /// An atom has to begin.
    Dot,
    Atom,
    Domain(Name),
}

impl Grammar for Email {
    type State = EmailState;
    fn start() -> EmailState {
        EmailState::Dot
    }
    fn step(state: EmailState, byte: u8) -> Option<(EmailState, Moves)> {
        let local = |state| Some((state, moves(&[(0, Move::Step)])));
        match (state, byte) {
            (EmailState::Atom, b'@') => {
                Some((EmailState::Domain(Name::START), moves(&[(0, Move::Close), (LABEL, Move::Reset)])))
            }
            (EmailState::Atom, b'.') => local(EmailState::Dot),
            (EmailState::Domain(name), _) => {
                let label = if byte == b'.' { Move::Reset } else { Move::Step };
                Some((EmailState::Domain(name.step(byte)?), moves(&[(1, Move::Step), (LABEL, label)])))
            }
            (_, b'a'..=b'z' | b'0'..=b'9') => local(EmailState::Atom),
            (_, byte) if b"!#$%&'*+-/=?^_`{|}~".contains(&byte) => local(EmailState::Atom),
            _ => None,
        }
    }
    fn may_end(state: EmailState) -> bool {
        matches!(state, EmailState::Domain(name) if name.is_name())
    }
}

struct Path;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Component {
    /// Not even the first slash was read.
    Start,
    Root,
    Empty,
    Dot,
    DotDot,
    Other,
}

impl Grammar for Path {
    /// The component so far, whether its extension has begun, and the state of [`utf8`].
    type State = (Component, bool, u8);
    fn start() -> Self::State {
        (Component::Start, false, 0)
    }
    fn step((component, extension, expected): Self::State, byte: u8) -> Option<(Self::State, Moves)> {
        use Component::{Dot, DotDot, Empty, Other, Root, Start};
        let expected = utf8(expected, byte)?;
        let next = match (component, byte) {
            (_, 0) => return None,
            (Start, b'/') => Root,
            (Other, b'/') => Empty,
            // The others before a slash would have been resolved.
            (Start, _) | (_, b'/') => return None,
            (Root | Empty, b'.') => Dot,
            (Dot, b'.') => DotDot,
            _ => Other,
        };
        let (extension, to_extension) = match byte {
            b'/' => (false, Move::Reset),
            // A dot that begins the name begins no extension.
            b'.' if !matches!(component, Root | Empty) => (true, Move::Reset),
            _ if extension => (true, Move::Step),
            _ => (false, Move::Idle),
        };
        let to_name = if byte == b'/' { Move::Reset } else { Move::Step };
        Some(((next, extension, expected), moves(&[(0, to_name), (1, to_extension)])))
    }
    fn may_end((component, _, expected): Self::State) -> bool {
        expected == 0 && matches!(component, Component::Root | Component::Other)
    }
}
