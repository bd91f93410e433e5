//! Hashing for the store's own tables: of digests, and of names that hosts give.
//!
//! Seeded at random for each table, so that nobody who chooses names can choose where they end up. Knows nothing of
//! what is kept. Nothing but tables may depend on it: it differs from run to run.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A map by digest or name.
pub(super) type Map<K, V> = std::collections::HashMap<K, V, Seeded>;

/// Makes hashers for one table.
#[derive(Clone, Debug)]
pub(super) struct Seeded {
    start: u64,
    factor: u64,
}

impl Default for Seeded {
    fn default() -> Seeded {
        let random = RandomState::new();
        // An odd factor loses no bit.
        Seeded { start: random.hash_one(0u8), factor: random.hash_one(1u8) | 1 }
    }
}

impl BuildHasher for Seeded {
    type Hasher = Folding;
    fn build_hasher(&self) -> Folding {
        Folding { state: self.start, factor: self.factor }
    }
}

/// Folds eight bytes at a time into the state.
#[derive(Debug)]
pub(super) struct Folding {
    state: u64,
    factor: u64,
}

impl Folding {
    fn fold(&mut self, word: u64) {
        let product = u128::from(self.state ^ word).wrapping_mul(self.factor.into());
        // Both halves, so that every bit depends on every other.
        self.state = (product as u64) ^ ((product >> 64) as u64).rotate_left(23);
    }
}

impl Hasher for Folding {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        words.iter().for_each(|word| self.fold(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(place, byte)| *place = *byte);
        self.fold(u64::from_le_bytes(last) ^ (bytes.len() as u64).rotate_left(56));
    }
    fn write_u8(&mut self, byte: u8) {
        self.fold(byte.into());
    }
    fn write_usize(&mut self, number: usize) {
        self.fold(number as u64);
    }
    fn finish(&self) -> u64 {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_that_differ_little_are_told_apart() {
        let table = Seeded::default();
        let names: Vec<String> =
            (0..1_000).flat_map(|n| [format!("s-{n}"), format!("a-session-{n}"), "\0".repeat(n)]).collect();
        let distinct: HashSet<&String> = names.iter().collect();
        let hashes: HashSet<u64> = distinct.iter().map(|name| table.hash_one(name)).collect();
        assert_eq!(hashes.len(), distinct.len());
        // They spread over the low bits, which tables use.
        let places: HashSet<u64> = hashes.iter().map(|hash| hash & 1_023).collect();
        assert!(places.len() > 700, "{}", places.len());
        assert_ne!(table.hash_one("s"), Seeded::default().hash_one("s"));
    }
}
