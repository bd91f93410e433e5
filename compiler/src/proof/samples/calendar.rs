//! Points in time where calendar windows are asked about.
//!
//! Whether a window is open follows from the wall clock alone: the day of the week, the minute, and whether today or
//! yesterday is an exception. So it is enough to look at every turn of one ordinary week and of the days with
//! exceptions, on each side of every constant. Of those with the same answers, the first is kept.

use claw_runtime::{Time, Value, Window};
use jiff::civil;
use jiff::tz::TimeZone;
use rustc_hash::FxHashSet;

use super::Samples;
use super::line::{Step, known_times};

/// Six weeks: an ordinary one is among them, unless the exceptions are very many.
const STRETCH: i64 = 42;

/// Where zones differ, how far apart they are changes over the year.
const YEAR: i64 = 371;

/// Times that answer all the windows and constants differently; complete for windows of a single zone.
pub(super) fn times(constants: &[Value], windows: &[(&Window, &TimeZone)]) -> Samples {
    let constants = known_times(constants);
    let zones = zones(windows);
    let mut found = Found { windows, constants: &constants, seen: FxHashSet::default(), times: Vec::new() };
    let mut complete = zones.len() == 1;
    // What follows the last constant is nearest to the present: it comes first.
    for i in (0..=constants.len()).rev() {
        let low = i.checked_sub(1).and_then(|i| constants.get(i)).copied();
        let gap = Gap { low, high: constants.get(i).copied() };
        let stretch = if zones.len() == 1 { STRETCH } else { YEAR };
        for zone in &zones {
            complete &= zone.visit(gap, stretch, &mut found);
        }
        for time in gap.edges() {
            found.add(time);
        }
    }
    for constant in &constants {
        found.add(*constant);
    }
    Samples { values: found.times.into_iter().map(Value::Time).collect(), complete }
}

/// The times between two neighbouring constants.
#[derive(Clone, Copy)]
struct Gap {
    low: Option<Time>,
    high: Option<Time>,
}

impl Gap {
    fn contains(&self, time: Time) -> bool {
        self.low.is_none_or(|low| low < time) && self.high.is_none_or(|high| time < high)
    }

    /// The very first and very last time of the gap.
    fn edges(&self) -> impl Iterator<Item = Time> + use<> {
        let tick = jiff::SignedDuration::from_nanos(1);
        let first = self.low.and_then(|low| low.timestamp().checked_add(tick).ok());
        let last = self.high.and_then(|high| high.timestamp().checked_sub(tick).ok());
        let plain = self.low.and_then(|low| low.above(self.high));
        let gap = *self;
        plain.into_iter().chain([first, last].into_iter().flatten().map(Time::from)).filter(move |t| gap.contains(*t))
    }
}

/// The times that were found, each with answers of its own.
struct Found<'a> {
    windows: &'a [(&'a Window, &'a TimeZone)],
    constants: &'a [Time],
    seen: FxHashSet<(Result<usize, usize>, Vec<bool>)>,
    times: Vec<Time>,
}

impl Found<'_> {
    fn add(&mut self, time: Time) {
        let open = self.windows.iter().map(|(window, zone)| window.contains(time, zone)).collect();
        if self.seen.insert((self.constants.binary_search(&time), open)) {
            self.times.push(time);
        }
    }
}

/// A time zone with the turns that its windows take on its wall clocks.
struct Zone<'a> {
    id: u32,
    rules: &'a TimeZone,
    /// Minutes of the day at which a window may open or close, and midnight.
    turns: Vec<u16>,
    /// Days on which some window is closed.
    except: Vec<civil::Date>,
}

fn zones<'a>(windows: &[(&'a Window, &'a TimeZone)]) -> Vec<Zone<'a>> {
    let mut zones: Vec<Zone<'a>> = Vec::new();
    for (window, rules) in windows {
        let at = zones.iter().position(|zone| zone.id == window.zone && zone.rules == *rules).unwrap_or_else(|| {
            zones.push(Zone { id: window.zone, rules, turns: vec![0], except: Vec::new() });
            zones.len() - 1
        });
        let zone = &mut zones[at];
        let minutes = window.spans.iter().flat_map(|span| [span.from.minutes(), span.to.minutes()]);
        // The end of a day is the next one's midnight.
        zone.turns.extend(minutes.filter(|minute| *minute < 24 * 60));
        zone.except.extend(window.except.iter().map(|day| day.civil()));
    }
    for zone in &mut zones {
        zone.turns.sort_unstable();
        zone.turns.dedup();
        zone.except.sort_unstable();
        zone.except.dedup();
    }
    zones
}

impl Zone<'_> {
    /// Looks at the gap's days; false if these may not show all that the windows can answer there.
    fn visit(&self, gap: Gap, stretch: i64, found: &mut Found<'_>) -> bool {
        let date = |time: Time| self.rules.to_datetime(time.timestamp()).date();
        let (first, last) = (gap.low.map(date), gap.high.map(date));
        let (days, all) = days(first, last, stretch);
        // A day at either end is in the gap only in part.
        let ordinary: FxHashSet<_> = days
            .iter()
            .filter(|day| Some(**day) != first && Some(**day) != last && self.is_ordinary(**day))
            .map(|day| day.weekday().to_monday_zero_offset())
            .collect();
        let special = self.except.iter().flat_map(|day| [Some(*day), day.tomorrow().ok()]).flatten();
        for day in days.iter().copied().chain(special) {
            for time in self.moments(day) {
                if gap.contains(time) {
                    found.add(time);
                }
            }
        }
        all || ordinary.len() == 7
    }

    /// No exception touches it, and every minute of it comes once.
    fn is_ordinary(&self, day: civil::Date) -> bool {
        let is_exception = |day: civil::Date| self.except.binary_search(&day).is_ok();
        let offset = |day: civil::Date| {
            self.rules.to_timestamp(day.at(0, 0, 0, 0)).ok().map(|midnight| self.rules.to_offset(midnight))
        };
        let (Ok(yesterday), Ok(tomorrow)) = (day.yesterday(), day.tomorrow()) else { return false };
        !is_exception(day) && !is_exception(yesterday) && offset(day) == offset(tomorrow)
    }

    /// When the windows may turn on a day, and when its clocks change.
    fn moments(&self, day: civil::Date) -> Vec<Time> {
        let mut out = Vec::new();
        for minute in &self.turns {
            let (hour, minute) = (i8::try_from(minute / 60), i8::try_from(minute % 60));
            let (Ok(hour), Ok(minute)) = (hour, minute) else { continue };
            let local = self.rules.to_ambiguous_timestamp(day.at(hour, minute, 0, 0));
            out.extend(local.earlier().into_iter().chain(local.later()).map(Time::from));
        }
        let midnight = |day: civil::Date| self.rules.to_timestamp(day.at(0, 0, 0, 0)).ok();
        if let (Some(start), Some(end)) = (midnight(day), day.tomorrow().ok().and_then(midnight)) {
            let changes = self.rules.following(start).map(|change| change.timestamp());
            out.extend(changes.take_while(|change| *change < end).map(Time::from));
        }
        out
    }
}

/// Days between two, and whether they are all that there are.
fn days(first: Option<civil::Date>, last: Option<civil::Date>, stretch: i64) -> (Vec<civil::Date>, bool) {
    let span = jiff::Span::new().days(stretch);
    let start = match (first, last) {
        (Some(first), _) => first,
        (None, Some(last)) => last.checked_sub(span).unwrap_or(civil::Date::MIN),
        (None, None) => super::monday(),
    };
    let stop = start.checked_add(span).unwrap_or(civil::Date::MAX);
    let all = first.is_some() && last.is_some_and(|last| last <= stop);
    let stop = last.map_or(stop, |last| last.min(stop));
    let mut day = Some(start);
    let days = std::iter::from_fn(|| {
        let today = day.filter(|day| *day <= stop)?;
        day = today.tomorrow().ok();
        Some(today)
    });
    (days.collect(), all)
}
