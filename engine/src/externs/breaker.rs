//! Leaves a function alone for a while after several time-outs in a row. Knows no function.

use std::time::{Duration, Instant};

/// Whether a function is asked at present.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    /// Time-outs in a row.
    late: u32,
    /// Not asked before this, unless it is `None`.
    rests_until: Option<Instant>,
    /// The one question after a rest is on its way.
    trying: bool,
}

impl Breaker {
    /// May it be asked? After a rest, only once until the outcome is known.
    pub(super) fn admits(&mut self, now: Instant) -> bool {
        match self.rests_until {
            None => true,
            Some(until) if now < until || self.trying => false,
            Some(_) => {
                self.trying = true;
                true
            }
        }
    }

    /// It answered in time, whatever it was.
    pub(super) fn answered(&mut self) {
        *self = Breaker::default();
    }

    /// It was too slow.
    pub(super) fn timed_out(&mut self, now: Instant, trip_after: u32, rest: Duration) {
        self.late = self.late.saturating_add(1);
        self.trying = false;
        if trip_after > 0 && self.late >= trip_after {
            // A rest too long for the clock is one without end, nearly: the next question is asked in any case.
            self.rests_until = Some(now.checked_add(rest).unwrap_or(now));
        }
    }

    /// The question was never put to it, for want of a thread.
    pub(super) fn not_asked(&mut self) {
        self.trying = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rests_and_tries_again() {
        let (start, rest) = (Instant::now(), Duration::from_secs(10));
        let mut breaker = Breaker::default();
        for _ in 0..2 {
            assert!(breaker.admits(start));
            breaker.timed_out(start, 3, rest);
        }
        assert!(breaker.admits(start));
        breaker.answered();
        for _ in 0..3 {
            assert!(breaker.admits(start));
            breaker.timed_out(start, 3, rest);
        }
        assert!(!breaker.admits(start + Duration::from_secs(9)));
        assert!(breaker.admits(start + rest));
        assert!(!breaker.admits(start + rest));
        breaker.timed_out(start + rest, 3, rest);
        assert!(!breaker.admits(start + rest));
        assert!(breaker.admits(start + rest + rest));
        breaker.not_asked();
        assert!(breaker.admits(start + rest + rest));
        breaker.answered();
        assert!(breaker.admits(start + rest + rest) && breaker.admits(start + rest + rest));
    }
}
