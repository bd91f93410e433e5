//! What is kept in each record, and how it is written: a version, the value, and a check over both and the record's
//! name. What does not pass the check is nonsense, and never read as an empty record.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use claw_runtime::state::{Answer, CallRecord, Effects, Realm, StateError};
use claw_runtime::{Decision, Digest, Json, Limits, Time};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::keys::Key;

/// The version of all records.
const VERSION: u8 = 1;
/// Bytes of the check at the end.
const CHECK: usize = 8;

/// A session's counters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    /// Calls that ever began: numbers them.
    pub(super) begun: u64,
    /// Calls that are allowed and not settled.
    pub(super) pending: u32,
    /// Keys of queries that were ever remembered. The latest of them are held, each in the place that is this number
    /// modulo the bound.
    pub(super) keys: u64,
}

/// A session's labels, and whom it inherits from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Labels {
    /// The session was forgotten once: what it does not know is unknown.
    pub(super) lost: bool,
    pub(super) parents: BTreeSet<Digest>,
    confirmed: BTreeMap<Arc<str>, Marked>,
    shadow: BTreeMap<Arc<str>, Marked>,
}

/// What holds a label in place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Marked {
    /// A request carried it, or a call that marked it was (or may have been) executed: it stays for good.
    forever: bool,
    /// Pending calls that marked it.
    pending: u32,
}

impl Labels {
    /// None yet.
    pub(super) fn new(lost: bool) -> Labels {
        Labels { lost, ..Labels::default() }
    }

    /// Nothing would be lost if it were forgotten.
    pub(super) fn is_blank(&self) -> bool {
        !self.lost && self.parents.is_empty() && self.confirmed.is_empty() && self.shadow.is_empty()
    }

    pub(super) fn has(&self, realm: Realm, label: &str) -> bool {
        match realm {
            Realm::Confirmed => self.confirmed.contains_key(label),
            Realm::Shadow => self.shadow.contains_key(label),
        }
    }

    /// A label that a request carried.
    pub(super) fn carry(&mut self, label: &Arc<str>) {
        self.confirmed.entry(label.clone()).or_default().forever = true;
    }

    /// Labels that a call marks, until it settles.
    pub(super) fn begin(&mut self, effects: &Effects) {
        for (realm, label) in marks(effects) {
            let marked = self.of(realm).entry(label.clone()).or_default();
            marked.pending = marked.pending.saturating_add(1);
        }
    }

    /// Keeps for good what the call marked, or takes it back.
    pub(super) fn settle(&mut self, effects: &Effects, executed: bool) {
        for (realm, label) in marks(effects) {
            let labels = self.of(realm);
            if let Some(marked) = labels.get_mut(label) {
                marked.pending = marked.pending.saturating_sub(1);
                marked.forever |= executed;
                if !marked.forever && marked.pending == 0 {
                    labels.remove(label);
                }
            }
        }
    }

    fn of(&mut self, realm: Realm) -> &mut BTreeMap<Arc<str>, Marked> {
        match realm {
            Realm::Confirmed => &mut self.confirmed,
            Realm::Shadow => &mut self.shadow,
        }
    }
}

/// The marks, each once.
fn marks(effects: &Effects) -> BTreeSet<(Realm, &Arc<str>)> {
    effects.marks.iter().map(|(realm, label)| (*realm, label)).collect()
}

/// A call that is allowed and not settled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) digest: Digest,
    pub(super) begun: Option<Time>,
    /// Its number in the session.
    pub(super) number: u64,
    pub(super) effects: Effects,
    /// What was answered, in its wire form.
    answer: String,
}

impl Pending {
    pub(super) fn new(call: CallRecord, begun: Option<Time>, number: u64, bound: usize) -> Answer<Pending> {
        let answer = call.answer.to_string();
        if answer.len() > bound {
            return Err(StateError::Full("bytes of an answer"));
        }
        Ok(Pending { digest: call.digest, begun, number, effects: call.effects, answer })
    }

    pub(super) fn answer(&self) -> Answer<Decision> {
        // The answer was bounded when it was written, and its length is known; what is bounded here is the stack.
        let length = self.answer.len();
        let limits = Limits {
            bytes: length,
            depth: 64,
            string: length,
            elements: length,
            nodes: length,
            number: length,
            ..Limits::default()
        };
        let json = Json::parse(self.answer.as_bytes(), &limits).map_err(|_| broken())?;
        Decision::from_json(&json).map_err(|_| broken())
    }
}

/// A call that is settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settled {
    pub(super) begun: Option<Time>,
}

/// The name of a key that a session remembers: query and key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place(pub(super) Digest, pub(super) Digest);

/// A use of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Evidence {
    pub(super) at: Time,
}

/// The record's bytes.
pub(super) fn encode<T: Serialize>(key: &Key, value: &T) -> Answer<Vec<u8>> {
    let mut bytes = postcard::to_extend(value, vec![VERSION])
        .map_err(|_| StateError::Unavailable("a record can't be written".to_owned()))?;
    bytes.extend(check(key, &bytes));
    Ok(bytes)
}

/// The value of a record that [`encode`] wrote under this name.
pub(super) fn decode<T: DeserializeOwned>(key: &Key, bytes: &[u8]) -> Answer<T> {
    let (content, found) = bytes.split_last_chunk::<CHECK>().ok_or_else(broken)?;
    if *found != check(key, content) {
        return Err(broken());
    }
    match content.split_first() {
        Some((&VERSION, value)) => match postcard::take_from_bytes(value) {
            Ok((value, [])) => Ok(value),
            _ => Err(broken()),
        },
        Some((version, _)) => {
            Err(StateError::Unavailable(format!("a record has version {version}, this engine reads {VERSION}")))
        }
        None => Err(broken()),
    }
}

fn check(key: &Key, content: &[u8]) -> [u8; CHECK] {
    let mut bytes = key.bytes();
    bytes.extend_from_slice(content);
    Digest::of(&bytes).0.first_chunk().copied().unwrap_or_default()
}

fn broken() -> StateError {
    StateError::Unavailable("a record is broken".to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(n: u8) -> Key {
        Key::Session(Digest::of(&[n]))
    }

    #[test]
    fn any_change_is_noticed() {
        let value = Session { begun: 300, pending: 2, keys: 1 };
        let bytes = encode(&key(0), &value).unwrap();
        assert_eq!(decode(&key(0), &bytes), Ok(value));
        assert!(decode::<Session>(&key(1), &bytes).is_err(), "a record under another name");
        for i in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[i] ^= 1;
            assert!(decode::<Session>(&key(0), &changed).is_err());
            assert!(decode::<Session>(&key(0), &bytes[..i]).is_err());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(3), ..ProptestConfig::default() })]

        #[test]
        fn garbage_is_an_error(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(decode::<Labels>(&key(0), &bytes).is_err());
        }
    }
}
