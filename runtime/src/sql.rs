//! SQL statements: the type `sql(dialect)`. Keeps the original bytes; runs nothing.
//!
//! Statements are not taken apart yet: nothing about them is known, so every test of them is unknown.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{PartialList, SqlDialect, Tri};

/// One or more SQL statements.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sql {
    dialect: SqlDialect,
    text: Arc<str>,
}

impl Sql {
    /// Statements as they were written; text that is no SQL is opaque, not an error.
    #[must_use]
    pub fn new(dialect: SqlDialect, text: impl Into<Arc<str>>) -> Sql {
        Sql { dialect, text: text.into() }
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

    /// Does no statement change anything, every function called included?
    #[must_use]
    pub fn read_only(&self) -> Tri {
        Tri::Unknown
    }

    /// The kinds of the statements: `select`, `insert`, …
    #[must_use]
    pub fn kinds(&self) -> PartialList {
        PartialList::unknown()
    }

    /// The tables named, schema-qualified.
    #[must_use]
    pub fn tables(&self) -> PartialList {
        PartialList::unknown()
    }
}
