//! Texts as automata: finds a text that passes some tests and fails others, or knows that there is none.
//!
//! Cheap guesses come first, judged by [`passes`]. If none fits, the tests become small automata, which are walked
//! together with one of the valid texts of the kind ([`frame`]), shortest text first ([`search`]). The automaton of
//! valid texts may accept too much, never too little: a text it accepts is read by the runtime before it is given out,
//! and where it accepts nothing there is nothing. Knows no policies and no expressions.

mod candidates;
mod dfa;
mod evaluate;
mod frame;
mod host;
mod machines;
mod search;
#[cfg(test)]
mod tests;
mod url;
mod worlds;

use claw_runtime::Tri;
use claw_runtime::bundle::CompareOp;

use super::answers::Answers;

pub use self::evaluate::passes;
pub use self::machines::Machines;

/// What the text is: it has the canonical form of this type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Text,
    Email,
    Host,
    Url,
    Path,
}

/// A part of an e-mail address, URL or path, itself a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    EmailLocal,
    EmailDomain,
    UrlScheme,
    /// The only part that may be missing.
    UrlHost,
    UrlPath,
    UrlQuery,
    PathName,
    PathExtension,
}

impl Part {
    /// The kind that has it.
    fn of(self) -> Kind {
        match self {
            Part::EmailLocal | Part::EmailDomain => Kind::Email,
            Part::UrlScheme | Part::UrlHost | Part::UrlPath | Part::UrlQuery => Kind::Url,
            Part::PathName | Part::PathExtension => Kind::Path,
        }
    }
}

/// A set of texts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Lang {
    OneOf(Vec<String>),
    /// A glob on the whole text.
    Like(String),
    /// A regular expression on the whole text.
    Matches(String),
    /// Hosts that are one of these or a subdomain of one; an address is only under itself. Asked only of what is a host.
    Under(Vec<String>),
    /// Absolute paths that are one of these or inside one, by components.
    Within(Vec<String>),
    /// By the number of Unicode scalar values.
    Chars(CompareOp, i64),
    /// Texts whose part is in the set. Unknown where the part is missing.
    Part(Part, Box<Lang>),
}

/// A test and the answers to it that are wanted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Want {
    pub lang: Lang,
    pub allowed: Answers,
}

impl Want {
    #[must_use]
    pub fn new(lang: Lang, allowed: Answers) -> Want {
        Want { lang, allowed }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Solved {
    /// A canonical text of the kind that passes every want.
    Text(String),
    /// No canonical text of the kind does.
    Nothing,
    /// Not found within bounds: neither is known.
    TooLarge,
}

/// Finds a text that passes all wants.
#[must_use]
pub fn solve(kind: Kind, wants: &[Want]) -> Solved {
    solve_with(&mut Machines::default(), kind, wants)
}

/// As [`solve`]; keeps what it compiles for the next call.
pub fn solve_with(machines: &mut Machines, kind: Kind, wants: &[Want]) -> Solved {
    if wants.iter().any(|want| misplaced(kind, &want.lang)) {
        return Solved::TooLarge;
    }
    if let Some(items) = finite(wants) {
        return among(machines, kind, items, wants);
    }
    if demands_exclude_each_other(machines, kind, wants) {
        return Solved::Nothing;
    }
    let guess = candidates::of(kind, wants).into_iter().find(|text| evaluate::all(machines, kind, wants, text));
    guess.map_or_else(|| worlds::search(machines, kind, wants), Solved::Text)
}

/// Whether there is no text already for the wants that are not met by failing a test. They are few where many tests
/// are about one text, so the search is a small one.
fn demands_exclude_each_other(machines: &mut Machines, kind: Kind, wants: &[Want]) -> bool {
    let demands: Vec<Want> = wants.iter().filter(|want| !want.allowed.has(Tri::False)).cloned().collect();
    (2..wants.len()).contains(&demands.len()) && solve_with(machines, kind, &demands) == Solved::Nothing
}

/// Other texts than hosts may be read as a host that is written otherwise, which the automata don't follow.
fn misplaced(kind: Kind, lang: &Lang) -> bool {
    match lang {
        Lang::Part(Part::EmailDomain | Part::UrlHost, _) => false,
        Lang::Part(_, lang) => matches!(**lang, Lang::Under(_)),
        lang => kind != Kind::Host && matches!(lang, Lang::Under(_)),
    }
}

/// The shortest list of which the text has to be one.
fn finite(wants: &[Want]) -> Option<&[String]> {
    let lists = wants.iter().filter_map(|want| match &want.lang {
        Lang::OneOf(items) if !want.allowed.covers(Answers::FALSE) => Some(items.as_slice()),
        _ => None,
    });
    lists.min_by_key(|items| items.len())
}

/// Where few texts come into question they are simply tried.
fn among(machines: &mut Machines, kind: Kind, items: &[String], wants: &[Want]) -> Solved {
    if let Some(text) = items.iter().find(|text| evaluate::all(machines, kind, wants, text)) {
        return Solved::Text(text.clone());
    }
    let compiles = wants.iter().all(|want| machines.can_evaluate(&want.lang));
    if compiles { Solved::Nothing } else { Solved::TooLarge }
}
