//! Paths. `path` is judged with where it leads, `remote_path` by its text alone.

use super::compare::any;
use super::{Arg, Builtin, Form, Op, Out, Pat};
use crate::{Tri, Value};

pub(super) static ROWS: &[Builtin] = &[
    Builtin::new(
        Form::Operator(Op::Under),
        "path.under",
        &[Pat::Path, Pat::Path],
        Pat::Bool,
        "Is the path the directory or inside it, by components? Unknown unless the path and what \
         it resolves to agree.",
        under,
    )
    .partial(),
    Builtin::new(
        Form::Operator(Op::Under),
        "path.under_any",
        &[Pat::Path, Pat::Elements(&Pat::Path)],
        Pat::Bool,
        "Is the path one of the directories or inside one? Unknown unless the path and what it \
         resolves to agree.",
        under_any,
    )
    .partial()
    .linear()
    .lenient(),
    Builtin::new(
        Form::Operator(Op::Under),
        "remote_path.under",
        &[Pat::RemotePath, Pat::RemotePath],
        Pat::Bool,
        "Is the path the directory or inside it, by components of its text?",
        under,
    ),
    Builtin::new(
        Form::Operator(Op::Under),
        "remote_path.under_any",
        &[Pat::RemotePath, Pat::Elements(&Pat::RemotePath)],
        Pat::Bool,
        "Is the path one of the directories or inside one, by components of its text?",
        under_any,
    )
    .linear()
    .lenient(),
    Builtin::part("path.name", &[Pat::Path], Pat::Str, "The last component as written; empty for `/`.", name),
    Builtin::part(
        "path.extension",
        &[Pat::Path],
        Pat::Str,
        "What follows the last dot of the name as written; empty if there is none.",
        extension,
    ),
    Builtin::part("remote_path.name", &[Pat::RemotePath], Pat::Str, "The last component; empty for `/`.", name),
    Builtin::part(
        "remote_path.extension",
        &[Pat::RemotePath],
        Pat::Str,
        "What follows the last dot of the name; empty if there is none.",
        extension,
    ),
];

fn under(args: &[Arg<'_>]) -> Out {
    match args {
        [Arg::Known(path), Arg::Known(base)] => inside(path, base).into(),
        _ => Out::Unknown,
    }
}

fn under_any(args: &[Arg<'_>]) -> Out {
    match args {
        [Arg::Known(path), Arg::Known(Value::List(bases) | Value::Set(bases))] => {
            any(bases, true, |base| inside(path, base)).into()
        }
        [Arg::Known(path), Arg::Partial(bases)] => any(bases, false, |base| inside(path, base)).into(),
        _ => Out::Unknown,
    }
}

fn inside(path: &Value, base: &Value) -> Tri {
    match (path, base) {
        (Value::Path(path), Value::Path(base)) => path.under(base),
        _ => Tri::Unknown,
    }
}

fn name(value: &Value) -> Option<&Value> {
    if let Value::Path(path) = value { Some(path.name_value()) } else { None }
}

fn extension(value: &Value) -> Option<&Value> {
    if let Value::Path(path) = value { Some(path.extension_value()) } else { None }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::builtins::tests::{call, v};
    use crate::{PathValue, Type};

    #[test]
    fn under() {
        let to = |path: &str, target: &str| Value::Path(PathValue::resolved_to(path, target).unwrap().into());
        let srv = v(Type::Path, "/srv");
        assert_eq!(call("path.under", &[to("/srv/a", "/srv/a"), srv.clone()]), true.into());
        assert_eq!(call("path.under", &[to("/srv/a", "/etc"), srv.clone()]), Out::Unknown);
        assert_eq!(
            call("path.under", &[Value::Path(PathValue::unresolved("/etc").unwrap().into()), srv.clone()]),
            Out::Unknown
        );
        let both = Value::set(vec![srv, v(Type::Path, "/opt")]);
        assert_eq!(call("path.under_any", &[to("/opt/a", "/opt/a"), both.clone()]), true.into());
        assert_eq!(call("path.under_any", &[to("/etc", "/etc"), both]), false.into());
        assert_eq!(
            call("remote_path.under", &[v(Type::RemotePath, "/srv/../etc"), v(Type::RemotePath, "/srv")]),
            false.into()
        );
    }

    #[test]
    fn names() {
        assert_eq!(call("path.name", &[v(Type::Path, "/a/b.txt")]), Out::Known(Value::str("b.txt")));
        assert_eq!(call("path.extension", &[v(Type::Path, "/a/b.txt")]), Out::Known(Value::str("txt")));
    }
}
