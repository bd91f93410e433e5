//! A record: an event with its number, its time and the hashes that chain it to the record before.
//!
//! On the wire it is one line of canonical JSON. The hash is SHA-256 over that line without the member `hash`.

use std::fmt;

use claw_runtime::{Digest, Json, JsonError, Limits, Time};

use super::canonical::{CanonicalError, Members, write_string};
use super::event::Event;

/// What the first record of a chain names as the hash before it.
pub const GENESIS: Digest = Digest([0; 32]);

/// The longest line that is read, in bytes.
pub const MAX_LINE: usize = 16 << 20;

/// A record as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Its number, from 1, without holes.
    pub seq: u64,
    /// When, as the host's clock told; none where it told nothing.
    pub time: Option<Time>,
    /// The time is earlier than the record's before: the order of records is that of `seq`.
    pub clock_backwards: bool,
    /// The hash of the record before.
    pub prev: Digest,
    /// The record's own hash, as it states it.
    pub hash: Digest,
    /// What happened.
    pub event: Event,
}

/// Why a line is no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// It is no JSON.
    NotJson(JsonError),
    /// It is JSON, and no record: what is missing or wrong.
    NotARecord(String),
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordError::NotJson(error) => write!(f, "this is no JSON: {}", error.message),
            RecordError::NotARecord(what) => write!(f, "this is no record: {what}"),
        }
    }
}

impl std::error::Error for RecordError {}

impl Record {
    /// Reads a line, with or without its end. Does not hold the hash against the contents; [`verify`](super::verify()) does.
    pub fn parse(line: &str) -> Result<Record, RecordError> {
        let json = read_json(line.as_bytes())?;
        let envelope = Envelope::of(&json)?;
        let mut event: Event =
            serde_json::from_str(line).map_err(|error| RecordError::NotARecord(error.to_string()))?;
        if let Event::Decision(decision) = &mut event {
            // serde_json read their numbers as doubles.
            decision.args.0 = json.get("args").cloned().unwrap_or_default();
            decision.constraints.0 = json.get("constraints").cloned().unwrap_or_default();
        }
        let Envelope { seq, time, clock_backwards, prev, hash } = envelope;
        Ok(Record { seq, time, clock_backwards, prev, hash, event })
    }
}

/// Reads a line as JSON within bounds that every record is in.
pub(crate) fn read_json(line: &[u8]) -> Result<Json, RecordError> {
    let limits = Limits {
        bytes: MAX_LINE,
        depth: 256,
        string: MAX_LINE,
        elements: 1 << 20,
        nodes: 1 << 21,
        number: 4096,
        ..Limits::default()
    };
    Json::parse(line, &limits).map_err(RecordError::NotJson)
}

/// What stands around an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) seq: u64,
    pub(crate) time: Option<Time>,
    pub(crate) clock_backwards: bool,
    pub(crate) prev: Digest,
    pub(crate) hash: Digest,
}

impl Envelope {
    /// Reads it, whatever the event may be.
    pub(crate) fn of(json: &Json) -> Result<Envelope, RecordError> {
        let bad = |what: &str| RecordError::NotARecord(what.to_owned());
        let digest = |key: &str| -> Result<Digest, RecordError> {
            let text = json.get(key).and_then(Json::as_str).ok_or_else(|| bad(&format!("it has no `{key}`")))?;
            text.parse().map_err(|_| bad(&format!("its `{key}` is no digest")))
        };
        let seq = match json.get("seq") {
            Some(Json::Num(text)) => text.parse().map_err(|_| bad("its `seq` is no number of a record"))?,
            _ => return Err(bad("it has no `seq`")),
        };
        let time = match json.get("time") {
            None | Some(Json::Null) => None,
            Some(Json::Str(text)) => Some(Time::parse(text).map_err(|_| bad("its `time` is no time"))?),
            Some(_) => return Err(bad("its `time` is no time")),
        };
        let clock_backwards = json.get("clock_backwards") == Some(&Json::Bool(true));
        Ok(Envelope { seq, time, clock_backwards, prev: digest("prev")?, hash: digest("hash")? })
    }
}

/// The hash that a record should have: over its canonical text without `hash`.
pub(crate) fn hash_of(record: &Json) -> Digest {
    let Json::Obj(members) = record else { return Digest::of_json(record) };
    let others = members.iter().filter(|(key, _)| &**key != "hash").cloned().collect();
    Digest::of_json(&Json::Obj(others))
}

/// A line of the log: a record's text, without the line's end, and what a sink indexes it by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The record's number.
    pub seq: u64,
    /// Its time.
    pub time: Option<Time>,
    /// Its hash.
    pub hash: Digest,
    /// The event's name.
    pub event: &'static str,
    /// Whose it is, as far as the event names somebody.
    pub tenant: Option<String>,
    /// The record as canonical JSON.
    pub text: String,
}

/// The last record of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tail {
    /// Its number.
    pub seq: u64,
    /// Its hash.
    pub hash: Digest,
    /// Its time.
    pub time: Option<Time>,
}

impl Tail {
    /// The end of a log whose last line this is; an error, where the line is no record or was changed.
    pub(crate) fn of_line(line: &[u8]) -> Result<Tail, RecordError> {
        let json = read_json(line)?;
        let Envelope { seq, time, hash, .. } = Envelope::of(&json)?;
        if hash_of(&json) != hash {
            return Err(RecordError::NotARecord("its contents do not have its hash".to_owned()));
        }
        Ok(Tail { seq, hash, time })
    }
}

/// An event that is written as far as it can be before its place in the chain is known.
#[derive(Debug)]
pub(crate) struct Prepared {
    members: Members,
    event: &'static str,
    tenant: Option<String>,
}

impl Prepared {
    pub(crate) fn new(event: &Event) -> Result<Prepared, CanonicalError> {
        Ok(Prepared { members: Members::of(event)?, event: event.name(), tenant: event.tenant().map(str::to_owned) })
    }

    /// The length of the event alone, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// The record behind `last`.
    pub(crate) fn chain(self, last: Option<&Tail>, time: Option<Time>) -> Line {
        let seq = last.map_or(0, |tail| tail.seq).saturating_add(1);
        let prev = quoted(&last.map_or(GENESIS, |tail| tail.hash).to_string());
        let backwards = last.and_then(|tail| tail.time).zip(time).is_some_and(|(before, now)| now < before);
        let number = seq.to_string();
        let shown = time.map_or_else(|| "null".to_owned(), |time| quoted(&format!("{:.3}", time.timestamp())));
        let mut text = String::with_capacity(self.members.len().saturating_add(320));
        let envelope = [("clock_backwards", "true"), ("prev", &prev), ("seq", &number), ("time", &shown)];
        let envelope = envelope.get(usize::from(!backwards)..).unwrap_or_default();
        let place = self.members.write_with(envelope, "hash", &mut text);
        let hash = Digest::of(text.as_bytes());
        text.insert_str(place, &format!("\"hash\":\"{hash}\","));
        Line { seq, time, hash, event: self.event, tenant: self.tenant, text }
    }
}

impl Line {
    /// The log's end, once this line is its last. `before` is the end until then.
    pub(crate) fn tail(&self, before: Option<&Tail>) -> Tail {
        // Where the clock told nothing, the next record is held against the last time that was told.
        Tail { seq: self.seq, hash: self.hash, time: self.time.or(before.and_then(|tail| tail.time)) }
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    write_string(text, &mut out);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{DecisionEvent, GapEvent, Payload};
    use super::*;

    fn time(text: &str) -> Option<Time> {
        Some(Time::parse(text).unwrap())
    }

    #[test]
    fn records_read_back_and_carry_their_hash() {
        let args = Json::Obj(vec![("n".into(), Json::Num("0.10000000000000000000000001".into()))]);
        let decision = DecisionEvent { tool: "t".to_owned(), args: Payload(args), ..DecisionEvent::default() };
        let events = [Event::Decision(Box::new(decision)), Event::Gap(GapEvent { lost: 2, error: "\"\n".to_owned() })];
        let mut last = None;
        for (at, event) in events.iter().enumerate() {
            let line = Prepared::new(event).unwrap().chain(last.as_ref(), time("2026-03-02T09:00:00.1234Z"));
            let json = read_json(line.text.as_bytes()).unwrap();
            assert_eq!(json.canonical(), line.text);
            assert_eq!(hash_of(&json), line.hash);
            let record = Record::parse(&line.text).unwrap();
            assert_eq!(&record.event, event);
            assert_eq!((record.seq, record.hash), (at as u64 + 1, line.hash));
            assert_eq!(record.prev, last.map_or(GENESIS, |tail: Tail| tail.hash));
            assert!(line.text.contains("\"time\":\"2026-03-02T09:00:00.123Z\""), "{}", line.text);
            last = Some(line.tail(last.as_ref()));
        }
    }

    #[test]
    fn a_clock_that_goes_back_is_told() {
        let event = Event::Gap(GapEvent { lost: 1, error: String::new() });
        let mut last = None;
        let mut marks = Vec::new();
        for at in ["2026-03-02T09:00:00Z", "2026-03-02T08:00:00Z", "2026-03-02T08:00:01Z"] {
            let line = Prepared::new(&event).unwrap().chain(last.as_ref(), time(at));
            marks.push(Record::parse(&line.text).unwrap().clock_backwards);
            last = Some(line.tail(last.as_ref()));
        }
        assert_eq!(marks, [false, true, false]);
        let line = Prepared::new(&event).unwrap().chain(last.as_ref(), None);
        assert_eq!(Record::parse(&line.text).unwrap().time, None);
        assert_eq!(line.tail(last.as_ref()).time, last.unwrap().time);
    }
}
