//! What claw reads out of SQL, held against what SQLite says it would do: `sqlite3_set_authorizer` reports every table
//! and column that a statement touches while SQLite compiles it. Skipped where there is no Python with `sqlite3`.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use claw_runtime::{PartialList, Sql, SqlDialect, Value};
use serde::Deserialize;

/// Runs each text in a fresh database and prints what the authorizer was told.
const ORACLE: &str = r"
import json, sqlite3, sys
READS = {20, 21, 31, 33}
def harmless(action, one, two):
    # The last is how table-valued functions are set up.
    return (action in READS or action == 19 and (two is None or one == 'table_info')
        or action == 22 and one == 'BEGIN' or action == 23 and one == 'sqlite_master')
def real(table):
    return not table.startswith(('sqlite_', 'pragma_', 'json_'))
out = []
for text in json.load(sys.stdin):
    db = sqlite3.connect(':memory:', isolation_level=None)
    db.executescript('create table t(a,b,c); create table u(a,d,e); create table secret(k,v); insert into t values(1,2,3)')
    seen = []
    def ask(action, one, two, schema, _):
        seen.append([action, one, two, schema])
        return sqlite3.SQLITE_OK
    db.set_authorizer(ask)
    ran = True
    try:
        db.executescript(text)
    except sqlite3.Error:
        ran = False
    db.set_authorizer(None)
    out.append({
        'ran': ran,
        'writes': [e for e in seen if not harmless(*e[:3])],
        'tables': sorted({(e[3] + '.' + e[1]).lower() for e in seen if e[0] == 20 and e[3] and real(e[1])}),
        'columns': sorted({e[2].lower() for e in seen if e[0] == 20 and e[2] and real(e[1])}),
    })
    db.close()
json.dump(out, sys.stdout)
";

#[derive(Deserialize)]
struct Seen {
    ran: bool,
    writes: Vec<serde_json::Value>,
    tables: BTreeSet<String>,
    columns: BTreeSet<String>,
}

fn ask_sqlite(texts: &[String]) -> Option<Vec<Seen>> {
    let mut python = Command::new("python3")
        .args(["-c", ORACLE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let json = serde_json::to_vec(texts).expect("texts are JSON");
    python.stdin.take()?.write_all(&json).ok()?;
    let output = python.wait_with_output().ok()?;
    output.status.success().then(|| serde_json::from_slice(&output.stdout).expect("the oracle answers in JSON"))
}

/// Something random that depends on nothing but how often it was asked.
struct Dice(u64);

impl Dice {
    fn of<'t>(&mut self, choices: &[&'t str]) -> &'t str {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        choices[usize::try_from(self.0 >> 33).expect("fits") % choices.len()]
    }

    /// Replaces `<name>` by something of this name, until there are none or the text grows long.
    fn expand(&mut self, start: &str) -> String {
        let mut text = start.to_owned();
        while let (Some(from), Some(to)) = (text.find('<'), text.find('>')) {
            let choices = if text.len() > 400 { SHORT } else { GRAMMAR };
            let name = text[from + 1..to].to_owned();
            let (_, choices) = choices.iter().find(|(n, _)| *n == name).expect("the grammar has it");
            text.replace_range(from..=to, self.of(choices));
        }
        text
    }
}

const SHORT: &[(&str, &[&str])] = &[
    ("text", &["select 1"]),
    ("statement", &["select 1"]),
    ("query", &["select a from main.t"]),
    ("from", &["main.t"]),
    ("expr", &["a"]),
    ("table", &["main.t"]),
    ("odd", &[" "]),
];

const GRAMMAR: &[(&str, &[&str])] = &[
    ("text", &["<statement>", "<statement>;<statement>", "<statement><odd><statement>", "<odd><statement><odd>"]),
    (
        "odd",
        &[
            ";", "--", "--\n", "/*", "*/", "/* ; */", "'", "''", "\"", "`", "[", "]", "\\'", "\n", "$$", "#", "/*!",
            "-- ';\n", "'--'", "\r", ";;", " ", "E'\\'", "/**/", "/* /* */",
        ],
    ),
    (
        "statement",
        &[
            "<query>",
            "<query>",
            "<query>",
            "insert into <table> (a) <query>",
            "replace into <table>(a) values (<expr>)",
            "update <table> set a = <expr> where <expr>",
            "delete from <table> where <expr>",
            "drop table <table>",
            "create table x as <query>",
            "create temp view x as <query>",
            "explain <query>",
            "explain query plan <query>",
            "pragma user_version",
            "pragma user_version=3",
            "pragma table_info(t)",
            "with x as (<query>) delete from <table>",
            "attach ':memory:' as other",
            "begin",
            "commit",
            "alter table <table> rename to y",
            "analyze",
            "reindex",
            "with x as (<query>) insert into <table> (a) select <expr> from x",
            "insert into <table> (a) values (1) on conflict do update set a = <expr>",
        ],
    ),
    (
        "query",
        &[
            "select <expr> from <from>",
            "select <expr>, <expr> from <from> where <expr>",
            "values (<expr>)",
            "with x as (<query>) select <expr> from x",
            "with x(a, b) as (<query>) select a from x, <from>",
            "with t as (select * from main.t) select <expr> from t",
            "select * from <from>",
            "<query> union all <query>",
            "<query> except <query>",
            "select count(*) from <from>",
            "with recursive x(a) as (select 1 union select a + 1 from x where a in (1, 2)) select <expr> from x",
            "select <expr> from <from> group by <expr> having <expr> order by <expr> limit 1",
            "with secret as (select 1 as a) select <expr> from secret",
            "select x.* from (<query>) as x",
        ],
    ),
    (
        "from",
        &[
            "<table>",
            "<table> as x",
            "<table> join <table> as y using (a)",
            "(<query>)",
            "<table> natural join <table>",
            "<table> as x left join <table> as y on <expr>",
            "(<table> as x, <table> as y)",
            "json_each('[1]')",
            "pragma_table_info('t')",
        ],
    ),
    (
        "table",
        &[
            "main.t",
            "main.u",
            "main.secret",
            "t",
            "secret",
            "Main.Secret",
            "\"main\".\"t\"",
            "[main].[u]",
            "'main'.'secret'",
        ],
    ),
    (
        "expr",
        &[
            "a",
            "1",
            "'x'",
            "\"a\"",
            "(<query>)",
            "exists (<query>)",
            "a in (<query>)",
            "coalesce(<expr>, <expr>)",
            "count(*)",
            "case when <expr> then <expr> end",
            "<expr> = <expr>",
            "abs(<expr>)",
            "a in main.secret",
            "a in secret",
            "cast(<expr> as text)",
            "sum(a) over (order by <expr>)",
            "max(a) filter (where <expr>)",
            "not <expr>",
            "nonsense(<expr>)",
            "main.t.a",
            "[a]",
        ],
    ),
];

fn words(list: &PartialList) -> BTreeSet<String> {
    list.items
        .iter()
        .filter_map(|item| if let Value::Str(name) = item { Some(name.to_string()) } else { None })
        .collect()
}

#[test]
fn claw_knows_what_sqlite_does() {
    let mut dice = Dice(7);
    let texts: Vec<String> = (0..3_000).map(|_| dice.expand("<text>")).collect();
    let Some(all) = ask_sqlite(&texts) else { return };
    let mut known = 0;
    let mut wrong = Vec::new();
    for (text, seen) in texts.iter().zip(&all) {
        let sql = Sql::new(SqlDialect::Sqlite, text.as_str());
        let reads = sql.read_only().is_true();
        if reads && !seen.writes.is_empty() {
            wrong.push(format!("writes {:?}: {text:?}", seen.writes));
        }
        for (what, theirs, ours) in [("tables", &seen.tables, sql.tables()), ("columns", &seen.columns, sql.columns())]
        {
            if ours.complete && !theirs.is_subset(&words(&ours)) {
                wrong.push(format!("{what} {theirs:?}, not {:?}: {text:?}", words(&ours)));
            }
        }
        known += usize::from(seen.ran && seen.writes.is_empty() && reads);
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    // A reader that never knows would pass all of the above. Odd texts are many here, and refused on purpose.
    let reads = all.iter().filter(|seen| seen.ran && seen.writes.is_empty()).count();
    assert!(known * 2 > reads, "claw understands {known} of {reads} reads");
}
