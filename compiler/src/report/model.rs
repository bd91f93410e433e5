//! The report as plain data, in the order in which it is read.
//!
//! `clawc report --format json` prints it as it is: names of fields are part of the format. Every thing that another
//! one speaks of has an `id`; ids are unique in a report and fit for anchors.

use serde::Serialize;

/// What there is to know about a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    pub package: String,
    /// The root module's documentation.
    pub doc: String,
    /// The digest by which decisions name the bundle.
    pub bundle: String,
    pub modules: Vec<Module>,
    /// The policy in a few sentences.
    pub summary: Vec<String>,
    pub tiers: Vec<Word>,
    pub environments: Vec<Word>,
    pub roles: Vec<Role>,
    /// From the lowest tier to the highest; empty without tiers.
    pub matrix: Vec<MatrixRow>,
    pub classify: Vec<ClassifyArm>,
    pub access: Access,
    pub grants: Vec<Grant>,
    pub scopes: Vec<Scope>,
    pub tools: Vec<Tool>,
    pub approvals: Vec<Approval>,
    pub rules: Vec<Rule>,
    pub limits: Vec<Limit>,
    pub invariants: Vec<Invariant>,
    pub windows: Vec<Window>,
    pub constants: Vec<Constant>,
    /// Conditions that have a name.
    pub predicates: Vec<Declared>,
    pub types: Vec<Declared>,
    pub labels: Vec<Label>,
    pub tags: Vec<Tag>,
    pub origins: Vec<Word>,
    pub host: Host,
    pub index: Index,
    pub tests: Tests,
    pub warnings: Vec<Warning>,
}

/// A link to another part of the report.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Ref {
    pub id: String,
    pub name: String,
}

/// Source text without the indentation it stands in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Code {
    pub text: String,
    /// The names in it that the report explains, in the order of the text.
    pub refs: Vec<CodeRef>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CodeRef {
    /// Bytes of the text.
    pub start: usize,
    pub end: usize,
    pub id: String,
}

/// What every declaration has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Heading {
    pub id: String,
    pub name: String,
    pub module: String,
    pub doc: String,
    pub attributes: Vec<Attribute>,
    pub file: String,
    /// From 1: where the name stands.
    pub line: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attribute {
    pub name: String,
    pub args: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Module {
    pub id: String,
    pub name: String,
    pub file: String,
    /// Of the file's text.
    pub digest: String,
    pub doc: String,
    /// It ships with the compiler.
    pub standard: bool,
    /// Whether its grants count.
    pub may_grant: bool,
}

/// A word of a vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Word {
    pub id: String,
    pub name: String,
    pub doc: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Role {
    #[serde(flatten)]
    pub word: Word,
    pub includes: Vec<Ref>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Label {
    #[serde(flatten)]
    pub word: Word,
    /// The rules that put it on a session.
    pub marked_by: Vec<Ref>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tag {
    #[serde(flatten)]
    pub word: Word,
    pub tools: Vec<Ref>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MatrixRow {
    pub tier: Ref,
    /// One for each environment, in their order.
    pub cells: Vec<MatrixCell>,
}

/// What the matrices of all modules say together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MatrixCell {
    pub id: String,
    pub environment: String,
    pub outcome: Outcome,
    /// Sorted by name; empty unless `outcome` is `require`.
    pub approvals: Vec<Ref>,
    /// The clauses behind it, as decisions name them.
    pub clauses: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Allow,
    Require,
    Deny,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClassifyArm {
    #[serde(flatten)]
    pub heading: Heading,
    pub tier: Ref,
    pub target: Target,
    /// Whether it depends on more than the tool.
    pub conditional: bool,
    pub code: Code,
}

/// What a clause is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    pub tools: Vec<Ref>,
    /// `any`: every tool the module may speak of.
    pub any: bool,
    /// Absent: all of them.
    pub environments: Option<Vec<String>>,
}

/// Who may do what, by the grants alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Access {
    /// Environments in which the same holds stand together; one group without a name if there are none.
    pub groups: Vec<AccessGroup>,
    /// Tools that no grant reaches.
    pub unreached: Vec<Ref>,
    /// Roles that no grant names, nor a role that includes them.
    pub idle_roles: Vec<Ref>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccessGroup {
    pub environments: Vec<String>,
    /// The columns.
    pub holders: Vec<Holder>,
    pub rows: Vec<AccessRow>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// Absent: any agent, whatever its roles.
    pub role: Option<Ref>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccessRow {
    pub tool: Ref,
    /// One for each holder.
    pub cells: Vec<AccessCell>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccessCell {
    pub holds: Holds,
    pub ways: Vec<Way>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Holds {
    Never,
    /// In some calls, or for some users.
    Conditions,
    Always,
}

/// One way in which a role comes to a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Way {
    pub grant: Ref,
    /// From the scope that the grant names to the innermost.
    pub scopes: Vec<Ref>,
    /// All must hold.
    pub conditions: Vec<Code>,
    /// The acting user must hold one of these; empty: whoever it is.
    pub users: Vec<Ref>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grant {
    #[serde(flatten)]
    pub heading: Heading,
    pub status: &'static str,
    pub target: Target,
    /// Empty: any agent.
    pub to: Vec<Ref>,
    pub users: Vec<Ref>,
    pub code: Code,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scope {
    #[serde(flatten)]
    pub heading: Heading,
    pub code: Code,
    pub tools: Vec<Ref>,
    /// The grants that name it.
    pub grants: Vec<Ref>,
    /// The roles to whom they grant it; an agent that has none may hold it too if `to_any`.
    pub roles: Vec<Ref>,
    pub to_any: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tool {
    #[serde(flatten)]
    pub heading: Heading,
    /// `tool`, `resource` or `prompt`.
    pub kind: &'static str,
    pub code: Code,
    /// The name that agents call it by, where it is another one.
    pub wire: Option<String>,
    pub server: Option<String>,
    pub tags: Vec<Ref>,
    /// The digest of its definition.
    pub pinned: Option<String>,
    pub tiers: Vec<ToolTier>,
    pub classify: Vec<Ref>,
    pub grants: Vec<Ref>,
    pub rules: Vec<Ref>,
    pub limits: Vec<Ref>,
    pub invariants: Vec<Ref>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ToolTier {
    pub tier: Ref,
    /// Not only under a condition.
    pub always: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approval {
    #[serde(flatten)]
    pub heading: Heading,
    pub quorums: Vec<Quorum>,
    pub by_user: bool,
    pub expires: String,
    /// How long it serves the same call again.
    pub reuse: Option<String>,
    pub note_required: bool,
    pub code: Code,
    /// Cells of the matrix, rules and limits that ask for it.
    pub asked_by: Vec<Ref>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quorum {
    pub people: u32,
    /// Of any of these.
    pub roles: Vec<Ref>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    #[serde(flatten)]
    pub heading: Heading,
    /// As decisions name it.
    pub clause: String,
    pub status: &'static str,
    pub target: Target,
    pub effects: Vec<Effect>,
    pub suggest: Option<String>,
    pub code: Code,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effect {
    pub kind: EffectKind,
    /// A denial's message or a constraint's value, as written.
    pub text: Option<String>,
    /// The approvals, the constraint or the label.
    pub refs: Vec<Ref>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EffectKind {
    Deny,
    Require,
    Constrain,
    Mark,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Limit {
    #[serde(flatten)]
    pub heading: Heading,
    /// As decisions name it.
    pub clause: String,
    pub status: &'static str,
    pub target: Target,
    pub max: String,
    pub per: String,
    /// What is summed in each of its arms; none if calls are counted.
    pub sums: Vec<Code>,
    /// `agent`, `user`, `tenant`, `session`, `tool`; empty: all together.
    pub each: Vec<&'static str>,
    /// Empty: a call beyond it is denied.
    pub approvals: Vec<Ref>,
    pub message: Option<String>,
    pub code: Code,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invariant {
    #[serde(flatten)]
    pub heading: Heading,
    pub target: Target,
    /// What never or always happens, in words.
    pub claim: String,
    pub verdict: Verdict,
    pub code: Code,
}

/// What became of an invariant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub proof: Proof,
    /// The same in words.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Proof {
    /// It holds for every request.
    Proved,
    /// It is about no request at all.
    Vacuous,
    /// No request was found that breaks it; that there is none could not be proved.
    Open,
    /// A request breaks it.
    Refuted,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Window {
    #[serde(flatten)]
    pub heading: Heading,
    pub days: Vec<&'static str>,
    /// Empty: all day.
    pub hours: Vec<String>,
    pub zone: String,
    pub except: Vec<String>,
    pub code: Code,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Constant {
    #[serde(flatten)]
    pub heading: Heading,
    #[serde(rename = "type")]
    pub ty: String,
    /// The value, or the elements of a list or set, as JSON text.
    pub values: Vec<String>,
    /// Whether it has elements.
    pub collection: bool,
    pub code: Code,
}

/// A declaration that is its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Declared {
    #[serde(flatten)]
    pub heading: Heading,
    pub code: Code,
}

/// What whoever runs the policy has to supply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Host {
    pub attributes: Vec<HostAttribute>,
    pub live: Vec<Declared>,
    pub externs: Vec<Extern>,
    /// What it has to enforce on calls that it runs.
    pub constraints: Vec<Constraint>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HostAttribute {
    pub id: String,
    /// `agent`, `user` or `context`.
    pub of: &'static str,
    pub name: String,
    #[serde(rename = "type")]
    pub ty: String,
    pub optional: bool,
    pub doc: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Extern {
    #[serde(flatten)]
    pub heading: Heading,
    /// After this long the answer counts as unknown.
    pub timeout: String,
    pub code: Code,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Constraint {
    #[serde(flatten)]
    pub heading: Heading,
    #[serde(rename = "type")]
    pub ty: String,
    /// How two values become one: `min`, `max`, `intersect` or `union`.
    pub merge: &'static str,
    /// The rules that set it.
    pub set_by: Vec<Ref>,
}

/// Who answers for what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Index {
    pub controls: Vec<IndexEntry>,
    pub owners: Vec<IndexEntry>,
    pub see: Vec<IndexEntry>,
    /// Warnings that the author silenced, with the reason.
    pub silenced: Vec<Silenced>,
    /// Clauses of the policy's own modules without an owner, by kind.
    pub unowned: Vec<IndexEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IndexEntry {
    pub id: String,
    pub text: String,
    pub items: Vec<Ref>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Silenced {
    pub code: String,
    pub reason: String,
    pub item: Ref,
}

/// The policy's own tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tests {
    pub cases: Vec<TestCase>,
    /// Only with `--coverage`.
    pub coverage: Option<Coverage>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestCase {
    #[serde(flatten)]
    pub heading: Heading,
    pub code: Code,
    /// Absent where the tests were not run.
    pub result: Option<TestResult>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestResult {
    pub passed: bool,
    pub calls: usize,
    /// What went otherwise than expected, a line each.
    pub failures: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    pub clauses: usize,
    pub clauses_hit: usize,
    /// Answers of conditions: true, false, unknown.
    pub sides: usize,
    pub sides_seen: usize,
    /// Clauses that applied in no test.
    pub missed: Vec<Ref>,
    /// Conditions of which some answer came up in no test.
    pub open: Vec<OpenCondition>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenCondition {
    pub owner: Ref,
    /// `when`, `unless` or `where`.
    pub word: &'static str,
    pub code: Code,
    pub missing: Vec<&'static str>,
    pub file: String,
    pub line: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    pub code: &'static str,
    pub message: String,
    pub help: Option<String>,
    pub notes: Vec<String>,
    pub file: String,
    pub line: u32,
}
