//! Where records stand in Redis, and how long they live there.
//!
//! All keys of a tenant carry the same hash tag, `{prefix:tenant}`, so that in a cluster they lie in one slot. What
//! belongs to a session is one hash, so that it is there as a whole or not at all.

use std::fmt::Write as _;

use claw_runtime::{Digest, Time};

use super::super::keys::{Key, Write};
use super::RedisOptions;

/// A longest life, a hundred years: what is beyond Redis refuses.
const FOREVER: i64 = 100 * 366 * 86_400_000;
/// How much longer than they count pots are kept, in milliseconds: the clocks of gateways and server may differ.
const POT_MARGIN: i64 = 3_600_000;
/// The same for evidence, which may be presented with a time of the past.
const EVIDENCE_MARGIN: i64 = 86_400_000;

/// A tenant's hash tag. The tenant of requests that name none is not the one whose name is empty.
pub(super) fn tag(prefix: &str, tenant: Option<&str>) -> String {
    match tenant {
        None => format!("{{{}}}", plain(prefix)),
        Some(name) => format!("{{{}:{}}}", plain(prefix), plain(name)),
    }
}

/// The key that holds the generation of the whole store.
pub(super) fn store_generation(prefix: &str) -> String {
    format!("{}:generation", plain(prefix))
}

/// Letters, digits, `.`, `_` and `-` as they are, other bytes as `%xx`: neither a brace nor a colon is left.
fn plain(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02x}");
        }
    }
    out
}

/// The Redis key of a record, and the field within its hash; empty where the record is a string of its own.
pub(super) fn place(tag: &str, key: &Key) -> (String, Vec<u8>) {
    match key.session() {
        Some(session) => {
            let mut field = vec![key.letter()];
            field.extend(key.rest());
            (session_key(tag, &session), field)
        }
        None => (format!("{tag}:{}:{}", char::from(key.letter()), hex(&key.rest())), Vec::new()),
    }
}

/// The hash of a session.
pub(super) fn session_key(tag: &str, session: &Digest) -> String {
    format!("{tag}:s:{}", hex(&session.0))
}

/// The set that says whether a session ever held something, and its name there.
///
/// Names are shortened to 64 bits, of which sets of up to 512 integers need eight bytes each; hence many small sets.
/// A collision makes a session that is not lost look lost, which is the safe side.
pub(super) fn seen(tag: &str, session: &Digest) -> (String, i64) {
    let [a, b, rest @ ..] = session.0;
    let member = rest.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes));
    (format!("{tag}:seen:{}", hex(&[a, b & 0xf0])), member)
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// How many milliseconds a record of its own lives from `now` on; `None`: until it is removed.
pub(super) fn life(write: &Write, now: Option<Time>, options: &RedisOptions) -> Option<i64> {
    let until = |margin: i64| {
        let left = write.at?.since(now?).as_millis();
        Some(left.max(0).saturating_add(margin))
    };
    let life = match write.key {
        Key::Pot(_) => until(POT_MARGIN)?,
        Key::Evidence(_) => until(EVIDENCE_MARGIN)?,
        Key::Settled(_) => millis(options.settled),
        Key::Pending(..) => millis(options.sessions),
        Key::Session(_) | Key::Labels(_) | Key::Query(..) | Key::Known(..) | Key::Place(..) => return None,
    };
    Some(life.clamp(1, FOREVER))
}

/// How many milliseconds a session lives after it was used.
pub(super) fn session_life(options: &RedisOptions) -> i64 {
    millis(options.sessions).clamp(1, FOREVER)
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_told_apart_and_have_one_tag() {
        let names = [None, Some(""), Some("a"), Some("a}"), Some("a:b"), Some("%3a"), Some(":"), Some("é")];
        let tags: Vec<_> = names.iter().map(|name| tag("claw", *name)).collect();
        let distinct: std::collections::BTreeSet<_> = tags.iter().collect();
        assert_eq!(distinct.len(), tags.len());
        for tag in tags {
            assert!(tag.starts_with("{claw") && tag.find('}') == Some(tag.len() - 1), "{tag}");
        }
    }
}
