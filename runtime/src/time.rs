//! Durations, points in time, dates and times of day. Reads no clock and no zone database.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp, civil};
use serde::{Deserialize, Serialize};

/// A span of time in whole milliseconds, written `90s`, `15m`, `2h30m`, `7d`; a day is 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Duration {
    millis: i64,
}

/// The units of a duration with their milliseconds, largest first.
const UNITS: [(&str, i64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Duration {
    /// A duration of so many milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Duration {
        Duration { millis }
    }

    /// The whole duration in milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.millis
    }

    /// The whole duration in seconds, rounded up: what a `…_s` field of the wire format holds.
    #[must_use]
    pub fn as_secs_ceil(self) -> i64 {
        self.millis.div_euclid(1000).saturating_add(i64::from(self.millis.rem_euclid(1000) != 0))
    }

    /// Reads `2h30m`: units from large to small, each at most once, optionally after a `-`.
    pub fn parse(text: &str) -> Result<Duration, String> {
        let bad = || "a duration is written like `90s`, `15m`, `2h30m` or `7d`".to_owned();
        let (sign, mut rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let mut millis = 0i64;
        let mut units = UNITS.iter();
        if rest.is_empty() {
            return Err(bad());
        }
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '_').ok_or_else(bad)?;
            let (digits, tail) = rest.split_at_checked(end).ok_or_else(bad)?;
            let end = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at_checked(end).ok_or_else(bad)?;
            // `find` goes on from where the last unit stood, which keeps them in order.
            let (_, factor) = units.find(|(name, _)| *name == unit).ok_or_else(bad)?;
            let number: i64 = digits.replace('_', "").parse().map_err(|_| bad())?;
            millis = number
                .checked_mul(*factor)
                .and_then(|part| millis.checked_add(part))
                .ok_or("this duration is too long")?;
            rest = tail;
        }
        Ok(Duration { millis: millis * sign })
    }

    /// The sum, or `None` on overflow.
    #[must_use]
    pub fn checked_add(self, other: Duration) -> Option<Duration> {
        self.millis.checked_add(other.millis).map(Duration::from_millis)
    }

    /// The difference, or `None` on overflow.
    #[must_use]
    pub fn checked_sub(self, other: Duration) -> Option<Duration> {
        self.millis.checked_sub(other.millis).map(Duration::from_millis)
    }

    /// The multiple, or `None` on overflow.
    #[must_use]
    pub fn checked_mul(self, factor: i64) -> Option<Duration> {
        self.millis.checked_mul(factor).map(Duration::from_millis)
    }
}

impl FromStr for Duration {
    type Err = String;
    fn from_str(text: &str) -> Result<Duration, String> {
        Duration::parse(text)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.millis == 0 {
            return f.write_str("0s");
        }
        if self.millis < 0 {
            f.write_str("-")?;
        }
        let mut rest = self.millis.unsigned_abs();
        for (unit, factor) in UNITS {
            let factor = factor.unsigned_abs();
            if rest >= factor {
                write!(f, "{}{unit}", rest / factor)?;
                rest %= factor;
            }
        }
        Ok(())
    }
}

/// A point in time, to the nanosecond, without a zone. Printed in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "(i64, i32)", into = "(i64, i32)")]
pub struct Time(Timestamp);

impl Time {
    /// So many milliseconds after 1970-01-01T00:00:00Z, if that is within the years −9999 to 9999.
    #[must_use]
    pub fn from_millis(millis: i64) -> Option<Time> {
        Timestamp::from_millisecond(millis).ok().map(Time)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        self.0.as_nanosecond().div_euclid(1_000_000).try_into().unwrap_or(i64::MAX)
    }

    /// The underlying timestamp.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        self.0
    }

    /// Reads an RFC 3339 time; the offset is required.
    pub fn parse(text: &str) -> Result<Time, String> {
        match whole_second(text) {
            Some(time) => Ok(time),
            None => Time::parse_any(text),
        }
    }

    fn parse_any(text: &str) -> Result<Time, String> {
        let bad = || "a time is written like `2026-03-02T10:00:00+01:00`".to_owned();
        // The library reads more than RFC 3339 (week dates, zone names, missing seconds): bound the shape first.
        if !matches_shape(text.as_bytes(), b"dddd-dd-ddTdd:dd:dd") {
            return Err(bad());
        }
        let offset = text.get(19..).unwrap_or_default().trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
        if offset != "Z"
            && !(offset.len() == 6
                && (matches_shape(offset.as_bytes(), b"+dd:dd") || matches_shape(offset.as_bytes(), b"-dd:dd")))
        {
            return Err(bad());
        }
        text.parse().map(Time).map_err(|_| bad())
    }

    /// The time so much later, or `None` out of range.
    #[must_use]
    pub fn checked_add(self, span: Duration) -> Option<Time> {
        self.0.checked_add(SignedDuration::from_millis(span.millis)).ok().map(Time)
    }

    /// The time so much earlier, or `None` out of range.
    #[must_use]
    pub fn checked_sub(self, span: Duration) -> Option<Time> {
        self.0.checked_sub(SignedDuration::from_millis(span.millis)).ok().map(Time)
    }

    /// How long after `earlier` this is; negative if before. Rounded down to milliseconds.
    #[must_use]
    pub fn since(self, earlier: Time) -> Duration {
        let nanos = self.0.as_nanosecond().saturating_sub(earlier.0.as_nanosecond());
        Duration::from_millis(nanos.div_euclid(1_000_000).try_into().unwrap_or(i64::MAX))
    }
}

/// Reads how most hosts write a time: in UTC, to the second.
fn whole_second(text: &str) -> Option<Time> {
    let text = text.as_bytes();
    if text.len() != 20 || !matches_shape(text, b"dddd-dd-ddTdd:dd:ddZ") {
        return None;
    }
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to).unwrap_or_default();
        digits.iter().fold(0, |n: i16, digit| 10 * n + i16::from(digit - b'0'))
    };
    // At most two digits each.
    let small = |from: usize| number(from, from + 2) as i8;
    let (month, day, hour, minute, second) = (small(5), small(8), small(11), small(14), small(17));
    let at = civil::DateTime::new(number(0, 4), month, day, hour, minute, second, 0).ok()?;
    jiff::tz::Offset::UTC.to_timestamp(at).ok().map(Time)
}

/// Does `text` begin like `shape`, where `d` stands for a digit?
fn matches_shape(text: &[u8], shape: &[u8]) -> bool {
    text.len() >= shape.len()
        && text.iter().zip(shape).all(|(t, s)| if *s == b'd' { t.is_ascii_digit() } else { t == s })
}

impl From<Timestamp> for Time {
    fn from(value: Timestamp) -> Time {
        Time(value)
    }
}

impl From<Time> for (i64, i32) {
    fn from(value: Time) -> (i64, i32) {
        (value.0.as_second(), value.0.subsec_nanosecond())
    }
}

impl TryFrom<(i64, i32)> for Time {
    type Error = String;
    fn try_from((seconds, nanos): (i64, i32)) -> Result<Time, String> {
        Timestamp::new(seconds, nanos).map(Time).map_err(|e| e.to_string())
    }
}

impl FromStr for Time {
    type Err = String;
    fn from_str(text: &str) -> Result<Time, String> {
        Time::parse(text)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A calendar date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "(i16, i8, i8)", into = "(i16, i8, i8)")]
pub struct Date(civil::Date);

impl Date {
    /// The date, if the calendar has it.
    #[must_use]
    pub fn new(year: i16, month: i8, day: i8) -> Option<Date> {
        civil::Date::new(year, month, day).ok().map(Date)
    }

    /// The underlying civil date.
    #[must_use]
    pub fn civil(self) -> civil::Date {
        self.0
    }

    /// Reads `2026-03-02`.
    pub fn parse(text: &str) -> Result<Date, String> {
        if text.len() != 10 || !matches_shape(text.as_bytes(), b"dddd-dd-dd") {
            return Err("a date is written like `2026-03-02`".to_owned());
        }
        text.parse().map(Date).map_err(|_| format!("`{text}` is not in the calendar"))
    }
}

impl From<civil::Date> for Date {
    fn from(value: civil::Date) -> Date {
        Date(value)
    }
}

impl From<Date> for (i16, i8, i8) {
    fn from(value: Date) -> (i16, i8, i8) {
        (value.0.year(), value.0.month(), value.0.day())
    }
}

impl TryFrom<(i16, i8, i8)> for Date {
    type Error = String;
    fn try_from((year, month, day): (i16, i8, i8)) -> Result<Date, String> {
        Date::new(year, month, day).ok_or_else(|| "not a date".to_owned())
    }
}

impl FromStr for Date {
    type Err = String;
    fn from_str(text: &str) -> Result<Date, String> {
        Date::parse(text)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A wall-clock time to the minute, `00:00` to `24:00` (the end of a day).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// So many minutes after midnight, at most 1440.
    #[must_use]
    pub fn from_minutes(minutes: u16) -> Option<TimeOfDay> {
        (minutes <= 24 * 60).then_some(TimeOfDay(minutes))
    }

    /// Minutes after midnight.
    #[must_use]
    pub fn minutes(self) -> u16 {
        self.0
    }

    /// Reads `09:00`.
    pub fn parse(text: &str) -> Result<TimeOfDay, String> {
        let bad = || "a time of day is written like `09:00`".to_owned();
        if text.len() != 5 || !matches_shape(text.as_bytes(), b"dd:dd") {
            return Err(bad());
        }
        let (hours, minutes) = text.split_once(':').ok_or_else(bad)?;
        let (hours, minutes): (u16, u16) = (hours.parse().map_err(|_| bad())?, minutes.parse().map_err(|_| bad())?);
        if minutes > 59 {
            return Err(format!("`{text}` is no time of day"));
        }
        TimeOfDay::from_minutes(hours * 60 + minutes).ok_or_else(|| format!("`{text}` is no time of day"))
    }
}

impl From<TimeOfDay> for u16 {
    fn from(value: TimeOfDay) -> u16 {
        value.0
    }
}

impl TryFrom<u16> for TimeOfDay {
    type Error = String;
    fn try_from(minutes: u16) -> Result<TimeOfDay, String> {
        TimeOfDay::from_minutes(minutes).ok_or_else(|| "not a time of day".to_owned())
    }
}

impl FromStr for TimeOfDay {
    type Err = String;
    fn from_str(text: &str) -> Result<TimeOfDay, String> {
        TimeOfDay::parse(text)
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations() {
        for (text, canonical) in [
            ("90s", "1m30s"),
            ("15m", "15m"),
            ("2h30m", "2h30m"),
            ("7d", "7d"),
            ("500ms", "500ms"),
            ("0m", "0s"),
            ("-5m", "-5m"),
            ("1_000ms", "1s"),
        ] {
            assert_eq!(Duration::parse(text).unwrap().to_string(), canonical);
        }
        for text in
            ["", "-", "5", "m", "5x", "15min", "30m2h", "1h1h", "1.5h", "5 m", "٣m", "9999999999999d", "--5m", "_m"]
        {
            assert!(Duration::parse(text).is_err(), "{text}");
        }
        assert_eq!(Duration::from_millis(1001).as_secs_ceil(), 2);
    }

    #[test]
    fn times() {
        for (text, canonical) in [
            ("2026-03-02T10:00:00+01:00", "2026-03-02T09:00:00Z"),
            ("2026-03-02T09:00:00Z", "2026-03-02T09:00:00Z"),
            ("2026-03-02T09:00:00.250Z", "2026-03-02T09:00:00.25Z"),
        ] {
            assert_eq!(Time::parse(text).unwrap().to_string(), canonical);
        }
        for text in [
            "2026-03-02T10:00:00",
            "2026-03-02",
            "2026-03-02T10:00Z",
            "2026-3-2T10:00:00Z",
            "20260302T100000Z",
            "2026-02-30T10:00:00Z",
            "2026-03-02T10:00:00+01",
            "2026-03-02T10:00:00+01:00[Europe/Berlin]",
            "2026-03-02T25:00:00Z",
            "2026-03-02 10:00:00Z",
            "",
        ] {
            assert!(Time::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn time_arithmetic() {
        let noon = Time::parse("2026-03-02T12:00:00Z").unwrap();
        let hour = Duration::parse("1h").unwrap();
        assert_eq!(noon.checked_add(hour).unwrap().since(noon), hour);
        assert_eq!(noon.checked_sub(hour).unwrap().since(noon).to_string(), "-1h");
        assert_eq!(noon.checked_add(Duration::from_millis(i64::MAX)), None);
    }

    #[test]
    fn dates_and_times_of_day() {
        assert_eq!(Date::parse("2026-03-02").unwrap().to_string(), "2026-03-02");
        for text in ["2026-3-2", "2026-02-30", "20260302", "2026-03-02T00:00", ""] {
            assert!(Date::parse(text).is_err(), "{text}");
        }
        assert_eq!(TimeOfDay::parse("24:00").unwrap().minutes(), 1440);
        for text in ["9:00", "24:01", "12:60", "99:99", "12:0x"] {
            assert!(TimeOfDay::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn durations_round_trip(millis in -i64::MAX..i64::MAX) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(Duration::parse(&duration.to_string()), Ok(duration));
        }

        #[test]
        fn common_times_are_read_like_others(
            text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]Z|2[0-9]{3}-02-(28|29|30)T23:59:(59|60)Z",
        ) {
            if let Some(time) = whole_second(&text) {
                prop_assert_eq!(Time::parse_any(&text), Ok(time));
            }
        }

        #[test]
        fn times_round_trip(millis in -60_000_000_000_000i64..250_000_000_000_000) {
            let time = Time::from_millis(millis).unwrap();
            prop_assert_eq!(Time::parse(&time.to_string()), Ok(time));
        }

        #[test]
        fn never_panics(text in "[0-9dhms:TZ+.-]{0,30}|.{0,20}") {
            let _ = (Duration::parse(&text), Time::parse(&text), Date::parse(&text), TimeOfDay::parse(&text));
        }
    }
}
