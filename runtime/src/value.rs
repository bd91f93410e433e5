//! Canonical values: what a request's arguments and a policy's constants are made of.
//!
//! A value exists only in its canonical form. Cloning is cheap everywhere (reference counts), so the
//! evaluator can pass values along without allocating.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Command, Date, Decimal, Duration, Email, Host, Json, PathValue, Secret, Sql, Time, UrlValue};

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
