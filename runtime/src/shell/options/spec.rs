//! How the options of a program are read: what the tables say and how they are asked. Knows no program by name.
//!
//! Lists of names are single strings with spaces between the names; single letters are strings of letters.

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arity {
    /// Nothing (or only a value after `=`).
    Nothing,
    /// A value: attached, or the next word.
    Value,
    /// A value only if it is attached.
    Attached,
    /// Not known, or it differs between implementations.
    Unsure,
}

/// The options of a program, or of one of its subcommands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    short: &'static str,
    long: &'static str,
    attached: &'static str,
    plain: &'static str,
    varies: &'static str,
    complete: bool,
    /// Versions differ in their long names: those that are not listed may take a value.
    open: bool,
    /// Options end after this many operands, where that is not zero: what follows is for another program.
    pub stops: u8,
}

/// Options that take a value: letters, and long names without their dashes. All others take none.
pub(super) const fn takes(short: &'static str, long: &'static str) -> Options {
    Options { short, long, attached: "", plain: "", varies: "", complete: true, open: false, stops: 0 }
}

/// Nothing is known.
pub(super) const UNLISTED: Options = takes("", "").partial();

impl Options {
    /// Letters whose value is only ever attached: `sed -i.bak`.
    pub(super) const fn attached(self, attached: &'static str) -> Options {
        Options { attached, ..self }
    }

    /// Other long names, so that they are not taken for abbreviations.
    pub(super) const fn plain(self, plain: &'static str) -> Options {
        Options { plain, ..self }
    }

    /// Letters that take a value in some implementations only.
    pub(super) const fn varies(self, varies: &'static str) -> Options {
        Options { varies, ..self }
    }

    /// There are others that take a value.
    pub(super) const fn partial(self) -> Options {
        Options { complete: false, ..self }
    }

    /// Long names that are not listed may take a value.
    pub(super) const fn open(self) -> Options {
        Options { open: true, ..self }
    }

    /// Options end after the first operand; of `ssh`, after the second.
    pub(super) const fn stops(self, operands: u8) -> Options {
        Options { stops: operands, ..self }
    }

    /// What a single letter takes.
    pub(super) fn letter(&self, letter: char) -> Arity {
        match letter {
            _ if self.varies.contains(letter) => Arity::Unsure,
            _ if self.short.contains(letter) => Arity::Value,
            _ if self.attached.contains(letter) => Arity::Attached,
            _ if self.complete => Arity::Nothing,
            _ => Arity::Unsure,
        }
    }

    /// What a long option takes; `abbreviates`: the program accepts the beginning of a name.
    pub(super) fn name(&self, name: &str, abbreviates: bool) -> Arity {
        let begins =
            |list: &str| list.as_bytes().split(|byte| *byte == b' ').any(|known| known.starts_with(name.as_bytes()));
        match name {
            _ if listed(self.long, name) => Arity::Value,
            _ if listed(self.plain, name) => Arity::Nothing,
            _ if !self.complete || self.open || abbreviates && begins(self.long) => Arity::Unsure,
            _ => Arity::Nothing,
        }
    }

    /// Is this the full name of an option, as far as the table knows?
    pub(super) fn knows(&self, name: &str) -> bool {
        listed(self.long, name) || listed(self.plain, name)
    }

    /// All long names in the table.
    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        [self.long, self.plain].into_iter().filter(|list| !list.is_empty()).flat_map(|list| list.split(' '))
    }

    /// Does the table say what every option takes?
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }
}

/// Is the name in the list, which has a space between names?
pub(in crate::shell) fn listed(list: &str, name: &str) -> bool {
    // Bytes, and the first of them first: this is asked of long lists for each word.
    let Some((first, rest)) = name.as_bytes().split_first() else { return false };
    list.as_bytes()
        .split(|byte| *byte == b' ')
        .any(|known| known.split_first().is_some_and(|(f, r)| f == first && r == rest))
}

/// A program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spec {
    /// Its options; if it has subcommands, those before the subcommand.
    pub options: Options,
    /// Its first operand is a subcommand.
    pub commands: bool,
    /// The options of subcommands; of those that are not here nothing is known.
    pub subs: &'static [(&'static str, Options)],
    /// The options before the subcommand may also stand after it.
    pub inherits: bool,
    /// One dash begins a whole word: `-name`.
    pub words: bool,
    /// The beginning of a long name will do: `--forc`.
    pub abbreviates: bool,
    /// `--` ends the options.
    pub dashes: bool,
    /// After these letters (`python -m`) all is for another program.
    pub last: &'static str,
    /// The first word may be a cluster without a dash: `tar xf`.
    pub old: bool,
    /// The values of these options, letters and names, are folders that it writes to or works in.
    pub places: &'static str,
    /// The words after these options, to `;` or `+`, are a command: `find -exec`.
    pub inner: &'static str,
}

/// The usual ways: clusters, abbreviations, `--`.
pub(super) const fn program(options: Options) -> Spec {
    Spec {
        options,
        commands: false,
        subs: &[],
        inherits: false,
        words: false,
        abbreviates: true,
        dashes: true,
        last: "",
        old: false,
        places: "",
        inner: "",
    }
}

impl Spec {
    /// It has subcommands.
    pub(super) const fn commands(self, subs: &'static [(&'static str, Options)]) -> Spec {
        Spec { commands: true, subs, options: self.options.open(), ..self }
    }

    /// The options before the subcommand may also stand after it.
    pub(super) const fn inherits(self) -> Spec {
        Spec { inherits: true, ..self }
    }

    /// One dash begins a whole word; two dashes do too.
    pub(super) const fn words(self) -> Spec {
        Spec { words: true, abbreviates: false, ..self }
    }

    /// Long names are written in full.
    pub(super) const fn exact(self) -> Spec {
        Spec { abbreviates: false, ..self }
    }

    /// `--` is a word like others.
    pub(super) const fn no_dashes(self) -> Spec {
        Spec { dashes: false, ..self }
    }

    /// What follows these letters is for another program.
    pub(super) const fn last(self, last: &'static str) -> Spec {
        Spec { last, ..self }
    }

    /// The first word may be a cluster.
    pub(super) const fn old(self) -> Spec {
        Spec { old: true, ..self }
    }

    /// The values of these options are folders.
    pub(super) const fn places(self, places: &'static str) -> Spec {
        Spec { places, ..self }
    }

    /// A command follows these options.
    pub(super) const fn inner(self, inner: &'static str) -> Spec {
        Spec { inner, ..self }
    }

    /// The options of a subcommand.
    pub(super) fn sub(&self, name: &str) -> Options {
        self.subs.iter().find(|(known, _)| listed(known, name)).map_or(UNLISTED, |(_, options)| *options)
    }
}
