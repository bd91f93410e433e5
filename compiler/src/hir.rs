//! The high-level intermediate representation: a whole policy with names resolved, sugar gone and every
//! expression typed.
//!
//! One `Package` holds the declarations of all modules. Ids are indices into its tables. Conditions are
//! still trees as the author wrote them: predicates and constants are referred to, not yet inlined, and a
//! clause that names several tools is one clause. Nothing here knows of graphs, atoms or bundles.

use claw_runtime::{BuiltinId, Date, Decimal, Duration, Field, Json, Schema, Time, Type, Value};
// Closed sets that mean the same in a policy and in its bundle: said once, by the format.
pub use claw_runtime::bundle::{AttrRoot, CompareOp, Fact, Kind as ToolKind, LimitKey, MergeOp as Merge, QuantOp};
pub use claw_syntax::Span;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);
        impl $name {
            /// The id as an index into its table.
            pub fn index(self) -> usize { self.0 as usize }
        }
    )* };
}

ids! {
    /// A source file of the workspace.
    FileId,
    /// A module: one file of the package, or one of `std`.
    ModuleId,
    EnvId, TierId, RoleId, LabelId, TagId, OriginId,
    ToolId, ApprovalId, WindowId, ConstraintId, ExternId, LiveId, LetId, PredicateId, ScopeId, RuleId, LimitId,
}

/// A range of bytes in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Loc {
    pub file: FileId,
    pub span: Span,
}

/// A policy: all modules that the root uses, in one set of tables.
#[derive(Clone, Debug, Default)]
pub struct Package {
    /// The root module's `package` name.
    pub name: String,
    /// The root first; then in the order in which `use` reaches them.
    pub modules: Vec<Module>,
    /// From the lowest to the highest; empty if the policy has no tiers.
    pub tiers: Vec<Word>,
    pub environments: Vec<Word>,
    pub roles: Vec<Role>,
    pub labels: Vec<Word>,
    pub tags: Vec<Word>,
    pub origins: Vec<Word>,
    pub schema: Schema,
    /// Where the enums and records of `schema` were declared, index by index.
    pub enum_decls: Vec<Decl>,
    pub record_decls: Vec<Decl>,
    /// Attributes of all `agent {…}` blocks; those the host itself defines (`id`, `roles`, `owner`) are not in here.
    pub agent: Vec<Attr>,
    pub user: Vec<Attr>,
    pub context: Vec<Attr>,
    pub tools: Vec<Tool>,
    pub lets: Vec<Let>,
    pub lives: Vec<Live>,
    pub externs: Vec<Extern>,
    pub predicates: Vec<Predicate>,
    pub windows: Vec<WindowDecl>,
    pub approvals: Vec<Approval>,
    pub constraints: Vec<Constraint>,
    pub scopes: Vec<Scope>,
    pub grants: Vec<Grant>,
    pub classify: Vec<ClassifyArm>,
    pub matrix: Vec<MatrixCell>,
    pub rules: Vec<Rule>,
    pub limits: Vec<Limit>,
    pub invariants: Vec<Invariant>,
    /// When statuses may change; read by tools, not by decisions.
    pub lifecycle: Option<Lifecycle>,
    pub tests: Vec<Test>,
}

impl Package {
    /// Calls `f` for every declaration and every clause, whatever its kind.
    pub fn for_each_decl<'a>(&'a self, mut f: impl FnMut(&'a Decl)) {
        let words = [&self.tiers, &self.environments, &self.labels, &self.tags, &self.origins];
        words.into_iter().flatten().for_each(|w| f(&w.decl));
        self.roles.iter().for_each(|r| f(&r.decl));
        self.enum_decls.iter().chain(&self.record_decls).for_each(&mut f);
        self.tools.iter().for_each(|t| f(&t.decl));
        self.lets.iter().for_each(|l| f(&l.decl));
        self.lives.iter().for_each(|l| f(&l.decl));
        self.externs.iter().for_each(|e| f(&e.decl));
        self.predicates.iter().for_each(|p| f(&p.decl));
        self.windows.iter().for_each(|w| f(&w.decl));
        self.approvals.iter().for_each(|a| f(&a.decl));
        self.constraints.iter().for_each(|c| f(&c.decl));
        self.scopes.iter().for_each(|s| f(&s.decl));
        self.grants.iter().for_each(|g| f(&g.decl));
        self.classify.iter().for_each(|c| f(&c.decl));
        self.matrix.iter().for_each(|m| f(&m.decl));
        self.rules.iter().for_each(|r| f(&r.decl));
        self.limits.iter().for_each(|l| f(&l.decl));
        self.invariants.iter().for_each(|i| f(&i.decl));
        self.lifecycle.iter().for_each(|l| f(&l.decl));
        self.tests.iter().for_each(|t| f(&t.decl));
    }
}

#[derive(Clone, Debug)]
pub struct Module {
    /// Dotted, from `package` or the file's stem.
    pub name: String,
    pub file: FileId,
    /// The file's `//!` documentation.
    pub doc: String,
    /// `use` declarations: the target, the name it is visible under, whether `with grants`.
    pub uses: Vec<(ModuleId, Option<String>, bool, Loc)>,
    /// False where some module reaches this one without `with grants`.
    pub may_grant: bool,
    pub is_std: bool,
}

/// What every declaration has.
#[derive(Clone, Debug)]
pub struct Decl {
    pub name: String,
    pub module: ModuleId,
    /// The name, for labels and jumps.
    pub name_loc: Loc,
    /// The whole declaration with its attributes and documentation.
    pub loc: Loc,
    /// `///` lines joined by newlines.
    pub doc: String,
    pub attrs: Vec<Attribute>,
}

/// `@owner("…")`, `@control("…")`, `@see("…")`, `@allow(CODE, "reason")`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    pub name: String,
    pub args: Vec<String>,
    pub loc: Loc,
}

/// `@status(…)`, perhaps with a reason behind the word: whether a clause counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Hint,
    Candidate,
    #[default]
    Confirmed,
    Suspended,
    Archived,
}

impl Status {
    /// As it is written behind `@status`.
    pub const fn word(self) -> &'static str {
        match self {
            Status::Hint => "hint",
            Status::Candidate => "candidate",
            Status::Confirmed => "confirmed",
            Status::Suspended => "suspended",
            Status::Archived => "archived",
        }
    }
}

/// `lifecycle {…}`: what it takes to change a clause's status. A gate that is not written never opens by itself.
#[derive(Clone, Debug)]
pub struct Lifecycle {
    pub decl: Decl,
    pub promote: Option<PromoteGate>,
    /// From this many disagreements on a clause may be suspended.
    pub suspend: Option<u32>,
    /// A clause that did not apply for so long may be archived.
    pub archive: Option<Duration>,
}

/// `promote after 20 agreements and 0 disagreements`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PromoteGate {
    /// At least so many.
    pub agreements: u32,
    /// At most so many.
    pub disagreements: u32,
    pub loc: Loc,
}

/// A word of a closed vocabulary. It may be repeated (labels, roles, tags); the first declaration counts.
#[derive(Clone, Debug)]
pub struct Word {
    pub decl: Decl,
}

#[derive(Clone, Debug)]
pub struct Role {
    pub decl: Decl,
    /// Directly included roles with the place of each.
    pub includes: Vec<(RoleId, Loc)>,
    /// Itself and everything it includes, sorted.
    pub closure: Vec<RoleId>,
}

#[derive(Clone, Debug)]
pub struct Attr {
    pub field: Field,
    pub loc: Loc,
    pub module: ModuleId,
}

#[derive(Clone, Debug)]
pub struct Tool {
    pub decl: Decl,
    pub kind: ToolKind,
    pub params: Vec<Field>,
    /// Where each parameter stands, index by index.
    pub param_locs: Vec<Loc>,
    /// The name on the wire: `as "…"`, or else the declared name.
    pub wire: String,
    pub server: Option<String>,
    pub tags: Vec<TagId>,
    /// `sha256:…` of the definition.
    pub pinned: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Let {
    pub decl: Decl,
    pub ty: Type,
    /// The constant, evaluated and canonical. `Value::Bool(false)` with `ty == Error` where it failed to check.
    pub value: Value,
    /// Constants that the value was computed from.
    pub reads: Vec<LetId>,
}

#[derive(Clone, Debug)]
pub struct Live {
    pub decl: Decl,
    pub ty: Type,
}

#[derive(Clone, Debug)]
pub struct Extern {
    pub decl: Decl,
    pub params: Vec<(String, Type)>,
    pub result: Type,
    pub timeout: Duration,
}

#[derive(Clone, Debug)]
pub struct Predicate {
    pub decl: Decl,
    /// Parameters; `ExprKind::Local(i)` in the body with i < params.len() is the i-th.
    pub params: Vec<(String, Type)>,
    pub body: Expr,
}

#[derive(Clone, Debug)]
pub struct WindowDecl {
    pub decl: Decl,
    /// The calendar, ready for the bundle (`window.zone` is an IANA name there too).
    pub zone: String,
    /// Bit 0 is Monday.
    pub days: u8,
    /// Minutes since midnight, from and to; `to < from` runs over midnight; none = the whole day.
    pub hours: Vec<(u16, u16)>,
    pub except: Vec<Date>,
}

#[derive(Clone, Debug)]
pub struct Approval {
    pub decl: Decl,
    pub by: Vec<Quorum>,
    /// `by user`: the acting user's own confirmation.
    pub by_user: bool,
    pub expires: Duration,
    pub reuse: Option<Duration>,
    pub note_required: bool,
}

#[derive(Clone, Debug)]
pub struct Quorum {
    pub n: u32,
    pub roles: Vec<RoleId>,
    pub loc: Loc,
}

#[derive(Clone, Debug)]
pub struct Constraint {
    pub decl: Decl,
    pub ty: Type,
    pub merge: Merge,
}

/// `on targets [in envs]`, resolved. `tools` is sorted; `envs` is `None` where no `in` was written.
#[derive(Clone, Debug, Default)]
pub struct Target {
    pub arms: Vec<TargetArm>,
    pub envs: Option<Vec<EnvId>>,
    /// Every tool some arm can cover, sorted, without duplicates.
    pub tools: Vec<ToolId>,
    pub loc: Option<Loc>,
}

/// One word of a target list.
#[derive(Clone, Debug)]
pub struct TargetArm {
    pub kind: TargetKind,
    pub loc: Loc,
}

#[derive(Clone, Debug)]
pub enum TargetKind {
    /// `any`, with the tools it ranges over here.
    Any(Vec<ToolId>),
    Tool(ToolId),
    /// A glob, with the tools it matched.
    Glob(String, Vec<ToolId>),
    Tagged(TagId, Vec<ToolId>),
    /// A scope: covers a tool where one of the scope's arms does.
    Scope(ScopeId),
    Error,
}

/// A capability: the union of its arms.
#[derive(Clone, Debug)]
pub struct Scope {
    pub decl: Decl,
    pub arms: Vec<ScopeArm>,
}

#[derive(Clone, Debug)]
pub struct ScopeArm {
    pub target: Target,
    pub condition: Option<Expr>,
    pub loc: Loc,
}

#[derive(Clone, Debug)]
pub struct Grant {
    /// The name is the clause's own text, tokens joined by one space.
    pub decl: Decl,
    pub target: Target,
    /// The calling agent's roles, any of which suffices.
    pub to: Vec<RoleId>,
    /// `to any`: whatever roles the agent holds, if any; `to` is empty then.
    pub to_any: bool,
    /// `for r`: roles of the acting user, any of which suffices; empty if not written.
    pub for_user: Vec<RoleId>,
    pub status: Status,
}

#[derive(Clone, Debug)]
pub struct ClassifyArm {
    /// The name is the clause's own text.
    pub decl: Decl,
    pub tier: TierId,
    pub target: Target,
    pub when: Vec<Expr>,
    pub unless: Vec<Expr>,
}

/// One cell of some module's matrix.
#[derive(Clone, Debug)]
pub struct MatrixCell {
    /// Named `matrix TIER ENV`.
    pub decl: Decl,
    pub tier: TierId,
    pub env: EnvId,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Allow,
    /// Sorted, without duplicates, not empty.
    Require(Vec<ApprovalId>),
    Deny,
}

#[derive(Clone, Debug)]
pub struct Rule {
    pub decl: Decl,
    pub target: Target,
    /// Joined by *and*.
    pub when: Vec<Expr>,
    /// Each an exemption of its own.
    pub unless: Vec<Expr>,
    pub effects: Vec<Effect>,
    pub suggest: Option<Message>,
    pub status: Status,
}

#[derive(Clone, Debug)]
pub struct Effect {
    pub kind: EffectKind,
    pub loc: Loc,
}

#[derive(Clone, Debug)]
pub enum EffectKind {
    Deny(Message),
    Require(Vec<ApprovalId>),
    Constrain(ConstraintId, Expr),
    Mark(LabelId),
    Error,
}

/// A message with interpolations.
#[derive(Clone, Debug, Default)]
pub struct Message {
    pub parts: Vec<MessagePart>,
}

#[derive(Clone, Debug)]
pub enum MessagePart {
    Text(String),
    /// The source text of the expression stands beside it, for hovers.
    Expr(Expr, String),
}

#[derive(Clone, Debug)]
pub struct Limit {
    pub decl: Decl,
    pub arms: Vec<LimitArm>,
    pub max: Decimal,
    pub per: Duration,
    pub keys: Vec<LimitKey>,
    pub beyond: Beyond,
    pub status: Status,
}

#[derive(Clone, Debug)]
pub struct LimitArm {
    pub target: Target,
    pub when: Vec<Expr>,
    /// What one call adds; `None` counts calls. All arms of a limit sum, or none does.
    pub sum: Option<Expr>,
    pub loc: Loc,
}

#[derive(Clone, Debug)]
pub enum Beyond {
    /// Deny, saying when to try again.
    Deny(Option<Message>),
    Require(Vec<ApprovalId>),
}

#[derive(Clone, Debug)]
pub struct Invariant {
    pub decl: Decl,
    pub target: Target,
    pub when: Vec<Expr>,
    pub unless: Vec<Expr>,
    pub claim: Claim,
}

#[derive(Clone, Debug)]
pub enum Claim {
    NeverAllow,
    NeverDeny,
    AlwaysDeny,
    AlwaysRequire(ApprovalId),
    Error,
}

/// A `test` block. Values are JSON as the host would send them.
#[derive(Clone, Debug)]
pub struct Test {
    pub decl: Decl,
    pub steps: Vec<TestStep>,
}

#[derive(Clone, Debug)]
pub enum TestStep {
    /// `as agent "id" {…}`: the id and the attributes, `roles` and `chain` among them.
    AsAgent(String, Json),
    AsUser(String, Json),
    In(EnvId),
    At(Time),
    WithContext(Json),
    WithLabels(Vec<LabelId>),
    /// Approvals taken as granted by enough eligible people.
    WithApprovals(Vec<ApprovalId>),
    /// Pointer into the request (`/args/to`) to origins.
    WithOrigins(Vec<(String, Vec<OriginId>)>),
    WithResolved(Vec<(String, String)>),
    WithLive(Vec<(LiveId, Json)>),
    /// What the function answers for every argument.
    WithExtern(Vec<(ExternId, Json)>),
    Call {
        tool: ToolId,
        args: Json,
        /// `fails`: an allowed call is settled *error*.
        fails: bool,
        expect: Expect,
        loc: Loc,
    },
}

#[derive(Clone, Debug)]
pub struct Expect {
    pub outcome: Outcome,
    pub tier: Option<TierId>,
    /// Qualified names of clauses that must be among those that applied.
    pub because: Vec<(String, Loc)>,
    pub marks: Vec<LabelId>,
    pub reason: Option<String>,
    pub loc: Loc,
}

/// A typed expression.
#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub ty: Type,
    pub loc: Loc,
}

#[derive(Clone, Debug)]
pub enum ExprKind {
    /// Already reported. Lowering never sees it (`Checked` rules it out).
    Error,
    /// A literal, canonical for the expression's type. Words of vocabularies are `Value::Str(name)`.
    Const(Value),
    Let(LetId),
    Live(LiveId),
    /// A quantifier's variable or a predicate's parameter, numbered from the outermost: parameters first,
    /// then quantifiers by nesting depth.
    Local(u32),
    /// `args.name` of the tool being called.
    Arg(String),
    /// `prior.name` inside `prior tool(…)`: an argument of the earlier call.
    PriorArg(String),
    Fact(Fact),
    /// `agent.purpose`, `context.ticket`; index into the package's table of that root.
    Attr(AttrRoot, u32),
    /// A field of a record value (also a record under a quantifier); index into its fields.
    RecordField(Box<Expr>, u32),
    /// A member or operator or function from the runtime's builtin table.
    Builtin(BuiltinId, Vec<Expr>),
    /// `x like "…"`: the glob's text.
    Like(Box<Expr>, String),
    /// `x matches r"…"`: the regular expression, checked to compile.
    Matches(Box<Expr>, String),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    /// `==`; `!=` is `Not(Eq)`.
    Eq(Box<Expr>, Box<Expr>),
    /// Numbers, durations, times, dates; an `int` side is widened where the other is `decimal`.
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// `v in xs` over a list or set; `not in` is `Not(In)`.
    In(Box<Expr>, Box<Expr>),
    /// `now in w`
    InWindow(Box<Expr>, WindowId),
    /// `L in session.labels`
    HasLabel(LabelId),
    /// `r in agent.roles` with the chain's semantics
    AgentHasRole(RoleId),
    /// `r in user.roles`
    UserHasRole(RoleId),
    /// `tier >= t` (`tier > t` becomes `>=` of the next tier; above the highest is `Const(false)`).
    TierAtLeast(TierId),
    /// List `+` list.
    Concat(Box<Expr>, Box<Expr>),
    /// `len(x)`: an interval where the list is partly known.
    Len(Box<Expr>),
    /// `any(v in xs: c)`; the variable is the next free `Local`. `Count` has type int.
    Quant(QuantOp, Box<Expr>, Box<Expr>),
    /// `[a, b]` where not all elements are constants.
    List(Vec<Expr>),
    Else(Box<Expr>, Box<Expr>),
    Present(Box<Expr>),
    /// `x.at("/pointer") as T`
    JsonAt(Box<Expr>, String, Type),
    /// `origins(args.name.field…)`: a set of origins.
    Origins(String, Vec<String>),
    /// `paths(args)` and its kin: a list of values.
    Collect(claw_runtime::Collect),
    Predicate(PredicateId, Vec<Expr>),
    Extern(ExternId, Vec<Expr>),
    /// `prior tool(conditions) within D`
    Prior {
        tool: ToolId,
        /// `prior.x == e`: parameter name and `e`, which does not read `prior`.
        keys: Vec<(String, Expr)>,
        /// Tests of `prior` alone; read with `PriorArg`.
        tests: Vec<Expr>,
        within: Duration,
    },
}
