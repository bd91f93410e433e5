//! Canonical values: what a request's arguments and a policy's constants are made of.
//!
//! A value exists only in its canonical form. Cloning is cheap everywhere (reference counts), so the
//! evaluator can pass values along without allocating.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Call, Command, Date, Decimal, Duration, Email, Host, Json, PathValue, Secret, Sql, Time, UrlValue};

/// A value in canonical form. Its type is known from where it stands; see [`crate::Type`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Decimal(Decimal),
    /// A string, an enum's variant, or a word of a vocabulary.
    Str(Arc<str>),
    Duration(Duration),
    Time(Time),
    Date(Date),
    Bytes(Arc<[u8]>),
    Secret(Secret),
    Json(Arc<Json>),
    Email(Arc<Email>),
    Host(Host),
    Url(Arc<UrlValue>),
    Ip(IpAddr),
    IpNet(#[serde(with = "crate::host::net_serde")] ipnet::IpNet),
    Path(Arc<PathValue>),
    Command(Arc<Command>),
    Sql(Arc<Sql>),
    /// Fields in declaration order; `None` is absent.
    Record(#[serde(deserialize_with = "crate::nest::bounded")] Arc<[Option<Value>]>),
    List(#[serde(deserialize_with = "crate::nest::bounded")] Arc<[Value]>),
    /// Sorted, without duplicates.
    Set(#[serde(deserialize_with = "sorted")] Arc<[Value]>),
    /// A simple command of a `command`. It comes from reading one, never from a bundle.
    #[serde(skip)]
    Call(Arc<Call>),
}

/// Reads a set from a bundle; whatever the order there, the set is in order.
fn sorted<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Arc<[Value]>, D::Error> {
    crate::nest::bounded::<D, Vec<Value>>(from).map(sort)
}

fn sort(mut items: Vec<Value>) -> Arc<[Value]> {
    items.sort_unstable();
    items.dedup();
    items.into()
}

impl Value {
    /// A string.
    #[must_use]
    pub fn str(text: impl Into<Arc<str>>) -> Value {
        Value::Str(text.into())
    }

    /// A set of these elements.
    #[must_use]
    pub fn set(items: Vec<Value>) -> Value {
        Value::Set(sort(items))
    }

    /// A list of these elements.
    #[must_use]
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(items.into())
    }

    /// The elements of a list or set.
    #[must_use]
    pub fn elements(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) | Value::Set(items) => Some(items),
            _ => None,
        }
    }

    /// The text of a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Value::Str(text) = self { Some(text) } else { None }
    }

    /// The truth of a boolean.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(b) = self { Some(*b) } else { None }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Schema, ShellDialect, SqlDialect, Type, parse_text, value_to_json};

    fn samples() -> Vec<(Type, Value)> {
        let mut samples: Vec<(Type, Value)> = [
            (Type::Str, "ä\n"),
            (Type::Duration, "90s"),
            (Type::Time, "2026-03-02T10:00:00.5+01:00"),
            (Type::Date, "2026-03-02"),
            (Type::Bytes, "Zm9v"),
            (Type::Secret, "s"),
            (Type::Email, "A@b.c"),
            (Type::Host, "B.c."),
            (Type::Host, "::1"),
            (Type::Url, "https://b.c/d?e#f"),
            (Type::Ip, "10.0.0.1"),
            (Type::IpNet, "fc00::/7"),
            (Type::Path, "/a/../b"),
            (Type::Command(ShellDialect::Bash), "ls"),
            (Type::Sql(SqlDialect::Postgres), "select 1"),
        ]
        .map(|(ty, text)| (ty.clone(), parse_text(text, &ty).unwrap()))
        .into();
        let json = Json::Obj(vec![("a".into(), Json::Arr(vec![Json::Null, Json::Bool(true), Json::int(1)]))]);
        samples.push((Type::Json, Value::Json(json.into())));
        samples.push((Type::Decimal, Value::Decimal(Decimal::parse("-1.5").unwrap())));
        samples.push((Type::set(Type::Int), Value::set(vec![Value::Int(2), Value::Int(1), Value::Int(2)])));
        samples.push((Type::list(Type::Bool), Value::list(vec![Value::Bool(true)])));
        samples
    }

    #[test]
    fn bundles_keep_values() {
        for (ty, value) in samples() {
            let bytes = postcard::to_stdvec(&(&ty, &value)).unwrap();
            assert_eq!(postcard::from_bytes::<(Type, Value)>(&bytes).unwrap(), (ty, value));
        }
        let record = Value::Record([None, Some(Value::Int(1))].into());
        let bytes = postcard::to_stdvec(&record).unwrap();
        assert_eq!(postcard::from_bytes::<Value>(&bytes), Ok(record));
    }

    #[test]
    fn sets_read_from_a_bundle_are_in_order() {
        let disordered = Value::Set(vec![Value::Int(2), Value::Int(1), Value::Int(2)].into());
        let bytes = postcard::to_stdvec(&disordered).unwrap();
        assert_eq!(postcard::from_bytes::<Value>(&bytes), Ok(Value::set(vec![Value::Int(1), Value::Int(2)])));
    }

    #[test]
    fn bundles_hold_only_canonical_values() {
        // A host is written as its text; this text is none.
        let good = postcard::to_stdvec(&parse_text("acme.com", &Type::Host).unwrap()).unwrap();
        let mut bad = good.clone();
        *bad.last_mut().unwrap() = b' ';
        assert!(postcard::from_bytes::<Value>(&good).is_ok());
        assert!(postcard::from_bytes::<Value>(&bad).is_err());
        // Beyond 38 digits.
        assert!(postcard::from_bytes::<Decimal>(&postcard::to_stdvec(&(i128::MAX, 0u8)).unwrap()).is_err());
    }

    #[test]
    fn hostile_nesting_is_refused() {
        // Made by hand: building and dropping such a type would exhaust the stack by itself.
        let tag = postcard::to_stdvec(&Type::list(Type::Bool)).unwrap();
        assert_eq!(tag.len(), 2);
        let hostile = [vec![*tag.first().unwrap(); 100_000], vec![0]].concat();
        assert!(postcard::from_bytes::<Type>(&hostile).is_err());
        let tag = postcard::to_stdvec(&Value::list(vec![Value::Bool(true)])).unwrap();
        let hostile = [tag.get(..2).unwrap().repeat(100_000), vec![0, 1]].concat();
        assert!(postcard::from_bytes::<Value>(&hostile).is_err());
        // The levels are left again, so that the next one can be read.
        assert!(postcard::from_bytes::<Value>(&tag).is_ok());
    }

    #[test]
    fn secrets_do_not_show() {
        let secret = parse_text("hunter2", &Type::Secret).unwrap();
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert_eq!(value_to_json(&secret, &Type::Secret, &Schema::default()), Json::str("hunter2"));
    }
}
