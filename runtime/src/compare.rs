//! Equality, order and membership of values, three-valued. Knows values and types, no policy.

use crate::bundle::CompareOp;
use crate::{Decimal, Schema, Tri, Type, Value};

/// `a == b`. Numbers compare by value, paths as [`crate::PathValue::same`] says; values of different types, which the
/// type checker rules out, are unknown.
pub(crate) fn equal(a: &Value, b: &Value) -> Tri {
    match (a, b) {
        (Value::Int(a), Value::Decimal(b)) | (Value::Decimal(b), Value::Int(a)) => Tri::from(Decimal::from(*a) == *b),
        (Value::Path(a), Value::Path(b)) => a.same(b),
        (Value::List(a), Value::List(b)) | (Value::Set(a), Value::Set(b)) => {
            all_equal(a.len() == b.len(), a.iter().zip(b.iter()))
        }
        (Value::Set(set), Value::List(list)) | (Value::List(list), Value::Set(set)) => {
            // A set that was written as a list of expressions.
            let Value::Set(list) = Value::set(list.to_vec()) else { return Tri::Unknown };
            all_equal(set.len() == list.len(), set.iter().zip(list.iter()))
        }
        (Value::Record(a), Value::Record(b)) => {
            let fields = a.iter().zip(b.iter());
            fields.fold(Tri::from(a.len() == b.len()), |so_far, pair| match pair {
                (Some(a), Some(b)) => so_far.and(equal(a, b)),
                (None, None) => so_far,
                _ => Tri::False,
            })
        }
        (a, b) if std::mem::discriminant(a) == std::mem::discriminant(b) => Tri::from(a == b),
        _ => Tri::Unknown,
    }
}

fn all_equal<'a>(same_length: bool, mut pairs: impl Iterator<Item = (&'a Value, &'a Value)>) -> Tri {
    if !same_length {
        return Tri::False;
    }
    let mut result = Tri::True;
    while result != Tri::False
        && let Some((a, b)) = pairs.next()
    {
        result = result.and(equal(a, b));
    }
    result
}

/// `a op b`; unknown for types without an order.
pub(crate) fn compare(op: CompareOp, a: &Value, b: &Value) -> Tri {
    use std::cmp::Ordering::{Greater, Less};
    let order = match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
        (Value::Int(a), Value::Decimal(b)) => Decimal::from(*a).cmp(b),
        (Value::Decimal(a), Value::Int(b)) => a.cmp(&Decimal::from(*b)),
        (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        _ => return Tri::Unknown,
    };
    Tri::from(match op {
        CompareOp::Lt => order == Less,
        CompareOp::Le => order != Greater,
        CompareOp::Gt => order == Greater,
        CompareOp::Ge => order != Less,
    })
}

/// Can equality with this value be decided by comparing representations? Not for numbers of two types, paths with their
/// targets, and what contains such values.
pub(crate) fn is_plain(value: &Value) -> bool {
    !matches!(
        value,
        Value::Int(_) | Value::Decimal(_) | Value::Path(_) | Value::Record(_) | Value::List(_) | Value::Set(_)
    )
}

/// The form under which a value stands in a hash table: an integral decimal is an int.
pub(crate) fn key(value: &Value) -> Option<Value> {
    match value {
        Value::Decimal(d) => Some(d.to_i64().map_or(Value::Decimal(*d), Value::Int)),
        Value::Int(_) => Some(value.clone()),
        value if is_plain(value) => Some(value.clone()),
        _ => None,
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
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::PathValue;

    #[test]
    fn numbers_compare_by_value() {
        let half = Value::Decimal(Decimal::parse("0.5").unwrap());
        assert_eq!(equal(&Value::Int(2), &Value::Decimal(Decimal::parse("2.0").unwrap())), Tri::True);
        assert_eq!(equal(&Value::Int(2), &half), Tri::False);
        assert_eq!(compare(CompareOp::Gt, &Value::Int(1), &half), Tri::True);
        assert_eq!(compare(CompareOp::Ge, &half, &half), Tri::True);
        assert_eq!(compare(CompareOp::Lt, &Value::str("a"), &Value::str("b")), Tri::Unknown);
        assert_eq!(key(&Value::Decimal(Decimal::from(7))), Some(Value::Int(7)));
    }

    #[test]
    fn different_types_are_unknown() {
        assert_eq!(equal(&Value::str("a"), &Value::list(vec![Value::str("a")])), Tri::Unknown);
        assert_eq!(equal(&Value::str("1"), &Value::Int(1)), Tri::Unknown);
    }

    #[test]
    fn paths_inside_lists_keep_their_targets() {
        let open = Value::list(vec![Value::Path(PathValue::unresolved("/a").unwrap().into())]);
        let fixed = |text: &str| Value::list(vec![Value::Path(PathValue::lexical_only(text).unwrap().into())]);
        assert_eq!(equal(&open, &fixed("/a")), Tri::Unknown);
        assert_eq!(equal(&fixed("/a"), &fixed("/a")), Tri::True);
        assert_eq!(equal(&fixed("/a"), &fixed("/b")), Tri::False);
        assert_eq!(equal(&open, &Value::list(vec![])), Tri::False);
    }

    #[test]
    fn a_set_written_as_a_list() {
        let list = Value::list(vec![Value::Int(2), Value::Int(1), Value::Int(2)]);
        assert_eq!(equal(&Value::set(vec![Value::Int(1), Value::Int(2)]), &list), Tri::True);
    }
}
