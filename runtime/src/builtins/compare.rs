//! Equality, order and membership.

use std::cmp::Ordering;

use super::{Arg, Builtin, Form, Op, Out, Pat};
use crate::{Decimal, Tri, Value};

pub(super) static ROWS: &[Builtin] = &[
    Builtin::new(
        Form::Operator(Op::Eq),
        "eq",
        &[Pat::Equatable, Pat::Matching],
        Pat::Bool,
        "The same value, in canonical form. Paths are the same if they also lead to the same \
         place; unknown if that is not known.",
        eq,
    )
    .partial()
    .linear()
    .lenient(),
    Builtin::new(Form::Operator(Op::Lt), "lt", &[Pat::Ordered, Pat::Matching], Pat::Bool, "Less, or earlier.", |a| {
        order(a, Ordering::is_lt)
    })
    .lenient(),
    Builtin::new(
        Form::Operator(Op::Le),
        "le",
        &[Pat::Ordered, Pat::Matching],
        Pat::Bool,
        "Less or equal, or not later.",
        |a| order(a, Ordering::is_le),
    )
    .lenient(),
    Builtin::new(Form::Operator(Op::Gt), "gt", &[Pat::Ordered, Pat::Matching], Pat::Bool, "Greater, or later.", |a| {
        order(a, Ordering::is_gt)
    })
    .lenient(),
    Builtin::new(
        Form::Operator(Op::Ge),
        "ge",
        &[Pat::Ordered, Pat::Matching],
        Pat::Bool,
        "Greater or equal, or not earlier.",
        |a| order(a, Ordering::is_ge),
    )
    .lenient(),
    Builtin::new(
        Form::Operator(Op::In),
        "in",
        &[Pat::Equatable, Pat::Elements(&Pat::Matching)],
        Pat::Bool,
        "Equal to an element: `any(v in xs: v == x)`. Never false while elements are unknown.",
        member,
    )
    .partial()
    .linear()
    .lenient(),
];

/// Are two values equal? Numbers compare by value; unknown where paths don't agree with what they lead to, and for
/// values of different types, which the type checker rules out.
#[must_use]
pub fn equal(a: &Value, b: &Value) -> Tri {
    match (a, b) {
        (Value::Path(a), Value::Path(b)) => a.same(b),
        (Value::Int(a), Value::Decimal(b)) | (Value::Decimal(b), Value::Int(a)) => Tri::from(Decimal::from(*a) == *b),
        (Value::List(a), Value::List(b)) | (Value::Set(a), Value::Set(b)) => {
            all_equal(a.len() == b.len(), a.iter().zip(b.iter()).map(|(a, b)| equal(a, b)))
        }
        (Value::Record(a), Value::Record(b)) => {
            let fields = a.iter().zip(b.iter()).map(|pair| match pair {
                (Some(a), Some(b)) => equal(a, b),
                (a, b) => Tri::from(a.is_none() == b.is_none()),
            });
            all_equal(a.len() == b.len(), fields)
        }
        (Value::Set(set), Value::List(list)) | (Value::List(list), Value::Set(set)) => {
            // A set that is written as a list of expressions.
            let Value::Set(list) = Value::set(list.to_vec()) else { return Tri::Unknown };
            all_equal(set.len() == list.len(), set.iter().zip(list.iter()).map(|(a, b)| equal(a, b)))
        }
        (a, b) if std::mem::discriminant(a) == std::mem::discriminant(b) => Tri::from(a == b),
        _ => Tri::Unknown,
    }
}

fn all_equal(same_length: bool, pairs: impl Iterator<Item = Tri>) -> Tri {
    if same_length { pairs.fold(Tri::True, Tri::and) } else { Tri::False }
}

/// `==` of two arguments.
pub(crate) fn eq(args: &[Arg<'_>]) -> Out {
    match args {
        [Arg::Known(a), Arg::Known(b)] => equal(a, b).into(),
        [a, b] => between(*a, *b, Ordering::is_eq),
        _ => Out::Unknown,
    }
}

/// An order between two arguments.
pub(crate) fn order(args: &[Arg<'_>], holds: impl Fn(Ordering) -> bool) -> Out {
    match args {
        [Arg::Known(a), Arg::Known(b)] => compare(a, b).map_or(Out::Unknown, |order| holds(order).into()),
        [a, b] => between(*a, *b, holds),
        _ => Out::Unknown,
    }
}

/// The order of two values; `None` for types without one.
pub(crate) fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    Some(match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (a, b) => super::number::decimal(a)?.cmp(&super::number::decimal(b)?),
    })
}

/// Compares intervals: known only if it holds, or fails, throughout.
fn between(a: Arg<'_>, b: Arg<'_>, holds: impl Fn(Ordering) -> bool) -> Out {
    let (Some((a_low, a_high)), Some((b_low, b_high))) = (bounds(a), bounds(b)) else { return Out::Unknown };
    // The orders that can occur between the two.
    let possible = [
        (a_low < b_high, Ordering::Less),
        (a_low <= b_high && b_low <= a_high, Ordering::Equal),
        (a_high > b_low, Ordering::Greater),
    ];
    let mut outcomes = possible.iter().filter(|(can, _)| *can).map(|(_, order)| holds(*order));
    let first = outcomes.next();
    if outcomes.all(|outcome| Some(outcome) == first) { Tri::from(first).into() } else { Out::Unknown }
}

/// An integer's interval, in numbers that have room to spare for decimals between integers.
fn bounds(arg: Arg<'_>) -> Option<(Decimal, Decimal)> {
    match arg {
        Arg::Interval(low, high) => Some((low.into(), high.into())),
        Arg::Known(value) => super::number::decimal(value).map(|n| (n, n)),
        _ => None,
    }
}

fn member(args: &[Arg<'_>]) -> Out {
    let (value, items, complete) = match args {
        [Arg::Known(value), Arg::Known(Value::Set(items))] => {
            // A set is in order; only values whose equality is that of the order are looked up so.
            if let Some(first) = items.first() {
                let plain = !matches!(value, Value::Path(_) | Value::List(_));
                if plain && std::mem::discriminant(first) == std::mem::discriminant(*value) {
                    return items.binary_search(value).is_ok().into();
                }
            }
            (*value, &**items, true)
        }
        [Arg::Known(value), Arg::Known(Value::List(items))] => (*value, &**items, true),
        [Arg::Known(value), Arg::Partial(items)] => (*value, *items, false),
        _ => return Out::Unknown,
    };
    any(items, complete, |item| equal(value, item)).into()
}

/// Kleene's *or* over the elements; those that are not known are unknown.
pub(super) fn any(items: &[Value], complete: bool, test: impl Fn(&Value) -> Tri) -> Tri {
    let mut result = if complete { Tri::False } else { Tri::Unknown };
    for item in items {
        result = result.or(test(item));
        if result.is_true() {
            break;
        }
    }
    result
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::builtins::by_name;
    use crate::builtins::tests::{call, v};
    use crate::{PathValue, Type};

    fn dec(text: &str) -> Value {
        Value::Decimal(text.parse().unwrap())
    }

    #[test]
    fn numbers_compare_by_value() {
        assert_eq!(call("eq", &[Value::Int(2), dec("2.0")]), true.into());
        assert_eq!(call("lt", &[Value::Int(2), dec("2.5")]), true.into());
        assert_eq!(call("ge", &[dec("500.01"), Value::Int(500)]), true.into());
        assert_eq!(call("in", &[Value::Int(1), Value::set(vec![dec("1"), dec("2")])]), true.into());
        assert_eq!(call("lt", &[Value::Int(1), Value::str("x")]), Out::Unknown);
    }

    #[test]
    fn paths_are_compared_with_where_they_lead() {
        let path = |p: PathValue| Value::Path(p.into());
        let etc = v(Type::Path, "/etc");
        let known = path(PathValue::resolved_to("/etc", "/etc").unwrap());
        let link = path(PathValue::resolved_to("/tmp/x", "/etc").unwrap());
        let open = path(PathValue::unresolved("/etc").unwrap());
        let other = path(PathValue::resolved_to("/a", "/a").unwrap());
        assert_eq!(call("eq", &[known.clone(), etc.clone()]), true.into());
        assert_eq!(call("eq", &[link.clone(), etc.clone()]), Out::Unknown);
        assert_eq!(call("eq", &[open, etc.clone()]), Out::Unknown);
        assert_eq!(call("eq", &[other.clone(), etc.clone()]), false.into());
        let set = Value::set(vec![etc, v(Type::Path, "/b")]);
        assert_eq!(call("in", &[known, set.clone()]), true.into());
        assert_eq!(call("in", &[link, set.clone()]), Out::Unknown);
        assert_eq!(call("in", &[other, set]), false.into());
    }

    #[test]
    fn composite_values() {
        let list = |items: &[Value]| Value::list(items.to_vec());
        let open = Value::Path(PathValue::unresolved("/a").unwrap().into());
        assert_eq!(equal(&list(std::slice::from_ref(&open)), &list(&[v(Type::Path, "/a")])), Tri::Unknown);
        assert_eq!(equal(&list(&[open]), &list(&[])), Tri::False);
        assert_eq!(equal(&list(&[Value::Int(1)]), &list(&[dec("1.0")])), Tri::True);
        assert_eq!(equal(&Value::str("1"), &Value::Int(1)), Tri::Unknown);
        let record = |fields: &[Option<Value>]| Value::Record(fields.into());
        assert_eq!(equal(&record(&[None]), &record(&[None])), Tri::True);
        assert_eq!(equal(&record(&[None]), &record(&[Some(Value::Int(1))])), Tri::False);
    }

    #[test]
    fn membership() {
        let set = Value::set(vec![Value::str("b"), Value::str("a")]);
        assert_eq!(call("in", &[Value::str("a"), set.clone()]), true.into());
        assert_eq!(call("in", &[Value::str("c"), set]), false.into());
        assert_eq!(call("in", &[Value::str("c"), Value::set(vec![])]), false.into());
        let some = [Value::str("a")];
        let row = by_name("in").unwrap();
        assert_eq!(row.call(&[Arg::Known(&Value::str("a")), Arg::Partial(&some)]), true.into());
        assert_eq!(row.call(&[Arg::Known(&Value::str("b")), Arg::Partial(&some)]), Out::Unknown);
        assert_eq!(row.call(&[Arg::Unknown, Arg::Known(&Value::set(vec![]))]), Out::Unknown);
    }

    #[test]
    fn intervals_agree_with_trying_all_members() {
        let ranges: Vec<(i64, i64)> = (0..4).flat_map(|low| (low..4).map(move |high| (low, high))).collect();
        type Holds = fn(i64, i64) -> bool;
        let ops: [(&str, Holds); 5] = [
            ("eq", |a, b| a == b),
            ("lt", |a, b| a < b),
            ("le", |a, b| a <= b),
            ("gt", |a, b| a > b),
            ("ge", |a, b| a >= b),
        ];
        for (name, holds) in ops {
            for (a, b) in ranges.iter().flat_map(|a| ranges.iter().map(move |b| (*a, *b))) {
                let outcomes: Vec<bool> = (a.0..=a.1).flat_map(|x| (b.0..=b.1).map(move |y| holds(x, y))).collect();
                let expected = if outcomes.iter().all(|o| *o) {
                    Tri::True
                } else if outcomes.iter().any(|o| *o) {
                    Tri::Unknown
                } else {
                    Tri::False
                };
                let got = by_name(name).unwrap().call(&[Arg::Interval(a.0, a.1), Arg::Interval(b.0, b.1)]);
                assert_eq!(got.truth(), expected, "{a:?} {name} {b:?}");
            }
        }
        let at_least_three = Arg::Interval(3, i64::MAX);
        assert_eq!(by_name("gt").unwrap().call(&[at_least_three, Arg::Known(&Value::Int(2))]), true.into());
        assert_eq!(by_name("gt").unwrap().call(&[at_least_three, Arg::Known(&dec("2.5"))]), true.into());
        assert_eq!(by_name("lt").unwrap().call(&[at_least_three, Arg::Known(&Value::Int(10))]), Out::Unknown);
    }
}
