//! How often a wrong token may be tried. Tokens are long and random, so that nobody guesses one; this keeps the tries
//! from becoming a load, and noise that hides others.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use claw_runtime::Time;

/// Wrong tokens from one address in a row.
const BURST: i64 = 20;
/// After so many milliseconds one more.
const REFILL: i64 = 3_000;
/// Addresses that are remembered; of more, the ones whose last try is longest ago are forgotten.
const ADDRESSES: usize = 4_096;

/// Counts wrong tokens by address.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<HashMap<Option<IpAddr>, i64>>);

impl Throttle {
    /// May this address try now? If not, after how many seconds. What is kept for an address is the time at which all
    /// its tries are forgotten.
    pub(super) fn check(&self, from: Option<IpAddr>, now: Time) -> Result<(), i64> {
        let forgotten = self.table().get(&network(from)).copied().unwrap_or(i64::MIN);
        let over = forgotten.saturating_sub(now.as_millis()).saturating_sub(BURST.saturating_sub(1) * REFILL);
        if over <= 0 { Ok(()) } else { Err(over.saturating_add(999) / 1_000) }
    }

    /// A wrong token came from this address.
    pub(super) fn failed(&self, from: Option<IpAddr>, now: Time) {
        let mut table = self.table();
        let now = now.as_millis();
        if table.len() >= ADDRESSES {
            table.retain(|_, forgotten| *forgotten > now);
        }
        if table.len() >= ADDRESSES {
            let oldest = table.iter().min_by_key(|(_, forgotten)| **forgotten).map(|(address, _)| *address);
            oldest.map(|address| table.remove(&address));
        }
        let forgotten = table.entry(network(from)).or_insert(now);
        *forgotten = (*forgotten).max(now).saturating_add(REFILL);
    }

    /// Nothing panics while it holds the lock.
    fn table(&self) -> MutexGuard<'_, HashMap<Option<IpAddr>, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever has one address of IPv6 has all of its network.
fn network(from: Option<IpAddr>) -> Option<IpAddr> {
    match from {
        Some(IpAddr::V6(address)) => {
            let bits = address.to_bits() & !u128::from(u64::MAX);
            Some(IpAddr::V6(Ipv6Addr::from_bits(bits)))
        }
        other => other,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Time {
        Time::from_millis(1_700_000_000_000 + ms).unwrap()
    }

    #[test]
    fn a_burst_then_one_each_three_seconds() {
        let throttle = Throttle::default();
        let here = Some("2001:db8::1".parse().unwrap());
        let neighbour = Some("2001:db8::2".parse().unwrap());
        for _ in 0..BURST {
            assert_eq!(throttle.check(here, at(0)), Ok(()));
            throttle.failed(here, at(0));
        }
        assert_eq!(throttle.check(here, at(0)), Err(3));
        assert_eq!(throttle.check(neighbour, at(0)), Err(3), "the same network");
        assert_eq!(throttle.check(Some("192.0.2.1".parse().unwrap()), at(0)), Ok(()), "someone else");
        assert_eq!(throttle.check(here, at(3_000)), Ok(()));
        throttle.failed(here, at(3_000));
        assert_eq!(throttle.check(here, at(3_000)), Err(3));
        assert_eq!(throttle.check(here, at(3_000 + BURST * REFILL)), Ok(()));
    }

    #[test]
    fn the_table_is_bounded() {
        let throttle = Throttle::default();
        for i in 0..u32::try_from(ADDRESSES).unwrap() + 100 {
            throttle.failed(Some(IpAddr::V4(i.into())), at(0));
        }
        assert_eq!(throttle.table().len(), ADDRESSES);
        // Those whose tries are forgotten go first, all at once.
        throttle.failed(None, at(REFILL));
        assert_eq!(throttle.table().len(), 1);
    }
}
