//! Public keys: who may have signed.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::VerifyingKey;

use super::envelope::{self, UNTRUSTED};
use super::{KeyError, KeyId, PLAIN};

/// The key that signatures are verified with. Its text form is a minisign public key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    id: KeyId,
    key: VerifyingKey,
}

impl PublicKey {
    /// From the one line of base64 that minisign prints (`RW…`).
    ///
    /// # Errors
    /// [`KeyError::Malformed`] where it is not one, and for the few points of the curve that vouch for anything.
    pub fn from_base64(text: &str) -> Result<PublicKey, KeyError> {
        const SHAPE: KeyError = KeyError::Malformed("this is not a minisign public key");
        let bytes = envelope::decode::<42>(text.trim()).ok_or(SHAPE)?;
        let mut rest = &bytes[..];
        let parts = (envelope::take::<2>(&mut rest), envelope::take::<8>(&mut rest), envelope::take::<32>(&mut rest));
        let (Some(PLAIN), Some(id), Some(key)) = parts else { return Err(SHAPE) };
        let key = VerifyingKey::from_bytes(&key).map_err(|_| SHAPE)?;
        if key.is_weak() {
            return Err(KeyError::Malformed("this public key vouches for any content"));
        }
        Ok(PublicKey { id: KeyId(id), key })
    }

    /// From a key file: a comment line and the line of base64; the latter alone is accepted too.
    ///
    /// # Errors
    /// As [`PublicKey::from_base64`].
    pub fn from_file_text(text: &str) -> Result<PublicKey, KeyError> {
        match envelope::lines(text).as_deref() {
            Some([comment, key]) if comment.starts_with(UNTRUSTED.trim_end()) => PublicKey::from_base64(key),
            Some([key]) => PublicKey::from_base64(key),
            _ => Err(KeyError::Malformed("a public key file has a comment line and a line of base64")),
        }
    }

    /// The public half of a secret key.
    pub(super) fn of(id: KeyId, key: VerifyingKey) -> PublicKey {
        PublicKey { id, key }
    }

    /// Which pair it belongs to.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The line of base64 that [`PublicKey::from_base64`] reads.
    #[must_use]
    pub fn to_base64(&self) -> String {
        let mut bytes = Vec::with_capacity(42);
        bytes.extend(PLAIN);
        bytes.extend(self.id.0);
        bytes.extend(self.key.as_bytes());
        envelope::encode(&bytes).to_string()
    }

    /// The key file.
    #[must_use]
    pub fn to_file_text(&self) -> String {
        format!("{UNTRUSTED}minisign public key {}\n{}\n", self.id, self.to_base64())
    }

    /// Whether this key signed exactly these bytes (RFC 8032, with libsodium's stricter rules: no small-order points, no
    /// second form of a scalar).
    pub(super) fn signed(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        self.key.verify_strict(bytes, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.to_base64())
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<PublicKey, KeyError> {
        PublicKey::from_file_text(text)
    }
}
