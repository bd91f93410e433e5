//! Members of a JSON object whose values stay the text that they were.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// JSON as it was on the wire.
pub(super) type Raw = Box<RawValue>;

/// JSON that the gateway has made.
pub(super) fn raw(value: &(impl Serialize + ?Sized)) -> Raw {
    // What the gateway makes can always be written.
    to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The parameters of a message, a definition, or another object: in its order, and each member as it was. What is read
/// twice under one name counts as it was read last.
#[derive(Clone, Debug, Default)]
pub(super) struct Params(Vec<(String, Raw)>);

impl Params {
    /// One member.
    pub(super) fn one(key: &str, value: impl Into<Value>) -> Params {
        let mut params = Params::default();
        params.insert(key, value);
        params
    }

    /// An object, if it is one.
    pub(super) fn read(raw: &RawValue) -> Option<Params> {
        serde_json::from_str(raw.get()).ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// A member as it was.
    pub(super) fn get(&self, key: &str) -> Option<&RawValue> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| &**value)
    }

    /// A member, read.
    pub(super) fn value(&self, key: &str) -> Option<Value> {
        serde_json::from_str(self.get(key)?.get()).ok()
    }

    /// A member that is a text.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        serde_json::from_str(self.get(key)?.get()).ok()
    }

    /// A member that is an object.
    pub(super) fn object(&self, key: &str) -> Option<Params> {
        Params::read(self.get(key)?)
    }

    /// Sets a member: in its place, if it has one.
    pub(super) fn insert(&mut self, key: &str, value: impl Into<Value>) {
        self.put(key.to_owned(), raw(&value.into()));
    }

    /// Sets a member to what was on the wire.
    pub(super) fn insert_raw(&mut self, key: &str, value: Raw) {
        self.put(key.to_owned(), value);
    }

    /// Sets a member to an object.
    pub(super) fn insert_object(&mut self, key: &str, value: &Params) {
        self.put(key.to_owned(), raw(value));
    }

    fn put(&mut self, key: String, value: Raw) {
        match self.0.iter_mut().find(|(name, _)| *name == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
    }

    /// Takes a member out.
    pub(super) fn remove(&mut self, key: &str) -> Option<Raw> {
        let at = self.0.iter().position(|(name, _)| name == key)?;
        Some(self.0.remove(at).1)
    }

    /// All of it, read.
    pub(super) fn to_value(&self) -> Option<Value> {
        serde_json::from_str(raw(self).get()).ok()
    }

    /// Puts another token in the place of that with which the sender follows the request's progress.
    pub(super) fn replace_progress_token(&mut self, token: u64) -> Option<Value> {
        let mut meta = self.object("_meta")?;
        let theirs = meta.value("progressToken")?;
        meta.insert("progressToken", token);
        self.insert_object("_meta", &meta);
        Some(theirs)
    }
}

impl Serialize for Params {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Params {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Params, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Params;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Params, A::Error> {
                /// So many members are more than any message has; finding one costs time.
                const MOST: usize = 1_000;
                let mut params = Params::default();
                while let Some((key, value)) = map.next_entry::<String, Raw>()? {
                    if params.0.len() >= MOST {
                        return Err(A::Error::custom("the object has too many members"));
                    }
                    params.put(key, value);
                }
                Ok(params)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_touched_stays_as_it_was() {
        let text = r#"{"z":1.0,"_meta":{"y":[ 1 ],"progressToken":"mine","x":1e3},"a":{"c":1,"b":2}}"#;
        let mut params: Params = serde_json::from_str(text).unwrap();
        assert_eq!(raw(&params).get(), text);
        assert_eq!(params.replace_progress_token(7), Some("mine".into()));
        assert_eq!(raw(&params).get(), text.replace("\"mine\"", "7"));
        params.insert("z", 2);
        assert!(raw(&params).get().starts_with(r#"{"z":2,"_meta""#));
        let twice: Params = serde_json::from_str(r#"{"a":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(raw(&twice).get(), r#"{"a":3,"b":2}"#);
    }
}
