//! How values stand in a record: digests and times as their texts, JSON with its numbers as they were.

use std::fmt;
use std::str::FromStr;

use claw_runtime::{Json, Limits};
use serde::de::Error as _;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name under which [`canonical`](super::canonical) recognises a number that no 64-bit integer holds.
pub(crate) const NUMBER: &str = "claw number";

/// A JSON value of a call, such as its arguments.
///
/// Written into a record, its numbers are exact. Other serializers of serde get numbers beyond 64-bit integers as text,
/// since they have nothing else that would hold them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payload(pub Json);

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        JsonRef(&self.0).serialize(to)
    }
}

/// Through a double, where a number is no 64-bit integer; [`Record::parse`](super::Record::parse) mends that.
impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Payload, D::Error> {
        serde_json::Value::deserialize(from).map(|value| Payload(Json::from(&value)))
    }
}

struct JsonRef<'a>(&'a Json);

impl Serialize for JsonRef<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Json::Null => to.serialize_unit(),
            Json::Bool(b) => to.serialize_bool(*b),
            Json::Str(text) => to.serialize_str(text),
            Json::Num(text) => match (text.parse::<i64>(), text.parse::<u64>()) {
                (Ok(n), _) => to.serialize_i64(n),
                (_, Ok(n)) => to.serialize_u64(n),
                // In plain notation, as the log has it; what is no number at all stays a text.
                _ => match Json::parse(text.as_bytes(), &Limits::default()) {
                    Ok(Json::Num(plain)) => to.serialize_newtype_struct(NUMBER, &*plain),
                    _ => to.serialize_str(text),
                },
            },
            Json::Arr(items) => {
                let mut seq = to.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| seq.serialize_element(&JsonRef(item)))?;
                seq.end()
            }
            Json::Obj(members) => {
                let mut map = to.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|(key, value)| map.serialize_entry(&**key, &JsonRef(value)))?;
                map.end()
            }
        }
    }
}

/// `#[serde(with = "text")]`: as its `Display` writes and its `FromStr` reads.
pub(crate) mod text {
    use super::*;

    pub(crate) fn serialize<T: fmt::Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T: FromStr, D: Deserializer<'de>>(from: D) -> Result<T, D::Error>
    where
        T::Err: fmt::Display,
    {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// The same for what may be missing.
pub(crate) mod text_option {
    use super::*;

    pub(crate) fn serialize<T: fmt::Display, S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.collect_str(value),
            None => to.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, T: FromStr, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error>
    where
        T::Err: fmt::Display,
    {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

/// Not longer than `max` bytes: what is cut off is told by its length and by the digest of the whole.
pub(crate) fn capped(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let kept = text.get(..text.floor_char_boundary(max)).unwrap_or_default();
    let digest = claw_runtime::Digest::of(text.as_bytes());
    format!("{kept}… ({} more bytes, {digest})", text.len().saturating_sub(kept.len()))
}
