//! Standard output and error: colours only where a person reads, and quiet when the reader has gone.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use clap::ValueEnum;

use crate::failure::Failure;

/// `--color`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Always,
    Never,
}

impl When {
    fn on(self, terminal: bool) -> bool {
        let refused = || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self {
            When::Always => true,
            When::Never => false,
            When::Auto => terminal && !refused(),
        }
    }
}

/// Where a command prints.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    out: bool,
    err: bool,
}

impl Output {
    pub(super) fn new(when: When) -> Output {
        Output { out: when.on(io::stdout().is_terminal()), err: when.on(io::stderr().is_terminal()) }
    }

    /// Whether standard output is coloured.
    pub(super) fn colours(self) -> bool {
        self.out
    }

    /// Whether standard error is coloured.
    pub(super) fn error_colours(self) -> bool {
        self.err
    }

    /// Prints; that nobody reads any more (`claw-gateway … | head`) is no error.
    pub(super) fn print(&mut self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::io("write to", Path::new("standard output"), &error))
            }
            _ => Ok(()),
        }
    }

    /// Prints on standard error; that it can't be written is nothing anyone could be told.
    pub(super) fn error(&mut self, text: &str) {
        let _ = io::stderr().write_all(text.as_bytes());
    }

    pub(super) fn failure(&mut self, failure: &Failure) {
        let (error, help) = if self.err {
            (format!("\x1b[1;31merror\x1b[0m\x1b[1m: {failure}\x1b[0m\n"), "\x1b[36mhelp\x1b[0m")
        } else {
            (format!("error: {failure}\n"), "help")
        };
        let help = failure.help.iter().map(|text| format!("  {help}: {text}\n"));
        self.error(&std::iter::once(error).chain(help).collect::<String>());
    }
}
