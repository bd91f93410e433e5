//! Goes through a log's lines, once, and remembers no more of them than where it stands.

use std::ops::RangeInclusive;

use claw_runtime::{Digest, Json};

use super::{Expected, Gap, GapKind, Report};
use crate::audit::event::CheckpointEvent;
use crate::audit::read::{Place, RawLine};
use crate::audit::record::{Envelope, GENESIS, RecordError, hash_of, read_json};
use crate::signing::{self, SignatureError};

/// The most findings that are kept: a file that is no log at all would have one for each line.
const MOST: usize = 10_000;

pub(super) struct Walk<'a> {
    expected: &'a Expected,
    report: Report,
    /// What is wrong, each with the number of the line at which it showed.
    gaps: Vec<(u64, Gap)>,
    lines: u64,
    /// The hash that the next record has to name; unknown behind a line that could not be read or was changed.
    link: Option<Digest>,
    /// Lines since the last record that could not be read: each may have been one.
    unreadable: u64,
    /// Records that were missing when a later one came, and where that stood.
    missing: Vec<(RangeInclusive<u64>, u64, Place)>,
    /// The number that a changed record states: it may be its own.
    stated: Option<u64>,
    /// Retention: up to here records were dropped, and the hash of the last of them.
    dropped: Vec<(u64, Option<Digest>)>,
    /// What the first record names as the hash before it.
    first_prev: Option<Digest>,
    first_place: Option<Place>,
    last_place: Option<Place>,
    saw_head: bool,
    /// The last checkpoint that holds.
    signed_at: Option<u64>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(expected: &'a Expected) -> Walk<'a> {
        Walk {
            expected,
            report: Report::default(),
            gaps: Vec::new(),
            lines: 0,
            link: None,
            unreadable: 0,
            missing: Vec::new(),
            stated: None,
            dropped: Vec::new(),
            first_prev: None,
            first_place: None,
            last_place: None,
            saw_head: false,
            signed_at: None,
        }
    }

    fn gap(&mut self, kind: GapKind, place: &Place) {
        self.gap_at(kind, self.lines, Some(place));
    }

    fn gap_at(&mut self, kind: GapKind, line: u64, place: Option<&Place>) {
        if self.gaps.len() < MOST {
            self.gaps.push((line, Gap::at(kind, place)));
        }
    }

    pub(super) fn line(&mut self, line: RawLine) {
        self.last_place = Some(line.place.clone());
        self.lines = self.lines.saturating_add(1);
        let read = if line.too_long {
            Err(GapKind::NotARecord { why: "it is longer than any record".to_owned() })
        } else {
            record(&line.bytes)
        };
        match read {
            Ok((json, envelope)) => self.record(&json, &envelope, &line.place),
            Err(kind) => {
                let kind =
                    if line.ended { kind } else { GapKind::Truncated { after: self.report.last, expected: None } };
                self.gap(kind, &line.place);
                self.unreadable = self.unreadable.saturating_add(1);
                self.link = None;
            }
        }
    }

    fn record(&mut self, json: &Json, found: &Envelope, place: &Place) {
        self.report.records = self.report.records.saturating_add(1);
        let changed = hash_of(json) != found.hash;
        let at = if changed { self.changed(found, place) } else { self.place(found, place) };
        self.unreadable = 0;
        let Some(seq) = at else { return };
        self.report.last = Some(seq);
        self.report.head = Some(found.hash);
        self.link = (!changed).then_some(found.hash);
        if let Some((expected, hash)) = self.expected.head
            && seq == expected
        {
            self.saw_head = true;
            if found.hash != hash && !changed {
                self.gap(GapKind::OtherHead { seq }, place);
            }
        }
        if !changed {
            self.event(json, found, place);
        }
    }

    /// A record that is not what was written stands for the one that should be here, whatever number it states.
    fn changed(&mut self, found: &Envelope, place: &Place) -> Option<u64> {
        self.gap(GapKind::Changed { seq: found.seq }, place);
        let next = self.report.last.map(|last| last.saturating_add(1).saturating_add(self.unreadable));
        if self.report.first.is_none() {
            self.report.first = Some(found.seq);
            self.first_place = Some(place.clone());
        }
        self.stated = Some(found.seq);
        Some(next.unwrap_or(found.seq))
    }

    /// Is the record in its place? If so, or if it is later than it should be, the log goes on from it.
    fn place(&mut self, found: &Envelope, place: &Place) -> Option<u64> {
        let seq = found.seq;
        let Some(last) = self.report.last else {
            self.report.first = Some(seq);
            self.first_prev = (self.unreadable == 0).then_some(found.prev);
            self.first_place = Some(place.clone());
            return Some(seq);
        };
        let next = last.saturating_add(1);
        if seq < next {
            self.earlier(seq, place);
            return None;
        }
        // Every line that could not be read may have been one of those between. So may a changed record, unless the number
        // that it states fits what follows.
        let mut gone = next.saturating_add(self.unreadable);
        let mut end = seq.saturating_sub(1);
        if self.stated.take().is_some_and(|stated| stated > last && stated == end) {
            (gone, end) = (last, end.saturating_sub(1));
        }
        if gone <= end {
            if self.missing.len() < MOST {
                self.missing.push((gone..=end, self.lines, place.clone()));
            }
        } else if self.link.is_some_and(|link| link != found.prev) {
            self.gap(GapKind::BrokenLink { seq }, place);
        }
        Some(seq)
    }

    /// A record with a number that was passed already: one that was missing, or one that is there twice.
    fn earlier(&mut self, seq: u64, place: &Place) {
        let Some(at) = self.missing.iter().position(|(range, ..)| range.contains(&seq)) else {
            self.gap(GapKind::Duplicate { seq }, place);
            return;
        };
        let (range, line, jump) = self.missing.swap_remove(at);
        let (first, last) = range.into_inner();
        if first < seq {
            self.missing.push((first..=seq.saturating_sub(1), line, jump.clone()));
        }
        if seq < last {
            self.missing.push((seq.saturating_add(1)..=last, line, jump));
        }
        self.gap(GapKind::OutOfOrder { seq }, place);
    }

    /// What the record says about the log itself.
    fn event(&mut self, json: &Json, found: &Envelope, place: &Place) {
        let number = |key: &str| match json.get(key) {
            Some(Json::Num(text)) => text.parse::<u64>().ok(),
            _ => None,
        };
        match json.get("event").and_then(Json::as_str) {
            Some("checkpoint") => {
                self.report.checkpoints = self.report.checkpoints.saturating_add(1);
                if !self.expected.keys.is_empty() {
                    self.checkpoint(json, found, place);
                }
            }
            Some("dropped") => {
                let head = json.get("head").and_then(Json::as_str).and_then(|text| text.parse().ok());
                self.dropped.extend(number("through").map(|through| (through, head)));
            }
            Some("gap") => self.report.lost = self.report.lost.saturating_add(number("lost").unwrap_or(0)),
            _ => {}
        }
    }

    fn checkpoint(&mut self, json: &Json, found: &Envelope, place: &Place) {
        let through = found.seq.saturating_sub(1);
        let states = |key: &str| json.get(key).and_then(Json::as_str).unwrap_or_default();
        let here = matches!(json.get("through"), Some(Json::Num(text)) if **text == *through.to_string())
            && states("head") == found.prev.to_string();
        if !here {
            let why = "it speaks of another place in the log".to_owned();
            return self.gap(GapKind::BadSignature { seq: found.seq, why }, place);
        }
        let statement = CheckpointEvent::statement(through, &found.prev);
        match signing::verify(statement.as_bytes(), states("signature"), &self.expected.keys) {
            Ok(_) => {
                self.report.signed_through = Some(through);
                self.signed_at = Some(found.seq);
            }
            Err(SignatureError::UnknownKey(key)) => {
                self.gap(GapKind::UnknownKey { seq: found.seq, key: key.to_string() }, place);
            }
            Err(error) => self.gap(GapKind::BadSignature { seq: found.seq, why: error.to_string() }, place),
        }
    }

    pub(super) fn finish(mut self) -> Report {
        self.beginning();
        for (range, line, place) in std::mem::take(&mut self.missing) {
            let (first, last) = range.into_inner();
            self.gap_at(GapKind::Missing { first, last }, line, Some(&place));
        }
        self.ending();
        let signed = self.signed_at.or_else(|| self.report.first.map(|first| first.saturating_sub(1)));
        self.report.unsigned = self.report.last.unwrap_or(0).saturating_sub(signed.unwrap_or(0));
        let keys = !self.expected.keys.is_empty();
        if keys && self.report.records > 0 && self.report.signed_through.is_none() {
            let kind = GapKind::Unsigned { records: self.report.records };
            self.at_end(kind);
        }
        // In the order of the log; what shows at the same line, in the order in which it was found.
        self.gaps.sort_by_key(|(line, _)| *line);
        self.report.gaps = self.gaps.into_iter().map(|(_, gap)| gap).collect();
        self.report
    }

    fn at_end(&mut self, kind: GapKind) {
        let place = self.last_place.clone();
        self.gap_at(kind, self.lines, place.as_ref());
    }

    /// Does the log begin at its beginning? Where it does not, it has to say that what came before was dropped.
    fn beginning(&mut self) {
        let (Some(first), Some(place)) = (self.report.first, self.first_place.clone()) else {
            if self.unreadable == 0 {
                self.at_end(GapKind::Empty);
            }
            return;
        };
        let Some(prev) = self.first_prev else { return };
        match first.saturating_sub(1) {
            0 if prev == GENESIS => {}
            0 => self.gap_at(GapKind::BrokenLink { seq: first }, 0, Some(&place)),
            before => {
                let noted = self.dropped.iter().filter(|(through, _)| *through >= before);
                // Of several drops, the one that ended here knows the hash.
                let fits = |(through, head): &&(u64, Option<Digest>)| *through > before || *head == Some(prev);
                if noted.clone().next().is_none() {
                    self.gap_at(GapKind::Missing { first: 1, last: before }, 0, Some(&place));
                } else if noted.clone().any(|note| fits(&note)) {
                    self.report.dropped_through = Some(before);
                } else {
                    self.gap_at(GapKind::BrokenLink { seq: first }, 0, Some(&place));
                }
            }
        }
    }

    /// Does the log reach as far as it should?
    fn ending(&mut self) {
        let Some((expected, _)) = self.expected.head else { return };
        let dropped = self.report.dropped_through.is_some_and(|through| expected <= through);
        let missing = self
            .gaps
            .iter()
            .any(|(_, gap)| matches!(gap.kind, GapKind::Missing { first, last } if (first..=last).contains(&expected)));
        if !self.saw_head && !dropped && !missing {
            let kind = GapKind::Truncated { after: self.report.last, expected: Some(expected) };
            self.at_end(kind);
        }
    }
}

fn record(bytes: &[u8]) -> Result<(Json, Envelope), GapKind> {
    let parsed = read_json(bytes).and_then(|json| Envelope::of(&json).map(|envelope| (json, envelope)));
    parsed.map_err(|error| match error {
        RecordError::NotJson(error) => GapKind::NotJson { why: error.message },
        RecordError::NotARecord(why) => GapKind::NotARecord { why },
    })
}
