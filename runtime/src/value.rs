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
    IpNet(ipnet::IpNet),
    Path(Arc<PathValue>),
    Command(Arc<Command>),
    Sql(Arc<Sql>),
    /// Fields in declaration order; `None` is absent.
    Record(Arc<[Option<Value>]>),
    List(Arc<[Value]>),
    /// Sorted, without duplicates.
    Set(Arc<[Value]>),
}
