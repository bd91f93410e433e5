//! Why a bundle is not put in force.

use std::fmt;

use claw_runtime::{Digest, LoadError};

use crate::signing::SignatureError;

/// Why a bundle is not put in force. What was in force stays.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadFailure {
    /// A file can't be read.
    File {
        /// Which.
        path: String,
        /// What the operating system says.
        message: String,
    },
    /// More bytes than are accepted.
    TooLarge {
        /// How many are.
        most: usize,
    },
    /// Signatures are demanded, and there is none.
    Unsigned,
    /// The signature does not vouch for the bytes.
    Signature(SignatureError),
    /// The bytes are no bundle of this format, or a damaged one.
    Bundle(LoadError),
    /// The signature's trusted comment says that something else was signed.
    Comment {
        /// What it says.
        found: String,
        /// What it should say.
        expected: String,
    },
    /// A module that is demanded is not part of the bundle, or is another version of it.
    Module {
        /// The module's package.
        package: String,
        /// The source that is demanded.
        wanted: Digest,
        /// The one that is there.
        found: Option<Digest>,
    },
    /// The host could make no bundle of the policy's sources; the text is the host's.
    Source(String),
    /// The host's hook refused it; the text is the hook's.
    Prepare(String),
    /// One policy is shared by all tenants, so none can have its own.
    Shared,
    /// A tenant's name is empty or longer than 256 bytes.
    TenantName,
    /// There are as many tenants as there may be.
    TooManyTenants {
        /// How many.
        most: usize,
    },
    /// There is no such earlier policy, or no longer.
    NotKept,
    /// Another change that began later came first.
    Superseded,
}

impl LoadFailure {
    /// One word for programs and for the audit.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            LoadFailure::File { .. } => "unreadable",
            LoadFailure::TooLarge { .. } => "too_large",
            LoadFailure::Unsigned => "unsigned",
            LoadFailure::Signature(error) => error.kind(),
            LoadFailure::Bundle(_) => "bad_bundle",
            LoadFailure::Comment { .. } => "signed_as_another",
            LoadFailure::Module { .. } => "missing_module",
            LoadFailure::Source(_) => "not_compiled",
            LoadFailure::Prepare(_) => "not_prepared",
            LoadFailure::Shared => "shared",
            LoadFailure::TenantName => "bad_tenant",
            LoadFailure::TooManyTenants { .. } => "too_many_tenants",
            LoadFailure::NotKept => "not_kept",
            LoadFailure::Superseded => "superseded",
        }
    }

    /// Whether files may look so while somebody is still writing them.
    pub(super) fn may_be_halfway(&self) -> bool {
        matches!(
            self,
            LoadFailure::File { .. }
                | LoadFailure::Unsigned
                | LoadFailure::Signature(_)
                | LoadFailure::Bundle(_)
                | LoadFailure::Comment { .. }
        )
    }
}

impl fmt::Display for LoadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadFailure::File { path, message } => write!(f, "cannot read `{path}`: {message}"),
            LoadFailure::TooLarge { most } => write!(f, "the bundle is larger than {most} bytes"),
            LoadFailure::Unsigned => f.write_str("the bundle is not signed"),
            LoadFailure::Signature(error) => fmt::Display::fmt(error, f),
            LoadFailure::Bundle(error) => fmt::Display::fmt(error, f),
            LoadFailure::Comment { found, expected } => {
                write!(f, "the signature is one of `{found}`, the bundle is `{expected}`")
            }
            LoadFailure::Module { package, wanted, found: None } => {
                write!(f, "the module `{package}` ({wanted}) is not part of the bundle")
            }
            LoadFailure::Module { package, wanted, found: Some(found) } => {
                write!(f, "the module `{package}` in the bundle is {found}, {wanted} is demanded")
            }
            LoadFailure::Source(message) => f.write_str(message),
            LoadFailure::Prepare(message) => write!(f, "the host does not accept the policy: {message}"),
            LoadFailure::Shared => f.write_str("one policy is shared by all tenants"),
            LoadFailure::TenantName => f.write_str("the tenant's name is empty or longer than 256 bytes"),
            LoadFailure::TooManyTenants { most } => write!(f, "there are {most} tenants with policies already"),
            LoadFailure::NotKept => f.write_str("there is no such earlier policy to go back to"),
            LoadFailure::Superseded => f.write_str("another change that began later came first"),
        }
    }
}

impl std::error::Error for LoadFailure {}
