//! Signatures of bundles and of audit checkpoints, in the format of [minisign](https://jedisct1.github.io/minisign/).
//!
//! Keys and signatures are exchanged with the `minisign` tool in both directions: Ed25519 over the BLAKE2b-512 hash of
//! the content, with a *trusted comment* that a second signature covers. Knows nothing of policies, files or clocks:
//! text and bytes in, text out.

mod envelope;
mod error;
mod protection;
mod public;
mod secret;
mod signature;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

pub use zeroize::Zeroizing;

pub use self::error::{KeyError, SignatureError};
pub use self::protection::Cost;
pub use self::public::PublicKey;
pub use self::secret::SecretKey;
pub use self::signature::{Verified, verify};

/// The most bytes that a key file or a signature file may have; real ones have fewer than 500.
pub const MAX_TEXT: usize = 16 << 10;

/// What minisign calls the algorithm of keys and of legacy signatures: Ed25519 over the content itself.
const PLAIN: [u8; 2] = *b"Ed";
/// Ed25519 over the BLAKE2b-512 hash of the content.
const PREHASHED: [u8; 2] = *b"ED";

/// Names a key pair; chosen at random when the pair is made. Not a secret, and no proof of anything: whoever makes a key
/// can choose it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 8]);

impl fmt::Display for KeyId {
    /// Sixteen hexadecimal digits, as minisign shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", u64::from_le_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for KeyId {
    type Err = KeyError;
    fn from_str(text: &str) -> Result<KeyId, KeyError> {
        let digits = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let number = if digits { u64::from_str_radix(text, 16).ok() } else { None };
        number.map(|n| KeyId(n.to_le_bytes())).ok_or(KeyError::Malformed("a key id has sixteen hexadecimal digits"))
    }
}
