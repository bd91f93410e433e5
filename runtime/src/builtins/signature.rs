//! Types with holes: what the signatures of builtins are made of.

use crate::{Schema, Type, Vocab};

use super::{Builtin, Form, Op};

/// A type, or a family of types, in a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Pat {
    Bool,
    Int,
    Decimal,
    Str,
    Duration,
    Time,
    Bytes,
    Json,
    Email,
    Host,
    Url,
    Ip,
    IpNet,
    Path,
    RemotePath,
    /// `command` in any dialect.
    Command,
    /// `sql` in any dialect.
    Sql,
    Call,
    Agent,
    /// A declared role.
    Role,
    /// `int` or `decimal`.
    Number,
    /// A type whose values are canonical text: `string`, `email`, `host`, `url`, `path`, `remote_path`.
    Text,
    /// A type with an order; the one it stands for is remembered.
    Ordered,
    /// A type with an equality; the one it stands for is remembered.
    Equatable,
    /// Any type; the one it stands for is remembered.
    Any,
    /// The remembered type.
    Same,
    /// The remembered type, or another number if that is a number.
    Matching,
    ListOf(&'static Pat),
    SetOf(&'static Pat),
    /// A list or a set.
    Elements(&'static Pat),
}

impl Pat {
    /// Could a value of this type stand here, taken by itself?
    #[must_use]
    pub fn accepts(&self, ty: &Type) -> bool {
        self.unify(ty, &mut None)
    }

    fn unify(&self, ty: &Type, bound: &mut Option<Type>) -> bool {
        if *ty == Type::Error {
            return true;
        }
        match self {
            Pat::Command => ty.is_kin(&Type::AnyCommand),
            Pat::Sql => ty.is_kin(&Type::AnySql),
            Pat::Number => is_number(ty),
            Pat::Text => {
                matches!(ty, Type::Str | Type::Email | Type::Host | Type::Url | Type::Path | Type::RemotePath)
            }
            Pat::Ordered => {
                (is_number(ty) || matches!(ty, Type::Duration | Type::Time | Type::Date)) && bind(ty, bound)
            }
            Pat::Equatable => is_equatable(ty) && bind(ty, bound),
            Pat::Any => bind(ty, bound),
            Pat::Same => bound.as_ref().is_none_or(|bound| bound == ty || *bound == Type::Error),
            Pat::Matching => bound
                .as_ref()
                .is_none_or(|bound| bound == ty || *bound == Type::Error || is_number(bound) && is_number(ty)),
            Pat::ListOf(element) => matches!(ty, Type::List(t) if element.unify(t, bound)),
            Pat::SetOf(element) => matches!(ty, Type::Set(t) if element.unify(t, bound)),
            Pat::Elements(element) => ty.element().is_some_and(|t| element.unify(t, bound)),
            plain => plain.plain().as_ref() == Some(ty),
        }
    }

    /// The type a result stands for.
    fn instantiate(&self, bound: Option<&Type>) -> Type {
        match self {
            Pat::ListOf(element) | Pat::Elements(element) => Type::list(element.instantiate(bound)),
            Pat::SetOf(element) => Type::set(element.instantiate(bound)),
            plain => plain.plain().or_else(|| bound.cloned()).unwrap_or(Type::Error),
        }
    }

    /// The one type that a pattern without holes stands for.
    fn plain(&self) -> Option<Type> {
        Some(match self {
            Pat::Bool => Type::Bool,
            Pat::Int => Type::Int,
            Pat::Decimal => Type::Decimal,
            Pat::Str => Type::Str,
            Pat::Duration => Type::Duration,
            Pat::Time => Type::Time,
            Pat::Bytes => Type::Bytes,
            Pat::Json => Type::Json,
            Pat::Email => Type::Email,
            Pat::Host => Type::Host,
            Pat::Url => Type::Url,
            Pat::Ip => Type::Ip,
            Pat::IpNet => Type::IpNet,
            Pat::Path => Type::Path,
            Pat::RemotePath => Type::RemotePath,
            Pat::Call => Type::Call,
            Pat::Agent => Type::Agent,
            Pat::Role => Type::Word(Vocab::Role),
            _ => return None,
        })
    }

    /// For signatures that people read.
    fn display(&self) -> String {
        match self {
            Pat::Command => "command".to_owned(),
            Pat::Sql => "sql".to_owned(),
            Pat::Number => "number".to_owned(),
            Pat::Text => "text".to_owned(),
            Pat::Ordered => "number, duration, time or date".to_owned(),
            Pat::Equatable | Pat::Any | Pat::Same | Pat::Matching => "T".to_owned(),
            Pat::ListOf(element) => format!("list<{}>", element.display()),
            Pat::SetOf(element) => format!("set<{}>", element.display()),
            Pat::Elements(element) => format!("list or set of {}", element.display()),
            plain => plain.plain().map_or_else(String::new, |ty| ty.display(&Schema::default())),
        }
    }
}

fn is_number(ty: &Type) -> bool {
    matches!(ty, Type::Int | Type::Decimal)
}

/// Secrets, opaque values, programs and records are never compared; nor are sets of paths, whose order says nothing
/// of where they lead.
fn is_equatable(ty: &Type) -> bool {
    match ty {
        Type::Secret | Type::Json | Type::Call | Type::Agent | Type::Record(_) => false,
        Type::Command(_) | Type::Sql(_) | Type::AnyCommand | Type::AnySql => false,
        Type::List(element) => is_equatable(element),
        Type::Set(element) => **element != Type::Path && is_equatable(element),
        _ => true,
    }
}

fn bind(ty: &Type, bound: &mut Option<Type>) -> bool {
    bound.get_or_insert_with(|| ty.clone()) == ty
}

/// The result type of a signature for arguments of these types; `None` if they don't fit.
pub(super) fn apply(params: &[Pat], result: &Pat, args: &[&Type]) -> Option<Type> {
    let mut bound = None;
    let fits = params.len() == args.len() && params.iter().zip(args).all(|(pat, ty)| pat.unify(ty, &mut bound));
    // An error was reported where it arose; what is made of it must not be reported again.
    let poisoned = args.contains(&&Type::Error);
    fits.then(|| if poisoned { Type::Error } else { result.instantiate(bound.as_ref()) })
}

pub(super) fn display(row: &Builtin) -> String {
    let shown: Vec<String> = row.params.iter().map(Pat::display).collect();
    let result = row.result.display();
    let (first, rest) = shown.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    let rest = rest.join(", ");
    match row.form {
        Form::Member => format!("{first}.{}: {result}", row.surface()),
        Form::Method => format!("{first}.{}({rest}): {result}", row.surface()),
        Form::Operator(Op::Neg) => format!("-{first}: {result}"),
        Form::Operator(op) => format!("{first} {} {rest}: {result}", op.symbol()),
        Form::Function => format!("{}({}): {result}", row.surface(), shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ShellDialect, SqlDialect};

    #[test]
    fn unification() {
        for dialect in [ShellDialect::Bash, ShellDialect::Sh] {
            assert!(Pat::Command.accepts(&Type::Command(dialect)));
        }
        assert!(!Pat::Command.accepts(&Type::Sql(SqlDialect::Ansi)));
        assert!(Pat::Elements(&Pat::Host).accepts(&Type::set(Type::Host)));
        assert!(!Pat::ListOf(&Pat::Host).accepts(&Type::set(Type::Host)));
        assert_eq!(apply(&[Pat::Any, Pat::Same], &Pat::Same, &[&Type::Int, &Type::Int]), Some(Type::Int));
        assert_eq!(apply(&[Pat::Any, Pat::Same], &Pat::Same, &[&Type::Int, &Type::Decimal]), None);
        assert_eq!(apply(&[Pat::Ordered, Pat::Matching], &Pat::Bool, &[&Type::Int, &Type::Decimal]), Some(Type::Bool));
        assert_eq!(apply(&[Pat::Ordered, Pat::Matching], &Pat::Bool, &[&Type::Int, &Type::Time]), None);
        assert_eq!(apply(&[Pat::Any], &Pat::Int, &[&Type::Error]), Some(Type::Error));
        assert!(!Pat::Equatable.accepts(&Type::list(Type::Json)));
    }
}
