//! What is known about a policy at one moment: immutable, shared by the command line and the language server.

use std::sync::Arc;

use claw_runtime::{BuiltinId, EnumId, RecordId, Type};
use claw_syntax::Parse;

use crate::diagnostics::Diagnostic;
use crate::hir::{
    ApprovalId, AttrRoot, ConstraintId, EnvId, ExternId, FileId, LabelId, LetId, LimitId, LiveId, Loc, ModuleId,
    OriginId, Package, PredicateId, RoleId, RuleId, ScopeId, TagId, TierId, ToolId, WindowId,
};
use crate::source::Sources;

/// The result of [`Workspace::analyze`](crate::workspace::Workspace::analyze).
#[derive(Clone, Debug)]
pub struct Analysis {
    /// Complete even where there are errors; what could not be understood is a hole.
    pub package: Arc<Package>,
    /// Sorted by file and place, without duplicates.
    pub diagnostics: Vec<Diagnostic>,
    pub sources: Arc<Sources>,
    /// By [`FileId`]; data files have none.
    pub parses: Vec<Option<Arc<Parse>>>,
    /// Files that the policy wants and the workspace lacks; load them and analyze again.
    pub missing: Vec<Missing>,
    pub symbols: Symbols,
}

impl Analysis {
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    pub fn parse(&self, file: FileId) -> Option<&Arc<Parse>> {
        self.parses.get(file.0 as usize)?.as_ref()
    }
}

/// A file that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    pub path: String,
    pub kind: MissingKind,
    /// What names it.
    pub loc: Loc,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MissingKind {
    /// `use "./x.claw"`: give it with `set_file`.
    Source,
    /// `let … from "x.json"`: give it with `set_data`.
    Data,
}

/// Something that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Symbol {
    Module(ModuleId),
    Tier(TierId),
    Env(EnvId),
    Role(RoleId),
    Label(LabelId),
    Tag(TagId),
    Origin(OriginId),
    Enum(EnumId),
    /// An enum's value, by index.
    Variant(EnumId, u32),
    Record(RecordId),
    /// A record's field, by index.
    Field(RecordId, u32),
    Attr(AttrRoot, u32),
    Tool(ToolId),
    /// A tool's parameter, by index.
    Param(ToolId, u32),
    Let(LetId),
    Live(LiveId),
    Extern(ExternId),
    Predicate(PredicateId),
    Window(WindowId),
    Approval(ApprovalId),
    Constraint(ConstraintId),
    Scope(ScopeId),
    Rule(RuleId),
    Limit(LimitId),
    Builtin(BuiltinId),
    /// A quantifier's variable or a predicate's parameter, by the place that declares it.
    Local(Loc),
}

impl Symbol {
    /// What kind of thing it is, with its article.
    pub fn kind(self) -> &'static str {
        match self {
            Symbol::Module(_) => "a module",
            Symbol::Tier(_) => "a tier",
            Symbol::Env(_) => "an environment",
            Symbol::Role(_) => "a role",
            Symbol::Label(_) => "a label",
            Symbol::Tag(_) => "a tag",
            Symbol::Origin(_) => "an origin",
            Symbol::Enum(_) => "an enum",
            Symbol::Variant(..) => "a value of an enum",
            Symbol::Record(_) => "a record",
            Symbol::Field(..) => "a field",
            Symbol::Attr(..) => "an attribute",
            Symbol::Tool(_) => "a tool",
            Symbol::Param(..) => "a parameter",
            Symbol::Let(_) => "a constant",
            Symbol::Live(_) => "live data",
            Symbol::Extern(_) => "an extern function",
            Symbol::Predicate(_) => "a predicate",
            Symbol::Window(_) => "a window",
            Symbol::Approval(_) => "an approval",
            Symbol::Constraint(_) => "a constraint",
            Symbol::Scope(_) => "a scope",
            Symbol::Rule(_) => "a rule",
            Symbol::Limit(_) => "a limit",
            Symbol::Builtin(_) => "a built-in",
            Symbol::Local(_) => "a variable",
        }
    }
}

/// One occurrence of a name: its declaration or a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    pub loc: Loc,
    pub symbol: Symbol,
    pub is_declaration: bool,
}

/// Names and what they mean, for jumps, renames and hovers.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    /// Sorted by place; declarations included.
    pub references: Vec<Reference>,
    /// The type of every expression that has one, sorted by place.
    pub types: Vec<(Loc, Type)>,
    /// By module: the names that can be written there without a dot, sorted.
    pub names: Vec<Vec<(String, Symbol)>>,
}

impl Symbols {
    /// The innermost name at `offset`.
    pub fn at(&self, file: FileId, offset: u32) -> Option<&Reference> {
        self.references
            .iter()
            .filter(|r| r.loc.file == file && r.loc.span.touches(offset))
            .min_by_key(|r| r.loc.span.len())
    }

    /// All places that mean `symbol`.
    pub fn of(&self, symbol: Symbol) -> impl Iterator<Item = &Reference> {
        self.references.iter().filter(move |r| r.symbol == symbol)
    }

    pub fn declaration(&self, symbol: Symbol) -> Option<&Reference> {
        self.of(symbol).find(|r| r.is_declaration)
    }

    /// The type of the innermost expression at `offset`, with its place.
    pub fn type_at(&self, file: FileId, offset: u32) -> Option<&(Loc, Type)> {
        self.types
            .iter()
            .filter(|(loc, _)| loc.file == file && loc.span.touches(offset))
            .min_by_key(|(loc, _)| loc.span.len())
    }
}
