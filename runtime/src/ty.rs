//! The types of claw values, shared by the type checker, the request decoder and the builtin table.
//!
//! Knows nothing of syntax or of policies: enums, records and vocabularies are referred to by dense ids
//! into the bundle's tables.

use serde::{Deserialize, Serialize};

/// Index of an enum declaration in the bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EnumId(pub u32);

/// Index of a record declaration in the bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordId(pub u32);

/// A shell dialect, the parameter of the type `command`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ShellDialect {
    /// `command(bash)`
    Bash,
    /// `command(sh)`: POSIX
    Sh,
}

/// A SQL dialect, the parameter of the type `sql`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SqlDialect {
    /// `sql(postgres)`
    Postgres,
    /// `sql(mysql)`
    Mysql,
    /// `sql(sqlite)`
    Sqlite,
    /// `sql(ansi)`
    Ansi,
}

/// A closed vocabulary whose words occur in expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Vocab {
    /// A declared role; values are [`crate::Value::Str`] holding the role's name.
    Role,
    /// A declared session label.
    Label,
    /// A declared tier.
    Tier,
    /// A declared environment.
    Environment,
    /// A declared origin.
    Origin,
    /// A declared calendar window (`now in w`).
    Window,
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Type {
    Bool,
    Int,
    Decimal,
    Str,
    Duration,
    Time,
    Date,
    Bytes,
    Secret,
    Json,
    Email,
    Host,
    Url,
    Ip,
    /// An address range such as `10.0.0.0/8`; only constants have this type.
    IpNet,
    Path,
    RemotePath,
    Command(ShellDialect),
    Sql(SqlDialect),
    /// One simple command of a `command` (an element of `.calls`).
    Call,
    /// One agent of `agent.chain`; members `.id`, `.roles`, `.owner`.
    Agent,
    Enum(EnumId),
    Record(RecordId),
    List(Box<Type>),
    Set(Box<Type>),
    /// A word of a closed vocabulary.
    Word(Vocab),
    /// The type of an expression that was already reported; compatible with every type.
    Error,
}

/// A field of a record, of an attribute block or a tool's parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The name on the wire and in `args.name`.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Written `name?: T`: may be absent.
    pub optional: bool,
    /// Filled in where the request has none (`name: T = value`).
    pub default: Option<crate::Value>,
    /// Its documentation, empty if none.
    pub doc: String,
}
