//! Any text is read as SQL: without panic, in bounded time and memory, and what isn't understood grants nothing.
#![no_main]

use claw_runtime::{Sql, SqlDialect, Tri, Value};
use libfuzzer_sys::fuzz_target;

/// Kinds of statements that change data.
const WRITES: [&str; 6] = ["insert", "update", "delete", "merge", "drop", "truncate"];
const DIALECTS: [SqlDialect; 4] = [SqlDialect::Postgres, SqlDialect::Mysql, SqlDialect::Sqlite, SqlDialect::Ansi];

fuzz_target!(|text: &str| {
    for dialect in DIALECTS {
        let sql = Sql::new(dialect, text);
        let lists = [sql.kinds(), sql.tables(), sql.columns(), sql.functions()];
        for list in &lists {
            assert!(list.items.iter().all(|item| matches!(item, Value::Str(_))));
        }
        let (read_only, kinds) = (sql.read_only(), &lists[0]);
        if sql.opaque() {
            assert_ne!(read_only, Tri::True, "opaque, yet it only reads");
            assert_ne!(sql.has_where(), Tri::True);
            assert!(lists.iter().all(|list| !list.complete), "opaque, yet all is known");
        }
        for kind in kinds.items.iter().filter_map(Value::as_str) {
            assert!(!WRITES.contains(&kind) || read_only != Tri::True, "`{kind}`, yet it only reads");
        }
        assert_eq!(Sql::new(dialect, text).read_only(), read_only, "the same text, the same answer");
    }
});
