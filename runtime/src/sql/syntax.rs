//! The one place that calls the parser. Gets single statements that [`super::scan`] has bounded.

use std::panic::catch_unwind;

use sqlparser::ast::Statement;
use sqlparser::dialect::{AnsiDialect, Dialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;

use crate::SqlDialect;

/// How deep the parser may recurse; with the bounds of the scanner, a megabyte of stack suffices, also unoptimised.
const MAX_DEPTH: usize = 40;

/// The tree of exactly one statement.
pub(super) fn parse(dialect: SqlDialect, statement: &str) -> Option<Statement> {
    // The parser is not ours: should it panic after all, the statement is opaque and the gateway lives on.
    catch_unwind(|| {
        let dialect: &dyn Dialect = match dialect {
            SqlDialect::Postgres => &PostgreSqlDialect {},
            SqlDialect::Mysql => &MySqlDialect {},
            SqlDialect::Sqlite => &SQLiteDialect {},
            SqlDialect::Ansi => &AnsiDialect {},
        };
        let parser = Parser::new(dialect).with_recursion_limit(MAX_DEPTH);
        let mut statements = parser.try_with_sql(statement).ok()?.parse_statements().ok()?;
        let only = statements.pop()?;
        statements.is_empty().then_some(only)
    })
    .ok()
    .flatten()
}
