//! The text form that keys and signatures share: a comment line, then base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::MAX_TEXT;

/// What the first line of every file begins with. Nothing signs the rest of that line.
pub(super) const UNTRUSTED: &str = "untrusted comment: ";

/// The lines of a file without their ends, which may be of either kind; blank lines at the end do not count.
pub(super) fn lines(text: &str) -> Option<Vec<&str>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    (text.len() <= MAX_TEXT).then(|| text.trim_end_matches(['\r', '\n']).lines().collect())
}

/// Exactly `N` bytes of base64 (RFC 4648, padded).
pub(super) fn decode<const N: usize>(line: &str) -> Option<Zeroizing<[u8; N]>> {
    if line.len() > MAX_TEXT {
        return None;
    }
    let bytes = Zeroizing::new(STANDARD.decode(line).ok()?);
    let mut out = Zeroizing::new([0; N]);
    (bytes.len() == N).then(|| out.copy_from_slice(&bytes))?;
    Some(out)
}

pub(super) fn encode(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(bytes))
}

/// One line that can be written into a file and shown in a log.
pub(super) fn is_comment(text: &str, most: usize) -> bool {
    text.len() <= most && !text.chars().any(|c| c.is_control() && c != '\t')
}

/// Takes the first `N` bytes off.
pub(super) fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*first)
}
