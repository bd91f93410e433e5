//! SQL statements: the type `sql(dialect)`. Keeps the original bytes; runs nothing.
//!
//! The text is read when a policy first asks about it, in three steps, each of which may find it opaque:
//! [`scan`] splits it into statements and refuses what two servers would split differently; [`statement`] tells the
//! kinds of statement apart; [`walk`] goes through the tree of those that touch tables.

mod filter;
mod found;
mod functions;
mod names;
mod scan;
mod statement;
mod syntax;
mod walk;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use self::found::{Facts, Found};
use crate::{PartialList, SqlDialect, Tri};

/// One or more SQL statements.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sql {
    dialect: SqlDialect,
    text: Arc<str>,
    #[serde(skip)]
    facts: Lazy,
}

impl Sql {
    /// Statements as they were written; text that is no SQL is opaque, not an error.
    #[must_use]
    pub fn new(dialect: SqlDialect, text: impl Into<Arc<str>>) -> Sql {
        Sql { dialect, text: text.into(), facts: Lazy::default() }
    }

    /// The dialect they are read in.
    #[must_use]
    pub fn dialect(&self) -> SqlDialect {
        self.dialect
    }

    /// The original text, which is what is dispatched.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Does no statement change anything? True only if every function called is known to be pure.
    ///
    /// What the text does not show is not seen: triggers, rules, views, operators and casts that the database's
    /// owner defined.
    #[must_use]
    pub fn read_only(&self) -> Tri {
        self.facts().read_only
    }

    /// The kinds of the statements, in order: `select`, `insert`, …; more than one for a statement that does more.
    ///
    /// `insert … on conflict do update` is `insert` and `update`; `select … into` is `select` and `create`;
    /// `explain analyze delete …`, which runs what it explains, is `explain` and `delete`. What is none of the
    /// known kinds is `other`.
    #[must_use]
    pub fn kinds(&self) -> PartialList {
        self.facts().kinds.clone()
    }

    /// The tables and views that are named, each with its schema: `public.users`.
    ///
    /// A name without a schema means whatever the connection's search path says, so it makes the list partial; so
    /// does a function that is not known, which may read any table. Names are folded to lower case unless they are
    /// quoted (Postgres), or always (SQLite); MySQL compares them by rules of the server's file system, so that one
    /// in upper case makes the list partial.
    #[must_use]
    pub fn tables(&self) -> PartialList {
        self.facts().tables.clone()
    }

    /// The columns that are named, without their tables. Partial where columns are used without being named: `*`,
    /// a whole row, an `insert` that lists none.
    #[must_use]
    pub fn columns(&self) -> PartialList {
        self.facts().columns.clone()
    }

    /// The functions that are called by name.
    #[must_use]
    pub fn functions(&self) -> PartialList {
        self.facts().functions.clone()
    }

    /// Has every `update`, every `delete` and every outermost `select … from` a `where` that depends on the row?
    ///
    /// `where 1=1` and `where id = id` count as none; a filter that happens to be true of all rows is one.
    #[must_use]
    pub fn has_where(&self) -> Tri {
        self.facts().has_where
    }

    /// Could some part not be read? Then the lists are partial.
    #[must_use]
    pub fn opaque(&self) -> bool {
        self.facts().opaque
    }

    fn facts(&self) -> &Facts {
        self.facts.0.get_or_init(|| Arc::new(read(self.dialect, &self.text)))
    }
}

/// What has been found out about the text, once somebody asked. It follows from the text, so it is no part of what is
/// compared or written.
#[derive(Clone, Default)]
struct Lazy(OnceLock<Arc<Facts>>);

/// Nor of what is shown: a value looks the same before and after.
impl fmt::Debug for Lazy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl PartialEq for Lazy {
    fn eq(&self, _: &Lazy) -> bool {
        true
    }
}

impl Eq for Lazy {}

impl PartialOrd for Lazy {
    fn partial_cmp(&self, other: &Lazy) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Lazy {
    fn cmp(&self, _: &Lazy) -> Ordering {
        Ordering::Equal
    }
}

impl Hash for Lazy {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

fn read(dialect: SqlDialect, text: &str) -> Facts {
    let Ok(script) = scan::scan(dialect, text) else { return Facts::opaque() };
    let mut found = Found::default();
    for tokens in script.statements() {
        statement::read(dialect, &script.text, tokens, &mut found);
    }
    found.into_facts()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
