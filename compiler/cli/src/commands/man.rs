//! `clawc man`: manual pages, made from the same texts as `--help`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::Cli;
use crate::failure::{Exit, Failure};
use crate::files;
use crate::output::Output;
use crate::render::text::count;

const AFTER_HELP: &str = "\
Without --dir, the page of clawc itself is printed; with it, that page and one for each subcommand are written, \
called clawc.1, clawc-check.1 and so on. Pages of these names are replaced.

Examples:
  clawc man | man -l -
  clawc man --dir ~/.local/share/man/man1";

/// Print or write the manual pages
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// The directory to write one page per subcommand to; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    // `help` would only repeat what the other pages say.
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let Some(dir) = &args.dir else {
        out.bytes(&page(root)?)?;
        return Ok(Exit::Clean);
    };
    fs::create_dir_all(dir).map_err(|error| Failure::io("make the directory", dir, &error))?;
    let pages = write_all(&root, dir)?;
    out.line(&format!("wrote {} to {}", count(pages, "page"), dir.display()))?;
    Ok(Exit::Clean)
}

/// Writes the page of a command and of all below it, and says how many there are.
fn write_all(command: &Command, dir: &Path) -> Result<usize, Failure> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let path = dir.join(format!("{name}.1"));
    files::write_atomically(&path, &page(command.clone())?)?;
    let below = command.get_subcommands().filter(|command| !command.is_hide_set());
    below.map(|command| write_all(command, dir)).try_fold(1, |pages, more| Ok(pages + more?))
}

fn page(mut command: Command) -> Result<Vec<u8>, Failure> {
    let after = command.get_after_long_help().or(command.get_after_help()).map(ToString::to_string).unwrap_or_default();
    command = command.after_help(None::<&str>).after_long_help(None::<&str>);
    let mut page = Vec::new();
    let man = Man::new(command).source(concat!("clawc ", env!("CARGO_PKG_VERSION"))).manual("claw");
    let rendered = man.render(&mut page);
    rendered.map_err(|error| Failure::new(format!("cannot draw the manual page: {error}")))?;
    page.extend(notes(&after).bytes());
    Ok(page)
}

/// What stands behind the options in `--help`, with the examples in a section of their own. Lines that are set in are
/// kept as they are.
fn notes(after: &str) -> String {
    let (prose, examples) = after.split_once("Examples:\n").unwrap_or((after, ""));
    let mut text = String::new();
    for (heading, body) in [("NOTES", prose), ("EXAMPLES", examples)] {
        if body.trim().is_empty() {
            continue;
        }
        text.push_str(&format!(".SH {heading}\n"));
        for paragraph in body.trim_end().split("\n\n") {
            let kept = paragraph.lines().any(|line| line.starts_with(' '));
            let lines: String = paragraph.lines().map(|line| format!("{}\n", escaped(line))).collect();
            text.push_str(&if kept { format!(".PP\n.nf\n{lines}.fi\n") } else { format!(".PP\n{lines}") });
        }
    }
    text
}

/// A line of text that no manual reader takes for a command.
fn escaped(line: &str) -> String {
    let line = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if line.starts_with('.') { format!("\\&{line}") } else { line }
}
