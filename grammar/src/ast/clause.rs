//! Clauses: what stands inside the braces of a declaration.
//!
//! Each list of clauses keeps the order of the text. How often a clause may
//! stand, and which must, is for the compiler to say.

use super::{Expr, Ident, OutcomeKind, Path, StrLit, TextLit};
use crate::span::Span;

/// `on targets [in envs]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnClause {
    /// What it is about.
    pub targets: Vec<Target>,
    /// In which environments; empty means in all.
    pub envs: Vec<Ident>,
    /// From `on` to the last target or environment.
    pub span: Span,
}

/// One thing after `on` or `grant`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// What it is.
    pub kind: TargetKind,
    /// Where it is written.
    pub span: Span,
}

/// The forms of a [`Target`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// `any`
    Any,
    /// `tagged(external)`
    Tagged(Ident),
    /// A tool or a scope, perhaps of another module.
    Name(Path),
    /// A pattern over tool names, ending in `*` and written without quotes: `jira.get_*`.
    Glob(String),
    /// A pattern over tool names in quotes.
    Quoted(StrLit),
    /// Unreadable, reported.
    Error,
}

/// A clause of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleClause {
    /// Which.
    pub kind: RuleClauseKind,
    /// The whole clause.
    pub span: Span,
}

/// The clauses of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RuleClauseKind {
    /// `on …`
    On(OnClause),
    /// `when c`; several are joined by *and*.
    When(Expr),
    /// `unless c`; each is an exemption of its own.
    Unless(Expr),
    /// `deny`, `require`, `constrain` or `mark`.
    Effect(Effect),
    /// `suggest "message"`
    Suggest(Message),
    /// Unreadable, reported.
    Error,
}

/// What a rule or an exceeded limit does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// `deny "message"`
    Deny(Option<Message>),
    /// `require a, b`
    Require(Vec<Path>),
    /// `constrain name value`
    Constrain {
        /// The constraint.
        name: Ident,
        /// Its value.
        value: Expr,
    },
    /// `mark label`
    Mark(Ident),
    /// Unreadable, reported.
    Error,
}

/// A string that interpolates `{expressions}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The literal as it stands.
    pub lit: StrLit,
    /// Its parts, in order; neighbouring text is one part.
    pub segments: Vec<Segment>,
}

/// One part of a [`Message`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Text, escapes and doubled braces resolved.
    Text(String),
    /// `{expr}`; the span of the expression lies in the file.
    Expr(Expr),
}

/// `on targets [where c]`, an arm of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeArm {
    /// What it covers. Environments here have been reported.
    pub on: OnClause,
    /// The condition after `where`.
    pub condition: Option<Expr>,
    /// The whole arm.
    pub span: Span,
}

/// `tier on targets [when c] [unless c]`, an arm of a classification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassifyArm {
    /// The tier.
    pub tier: Ident,
    /// What it covers.
    pub on: OnClause,
    /// Its conditions, in order.
    pub guards: Vec<Guard>,
    /// The whole arm.
    pub span: Span,
}

/// `when c` or `unless c`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// Whether it is `unless`.
    pub unless: bool,
    /// The condition.
    pub condition: Expr,
    /// The whole guard.
    pub span: Span,
}

/// A clause of an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalClause {
    /// Which.
    pub kind: ApprovalClauseKind,
    /// The whole clause.
    pub span: Span,
}

/// The clauses of an approval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApprovalClauseKind {
    /// `by 2 of sre, security`
    By {
        /// How many.
        count: TextLit,
        /// Of which roles.
        roles: Vec<Ident>,
    },
    /// `by user`
    ByUser,
    /// `expires 15m`
    Expires(TextLit),
    /// `reuse 1h`
    Reuse(TextLit),
    /// `note required`
    NoteRequired,
    /// Unreadable, reported.
    Error,
}

/// A clause of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowClause {
    /// Which.
    pub kind: WindowClauseKind,
    /// The whole clause.
    pub span: Span,
}

/// The clauses of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WindowClauseKind {
    /// `days mon..fri, sun`
    Days(Vec<DayRange>),
    /// `hours 09:00..18:00`
    Hours(Vec<HourRange>),
    /// `zone "Europe/Berlin"`
    Zone(StrLit),
    /// `except 2026-12-25`
    Except(Vec<DateRange>),
    /// Unreadable, reported.
    Error,
}

/// `mon` or `mon..fri`; the words are not checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayRange {
    /// The first day.
    pub from: Ident,
    /// The last day.
    pub to: Option<Ident>,
}

/// `09:00..18:00`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HourRange {
    /// The start.
    pub from: TextLit,
    /// The end, not included.
    pub to: TextLit,
}

/// `2026-12-25` or `2026-12-24..2026-12-26`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateRange {
    /// The first day.
    pub from: TextLit,
    /// The last day, included.
    pub to: Option<TextLit>,
}

/// A clause of a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitClause {
    /// Which.
    pub kind: LimitClauseKind,
    /// The whole clause.
    pub span: Span,
}

/// The clauses of a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LimitClauseKind {
    /// `on targets [when c] [sum e]`
    Arm(LimitArm),
    /// `max N per D`
    Max {
        /// The most that fits.
        amount: Expr,
        /// In how long.
        per: TextLit,
    },
    /// `each user, tool`
    Each(Vec<Ident>),
    /// `beyond require a` or `beyond deny "…"`
    Beyond(Effect),
    /// Unreadable, reported.
    Error,
}

/// `on targets [when c] [unless c] [sum e]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitArm {
    /// Which calls count.
    pub on: OnClause,
    /// Under which conditions.
    pub guards: Vec<Guard>,
    /// What is added up; calls are counted where it is missing.
    pub sum: Option<Expr>,
}

/// A clause of a lifecycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecycleClause {
    /// Which.
    pub kind: LifecycleClauseKind,
    /// Its words, which are not reserved: for colours.
    pub words: Vec<Span>,
    /// The whole clause.
    pub span: Span,
}

/// The clauses of a lifecycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LifecycleClauseKind {
    /// `promote after 20 agreements and 0 disagreements`
    Promote(Vec<Tally>),
    /// `suspend after 2 disagreements`
    Suspend(Vec<Tally>),
    /// `archive after 90d unused`
    Archive(TextLit),
    /// Unreadable, reported.
    Error,
}

/// `20 agreements`, `90d unused`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Of what kind the amount is.
    pub kind: TallyKind,
    /// How many, or how long.
    pub amount: TextLit,
    /// Of what.
    pub what: Ident,
    /// From the amount to the word.
    pub span: Span,
}

/// What a [`Tally`] is an amount of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TallyKind {
    /// A whole number.
    Count,
    /// A duration.
    Time,
    /// Malformed, reported.
    Error,
}

/// A clause of an invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvariantClause {
    /// Which.
    pub kind: InvariantClauseKind,
    /// The whole clause.
    pub span: Span,
}

/// The clauses of an invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvariantClauseKind {
    /// `on …`
    On(OnClause),
    /// `when c`
    When(Expr),
    /// `unless c`
    Unless(Expr),
    /// `never allow`, `always require a`
    Verdict {
        /// Whether it is `always` (else `never`).
        always: bool,
        /// The outcome.
        outcome: OutcomeKind,
    },
    /// Unreadable, reported.
    Error,
}

/// A step of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestStep {
    /// Which.
    pub kind: TestStepKind,
    /// The whole step.
    pub span: Span,
}

/// The steps of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestStepKind {
    /// `as agent "bot-7" { roles: [support] }`
    AsAgent {
        /// The agent's id.
        id: StrLit,
        /// An [`ExprKind::Object`](super::ExprKind::Object).
        attrs: Option<Expr>,
    },
    /// `as user "u-1" {…}`
    AsUser {
        /// The user's id.
        id: StrLit,
        /// An [`ExprKind::Object`](super::ExprKind::Object).
        attrs: Option<Expr>,
    },
    /// `in prod`
    In(Ident),
    /// `at 2026-03-02T10:00:00+01:00`
    At(TextLit),
    /// `with context {…}`
    With {
        /// The word after `with`: `context labels approvals origins resolved live extern`, checked.
        what: Ident,
        /// An object or a list.
        value: Expr,
    },
    /// `call send_email {…}`
    Call {
        /// The tool.
        tool: Path,
        /// An [`ExprKind::Object`](super::ExprKind::Object), if written.
        args: Option<Expr>,
    },
    /// `fails`: the call before it is settled as failed.
    Fails,
    /// `expect …`
    Expect {
        /// The outcome.
        outcome: OutcomeKind,
        /// What follows it, in order.
        details: Vec<ExpectDetail>,
    },
    /// Unreadable, reported.
    Error,
}

/// What can follow the outcome of an `expect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectDetail {
    /// Which.
    pub kind: ExpectDetailKind,
    /// Where it is written.
    pub span: Span,
}

/// The forms of an [`ExpectDetail`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExpectDetailKind {
    /// `tier medium`
    Tier(Ident),
    /// `because mail_stays_inside, …`: among those that applied.
    Because(Vec<ClauseRef>),
    /// `marks untrusted`
    Marks(Vec<Ident>),
    /// `reason not_granted`
    Reason(Ident),
}

/// How a test names a clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClauseRef {
    /// By its name.
    Name(Path),
    /// By its own text, where it has no name.
    Text(StrLit),
}

impl Segment {
    /// The expression, if it is one.
    pub fn expr(&self) -> Option<&Expr> {
        match self {
            Segment::Text(_) => None,
            Segment::Expr(expr) => Some(expr),
        }
    }
}
