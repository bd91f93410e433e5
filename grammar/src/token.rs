//! The kinds of tokens, and what they are called when one talks to a person.
//!
//! Knows the alphabet of the language and nothing about what may follow what.

use crate::span::Span;
use logos::Logos;

/// A token: its kind and where it stands. Tokens of a source lie end to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it is.
    pub span: Span,
}

/// Declares [`TokenKind`] with its words and symbols, so that text and kind are said once.
macro_rules! token_kinds {
    (
        words { $($word:ident = $word_text:literal,)* }
        symbols { $($symbol:ident = $symbol_text:literal,)* }
    ) => {
        /// What a token is.
        #[derive(Logos, Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[logos(extras = Scan)]
        #[allow(missing_docs, reason = "a word or symbol says what it is")]
        pub enum TokenKind {
            /// Blanks and line ends, and a byte order mark.
            #[regex(r"[ \t\r\n\x0c\u{FEFF}]+")]
            Whitespace,
            /// `// …`
            #[regex(r"//[^\n]*", allow_greedy = true)]
            Comment,
            /// `/// …`
            DocComment,
            /// `//! …`
            InnerDoc,
            /// `/* … */`, reported.
            #[regex(r"/\*", block_comment)]
            BlockComment,
            /// `# …`, reported.
            #[regex(r"#[^\n]*", allow_greedy = true)]
            HashComment,

            /// A name.
            #[regex(r"[A-Za-z_][A-Za-z0-9_]*", priority = 2)]
            Ident,
            /// A name in backticks.
            #[regex(r"`[^`\n]+`")]
            QuotedIdent,
            /// `list` or `set` before `<`.
            TypeCtor,

            /// `12`
            #[regex(r"[0-9]+(_[0-9]+)*", priority = 20)]
            Int,
            /// `9.50`
            #[regex(r"[0-9]+(_[0-9]+)*\.[0-9]+(_[0-9]+)*", priority = 20)]
            Decimal,
            /// `2h30m`
            #[regex(r"([0-9]+(_[0-9]+)*(ms|s|m|h|d))+", priority = 20)]
            Duration,
            /// `09:00`
            #[regex(r"[0-9][0-9]:[0-9][0-9](:[0-9][0-9])?", priority = 20)]
            Time,
            /// `2026-03-02`
            #[regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", priority = 40)]
            Date,
            /// `2026-03-02T10:00:00+01:00`
            #[regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})", priority = 60)]
            DateTime,
            /// Something that begins like a number, a date or a time and is none, reported.
            #[regex(r"[0-9][0-9A-Za-z_]*(\.[0-9][0-9A-Za-z_]*)*", priority = 3)]
            #[regex(r"\.[0-9][0-9A-Za-z_]*", priority = 3)]
            #[regex(r"[0-9]{1,2}:[0-9]{1,2}(:[0-9A-Za-z]*)*", priority = 4)]
            #[regex(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt][0-9A-Za-z:]*(\.[0-9]+)?([+-][0-9:]+)?)?", priority = 5)]
            BadNumber,

            /// `"text"`
            #[regex(r#""([^"\\\n]|\\[^\n])*""#)]
            Str,
            /// `r"text"` or `r#"text"#`
            #[regex(r##"r#*""##, raw_string)]
            RawStr,
            /// `'text'`, reported.
            #[regex(r"'[^'\n]*'")]
            SingleStr,
            /// A string whose quote is missing: it ends with the line. Reported.
            #[regex(r#""([^"\\\n]|\\[^\n])*\\?"#, priority = 1)]
            UnterminatedStr,

            /// A word with letters beyond ASCII, reported.
            #[regex(r"[A-Za-z0-9_]*[\u{80}-\u{FEFE}\u{FF00}-\u{10FFFF}][A-Za-z0-9_\u{80}-\u{FEFE}\u{FF00}-\u{10FFFF}]*", priority = 2)]
            BadWord,
            /// Text that begins no token, reported.
            Unknown,

            $(#[token($word_text, priority = 30)] $word,)*
            $(#[token($symbol_text)] $symbol,)*
        }

        impl TokenKind {
            /// The text of a token that always reads the same.
            pub fn fixed_text(self) -> Option<&'static str> {
                match self {
                    $(TokenKind::$word => Some($word_text),)*
                    $(TokenKind::$symbol => Some($symbol_text),)*
                    _ => None,
                }
            }

            /// Whether it is a word with a meaning of its own.
            pub fn is_keyword(self) -> bool {
                matches!(self, $(TokenKind::$word)|*)
            }
        }

        /// Every reserved word. Some are reserved only where they fit, see [`lex`](crate::lex).
        pub const KEYWORDS: &[&str] = &[$($word_text),*];
    };
}

token_kinds! {
    words {
        KwAgent = "agent", KwAll = "all", KwAllow = "allow", KwAlways = "always", KwAnd = "and",
        KwAny = "any", KwApproval = "approval", KwAs = "as", KwAt = "at", KwBecause = "because",
        KwBeyond = "beyond", KwBy = "by", KwCall = "call", KwClassify = "classify",
        KwConstrain = "constrain", KwConstraints = "constraints", KwContext = "context",
        KwCount = "count", KwDays = "days", KwDeny = "deny", KwEach = "each", KwElse = "else",
        KwEnum = "enum", KwEnvironments = "environments", KwExcept = "except",
        KwExpect = "expect", KwExpires = "expires", KwExtern = "extern", KwFails = "fails",
        KwFalse = "false", KwFor = "for", KwFrom = "from", KwGrant = "grant", KwHours = "hours",
        KwIn = "in", KwIncludes = "includes", KwInvariant = "invariant", KwIs = "is",
        KwLabels = "labels", KwLet = "let", KwLifecycle = "lifecycle", KwLike = "like", KwLimit = "limit", KwLive = "live",
        KwMark = "mark", KwMarks = "marks", KwMatches = "matches", KwMatrix = "matrix",
        KwMax = "max", KwNever = "never", KwNone = "none", KwNot = "not", KwNote = "note",
        KwOf = "of", KwOn = "on", KwOr = "or", KwOrigins = "origins", KwPackage = "package",
        KwPer = "per", KwPinned = "pinned", KwPredicate = "predicate", KwPrior = "prior",
        KwPrompt = "prompt", KwReason = "reason", KwRecord = "record", KwRequire = "require",
        KwResource = "resource", KwReuse = "reuse", KwRoles = "roles", KwRule = "rule",
        KwScope = "scope", KwSuggest = "suggest", KwSum = "sum", KwTagged = "tagged",
        KwTags = "tags", KwTest = "test", KwTier = "tier", KwTiers = "tiers", KwTo = "to",
        KwTool = "tool", KwTrue = "true", KwUnder = "under", KwUnless = "unless", KwUse = "use",
        KwUser = "user", KwWhen = "when", KwWhere = "where", KwWindow = "window",
        KwWith = "with", KwWithin = "within", KwZone = "zone",
    }
    symbols {
        LBrace = "{", RBrace = "}", LParen = "(", RParen = ")", LBracket = "[", RBracket = "]",
        Comma = ",", Colon = ":", Dot = ".", DotDot = "..", Question = "?", At = "@",
        Pipe = "|", Arrow = "->", Assign = "=", EqEq = "==", NotEq = "!=", Lt = "<", Le = "<=",
        Gt = ">", Ge = ">=", Plus = "+", Minus = "-", Star = "*",
        AmpAmp = "&&", PipePipe = "||", Bang = "!", Semicolon = ";",
    }
}

impl TokenKind {
    /// Whether the parser does not see it: blanks and comments of all kinds.
    pub fn is_trivia(self) -> bool {
        use TokenKind::*;
        matches!(self, Whitespace | Comment | DocComment | InnerDoc | BlockComment | HashComment)
    }

    /// Whether it is a comment of any kind.
    pub fn is_comment(self) -> bool {
        self.is_trivia() && self != TokenKind::Whitespace
    }

    /// Whether it names something: a word that is not reserved here, or one in backticks.
    pub fn is_name(self) -> bool {
        use TokenKind::*;
        matches!(self, Ident | QuotedIdent | BadWord)
    }

    /// Whether it begins like a number, a date or a time.
    pub fn is_number(self) -> bool {
        use TokenKind::*;
        matches!(self, Int | Decimal | Duration | Time | Date | DateTime | BadNumber)
    }

    /// Whether it is a string, closed or not.
    pub fn is_string(self) -> bool {
        use TokenKind::*;
        matches!(self, Str | RawStr | SingleStr | UnterminatedStr)
    }

    /// Whether it opens a bracket.
    pub fn is_opener(self) -> bool {
        use TokenKind::*;
        matches!(self, LBrace | LParen | LBracket)
    }

    /// Whether it closes a bracket.
    pub fn is_closer(self) -> bool {
        use TokenKind::*;
        matches!(self, RBrace | RParen | RBracket)
    }

    /// Whether a declaration begins with it.
    pub fn starts_declaration(self) -> bool {
        use TokenKind::*;
        matches!(
            self,
            KwPackage
                | KwUse
                | KwTiers
                | KwEnvironments
                | KwRoles
                | KwLabels
                | KwTags
                | KwOrigins
                | KwAgent
                | KwUser
                | KwContext
                | KwRecord
                | KwEnum
                | KwTool
                | KwResource
                | KwPrompt
                | KwLet
                | KwLive
                | KwPredicate
                | KwWindow
                | KwScope
                | KwGrant
                | KwApproval
                | KwClassify
                | KwMatrix
                | KwConstraints
                | KwRule
                | KwLimit
                | KwExtern
                | KwLifecycle
                | KwInvariant
                | KwTest
        )
    }

    /// Whether a clause inside a declaration begins with it.
    pub fn starts_clause(self) -> bool {
        use TokenKind::*;
        matches!(
            self,
            KwOn | KwWhen
                | KwUnless
                | KwDeny
                | KwRequire
                | KwConstrain
                | KwMark
                | KwSuggest
                | KwMax
                | KwEach
                | KwBeyond
                | KwNever
                | KwAlways
                | KwAs
                | KwIn
                | KwAt
                | KwWith
                | KwCall
                | KwFails
                | KwExpect
                | KwDays
                | KwHours
                | KwZone
                | KwExcept
                | KwBy
                | KwExpires
                | KwReuse
                | KwNote
        )
    }
}

/// What the scanner remembers on its way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scan {
    /// No `*/` is left; looking again at each `/*` would make scanning quadratic.
    no_comment_end: bool,
}

/// Runs to the closing `*/`, or to the end of the line where there is none.
fn block_comment(lex: &mut logos::Lexer<'_, TokenKind>) {
    let rest = lex.remainder();
    let end = if lex.extras.no_comment_end { None } else { rest.find("*/") };
    let length = match end {
        Some(end) => end + 2,
        None => rest.find('\n').unwrap_or(rest.len()),
    };
    lex.extras.no_comment_end = end.is_none();
    lex.bump(length);
}

/// Runs to the quote with as many `#` as the literal began with, or to the end of the line.
fn raw_string(lex: &mut logos::Lexer<'_, TokenKind>) {
    let hashes = lex.slice().len().saturating_sub(2);
    let closer = format!("\"{}", "#".repeat(hashes));
    let line = lex.remainder().split('\n').next().unwrap_or("");
    let length = line.find(&closer).map_or(line.len(), |end| end + closer.len());
    lex.bump(length);
}
