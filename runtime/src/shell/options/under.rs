//! Do a call's operands stay below given folders? Compares texts; asks no file system.

use super::scan::{Given, Kind, scan};
use crate::Tri;
use crate::call::{Call, Text};

/// See [`Call::stays_under`].
pub(super) fn stays_under(call: &Call, dirs: &[&str]) -> Tri {
    let dirs: Vec<Vec<&str>> = dirs.iter().filter_map(|dir| components(dir)).collect();
    let (mut all, mut some) = (Tri::True, false);
    scan(call, &mut |item| {
        let here = match item.kind {
            Kind::Operand { text, .. } => {
                some |= item.sure;
                text_under(text, &dirs)
            }
            Kind::Any(_) | Kind::More { .. } => Tri::Unknown,
            _ => value_under(item.value, item.place, &dirs),
        };
        // A word that is perhaps no operand cannot decide.
        all = all.and(if item.sure { here } else { Tri::Unknown });
    });
    match (all, some) {
        (Tri::True, false) => Tri::False,
        (all, _) => all,
    }
}

/// A value that looks like a path somewhere else is no operand, yet it may be what the program writes to.
fn value_under(value: Given<'_>, place: bool, dirs: &[Vec<&str>]) -> Tri {
    match value {
        Given::Nothing | Given::Next => Tri::True,
        Given::Unknown => Tri::Unknown,
        Given::Known(value) | Given::Perhaps(value) => {
            let pathlike = place || value.contains('/') || matches!(value, ".." | "~");
            if !pathlike || path_under(value, dirs).is_true() { Tri::True } else { Tri::Unknown }
        }
    }
}

fn text_under(text: &Text, dirs: &[Vec<&str>]) -> Tri {
    match (text.text(), &text.pattern) {
        (Some(path), _) => path_under(path, dirs),
        (None, Some(pattern)) if pattern.starts_with('~') => Tri::Unknown,
        (None, Some(pattern)) => pattern_under(pattern, dirs),
        (None, None) => Tri::Unknown,
    }
}

fn path_under(path: &str, dirs: &[Vec<&str>]) -> Tri {
    let Some(path) = components(path) else { return Tri::False };
    Tri::from(dirs.iter().any(|dir| path.len() > dir.len() && path.starts_with(dir)))
}

/// The same for a word with `*` in the place of what is not known.
fn pattern_under(pattern: &str, dirs: &[Vec<&str>]) -> Tri {
    // `.*` also fits `..`, and nothing says where an unknown word begins.
    let climbs = pattern.split('/').any(|part| part.starts_with('.') && part.contains('*'));
    if climbs || pattern.starts_with('*') {
        return Tri::Unknown;
    }
    let Some(path) = components(pattern) else { return Tri::False };
    let unknown = path.iter().position(|part| part.contains('*')).unwrap_or(path.len());
    let certain = dirs.iter().any(|dir| path.len() > dir.len() && unknown >= dir.len() && path.starts_with(dir));
    let agrees = |part: &&str, name: &&str| part.contains('*') || part == name;
    let possible =
        dirs.iter().any(|dir| path.len() > dir.len() && path.iter().zip(dir).all(|(part, name)| agrees(part, name)));
    match (certain, possible) {
        (true, _) => Tri::True,
        (_, true) => Tri::Unknown,
        _ => Tri::False,
    }
}

/// The components of an absolute path without `.` and `..`; `None` for any other.
fn components(path: &str) -> Option<Vec<&str>> {
    let mut out = Vec::new();
    for part in path.strip_prefix('/')?.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    Some(out)
}
