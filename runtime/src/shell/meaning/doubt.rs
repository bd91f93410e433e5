//! Why a command is opaque, in words. Knows nothing of how it was found out.

use std::fmt;
use std::sync::Arc;

use crate::shell::script::{OpaqueReason, Span};

/// Characters of the command that a reason shows.
const SHOWN: usize = 40;

/// A part of a command that is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Doubt {
    pub reason: OpaqueReason,
    /// Where it stands in the command as it was written.
    pub span: Span,
    /// What stands there, shortened.
    pub what: Arc<str>,
}

impl Doubt {
    pub(crate) fn new(reason: OpaqueReason, span: Span, what: &str) -> Doubt {
        let mut shown: String = what.chars().take(SHOWN).flat_map(visible).collect();
        if what.chars().nth(SHOWN).is_some() {
            shown.push('…');
        }
        Doubt { reason, span, what: shown.into() }
    }
}

/// Control, invisible and directional characters are escaped: a reason is read by people.
fn visible(c: char) -> Vec<char> {
    let hidden = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    if c.is_control() || hidden { c.escape_default().collect() } else { vec![c] }
}

/// "byte 12–20: `eval` runs text that is not known"
impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Span { start, end }, what) = (self.span, &self.what);
        if end > start.saturating_add(1) {
            write!(f, "byte {start}–{end}: ")?;
        } else {
            write!(f, "byte {start}: ")?;
        }
        match self.reason {
            OpaqueReason::TooLarge => write!(f, "`{what}` is longer or deeper than what is read"),
            OpaqueReason::Character => write!(f, "`{what}` has a control, invisible or look-alike character"),
            OpaqueReason::Unterminated => write!(f, "`{what}` has no end"),
            OpaqueReason::Syntax => write!(f, "`{what}` is not shell grammar"),
            OpaqueReason::Ambiguous => write!(f, "shells disagree about what `{what}` means"),
            OpaqueReason::Program => write!(f, "`{what}` names a program that is not known"),
            OpaqueReason::Evaluated => write!(f, "`{what}` turns text into commands that are not known"),
            OpaqueReason::Inner => write!(f, "`{what}` runs commands that are not known"),
            OpaqueReason::Option => {
                write!(f, "`{what}` may be an option or its value; where the inner command begins is not known")
            }
            OpaqueReason::Environment => write!(f, "`{what}` is a variable that changes what programs do"),
        }
    }
}
