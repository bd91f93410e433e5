//! Goes through a statement's tree for tables, columns and functions.
//!
//! What it does not understand makes the list concerned partial, never shorter.

use std::ops::ControlFlow;

use sqlparser::ast::{
    AccessExpr, Assignment, AssignmentTarget, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident,
    Insert, ObjectName, OnConflictAction, OnInsert, Query, Select, SelectItem, SetExpr, Statement, TableFactor,
    TableObject, Visit, Visitor,
};

use super::found::Found;
use super::scan::{Kind, Token};
use super::{filter, functions, names};
use crate::{SqlDialect, Tri};

/// The common table expressions of one `with`, while their query is gone through.
struct Scope {
    recursive: bool,
    /// Each one's name, and where its query is in memory, by which it is known again.
    tables: Vec<(String, usize)>,
    /// So many of them can be seen.
    visible: usize,
}

pub(super) struct Walk<'f> {
    dialect: SqlDialect,
    found: &'f mut Found,
    scopes: Vec<Scope>,
    /// The name of a table factor, which has been dealt with when the visitor comes to it.
    handled: bool,
    /// Aliases, and last parts of tables' names: a column of this name may be the whole row.
    rows: Vec<String>,
    /// Names that may stand before a parenthesis: functions found, common table expressions, aliases.
    labels: Vec<String>,
}

impl<'f> Walk<'f> {
    pub fn new(dialect: SqlDialect, found: &'f mut Found) -> Walk<'f> {
        Walk { dialect, found, scopes: Vec::new(), handled: false, rows: Vec::new(), labels: Vec::new() }
    }

    pub fn run(&mut self, tree: &Statement) {
        let _ = tree.visit(self);
        if self.rows.iter().any(|row| self.found.columns.known.contains(row)) {
            self.found.columns.complete = false;
        }
    }

    /// The names that the tree accounts for before a parenthesis.
    pub fn into_labels(self) -> Vec<String> {
        self.labels
    }

    fn label(&self, ident: &Ident) -> String {
        names::label(self.dialect, ident)
    }

    fn is_common_table(&self, name: &ObjectName) -> bool {
        let [part] = name.0.as_slice() else { return false };
        let Some(ident) = part.as_ident() else { return false };
        let label = self.label(ident);
        self.scopes.iter().any(|scope| scope.tables.iter().take(scope.visible).any(|(name, _)| *name == label))
    }

    /// A table that is certainly none of the common table expressions.
    fn table(&mut self, name: &ObjectName) {
        if let Some(ident) = name.0.last().and_then(|part| part.as_ident()) {
            self.rows.push(self.label(ident));
            // `insert into t (a)`, `references t (a)`
            self.labels.push(ident.value.clone());
        }
        self.found.tables.add(names::table(self.dialect, name));
    }

    fn function(&mut self, name: &ObjectName) {
        let Some((name, own)) = names::function(self.dialect, name) else {
            self.found.functions.complete = false;
            self.found.pure = self.found.pure.and(Tri::Unknown);
            return self.found.hides_names();
        };
        let last = name.rsplit('.').next().unwrap_or_default();
        let pure = functions::is_pure(self.dialect, last);
        let pure = if own || pure.is_false() { pure } else { Tri::Unknown };
        if !pure.is_true() {
            // It may read any table.
            self.found.hides_names();
        }
        self.found.pure = self.found.pure.and(pure);
        self.labels.push(last.to_owned());
        self.found.functions.add(Some(name));
    }

    fn call(&mut self, function: &Function) {
        self.function(&function.name);
        let FunctionArguments::List(list) = &function.args else { return };
        for arg in &list.args {
            let (FunctionArg::Unnamed(arg) | FunctionArg::Named { arg, .. } | FunctionArg::ExprNamed { arg, .. }) = arg;
            let counts = function.name.to_string().eq_ignore_ascii_case("count");
            match arg {
                FunctionArgExpr::Expr(_) => {}
                FunctionArgExpr::Wildcard if counts => {}
                _ => self.found.columns.complete = false,
            }
        }
    }

    fn column(&mut self, ident: &Ident) {
        self.found.columns.add(names::column(self.dialect, ident));
    }

    fn column_of(&mut self, name: &ObjectName) {
        let ident = name.0.last().and_then(|part| part.as_ident());
        self.found.columns.add(ident.and_then(|ident| names::column(self.dialect, ident)));
    }

    fn assignments(&mut self, assignments: &[Assignment]) {
        for assignment in assignments {
            match &assignment.target {
                AssignmentTarget::ColumnName(name) => self.column_of(name),
                AssignmentTarget::Tuple(names) => names.iter().for_each(|name| self.column_of(name)),
            }
        }
    }

    fn items(&mut self, items: &[SelectItem]) {
        let named = |item: &SelectItem| matches!(item, SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAlias { .. });
        self.found.columns.complete &= items.iter().all(named);
    }

    fn insert(&mut self, insert: &Insert) {
        let replaces = insert.replace_into || insert.or.is_some();
        self.found.kind(if replaces { "replace" } else { "insert" }, Tri::False);
        match &insert.table {
            TableObject::TableName(name) => self.table(name),
            _ => self.found.hides_names(),
        }
        self.handled = true;
        insert.columns.iter().for_each(|name| self.column_of(name));
        self.assignments(&insert.assignments);
        self.found.columns.complete &= !(insert.columns.is_empty() && insert.assignments.is_empty());
        match &insert.on {
            None => {}
            Some(OnInsert::DuplicateKeyUpdate(assignments)) => {
                self.found.kind("update", Tri::False);
                self.assignments(assignments);
            }
            Some(OnInsert::OnConflict(conflict)) => {
                if let OnConflictAction::DoUpdate(update) = &conflict.action {
                    self.found.kind("update", Tri::False);
                    self.assignments(&update.assignments);
                }
            }
            Some(_) => self.found.hides_anything(),
        }
        if !insert.multi_table_into_clauses.is_empty() || !insert.multi_table_when_clauses.is_empty() {
            self.found.hides_anything();
        }
        self.items(insert.returning.as_deref().unwrap_or_default());
    }

    fn targets(&mut self, factor: &TableFactor) {
        // The target of a statement that changes data is a table, whatever common table expression has its name.
        if let TableFactor::Table { name, .. } = factor {
            self.table(name);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => {
                self.found.kind("update", Tri::False);
                self.targets(&update.table.relation);
                self.assignments(&update.assignments);
                self.items(update.returning.as_deref().unwrap_or_default());
            }
            Statement::Delete(delete) => {
                self.found.kind("delete", Tri::False);
                let (sqlparser::ast::FromTable::WithFromKeyword(from)
                | sqlparser::ast::FromTable::WithoutKeyword(from)) = &delete.from;
                from.iter().for_each(|table| self.targets(&table.relation));
                self.items(delete.returning.as_deref().unwrap_or_default());
            }
            Statement::Merge(merge) => {
                self.found.kind("merge", Tri::False);
                self.targets(&merge.table);
                self.found.columns.complete = false;
                self.found.has_where = self.found.has_where.and(Tri::Unknown);
            }
            _ => {}
        }
        self.found.has_where = self.found.has_where.and(filter::statement_filters(statement));
    }

    fn factor(&mut self, factor: &TableFactor) {
        if let Some(alias) = alias(factor) {
            self.rows.push(self.label(&alias.name));
            self.labels.push(alias.name.value.clone());
            // `from users as u (a, b)` gives columns other names.
            self.found.columns.complete &= alias.columns.is_empty();
        }
        match factor {
            TableFactor::Table { name, args: None, json_path: None, .. } => {
                self.handled = true;
                if !self.is_common_table(name) {
                    self.table(name);
                }
            }
            TableFactor::Table { name, .. } => {
                self.handled = true;
                self.function(name);
            }
            TableFactor::Function { name, .. } => self.function(name),
            TableFactor::Derived { .. }
            | TableFactor::UNNEST { .. }
            | TableFactor::NestedJoin { .. }
            | TableFactor::JsonTable { .. }
            | TableFactor::XmlTable { .. }
            | TableFactor::TableFunction { .. } => {}
            _ => self.found.hides_anything(),
        }
    }

    fn query(&mut self, query: &Query) {
        if !query.locks.is_empty() {
            self.found.reads = Tri::False;
        }
        let foreign = query.for_clause.is_some() || query.settings.is_some() || query.format_clause.is_some();
        if foreign || !query.pipe_operators.is_empty() {
            self.found.hides_anything();
        }
        // `table t`, whose name comes without its quotes.
        let mut pending = vec![&*query.body];
        while let Some(body) = pending.pop() {
            match body {
                SetExpr::SetOperation { left, right, .. } => pending.extend([&**left, &**right]),
                SetExpr::Table(_) => self.found.hides_names(),
                _ => {}
            }
        }
    }

    fn select(&mut self, select: &Select) {
        if select.into.is_some() {
            self.found.kind("create", Tri::False);
            self.found.hides_names();
        }
        self.items(&select.projection);
        if !select.lateral_views.is_empty() || !select.connect_by.is_empty() || select.exclude.is_some() {
            self.found.hides_anything();
        }
        for window in &select.named_window {
            self.labels.push(window.0.value.clone());
        }
    }

    fn enter(&mut self, query: &Query) {
        self.see(query, 0);
        if let Some(with) = &query.with {
            let mut tables = Vec::new();
            for cte in &with.cte_tables {
                tables.push((self.label(&cte.alias.name), address(&cte.query)));
                self.labels.push(cte.alias.name.value.clone());
                self.rows.push(self.label(&cte.alias.name));
            }
            let visible = if with.recursive { tables.len() } else { 0 };
            self.scopes.push(Scope { recursive: with.recursive, tables, visible });
        }
    }

    /// At a common table expression's query, those before it can be seen, and itself once it is done (`more` is 1).
    fn see(&mut self, query: &Query, more: usize) {
        let Some(scope) = self.scopes.last_mut() else { return };
        if let Some(at) = scope.tables.iter().position(|(_, query_at)| *query_at == address(query))
            && !scope.recursive
        {
            scope.visible = at.saturating_add(more);
        }
    }
}

fn address(query: &Query) -> usize {
    std::ptr::from_ref(query).addr()
}

fn alias(factor: &TableFactor) -> Option<&sqlparser::ast::TableAlias> {
    match factor {
        TableFactor::Table { alias, .. }
        | TableFactor::Derived { alias, .. }
        | TableFactor::TableFunction { alias, .. }
        | TableFactor::Function { alias, .. }
        | TableFactor::UNNEST { alias, .. }
        | TableFactor::JsonTable { alias, .. }
        | TableFactor::XmlTable { alias, .. }
        | TableFactor::NestedJoin { alias, .. } => alias.as_ref(),
        _ => None,
    }
}

impl Visitor for Walk<'_> {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        self.statement(statement);
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.enter(query);
        self.query(query);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if query.with.is_some() {
            self.scopes.pop();
        }
        self.see(query, 1);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.select(select);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        self.factor(factor);
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        if !std::mem::take(&mut self.handled) {
            self.table(name);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(ident) => self.column(ident),
            Expr::CompoundIdentifier(parts) => match parts.last() {
                Some(ident) => self.column(ident),
                None => self.found.columns.complete = false,
            },
            Expr::CompoundFieldAccess { access_chain, .. } => {
                let subscripts = access_chain.iter().all(|access| matches!(access, AccessExpr::Subscript(_)));
                self.found.columns.complete &= subscripts;
            }
            Expr::Wildcard(_) | Expr::QualifiedWildcard(..) => self.found.columns.complete = false,
            Expr::MatchAgainst { columns, .. } => columns.iter().for_each(|name| self.column_of(name)),
            Expr::Function(function) => self.call(function),
            Expr::Lambda(_) | Expr::Prior(_) | Expr::OuterJoin(_) | Expr::Map(_) => self.found.hides_anything(),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

/// The columns that joins use: `using (a, b)`, or all of the same name after `natural`.
pub(super) fn using(dialect: SqlDialect, text: &str, tokens: &[Token], found: &mut Found) {
    let mut rest = tokens;
    while let Some((token, after)) = rest.split_first() {
        rest = after;
        if token.is(text, "natural") {
            found.columns.complete = false;
        }
        if !token.is(text, "using") || after.first().is_none_or(|t| t.kind != Kind::Open) {
            continue;
        }
        for token in after.iter().skip(1).take_while(|t| t.kind != Kind::Close) {
            match token.kind {
                Kind::Word => found.columns.add(names::column(dialect, &Ident::new(token.text(text)))),
                Kind::Quoted => found.columns.complete = false,
                _ => {}
            }
        }
    }
}
