//! Constant lists that `under` is asked about, as hash sets: what is above a host or a path is looked up step by step,
//! however long the list is.
//!
//! Says exactly what asking one element after the other would say (`builtins::compare::any`); a test holds it to that.
//! Knows values; nothing of expressions.

use std::net::IpAddr;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::bitset::{BITS, Bits};
use crate::{Host, PathValue, Tri, Value};

/// Shorter lists are as fast one by one.
const FEWEST: usize = 8;

/// The elements of a list, all of one sort.
#[derive(Debug)]
pub(crate) enum Bases {
    Hosts { names: Texts, ips: FxHashSet<IpAddr> },
    Paths(Texts),
}

/// A set of texts that hashes only what is as long as one of them: most of what is above a host or a path is not.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    lengths: Bits,
    all: FxHashSet<Arc<str>>,
}

impl Texts {
    fn insert(&mut self, text: Arc<str>) {
        self.lengths.insert(length(&text));
        self.all.insert(text);
    }

    fn contains(&self, text: &str) -> bool {
        self.lengths.contains(length(text)) && self.all.contains(text)
    }
}

impl FromIterator<Arc<str>> for Texts {
    fn from_iter<I: IntoIterator<Item = Arc<str>>>(items: I) -> Texts {
        let mut texts = Texts::default();
        items.into_iter().for_each(|text| texts.insert(text));
        texts
    }
}

/// The length of a text; very long ones count as equally long.
fn length(text: &str) -> u32 {
    u32::try_from(text.len().min(BITS - 1)).unwrap_or_default()
}

impl Bases {
    /// The set of a list; `None` where it is short or mixed.
    pub(crate) fn of(list: &Value) -> Option<Bases> {
        let items = list.elements().filter(|items| items.len() >= FEWEST)?;
        if let Some(Value::Path(_)) = items.first() {
            return items.iter().map(directory).collect::<Option<_>>().map(Bases::Paths);
        }
        let (mut names, mut ips) = (Texts::default(), FxHashSet::default());
        for item in items {
            match item {
                Value::Host(Host::Name(name)) => names.insert(name.clone()),
                Value::Host(Host::Ip(ip)) => _ = ips.insert(*ip),
                _ => return None,
            }
        }
        Some(Bases::Hosts { names, ips })
    }

    /// Is the value an element, or below one?
    pub(crate) fn above(&self, value: &Value) -> Tri {
        match (self, value) {
            (Bases::Hosts { names, .. }, Value::Host(Host::Name(name))) => {
                domains(name).any(|d| names.contains(d)).into()
            }
            (Bases::Hosts { ips, .. }, Value::Host(Host::Ip(ip))) => ips.contains(ip).into(),
            (Bases::Paths(paths), Value::Path(path)) => path_above(paths, path),
            _ => Tri::Unknown,
        }
    }
}

fn directory(item: &Value) -> Option<Arc<str>> {
    match item {
        Value::Path(path) if path.as_str().starts_with('/') => Some(path.text().clone()),
        _ => None,
    }
}

/// The path and what it leads to must be below the same element, or neither below any.
fn path_above(bases: &Texts, path: &PathValue) -> Tri {
    let Some(target) = path.resolved() else { return Tri::Unknown };
    let (lexical, target) = (path.as_str(), &**target);
    if lexical == target {
        return directories(lexical).any(|d| bases.contains(d)).into();
    }
    let mut apart = false;
    for directory in directories(lexical).filter(|d| bases.contains(d)) {
        if directories(target).any(|d| d == directory) {
            return Tri::True;
        }
        apart = true;
    }
    if apart || directories(target).any(|d| bases.contains(d)) { Tri::Unknown } else { Tri::False }
}

/// The domain and all that it is below.
fn domains(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, above)| above))
}

/// The path and all directories that it is in.
fn directories(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| match path.rsplit_once('/') {
        Some(("", "")) | None => None,
        Some(("", _)) => Some("/"),
        Some((above, _)) => Some(above),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::builtins::{Arg, Out, by_name};

    /// Names and paths over so few words that many are below each other.
    fn words(separator: &'static str) -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(&["a", "b", "ab"][..]), 1..5).prop_map(|w| w.join(separator))
    }

    fn host() -> impl Strategy<Value = Value> {
        let ip = (0..3u8).prop_map(|n| format!("10.0.0.{n}"));
        prop_oneof![4 => words("."), 1 => ip].prop_map(|text| Value::Host(text.parse().unwrap()))
    }

    fn path_text() -> impl Strategy<Value = String> {
        prop_oneof![9 => words("/").prop_map(|path| format!("/{path}")), 1 => Just("/".to_owned())]
    }

    fn path() -> impl Strategy<Value = Value> {
        let path = (path_text(), path_text(), 0..5u8).prop_map(|(path, target, how)| match how {
            0 => PathValue::unresolved(&path),
            1 | 2 => PathValue::resolved_to(&path, &target),
            _ => PathValue::lexical_only(&path),
        });
        path.prop_map(|path| Value::Path(path.unwrap().into()))
    }

    fn constant_path() -> impl Strategy<Value = Value> {
        path_text().prop_map(|path| Value::Path(PathValue::lexical_only(&path).unwrap().into()))
    }

    /// What the builtin says, element by element.
    fn one_by_one(builtin: &str, value: &Value, list: &Value) -> Tri {
        match by_name(builtin).unwrap().call(&[Arg::Known(value), Arg::Known(list)]) {
            Out::Known(value) => Tri::from(value.as_bool()),
            _ => Tri::Unknown,
        }
    }

    proptest! {
        #[test]
        fn hosts_as_one_by_one(value in host(), bases in prop::collection::vec(host(), FEWEST..20)) {
            for list in [Value::set(bases.clone()), Value::list(bases.clone())] {
                let Some(bases) = Bases::of(&list) else { continue };
                prop_assert_eq!(bases.above(&value), one_by_one("host.under_any", &value, &list));
            }
        }

        #[test]
        fn paths_as_one_by_one(value in path(), bases in prop::collection::vec(constant_path(), FEWEST..20)) {
            for list in [Value::set(bases.clone()), Value::list(bases.clone())] {
                let Some(bases) = Bases::of(&list) else { continue };
                prop_assert_eq!(bases.above(&value), one_by_one("path.under_any", &value, &list));
            }
        }
    }

    #[test]
    fn what_is_no_list_of_one_sort_has_no_set() {
        let names: Vec<Value> = (0..9).map(|i| Value::Host(format!("h{i}.example").parse().unwrap())).collect();
        assert!(Bases::of(&Value::list(names.clone())).is_some());
        assert!(Bases::of(&Value::list(names.iter().take(FEWEST - 1).cloned().collect())).is_none());
        let mixed = names.iter().cloned().chain([Value::Int(1)]).collect();
        assert!(Bases::of(&Value::list(mixed)).is_none());
        assert!(Bases::of(&Value::Int(1)).is_none());
        assert_eq!(Bases::of(&Value::list(names)).unwrap().above(&Value::Int(1)), Tri::Unknown);
    }
}
