//! Verifying: whether one of the accepted keys vouches for a content.

use blake2::{Blake2b512, Digest as _};

use super::envelope::{self, UNTRUSTED};
use super::{KeyId, MAX_TEXT, PLAIN, PREHASHED, PublicKey, SignatureError};

const TRUSTED: &str = "trusted comment: ";

/// What a good signature says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whose signature it is.
    pub key_id: KeyId,
    /// The signer's remark, which is signed too.
    pub trusted_comment: String,
}

/// A signature file, taken apart and not verified yet.
struct Parts<'a> {
    prehashed: bool,
    id: KeyId,
    signature: [u8; 64],
    comment: &'a str,
    global: [u8; 64],
}

/// Whether one of the keys signed this content, with this trusted comment. `signature` is the text of a `.minisig` file,
/// of the prehashed form or of the legacy one. No keys, no signature is good.
///
/// # Errors
/// [`SignatureError`], in the order: malformed, no such key, not of this content, the comment was changed.
pub fn verify(content: &[u8], signature: &str, keys: &[PublicKey]) -> Result<Verified, SignatureError> {
    let parts = read(signature)?;
    let hash;
    let signed = if parts.prehashed {
        hash = Blake2b512::digest(content);
        &hash[..]
    } else {
        content
    };
    // Ids are chosen by whoever makes a key, so several accepted keys may have the same.
    let mut named = keys.iter().filter(|key| key.id() == parts.id).peekable();
    if named.peek().is_none() {
        return Err(SignatureError::UnknownKey(parts.id));
    }
    let key = named.find(|key| key.signed(signed, &parts.signature)).ok_or(SignatureError::Content(parts.id))?;
    let mut covered = parts.signature.to_vec();
    covered.extend(parts.comment.as_bytes());
    if !key.signed(&covered, &parts.global) {
        return Err(SignatureError::Comment(parts.id));
    }
    Ok(Verified { key_id: parts.id, trusted_comment: parts.comment.to_owned() })
}

fn read(text: &str) -> Result<Parts<'_>, SignatureError> {
    const SHAPE: SignatureError = SignatureError::Malformed("this is not a minisign signature");
    let lines = envelope::lines(text).ok_or(SignatureError::Malformed("the signature is too long"))?;
    let [untrusted, line, trusted, global] = lines.as_slice() else { return Err(SHAPE) };
    if !untrusted.starts_with(UNTRUSTED.trim_end()) {
        return Err(SHAPE);
    }
    let comment = trusted.strip_prefix(TRUSTED).ok_or(SHAPE)?;
    if !envelope::is_comment(comment, MAX_TEXT) {
        return Err(SignatureError::Malformed("the signature's comment has control characters"));
    }
    let bytes = envelope::decode::<74>(line).ok_or(SHAPE)?;
    let mut rest = &bytes[..];
    let algorithm = envelope::take::<2>(&mut rest).ok_or(SHAPE)?;
    let id = KeyId(envelope::take::<8>(&mut rest).ok_or(SHAPE)?);
    let signature = envelope::take::<64>(&mut rest).ok_or(SHAPE)?;
    let global = *envelope::decode::<64>(global).ok_or(SHAPE)?;
    let prehashed = match algorithm {
        PREHASHED => true,
        PLAIN => false,
        _ => return Err(SignatureError::Malformed("the signature's algorithm is not known here")),
    };
    Ok(Parts { prehashed, id, signature, comment, global })
}
