//! SQL statements: one of each kind, and those about the tables and columns that the policy mentions.

use claw_runtime::{Sql, SqlDialect, Value};

use super::Hints;
use super::text::seeds;

/// Tried in every dialect.
const ALWAYS: &[&str] = &[
    "select 1",
    "select * from t",
    "select a from t where a = 1",
    "insert into t (a) values (1)",
    "update t set a = 1 where a = 2",
    "update t set a = 1",
    "delete from t where a = 1",
    "delete from t",
    "create table t (a int)",
    "alter table t add column b int",
    "drop table t",
    "truncate table t",
    "select 1; select 2",
    "select 1; drop table t",
    "select f(1)",
    "begin",
    "grant select on t to a",
    "no sql at all",
    "select '",
    "",
];

fn peculiar(dialect: SqlDialect) -> &'static [&'static str] {
    match dialect {
        SqlDialect::Postgres => &["copy t to '/tmp/a'", "select pg_sleep(1)", "set role a", "explain select * from t"],
        SqlDialect::Mysql => &["replace into t (a) values (1)", "show tables", "select sleep(1)"],
        SqlDialect::Sqlite => {
            &["pragma table_info(t)", "attach database '/tmp/a' as b", "replace into t (a) values (1)"]
        }
        SqlDialect::Ansi => &[],
    }
}

/// The most names that are tried alone, and together with each other.
const NAMES: usize = 24;
const PAIRED: usize = 8;

pub(super) fn statements(dialect: SqlDialect, hints: &Hints<'_>) -> Vec<Value> {
    let seeds = seeds(hints);
    let names: Vec<&str> = seeds.iter().map(String::as_str).filter(|seed| is_name(seed)).take(NAMES).collect();
    let mut out: Vec<String> = ALWAYS.iter().chain(peculiar(dialect)).map(|text| (*text).to_owned()).collect();
    out.extend(seeds.iter().filter(|seed| seed.contains(' ')).cloned());
    for name in &names {
        out.extend([
            format!("select * from {name}"),
            format!("select a from {name} where a = 1"),
            format!("update {name} set a = 1 where a = 2"),
            format!("delete from {name}"),
            format!("insert into {name} (a) values (1)"),
            format!("drop table {name}"),
        ]);
        if !name.contains('.') {
            out.extend([format!("select {name} from t"), format!("select {name}(1)")]);
        }
    }
    for table in names.iter().take(PAIRED) {
        let others = names.iter().take(PAIRED).filter(|other| *other != table);
        out.extend(
            others.clone().filter(|other| !other.contains('.')).map(|column| format!("select {column} from {table}")),
        );
        out.extend(others.map(|other| format!("select * from {table}, {other}")));
    }
    out.into_iter().map(|text| Value::Sql(Sql::new(dialect, text).into())).collect()
}

/// `orders` or `public.orders`.
fn is_name(text: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    text.len() <= 100 && text.split('.').count() <= 3 && text.split('.').all(part)
}
