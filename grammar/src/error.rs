//! What is said about text that breaks the grammar.
//!
//! Each distinct mistake has a code of its own, E0001 to E0049. Codes are
//! never reused.

use crate::span::Span;

/// How bad a [`SyntaxError`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The file is not a policy.
    Error,
    /// The file is read as it stands.
    Warning,
}

/// One mistake in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The stable code, such as `E0003`; one of `CODES`.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, lower-case, without a final period.
    pub message: String,
    /// Where.
    pub span: Span,
    /// Further places, each with what there is to say about it.
    pub labels: Vec<(Span, String)>,
    /// How to go on, if there is something to say.
    pub help: Option<String>,
    /// The one mend, where there is just one.
    pub fix: Option<Fix>,
}

/// A mend that can be applied to the text as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an imperative.
    pub title: String,
    /// Replacements that don't overlap, in order.
    pub edits: Vec<(Span, String)>,
}

impl SyntaxError {
    /// An error with nothing but a message.
    pub fn new(code: &'static str, span: Span, message: impl Into<String>) -> SyntaxError {
        SyntaxError {
            code,
            severity: Severity::Error,
            message: message.into(),
            span,
            labels: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// Makes it a warning.
    pub fn warning(mut self) -> SyntaxError {
        self.severity = Severity::Warning;
        self
    }

    /// Adds a further place.
    pub fn label(mut self, span: Span, text: impl Into<String>) -> SyntaxError {
        self.labels.push((span, text.into()));
        self
    }

    /// Sets the help line.
    pub fn help(mut self, help: impl Into<String>) -> SyntaxError {
        self.help = Some(help.into());
        self
    }

    /// Sets a fix of one replacement.
    pub fn fix(self, title: impl Into<String>, span: Span, text: impl Into<String>) -> SyntaxError {
        self.fix_all(title, vec![(span, text.into())])
    }

    /// Sets a fix of several replacements.
    pub fn fix_all(mut self, title: impl Into<String>, edits: Vec<(Span, String)>) -> SyntaxError {
        self.fix = Some(Fix { title: title.into(), edits });
        self
    }
}

/// Declares the codes: a name for this crate, the code, and a title for the world.
macro_rules! codes {
    ($($name:ident = $code:literal $title:literal,)*) => {
        /// Every code that [`parse`](crate::parse) can report, with a short title.
        pub const CODES: &[(&str, &str)] = &[$(($code, $title)),*];

        /// The codes by name.
        pub(crate) mod code {
            $(#[doc = $title] pub(crate) const $name: &str = $code;)*
        }
    };
}

codes! {
    UNEXPECTED = "E0001" "unexpected text",
    UNEXPECTED_END = "E0002" "unexpected end of the file",
    UNTERMINATED_STRING = "E0003" "string without a closing quote",
    BAD_NUMBER = "E0004" "malformed number or duration",
    BAD_DATE = "E0005" "malformed date or time",
    BAD_ESCAPE = "E0006" "unknown escape in a string",
    BAD_CHARACTER = "E0007" "character that means nothing here",
    BAD_WORD = "E0008" "name with letters beyond ASCII",
    BIDI = "E0009" "invisible character that reorders text",
    SINGLE_QUOTES = "E0010" "string in single quotes",
    BLOCK_COMMENT = "E0011" "block comment",
    HASH_COMMENT = "E0012" "comment that starts with `#`",
    SEMICOLON = "E0013" "semicolon",
    SYMBOLIC_LOGIC = "E0014" "`&&`, `||` or `!` instead of a word",
    ASSIGN_FOR_EQ = "E0015" "`=` instead of `==`",
    CHAINED_COMPARISON = "E0016" "chained comparison",
    MIXED_LOGIC = "E0017" "`and` and `or` mixed without parentheses",
    TRAILING_COMMA = "E0018" "comma after the last element",
    MATRIX_WIDTH = "E0019" "matrix row of the wrong width",
    MATRIX_HEADER = "E0020" "matrix without a line of environments",
    TOO_DEEP = "E0021" "nesting too deep",
    RESERVED_WORD = "E0022" "reserved word used as a name",
    DETACHED_DOCS = "E0023" "documentation that documents nothing",
    LATE_INNER_DOCS = "E0024" "`//!` below the top of the file",
    BAD_INTERPOLATION = "E0025" "malformed interpolation in a message",
    MISSING_TYPE = "E0026" "`let` without a type",
    TIER_COMMA = "E0027" "tiers separated by commas",
    PACKAGE_PLACE = "E0028" "`package` that is not the first declaration",
    BAD_GLOB = "E0029" "malformed pattern over tools",
    NO_UNIT = "E0030" "duration without a unit",
    NO_MESSAGE = "E0031" "`deny` without a message",
    SCOPE_ENVIRONMENTS = "E0032" "environments in a scope",
    WRONG_WORD = "E0033" "word that is not one of the possible ones",
    OBJECT_OUTSIDE_TEST = "E0034" "object outside a test",
    UNCLOSED = "E0035" "bracket that is never closed",
    NO_TIME = "E0036" "date where a time with a zone is needed",
    BY_WITHOUT_COUNT = "E0037" "`by` without a number",
    MISSING_COMMA = "E0038" "fields without a comma between them",
}

#[cfg(test)]
mod tests {
    use super::CODES;

    #[test]
    fn codes_are_distinct_and_in_order() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(CODES.iter().all(|(code, title)| ("E0001"..="E0049").contains(code) && !title.ends_with('.')));
    }
}
