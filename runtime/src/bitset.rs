//! Sets of small indices. Knows nothing of what the indices stand for.

/// How many members a [`Bits`] may have. The loader refuses policies with more labels or approvals.
pub(crate) const BITS: usize = 256;

/// A set of indices below 256, on the stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Bits([u64; BITS / 64]);

impl Bits {
    /// Adds an index; one out of range is ignored, which the loader rules out.
    pub(crate) fn insert(&mut self, index: u32) {
        if let Some(word) = self.0.get_mut(index as usize / 64) {
            *word |= 1 << (index % 64);
        }
    }

    pub(crate) fn contains(&self, index: u32) -> bool {
        self.0.get(index as usize / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0 == [0; BITS / 64]
    }

    /// Adds all members of another set.
    pub(crate) fn extend(&mut self, other: &Bits) {
        for (word, more) in self.0.iter_mut().zip(other.0) {
            *word |= more;
        }
    }

    /// The members, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + use<> {
        (0u32..).zip(self.0).flat_map(|(i, word)| members(i, word))
    }
}

impl FromIterator<u32> for Bits {
    fn from_iter<I: IntoIterator<Item = u32>>(indices: I) -> Bits {
        let mut bits = Bits::default();
        indices.into_iter().for_each(|index| bits.insert(index));
        bits
    }
}

/// A set of indices of any size; made when a request is prepared, only read afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BitSet {
    /// Indices below 64: most policies have no more roles, and this needs no memory of its own.
    Few(u64),
    /// Any others.
    Many(Vec<u64>),
}

impl BitSet {
    /// The empty set with room for indices below `len`.
    pub(crate) fn with_len(len: usize) -> BitSet {
        if len <= 64 { BitSet::Few(0) } else { BitSet::Many(vec![0; len.div_ceil(64)]) }
    }

    fn words(&self) -> &[u64] {
        match self {
            BitSet::Few(word) => std::slice::from_ref(word),
            BitSet::Many(words) => words,
        }
    }

    fn words_mut(&mut self) -> &mut [u64] {
        match self {
            BitSet::Few(word) => std::slice::from_mut(word),
            BitSet::Many(words) => words,
        }
    }

    /// Adds an index; one beyond the length given at construction is ignored.
    pub(crate) fn insert(&mut self, index: u32) {
        if let Some(word) = self.words_mut().get_mut(index as usize / 64) {
            *word |= 1 << (index % 64);
        }
    }

    pub(crate) fn contains(&self, index: u32) -> bool {
        self.words().get(index as usize / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Keeps only what is in `other`, too.
    pub(crate) fn intersect(&mut self, other: &BitSet) {
        for (i, word) in self.words_mut().iter_mut().enumerate() {
            *word &= other.words().get(i).copied().unwrap_or(0);
        }
    }

    /// Adds all members of another set of the same length.
    pub(crate) fn extend(&mut self, other: &BitSet) {
        for (word, more) in self.words_mut().iter_mut().zip(other.words()) {
            *word |= more;
        }
    }

    /// The members, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        (0u32..).zip(self.words()).flat_map(|(i, word)| members(i, *word))
    }
}

/// The members that the i-th word of a set stands for, ascending.
fn members(i: u32, mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = word.trailing_zeros();
        if bit == 64 {
            return None;
        }
        word &= word.wrapping_sub(1);
        Some(i * 64 + bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn behaves_like_a_set(a: BTreeSet<u8>, b: BTreeSet<u8>) {
            let bits = |s: &BTreeSet<u8>| s.iter().map(|i| u32::from(*i)).collect::<Bits>();
            let mut both = bits(&a);
            both.extend(&bits(&b));
            let expected: Vec<u32> = a.union(&b).map(|i| u32::from(*i)).collect();
            prop_assert_eq!(both.iter().collect::<Vec<_>>(), expected);
            prop_assert!((0..256).all(|i| bits(&a).contains(i) == a.contains(&(i as u8))));
        }

        #[test]
        fn large_sets(a: BTreeSet<u16>, b: BTreeSet<u16>) {
            let set = |s: &BTreeSet<u16>| {
                let mut set = BitSet::with_len(1 << 16);
                s.iter().for_each(|i| set.insert(u32::from(*i)));
                set
            };
            let (mut all, mut any) = (set(&a), set(&a));
            all.intersect(&set(&b));
            any.extend(&set(&b));
            for i in 0..=u16::MAX {
                prop_assert_eq!(all.contains(u32::from(i)), a.contains(&i) && b.contains(&i));
                prop_assert_eq!(any.contains(u32::from(i)), a.contains(&i) || b.contains(&i));
            }
            prop_assert!(any.iter().eq(a.union(&b).map(|i| u32::from(*i))));
        }

        #[test]
        fn few_are_like_many(a in any::<u64>(), b in any::<u64>()) {
            let sets = |word: u64| (BitSet::Few(word), BitSet::Many(vec![word]));
            let ((mut all, mut all_many), (mut any, mut any_many)) = (sets(a), sets(a));
            all.intersect(&BitSet::Few(b));
            all_many.intersect(&BitSet::Many(vec![b]));
            any.extend(&BitSet::Few(b));
            any_many.extend(&BitSet::Many(vec![b]));
            prop_assert!(all.iter().eq(all_many.iter()) && any.iter().eq(any_many.iter()));
            prop_assert!((0..70).all(|i| any.contains(i) == any_many.contains(i)));
        }
    }

    #[test]
    fn out_of_range_is_not_in_it() {
        let mut bits = Bits::default();
        bits.insert(256);
        assert!(bits == Bits::default() && !bits.contains(256));
    }
}
