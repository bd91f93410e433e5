//! Arithmetic of `int` and `decimal`. Exact: what does not fit is unknown.

use super::{Arg, Builtin, Form, Op, Out, Pat};
use crate::{Decimal, Value};

pub(super) static ROWS: &[Builtin] = &[
    Builtin::new(
        Form::Operator(Op::Add),
        "int.add",
        &[Pat::Int, Pat::Int],
        Pat::Int,
        "The sum; unknown beyond 64 bits.",
        |a| int(a, i64::checked_add),
    )
    .partial(),
    Builtin::new(
        Form::Operator(Op::Sub),
        "int.sub",
        &[Pat::Int, Pat::Int],
        Pat::Int,
        "The difference; unknown beyond 64 bits.",
        |a| int(a, i64::checked_sub),
    )
    .partial(),
    Builtin::new(
        Form::Operator(Op::Mul),
        "int.mul",
        &[Pat::Int, Pat::Int],
        Pat::Int,
        "The product; unknown beyond 64 bits.",
        |a| int(a, i64::checked_mul),
    )
    .partial(),
    Builtin::new(
        Form::Operator(Op::Neg),
        "int.neg",
        &[Pat::Int],
        Pat::Int,
        "The number with the other sign; unknown beyond 64 bits.",
        |a| match a {
            [Arg::Known(Value::Int(n))] => n.checked_neg().map(Value::Int).into(),
            _ => Out::Unknown,
        },
    )
    .partial(),
    Builtin::new(
        Form::Operator(Op::Add),
        "decimal.add",
        &[Pat::Number, Pat::Number],
        Pat::Decimal,
        "The exact sum; unknown beyond 38 digits.",
        |a| exact(a, Decimal::checked_add),
    )
    .partial(),
    Builtin::new(
        Form::Operator(Op::Sub),
        "decimal.sub",
        &[Pat::Number, Pat::Number],
        Pat::Decimal,
        "The exact difference; unknown beyond 38 digits.",
        |a| exact(a, Decimal::checked_sub),
    )
    .partial(),
    Builtin::new(
        Form::Operator(Op::Mul),
        "decimal.mul",
        &[Pat::Number, Pat::Number],
        Pat::Decimal,
        "The exact product; unknown beyond 38 digits.",
        |a| exact(a, Decimal::checked_mul),
    )
    .partial(),
    Builtin::new(
        Form::Operator(Op::Neg),
        "decimal.neg",
        &[Pat::Decimal],
        Pat::Decimal,
        "The number with the other sign.",
        |a| match a {
            [Arg::Known(n)] => decimal(n).map(|n| Value::Decimal(n.negated())).into(),
            _ => Out::Unknown,
        },
    ),
];

fn int(args: &[Arg<'_>], op: fn(i64, i64) -> Option<i64>) -> Out {
    match args {
        [Arg::Known(Value::Int(a)), Arg::Known(Value::Int(b))] => op(*a, *b).map(Value::Int).into(),
        _ => Out::Unknown,
    }
}

fn exact(args: &[Arg<'_>], op: fn(Decimal, Decimal) -> Option<Decimal>) -> Out {
    match args {
        [Arg::Known(a), Arg::Known(b)] => {
            decimal(a).zip(decimal(b)).and_then(|(a, b)| op(a, b)).map(Value::Decimal).into()
        }
        _ => Out::Unknown,
    }
}

/// A number, widened.
pub(super) fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Int(n) => Some(Decimal::from(*n)),
        Value::Decimal(n) => Some(*n),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::builtins::tests::call;

    #[test]
    fn exact_or_unknown() {
        let dec = |text: &str| Value::Decimal(text.parse().unwrap());
        assert_eq!(call("int.add", &[Value::Int(1), Value::Int(2)]), Out::Known(Value::Int(3)));
        assert_eq!(call("int.sub", &[Value::Int(1), Value::Int(2)]), Out::Known(Value::Int(-1)));
        assert_eq!(call("int.mul", &[Value::Int(6), Value::Int(7)]), Out::Known(Value::Int(42)));
        assert_eq!(call("int.add", &[Value::Int(i64::MAX), Value::Int(1)]), Out::Unknown);
        assert_eq!(call("int.neg", &[Value::Int(i64::MIN)]), Out::Unknown);
        assert_eq!(call("decimal.add", &[Value::Int(1), dec("0.1")]), Out::Known(dec("1.1")));
        assert_eq!(call("decimal.sub", &[dec("0.3"), dec("0.1")]), Out::Known(dec("0.2")));
        assert_eq!(call("decimal.mul", &[dec("1e30"), dec("1e30")]), Out::Unknown);
        assert_eq!(call("decimal.neg", &[dec("1.5")]), Out::Known(dec("-1.5")));
    }
}
