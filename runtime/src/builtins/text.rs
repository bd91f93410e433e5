//! Tests of strings and bytes.

use super::{Arg, Builtin, Form, Op, Out, Pat};
use crate::{Host, Tri, Value, glob_matches};

pub(super) static ROWS: &[Builtin] = &[
    Builtin::new(
        Form::Function,
        "string.len",
        &[Pat::Str],
        Pat::Int,
        "How many characters the string has (Unicode scalar values).",
        |a| match a {
            [Arg::Known(Value::Str(s))] => int(s.chars().count()),
            _ => Out::Unknown,
        },
    )
    .linear(),
    Builtin::new(Form::Function, "bytes.len", &[Pat::Bytes], Pat::Int, "How many bytes there are.", |a| match a {
        [Arg::Known(Value::Bytes(b))] => int(b.len()),
        _ => Out::Unknown,
    }),
    Builtin::new(
        Form::Operator(Op::Like),
        "text.like",
        &[Pat::Text, Pat::Str],
        Pat::Bool,
        "Does the whole text fit the glob? `*` stands for any characters, also none, `?` for exactly one. \
         Of a path, what it resolves to has to agree.",
        |a| match a {
            [Arg::Known(text), Arg::Known(Value::Str(glob))] => test_text(text, |t| Some(glob_matches(glob, t))).into(),
            [Arg::Known(text), Arg::Pattern(pattern)] => test_text(text, |t| pattern.matches(t)).into(),
            _ => Out::Unknown,
        },
    )
    .partial()
    .linear(),
    Builtin::new(
        Form::Operator(Op::Matches),
        "text.matches",
        &[Pat::Text, Pat::Str],
        Pat::Bool,
        "Does the regular expression match the whole text? Takes linear time. Of a path, what it resolves to has \
         to agree.",
        |a| match a {
            [Arg::Known(text), Arg::Pattern(pattern)] => test_text(text, |t| pattern.matches(t)).into(),
            _ => Out::Unknown,
        },
    )
    .partial()
    .linear(),
];

/// Applies a test to the canonical text of a value. Unknown for a path unless what it resolves to agrees.
#[must_use]
pub fn test_text(value: &Value, test: impl Fn(&str) -> Option<bool>) -> Tri {
    let answer = match value {
        Value::Str(text) => test(text),
        Value::Url(url) => test(url.as_str()),
        Value::Host(Host::Name(name)) => test(name),
        Value::Host(Host::Ip(ip)) => test(&ip.to_string()),
        Value::Email(email) => test(&email.to_string()),
        Value::Path(path) => path.resolved().and_then(|target| {
            let lexical = test(path.as_str());
            if lexical == test(target) { lexical } else { None }
        }),
        _ => None,
    };
    Tri::from(answer)
}

pub(super) fn int(n: usize) -> Out {
    i64::try_from(n).ok().map(Value::Int).into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::Type;
    use crate::builtins::tests::{call, v};

    #[test]
    fn strings() {
        assert_eq!(call("string.len", &[Value::str("äö")]), Out::Known(Value::Int(2)));
        assert_eq!(call("bytes.len", &[v(Type::Bytes, "Zm9v")]), Out::Known(Value::Int(3)));
        assert_eq!(call("text.like", &[Value::str("release-1"), Value::str("release-*")]), true.into());
        assert_eq!(call("text.like", &[Value::str("x"), Value::str("release-*")]), false.into());
        assert_eq!(call("text.like", &[v(Type::Email, "A@b.c"), Value::str("a@*")]), true.into());
        assert_eq!(call("text.like", &[v(Type::Url, "https://b.c"), Value::str("https://*")]), true.into());
        let link = Value::Path(crate::PathValue::resolved_to("/a.txt", "/etc/passwd").unwrap().into());
        assert_eq!(call("text.like", &[link.clone(), Value::str("*.txt")]), Out::Unknown);
        assert_eq!(call("text.like", &[link, Value::str("/*")]), true.into());
        // Without its automaton, a regular expression decides nothing.
        assert_eq!(call("text.matches", &[Value::str("a"), Value::str("a")]), Out::Unknown);
    }
}
