//! Names of tables, columns and functions as a dialect compares them.

use sqlparser::ast::{Ident, ObjectName};

use crate::SqlDialect::{self, Ansi, Mysql, Postgres, Sqlite};

/// Postgres silently cuts longer names.
const MAX_NAME: usize = 63;

/// A name by which common table expressions and aliases of the same text are found again.
pub(super) fn label(dialect: SqlDialect, ident: &Ident) -> String {
    match (dialect, ident.quote_style) {
        (Postgres | Ansi, Some(_)) => ident.value.clone(),
        _ => ident.value.to_ascii_lowercase(),
    }
}

/// A column's name; `None` where it is not known how the server compares it.
pub(super) fn column(dialect: SqlDialect, ident: &Ident) -> Option<String> {
    match dialect {
        Mysql if !ident.value.is_ascii() => None,
        _ => part(if dialect == Mysql { Sqlite } else { dialect }, ident),
    }
}

/// A table's name with its schema; `None` where there is no schema, or the name is not certain.
pub(super) fn table(dialect: SqlDialect, name: &ObjectName) -> Option<String> {
    let parts: Vec<&Ident> = name.0.iter().map(|part| part.as_ident()).collect::<Option<_>>()?;
    let (schema, table) = match parts.as_slice() {
        [schema, table] => (schema, table),
        // Postgres reaches no other database than the current one.
        [_, schema, table] if dialect == Postgres => (schema, table),
        _ => return None,
    };
    Some(format!("{}.{}", part(dialect, schema)?, part(dialect, table)?))
}

/// One part of a name, such that equal texts are equal names for the server.
fn part(dialect: SqlDialect, ident: &Ident) -> Option<String> {
    let name = &ident.value;
    // A dot within quotes would read like two parts.
    if name.is_empty() || name.contains('.') {
        return None;
    }
    match (dialect, ident.quote_style) {
        (Postgres, _) if name.len() > MAX_NAME => None,
        (Postgres, Some(_)) => Some(name.clone()),
        // Whether case matters depends on the server's file system.
        (Mysql, _) => name.bytes().all(|c| c.is_ascii() && !c.is_ascii_uppercase()).then(|| name.clone()),
        // A quoted name is as it stands; an unquoted one is folded up or down.
        (Ansi, Some(_)) => None,
        (Sqlite, _) if !name.is_ascii() => None,
        (Postgres | Ansi, None) | (Sqlite, _) => Some(name.to_ascii_lowercase()),
    }
}

/// A function's name, and whether it is certainly the database's own of this name.
pub(super) fn function(dialect: SqlDialect, name: &ObjectName) -> Option<(String, bool)> {
    let parts: Vec<&Ident> = name.0.iter().map(|part| part.as_ident()).collect::<Option<_>>()?;
    let plain = parts.iter().all(|part| part.quote_style.is_none());
    let folded: Vec<String> = parts.iter().map(|part| label(dialect, part)).collect();
    match folded.as_slice() {
        [function] => Some((function.clone(), plain)),
        [schema, function] if dialect == Postgres && schema == "pg_catalog" => Some((function.clone(), plain)),
        parts => Some((parts.join("."), false)),
    }
}
