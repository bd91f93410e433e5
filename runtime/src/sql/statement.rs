//! One statement: what kind it is, and whether that kind only reads.
//!
//! Most kinds need no more than their first words. Only those that use tables are given to the parser.

use sqlparser::ast::{CopySource, CopyTarget, ObjectType, Query, SetExpr, Statement};

use super::found::Found;
use super::scan::{Kind, Token};
use super::walk::{self, Walk};
use super::{filter, functions, names, syntax};
use crate::SqlDialect::{self, Mysql, Postgres, Sqlite};
use crate::Tri;

/// Adds what one statement does; `tokens` are its tokens in `text`, at least one.
pub(super) fn read(dialect: SqlDialect, text: &str, tokens: &[Token], found: &mut Found) {
    let lead = lead(text, tokens);
    match lead.as_str() {
        "select" | "with" | "values" | "table" | "(" | "insert" | "replace" | "update" | "delete" | "merge"
        | "create" | "drop" | "alter" | "truncate" | "copy" => parsed(dialect, text, tokens, &lead, found),
        "explain" | "describe" | "desc" => explain(dialect, text, tokens, found),
        "pragma" if dialect == Sqlite => {
            found.kind("pragma", pragma_reads(text, tokens));
            found.hides_names();
        }
        "show" => {
            let plain = tokens.iter().all(|t| t.kind != Kind::Open && !t.is(text, "into"));
            found.kind("show", if plain { Tri::True } else { Tri::Unknown });
            found.hides_names();
        }
        "begin" | "start" => {
            let plain = tokens.iter().all(|t| t.kind == Kind::Comma || is_transaction_word(text, t));
            found.kind("begin", Tri::from(plain.then_some(true)));
            if !plain {
                found.hides_anything();
            }
        }
        "savepoint" | "release" => found.kind(if lead == "release" { "release" } else { "savepoint" }, Tri::True),
        // They end the transaction that whoever dispatches may have begun as read-only.
        "commit" | "end" => found.kind("commit", Tri::Unknown),
        "rollback" | "abort" => found.kind("rollback", Tri::Unknown),
        "set" => set(text, tokens, found),
        other => unparsed(other, found),
    }
}

/// The first word in lower case, `(` if that is what comes first.
fn lead(text: &str, tokens: &[Token]) -> String {
    match tokens.first() {
        Some(t) if t.kind == Kind::Word || t.text(text) == "(" => t.text(text).to_ascii_lowercase(),
        _ => String::new(),
    }
}

fn is_transaction_word(text: &str, token: &Token) -> bool {
    const WORDS: &[&str] = &[
        "begin",
        "start",
        "transaction",
        "work",
        "tran",
        "isolation",
        "level",
        "read",
        "only",
        "write",
        "committed",
        "uncommitted",
        "repeatable",
        "serializable",
        "deferred",
        "deferrable",
        "not",
        "immediate",
        "exclusive",
        "with",
        "consistent",
        "snapshot",
    ];
    token.kind == Kind::Word && WORDS.contains(&token.text(text).to_ascii_lowercase().as_str())
}

/// `set`: changes the session at most, but which rights it then has and which names mean what.
fn set(text: &str, tokens: &[Token], found: &mut Found) {
    let changes_user =
        tokens.iter().any(|t| t.is(text, "role") || t.is(text, "authorization") || t.is(text, "password"));
    found.kind("set", if changes_user { Tri::False } else { Tri::Unknown });
    found.hides_names();
    if tokens.iter().any(|t| t.kind == Kind::Open) {
        found.functions.complete = false;
    }
}

/// Statements that are known by their first word and are not looked into.
fn unparsed(word: &str, found: &mut Found) {
    const CHANGE: &[&str] = &[
        "grant",
        "revoke",
        "call",
        "do",
        "execute",
        "prepare",
        "deallocate",
        "lock",
        "unlock",
        "vacuum",
        "analyze",
        "reindex",
        "cluster",
        "refresh",
        "comment",
        "security",
        "reassign",
        "import",
        "load",
        "listen",
        "unlisten",
        "notify",
        "checkpoint",
        "discard",
        "reset",
        "attach",
        "detach",
        "handler",
        "kill",
        "flush",
        "optimize",
        "repair",
        "rename",
        "install",
        "uninstall",
        "purge",
        "change",
        "stop",
        "shutdown",
        "restart",
        "clone",
        "xa",
        "exec",
    ];
    const UNKNOWN: &[&str] = &["use", "declare", "fetch", "move", "close", "check", "checksum", "help"];
    if let Some(kind) = CHANGE.iter().find(|kind| **kind == word) {
        found.kind(if *kind == "exec" { "execute" } else { kind }, Tri::False);
    } else if let Some(kind) = UNKNOWN.iter().find(|kind| **kind == word) {
        found.kind(kind, Tri::Unknown);
    } else {
        found.kind("other", Tri::Unknown);
        found.hides_anything();
    }
    found.hides_names();
    found.functions.complete = false;
    found.has_where = found.has_where.and(Tri::Unknown);
}

/// A pragma reads if it is one of these and no value is assigned.
fn pragma_reads(text: &str, tokens: &[Token]) -> Tri {
    const ABOUT: &[&str] = &[
        "table_info",
        "table_xinfo",
        "table_list",
        "index_list",
        "index_info",
        "index_xinfo",
        "foreign_key_list",
        "foreign_key_check",
        "database_list",
        "collation_list",
        "function_list",
        "module_list",
        "pragma_list",
        "compile_options",
        "integrity_check",
        "quick_check",
    ];
    const VALUES: &[&str] = &[
        "user_version",
        "schema_version",
        "application_id",
        "encoding",
        "page_count",
        "page_size",
        "freelist_count",
        "journal_mode",
        "foreign_keys",
        "data_version",
        "cache_size",
        "synchronous",
        "auto_vacuum",
    ];
    let words: Vec<String> = tokens.iter().map(|t| t.text(text).to_ascii_lowercase()).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let rest = match words.as_slice() {
        ["pragma", _, ".", rest @ ..] | ["pragma", rest @ ..] => rest,
        _ => return Tri::Unknown,
    };
    match rest {
        [name] if ABOUT.contains(name) || VALUES.contains(name) => Tri::True,
        [name, "(", _, ")"] if ABOUT.contains(name) => Tri::True,
        [name, ..] if ABOUT.contains(name) => Tri::Unknown,
        [_, "=" | "(", ..] => Tri::False,
        _ => Tri::Unknown,
    }
}

/// `explain` and its synonyms: what is explained runs only with `analyze`.
fn explain(dialect: SqlDialect, text: &str, tokens: &[Token], found: &mut Found) {
    found.kind("explain", Tri::True);
    let mut rest = tokens.get(1..).unwrap_or_default();
    let mut runs = false;
    while let Some(token) = rest.first() {
        let skipped = match token.text(text).to_ascii_lowercase().as_str() {
            "analyze" | "analyse" => {
                runs = true;
                1
            }
            "verbose" | "extended" | "partitions" | "query" | "plan" | "for" => 1,
            "format" => 3,
            "(" if dialect == Postgres => match options(rest, text) {
                Some((len, analyze)) => {
                    runs |= analyze;
                    len
                }
                None => break,
            },
            _ => break,
        };
        rest = rest.get(skipped..).unwrap_or_default();
    }
    let mut inner = Found::default();
    match lead(text, rest).as_str() {
        "explain" | "describe" | "desc" | "" => return found.hides_anything(),
        "select" | "with" | "values" | "table" | "(" | "insert" | "replace" | "update" | "delete" | "merge"
        | "create" | "execute" | "declare" | "refresh" => read(dialect, text, rest, &mut inner),
        // MySQL's `describe t`.
        _ if runs => return found.hides_anything(),
        _ if dialect == Mysql => return found.hides_names(),
        _ => return found.hides_anything(),
    }
    if !runs {
        // Planning calls no more than functions.
        inner.kinds.clear();
        inner.reads = if inner.opaque { Tri::Unknown } else { Tri::True };
    }
    found.merge(inner);
}

/// The options of Postgres's `explain (analyze, buffers) …`: how many tokens, and whether `analyze` is among them.
/// None if the parenthesis belongs to what is explained.
fn options(tokens: &[Token], text: &str) -> Option<(usize, bool)> {
    let end = tokens.iter().position(|t| t.kind == Kind::Close)?;
    let inside = tokens.get(1..end)?;
    if inside.first().is_none_or(|t| ["select", "with", "values", "table", "("].contains(&lead(text, &[*t]).as_str())) {
        return None;
    }
    let analyze = inside.iter().any(|t| t.is(text, "analyze") || t.is(text, "analyse"));
    Some((end.saturating_add(1), analyze))
}

/// A statement that uses tables.
fn parsed(dialect: SqlDialect, text: &str, tokens: &[Token], lead: &str, found: &mut Found) {
    let range = tokens.first().map_or(0, |t| t.start)..tokens.last().map_or(0, |t| t.end);
    let tree = text.get(range).and_then(|statement| syntax::parse(dialect, statement));
    let Some(tree) = tree else { return unread(lead, text, tokens, found) };
    let mut walk = Walk::new(dialect, found);
    walk.run(&tree);
    let labels = walk.into_labels();
    walk::using(dialect, text, tokens, found);
    top(dialect, &tree, found);
    recheck(dialect, text, tokens, &labels, found);
}

/// A statement that the parser does not understand is at least of the kind that its first word says.
fn unread(lead: &str, text: &str, tokens: &[Token], found: &mut Found) {
    let kind = CHANGING.iter().find(|kind| **kind == lead);
    // `select … into outfile`
    let exports = tokens.iter().any(|t| t.is(text, "outfile") || t.is(text, "dumpfile"));
    match (kind, lead) {
        (Some(kind), _) => found.kind(kind, Tri::False),
        (None, "copy") => found.kind("copy", Tri::Unknown),
        (None, "select") => found.kind("select", if exports { Tri::False } else { Tri::Unknown }),
        _ => {}
    }
    found.hides_anything();
}

const CHANGING: &[&str] = &["insert", "replace", "update", "delete", "merge", "create", "drop", "alter", "truncate"];

/// What the outermost statement is; those within it are found by [`Walk`].
fn top(dialect: SqlDialect, tree: &Statement, found: &mut Found) {
    match tree {
        Statement::Query(query) => outermost(query, found),
        Statement::Insert(_) | Statement::Update(_) | Statement::Delete(_) | Statement::Merge(_) => {}
        Statement::Copy { source, to, target, .. } => copy(dialect, source, *to, target, found),
        Statement::Truncate(truncate) => {
            for target in &truncate.table_names {
                found.tables.add(names::table(dialect, &target.name));
            }
            found.kind("truncate", Tri::False);
            found.has_where = Tri::False;
        }
        Statement::Drop { object_type, names, .. } => {
            let tables = matches!(object_type, ObjectType::Table | ObjectType::View | ObjectType::MaterializedView);
            for name in names {
                found.tables.add(names::table(dialect, name).filter(|_| tables));
            }
            found.kind("drop", Tri::False);
            found.has_where = found.has_where.and(Tri::Unknown);
        }
        Statement::CreateView(view) => {
            definition(&view.query, found);
        }
        Statement::CreateTable(table) => {
            if !table.constraints.is_empty() || table.like.is_some() || table.inherits.is_some() {
                found.hides_names();
            }
            match &table.query {
                Some(query) => definition(query, found),
                None => {
                    found.kind("create", Tri::False);
                    found.hides_names();
                    found.has_where = found.has_where.and(Tri::Unknown);
                }
            }
        }
        _ => other(tree, found),
    }
}

/// A table or view with the query that defines it.
fn definition(query: &Query, found: &mut Found) {
    found.kind("create", Tri::False);
    found.has_where = found.has_where.and(filter::query_filters(query));
}

fn other(tree: &Statement, found: &mut Found) {
    let shown = tree.to_string();
    let word = shown.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    match CHANGING.iter().find(|kind| **kind == word) {
        Some(kind) => found.kind(kind, Tri::False),
        None => {
            found.kind("other", Tri::Unknown);
            found.hides_anything();
        }
    }
    found.hides_names();
    found.has_where = found.has_where.and(Tri::Unknown);
}

fn outermost(query: &Query, found: &mut Found) {
    match &*query.body {
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {}
        SetExpr::Values(_) => found.kind("values", Tri::True),
        _ => found.kind("select", Tri::True),
    }
    found.has_where = found.has_where.and(filter::query_filters(query));
}

fn copy(dialect: SqlDialect, source: &CopySource, to: bool, target: &CopyTarget, found: &mut Found) {
    let reads = to && matches!(target, CopyTarget::Stdout);
    found.kind("copy", Tri::from(reads));
    match source {
        CopySource::Query(query) => found.has_where = found.has_where.and(filter::query_filters(query)),
        CopySource::Table { table_name, columns } => {
            found.tables.add(names::table(dialect, table_name));
            for column in columns {
                found.columns.add(names::column(dialect, column));
            }
            found.columns.complete &= !columns.is_empty();
            found.has_where = Tri::False;
        }
    }
}

/// Looks at the bare tokens of a statement that seems to read only, so that nothing rests on the tree alone: words
/// that write, and calls that the tree does not have.
fn recheck(dialect: SqlDialect, text: &str, tokens: &[Token], labels: &[String], found: &mut Found) {
    const WRITES: &[&str] = &[
        "insert",
        "update",
        "delete",
        "merge",
        "into",
        "outfile",
        "dumpfile",
        "truncate",
        "drop",
        "alter",
        "create",
        "grant",
        "revoke",
        "execute",
        "exec",
        "vacuum",
        "attach",
        "detach",
        "lock",
        "procedure",
    ];
    let mut tokens = tokens.iter().peekable();
    while let Some(token) = tokens.next() {
        let next = tokens.peek().map(|t| t.text(text)).unwrap_or_default();
        // MySQL's assignment to a variable.
        let assigns = dialect == Mysql && token.text(text) == ":" && next == "=";
        let named = matches!(token.kind, Kind::Word | Kind::Quoted);
        if !named && !assigns {
            continue;
        }
        let word = token.text(text).to_ascii_lowercase();
        let calls = next == "(";
        let writes = token.kind == Kind::Word && !calls && WRITES.contains(&word.as_str());
        if assigns || writes {
            found.reads = found.reads.and(Tri::Unknown);
        }
        let known = functions::is_syntax(&word) || labels.iter().any(|label| label.eq_ignore_ascii_case(&word));
        if calls && !known {
            found.pure = found.pure.and(Tri::Unknown);
        }
    }
}
