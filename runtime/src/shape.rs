//! What form a value has: its type, and whether equal values look alike. Knows values and types, no policy.

use crate::{Schema, Type, Value};

/// The form under which a value stands in a hash table, where equality is one of forms: an integral decimal is an int.
/// `None` for paths, whose equality is also one of what they lead to, and for what contains other values.
pub(crate) fn key(value: &Value) -> Option<Value> {
    match value {
        Value::Decimal(d) => Some(d.to_i64().map_or(Value::Decimal(*d), Value::Int)),
        Value::Path(_) | Value::Record(_) | Value::List(_) | Value::Set(_) => None,
        value => Some(value.clone()),
    }
}

/// Is this a value of this type? Asked of what a host's function returns.
pub(crate) fn has_type(value: &Value, ty: &Type, schema: &Schema) -> bool {
    match (value, ty) {
        (Value::Bool(_), Type::Bool)
        | (Value::Int(_), Type::Int)
        | (Value::Decimal(_), Type::Decimal)
        | (Value::Str(_), Type::Str | Type::Word(_))
        | (Value::Duration(_), Type::Duration)
        | (Value::Time(_), Type::Time)
        | (Value::Date(_), Type::Date)
        | (Value::Bytes(_), Type::Bytes)
        | (Value::Secret(_), Type::Secret)
        | (Value::Json(_), Type::Json)
        | (Value::Email(_), Type::Email)
        | (Value::Host(_), Type::Host)
        | (Value::Url(_), Type::Url)
        | (Value::Ip(_), Type::Ip)
        | (Value::IpNet(_), Type::IpNet)
        | (Value::Path(_), Type::Path | Type::RemotePath) => true,
        (Value::Command(command), Type::Command(dialect)) => command.dialect() == *dialect,
        (Value::Sql(sql), Type::Sql(dialect)) => sql.dialect() == *dialect,
        (Value::Str(variant), Type::Enum(id)) => {
            schema.enumeration(*id).is_some_and(|e| e.variants.iter().any(|v| **v == **variant))
        }
        (Value::List(items), Type::List(element)) | (Value::Set(items), Type::Set(element)) => {
            items.iter().all(|item| has_type(item, element, schema))
        }
        (Value::Record(values), Type::Record(id)) => schema.record(*id).is_some_and(|record| {
            record.fields.len() == values.len()
                && record.fields.iter().zip(values.iter()).all(|(field, value)| match value {
                    Some(value) => has_type(value, &field.ty, schema),
                    None => field.optional,
                })
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Decimal, ShellDialect};

    #[test]
    fn numbers_have_one_key() {
        assert_eq!(key(&Value::Decimal(Decimal::from(7))), Some(Value::Int(7)));
        assert_eq!(key(&Value::list(vec![])), None);
    }

    #[test]
    fn types_of_values() {
        let schema = Schema::default();
        let strings = Value::list(vec![Value::str("a")]);
        assert!(has_type(&strings, &Type::list(Type::Str), &schema));
        assert!(!has_type(&strings, &Type::set(Type::Str), &schema));
        assert!(!has_type(&strings, &Type::list(Type::Int), &schema));
        assert!(!has_type(&Value::str("a"), &Type::Enum(crate::EnumId(0)), &schema));
        assert!(!has_type(&Value::str("ls"), &Type::Command(ShellDialect::Sh), &schema));
    }
}
