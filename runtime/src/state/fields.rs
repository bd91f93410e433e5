//! Names of pots and of keys of history: digests over fields.
//!
//! The same few names are asked for again and again, by one agent's calls say, and hashing one takes longer than all else
//! that deciding on a limit does. So every thread remembers some: by all bytes that went in, hence a name that is
//! remembered is the one that would be made. Knows nothing of what is named.

use std::cell::RefCell;

use sha2::{Digest as _, Sha256};

use crate::{Decimal, Digest, Value};

/// Bytes that are gathered before they are hashed: nearly all names have fewer.
const GATHERED: usize = 192;
/// Names that a thread remembers, each in the one place that it may have: 120 KiB, once it has been asked for any.
const REMEMBERED: usize = 512;

/// A hash over fields, each preceded by its length, so that no two lists of fields collide.
pub(crate) struct Fields {
    gathered: [u8; GATHERED],
    len: usize,
    /// What came before what is gathered.
    hash: Option<Box<Sha256>>,
    /// Not to be remembered.
    secret: bool,
}

impl Fields {
    pub(crate) fn new(domain: &str) -> Fields {
        let mut fields = Fields { gathered: [0; GATHERED], len: 0, hash: None, secret: false };
        fields.text(domain);
        fields
    }

    #[inline]
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        self.put(bytes);
    }

    #[inline]
    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    #[inline]
    pub(crate) fn number(&mut self, number: i64) {
        self.word(8);
        self.word(number as u64);
    }

    pub(crate) fn option(&mut self, text: Option<&str>) {
        self.number(i64::from(text.is_some()));
        self.text(text.unwrap_or_default());
    }

    /// A value such that equal values have equal hashes, and the other way round; `None` if that can't be had.
    pub(crate) fn value(&mut self, value: &Value) -> Option<()> {
        match value {
            Value::Int(n) => self.plain(&Value::Decimal(Decimal::from(*n))),
            Value::Path(path) => {
                let leads_there = path.resolved().is_some_and(|target| target == path.text());
                leads_there.then(|| self.text(path.as_str()))
            }
            Value::List(items) | Value::Set(items) => {
                self.text(if matches!(value, Value::List(_)) { "list" } else { "set" });
                self.number(i64::try_from(items.len()).ok()?);
                items.iter().try_for_each(|item| self.value(item))
            }
            Value::Record(fields) => fields.iter().try_for_each(|field| {
                self.number(i64::from(field.is_some()));
                field.as_ref().map_or(Some(()), |field| self.value(field))
            }),
            plain => self.plain(plain),
        }
    }

    /// A value that is represented in one way only.
    fn plain(&mut self, value: &Value) -> Option<()> {
        self.secret |= matches!(value, Value::Secret(_));
        let mut short = [0; 96];
        if let Ok(bytes) = postcard::to_slice(value, &mut short) {
            self.bytes(bytes);
        } else {
            self.bytes(&postcard::to_stdvec(value).ok()?);
        }
        Some(())
    }

    #[inline]
    fn word(&mut self, word: u64) {
        let rest = self.gathered.get_mut(self.len..).unwrap_or_default();
        match rest.first_chunk_mut() {
            Some(place) => {
                *place = word.to_le_bytes();
                self.len = self.len.saturating_add(8);
            }
            None => self.put(&word.to_le_bytes()),
        }
    }

    fn put(&mut self, bytes: &[u8]) {
        let end = self.len.saturating_add(bytes.len());
        if let Some(place) = self.gathered.get_mut(self.len..end) {
            place.copy_from_slice(bytes);
            self.len = end;
            return;
        }
        let hash = self.hash.get_or_insert_default();
        hash.update(self.gathered.get(..self.len).unwrap_or_default());
        hash.update(bytes);
        self.len = 0;
    }

    pub(crate) fn finish(&self) -> Digest {
        let rest = self.gathered.get(..self.len).unwrap_or_default();
        match &self.hash {
            None if self.secret => Digest::of(rest),
            None => remembered(rest),
            Some(hash) => Digest(hash.as_ref().clone().chain_update(rest).finalize().into()),
        }
    }
}

/// A name and what it was made of.
#[derive(Clone, Copy)]
struct Name {
    /// 0: there is none.
    len: u8,
    bytes: [u8; GATHERED],
    digest: Digest,
}

const NOTHING: Name = Name { len: 0, bytes: [0; GATHERED], digest: Digest([0; 32]) };

thread_local! {
    static NAMES: RefCell<Vec<Name>> = const { RefCell::new(Vec::new()) };
}

/// [`Digest::of`] these bytes.
fn remembered(bytes: &[u8]) -> Digest {
    let look = |names: &RefCell<Vec<Name>>| {
        let mut names = names.try_borrow_mut().ok()?;
        if names.is_empty() {
            names.resize(REMEMBERED, NOTHING);
        }
        let name = names.get_mut(place(bytes))?;
        if name.len != 0 && name.bytes.get(..usize::from(name.len)) == Some(bytes) {
            return Some(name.digest);
        }
        name.len = u8::try_from(bytes.len()).ok()?;
        name.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        name.digest = Digest::of(bytes);
        Some(name.digest)
    };
    NAMES.try_with(look).ok().flatten().unwrap_or_else(|| Digest::of(bytes))
}

/// Where a name of these bytes would be. Names that share a place only push each other out.
fn place(bytes: &[u8]) -> usize {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = bytes.as_chunks();
    let step = |state: u64, word: u64| (state.rotate_left(5) ^ word).wrapping_mul(FACTOR);
    let state = words.iter().fold(bytes.len() as u64, |state, word| step(state, u64::from_le_bytes(*word)));
    let state = rest.iter().fold(state, |state, byte| step(state, u64::from(*byte)));
    (state >> 55) as usize % REMEMBERED
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(fields: &[Vec<u8>]) -> Digest {
        let mut bytes = Vec::new();
        for field in [b"test".to_vec()].iter().chain(fields) {
            bytes.extend((field.len() as u64).to_le_bytes());
            bytes.extend(field);
        }
        Digest::of(&bytes)
    }

    fn gathered(fields: &[Vec<u8>]) -> Digest {
        let mut hash = Fields::new("test");
        fields.iter().for_each(|field| hash.bytes(field));
        hash.finish()
    }

    proptest! {
        /// Few fields of few bytes, so that names are asked for again, and some that are longer than what is gathered.
        #[test]
        fn names_are_what_hashing_all_at_once_gives(names in prop::collection::vec(
            prop::collection::vec(prop_oneof![
                prop::collection::vec(0u8..2, 0..4),
                (0usize..250).prop_map(|length| vec![b'x'; length]),
            ], 0..4), 1..20)) {
            for fields in names.iter().chain(&names) {
                prop_assert_eq!(gathered(fields), whole(fields));
            }
        }
    }

    #[test]
    fn more_names_than_are_remembered() {
        for _ in 0..2 {
            for n in 0..1_000u32 {
                let fields = [n.to_string().into_bytes()];
                assert_eq!(gathered(&fields), whole(&fields));
            }
        }
    }

    #[test]
    fn long_values_are_written_like_short_ones() {
        for length in [0, 10, 90, 91, 95, 96, 500] {
            let value = Value::str("x".repeat(length));
            let mut fields = Fields::new("test");
            fields.value(&value).unwrap();
            assert_eq!(fields.finish(), whole(&[postcard::to_stdvec(&value).unwrap()]), "{length}");
        }
    }
}
