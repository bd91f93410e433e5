//! What is found out about statements, while they are read and afterwards. Knows nothing of SQL.

use std::collections::BTreeSet;

use crate::{PartialList, Tri, Value};

/// All that can be asked about some SQL.
#[derive(Debug)]
pub(super) struct Facts {
    pub read_only: Tri,
    pub kinds: PartialList,
    pub tables: PartialList,
    pub columns: PartialList,
    pub functions: PartialList,
    pub has_where: Tri,
    pub opaque: bool,
}

impl Facts {
    /// Nothing is known.
    pub fn opaque() -> Facts {
        Facts {
            read_only: Tri::Unknown,
            kinds: PartialList::unknown(),
            tables: PartialList::unknown(),
            columns: PartialList::unknown(),
            functions: PartialList::unknown(),
            has_where: Tri::Unknown,
            opaque: true,
        }
    }
}

/// Names of which there may be others.
#[derive(Debug)]
pub(super) struct Names {
    pub known: BTreeSet<String>,
    pub complete: bool,
}

impl Default for Names {
    fn default() -> Names {
        Names { known: BTreeSet::new(), complete: true }
    }
}

impl Names {
    /// Adds a name; `None` is one that is not known.
    pub fn add(&mut self, name: Option<String>) {
        match name {
            Some(name) => {
                self.known.insert(name);
            }
            None => self.complete = false,
        }
    }

    fn merge(&mut self, other: Names) {
        self.known.extend(other.known);
        self.complete &= other.complete;
    }

    fn into_list(self) -> PartialList {
        PartialList { items: self.known.into_iter().map(|n| Value::Str(n.into())).collect(), complete: self.complete }
    }
}

/// What has been found so far; begins as what is true of no statement at all.
#[derive(Debug)]
pub(super) struct Found {
    /// One for each statement, and more for those that do more.
    pub kinds: Vec<&'static str>,
    pub kinds_complete: bool,
    pub tables: Names,
    pub columns: Names,
    pub functions: Names,
    /// Do the statements only read, going by what they are?
    pub reads: Tri,
    /// Do they only read, going by the functions they call?
    pub pure: Tri,
    pub has_where: Tri,
    pub opaque: bool,
}

impl Default for Found {
    fn default() -> Found {
        Found {
            kinds: Vec::new(),
            kinds_complete: true,
            tables: Names::default(),
            columns: Names::default(),
            functions: Names::default(),
            reads: Tri::True,
            pure: Tri::True,
            has_where: Tri::True,
            opaque: false,
        }
    }
}

impl Found {
    /// A statement of this kind, which reads only or does not.
    pub fn kind(&mut self, kind: &'static str, reads: Tri) {
        self.kinds.push(kind);
        self.reads = self.reads.and(reads);
    }

    /// Tables and columns may be used that are not named.
    pub fn hides_names(&mut self) {
        self.tables.complete = false;
        self.columns.complete = false;
    }

    /// There is a part that cannot be read.
    pub fn hides_anything(&mut self) {
        self.hides_names();
        self.functions.complete = false;
        self.kinds_complete = false;
        self.reads = self.reads.and(Tri::Unknown);
        self.has_where = self.has_where.and(Tri::Unknown);
        self.opaque = true;
    }

    /// Adds what was found elsewhere.
    pub fn merge(&mut self, other: Found) {
        self.kinds.extend(other.kinds);
        self.kinds_complete &= other.kinds_complete;
        self.tables.merge(other.tables);
        self.columns.merge(other.columns);
        self.functions.merge(other.functions);
        self.reads = self.reads.and(other.reads);
        self.pure = self.pure.and(other.pure);
        self.has_where = self.has_where.and(other.has_where);
        self.opaque |= other.opaque;
    }

    pub fn into_facts(self) -> Facts {
        let kinds = self.kinds.into_iter().map(|kind| Value::Str(kind.into())).collect();
        Facts {
            read_only: self.reads.and(self.pure),
            kinds: PartialList { items: kinds, complete: self.kinds_complete },
            tables: self.tables.into_list(),
            columns: self.columns.into_list(),
            functions: self.functions.into_list(),
            has_where: self.has_where,
            opaque: self.opaque,
        }
    }
}
