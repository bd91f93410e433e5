//! Types as written become types.

use claw_runtime::{ShellDialect, SqlDialect, Type};
use claw_syntax::ast::{Ident, TypeExpr, TypeExprKind};

use super::Cx;
use crate::analysis::Symbol;
use crate::diagnostics::{Diagnostic, codes};
use crate::hir::ModuleId;
use crate::suggest;

/// The types that are one word.
const SCALARS: [(&str, Type); 17] = [
    ("bool", Type::Bool),
    ("int", Type::Int),
    ("decimal", Type::Decimal),
    ("string", Type::Str),
    ("duration", Type::Duration),
    ("time", Type::Time),
    ("date", Type::Date),
    ("bytes", Type::Bytes),
    ("secret", Type::Secret),
    ("json", Type::Json),
    ("email", Type::Email),
    ("host", Type::Host),
    ("url", Type::Url),
    ("ip", Type::Ip),
    ("ipnet", Type::IpNet),
    ("path", Type::Path),
    ("remote_path", Type::RemotePath),
];

/// What people write for them elsewhere.
const FOREIGN: [(&str, &str); 14] = [
    ("str", "string"),
    ("text", "string"),
    ("boolean", "bool"),
    ("integer", "int"),
    ("number", "decimal"),
    ("float", "decimal"),
    ("double", "decimal"),
    ("datetime", "time"),
    ("timestamp", "time"),
    ("uri", "url"),
    ("domain", "host"),
    ("hostname", "host"),
    ("object", "json"),
    ("cidr", "ipnet"),
];

const SHELLS: [(&str, ShellDialect); 2] = [("bash", ShellDialect::Bash), ("sh", ShellDialect::Sh)];
const SQLS: [(&str, SqlDialect); 4] = [
    ("postgres", SqlDialect::Postgres),
    ("mysql", SqlDialect::Mysql),
    ("sqlite", SqlDialect::Sqlite),
    ("ansi", SqlDialect::Ansi),
];

/// Types that only parameters of predicates have: nobody can send a value of them, or they say too little to decode one.
const INNER: [(&str, Type); 3] = [("command", Type::AnyCommand), ("sql", Type::AnySql), ("call", Type::Call)];

/// The types that need no declaration, as they are written.
pub(crate) fn words() -> impl Iterator<Item = String> {
    let shells = SHELLS.iter().map(|(dialect, _)| format!("command({dialect})"));
    let queries = SQLS.iter().map(|(dialect, _)| format!("sql({dialect})"));
    SCALARS.iter().map(|(word, _)| (*word).to_owned()).chain(shells).chain(queries)
}

/// What the type is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// A value that comes from outside, or is written in the policy.
    Data,
    /// A parameter of a predicate.
    Parameter,
}

impl Cx<'_> {
    /// The type that is meant; [`Type::Error`] after reporting that there is none.
    pub(crate) fn type_expr(&mut self, module: ModuleId, ty: &TypeExpr) -> Type {
        self.typed(module, ty, Of::Data)
    }

    /// The type of a predicate's parameter, which can be more than data: `call`, and `command` or `sql` of any dialect.
    pub(crate) fn parameter_type(&mut self, module: ModuleId, ty: &TypeExpr) -> Type {
        self.typed(module, ty, Of::Parameter)
    }

    fn typed(&mut self, module: ModuleId, ty: &TypeExpr, of: Of) -> Type {
        match &ty.kind {
            TypeExprKind::Error => Type::Error,
            TypeExprKind::Name(path) if path.is_hole() => Type::Error,
            TypeExprKind::Name(path) => {
                let name = path.text();
                if let Some((_, ty)) = SCALARS.iter().find(|(word, _)| *word == name) {
                    return ty.clone();
                }
                match self.lookup(module, path) {
                    Some(symbol @ Symbol::Enum(id)) => {
                        self.refer_path(module, path, symbol);
                        Type::Enum(id)
                    }
                    Some(symbol @ Symbol::Record(id)) => {
                        self.refer_path(module, path, symbol);
                        Type::Record(id)
                    }
                    None if of == Of::Parameter && INNER.iter().any(|(word, _)| *word == name) => {
                        INNER.iter().find(|(word, _)| *word == name).map_or(Type::Error, |(_, ty)| ty.clone())
                    }
                    other => self.unknown_type(module, ty, &name, other),
                }
            }
            TypeExprKind::Generic { name, args } => self.generic(module, ty, name, args, of),
            TypeExprKind::Dialect { name, dialect } => self.dialect(module, ty, name, dialect),
        }
    }

    fn unknown_type(&mut self, module: ModuleId, ty: &TypeExpr, name: &str, found: Option<Symbol>) -> Type {
        if let TypeExprKind::Name(path) = &ty.kind
            && found.is_none()
            && self.perhaps_lost(module, path)
        {
            return Type::Error;
        }
        let loc = self.loc(module, ty.span);
        let error = |message: String| Diagnostic::new(codes::E0110, loc, message);
        let error = if let Some(symbol) = found {
            error(format!("`{name}` is {}, not a type", symbol.kind()))
        } else if let Some((_, meant)) = FOREIGN.iter().find(|(word, _)| *word == name.to_lowercase()) {
            error(format!("there is no type `{name}`")).help(format!("claw calls it `{meant}`")).fix(
                format!("change it to `{meant}`"),
                loc,
                *meant,
            )
        } else if name == "list" || name == "set" {
            error(format!("`{name}` needs the type of its elements")).help(format!("write `{name}<string>`"))
        } else if name == "command" {
            error("`command` needs a dialect".into()).help("write `command(bash)`")
        } else if name == "sql" {
            error("`sql` needs a dialect".into()).help("write `sql(postgres)`")
        } else if name == "call" {
            error("only a parameter of a predicate can be a `call`".into())
                .help("nobody sends single calls: take a `command(bash)`, and ask about its `.calls`")
        } else {
            let declared = |s: Symbol| matches!(s, Symbol::Enum(_) | Symbol::Record(_));
            let scalars = SCALARS.iter().map(|(word, _)| *word);
            let near = suggest::nearest(name, scalars).map(str::to_owned);
            let near = near.or_else(|| self.suggest_name(module, name, declared));
            error(format!("there is no type `{name}`")).did_you_mean(loc, near.as_deref())
        };
        self.report(error);
        Type::Error
    }

    fn generic(&mut self, module: ModuleId, ty: &TypeExpr, name: &Ident, args: &[TypeExpr], of: Of) -> Type {
        let inner: Vec<Type> = args.iter().map(|arg| self.typed(module, arg, of)).collect();
        let loc = self.loc(module, ty.span);
        let [element] = inner.as_slice() else {
            self.report(Diagnostic::new(codes::E0110, loc, format!("`{}` takes one type", name.name)));
            return Type::Error;
        };
        if *element == Type::Error {
            return Type::Error;
        }
        match name.name.as_str() {
            "list" => Type::list(element.clone()),
            "set" => Type::set(element.clone()),
            "" => Type::Error,
            other => {
                let at = self.loc(module, name.span);
                let meant = match other {
                    "array" | "vec" => Some("list"),
                    _ => suggest::nearest(other, ["list", "set"]),
                };
                let error = Diagnostic::new(codes::E0110, at, format!("there is no type `{other}<…>`"))
                    .help("there are `list<T>` and `set<T>`")
                    .did_you_mean(at, meant);
                self.report(error);
                Type::Error
            }
        }
    }

    fn dialect(&mut self, module: ModuleId, ty: &TypeExpr, name: &Ident, dialect: &Ident) -> Type {
        if name.is_hole() || dialect.is_hole() {
            return Type::Error;
        }
        let word = dialect.name.as_str();
        let (found, words): (_, Vec<&str>) = match name.name.as_str() {
            "command" => {
                let found = SHELLS.iter().find(|(w, _)| *w == word).map(|(_, d)| Type::Command(*d));
                (found, SHELLS.iter().map(|(w, _)| *w).collect())
            }
            "sql" => {
                let found = SQLS.iter().find(|(w, _)| *w == word).map(|(_, d)| Type::Sql(*d));
                (found, SQLS.iter().map(|(w, _)| *w).collect())
            }
            other => {
                let loc = self.loc(module, ty.span);
                let error = Diagnostic::new(codes::E0110, loc, format!("there is no type `{other}(…)`"))
                    .help("`command(bash)` and `sql(postgres)` take a dialect");
                self.report(error);
                return Type::Error;
            }
        };
        found.unwrap_or_else(|| {
            let at = self.loc(module, dialect.span);
            let error = Diagnostic::new(codes::E0110, at, format!("`{}` knows no dialect `{word}`", name.name))
                .help(format!("it knows {}", suggest::list(words.iter().copied())))
                .did_you_mean(at, suggest::nearest(word, words.iter().copied()));
            self.report(error);
            Type::Error
        })
    }

    /// A type for a message.
    pub(crate) fn show(&self, ty: &Type) -> String {
        ty.display(&self.package.schema)
    }
}
