//! Types whose values lie on a line. The constants cut it into pieces; one value from each piece answers every test
//! of order, equality and membership like all the others in that piece.

use claw_runtime::{Date, Decimal, Duration, Time, Value};
use jiff::SignedDuration;

/// A value that has neighbours.
pub(super) trait Step: Copy + Ord {
    /// A plain value above this one and below `limit`; `None` only if the type has none.
    fn above(self, limit: Option<Self>) -> Option<Self>;

    /// A plain value below this one and above `limit`; `None` only if the type has none.
    fn below(self, limit: Option<Self>) -> Option<Self>;
}

/// The plain values, then every constant, and values on both sides of each.
fn cover<T: Step>(plain: &[T], mut constants: Vec<T>) -> Vec<T> {
    constants.sort_unstable();
    constants.dedup();
    let mut out = plain.to_vec();
    for (i, constant) in constants.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|i| constants.get(i)).copied();
        out.extend(constant.below(before));
        out.push(*constant);
        out.extend(constant.above(constants.get(i + 1).copied()));
    }
    out
}

/// The first of the values that is between the two, as far as these exist.
fn first_between<T: Ord + Copy>(
    candidates: impl IntoIterator<Item = Option<T>>,
    low: Option<T>,
    high: Option<T>,
) -> Option<T> {
    let inside = |value: &T| low.is_none_or(|low| low < *value) && high.is_none_or(|high| *value < high);
    candidates.into_iter().flatten().find(inside)
}

impl Step for i64 {
    fn above(self, limit: Option<i64>) -> Option<i64> {
        first_between([self.checked_add(1)], Some(self), limit)
    }

    fn below(self, limit: Option<i64>) -> Option<i64> {
        first_between([self.checked_sub(1)], limit, Some(self))
    }
}

/// Integers; the ends of the type are among them, as arithmetic sees them.
pub(super) fn ints(constants: &[Value]) -> Vec<Value> {
    let known = constants.iter().flat_map(|constant| match constant {
        Value::Int(n) => vec![*n],
        Value::Decimal(d) => around(*d),
        _ => Vec::new(),
    });
    let mut out = cover(&[0, 1], known.collect());
    out.extend([-1, i64::MAX, i64::MIN]);
    out.into_iter().map(Value::Int).collect()
}

/// The integers next to a decimal number, or the one that it is.
fn around(decimal: Decimal) -> Vec<i64> {
    let (coefficient, scale) = decimal.into();
    let unit = 10i128.checked_pow(u32::from(scale)).unwrap_or(i128::MAX);
    let floor = coefficient.div_euclid(unit);
    let ceil = floor + i128::from(coefficient.rem_euclid(unit) != 0);
    [floor, ceil].into_iter().filter_map(|n| i64::try_from(n).ok()).collect()
}

impl Step for Decimal {
    fn above(self, limit: Option<Decimal>) -> Option<Decimal> {
        let cent = Decimal::new(1, 2).and_then(|cent| self.checked_add(cent));
        first_between([cent, shortest_above(self, limit)], Some(self), limit)
    }

    fn below(self, limit: Option<Decimal>) -> Option<Decimal> {
        self.negated().above(limit.map(Decimal::negated)).map(Decimal::negated)
    }
}

/// The decimal number above `low`, and below `high`, that has the fewest places.
fn shortest_above(low: Decimal, high: Option<Decimal>) -> Option<Decimal> {
    if low.is_negative() {
        // Whatever is nearest to zero has the fewest digits.
        let Some(high) = high.filter(|high| *high <= Decimal::ZERO) else {
            return Some(Decimal::ZERO).filter(|z| low < *z);
        };
        return shortest_above(high.negated(), Some(low.negated())).map(Decimal::negated);
    }
    let (coefficient, scale): (i128, u8) = low.into();
    // A number with so many places that `low` has too many digits with them would itself have too many.
    let with_places = (0..=38u8).map_while(|places| {
        let floor = if places >= scale {
            coefficient.checked_mul(10i128.checked_pow(u32::from(places - scale))?)?
        } else {
            coefficient / 10i128.checked_pow(u32::from(scale - places))?
        };
        Some(floor.checked_add(1).and_then(|next| Decimal::new(next, places)))
    });
    first_between(with_places, Some(low), high)
}

/// Exact decimal numbers.
pub(super) fn decimals(constants: &[Value]) -> Vec<Value> {
    let known = constants.iter().filter_map(|constant| match constant {
        Value::Int(n) => Some(Decimal::from(*n)),
        Value::Decimal(d) => Some(*d),
        _ => None,
    });
    let plain = [1, 0, 10].map(Decimal::from);
    let mut out = cover(&plain, known.collect());
    out.extend(Decimal::new(-1, 2));
    out.into_iter().map(Value::Decimal).collect()
}

impl Step for Duration {
    fn above(self, limit: Option<Duration>) -> Option<Duration> {
        first_between([1000, 1].map(|ms| self.checked_add(Duration::from_millis(ms))), Some(self), limit)
    }

    fn below(self, limit: Option<Duration>) -> Option<Duration> {
        first_between([1000, 1].map(|ms| self.checked_sub(Duration::from_millis(ms))), limit, Some(self))
    }
}

/// Durations.
pub(super) fn durations(constants: &[Value]) -> Vec<Value> {
    let known = constants.iter().filter_map(|c| if let Value::Duration(d) = c { Some(*d) } else { None });
    let plain = [60_000, 0].map(Duration::from_millis);
    cover(&plain, known.collect()).into_iter().map(Value::Duration).collect()
}

impl Step for Date {
    fn above(self, limit: Option<Date>) -> Option<Date> {
        first_between([self.civil().tomorrow().ok().map(Date::from)], Some(self), limit)
    }

    fn below(self, limit: Option<Date>) -> Option<Date> {
        first_between([self.civil().yesterday().ok().map(Date::from)], limit, Some(self))
    }
}

/// Calendar dates.
pub(super) fn dates(constants: &[Value]) -> Vec<Value> {
    let known = constants.iter().filter_map(|c| if let Value::Date(d) = c { Some(*d) } else { None });
    cover(&[Date::from(super::monday())], known.collect()).into_iter().map(Value::Date).collect()
}

/// A second, a millisecond and, as times are that exact, a nanosecond.
const TICKS: [SignedDuration; 3] =
    [SignedDuration::from_secs(1), SignedDuration::from_millis(1), SignedDuration::from_nanos(1)];

impl Step for Time {
    fn above(self, limit: Option<Time>) -> Option<Time> {
        let later = TICKS.map(|tick| self.timestamp().checked_add(tick).ok().map(Time::from));
        first_between(later, Some(self), limit)
    }

    fn below(self, limit: Option<Time>) -> Option<Time> {
        let earlier = TICKS.map(|tick| self.timestamp().checked_sub(tick).ok().map(Time::from));
        first_between(earlier, limit, Some(self))
    }
}

/// The constants that are times.
pub(super) fn known_times(constants: &[Value]) -> Vec<Time> {
    let mut known: Vec<Time> =
        constants.iter().filter_map(|c| if let Value::Time(t) = c { Some(*t) } else { None }).collect();
    known.sort_unstable();
    known.dedup();
    known
}

/// Points in time.
pub(super) fn times(constants: &[Value]) -> Vec<Value> {
    cover(&[super::noon()], known_times(constants)).into_iter().map(Value::Time).collect()
}
