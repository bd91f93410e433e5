//! Declarations from what an MCP server says of itself.
//!
//! Reads the answer to `tools/list` (or a manifest with resources and prompts beside), and writes one declaration for
//! each; or merges them into a policy that has most of them already. Works on text and values that it is given; knows no
//! files and no protocol beyond the shape of those answers.
//!
//! A server's annotations (`readOnlyHint` and its like) are its own claims and are never turned into tags. What of a
//! schema can't be said exactly in claw is said in a comment, and the type is one that every value of the schema fits.

mod edit;
mod literal;
mod manifest;
mod merge;
mod relate;
mod report;
mod schema;
mod slots;
pub(crate) mod text;
mod write;

use claw_runtime::{Digest, Json, Limits};
use claw_syntax::ast::ToolKind;

pub use merge::{Merged, merge};
pub use report::{Entry, Report, Status};

/// What the author asks for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `on server "…"` for every declaration.
    pub server: Option<String>,
    /// Adds `pinned "sha256:…"`, the digest of each definition in canonical JSON.
    pub pin: bool,
}

/// Why nothing was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportError(pub String);

impl std::fmt::Display for ImportError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ImportError {}

/// What a manifest declares, ready to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declarations {
    /// The server that all of them are on.
    pub server: Option<String>,
    /// The kinds that the manifest lists completely: what it lacks of these is gone.
    pub complete: Vec<ToolKind>,
    pub items: Vec<Declaration>,
    /// What the author should know of the manifest as a whole.
    pub warnings: Vec<String>,
}

/// One tool, resource or prompt with the types that its parameters need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    pub kind: ToolKind,
    /// The name in policies, dotted perhaps, without backticks.
    pub name: String,
    /// The name on the wire.
    pub wire: String,
    pub server: Option<String>,
    /// Line by line.
    pub doc: Vec<String>,
    pub params: Vec<Param>,
    /// Records and enums, written before it; [`Ty::Own`] points here.
    pub types: Vec<OwnType>,
    /// The digest of the definition in canonical JSON.
    pub digest: Digest,
    /// Whether the digest is written.
    pub pin: bool,
    /// What could not be carried over.
    pub notes: Vec<String>,
}

/// A parameter, or a field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Without backticks.
    pub name: String,
    pub ty: Ty,
    pub presence: Presence,
    pub doc: Vec<String>,
    /// What could not be carried over.
    pub notes: Vec<String>,
}

/// Whether a parameter must be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presence {
    Required,
    Optional,
    /// The literal that stands for it, as it is written. Fields of records have none.
    Default(String),
}

/// The type of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ty {
    /// A type of the language, such as `string`.
    Word(&'static str),
    List(Box<Ty>),
    /// Index into [`Declaration::types`].
    Own(usize),
}

/// A record or an enum that a declaration brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnType {
    pub name: String,
    pub shape: Shape,
}

/// What such a type holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The values, none of them empty.
    Enum(Vec<String>),
    Record(Vec<Param>),
}

/// Parses and reads a manifest.
///
/// # Errors
/// Where the text is no JSON, the value no manifest, or nothing is listed.
pub fn read_text(manifest: &[u8], options: &Options) -> Result<Declarations, ImportError> {
    read(&parse(manifest)?, options)
}

/// The digest of one definition as a server states it: what `pinned "…"` names, and a gateway says of a call.
///
/// # Errors
/// Where the text is no JSON, or nests too deep.
pub fn definition_digest(definition: &[u8]) -> Result<Digest, ImportError> {
    parse(definition).map(|json| digest_of(&json))
}

fn digest_of(definition: &Json) -> Digest {
    Digest::of_json(definition)
}

fn parse(text: &[u8]) -> Result<Json, ImportError> {
    // Schemas may be large; how deep they nest stays limited.
    let most = usize::MAX;
    let limits = Limits { bytes: most, nodes: most, elements: most, string: most, depth: 120, ..Limits::default() };
    Json::parse(text, &limits).map_err(|e| ImportError(format!("this is not JSON: {e}")))
}

/// Reads a manifest.
///
/// # Errors
/// Where the value is no manifest, or nothing is listed.
pub fn read(manifest: &Json, options: &Options) -> Result<Declarations, ImportError> {
    manifest::read(manifest, options)
}

/// The declarations as a source text, in canonical layout.
pub fn source(declarations: &Declarations) -> String {
    write::source(&declarations.items)
}
