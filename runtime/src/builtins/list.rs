//! Lists and sets as a whole. Their elements are the quantifiers' business.

use super::{Arg, Builtin, Form, Op, Out, Pat};
use crate::Value;

pub(super) static ROWS: &[Builtin] = &[
    Builtin::new(
        Form::Function,
        "list.len",
        &[Pat::Elements(&Pat::Any)],
        Pat::Int,
        "How many elements there are; at least the known ones, where not all are known.",
        |a| match a {
            [Arg::Known(Value::List(items) | Value::Set(items))] => super::text::int(items.len()),
            [Arg::Partial(items)] => i64::try_from(items.len()).map_or(Out::Unknown, |n| Out::Interval(n, i64::MAX)),
            _ => Out::Unknown,
        },
    )
    .lenient(),
    Builtin::new(
        Form::Operator(Op::Add),
        "list.add",
        &[Pat::ListOf(&Pat::Any), Pat::ListOf(&Pat::Same)],
        Pat::ListOf(&Pat::Same),
        "The elements of the first list, then those of the second.",
        |a| match a {
            [a, b] => {
                let (Some((a, a_complete)), Some((b, b_complete))) = (elements(*a), elements(*b)) else {
                    return Out::Unknown;
                };
                let joined = a.iter().chain(b).cloned().collect();
                if a_complete && b_complete { Out::Known(Value::List(joined)) } else { Out::Partial(joined) }
            }
            _ => Out::Unknown,
        },
    )
    .linear()
    .lenient(),
];

/// The known elements, and whether these are all.
fn elements(arg: Arg<'_>) -> Option<(&[Value], bool)> {
    match arg {
        Arg::Known(Value::List(items)) => Some((items, true)),
        Arg::Partial(items) => Some((items, false)),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::builtins::by_name;
    use crate::builtins::tests::call;

    #[test]
    fn whole_lists() {
        let list = |ns: &[i64]| Value::list(ns.iter().copied().map(Value::Int).collect());
        assert_eq!(call("list.len", &[list(&[1, 1])]), Out::Known(Value::Int(2)));
        assert_eq!(call("list.len", &[Value::set(vec![Value::Int(1), Value::Int(1)])]), Out::Known(Value::Int(1)));
        assert_eq!(call("list.add", &[list(&[1]), list(&[2])]), Out::Known(list(&[1, 2])));
    }

    #[test]
    fn partly_known_lists() {
        let known = [Value::Int(1)];
        assert_eq!(by_name("list.len").unwrap().call(&[Arg::Partial(&known)]), Out::Interval(1, i64::MAX));
        let joined =
            by_name("list.add").unwrap().call(&[Arg::Partial(&known), Arg::Known(&Value::list(vec![Value::Int(2)]))]);
        assert_eq!(joined, Out::Partial([Value::Int(1), Value::Int(2)].into()));
    }
}
