//! From wants to searches.
//!
//! Most kinds need one. The host of a URL may be written in ways that the one frame doesn't follow, so URLs are searched
//! for in up to three worlds: where hosts are what stands there, where they can't be read though they look as if
//! they could, and where they are read as an address that is written otherwise. There is no text if no world has one.

use std::sync::Arc;

use claw_runtime::Host;
use claw_runtime::bundle::CompareOp;

use super::frame::{self, Frame};
use super::machines::{COUNTED, range};
use super::search::{Found, Product, Track};
use super::{Answers, Kind, Lang, Machines, Part, Solved, Want, dfa, evaluate};

/// Hosts that look readable and may not be: too long, wrongly encoded, or numbers that are no address.
const UNREADABLE: &str = r"[\x00-\x7f]{64,}|([\x00-\x7f]*\.)?(xn--[\x00-\x7f]*|([0-9]+|0x[0-9a-f]*)\.*)";
/// Hosts that may be read as an address with another text.
const REWRITTEN: &str = r"\[::ffff:[0-9a-f:]*\]|([\x00-\x7f]*\.)?([0-9]+|0x[0-9a-f]*)\.*";
/// Hosts that may be IPv4 addresses.
const DIGITS_AND_DOTS: &str = "[0-9.]+";

/// A want on the whole text or on a part that the kind has. Only that of a URL's host may be unknown.
#[derive(Clone, PartialEq, Eq)]
struct Test {
    part: Option<Part>,
    lang: Lang,
    allowed: Answers,
}

/// The wants, simplified.
struct Plan {
    kind: Kind,
    tests: Vec<Test>,
    low: i64,
    high: Option<i64>,
    /// What tests of a URL's host may answer at all.
    host: Answers,
}

pub(super) fn search(machines: &mut Machines, kind: Kind, wants: &[Want]) -> Solved {
    let Some(plan) = Plan::new(kind, wants) else { return Solved::Nothing };
    let mut valid = |text: &str, machines: &mut Machines| evaluate::all(machines, kind, wants, text);
    let mut worlds = vec![World { frame: Frame::of(kind), tests: plan.tests.clone() }];
    if kind == Kind::Url {
        worlds.extend(plan.unreadable());
        worlds.extend(plan.rewritten(machines));
    }
    let mut outcome = Solved::Nothing;
    for world in worlds {
        match world.search(machines, &plan, &mut valid) {
            Solved::Nothing => {}
            Solved::TooLarge => outcome = Solved::TooLarge,
            found @ Solved::Text(_) => return found,
        }
    }
    outcome
}

impl Plan {
    /// `None` if some want can't be met.
    fn new(kind: Kind, wants: &[Want]) -> Option<Plan> {
        let most = match kind {
            Kind::Host => Some(253),
            Kind::Email => Some(254),
            Kind::Text | Kind::Url | Kind::Path => None,
        };
        let host = host_answers(wants);
        let mut plan = Plan { kind, tests: Vec::new(), low: 0, high: most, host };
        wants.iter().all(|want| plan.add(want)).then_some(plan)
    }

    /// Returns whether the want can be met.
    fn add(&mut self, want: &Want) -> bool {
        let (part, lang) = match &want.lang {
            Lang::Part(part, lang) if part.of() != self.kind || matches!(**lang, Lang::Part(..)) => {
                return want.allowed.covers(Answers::UNKNOWN);
            }
            Lang::Part(part, lang) => (Some(*part), &**lang),
            lang => (None, lang),
        };
        let possible = if part == Some(Part::UrlHost) { self.host } else { Answers::KNOWN };
        let allowed = want.allowed & possible;
        match (part, lang) {
            _ if allowed.is_empty() => return false,
            _ if allowed == possible => {}
            (None, Lang::Chars(op, bound)) => return self.limit(*op, *bound, allowed),
            _ => self.merge(Test { part, lang: lang.clone(), allowed }),
        }
        true
    }

    /// Narrows the number of characters.
    fn limit(&mut self, op: CompareOp, bound: i64, allowed: Answers) -> bool {
        let op = match op {
            op if allowed == Answers::TRUE => op,
            CompareOp::Lt => CompareOp::Ge,
            CompareOp::Le => CompareOp::Gt,
            CompareOp::Gt => CompareOp::Le,
            CompareOp::Ge => CompareOp::Lt,
        };
        let (low, high) = range(op, bound);
        self.low = self.low.max(low);
        self.high = high.map(|high| self.high.map_or(high, |most| most.min(high))).or(self.high);
        self.high.is_none_or(|high| self.low <= high)
    }

    /// To be in none of several sets is not to be in their union: one automaton instead of many.
    fn merge(&mut self, test: Test) {
        let alike = |other: &&mut Test| other.part == test.part && other.allowed == test.allowed;
        for other in self.tests.iter_mut().filter(alike) {
            match (&mut other.lang, &test.lang) {
                (Lang::OneOf(all), Lang::OneOf(more))
                | (Lang::Under(all), Lang::Under(more))
                | (Lang::Within(all), Lang::Within(more))
                    if !test.allowed.covers(Answers::TRUE) =>
                {
                    all.extend(more.iter().cloned());
                    return;
                }
                (one, another) if *one == *another => return,
                _ => {}
            }
        }
        self.tests.push(test);
    }

    /// The tests that don't look at the host, and one that does.
    fn with_host(&self, lang: Lang) -> World {
        let mut tests: Vec<Test> = self.tests.iter().filter(|t| t.part != Some(Part::UrlHost)).cloned().collect();
        tests.push(Test { part: Some(Part::UrlHost), lang, allowed: Answers::TRUE });
        World { frame: Frame::of_urls_with_any_host(), tests }
    }

    fn hosts(&self) -> impl Iterator<Item = &Test> {
        self.tests.iter().filter(|t| t.part == Some(Part::UrlHost))
    }

    fn unreadable(&self) -> Option<World> {
        let fits = self.hosts().all(|test| test.allowed.covers(Answers::UNKNOWN));
        fits.then(|| self.with_host(Lang::Matches(UNREADABLE.to_owned())))
    }

    fn rewritten(&self, machines: &mut Machines) -> Vec<World> {
        let mut wants: Vec<Want> =
            self.hosts().map(|t| Want::new(t.lang.clone(), t.allowed & Answers::KNOWN)).collect();
        wants.push(Want::new(Lang::Matches(DIGITS_AND_DOTS.to_owned()), Answers::TRUE));
        let mapped = match super::solve_with(machines, Kind::Host, &wants) {
            Solved::Nothing => return Vec::new(),
            Solved::Text(host) => mapped(&host),
            Solved::TooLarge => None,
        };
        let any = Lang::Matches(REWRITTEN.to_owned());
        mapped.map(|text| Lang::OneOf(vec![text])).into_iter().chain([any]).map(|lang| self.with_host(lang)).collect()
    }
}

/// A host is missing for all tests of it or for none: what one wants of that holds for all.
fn host_answers(wants: &[Want]) -> Answers {
    let of_host =
        |want: &&Want| matches!(&want.lang, Lang::Part(Part::UrlHost, lang) if !matches!(**lang, Lang::Part(..)));
    let is_there = |want: &Want| matches!(want.allowed, Answers::TRUE | Answers::FALSE);
    if wants.iter().filter(of_host).any(is_there) { Answers::KNOWN } else { Answers::ALL }
}

/// An IPv4 address as URLs write it within IPv6.
fn mapped(host: &str) -> Option<String> {
    let Ok(Host::Ip(std::net::IpAddr::V4(ip))) = Host::parse(host) else { return None };
    let [a, b, c, d] = ip.octets();
    Some(format!("[::ffff:{:x}:{:x}]", u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])))
}

struct World {
    frame: &'static Frame,
    tests: Vec<Test>,
}

impl World {
    fn search(
        &self,
        machines: &mut Machines,
        plan: &Plan,
        valid: &mut impl FnMut(&str, &mut Machines) -> bool,
    ) -> Solved {
        let Some(mut tracks) = self.tracks(machines, plan) else { return Solved::TooLarge };
        let high = plan.high.and_then(|high| u32::try_from(high).ok());
        for visits in [1, 8, 64] {
            let product = Product { frame: self.frame, tracks: &tracks, high, visits };
            match product.shortest(|text| valid(text, machines)) {
                Found::Text(text) => return Solved::Text(text),
                Found::Nothing => return Solved::Nothing,
                Found::TooLarge => return Solved::TooLarge,
                Found::Refused => {}
            }
            if visits == 1 {
                tracks.extend(self.lengths(plan.kind));
            }
        }
        Solved::TooLarge
    }

    /// `None` if some automaton is too large.
    fn tracks(&self, machines: &mut Machines, plan: &Plan) -> Option<Vec<Track>> {
        let counted = (plan.low > 0).then_some(Test {
            part: None,
            lang: Lang::Chars(CompareOp::Ge, plan.low),
            allowed: Answers::TRUE,
        });
        let tests = self.tests.iter().chain(&counted);
        let track = |test: &Test| {
            Some(Track {
                slot: test.part.map(frame::slot),
                dfa: machines.dfa(&test.lang)?,
                allowed: test.allowed,
                restarts: plan.kind == Kind::Path,
            })
        };
        if plan.low > COUNTED { None } else { tests.map(track).collect() }
    }

    /// How long labels and local parts may be: rarely of interest, and the search is larger with it.
    fn lengths(&self, kind: Kind) -> Vec<Track> {
        let at_most = |slot, most| Track {
            slot: Some(slot),
            dfa: Arc::new(dfa::count(0, Some(most))),
            allowed: Answers::TRUE,
            restarts: false,
        };
        let readable = |test: &Test| test.part == Some(Part::UrlHost) && !test.allowed.covers(Answers::UNKNOWN);
        match kind {
            Kind::Host => vec![at_most(frame::LABEL, 63)],
            Kind::Email => vec![at_most(frame::LABEL, 63), at_most(frame::slot(Part::EmailLocal), 64)],
            Kind::Url if std::ptr::eq(self.frame, Frame::of(Kind::Url)) && self.tests.iter().any(readable) => {
                vec![at_most(frame::LABEL, 63)]
            }
            _ => Vec::new(),
        }
    }
}
