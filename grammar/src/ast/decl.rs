//! Declarations: what can stand at the top level of a file.

use super::{
    ApprovalClause, ClassifyArm, DocLine, Expr, Ident, InvariantClause, LifecycleClause, LimitClause, Path, RuleClause,
    ScopeArm, StrLit, Target, TestStep, TextLit, TypeExpr, WindowClause,
};
use crate::span::Span;

/// What an [`Item`](super::Item) declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// `use "./company.claw" as company with grants`
    Use(UseDecl),
    /// `tiers low < high`
    Tiers(Vec<Ident>),
    /// `environments dev, prod`
    Environments(Vec<Ident>),
    /// `roles support, admin includes (support)`
    Roles(Vec<RoleDecl>),
    /// `labels untrusted`
    Labels(Vec<Ident>),
    /// `tags read, write`
    Tags(Vec<Ident>),
    /// `origins user_prompt, web`
    Origins(Vec<Ident>),
    /// `agent {…}`, `user {…}`, `context {…}`
    Attrs(AttrsDecl),
    /// `record R {…}`
    Record(RecordDecl),
    /// `enum E {…}`
    Enum(EnumDecl),
    /// `tool`, `resource`, `prompt`
    Tool(ToolDecl),
    /// `let n: T = …` or `let n: T from "file.json"`
    Let(LetDecl),
    /// `live n: T`
    Live(LiveDecl),
    /// `predicate p(x: T) = expr`
    Predicate(PredicateDecl),
    /// `window w {…}`
    Window(WindowDecl),
    /// `scope s {…}`
    Scope(ScopeDecl),
    /// `grant targets to roles in envs for roles`
    Grant(GrantDecl),
    /// `approval a {…}`
    Approval(ApprovalDecl),
    /// `classify {…}`
    Classify(ClassifyDecl),
    /// `matrix {…}`
    Matrix(MatrixDecl),
    /// `constraints {…}`
    Constraints(Vec<ConstraintDecl>),
    /// `rule n {…}`
    Rule(RuleDecl),
    /// `limit n {…}`
    Limit(LimitDecl),
    /// `extern f(a: T) -> T { timeout D }`
    Extern(ExternDecl),
    /// `lifecycle { promote after 20 agreements … }`
    Lifecycle(LifecycleDecl),
    /// `invariant "…" {…}`
    Invariant(InvariantDecl),
    /// `test "…" {…}`
    Test(TestDecl),
    /// Text that is no declaration, reported.
    Error,
}

/// `use "./x.claw" [as n] [with grants]` or `use std.x`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UseDecl {
    /// What is used.
    pub source: UseSource,
    /// The name after `as`.
    pub alias: Option<Ident>,
    /// The place of `with grants`, if it is there.
    pub with_grants: Option<Span>,
}

/// What a `use` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UseSource {
    /// A file, relative to this one.
    File(StrLit),
    /// A module that ships with the compiler, such as `std.shell`.
    Module(Path),
    /// Missing, reported.
    Error(Span),
}

/// One role and the roles it includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleDecl {
    /// The role.
    pub name: Ident,
    /// The roles in `includes (…)`.
    pub includes: Vec<Ident>,
    /// The role and its inclusions.
    pub span: Span,
}

/// Whose attributes an [`AttrsDecl`] declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttrsRoot {
    /// The calling agent.
    Agent,
    /// The acting user.
    User,
    /// The context the host supplies with a request.
    Context,
}

impl AttrsRoot {
    /// The word it is written with.
    pub fn word(self) -> &'static str {
        match self {
            AttrsRoot::Agent => "agent",
            AttrsRoot::User => "user",
            AttrsRoot::Context => "context",
        }
    }
}

/// `agent { purpose: string }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttrsDecl {
    /// Whose attributes.
    pub root: AttrsRoot,
    /// The word `agent`, `user` or `context`.
    pub root_span: Span,
    /// The attributes.
    pub fields: Vec<Field>,
}

/// `name?: T`, an attribute or a field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Documentation before it.
    pub docs: Vec<DocLine>,
    /// Its name.
    pub name: Ident,
    /// Whether `?` follows the name.
    pub optional: bool,
    /// Its type.
    pub ty: TypeExpr,
    /// From the name to the type.
    pub span: Span,
}

/// `record R { f: T, g?: T }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordDecl {
    /// Its name.
    pub name: Ident,
    /// Its fields.
    pub fields: Vec<Field>,
}

/// `enum E { a, b }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumDecl {
    /// Its name.
    pub name: Ident,
    /// Its values.
    pub variants: Vec<EnumVariant>,
}

/// One value of an enum: a word, or a string where the wire uses other characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumVariant {
    /// Documentation before it.
    pub docs: Vec<DocLine>,
    /// The value.
    pub name: Ident,
}

/// What kind of thing can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ToolKind {
    /// `tool`
    Tool,
    /// `resource`
    Resource,
    /// `prompt`
    Prompt,
}

impl ToolKind {
    /// The word it is written with.
    pub fn word(self) -> &'static str {
        match self {
            ToolKind::Tool => "tool",
            ToolKind::Resource => "resource",
            ToolKind::Prompt => "prompt",
        }
    }
}

/// `tool n(p: T, q?: T, r: T = v) as "wire" on server "s" is tags pinned "sha256:…"`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolDecl {
    /// Tool, resource or prompt.
    pub kind: ToolKind,
    /// Its name in policies; may be dotted (`jira.get_issue`).
    pub name: Path,
    /// Its parameters.
    pub params: Vec<Param>,
    /// What follows the parameters, in order.
    pub options: Vec<ToolOption>,
}

impl ToolDecl {
    /// The name after `as`.
    pub fn wire_name(&self) -> Option<&StrLit> {
        self.options.iter().find_map(|o| match o {
            ToolOption::As { name, .. } => Some(name),
            _ => None,
        })
    }

    /// The name after `on server`.
    pub fn server(&self) -> Option<&StrLit> {
        self.options.iter().find_map(|o| match o {
            ToolOption::Server { name, .. } => Some(name),
            _ => None,
        })
    }

    /// All tags after `is`.
    pub fn tags(&self) -> impl Iterator<Item = &Ident> {
        self.options.iter().flat_map(|o| match o {
            ToolOption::Is { tags, .. } => tags.as_slice(),
            _ => &[],
        })
    }

    /// The digest after `pinned`.
    pub fn pinned(&self) -> Option<&StrLit> {
        self.options.iter().find_map(|o| match o {
            ToolOption::Pinned { digest, .. } => Some(digest),
            _ => None,
        })
    }
}

/// What can follow the parameters of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolOption {
    /// `as "wire-name"`
    As {
        /// The name on the wire.
        name: StrLit,
        /// The whole option.
        span: Span,
    },
    /// `on server "s"`
    Server {
        /// The server's name.
        name: StrLit,
        /// The whole option.
        span: Span,
    },
    /// `is read, write`
    Is {
        /// The tags.
        tags: Vec<Ident>,
        /// The whole option.
        span: Span,
    },
    /// `pinned "sha256:…"`
    Pinned {
        /// The digest of the tool's definition.
        digest: StrLit,
        /// The whole option.
        span: Span,
    },
}

impl ToolOption {
    /// Where it is written.
    pub fn span(&self) -> Span {
        match self {
            ToolOption::As { span, .. }
            | ToolOption::Server { span, .. }
            | ToolOption::Is { span, .. }
            | ToolOption::Pinned { span, .. } => *span,
        }
    }
}

/// `name?: T = default`, a parameter of a tool, a predicate or an extern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Documentation before it.
    pub docs: Vec<DocLine>,
    /// Its name; a hole if the parameter could not be read.
    pub name: Ident,
    /// Whether `?` follows the name.
    pub optional: bool,
    /// Its type.
    pub ty: TypeExpr,
    /// The value after `=`.
    pub default: Option<Expr>,
    /// The whole parameter.
    pub span: Span,
}

/// `let n: T = …`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetDecl {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: TypeExpr,
    /// Where the value comes from.
    pub value: LetValue,
}

/// The value of a `let`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LetValue {
    /// `= expr`
    Expr(Expr),
    /// `from "file.json"`
    File(StrLit),
}

/// `live n: set<T>`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveDecl {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: TypeExpr,
}

/// `predicate p(x: T) = expr`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredicateDecl {
    /// Its name.
    pub name: Ident,
    /// Its parameters.
    pub params: Vec<Param>,
    /// The condition.
    pub body: Expr,
}

/// `window w {…}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowDecl {
    /// Its name.
    pub name: Ident,
    /// Its clauses, in order.
    pub clauses: Vec<WindowClause>,
}

/// `scope s { on … where … }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeDecl {
    /// Its name.
    pub name: Ident,
    /// Its arms, in order.
    pub arms: Vec<ScopeArm>,
}

/// `grant targets to roles [in envs] [for roles]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantDecl {
    /// What is granted.
    pub targets: Vec<Target>,
    /// To whom; `any` is the identifier `any`.
    pub roles: Vec<Ident>,
    /// Where; empty means everywhere.
    pub envs: Vec<Ident>,
    /// For which acting users; empty means for all.
    pub for_roles: Vec<Ident>,
}

/// `approval a {…}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalDecl {
    /// Its name.
    pub name: Ident,
    /// Its clauses, in order.
    pub clauses: Vec<ApprovalClause>,
}

/// `classify {…}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassifyDecl {
    /// Its arms, in order.
    pub arms: Vec<ClassifyArm>,
}

/// `matrix { tier | dev | prod … }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixDecl {
    /// The environments of the header line, without the word `tier`.
    pub envs: Vec<Ident>,
    /// The header line.
    pub header_span: Span,
    /// One row per tier. Rows of another width than the header have been reported.
    pub rows: Vec<MatrixRow>,
}

/// `low | allow | allow`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixRow {
    /// The tier.
    pub tier: Ident,
    /// One cell per environment of the header.
    pub cells: Vec<Cell>,
    /// The whole row.
    pub span: Span,
}

/// One cell of a matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The outcome.
    pub kind: OutcomeKind,
    /// Where it is written.
    pub span: Span,
}

/// An outcome: in a matrix, an invariant or a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutcomeKind {
    /// `allow`
    Allow,
    /// `deny`
    Deny,
    /// Approvals: `a + b` in a matrix, `require a, b` elsewhere.
    Require(Vec<Path>),
    /// Missing, reported.
    Error,
}

/// `timeout: duration = min`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConstraintDecl {
    /// Documentation before it.
    pub docs: Vec<DocLine>,
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: TypeExpr,
    /// How two values merge: `min`, `max`, `intersect`, `union`, … as written.
    pub merge: Ident,
    /// The whole line.
    pub span: Span,
}

/// `rule n {…}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleDecl {
    /// Its name.
    pub name: Ident,
    /// Its clauses, in order.
    pub clauses: Vec<RuleClause>,
}

/// `limit n {…}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitDecl {
    /// Its name.
    pub name: Ident,
    /// Its clauses, in order.
    pub clauses: Vec<LimitClause>,
}

/// `extern f(a: T) -> T { timeout D }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternDecl {
    /// Its name.
    pub name: Ident,
    /// Its parameters.
    pub params: Vec<Param>,
    /// What it returns.
    pub ret: TypeExpr,
    /// How long the host may take.
    pub timeout: Option<TextLit>,
}

/// `lifecycle {…}`: when the status of a clause may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecycleDecl {
    /// Its clauses, in order.
    pub clauses: Vec<LifecycleClause>,
}

/// `invariant "title" {…}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvariantDecl {
    /// What it promises, in words.
    pub title: StrLit,
    /// Its clauses, in order.
    pub clauses: Vec<InvariantClause>,
}

/// `test "title" {…}`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestDecl {
    /// What it shows, in words.
    pub title: StrLit,
    /// Its steps, in order.
    pub steps: Vec<TestStep>,
}
