//! Arithmetic of durations and times.

use super::{Arg, Builtin, Form, Op, Out, Pat};
use crate::{Duration, Time, Value};

pub(super) static ROWS: &[Builtin] = &[
    Builtin::new(
        Form::Operator(Op::Add),
        "duration.add",
        &[Pat::Duration, Pat::Duration],
        Pat::Duration,
        "The sum of two durations.",
        |a| span(a, Duration::checked_add),
    )
    .partial(),
    Builtin::new(
        Form::Operator(Op::Sub),
        "duration.sub",
        &[Pat::Duration, Pat::Duration],
        Pat::Duration,
        "The difference of two durations, which may be negative.",
        |a| span(a, Duration::checked_sub),
    )
    .partial(),
    Builtin::new(
        Form::Operator(Op::Mul),
        "duration.mul",
        &[Pat::Duration, Pat::Int],
        Pat::Duration,
        "The duration so many times.",
        |a| match a {
            [Arg::Known(Value::Duration(d)), Arg::Known(Value::Int(n))] => {
                d.checked_mul(*n).map(Value::Duration).into()
            }
            _ => Out::Unknown,
        },
    )
    .partial(),
    Builtin::new(
        Form::Operator(Op::Neg),
        "duration.neg",
        &[Pat::Duration],
        Pat::Duration,
        "The duration with the other sign.",
        |a| match a {
            [Arg::Known(Value::Duration(d))] => d.checked_mul(-1).map(Value::Duration).into(),
            _ => Out::Unknown,
        },
    )
    .partial(),
    Builtin::new(
        Form::Operator(Op::Add),
        "time.add",
        &[Pat::Time, Pat::Duration],
        Pat::Time,
        "The time so much later.",
        |a| moved(a, Time::checked_add),
    )
    .partial(),
    Builtin::new(
        Form::Operator(Op::Sub),
        "time.sub",
        &[Pat::Time, Pat::Duration],
        Pat::Time,
        "The time so much earlier.",
        |a| moved(a, Time::checked_sub),
    )
    .partial(),
    Builtin::new(
        Form::Operator(Op::Sub),
        "time.since",
        &[Pat::Time, Pat::Time],
        Pat::Duration,
        "How long after the second time the first is; negative if before.",
        |a| match a {
            [Arg::Known(Value::Time(a)), Arg::Known(Value::Time(b))] => Out::Known(Value::Duration(a.since(*b))),
            _ => Out::Unknown,
        },
    ),
];

fn span(args: &[Arg<'_>], op: fn(Duration, Duration) -> Option<Duration>) -> Out {
    match args {
        [Arg::Known(Value::Duration(a)), Arg::Known(Value::Duration(b))] => op(*a, *b).map(Value::Duration).into(),
        _ => Out::Unknown,
    }
}

fn moved(args: &[Arg<'_>], op: fn(Time, Duration) -> Option<Time>) -> Out {
    match args {
        [Arg::Known(Value::Time(a)), Arg::Known(Value::Duration(b))] => op(*a, *b).map(Value::Time).into(),
        _ => Out::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Type;
    use crate::builtins::tests::{call, v};

    #[test]
    fn arithmetic() {
        let d = |text: &str| v(Type::Duration, text);
        let t = |text: &str| v(Type::Time, text);
        assert_eq!(call("duration.add", &[d("1h"), d("30m")]), Out::Known(d("90m")));
        assert_eq!(call("duration.sub", &[d("1h"), d("2h")]), Out::Known(d("-1h")));
        assert_eq!(call("duration.mul", &[d("15m"), Value::Int(4)]), Out::Known(d("1h")));
        assert_eq!(call("duration.mul", &[d("7d"), Value::Int(i64::MAX)]), Out::Unknown);
        assert_eq!(call("duration.neg", &[d("1h")]), Out::Known(d("-1h")));
        assert_eq!(call("time.add", &[t("2026-01-01T00:00:00Z"), d("1d")]), Out::Known(t("2026-01-02T00:00:00Z")));
        assert_eq!(call("time.sub", &[t("2026-01-01T00:00:00Z"), d("1h")]), Out::Known(t("2025-12-31T23:00:00Z")));
        assert_eq!(call("time.since", &[t("2026-01-01T00:00:00Z"), t("2025-12-31T23:00:00Z")]), Out::Known(d("1h")));
        assert_eq!(call("time.add", &[t("9999-12-30T00:00:00Z"), d("7d")]), Out::Unknown);
    }
}
