//! Why a key or a signature is not accepted.

use std::fmt;

use super::KeyId;

/// Why a key can't be read, made or used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// Not a key file; the text says what is wrong.
    Malformed(&'static str),
    /// The secret key is encrypted, and no password was given.
    NeedsPassword,
    /// The password does not open the key, or the file is damaged: the two can't be told apart.
    WrongPassword,
    /// The file asks for more memory or time to open than this library is willing to spend.
    TooExpensive,
    /// A comment to sign has line breaks or other control characters, or is too long.
    Comment,
    /// The operating system gave no random bytes.
    Random,
}

impl KeyError {
    /// One word for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            KeyError::Malformed(_) => "malformed_key",
            KeyError::NeedsPassword => "needs_password",
            KeyError::WrongPassword => "wrong_password",
            KeyError::TooExpensive => "too_expensive",
            KeyError::Comment => "bad_comment",
            KeyError::Random => "no_random",
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeyError::Malformed(what) => what,
            KeyError::NeedsPassword => "the key is encrypted, and there is no password for it",
            KeyError::WrongPassword => "the password does not open this key",
            KeyError::TooExpensive => "opening this key would take more memory than 1 GiB, or too long",
            KeyError::Comment => "a comment is one line of at most 1024 bytes without control characters",
            KeyError::Random => "the operating system gave no random bytes",
        })
    }
}

impl std::error::Error for KeyError {}

/// Why a signature does not vouch for a content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureError {
    /// Not a signature file; the text says what is wrong.
    Malformed(&'static str),
    /// Made with a key that is not among the accepted ones.
    UnknownKey(KeyId),
    /// Made with an accepted key's id, but not by it for this content: another content was signed, or either was changed.
    Content(KeyId),
    /// The content is what was signed, the trusted comment was changed.
    Comment(KeyId),
}

impl SignatureError {
    /// One word for programs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            SignatureError::Malformed(_) => "malformed_signature",
            SignatureError::UnknownKey(_) => "unknown_key",
            SignatureError::Content(_) => "wrong_content",
            SignatureError::Comment(_) => "wrong_comment",
        }
    }
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignatureError::Malformed(what) => f.write_str(what),
            SignatureError::UnknownKey(id) => {
                write!(f, "signed with the key {id}, which is not among the accepted ones")
            }
            SignatureError::Content(id) => write!(f, "the signature of the key {id} is not one of this content"),
            SignatureError::Comment(id) => {
                write!(f, "the signature's trusted comment was changed after the key {id} signed it")
            }
        }
    }
}

impl std::error::Error for SignatureError {}
