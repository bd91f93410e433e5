//! A shell script taken apart: the simple commands in it, each with its words, and what could not be read.
//!
//! The parser writes this and the meaning reads it. There is no tree: what a policy asks is which simple
//! commands may run, and how they are connected. Nothing here says what a program does.

/// A place in the text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Span {
    pub start: u32,
    pub end: u32,
}

/// Why a part of a word is not known before it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum GapKind {
    /// `$x`, `${x:-y}`, `$1`, `$@`
    Parameter,
    /// `$(…)` or backticks; the commands in it are among the script's.
    Substitution,
    /// `$((…))`
    Arithmetic,
    /// `<(…)`, `>(…)`: the name of a pipe.
    Process,
    /// A leading `~` or `~user`: an absolute path that is not known.
    Home,
    /// `*`, `?`, `[…]`: names of existing files that fit; contains no `/`.
    Glob,
    /// `{a,b}` in a shell that may or may not expand it, or too large.
    Brace,
}

/// A part of a word that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Gap {
    /// Where in the word's `text`, in bytes, the unknown text would stand.
    pub at: u32,
    pub kind: GapKind,
    /// It may become no word or several words: it is not quoted.
    pub splits: bool,
}

/// A word after quotes are removed. Where `gaps` is empty, `text` is exactly what the program gets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Word {
    /// The known text with the gaps left out.
    pub text: String,
    /// In order of `at`.
    pub gaps: Vec<Gap>,
    /// Some part of it was quoted or escaped.
    pub quoted: bool,
    pub span: Span,
}

impl Word {
    /// The text, if all of it is known.
    pub(crate) fn known(&self) -> Option<&str> {
        self.gaps.is_empty().then_some(self.text.as_str())
    }

    /// The known text before the first gap.
    pub(crate) fn prefix(&self) -> &str {
        let end = self.gaps.first().map_or(self.text.len(), |gap| gap.at as usize);
        self.text.get(..end).unwrap_or_default()
    }

    /// The known text after the last gap.
    pub(crate) fn suffix(&self) -> &str {
        let start = self.gaps.last().map_or(0, |gap| gap.at as usize);
        self.text.get(start..).unwrap_or_default()
    }

    /// May it become no word or several?
    pub(crate) fn splits(&self) -> bool {
        self.gaps.iter().any(|gap| gap.splits)
    }
}

/// What a redirection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum RedirectOp {
    /// `<`
    Read,
    /// `>`, `>|`, `&>`, `>&file`
    Write,
    /// `>>`, `&>>`
    Append,
    /// `<>`
    ReadWrite,
    /// `<&1`, `>&2`, `2>&-`: no file.
    Duplicate,
    /// `<<`, `<<-`: the target is the body; it has gaps where it is expanded.
    HereDoc,
    /// `<<<`: the target is the text, without the newline that is added.
    HereString,
}

/// A redirection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Redirect {
    pub op: RedirectOp,
    /// The descriptor; `None` where it is not known (`{fd}>`).
    pub fd: Option<u32>,
    pub target: Word,
    /// It stands at a compound command around this one.
    pub inherited: bool,
}

/// `NAME=value` before a command, or alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Assignment {
    /// Without `+` and subscript.
    pub name: String,
    pub value: Word,
}

/// A simple command: assignments, words, redirections. Any of them may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Simple {
    pub assignments: Vec<Assignment>,
    /// The program and its arguments.
    pub words: Vec<Word>,
    pub redirects: Vec<Redirect>,
    /// The commands (indices into the script's) whose output may arrive on its standard input, by the closest
    /// pipe around it. Empty if it is not at the end of a pipe.
    pub stdin_from: Vec<u32>,
    /// It stands in a substitution, subshell, group, function, conditional, loop, or runs in the background.
    pub nested: bool,
    pub span: Span,
}

/// Why a part of a command is not understood before it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum OpaqueReason {
    /// It is longer, deeper or has more parts than is read.
    TooLarge,
    /// Control characters, carriage returns, invisible or look-alike characters outside quotes.
    Character,
    /// A quote, substitution, here-document or compound command without its end.
    Unterminated,
    /// What stands here is no shell grammar.
    Syntax,
    /// Shells disagree about what this means.
    Ambiguous,
    /// The name of the program is not known.
    Program,
    /// `eval`, `source`, `trap`, `alias`, …: text becomes commands that are not known.
    Evaluated,
    /// An interpreter or wrapper gets commands that are not known.
    Inner,
    /// An option of a wrapper that is not known.
    Option,
    /// A variable that changes what programs do (`PATH`, `LD_PRELOAD`, `BASH_ENV`, …).
    Environment,
}

/// A part that is not understood: further commands may hide there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Opaque {
    pub reason: OpaqueReason,
    pub span: Span,
}

/// A script taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Script {
    /// In the order of the text; those in substitutions before the command whose word they stand in.
    pub commands: Vec<Simple>,
    /// The names of the functions that the script defines; their bodies are among the commands.
    pub functions: Vec<String>,
    /// Variables that are set otherwise than by an assignment, and where: `for NAME in …`, `${NAME:=…}`.
    pub sets: Vec<(String, Span)>,
    /// The texts of substitutions (`$(…)`, backticks, `<(…)`), without their delimiters.
    pub substitutions: Vec<Span>,
    /// Nothing but simple commands joined by `;`, newline, `&&`, `||` and `|`: no compound command, function,
    /// background job, negation, substitution, redirection or assignment.
    pub flat: bool,
    /// What could not be read. The commands found before it are there all the same.
    pub opaque: Vec<Opaque>,
}
