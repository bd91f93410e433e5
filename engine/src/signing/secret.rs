//! Secret keys: making them, keeping them in a file, signing.

use std::fmt;

use blake2::{Blake2b256, Blake2b512, Digest as _};
use ed25519_dalek::{Signer, SigningKey};
use zeroize::Zeroizing;

use super::envelope::{self, UNTRUSTED};
use super::protection::{self, Cost, SEALED};
use super::{KeyError, KeyId, PLAIN, PREHASHED, PublicKey};

/// How minisign marks a key that scrypt protects, and one that nothing does.
const SCRYPT: [u8; 2] = *b"Sc";
const UNPROTECTED: [u8; 2] = [0, 0];
/// The checksum's algorithm, BLAKE2b.
const BLAKE: [u8; 2] = *b"B2";
/// The algorithm's names, the salt, scrypt's two bounds.
const HEADER: usize = 2 + 2 + 2 + 32 + 8 + 8;
/// The longest trusted comment that is signed, in bytes.
const MAX_COMMENT: usize = 1024;

/// The key that signs. Cleared from memory when dropped; never printed.
pub struct SecretKey {
    id: KeyId,
    key: SigningKey,
}

impl SecretKey {
    /// A new key from the operating system's random bytes.
    ///
    /// # Errors
    /// [`KeyError::Random`] where there are none.
    pub fn generate() -> Result<SecretKey, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        let mut id = [0; 8];
        getrandom::fill(&mut seed[..]).map_err(|_| KeyError::Random)?;
        getrandom::fill(&mut id).map_err(|_| KeyError::Random)?;
        Ok(SecretKey { id: KeyId(id), key: SigningKey::from_bytes(&seed) })
    }

    /// From the text of a minisign secret key file. A password is needed, and used, only where the key is encrypted;
    /// that takes the memory and time which the file states, up to 1 GiB.
    ///
    /// # Errors
    /// [`KeyError`]: not a key, no or a wrong password, too expensive to open.
    pub fn from_text(text: &str, password: Option<&str>) -> Result<SecretKey, KeyError> {
        const SHAPE: KeyError = KeyError::Malformed("this is not a minisign secret key file");
        let lines = envelope::lines(text).ok_or(SHAPE)?;
        let [comment, line] = lines.as_slice() else { return Err(SHAPE) };
        if !comment.starts_with(UNTRUSTED.trim_end()) {
            return Err(SHAPE);
        }
        let bytes = envelope::decode::<{ HEADER + SEALED }>(line).ok_or(SHAPE)?;
        let mut rest = &bytes[..];
        let mut two = || envelope::take::<2>(&mut rest).ok_or(SHAPE);
        let (algorithm, protection, checksum) = (two()?, two()?, two()?);
        let salt = envelope::take::<32>(&mut rest).ok_or(SHAPE)?;
        let mut number = || envelope::take::<8>(&mut rest).map(u64::from_le_bytes).ok_or(SHAPE);
        let cost = Cost { operations: number()?, memory: number()? };
        let mut sealed = Zeroizing::new(envelope::take::<SEALED>(&mut rest).ok_or(SHAPE)?);
        if (algorithm, checksum) != (PLAIN, BLAKE) {
            return Err(SHAPE);
        }
        let encrypted = match protection {
            SCRYPT => true,
            UNPROTECTED => false,
            _ => return Err(KeyError::Malformed("the key is protected in a way that is not known here")),
        };
        if encrypted {
            protection::toggle(&mut sealed, password.ok_or(KeyError::NeedsPassword)?, &salt, cost)?;
        }
        SecretKey::unseal(&sealed, encrypted)
    }

    /// Reads what protection hides, and checks that its parts belong together.
    fn unseal(sealed: &[u8; SEALED], encrypted: bool) -> Result<SecretKey, KeyError> {
        let damaged =
            if encrypted { KeyError::WrongPassword } else { KeyError::Malformed("the secret key is damaged") };
        let mut rest = &sealed[..];
        let (Some(id), Some(pair), Some(stated)) = (
            envelope::take::<8>(&mut rest),
            envelope::take::<64>(&mut rest).map(Zeroizing::new),
            envelope::take::<32>(&mut rest),
        ) else {
            return Err(damaged);
        };
        // minisign writes no checksum where there is no password.
        let unchecked = !encrypted && stated == [0; 32];
        if !unchecked && stated != checksum(id, &pair) {
            return Err(damaged);
        }
        let key = SigningKey::from_keypair_bytes(&pair).map_err(|_| damaged)?;
        Ok(SecretKey { id: KeyId(id), key })
    }

    /// The secret key file; with a password, it is encrypted with it.
    ///
    /// # Errors
    /// [`KeyError::Random`] where there is no salt to be had.
    pub fn to_text(&self, password: Option<(&str, Cost)>) -> Result<Zeroizing<String>, KeyError> {
        let pair = Zeroizing::new(self.key.to_keypair_bytes());
        let sum = if password.is_some() { checksum(self.id.0, &pair) } else { [0; 32] };
        let mut sealed = Zeroizing::new([0; SEALED]);
        let parts = self.id.0.iter().chain(pair.iter()).chain(&sum);
        sealed.iter_mut().zip(parts).for_each(|(place, byte)| *place = *byte);
        let mut salt = [0; 32];
        let mut cost = Cost { operations: 0, memory: 0 };
        if let Some((password, chosen)) = password {
            cost = chosen;
            getrandom::fill(&mut salt).map_err(|_| KeyError::Random)?;
            protection::toggle(&mut sealed, password, &salt, cost)?;
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(HEADER + SEALED));
        bytes.extend(PLAIN);
        bytes.extend(if password.is_some() { SCRYPT } else { UNPROTECTED });
        bytes.extend(BLAKE);
        bytes.extend(salt);
        bytes.extend(cost.operations.to_le_bytes());
        bytes.extend(cost.memory.to_le_bytes());
        bytes.extend(sealed.iter());
        let line = envelope::encode(&bytes);
        let kind = if password.is_some() { "encrypted" } else { "unencrypted" };
        Ok(Zeroizing::new(format!("{UNTRUSTED}minisign {kind} secret key {}\n{}\n", self.id, *line)))
    }

    /// Which pair it belongs to.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The other half, for those who verify.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        // A key that is made from a seed is never one of the weak points.
        PublicKey::of(self.id, self.key.verifying_key())
    }

    /// Signs the content and the comment: the text of a signature file, `x.minisig`. The comment is one line that whoever
    /// verifies the signature may rely on. The same key, content and comment give the same text.
    ///
    /// # Errors
    /// [`KeyError::Comment`] where the comment has more than 1024 bytes or control characters other than tabs.
    pub fn sign(&self, content: &[u8], trusted_comment: &str) -> Result<String, KeyError> {
        if !envelope::is_comment(trusted_comment, MAX_COMMENT) {
            return Err(KeyError::Comment);
        }
        let signature = self.key.sign(&Blake2b512::digest(content)).to_bytes();
        let mut line = Vec::with_capacity(74);
        line.extend(PREHASHED);
        line.extend(self.id.0);
        line.extend(signature);
        let mut covered = signature.to_vec();
        covered.extend(trusted_comment.as_bytes());
        let global = self.key.sign(&covered).to_bytes();
        Ok(format!(
            "{UNTRUSTED}signature from the key {}\n{}\ntrusted comment: {trusted_comment}\n{}\n",
            self.id,
            *envelope::encode(&line),
            *envelope::encode(&global)
        ))
    }
}

/// Of the algorithm, the id and the key pair.
fn checksum(id: [u8; 8], pair: &[u8; 64]) -> [u8; 32] {
    Blake2b256::new().chain_update(PLAIN).chain_update(id).chain_update(pair).finalize().into()
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({}, …)", self.id)
    }
}
