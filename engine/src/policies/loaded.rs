//! One policy in force, with what is known of where it came from.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use claw_runtime::{Digest, Policy, Time};

use super::builder::Setup;
use super::{LoadFailure, Trust};
use crate::signing::KeyId;

/// A bundle as it came: kept, to be verified again.
pub(super) struct Content {
    pub(super) bytes: Box<[u8]>,
    pub(super) signature: Option<Box<str>>,
}

/// Bytes on their way to being in force.
pub(super) struct Candidate {
    pub(super) content: Arc<Content>,
    pub(super) source: String,
    pub(super) attempt: u64,
}

/// A policy in force. Keep it for as long as one request is decided; it never changes.
pub struct Loaded {
    /// What decides.
    pub policy: Policy,
    /// Which it is.
    pub version: Arc<Version>,
    pub(super) content: Arc<Content>,
}

/// Which policy, and how it came into force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Of the bundle's body, as decisions name it.
    pub digest: Digest,
    /// The root module's package.
    pub package: String,
    /// Whose signature was verified; `None` where none is demanded.
    pub signer: Option<KeyId>,
    /// What the signer said of it; `None` where no signature is demanded.
    pub trusted_comment: Option<String>,
    /// Where it came from: a file, `memory`, or what the host called it.
    pub source: String,
    /// When it came into force, if the clock could tell.
    pub at: Option<Time>,
    /// Ascends from version to version, with gaps.
    pub sequence: u64,
}

impl Loaded {
    /// All that is demanded of a bundle, in the order from cheap to dear, and bytes that nobody vouches for are not parsed.
    pub(super) fn accept(candidate: &Candidate, trust: &Trust, setup: &Setup) -> Result<Loaded, LoadFailure> {
        let Content { bytes, signature } = &*candidate.content;
        let verified = trust.signer(bytes, signature.as_deref())?;
        let policy = Policy::from_bytes(bytes).map_err(LoadFailure::Bundle)?;
        trust.content(&policy, verified.as_ref())?;
        let policy = prepare(policy, setup)?;
        let version = Version {
            digest: policy.digest(),
            package: policy.package().to_owned(),
            signer: verified.as_ref().map(|verified| verified.key_id),
            trusted_comment: verified.map(|verified| verified.trusted_comment),
            source: candidate.source.clone(),
            at: setup.clock.now(),
            sequence: candidate.attempt,
        };
        Ok(Loaded { policy, version: Arc::new(version), content: Arc::clone(&candidate.content) })
    }

    /// Whether it would be accepted by these demands.
    pub(super) fn check(&self, trust: &Trust) -> Result<(), LoadFailure> {
        let verified = trust.signer(&self.content.bytes, self.content.signature.as_deref())?;
        trust.content(&self.policy, verified.as_ref())
    }
}

fn prepare(policy: Policy, setup: &Setup) -> Result<Policy, LoadFailure> {
    let digest = policy.digest();
    let policy =
        policy.with_limits(setup.limits.clone()).with_enforced_constraints(setup.enforced.iter().map(String::as_str));
    let Some(hook) = &setup.prepare else { return Ok(policy) };
    let prepared = catch_unwind(AssertUnwindSafe(|| hook(policy)));
    let prepared = prepared.unwrap_or_else(|_| Err("the hook panicked".to_owned())).map_err(LoadFailure::Prepare)?;
    if prepared.digest() != digest {
        return Err(LoadFailure::Prepare("the hook returned another policy".to_owned()));
    }
    Ok(prepared)
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded").field("version", &self.version).finish_non_exhaustive()
    }
}
