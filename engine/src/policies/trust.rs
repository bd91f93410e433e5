//! What is demanded of a bundle before it is put in force.

use claw_runtime::{Digest, Policy};

use super::LoadFailure;
use crate::signing::{PublicKey, Verified, verify};

/// Begins the trusted comments of what claw signs; other comments are the signer's own affair.
const OURS: &str = "claw ";

/// Which bundles are accepted.
#[derive(Clone, Debug)]
pub struct Trust {
    signers: Signers,
    modules: Vec<(String, Digest)>,
}

#[derive(Clone, Debug)]
enum Signers {
    Anyone,
    /// An empty list accepts nothing: a key file that turned out to be empty must not switch the demand off.
    Keys(Vec<PublicKey>),
}

impl Trust {
    /// Accepts bundles whoever made them; signatures are not looked at. For tests, and where nobody else can write the file.
    #[must_use]
    pub fn anyone() -> Trust {
        Trust { signers: Signers::Anyone, modules: Vec::new() }
    }

    /// Accepts bundles that one of these keys signed. Without any key, accepts none.
    #[must_use]
    pub fn signed_by(keys: impl IntoIterator<Item = PublicKey>) -> Trust {
        Trust { signers: Signers::Keys(keys.into_iter().collect()), modules: Vec::new() }
    }

    /// Demands also that a module with exactly this source is part of the bundle: the company's rules. `clawc inspect`
    /// shows the digest. Only as good as the signer: whoever could make a bundle without the compiler could write any
    /// digest into it.
    #[must_use]
    pub fn with_module(mut self, package: impl Into<String>, source: Digest) -> Trust {
        self.modules.push((package.into(), source));
        self
    }

    /// Whether bundles must be signed.
    #[must_use]
    pub fn demands_signatures(&self) -> bool {
        matches!(self.signers, Signers::Keys(_))
    }

    /// Looks at the signature; the bytes are not parsed for it. `None` where none is demanded.
    pub(super) fn signer(&self, bytes: &[u8], signature: Option<&str>) -> Result<Option<Verified>, LoadFailure> {
        match &self.signers {
            Signers::Anyone => Ok(None),
            Signers::Keys(keys) => {
                let signature = signature.ok_or(LoadFailure::Unsigned)?;
                verify(bytes, signature, keys).map(Some).map_err(LoadFailure::Signature)
            }
        }
    }

    /// Looks at what the bundle says of itself.
    pub(super) fn content(&self, policy: &Policy, verified: Option<&Verified>) -> Result<(), LoadFailure> {
        if let Some(verified) = verified {
            check_comment(&verified.trusted_comment, policy)?;
        }
        for (package, wanted) in &self.modules {
            let mut same_name = policy.modules().iter().filter(|module| module.name == *package).peekable();
            let found = same_name.peek().map(|module| module.digest);
            if !same_name.any(|module| module.digest == *wanted) {
                return Err(LoadFailure::Module { package: package.clone(), wanted: *wanted, found });
            }
        }
        Ok(())
    }
}

/// The trusted comment that `clawc build --sign` writes: `claw bundle`, the package, the digest.
#[must_use]
pub fn bundle_comment(policy: &Policy) -> String {
    format!("{OURS}bundle {} {}", policy.package(), policy.digest())
}

/// Whether a trusted comment fits the bundle. One that claw wrote must name exactly this bundle; so what else claw signs
/// with the same key, such as the checkpoints of an audit log, never passes for one.
///
/// # Errors
/// [`LoadFailure::Comment`]
pub fn check_comment(comment: &str, policy: &Policy) -> Result<(), LoadFailure> {
    let expected = bundle_comment(policy);
    if comment.starts_with(OURS) && comment != expected {
        return Err(LoadFailure::Comment { found: comment.to_owned(), expected });
    }
    Ok(())
}
