//! What canonical URLs look like, byte by byte: as the WHATWG standard prints them, without user-info.
//!
//! The scheme decides the form. Special schemes have a host and a path that begins with a slash; `file` may lack the
//! host; all others may have any of an authority, an absolute path or an opaque one. Hosts of special schemes are
//! canonical hosts, with a dot behind them if the author wrote one; those of others only look like it at best.

use super::frame::{Grammar, HOST, IDLE, LABEL, Move, Moves, moves};
use super::host::{Name, V6};

const SCHEME: usize = 0;
const PATH: usize = 2;
const QUERY: usize = 3;

/// If the host may be `ANY`, the text of the host is whatever stands there, brackets included.
pub(super) struct Url<const ANY: bool>;

/// Which form the URL has, by its scheme.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Form {
    Special,
    File,
    Other,
}

const SCHEMES: [(&[u8], Form); 6] = [
    (b"https", Form::Special),
    (b"http", Form::Special),
    (b"wss", Form::Special),
    (b"ws", Form::Special),
    (b"ftp", Form::Special),
    (b"file", Form::File),
];

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum State {
    Start,
    /// The beginning of a scheme of the list: of which, and how much of it.
    Known(usize, usize),
    Scheme,
    /// Behind the scheme.
    Colon(Form),
    Slash(Form),
    /// `:/.`, which stands before a path that begins with two slashes, to tell it from an authority.
    SlashDot,
    SlashDotSlash,
    Authority(Form),
    /// A host, and whether a dot was read that the name has only if it goes on.
    Name(Form, Name, bool),
    V6(Form, V6),
    /// Behind the bracket.
    Closed(Form),
    /// A host that the runtime can't read.
    Odd(Form),
    /// A host about which nothing is known, and whether its bracket is open.
    Any(Form, bool),
    Port(Form, u8),
    Path(Form, Segment),
    Opaque,
    Query(Form),
    Fragment,
}

/// A segment of a path so far. Those that are dots alone would have been resolved.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Segment {
    Empty,
    Dot,
    DotDot,
    Other,
}

type Next = Option<(State, Moves)>;

impl<const ANY: bool> Grammar for Url<ANY> {
    type State = State;

    fn start() -> State {
        State::Start
    }

    fn step(state: State, byte: u8) -> Next {
        match state {
            State::Start | State::Known(..) | State::Scheme => scheme(state, byte),
            State::Colon(form) => colon(form, byte),
            State::Slash(form) => slash(form, byte),
            State::SlashDot => match byte {
                b'/' => Some((State::SlashDotSlash, moves(&[(PATH, Move::Step)]))),
                b'.' => Some((State::Path(Form::Other, Segment::DotDot), moves(&[(PATH, Move::DotStep)]))),
                _ => in_path(byte).then(|| (State::Path(Form::Other, Segment::Other), moves(&[(PATH, Move::DotStep)]))),
            },
            State::SlashDotSlash => (byte == b'/').then_some((State::Path(Form::Other, Segment::Empty), IDLE)),
            State::Authority(form) => authority::<ANY>(form, byte),
            State::Name(form, name, dot) => host_name(form, name, dot, byte),
            State::V6(form, v6) => match byte {
                b']' => v6.may_end().then_some((State::Closed(form), IDLE)),
                _ => Some((State::V6(form, v6.step(byte)?), moves(&[(HOST, Move::Step)]))),
            },
            State::Closed(form) => behind_host(form, byte, Move::Close),
            State::Odd(form) if in_odd_host(form, byte) => Some((state, IDLE)),
            State::Odd(form) => behind_host(form, byte, Move::Lost),
            State::Any(form, bracket) => any_host(form, bracket, byte),
            State::Port(form, digits) => match byte {
                b'0'..=b'9' if digits < 5 => Some((State::Port(form, digits + 1), IDLE)),
                b':' => None,
                _ if digits > 0 => behind_host(form, byte, Move::Idle),
                _ => None,
            },
            State::Path(form, segment) => path(form, segment, byte),
            State::Opaque => match byte {
                b'?' | b'#' => behind_path(Form::Other, byte, Move::Close),
                b' '..=b'~' if byte != b'\\' => Some((State::Opaque, moves(&[(PATH, Move::Step)]))),
                _ => None,
            },
            State::Query(form) => match byte {
                b'#' => Some((State::Fragment, moves(&[(QUERY, Move::Close)]))),
                b'"' | b'<' | b'>' | b'\\' => None,
                b'\'' if form != Form::Other => None,
                b'!'..=b'~' => Some((state, moves(&[(QUERY, Move::Step)]))),
                _ => None,
            },
            State::Fragment => match byte {
                b'"' | b'<' | b'>' | b'`' | b'\\' => None,
                b'!'..=b'~' => Some((state, IDLE)),
                _ => None,
            },
        }
    }

    fn may_end(state: State) -> bool {
        match state {
            State::Colon(form) => form == Form::Other,
            State::Slash(form) | State::Authority(form) | State::Closed(form) | State::Odd(form) => form == Form::Other,
            State::Any(form, bracket) => form == Form::Other && !bracket,
            State::Name(form, name, dot) => form == Form::Other && may_stand(form, name, dot),
            State::Port(form, digits) => form == Form::Other && digits > 0,
            State::Path(_, segment) => !matches!(segment, Segment::Dot | Segment::DotDot),
            State::Opaque | State::Query(_) | State::Fragment => true,
            _ => false,
        }
    }

    fn lacks_host(state: State) -> bool {
        matches!(state, State::Colon(_) | State::Slash(_) | State::Authority(_) | State::Odd(_))
    }

    fn path_is_open(state: State) -> bool {
        matches!(
            state,
            State::Start | State::Known(..) | State::Scheme | State::Colon(_) | State::Slash(_) | State::SlashDot
        )
    }
}

fn scheme(state: State, byte: u8) -> Next {
    let step = moves(&[(SCHEME, Move::Step)]);
    if byte == b':' {
        let form = match state {
            State::Start => return None,
            State::Known(which, read) => {
                // `http` is both a scheme and the beginning of the one listed before it.
                let prefix = SCHEMES[which].0.get(..read)?;
                SCHEMES.iter().find(|(name, _)| *name == prefix).map_or(Form::Other, |(_, form)| *form)
            }
            _ => Form::Other,
        };
        return Some((State::Colon(form), moves(&[(SCHEME, Move::Close)])));
    }
    let prefix: &[u8] = match state {
        State::Known(which, read) => SCHEMES[which].0.get(..read)?,
        _ => &[],
    };
    let goes_on = |name: &[u8]| name.strip_prefix(prefix).is_some_and(|rest| rest.first() == Some(&byte));
    let known = SCHEMES.iter().position(|(name, _)| state != State::Scheme && goes_on(name));
    match (state, byte) {
        (State::Start, b'a'..=b'z') => {}
        (State::Start, _) => return None,
        (_, b'a'..=b'z' | b'0'..=b'9' | b'+' | b'-' | b'.') => {}
        _ => return None,
    }
    Some((known.map_or(State::Scheme, |which| State::Known(which, prefix.len() + 1)), step))
}

fn colon(form: Form, byte: u8) -> Next {
    match (form, byte) {
        (Form::Other, b'/') => Some((State::Slash(form), moves(&[(PATH, Move::Step)]))),
        (_, b'/') => Some((State::Slash(form), IDLE)),
        (Form::Other, b'?' | b'#') => behind_path(form, byte, Move::Close).map(without_host),
        (Form::Other, b' '..=b'~') if byte != b'\\' => {
            Some(without_host((State::Opaque, moves(&[(PATH, Move::Step)]))))
        }
        _ => None,
    }
}

fn without_host((state, mut moves): (State, Moves)) -> (State, Moves) {
    moves[HOST] = Move::Lost;
    (state, moves)
}

fn slash(form: Form, byte: u8) -> Next {
    match (form, byte) {
        (Form::Other, b'/') => Some((State::Authority(form), moves(&[(PATH, Move::Reset)]))),
        (_, b'/') => Some((State::Authority(form), IDLE)),
        (Form::Other, b'.') => Some(without_host((State::SlashDot, IDLE))),
        (Form::Other, _) => path(form, Segment::Empty, byte).map(without_host),
        _ => None,
    }
}

fn authority<const ANY: bool>(form: Form, byte: u8) -> Next {
    match (form, byte) {
        (Form::File | Form::Other, b'/') => behind_host(form, byte, Move::Lost),
        (Form::Other, b'?' | b'#') => behind_host(form, byte, Move::Lost),
        (_, b':') => None,
        (_, b'[') if ANY => Some((State::Any(form, true), moves(&[(HOST, Move::Step)]))),
        _ if ANY => any_host(form, false, byte).filter(|(state, _)| matches!(state, State::Any(..))),
        (_, b'[') => Some((State::V6(form, V6::START), IDLE)),
        _ => host_name(form, Name::START, false, byte)
            .filter(|(state, _)| matches!(state, State::Name(..) | State::Odd(_))),
    }
}

/// May the host end here? Names that read as numbers are left to the form whose host may be any.
fn may_stand(form: Form, name: Name, dot: bool) -> bool {
    name.is_name() || (name.is_address() && (!dot || form == Form::Other))
}

fn host_name(form: Form, name: Name, dot: bool, byte: u8) -> Next {
    let lower = if form == Form::Other { byte.to_ascii_lowercase() } else { byte };
    if byte == b'.' {
        let odd = dot || name.is_between();
        let state = if odd { State::Odd(form) } else { State::Name(form, name, true) };
        return Some((state, moves(&[(LABEL, Move::Reset)])));
    }
    let before = if dot { name.step(b'.') } else { Some(name) };
    if let Some(name) = before.and_then(|name| name.step(lower)) {
        let step = if dot { Move::DotStep } else { Move::Step };
        return Some((State::Name(form, name, false), moves(&[(HOST, step), (LABEL, Move::Step)])));
    }
    if in_odd_host(form, byte) {
        return Some((State::Odd(form), IDLE));
    }
    if may_stand(form, name, dot) { behind_host(form, byte, Move::Close) } else { None }
}

fn in_odd_host(form: Form, byte: u8) -> bool {
    match byte {
        b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => true,
        b'!' | b'"' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b'`' | b'{' | b'}'
        | b'~' => true,
        b'A'..=b'Z' | b'%' => form == Form::Other,
        _ => false,
    }
}

fn any_host(form: Form, bracket: bool, byte: u8) -> Next {
    let step = moves(&[(HOST, Move::Step)]);
    match byte {
        b']' if bracket => Some((State::Any(form, false), step)),
        b':' if bracket => Some((State::Any(form, true), step)),
        _ if in_odd_host(form, byte) => Some((State::Any(form, bracket), step)),
        _ if bracket => None,
        _ => behind_host(form, byte, Move::Close),
    }
}

/// What follows the host and its port; what becomes of the host is given.
fn behind_host(form: Form, byte: u8, host: Move) -> Next {
    let (state, mut moves) = match (form, byte) {
        (Form::Special | Form::Other, b':') => (State::Port(form, 0), IDLE),
        (_, b'/') => (State::Path(form, Segment::Empty), moves(&[(PATH, Move::Step)])),
        (Form::Other, b'?' | b'#') => behind_path(form, byte, Move::Close)?,
        _ => return None,
    };
    moves[HOST] = host;
    Some((state, moves))
}

fn behind_path(form: Form, byte: u8, path: Move) -> Next {
    match byte {
        b'?' => Some((State::Query(form), moves(&[(PATH, path)]))),
        b'#' => Some((State::Fragment, moves(&[(PATH, path), (QUERY, Move::Close)]))),
        _ => None,
    }
}

fn in_path(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~') && !b"\"#<>?\\`{}".contains(&byte)
}

fn path(form: Form, segment: Segment, byte: u8) -> Next {
    let dots = matches!(segment, Segment::Dot | Segment::DotDot);
    let segment = match (segment, byte) {
        (_, b'/' | b'?' | b'#') if dots => return None,
        (_, b'?' | b'#') => return behind_path(form, byte, Move::Close),
        (_, b'/') => Segment::Empty,
        (Segment::Empty, b'.') => Segment::Dot,
        (Segment::Dot, b'.') => Segment::DotDot,
        _ if in_path(byte) => Segment::Other,
        _ => return None,
    };
    Some((State::Path(form, segment), moves(&[(PATH, Move::Step)])))
}
