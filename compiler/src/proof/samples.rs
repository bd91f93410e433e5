//! Concrete values for the prover to try.
//!
//! A *slot* is a place that a request fills: an argument, an attribute, the time. Given the slot's type and what the
//! policy compares it with, this lists values that between them give the answers that those tests can give. Knows
//! types and values, nothing of policies.

mod address;
mod calendar;
mod command;
mod compound;
mod line;
mod sql;
mod text;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use claw_runtime::{
    Command, Date, Decimal, Decoder, Duration, Json, Limits, Schema, Secret, ShellDialect, Sql, SqlDialect, Time, Type,
    Value, Window, parse_text, value_to_json,
};
use jiff::tz::TimeZone;
use rustc_hash::FxHashSet;

/// The most values that are listed for one slot.
pub const MOST: usize = 512;

/// What is compared with a slot.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints<'a> {
    /// Every constant that a test of the slot compares it with: scalars, address ranges, sets and lists of them.
    /// Of any type; what does not fit is ignored. A schema does not know the words of vocabularies: a slot that holds
    /// one gets those that are here.
    pub constants: &'a [Value],
    /// The windows of tests such as `now in office_hours`, each with its loaded zone.
    pub windows: &'a [(&'a Window, &'a TimeZone)],
    /// Seeds for texts and commands: literal parts of patterns, names of programs and the like.
    pub texts: &'a [String],
}

/// Values of one type, plainest first, without duplicates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    /// The values.
    pub values: Vec<Value>,
    /// Whether every value of the type answers all order, equality, membership and window tests against the constants
    /// like one of these.
    pub complete: bool,
}

impl Samples {
    fn some(values: Vec<Value>) -> Samples {
        Samples { values, complete: false }
    }

    fn all(values: Vec<Value>) -> Samples {
        Samples { values, complete: true }
    }
}

/// Values of a type that give every answer that tests against the constants can give, or many of them.
///
/// A path stands for itself: a request with one says so, see [`targets`].
#[must_use]
pub fn samples(ty: &Type, schema: &Schema, hints: &Hints<'_>) -> Samples {
    let mut constants = hints.constants.to_vec();
    constants.extend(hints.constants.iter().filter_map(Value::elements).flatten().cloned());
    within(ty, schema, &Hints { constants: &constants, ..*hints }, 0)
}

/// How deep lists and records are filled with more than plain values.
const DEPTH: usize = 3;

fn within(ty: &Type, schema: &Schema, hints: &Hints<'_>, depth: usize) -> Samples {
    if depth > DEPTH {
        return finish(Samples::some(vec![plain(ty, schema)]), ty, schema);
    }
    let found = match ty {
        Type::Bool => Samples::all(vec![Value::Bool(false), Value::Bool(true)]),
        Type::Enum(_) => Samples::all(variants(ty, schema)),
        // The schema does not know the words, and perhaps not all of them are among the constants.
        Type::Word(_) => Samples::some(hints.constants.iter().filter(|c| c.as_str().is_some()).cloned().collect()),
        Type::Int => Samples::all(line::ints(hints.constants)),
        Type::Decimal => Samples::all(line::decimals(hints.constants)),
        Type::Duration => Samples::all(line::durations(hints.constants)),
        Type::Date => Samples::all(line::dates(hints.constants)),
        Type::Time if hints.windows.is_empty() => Samples::all(line::times(hints.constants)),
        Type::Time => calendar::times(hints.constants, hints.windows),
        Type::Ip => Samples::all(address::addresses(hints.constants)),
        Type::IpNet => Samples::some(address::ranges(hints.constants)),
        Type::Command(dialect) => Samples::some(command::commands(*dialect, hints)),
        Type::AnyCommand => Samples::some(command::commands(ShellDialect::Bash, hints)),
        Type::Sql(dialect) => Samples::some(sql::statements(*dialect, hints)),
        Type::AnySql => Samples::some(sql::statements(SqlDialect::Ansi, hints)),
        Type::List(element) => compound::lists(element, schema, hints, depth),
        Type::Set(element) => compound::sets(element, schema, hints, depth),
        Type::Record(id) => compound::records(*id, schema, hints, depth),
        Type::Call | Type::Agent | Type::Error => return Samples::default(),
        Type::Json => Samples::some(text::documents(hints)),
        _ => Samples::some(text::texts(ty, hints)),
    };
    finish(found, ty, schema)
}

/// Drops what no request can carry, duplicates, and what is too much.
fn finish(found: Samples, ty: &Type, schema: &Schema) -> Samples {
    let mut complete = found.complete;
    let mut seen = FxHashSet::default();
    let mut values = Vec::new();
    for value in found.values {
        if !fits(&value, ty, schema) || values.len() >= MOST {
            complete = false;
        } else if seen.insert(value.clone()) {
            values.push(value);
        }
    }
    Samples { values, complete }
}

/// Is this a value of the type that a request can carry?
fn fits(value: &Value, ty: &Type, schema: &Schema) -> bool {
    match (ty, value) {
        // No request has these in its arguments, so nothing decodes them.
        (Type::Word(_), Value::Str(_)) | (Type::AnyCommand, Value::Command(_)) | (Type::AnySql, Value::Sql(_)) => true,
        (Type::List(element), Value::List(items)) | (Type::Set(element), Value::Set(items)) => {
            items.len() <= LIMITS.elements && items.iter().all(|item| fits(item, element, schema))
        }
        _ => {
            let decoder = Decoder::constants(schema, &LIMITS);
            decoder.value(&wire(value, ty, schema), ty, "").as_ref() == Ok(value)
        }
    }
}

/// The limits that a host has which changes none. A static, as there is no constant form of the defaults.
static LIMITS: std::sync::LazyLock<Limits> = std::sync::LazyLock::new(Limits::default);

/// The plainest valid value of a type: what a slot gets that nothing constrains.
///
/// Words of vocabularies, calls and agents have none that the schema knows: an empty string stands for these.
#[must_use]
pub fn plain(ty: &Type, schema: &Schema) -> Value {
    plain_within(ty, schema, 0)
}

fn plain_within(ty: &Type, schema: &Schema, depth: usize) -> Value {
    let text = |text: &str| parse_text(text, ty).unwrap_or_else(|_| Value::str(text));
    match ty {
        Type::Bool => Value::Bool(false),
        Type::Int => Value::Int(1),
        Type::Decimal => Value::Decimal(Decimal::from(1)),
        Type::Duration => Value::Duration(Duration::from_millis(60_000)),
        Type::Time => Value::Time(noon()),
        Type::Date => Value::Date(Date::from(monday())),
        Type::Bytes => Value::Bytes((*b"a").into()),
        Type::Secret => Value::Secret(Secret::new("s")),
        Type::Json => Value::Json(Json::Null.into()),
        Type::Str => text("a"),
        Type::Email => text("a@a.example"),
        Type::Host => text("a.example"),
        Type::Url => text("https://a.example/"),
        Type::Ip => Value::Ip(IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8))),
        Type::IpNet => text("10.0.0.0/8"),
        Type::Path | Type::RemotePath => text("/a"),
        Type::Command(dialect) => Value::Command(Command::new(*dialect, "ls").into()),
        Type::AnyCommand => Value::Command(Command::new(ShellDialect::Bash, "ls").into()),
        Type::Sql(dialect) => Value::Sql(Sql::new(*dialect, "select 1").into()),
        Type::AnySql => Value::Sql(Sql::new(SqlDialect::Ansi, "select 1").into()),
        Type::Enum(_) => variants(ty, schema).into_iter().next().unwrap_or_else(|| Value::str("")),
        Type::List(_) => Value::list(Vec::new()),
        Type::Set(_) => Value::set(Vec::new()),
        // A record that needs itself has no values; the bound only keeps this from looking for one forever.
        Type::Record(id) if depth <= 16 => compound::plain_record(*id, schema, depth),
        Type::Record(_) | Type::Word(_) | Type::Call | Type::Agent | Type::Error => Value::str(""),
    }
}

/// A Monday without a change of clocks near it.
fn monday() -> jiff::civil::Date {
    jiff::civil::date(2026, 1, 5)
}

fn noon() -> Time {
    monday()
        .at(12, 0, 0, 0)
        .to_zoned(TimeZone::UTC)
        .map_or(Time::from(jiff::Timestamp::UNIX_EPOCH), |at| Time::from(at.timestamp()))
}

fn variants(ty: &Type, schema: &Schema) -> Vec<Value> {
    let Type::Enum(id) = ty else { return Vec::new() };
    let declared = schema.enumeration(*id).map(|e| e.variants.as_slice()).unwrap_or_default();
    declared.iter().map(|variant| Value::str(variant.as_str())).collect()
}

/// The wire form of a value of a type, as a request carries it. Decoding gives the value back.
#[must_use]
pub fn wire(value: &Value, ty: &Type, schema: &Schema) -> Json {
    value_to_json(value, ty, schema)
}

/// Where the paths in a value lead that stands at `pointer` of a request, by JSON pointer: what the host would have
/// found out. Without this, a request's path leads nobody knows where, and most tests of it are unknown.
#[must_use]
pub fn targets(value: &Value, ty: &Type, schema: &Schema, pointer: &str) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    collect_targets(value, ty, schema, pointer, &mut out);
    out
}

fn collect_targets(value: &Value, ty: &Type, schema: &Schema, at: &str, out: &mut BTreeMap<String, String>) {
    match (value, ty) {
        (Value::Path(path), Type::Path) => {
            if let Some(target) = path.resolved() {
                out.insert(at.to_owned(), target.to_string());
            }
        }
        (Value::List(items) | Value::Set(items), Type::List(element) | Type::Set(element)) => {
            for (i, item) in items.iter().enumerate() {
                collect_targets(item, element, schema, &format!("{at}/{i}"), out);
            }
        }
        (Value::Record(values), Type::Record(id)) => {
            let fields = schema.record(*id).map(|r| r.fields.as_slice()).unwrap_or_default();
            for (value, field) in values.iter().zip(fields) {
                if let Some(value) = value {
                    let name = field.name.replace('~', "~0").replace('/', "~1");
                    collect_targets(value, &field.ty, schema, &format!("{at}/{name}"), out);
                }
            }
        }
        _ => {}
    }
}
