//! What a request's arguments have in common with what was told.
//!
//! A value is *known* if some source has it by itself, as a whole. Its origins are then those of all sources in which
//! it occurs, by itself or written together with something else. Fragments of sources never make a value known; they
//! add the labels of their sources, unless the value is known as a whole: then it is nobody's quotation.

use std::collections::BTreeSet;

use claw_runtime::{Json, Policy, RequestInput};

use super::index::{Found, Needle, Work};
use super::normal::{Normal, decoded};
use super::{Provenance, Source};

/// What [`Provenance::fill`] has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// Everything that was told could be searched. If not, some of it was forgotten or the search took too long: the
    /// labels of what was missed were added, and its origins to every value that is known.
    pub complete: bool,
    /// All values of the arguments, in order.
    pub values: Vec<FilledValue>,
    /// Labels that were added to the request.
    pub labels: Vec<String>,
}

/// One string, number or boolean of the arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilledValue {
    /// Where it stands: `/args/to/0`.
    pub pointer: String,
    /// Where it came from; empty if that is not known.
    pub origins: Vec<String>,
    /// The origins of sources that it quotes, but is more than. The request says nothing of these.
    pub quoted: Vec<String>,
}

/// A part of the arguments that is looked up.
struct Leaf<'a> {
    pointer: String,
    content: Content<'a>,
}

enum Content<'a> {
    Text(&'a str),
    Number(&'a str),
    /// Only its labels count: no policy asks where a key came from.
    Key(&'a str),
}

/// What is known of a leaf.
#[derive(Default)]
struct Judged {
    known: bool,
    /// Sources in which it occurs as a whole.
    holders: BTreeSet<usize>,
    /// Sources of which it has a fragment.
    quoted: BTreeSet<usize>,
}

impl Provenance {
    /// States in a request where the values of its arguments came from, and adds the labels of what they quote. Costs
    /// about the arguments' length for each kind of source.
    ///
    /// What the request already says of a value stays; what it says of an array or object is added to what is found of
    /// the values in it.
    pub fn fill(&self, input: &mut RequestInput) -> Filled {
        self.fill_with(input, |_| true, |_| true)
    }

    /// As [`Provenance::fill`], for a policy that may not declare all names that were used: a value with an undeclared
    /// origin is unknown, and an undeclared label is left out, since no clause can read it.
    pub fn fill_for(&self, policy: &Policy, input: &mut RequestInput) -> Filled {
        let bundle = policy.bundle();
        let declares = |names: &[String], name: &str| names.iter().any(|known| known == name);
        self.fill_with(input, |name| declares(&bundle.origins, name), |name| declares(&bundle.labels, name))
    }

    fn fill_with(
        &self,
        input: &mut RequestInput,
        origin: impl Fn(&str) -> bool,
        label: impl Fn(&str) -> bool,
    ) -> Filled {
        let mut filled = Filled { complete: self.is_complete(), ..Filled::default() };
        let mut labels: BTreeSet<&str> = self.forgotten.labels.iter().map(String::as_str).collect();
        if self.options.sticky {
            labels.extend(self.labels.iter().map(String::as_str));
        }
        let mut work = Work(self.options.work);
        let mut stated = Vec::new();
        for leaf in leaves(&input.args) {
            let judged = self.judge(&leaf, &mut work).unwrap_or_else(|| {
                filled.complete = false;
                Judged { quoted: (0..self.sources.len()).collect(), ..Judged::default() }
            });
            let sources = judged.holders.union(&judged.quoted).filter_map(|i| self.sources.get(*i));
            labels.extend(sources.flat_map(|source| &source.labels).map(String::as_str));
            if matches!(leaf.content, Content::Key(_)) {
                continue;
            }
            let origins: Vec<String> = match self.origins(&judged) {
                Some(origins) if origins.iter().all(|name| origin(name)) => origins,
                _ => Vec::new(),
            };
            if !origins.is_empty() {
                stated.push((leaf.pointer.clone(), origins.clone()));
            }
            let quoted = judged.quoted.iter().filter_map(|i| self.sources.get(*i)).flat_map(|source| &source.origins);
            let quoted: BTreeSet<&String> = quoted.collect();
            let quoted = quoted.into_iter().cloned().collect();
            filled.values.push(FilledValue { pointer: leaf.pointer, origins, quoted });
        }
        state(input, stated);
        for name in labels.into_iter().filter(|name| label(name)) {
            if !input.labels.iter().any(|known| known == name) {
                input.labels.push(name.to_owned());
                filled.labels.push(name.to_owned());
            }
        }
        filled
    }

    /// Looks a leaf up everywhere; `None` if that takes too long.
    fn judge(&self, leaf: &Leaf<'_>, work: &mut Work) -> Option<Judged> {
        let (text, needle) = match leaf.content {
            Content::Number(text) => (text, Needle::number(text)),
            Content::Text(text) | Content::Key(text) => (text, Needle::text(normal(text)?)),
        };
        let other = match decoded(text) {
            Some(decoded) => Some(Needle::text(normal(&decoded)?)),
            None => None,
        };
        let mut judged = Judged::default();
        let mut whole = false;
        for (i, source) in self.sources.iter().enumerate() {
            let found = source.index.find(&needle, work);
            let as_decoded = other.as_ref().map_or(Found::No, |other| source.index.find(other, work));
            if work.is_spent() {
                return None;
            }
            whole |= found == Found::Whole;
            if found.max(as_decoded) > Found::No {
                judged.holders.insert(i);
            }
        }
        judged.known = whole && Normal::plain(text);
        if !judged.known {
            for quotes in std::iter::once(&needle).chain(&other).map(Needle::quotes) {
                let quoted = |(_, source): &(usize, &Source)| source.index.is_quoted(&quotes);
                judged.quoted.extend(self.sources.iter().enumerate().filter(quoted).map(|(i, _)| i));
            }
        }
        Some(judged)
    }

    /// Where a leaf came from; `None` if that is not known.
    fn origins(&self, judged: &Judged) -> Option<Vec<String>> {
        if !judged.known || self.forgotten.unknown {
            return None;
        }
        let mut origins = self.forgotten.origins.clone();
        for source in judged.holders.iter().filter_map(|i| self.sources.get(*i)) {
            if source.origins.is_empty() {
                return None;
            }
            origins.extend(source.origins.iter().cloned());
        }
        Some(origins.into_iter().collect())
    }
}

/// The normal form of an argument; `None` if it grows out of all proportion.
fn normal(text: &str) -> Option<Normal> {
    let normal = Normal::of(text, text.len().saturating_mul(4).saturating_add(64));
    (!normal.cut).then_some(normal)
}

/// The leaves and keys of the arguments, in order.
fn leaves(args: &Json) -> Vec<Leaf<'_>> {
    let mut leaves = Vec::new();
    let mut open = vec![("/args".to_owned(), args)];
    while let Some((pointer, json)) = open.pop() {
        match json {
            Json::Null => {}
            Json::Bool(value) => {
                let text = if *value { "true" } else { "false" };
                leaves.push(Leaf { pointer, content: Content::Text(text) });
            }
            Json::Num(text) => leaves.push(Leaf { pointer, content: Content::Number(text) }),
            Json::Str(text) => leaves.push(Leaf { pointer, content: Content::Text(text) }),
            Json::Arr(items) => {
                let below = items.iter().enumerate().map(|(i, item)| (format!("{pointer}/{i}"), item));
                open.extend(below.collect::<Vec<_>>().into_iter().rev());
            }
            Json::Obj(members) => {
                // The arguments' names are the tool's own.
                let named = pointer == "/args";
                for (key, value) in members.iter().rev() {
                    let at = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                    if !named {
                        leaves.push(Leaf { pointer: at.clone(), content: Content::Key(key) });
                    }
                    open.push((at, value));
                }
            }
        }
    }
    leaves
}

/// Writes origins into a request, beside what its host says of the values and of what they are part of.
fn state(input: &mut RequestInput, stated: Vec<(String, Vec<String>)>) {
    let mut added = Vec::new();
    for (pointer, mut origins) in stated {
        if input.origins.contains_key(&pointer) {
            continue;
        }
        let mut above = pointer.as_str();
        while let Some((parent, _)) = above.rsplit_once('/') {
            if let Some(said) = input.origins.get(parent) {
                origins.extend(said.iter().cloned());
                origins.sort();
                origins.dedup();
                // An ancestor of unknown origin makes all in it unknown.
                if said.is_empty() {
                    origins.clear();
                }
                break;
            }
            above = parent;
        }
        added.push((pointer, origins));
    }
    input.origins.extend(added);
}
