//! SQL that is written to exhaust the stack or the clock. Each text is read in a thread with less stack than servers give
//! theirs; a test that fails here takes the process with it.

#![allow(clippy::disallowed_types)] // The runtime reads no clock; its tests may.

use std::time::{Duration, Instant};

use claw_runtime::{Sql, SqlDialect};

const DIALECTS: [SqlDialect; 4] = [SqlDialect::Postgres, SqlDialect::Mysql, SqlDialect::Sqlite, SqlDialect::Ansi];

/// Far more than any text needs, unoptimised and on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

fn survives(text: String) {
    let thread = std::thread::Builder::new().stack_size(1 << 20);
    let done = thread.spawn(move || {
        for dialect in DIALECTS {
            let begun = Instant::now();
            let _ = Sql::new(dialect, text.as_str()).read_only();
            let start = text.get(..40).unwrap_or(&text);
            assert!(begun.elapsed() < PATIENCE, "{dialect:?} takes {:?} for {start}…", begun.elapsed());
        }
    });
    done.expect("a thread").join().expect("no panic");
}

#[test]
fn hostile_nesting() {
    let patterns = [
        ("select ", "(", "1", ")"),
        ("select * from ", "(", "t", ")"),
        ("select * from ", "lateral (select * from ", "t", ") a"),
        ("select * from ", "(select * from ", "t", ") a"),
        ("select * from a ", "join (b ", "on 1", ")"),
        ("select * from a ", "join b ", "", " on 1"),
        ("", "explain ", "select 1", ""),
        ("", "describe ", "select 1", ""),
        ("", "desc ", "select 1", ""),
        ("", "if 1 then ", "select 1;", " end if;"),
        ("", "begin ", "select 1;", " end;"),
        ("", "prepare a as ", "select 1", ""),
        ("select ", "case when ", "1", " then 1 end"),
        ("select ", "(select case when 1 in (", "1", ") then 1 end)"),
        ("with a as (", "with a as (", "select 1", ") select 1"),
        ("select 1 where 1 in ", "(select 1 from (", "select 1", ") a)"),
        ("select ", "exists(select ", "1", ")"),
        ("select ", "not ", "1", ""),
        ("select ", "- ", "1", ""),
        ("select 1", " or a", "", ""),
        ("select a", "::int", "", ""),
        ("select a", " is null", "", ""),
        ("select a", " isnull", "", ""),
        ("select a", "[1]", "", ""),
        ("select a", "(1)", "", ""),
        ("select a", "->1", "", ""),
        ("select a", " not like b", "", ""),
        ("select a", " at time zone 'x'", "", ""),
        ("select a", " collate b", "", ""),
        ("select a", ".b", "", ""),
        ("select 1", " union select 1", "", ""),
        ("select 1 from a", " join b on 1", "", ""),
        ("create table t (a ", "array<", "int", ">"),
        ("select cast(a as ", "struct<a ", "int", ">"),
        ("select interval ", "interval ", "1", ""),
        ("", "/*", "", "*/"),
        ("select ", "a(", "a", ",a)"),
        ("select a ", "between ", "1", " and 2"),
        ("create view a as ", "select ", "1", ""),
        ("", "select 1;", "", ""),
        ("select 1", ",1", "", ""),
        ("insert into t values (1)", ",(1)", "", ""),
    ];
    for (before, open, middle, close) in patterns {
        for depth in [12, 15, 24, 100, 320, 490, 990, 4_000, 100_000] {
            survives(format!("{before}{}{middle}{}", open.repeat(depth), close.repeat(depth)));
        }
    }
}
