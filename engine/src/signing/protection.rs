//! How a password protects a secret key: its bytes are combined with what scrypt (RFC 7914) makes of the password.

use scrypt::Params;
use zeroize::Zeroizing;

use super::KeyError;

/// The key's id, the key pair and their checksum: what is encrypted.
pub(super) const SEALED: usize = 8 + 64 + 32;

/// What it takes to try one password, in libsodium's terms, which minisign's key files state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Operations, roughly.
    pub(super) operations: u64,
    /// Bytes of memory.
    pub(super) memory: u64,
}

impl Cost {
    /// What minisign uses: 1 GiB of memory and some seconds.
    pub const SENSITIVE: Cost = Cost { operations: 1 << 25, memory: 1 << 30 };
    /// 16 MiB and a moment: for keys that have a strong, random password.
    pub const INTERACTIVE: Cost = Cost { operations: 1 << 19, memory: 1 << 24 };

    /// scrypt's parameters, found as libsodium's `crypto_pwhash_scryptsalsa208sha256` finds them.
    fn params(self) -> Result<Params, KeyError> {
        const BLOCK: u32 = 8;
        if self.operations > Cost::SENSITIVE.operations || self.memory > Cost::SENSITIVE.memory {
            return Err(KeyError::TooExpensive);
        }
        let operations = self.operations.max(1 << 15);
        let by_memory = operations >= self.memory / 32;
        let most = if by_memory { self.memory / (u64::from(BLOCK) * 128) } else { operations / (u64::from(BLOCK) * 4) };
        // The largest power of two that is not above `most`, at least 2.
        let log_n = most.checked_ilog2().unwrap_or(0).max(1);
        let lanes = if by_memory { ((operations / 4) >> log_n) / u64::from(BLOCK) } else { 1 };
        let lanes = u32::try_from(lanes).map_err(|_| KeyError::TooExpensive)?;
        let log_n = u8::try_from(log_n).map_err(|_| KeyError::TooExpensive)?;
        Params::new(log_n, BLOCK, lanes).map_err(|_| KeyError::TooExpensive)
    }
}

/// Encrypts, or decrypts: the two are the same.
pub(super) fn toggle(sealed: &mut [u8; SEALED], password: &str, salt: &[u8; 32], cost: Cost) -> Result<(), KeyError> {
    let mut stream = Zeroizing::new([0; SEALED]);
    scrypt::scrypt(password.as_bytes(), salt, &cost.params()?, &mut stream[..]).map_err(|_| KeyError::TooExpensive)?;
    for (byte, mask) in sealed.iter_mut().zip(stream.iter()) {
        *byte ^= mask;
    }
    Ok(())
}
