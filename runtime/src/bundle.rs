//! The bundle: a compiled policy as plain data.
//!
//! Flat tables that refer to each other by index. An index in an arena of trees (`exprs`, `conds`, `nodes`)
//! always refers to an *earlier* entry, so the arenas are acyclic by construction and can be checked in one
//! pass; see `load.rs`. The compiler writes it, nothing but the loader reads it.
//!
//! On the wire: the magic bytes, a format version, the SHA-256 of the body, and the body: three sections in postcard's
//! documented encoding (`load/wire.rs`). Equal policies give equal bytes on every machine.

use serde::{Deserialize, Serialize};

pub use crate::pattern_table::{MAX_CELLS, PatternState, PatternTable};
use crate::{Collect, Digest, Field, Schema, Type, Value};

/// The version of the layout below. A runtime reads exactly this one.
pub const FORMAT: u32 = 2;

/// A compiled policy. All fields are tables; see the types for what their entries mean.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Bundle {
    /// The root module's package name.
    pub package: String,
    pub modules: Vec<ModuleInfo>,
    pub environments: Vec<String>,
    /// From the lowest to the highest.
    pub tiers: Vec<String>,
    pub roles: Vec<RoleDef>,
    pub labels: Vec<String>,
    pub tags: Vec<String>,
    pub origins: Vec<String>,
    pub schema: Schema,
    /// Attributes of the calling agent, the acting user and the context, beyond what the host always sends.
    pub agent: Vec<Field>,
    pub user: Vec<Field>,
    pub context: Vec<Field>,
    pub tools: Vec<ToolDef>,
    pub consts: Vec<Value>,
    /// What `like` and `matches` ask of a whole text.
    pub patterns: Vec<PatternDef>,
    /// Names of the builtins that expressions call.
    pub builtins: Vec<String>,
    pub lives: Vec<LiveDef>,
    pub externs: Vec<ExternDef>,
    pub zones: Vec<ZoneDef>,
    pub windows: Vec<WindowDef>,
    pub constraints: Vec<ConstraintDef>,
    pub approvals: Vec<ApprovalDef>,
    pub priors: Vec<PriorDef>,
    pub limits: Vec<LimitDef>,
    pub exprs: Vec<Expr>,
    /// Operands of expressions: `exprs` refer to ranges of this.
    pub operands: Vec<ExprId>,
    /// Elementary tests; hash-consed, so a test that is written twice has one entry.
    pub atoms: Vec<Atom>,
    pub conds: Vec<Cond>,
    /// Operands of conditions.
    pub cond_operands: Vec<CondId>,
    pub templates: Vec<Template>,
    pub clauses: Vec<ClauseDef>,
    /// One clause as it stands for one tool. Sorted by tool; `ToolDef::instances` is the tool's range.
    pub instances: Vec<Instance>,
    /// Outcomes by tier and environment, row by row (`tier * environments.len() + env`); empty without tiers.
    pub matrix: Vec<Cell>,
    pub nodes: Vec<Node>,
    /// Switch tables; `Node::Switch` refers to one.
    pub switches: Vec<Switch>,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub u32);
        impl $name {
            /// The id as an index into its table.
            pub fn index(self) -> usize { self.0 as usize }
        }
    )* };
}

ids! {
    /// Index into `Bundle::exprs`.
    ExprId,
    /// Index into `Bundle::atoms`.
    AtomId,
    /// Index into `Bundle::conds`.
    CondId,
    /// Index into `Bundle::clauses`.
    ClauseId,
    /// Index into `Bundle::templates`.
    TemplateId,
    /// Index into `Bundle::tools`.
    ToolId,
    /// Index into `Bundle::approvals`.
    ApprovalId,
    /// Index into `Bundle::limits`.
    LimitId,
    /// Index into `Bundle::priors`.
    PriorId,
    /// Index into `Bundle::consts`.
    ConstId,
    /// A place in the decision graph: a leaf with its value, or a node. See [`Target::get`].
    Target,
}

/// What a [`Target`] refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// A leaf. 0 is false and 1 is true; for the root that computes the tier, 0 is unclassified and k+1 is tier k.
    Leaf(u32),
    /// Index into `Bundle::nodes`.
    Node(u32),
}

impl Target {
    /// A leaf.
    pub const fn leaf(value: u32) -> Target {
        Target(value << 1)
    }
    /// An inner node.
    pub const fn node(index: u32) -> Target {
        Target((index << 1) | 1)
    }
    /// What this refers to.
    pub const fn get(self) -> TargetKind {
        if self.0 & 1 == 0 { TargetKind::Leaf(self.0 >> 1) } else { TargetKind::Node(self.0 >> 1) }
    }
    /// The leaf *false*.
    pub const FALSE: Target = Target::leaf(0);
    /// The leaf *true*.
    pub const TRUE: Target = Target::leaf(1);
}

/// A range `start..start + len` of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Range {
    pub start: u32,
    pub len: u32,
}

impl Bundle {
    /// The operands of a condition.
    pub(crate) fn cond_range(&self, range: Range) -> &[CondId] {
        let start = range.start as usize;
        self.cond_operands.get(start..start.saturating_add(range.len as usize)).unwrap_or_default()
    }
}

impl Ask {
    /// The question's answer for a test that came to this.
    #[must_use]
    pub fn holds(self, answer: crate::Tri) -> bool {
        match self {
            Ask::IsTrue => answer.is_true(),
            Ask::IsFalse => answer.is_false(),
            Ask::NotTrue => !answer.is_true(),
            Ask::NotFalse => !answer.is_false(),
        }
    }
}

/// A module and the digest of its source, so that a host can insist on the company's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ModuleInfo {
    pub name: String,
    /// As named when it was compiled; never an absolute path.
    pub file: String,
    /// SHA-256 of the source text.
    pub digest: Digest,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleDef {
    /// The declared name.
    pub name: String,
    /// Indices of all roles that its holder holds, itself among them, ascending.
    pub closure: Vec<u32>,
}

/// What kind of thing is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Kind {
    #[default]
    Tool,
    Resource,
    Prompt,
}

/// A tool with its signature and its part of the decision graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ToolDef {
    /// The declared name, for messages.
    pub name: String,
    pub kind: Kind,
    /// The name in requests; (kind, server, wire) is unique.
    pub wire: String,
    pub server: Option<String>,
    pub params: Vec<Field>,
    /// Indices into `Bundle::tags`.
    pub tags: Vec<u32>,
    pub pinned: Option<Digest>,
    /// Range of `Bundle::instances`: every clause that can apply to this tool.
    pub instances: Range,
    /// `None`: the graph passed the node budget; clauses are evaluated one by one.
    pub roots: Option<Roots>,
    /// Limits with an arm for this tool, ascending.
    pub limits: Vec<LimitId>,
    /// How many memo places the nodes of this tool use (`Node::Test::memo`).
    pub memo: u32,
    /// Queries of history that must be answered before the decision.
    pub priors: Vec<PriorId>,
    /// Queries of history that a call of this tool may answer later.
    pub answers: Vec<PriorId>,
}

/// Entry points into the graph. Leaves are 0/1 unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Roots {
    /// Some grant holds.
    pub grant: Target,
    /// Leaf 0 is unclassified, leaf k+1 is tier k. Not looked at where the policy has no tiers.
    pub tier: Target,
    /// Some confirmed rule denies. May read the tier.
    pub deny: Target,
    /// Approvals that confirmed rules require (the matrix is separate).
    pub approvals: Vec<(ApprovalId, Target)>,
    /// Labels that confirmed rules mark.
    pub marks: Vec<(u32, Target)>,
    /// Instances with a `constrain` effect (index into `Bundle::instances`) and where they apply.
    pub constrains: Vec<(u32, Target)>,
    /// Arms of confirmed limits (index into `Bundle::instances`).
    pub limits: Vec<(u32, Target)>,
}

/// An elementary test: a boolean expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Atom {
    pub expr: ExprId,
    /// False where the test can't be unknown.
    pub partial: bool,
}

/// A condition over atoms. *Applies* means: asks its question of each atom and joins the answers in two-valued
/// logic. A granting clause's condition asks [`Ask::IsTrue`], a restricting one's [`Ask::NotFalse`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Cond {
    True,
    False,
    Ask(AtomId, Ask),
    /// The environment is one of these (bit set by environment index, 64 at most).
    Envs(u64),
    /// The tier is at least this one.
    TierAtLeast(u32),
    /// Range of `Bundle::cond_operands`.
    All(Range),
    Any(Range),
}

/// The question put to an atom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Ask {
    IsTrue,
    IsFalse,
    NotTrue,
    NotFalse,
}

/// A node of the decision graph.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Node {
    /// A test with its three answers.
    Test { atom: AtomId, memo: u32, on_false: Target, on_unknown: Target, on_true: Target },
    /// A multi-way branch on the value of one slot (equality and membership tests of it, merged).
    Switch { switch: u32, on_unknown: Target, otherwise: Target, cases: Vec<(u32, Target)> },
    /// A branch on the environment: `by_env[env]`.
    Env { by_env: Vec<Target> },
    /// A branch on the tier: `by_tier[tier]`.
    Tier { by_tier: Vec<Target> },
}

/// How the value of a slot selects a case: constants fall into classes, each with the same answer to every test of
/// the slot. `Node::Switch::cases` are (class, target), ascending.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Switch {
    pub subject: ExprId,
    /// (constant, class), ascending by constant id. A value in no entry is *otherwise*.
    pub classes: Vec<(ConstId, u32)>,
    /// What is asked instead of constants: which patterns the value matches. Then there are no `classes`.
    pub patterns: Option<PatternTable>,
}

/// The right-hand side of `like` or `matches`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PatternDef {
    /// Text in which each `*` stands for any text. Without `?`, and never two stars in a row.
    Glob(String),
    /// regex-automata's sparse DFA, little-endian, anchored, for the whole text.
    Automaton(Vec<u8>),
}

/// A clause of the policy as it is named in explanations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ClauseDef {
    /// `package.name`, or `package.` and the clause's own text where it has no name.
    pub id: String,
    pub kind: ClauseKind,
    pub module: u32,
    /// One-based; columns count characters.
    pub line: u32,
    pub column: u32,
    pub doc: String,
    /// `@owner`, `@control`, `@see` and their arguments.
    pub attributes: Vec<(String, Vec<String>)>,
    /// Hints and candidates: reported under `shadow`, never decisive.
    pub shadow: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ClauseKind {
    Grant,
    Classify,
    Matrix,
    Rule,
    Limit,
}

impl ClauseKind {
    /// The word on the wire, such as `grant`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            ClauseKind::Grant => "grant",
            ClauseKind::Classify => "classify",
            ClauseKind::Matrix => "matrix",
            ClauseKind::Rule => "rule",
            ClauseKind::Limit => "limit",
        }
    }

    /// The sort of clause that is called so.
    #[must_use]
    pub fn from_code(code: &str) -> Option<ClauseKind> {
        use ClauseKind::{Classify, Grant, Limit, Matrix, Rule};
        [Grant, Classify, Matrix, Rule, Limit].into_iter().find(|kind| kind.code() == code)
    }
}

/// A clause as it stands for one tool: targets expanded, predicates inlined, arguments by index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Instance {
    pub clause: ClauseId,
    pub tool: ToolId,
    /// Applies where this holds; environments and roles are part of it.
    pub cond: CondId,
    pub effect: InstanceEffect,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum InstanceEffect {
    Grant,
    Classify {
        tier: u32,
    },
    /// A rule's effects, in source order.
    Rule {
        effects: Vec<RuleEffect>,
        suggest: Option<TemplateId>,
    },
    /// One arm of a limit; `addend` is `None` where calls are counted.
    Limit {
        limit: LimitId,
        addend: Option<ExprId>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum RuleEffect {
    Deny(TemplateId),
    Require(Vec<ApprovalId>),
    Constrain { constraint: u32, value: ExprId },
    Mark { label: u32 },
}

/// A message: text and values in turn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Template {
    pub parts: Vec<TemplatePart>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum TemplatePart {
    Text(String),
    Value(ExprId),
}

/// The matrix's outcome for one tier and environment, joined over all modules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Cell {
    pub deny: bool,
    /// Ascending. Empty and not `deny`: allow.
    pub approvals: Vec<ApprovalId>,
    /// The cells that were joined, one for each matrix, with what each says by itself.
    pub clauses: Vec<(ClauseId, bool, Vec<ApprovalId>)>,
}

/// Data that the host supplies with each request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct LiveDef {
    pub name: String,
    pub ty: Type,
}

/// A function that the host registers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ExternDef {
    pub name: String,
    pub params: Vec<Type>,
    pub result: Type,
    pub timeout_ms: i64,
}

/// A time zone with its rules, so that decisions don't depend on the machine's zone database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ZoneDef {
    pub name: String,
    /// RFC 9636 TZif.
    pub tzif: Vec<u8>,
}

/// A calendar window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct WindowDef {
    pub name: String,
    /// Index into `Bundle::zones`.
    pub zone: u32,
    pub window: crate::Window,
}

/// How two values of one constraint merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum MergeOp {
    Min,
    Max,
    Intersect,
    Union,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ConstraintDef {
    pub name: String,
    pub ty: Type,
    pub merge: MergeOp,
}

/// Who must agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct ApprovalDef {
    /// Qualified: `package.name`; `short` is the declared name.
    pub id: String,
    pub short: String,
    /// (how many, of which roles: indices): every line must be met.
    pub by: Vec<(u32, Vec<u32>)>,
    pub by_user: bool,
    pub expires_ms: i64,
    /// 0: single use.
    pub reuse_ms: i64,
    pub note_required: bool,
    /// SHA-256 over the definition in canonical JSON; evidence names it.
    pub digest: Digest,
}

/// `prior tool(…) within D`, for one spelling of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct PriorDef {
    /// A stable name for the store: SHA-256 over the query's own text (tool, keys, tests), without the window.
    pub key: Digest,
    pub tool: ToolId,
    /// Parameters of the earlier call whose values are the key, ascending.
    pub params: Vec<u32>,
    /// Tests of the earlier call alone, asked with [`Ask::NotFalse`] and [`Ask::IsTrue`] when it settles.
    /// Arguments in it are the earlier call's. An atom's id, if any test was written.
    pub test: Option<AtomId>,
    /// The longest window in which the query is asked anywhere, for expiry in the store.
    pub within_ms: i64,
}

/// A budget: one pot over all the limit's arms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct LimitDef {
    pub clause: ClauseId,
    /// Digits kept exactly.
    pub max: crate::Decimal,
    pub window_ms: i64,
    pub keys: Vec<LimitKey>,
    /// Sums what the arms add, or counts calls.
    pub sums: bool,
    /// Approvals required beyond; empty: deny.
    pub beyond: Vec<ApprovalId>,
    pub message: Option<TemplateId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum LimitKey {
    Agent,
    User,
    Tenant,
    Session,
    Tool,
}

impl LimitKey {
    /// As it is written in policies.
    pub const fn name(self) -> &'static str {
        match self {
            LimitKey::Agent => "agent",
            LimitKey::User => "user",
            LimitKey::Tenant => "tenant",
            LimitKey::Session => "session",
            LimitKey::Tool => "tool",
        }
    }
}

/// A root whose attributes the host supplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum AttrRoot {
    Agent,
    User,
    Context,
}

impl Fact {
    /// As it is written in policies.
    pub const fn name(self) -> &'static str {
        match self {
            Fact::AgentId => "agent.id",
            Fact::AgentOwner => "agent.owner",
            Fact::AgentChain => "agent.chain",
            Fact::AgentDepth => "agent.depth",
            Fact::UserId => "user.id",
            Fact::SessionId => "session.id",
            Fact::ToolName => "tool.name",
            Fact::ToolServer => "tool.server",
            Fact::Env => "env",
            Fact::Now => "now",
            Fact::Tenant => "tenant",
        }
    }
}

/// Facts of one fixed type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Fact {
    AgentId,
    AgentOwner,
    AgentChain,
    AgentDepth,
    UserId,
    SessionId,
    ToolName,
    ToolServer,
    Env,
    Now,
    Tenant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum CompareOp {
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum QuantOp {
    Any,
    All,
    None,
    Count,
}

/// An expression. Operands are earlier entries of `Bundle::exprs`. Three-valued: see the language reference, §6.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Expr {
    Const(ConstId),
    /// The i-th argument of the tool being called (in a prior's test: of the earlier call).
    Arg(u32),
    Fact(Fact),
    Attr(AttrRoot, u32),
    Live(u32),
    /// A quantifier's variable, by nesting depth from the outermost.
    Local(u32),
    RecordField(ExprId, u32),
    /// Index into `Bundle::builtins`, operands in `Bundle::operands`.
    Builtin(u32, Range),
    /// Index into `Bundle::patterns`: the whole value matches.
    Match(ExprId, u32),
    And(Range),
    Or(Range),
    Not(ExprId),
    Eq(ExprId, ExprId),
    Compare(CompareOp, ExprId, ExprId),
    In(ExprId, ExprId),
    /// Index into `Bundle::windows`.
    InWindow(ExprId, u32),
    HasLabel(u32),
    AgentHasRole(u32),
    UserHasRole(u32),
    TierAtLeast(u32),
    Concat(ExprId, ExprId),
    Len(ExprId),
    /// (operation, list, body); the body reads `Local(depth)`.
    Quant(QuantOp, ExprId, ExprId),
    List(Range),
    Else(ExprId, ExprId),
    Present(ExprId),
    /// (json value, pointer in `consts`, type)
    JsonAt(ExprId, ConstId, Type),
    /// Origins of the argument's part: (argument, field indices below it).
    Origins(u32, Vec<u32>),
    Collect(Collect),
    /// Index into `Bundle::externs`.
    Extern(u32, Range),
    /// (query, the key's values in the order of `PriorDef::params`, the window in milliseconds)
    Prior(PriorId, Range, i64),
}

impl Expr {
    /// The direct operands: two of its own at most, and a range of `Bundle::operands`.
    #[must_use]
    pub fn operands(&self) -> ([Option<ExprId>; 2], Option<Range>) {
        match self {
            Expr::Const(_)
            | Expr::Arg(_)
            | Expr::Fact(_)
            | Expr::Attr(..)
            | Expr::Live(_)
            | Expr::Local(_)
            | Expr::HasLabel(_)
            | Expr::AgentHasRole(_)
            | Expr::UserHasRole(_)
            | Expr::TierAtLeast(_)
            | Expr::Origins(..)
            | Expr::Collect(_) => ([None, None], None),
            Expr::RecordField(e, _)
            | Expr::Match(e, _)
            | Expr::Not(e)
            | Expr::InWindow(e, _)
            | Expr::Len(e)
            | Expr::Present(e)
            | Expr::JsonAt(e, ..) => ([Some(*e), None], None),
            Expr::Eq(a, b)
            | Expr::Compare(_, a, b)
            | Expr::In(a, b)
            | Expr::Concat(a, b)
            | Expr::Quant(_, a, b)
            | Expr::Else(a, b) => ([Some(*a), Some(*b)], None),
            Expr::Builtin(_, range)
            | Expr::And(range)
            | Expr::Or(range)
            | Expr::List(range)
            | Expr::Extern(_, range)
            | Expr::Prior(_, range, _) => ([None, None], Some(*range)),
        }
    }
}
