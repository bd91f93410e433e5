//! Pots of limits: sums over sliding windows, in buckets aligned to the epoch.
//!
//! A window of D has buckets of D/60. Bucket i reaches from i·D/60 to (i+1)·D/60, and counts while it overlaps
//! (now − D, now]: that is bucket ⌊60·now/D⌋ and the 60 before it.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::hash::Map;
use crate::state::{Answer, BUCKETS, Charge, PotKey, StateError, Usage};
use crate::{Decimal, Duration, Time};

#[derive(Debug, Default)]
pub(super) struct Pots {
    pots: Map<PotKey, Held>,
    /// No pot runs empty before this time, so that looking for empty ones is in vain.
    full_until: Option<Time>,
}

/// A pot, and what is in it altogether.
#[derive(Debug)]
struct Held {
    pot: Pot,
    /// The sum of all buckets, as long as it and they are modest: such a sum is the same in whatever order it is made.
    sum: Option<Decimal>,
}

/// One pot, as plain data: sixty-one sums at most, whatever the length of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pot {
    window: Duration,
    /// At most 61 that count; older ones go when something is added.
    buckets: BTreeMap<i64, Decimal>,
}

/// The bucket that holds a time.
fn bucket(time: Time, window: Duration) -> i64 {
    // Times are within ±9999 years and windows at least a millisecond: 60 times the milliseconds fit 64 bits.
    let parts = time.as_millis().checked_mul(BUCKETS);
    parts.map_or(i64::MAX, |parts| parts.div_euclid(window.as_millis().max(1)))
}

/// The first millisecond at which the bucket no longer counts.
fn end_of(bucket: i64, window: Duration) -> Option<Time> {
    let end = (i128::from(bucket) + i128::from(BUCKETS) + 1) * i128::from(window.as_millis().max(1));
    let rounded_up = -(-end).div_euclid(i128::from(BUCKETS));
    Time::from_millis(i64::try_from(rounded_up).ok()?)
}

impl Pot {
    /// An empty pot of a window.
    #[must_use]
    pub fn new(window: Duration) -> Pot {
        Pot { window, buckets: BTreeMap::new() }
    }

    fn first(&self) -> Option<i64> {
        self.buckets.first_key_value().map(|(bucket, _)| *bucket)
    }

    fn oldest_that_counts(&self, now: Time) -> i64 {
        bucket(now, self.window).saturating_sub(BUCKETS)
    }

    /// What the charge's bucket would hold with it.
    fn with(&self, charge: &Charge) -> Answer<(i64, Decimal)> {
        if charge.amount.is_negative() {
            return Err(StateError::Unavailable("a charge is negative".to_owned()));
        }
        if charge.window != self.window {
            return Err(StateError::Unavailable("a pot is charged with another window".to_owned()));
        }
        let place = bucket(charge.at, self.window);
        let sum = self.buckets.get(&place).copied().unwrap_or(Decimal::ZERO);
        Ok((place, sum.checked_add(charge.amount).ok_or(StateError::Overflow)?))
    }

    /// Adds a charge, and drops what no longer counts at its time. With an error, nothing has changed.
    pub fn add(&mut self, charge: &Charge) -> Answer<()> {
        let (place, sum) = self.with(charge)?;
        let oldest = self.oldest_that_counts(charge.at);
        while self.first().is_some_and(|bucket| bucket < oldest) {
            self.buckets.pop_first();
        }
        self.buckets.insert(place, sum);
        Ok(())
    }

    /// Takes a charge back, if it is still there.
    pub fn release(&mut self, charge: &Charge) {
        let place = bucket(charge.at, self.window);
        if let Some(sum) = self.buckets.get_mut(&place) {
            *sum = sum.checked_sub(charge.amount).filter(|rest| !rest.is_negative()).unwrap_or(*sum);
            if *sum == Decimal::ZERO {
                self.buckets.remove(&place);
            }
        }
    }

    /// What [`crate::StateView::pot`] answers of this pot.
    pub fn usage(&self, window: Duration, now: Time, room: Decimal) -> Answer<Usage> {
        if self.window != window {
            return Err(StateError::Unavailable("a pot is asked for with another window".to_owned()));
        }
        let counting = || self.buckets.range(self.oldest_that_counts(now)..);
        let mut used = Decimal::ZERO;
        for (_, sum) in counting() {
            used = used.checked_add(*sum).ok_or(StateError::Overflow)?;
        }
        let mut usage = Usage { used, ..Usage::empty(now, room) };
        let mut left = used;
        for (bucket, sum) in counting() {
            if left <= room || usage.free_at.is_none() {
                break;
            }
            left = left.checked_sub(*sum).ok_or(StateError::Overflow)?;
            usage.free_at = end_of(*bucket, self.window);
        }
        Ok(usage)
    }

    /// Is there nothing in it?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// When nothing in it counts any more.
    #[must_use]
    pub fn empty_from(&self) -> Option<Time> {
        end_of(*self.buckets.last_key_value()?.0, self.window)
    }
}

impl Held {
    fn new(window: Duration) -> Held {
        Held { pot: Pot::new(window), sum: Some(Decimal::ZERO) }
    }

    /// As [`Pot::usage`], at once where all of it counts and fits.
    fn usage(&self, window: Duration, now: Time, room: Decimal) -> Answer<Usage> {
        let all_counts = || self.pot.first().is_none_or(|first| first >= self.pot.oldest_that_counts(now));
        match self.sum {
            Some(used) if window == self.pot.window && used <= room && all_counts() => {
                Ok(Usage { used, ..Usage::empty(now, room) })
            }
            _ => self.pot.usage(window, now, room),
        }
    }

    fn add(&mut self, charge: &Charge) -> Answer<()> {
        let first = self.pot.first();
        self.pot.add(charge)?;
        self.sum = if first.is_some() && self.pot.first() == first {
            self.sum.and_then(|sum| modest_sum(sum, charge.amount))
        } else {
            self.all()
        };
        Ok(())
    }

    fn release(&mut self, charge: &Charge) {
        self.pot.release(charge);
        self.sum = self.all();
    }

    fn all(&self) -> Option<Decimal> {
        self.pot.buckets.values().try_fold(Decimal::ZERO, |sum, bucket| modest_sum(sum, *bucket))
    }
}

fn modest_sum(sum: Decimal, amount: Decimal) -> Option<Decimal> {
    sum.checked_add(amount).filter(|sum| amount.is_modest() && sum.is_modest())
}

impl Pots {
    pub(super) fn usage(&self, key: &PotKey, window: Duration, now: Time, room: Decimal) -> Answer<Usage> {
        match self.pots.get(key) {
            Some(held) => held.usage(window, now, room),
            None => Ok(Usage::empty(now, room)),
        }
    }

    /// Can all of the charges be added?
    pub(super) fn check(&self, charges: &[Charge]) -> Answer<()> {
        let shared = |i: usize, charge: &Charge| charges.iter().take(i).any(|other| other.pot == charge.pot);
        if !charges.iter().enumerate().any(|(i, charge)| shared(i, charge)) {
            return charges.iter().try_for_each(|charge| match self.pots.get(&charge.pot) {
                Some(held) => held.pot.with(charge).map(drop),
                None => Pot::new(charge.window).with(charge).map(drop),
            });
        }
        // Several for one pot: tried on copies.
        let mut tried: HashMap<PotKey, Pot> = HashMap::new();
        charges.iter().try_for_each(|charge| {
            let held = || self.pots.get(&charge.pot).map_or_else(|| Pot::new(charge.window), |held| held.pot.clone());
            tried.entry(charge.pot).or_insert_with(held).add(charge)
        })
    }

    /// Makes sure that the pots of the charges fit. Pots whose content has passed make room.
    pub(super) fn make_room(&mut self, charges: &[Charge], now: Option<Time>, bound: usize) -> Answer<()> {
        if self.pots.len().saturating_add(charges.len()) <= bound {
            return Ok(());
        }
        let new: HashSet<&PotKey> =
            charges.iter().map(|charge| &charge.pot).filter(|pot| !self.pots.contains_key(pot)).collect();
        let fits = |pots: &Pots| new.is_empty() || pots.pots.len().saturating_add(new.len()) <= bound;
        if fits(self) {
            return Ok(());
        }
        if let Some(now) = now
            && self.full_until.is_none_or(|until| until <= now)
        {
            self.pots.retain(|_, held| held.pot.empty_from().is_some_and(|end| end > now));
            self.full_until = self.pots.values().filter_map(|held| held.pot.empty_from()).min();
        }
        if fits(self) { Ok(()) } else { Err(StateError::Full("pots")) }
    }

    /// Adds charges that [`Pots::check`] has found to be possible.
    pub(super) fn add(&mut self, charges: &[Charge]) {
        for charge in charges {
            let held = self.pots.entry(charge.pot).or_insert_with(|| Held::new(charge.window));
            let added = held.add(charge);
            debug_assert_eq!(added, Ok(()), "charges are checked first");
            // A new pot may run empty earlier than those that were there at the last sweep.
            self.full_until = self.full_until.min(held.pot.empty_from());
        }
    }

    /// Takes a charge back, if it is still there.
    pub(super) fn release(&mut self, charge: &Charge) {
        let Some(held) = self.pots.get_mut(&charge.pot) else { return };
        held.release(charge);
        if held.pot.is_empty() {
            self.pots.remove(&charge.pot);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Something that happens to a pot: a charge, or the release of an earlier one.
    #[derive(Clone, Debug)]
    enum Step {
        Add(i64, Decimal),
        Release(prop::sample::Index),
    }

    fn amount() -> impl Strategy<Value = Decimal> {
        // Modest ones, and some whose sums may have too many digits.
        prop_oneof![
            8 => (0i128..1_000_000, 0u8..4),
            1 => (0..10i128.pow(38), 0u8..39),
            1 => (10i128.pow(17)..10i128.pow(18), 0u8..19),
        ]
        .prop_map(|(coefficient, scale)| Decimal::new(coefficient, scale).unwrap())
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0i64..200, amount()).prop_map(|(later, amount)| Step::Add(later, amount)),
            1 => any::<prop::sample::Index>().prop_map(Step::Release),
        ]
    }

    proptest! {
        /// The sum that is kept beside a pot never changes what is answered.
        #[test]
        fn a_pot_that_is_held_answers_as_it_does_alone(
            steps in prop::collection::vec(step(), 1..40), asked in prop::collection::vec((0i64..400, amount()), 8),
        ) {
            let window = Duration::from_millis(600);
            let time = |millis: i64| Time::from_millis(1_000_000 + millis).unwrap();
            let (mut held, mut alone) = (Held::new(window), Pot::new(window));
            let (mut now, mut charges) = (0, Vec::new());
            for step in steps {
                match step {
                    Step::Add(later, amount) => {
                        now += later;
                        let pot = PotKey(crate::Digest([0; 32]));
                        let charge = Charge { pot, window, amount, at: time(now) };
                        let added = alone.add(&charge);
                        prop_assert_eq!(held.add(&charge), added.clone());
                        charges.extend(added.is_ok().then_some(charge));
                    }
                    Step::Release(which) if !charges.is_empty() => {
                        let charge = charges.swap_remove(which.index(charges.len()));
                        alone.release(&charge);
                        held.release(&charge);
                    }
                    Step::Release(_) => {}
                }
                for (later, room) in &asked {
                    for at in [now, now + later] {
                        let (a, b) = (held.usage(window, time(at), *room), alone.usage(window, time(at), *room));
                        prop_assert_eq!(a, b);
                    }
                }
            }
        }
    }
}
