//! Looking into `json`. `x.at("/pointer") as T` is this and a decoding by type: see [`crate::json_at`].

use super::{Arg, Builtin, Form, Out, Pat};
use crate::Value;

pub(super) static ROWS: &[Builtin] = &[Builtin::new(
    Form::Method,
    "json.at",
    &[Pat::Json, Pat::Str],
    Pat::Json,
    "The value at a JSON pointer; unknown where there is none. Read it with `as`: \
         `(x.at(\"/a/0\") as int)`.",
    |a| match a {
        [Arg::Known(Value::Json(json)), Arg::Known(Value::Str(pointer))] => {
            json.pointer(pointer).map(|at| Value::Json(at.clone().into())).into()
        }
        _ => Out::Unknown,
    },
)
.partial()
.linear()];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::builtins::tests::call;
    use crate::{Json, Limits};

    #[test]
    fn at() {
        let json = |text: &str| Value::Json(Json::parse(text.as_bytes(), &Limits::default()).unwrap().into());
        assert_eq!(call("json.at", &[json("{\"a\":[1,2]}"), Value::str("/a/1")]), Out::Known(json("2")));
        assert_eq!(call("json.at", &[json("{\"a\":[1,2]}"), Value::str("/a/2")]), Out::Unknown);
    }
}
