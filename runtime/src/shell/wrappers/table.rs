//! The wrappers whose command follows their options and operands: what is said of each. Data alone.

mod system;
mod tools;

use super::Options;

/// How a wrapper runs what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runs {
    /// As words.
    Words,
    /// Joined with spaces, by a shell.
    Joined,
}

/// A program that runs a command from its arguments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wrapper {
    pub names: &'static [&'static str],
    /// Options before the subcommand.
    pub before: Options,
    /// It is a wrapper with one of these subcommands alone; empty: always.
    pub subcommands: &'static [&'static [&'static str]],
    pub options: Options,
    /// Words of its own between the options and the command.
    pub operands: usize,
    /// Options may follow these operands.
    pub permutes: bool,
    /// `NAME=value` words before the command set variables.
    pub assigns: bool,
    pub runs: Runs,
    /// With these options words are not joined (`watch -x`).
    pub direct: &'static [&'static str],
    /// Options whose value is a script (`su -c`).
    pub script: &'static [&'static str],
    /// Options that set a variable (`docker run -e A=b`).
    pub sets: &'static [&'static str],
    /// Options that make it run something more.
    pub opaque: &'static [&'static str],
    /// With these it runs no command.
    pub nothing: &'static [&'static str],
    /// With these and no command it runs a shell (`sudo -s`).
    pub shell: &'static [&'static str],
    /// Without a command it runs a shell.
    pub interactive: bool,
    /// It is listed as a call as well: it does more than run the command.
    pub listed: bool,
    /// Without a command it is a call, never something else.
    pub always: bool,
}

const NONE: Options = Options { flags: "", values: "", long_flags: &[], long_values: &[] };

const PLAIN: Wrapper = Wrapper {
    names: &[],
    before: NONE,
    subcommands: &[],
    options: NONE,
    operands: 0,
    permutes: false,
    assigns: false,
    runs: Runs::Words,
    direct: &[],
    script: &[],
    sets: &[],
    opaque: &[],
    nothing: &["--help", "--version"],
    shell: &[],
    interactive: false,
    listed: false,
    always: true,
};

const fn options(
    flags: &'static str,
    values: &'static str,
    long_flags: &'static [&'static str],
    long_values: &'static [&'static str],
) -> Options {
    Options { flags, values, long_flags, long_values }
}

/// The entries for a program; the first that fits its arguments counts.
pub(super) fn entries(name: &str) -> impl Iterator<Item = &'static Wrapper> + use<'_> {
    system::WRAPPERS.iter().chain(tools::WRAPPERS).filter(move |wrapper| wrapper.names.contains(&name))
}
