//! Calendar windows.

use claw_runtime::{Date, TimeOfDay};
use claw_syntax::Span;
use claw_syntax::ast::{self, DateRange, DayRange, HourRange, StrLit, WindowClauseKind as Kind};

use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{ModuleId, WindowId};
use crate::resolve::Cx;
use crate::suggest;
use crate::zones;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// A range of exceptions longer than this is a mistake.
const LONGEST_EXCEPTION: usize = 3_660;

impl Cx<'_> {
    pub(super) fn window(&mut self, module: ModuleId, decl: &ast::WindowDecl, id: WindowId) {
        let broken = self.is_broken(module, self.package.windows[id.index()].decl.loc.span);
        let (mut days, mut zone) = (None, None);
        let (mut hours, mut except) = (Vec::new(), Vec::new());
        for clause in &decl.clauses {
            match &clause.kind {
                Kind::Days(ranges) => {
                    let bits = self.days(module, ranges);
                    days = Some(days.unwrap_or(0) | bits);
                }
                Kind::Hours(ranges) => {
                    for range in ranges {
                        hours.extend(self.hours(module, range));
                    }
                }
                Kind::Zone(_) if zone.is_some() => self.written_twice(module, clause.span, "zone"),
                Kind::Zone(lit) => zone = Some(self.zone(module, lit)),
                Kind::Except(ranges) => {
                    for range in ranges {
                        self.exception(module, range, &mut except);
                    }
                }
                Kind::Error => {}
            }
        }
        if zone.is_none() && !broken {
            let loc = self.loc(module, decl.name.span);
            let error = Diagnostic::new(codes::E0413, loc, format!("the window `{}` has no time zone", decl.name.name))
                .help("say whose clock counts: `zone \"Europe/Berlin\"`");
            self.report(error);
        }
        except.sort();
        except.dedup();
        let entry = &mut self.package.windows[id.index()];
        entry.days = days.unwrap_or(0b111_1111);
        (entry.hours, entry.except) = (hours, except);
        entry.zone = zone.unwrap_or_default();
    }

    fn days(&mut self, module: ModuleId, ranges: &[DayRange]) -> u8 {
        let mut bits = 0;
        for range in ranges {
            let from = self.day(module, &range.from);
            let to = match &range.to {
                Some(to) => self.day(module, to),
                None => from,
            };
            let (Some(from), Some(to)) = (from, to) else { continue };
            // `fri..mon` runs over the weekend.
            let length = (to + 7 - from) % 7;
            for day in 0..=length {
                bits |= 1 << ((from + day) % 7);
            }
        }
        bits
    }

    fn day(&mut self, module: ModuleId, word: &ast::Ident) -> Option<u8> {
        if word.is_hole() {
            return None;
        }
        let at = DAYS.iter().position(|day| *day == word.name);
        if at.is_none() {
            let loc = self.loc(module, word.span);
            let lower = word.name.to_lowercase();
            let full = DAYS.iter().find(|day| lower.starts_with(**day)).copied();
            let near = full.or_else(|| suggest::nearest(&word.name, DAYS));
            let error = Diagnostic::new(codes::E0109, loc, format!("there is no day `{}`", word.name))
                .help(format!("days are {}", DAYS.map(|d| format!("`{d}`")).join(", ")))
                .did_you_mean(loc, near);
            self.report(error);
        }
        at.map(|at| at as u8)
    }

    fn hours(&mut self, module: ModuleId, range: &HourRange) -> Option<(u16, u16)> {
        if range.from.is_hole() || range.to.is_hole() {
            return None;
        }
        let from = self.time_of_day(module, &range.from, false)?;
        let to = self.time_of_day(module, &range.to, true)?;
        let loc = self.loc(module, range.from.span.join(range.to.span));
        if from == to {
            let error = Diagnostic::new(codes::E0410, loc, "these hours are empty: the end is not included")
                .help("for the whole day leave `hours` out");
            self.report(error);
            return None;
        }
        Some((from, to))
    }

    fn time_of_day(&mut self, module: ModuleId, lit: &ast::TextLit, end: bool) -> Option<u16> {
        if end && lit.text == "24:00" {
            return Some(24 * 60);
        }
        match TimeOfDay::parse(&lit.text) {
            Ok(time) if !end && time.minutes() == 24 * 60 => {
                let loc = self.loc(module, lit.span);
                let error = Diagnostic::new(codes::E0202, loc, "no hours begin at `24:00`")
                    .help("write `00:00` and name the next day");
                self.report(error);
                None
            }
            Ok(time) => Some(time.minutes()),
            Err(why) => {
                // What can't be read at all was reported by the grammar.
                if lit.text.matches(':').count() > 1 {
                    let loc = self.loc(module, lit.span);
                    self.report(Diagnostic::new(codes::E0202, loc, format!("`{}` is no time of day: {why}", lit.text)));
                }
                None
            }
        }
    }

    fn zone(&mut self, module: ModuleId, lit: &StrLit) -> String {
        if let Some((name, _)) = zones::lookup(&lit.value) {
            return name.to_owned();
        }
        let loc = self.loc(module, lit.span);
        let text = &lit.value;
        let names = zones::names();
        let city = names
            .iter()
            .find(|n| n.rsplit('/').next().is_some_and(|c| c.eq_ignore_ascii_case(&text.replace(' ', "_"))));
        let near = city.copied().or_else(|| suggest::nearest(text, names.iter().copied()));
        let error = Diagnostic::new(codes::E0411, loc, format!("there is no time zone `{text}`"));
        let error = match near {
            Some(near) => error.help(format!("did you mean `{near}`?")).fix(
                format!("change it to `{near}`"),
                loc,
                format!("\"{near}\""),
            ),
            None => error.help("zones have names of the IANA database: `Europe/Berlin`, `UTC`"),
        };
        self.report(error);
        String::new()
    }

    fn exception(&mut self, module: ModuleId, range: &DateRange, out: &mut Vec<Date>) {
        let Some(from) = self.date(&range.from) else { return };
        let Some(to_lit) = &range.to else { return out.push(from) };
        let Some(to) = self.date(to_lit) else { return };
        let loc = self.loc(module, Span::new(range.from.span.start, to_lit.span.end));
        if to < from {
            let error = Diagnostic::new(codes::E0410, loc, "this range of days ends before it begins");
            return self.report(error);
        }
        let mut day = from.civil();
        for _ in 0..LONGEST_EXCEPTION {
            if day > to.civil() {
                return;
            }
            out.extend(Date::new(day.year(), day.month(), day.day()));
            match day.tomorrow() {
                Ok(next) => day = next,
                Err(_) => return,
            }
        }
        self.report(Diagnostic::new(codes::E0410, loc, "this range of days is longer than ten years"));
    }

    fn date(&self, lit: &ast::TextLit) -> Option<Date> {
        // The grammar reports what is no date.
        Date::parse(&lit.text).ok()
    }
}
