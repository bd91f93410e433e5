//! Commands and statements that are too large: they end, are opaque, and neither grant nor get away.

use claw_runtime::{Command, ShellDialect, Sql, SqlDialect, Tri};

/// Patterns that have brought other parsers to their knees, repeated.
const PIECES: [&str; 22] = [
    "(",
    "{ ",
    "$(",
    "`",
    "\"$(",
    "${x:-",
    "a|",
    "a;",
    "a&",
    "<<E\n",
    "<<''\n",
    "if a; then ",
    "while a; do ",
    "case x in ",
    "f() ",
    "<(",
    "$((",
    "[[ ",
    "{a,",
    "bash -c '",
    "\\\n",
    "é",
];

#[test]
fn a_large_command_is_opaque() {
    for piece in PIECES {
        for count in [2_000, 1_000_000 / piece.len()] {
            let text = piece.repeat(count);
            for dialect in [ShellDialect::Bash, ShellDialect::Sh] {
                let command = Command::new(dialect, text.as_str());
                let calls = command.calls();
                assert!(calls.items.len() <= 5_000, "{piece}: {} calls", calls.items.len());
                if text.len() > 200_000 {
                    assert_ne!(command.only(&["a", "bash"]), Tri::True, "{piece} × {count}");
                    assert!(command.opaque() && !calls.complete, "{piece} × {count}");
                }
            }
        }
    }
}

#[test]
fn what_follows_a_large_part_is_not_forgotten() {
    let long = format!("echo {}; rm -rf /srv", "a ".repeat(200_000));
    let command = Command::new(ShellDialect::Bash, long.as_str());
    assert!(!command.calls().complete);
    assert_ne!(command.only(&["echo"]), Tri::True);
}

#[test]
fn a_large_statement_is_opaque() {
    for piece in
        ["(", "select ", "a or ", "not ", "(select ", "case when ", "a.", "-", "[", "with x as (", "'", "/*", "$$", ";"]
    {
        let text = format!("select {}", piece.repeat(1_000_000 / piece.len()));
        for dialect in [SqlDialect::Postgres, SqlDialect::Mysql, SqlDialect::Sqlite, SqlDialect::Ansi] {
            let sql = Sql::new(dialect, text.as_str());
            assert_ne!(sql.read_only(), Tri::True, "{piece}");
            assert!(!sql.tables().complete, "{piece}");
        }
    }
}
