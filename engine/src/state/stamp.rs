//! Times as text of a fixed width, in an order that databases and scripts can compare without arithmetic.

use claw_runtime::Time;

/// Added to the seconds, so that none within the calendar is negative.
const SHIFT: i64 = 1_000_000_000_000;

/// Thirteen digits of seconds and nine of nanoseconds.
pub(super) fn write(time: Time) -> String {
    let nanos = time.timestamp().as_nanosecond();
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or_default();
    format!("{:013}{:09}", seconds.saturating_add(SHIFT), nanos.rem_euclid(1_000_000_000))
}

/// The time that was written so; `None` if none was.
pub(super) fn read(text: &str) -> Option<Time> {
    if text.len() != 22 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (seconds, nanos) = text.split_at_checked(13)?;
    let seconds = seconds.parse::<i64>().ok()?.checked_sub(SHIFT)?;
    Time::try_from((seconds, nanos.parse().ok()?)).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn time() -> impl Strategy<Value = Time> {
        (-377_705_023_201i64..=253_402_207_200, 0..1_000_000_000i32).prop_map(|(s, n)| Time::try_from((s, n)).unwrap())
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(2), ..ProptestConfig::default() })]

        #[test]
        fn order_is_kept(a in time(), b in time()) {
            prop_assert_eq!(read(&write(a)), Some(a));
            prop_assert_eq!(write(a).cmp(&write(b)), a.cmp(&b));
        }

        #[test]
        fn nonsense_is_no_time(text in "[0-9]{0,30}|.{0,30}") {
            if let Some(time) = read(&text) {
                prop_assert_eq!(write(time), text);
            }
        }
    }
}
