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
    /// A `command` of any dialect: the parameter of a predicate, an element of `commands(args)`. No value is decoded as it.
    AnyCommand,
    /// An `sql` of any dialect: the parameter of a predicate. No value is decoded as it.
    AnySql,
    /// One simple command of a `command` (an element of `.calls`).
    Call,
    /// One agent of `agent.chain`; members `.id`, `.roles`, `.owner`.
    Agent,
    Enum(EnumId),
    Record(RecordId),
    List(#[serde(deserialize_with = "crate::nest::bounded")] Box<Type>),
    Set(#[serde(deserialize_with = "crate::nest::bounded")] Box<Type>),
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

/// An enum declaration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnumDef {
    /// Its name.
    pub name: String,
    /// Its variants, in declaration order.
    pub variants: Vec<String>,
}

/// A record declaration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordDef {
    /// Its name.
    pub name: String,
    /// Its fields, in declaration order.
    pub fields: Vec<Field>,
}

/// The declarations that types refer to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// Indexed by [`EnumId`].
    pub enums: Vec<EnumDef>,
    /// Indexed by [`RecordId`].
    pub records: Vec<RecordDef>,
}

impl Schema {
    /// The declaration of an enum.
    #[must_use]
    pub fn enumeration(&self, id: EnumId) -> Option<&EnumDef> {
        self.enums.get(id.0 as usize)
    }

    /// The declaration of a record.
    #[must_use]
    pub fn record(&self, id: RecordId) -> Option<&RecordDef> {
        self.records.get(id.0 as usize)
    }
}

impl Type {
    /// A list of such elements.
    #[must_use]
    pub fn list(element: Type) -> Type {
        Type::List(Box::new(element))
    }

    /// A set of such elements.
    #[must_use]
    pub fn set(element: Type) -> Type {
        Type::Set(Box::new(element))
    }

    /// The type of a list's or set's elements.
    #[must_use]
    pub fn element(&self) -> Option<&Type> {
        match self {
            Type::List(element) | Type::Set(element) => Some(element),
            _ => None,
        }
    }

    /// Text that is written as a string and canonicalised by the type: e-mail addresses, URLs, paths, …
    #[must_use]
    pub fn is_domain(&self) -> bool {
        matches!(
            self,
            Type::Email
                | Type::Host
                | Type::Url
                | Type::Ip
                | Type::IpNet
                | Type::Path
                | Type::RemotePath
                | Type::Command(_)
                | Type::Sql(_)
        )
    }

    /// Commands of one dialect stand where those of another are asked about, and so do statements: their members are the same.
    #[must_use]
    pub fn is_kin(&self, other: &Type) -> bool {
        matches!(
            (self, other),
            (Type::Command(_) | Type::AnyCommand, Type::Command(_) | Type::AnyCommand)
                | (Type::Sql(_) | Type::AnySql, Type::Sql(_) | Type::AnySql)
        )
    }

    /// The type as it is written in a policy.
    #[must_use]
    pub fn display(&self, schema: &Schema) -> String {
        let name = |text: Option<&String>| text.cloned().unwrap_or_else(|| "?".to_owned());
        match self {
            Type::List(element) => format!("list<{}>", element.display(schema)),
            Type::Set(element) => format!("set<{}>", element.display(schema)),
            Type::Enum(id) => name(schema.enumeration(*id).map(|e| &e.name)),
            Type::Record(id) => name(schema.record(*id).map(|r| &r.name)),
            other => other.word().to_owned(),
        }
    }

    /// The word for a type that needs no declaration to name it.
    fn word(&self) -> &'static str {
        match self {
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Decimal => "decimal",
            Type::Str => "string",
            Type::Duration => "duration",
            Type::Time => "time",
            Type::Date => "date",
            Type::Bytes => "bytes",
            Type::Secret => "secret",
            Type::Json => "json",
            Type::Email => "email",
            Type::Host => "host",
            Type::Url => "url",
            Type::Ip => "ip",
            Type::IpNet => "address range",
            Type::Path => "path",
            Type::RemotePath => "remote_path",
            Type::Command(ShellDialect::Bash) => "command(bash)",
            Type::Command(ShellDialect::Sh) => "command(sh)",
            Type::Sql(SqlDialect::Postgres) => "sql(postgres)",
            Type::Sql(SqlDialect::Mysql) => "sql(mysql)",
            Type::Sql(SqlDialect::Sqlite) => "sql(sqlite)",
            Type::Sql(SqlDialect::Ansi) => "sql(ansi)",
            Type::AnyCommand => "command",
            Type::AnySql => "sql",
            Type::Call => "call",
            Type::Agent => "agent",
            Type::Enum(_) => "enum",
            Type::Record(_) => "record",
            Type::List(_) => "list",
            Type::Set(_) => "set",
            Type::Word(Vocab::Role) => "role",
            Type::Word(Vocab::Label) => "label",
            Type::Word(Vocab::Tier) => "tier",
            Type::Word(Vocab::Environment) => "environment",
            Type::Word(Vocab::Origin) => "origin",
            Type::Word(Vocab::Window) => "window",
            Type::Error => "?",
        }
    }
}
