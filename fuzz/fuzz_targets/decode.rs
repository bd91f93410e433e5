//! Any bytes are read as JSON, as a value of every type, and as a bundle: an error at worst.
#![no_main]

use claw_runtime::{Bundle, Json, Limits, Policy, Schema, ShellDialect, SqlDialect, Type, Value, decode_value, value_to_json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    if let Ok(json) = Json::parse(bytes, &limits) {
        let canonical = json.canonical();
        let again = Json::parse(canonical.as_bytes(), &limits).expect("canonical text is JSON");
        assert_eq!(again.canonical(), canonical, "canonical text is its own canonical text");
        let schema = Schema::default();
        for ty in types() {
            if let Ok(value) = decode_value(&json, &ty, &schema, &limits, "") {
                round_trip(&value, &ty, &schema, &limits);
            }
        }
    }
    let _ = Bundle::from_bytes(bytes);
    let _ = Policy::from_bytes(bytes);
});

/// A value that was decoded is written so that it decodes to itself: digests depend on it.
fn round_trip(value: &Value, ty: &Type, schema: &Schema, limits: &Limits) {
    let json = value_to_json(value, ty, schema);
    let again = decode_value(&json, ty, schema, limits, "").unwrap_or_else(|e| panic!("{ty:?}: {e}"));
    assert_eq!(value_to_json(&again, ty, schema).canonical(), json.canonical());
}

fn types() -> Vec<Type> {
    let scalars = [
        Type::Bool,
        Type::Int,
        Type::Decimal,
        Type::Str,
        Type::Duration,
        Type::Time,
        Type::Date,
        Type::Bytes,
        Type::Email,
        Type::Host,
        Type::Url,
        Type::Path,
        Type::Json,
        Type::Command(ShellDialect::Bash),
        Type::Sql(SqlDialect::Postgres),
    ];
    let lists = scalars.iter().cloned().map(Type::list);
    let sets = [Type::set(Type::Str), Type::set(Type::Decimal), Type::set(Type::Email)];
    scalars.iter().cloned().chain(lists).chain(sets).collect()
}
