//! What can be wrong with a log.

use std::fmt;

use serde::Serialize;

use crate::audit::read::Place;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// What.
    #[serde(flatten)]
    pub kind: GapKind,
    /// The file where it shows; none where nothing at all was read.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<u64>,
}

impl Gap {
    pub(super) fn at(kind: GapKind, place: Option<&Place>) -> Gap {
        Gap { kind, file: place.map(|place| place.file.display().to_string()), line: place.map(|place| place.line) }
    }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GapKind {
    /// Records that should be there are not.
    Missing {
        /// The first of them.
        first: u64,
        /// The last.
        last: u64,
    },
    /// A record stands behind later ones.
    OutOfOrder {
        /// Its number.
        seq: u64,
    },
    /// A record was there before.
    Duplicate {
        /// Its number.
        seq: u64,
    },
    /// A record's contents do not have the hash that it states.
    Changed {
        /// Its number, as it states it.
        seq: u64,
    },
    /// A record is as it states, but was not written behind the one before it: that one, or this, is not the original.
    BrokenLink {
        /// Its number.
        seq: u64,
    },
    /// A file ends within a line, or the log before the record that was expected.
    Truncated {
        /// The last record before.
        after: Option<u64>,
        /// The record that was expected; none where a line is torn.
        expected: Option<u64>,
    },
    /// The record that was expected is there and has another hash.
    OtherHead {
        /// Its number.
        seq: u64,
    },
    /// A checkpoint's signature is not of this place in the log.
    BadSignature {
        /// The checkpoint.
        seq: u64,
        /// What is wrong with it.
        why: String,
    },
    /// A checkpoint was signed with a key that is not among the given ones.
    UnknownKey {
        /// The checkpoint.
        seq: u64,
        /// The key's id.
        key: String,
    },
    /// No given key vouches for any part of the log.
    Unsigned {
        /// How many records it has.
        records: u64,
    },
    /// A line is no JSON.
    NotJson {
        /// Why.
        why: String,
    },
    /// A line is JSON and no record.
    NotARecord {
        /// Why.
        why: String,
    },
    /// There are no records.
    Empty,
}

impl fmt::Display for GapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GapKind::Missing { first, last } if first == last => write!(f, "record {first} is missing"),
            GapKind::Missing { first, last } => write!(f, "records {first} to {last} are missing"),
            GapKind::OutOfOrder { seq } => write!(f, "record {seq} stands behind later records"),
            GapKind::Duplicate { seq } => write!(f, "record {seq} was there before"),
            GapKind::Changed { seq } => write!(f, "record {seq} was changed: its contents do not have its hash"),
            GapKind::BrokenLink { seq } => {
                write!(f, "record {seq} was not written behind the one before it: one of the two was replaced")
            }
            GapKind::Truncated { after, expected: None } => {
                write!(f, "the file ends within a line{}", After(*after))
            }
            GapKind::Truncated { after, expected: Some(expected) } => {
                write!(f, "the log ends{}, and should have record {expected}", After(*after))
            }
            GapKind::OtherHead { seq } => {
                write!(f, "record {seq} is not the one that was expected: its hash is another")
            }
            GapKind::BadSignature { seq, why } => write!(f, "checkpoint {seq} does not hold: {why}"),
            GapKind::UnknownKey { seq, key } => {
                write!(f, "checkpoint {seq} was signed with the key {key}, which is not among the given ones")
            }
            GapKind::Unsigned { records } => write!(f, "none of the {records} records is vouched for by a given key"),
            GapKind::NotJson { why } => write!(f, "this line is no JSON: {why}"),
            GapKind::NotARecord { why } => write!(f, "this line is no record: {why}"),
            GapKind::Empty => f.write_str("there are no records"),
        }
    }
}

struct After(Option<u64>);

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |seq| write!(f, " after record {seq}"))
    }
}
