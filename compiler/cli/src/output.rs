//! Standard output and error: colours only where a person reads, and quiet when the reader has gone.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use clap::ValueEnum;

use crate::failure::Failure;

/// `--color`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless NO_COLOR is set.
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
#[derive(Debug)]
pub struct Output {
    out: BufWriter<io::Stdout>,
    /// The reader closed the pipe (`clawc … | head`): no error, and nothing more to write.
    closed: bool,
    out_paint: Paint,
    err_paint: Paint,
}

impl Output {
    pub fn new(when: When) -> Output {
        Output {
            out: BufWriter::new(io::stdout()),
            closed: false,
            out_paint: Paint { on: when.on(io::stdout().is_terminal()) },
            err_paint: Paint { on: when.on(io::stderr().is_terminal()) },
        }
    }

    /// How to paint what goes to standard output.
    pub fn paint(&self) -> Paint {
        self.out_paint
    }

    /// How to paint what goes to standard error.
    pub fn err_paint(&self) -> Paint {
        self.err_paint
    }

    /// Whether nobody reads any more.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    pub fn print(&mut self, text: &str) -> Result<(), Failure> {
        self.bytes(text.as_bytes())
    }

    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.print(text)?;
        self.print("\n")
    }

    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.closed {
            return Ok(());
        }
        let result = self.out.write_all(bytes);
        self.note(result)
    }

    pub fn flush(&mut self) -> Result<(), Failure> {
        if self.closed {
            return Ok(());
        }
        let result = self.out.flush();
        self.note(result)
    }

    fn note(&mut self, result: io::Result<()>) -> Result<(), Failure> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            Err(error) => Err(Failure::io("write to", Path::new("standard output"), &error)),
            Ok(()) => Ok(()),
        }
    }

    /// Prints on standard error; that it can't be written is nothing anyone could be told.
    pub fn error(&mut self, text: &str) {
        let _ = self.flush();
        let _ = io::stderr().write_all(text.as_bytes());
    }

    pub fn failure(&mut self, failure: &Failure) {
        let paint = self.err_paint;
        let mut text = format!("{}{}\n", paint.red_bold("error"), paint.bold(&format!(": {failure}")));
        if let Some(help) = &failure.help {
            text.push_str(&format!("  {}: {help}\n", paint.cyan("help")));
        }
        self.error(&text);
    }
}

/// Wraps text in terminal colours, or leaves it alone.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    pub on: bool,
}

impl Paint {
    fn wrap(self, codes: &str, text: &str) -> String {
        if self.on && !text.is_empty() { format!("\x1b[{codes}m{text}\x1b[0m") } else { text.to_owned() }
    }
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }
    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }
    pub fn red(self, text: &str) -> String {
        self.wrap("31", text)
    }
    pub fn red_bold(self, text: &str) -> String {
        self.wrap("1;31", text)
    }
    pub fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }
    pub fn green_bold(self, text: &str) -> String {
        self.wrap("1;32", text)
    }
    pub fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }
    pub fn yellow_bold(self, text: &str) -> String {
        self.wrap("1;33", text)
    }
    pub fn cyan(self, text: &str) -> String {
        self.wrap("36", text)
    }
}
