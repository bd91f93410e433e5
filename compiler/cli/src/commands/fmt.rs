//! `clawc fmt`: the canonical layout.

use std::path::{Path, PathBuf};

use claw_compiler::Workspace;
use claw_syntax::FormatRefused;

use crate::diff;
use crate::failure::{Exit, Failure};
use crate::files;
use crate::output::{Output, Paint};
use crate::render::human::{self, Counts};
use crate::render::text::{count, visible};

const AFTER_HELP: &str = "\
Exit status: 0; with --check 1 if a file would change; 1 also if a file does not parse, which is then left as it is; \
2 wrong usage or unreadable files.

Examples:
  clawc fmt                    format every policy file under this directory
  clawc fmt main.claw
  clawc fmt --check policies/  change nothing, show what would change
  clawc fmt - < main.claw      from standard input to standard output";

/// Bring policy files into the canonical layout
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// Files, directories (with everything under them), or `-` for standard input [default: this directory]
    paths: Vec<PathBuf>,
    /// Change nothing, and show what would change
    #[arg(long)]
    check: bool,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    if args.paths.iter().any(|path| path == Path::new("-")) {
        if args.paths.len() > 1 {
            return Err(Failure::new("`-` stands for standard input and can't be combined with other paths"));
        }
        return format_stdin(args, out);
    }
    let mut exit = Exit::Clean;
    let (mut changed, mut total) = (0, 0);
    for path in files::all_sources(&args.paths)? {
        let text = files::read_source(&path)?;
        let name = path.display().to_string();
        total += 1;
        let Some(formatted) = format(&text, &name, out)? else {
            exit = Exit::Findings;
            continue;
        };
        if formatted == text {
            continue;
        }
        changed += 1;
        if args.check {
            exit = Exit::Findings;
            print_diff(&name, &text, &formatted, out)?;
        } else {
            files::write_atomically(&path, formatted.as_bytes())?;
            out.line(&format!("formatted {name}"))?;
        }
    }
    let verb = if args.check { "would change" } else { "changed" };
    out.line(&format!("{changed} of {} {verb}", count(total, "file")))?;
    Ok(exit)
}

fn format_stdin(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let text = files::source_text(files::read_stdin(files::MAX_SOURCE)?, Path::new("standard input"))?;
    let Some(formatted) = format(&text, "standard input", out)? else { return Ok(Exit::Findings) };
    if !args.check {
        out.print(&formatted)?;
        return Ok(Exit::Clean);
    }
    print_diff("standard input", &text, &formatted, out)?;
    Ok(if formatted == text { Exit::Clean } else { Exit::Findings })
}

/// The formatted text; or nothing, and the syntax errors on standard error.
fn format(text: &str, name: &str, out: &mut Output) -> Result<Option<String>, Failure> {
    match claw_syntax::format(text) {
        Ok(formatted) => Ok(Some(formatted)),
        Err(FormatRefused::SyntaxErrors(_)) => {
            report_errors(text, name, out);
            Ok(None)
        }
        Err(error) => Err(Failure::new(format!("cannot format `{name}`: {error}"))
            .help("this is a defect of clawc; the file is left as it is")),
    }
}

/// Prints the syntax errors of a file, which is then left as it is.
pub fn report_errors(text: &str, name: &str, out: &mut Output) {
    // The compiler turns syntax errors into findings; what else it finds is no business of the formatter.
    let mut workspace = Workspace::new();
    workspace.set_file("file.claw", text);
    let analysis = workspace.analyze("file.claw");
    let errors: Vec<_> =
        analysis.diagnostics.into_iter().filter(|finding| finding.code.as_str().starts_with("E00")).collect();
    let paint = out.err_paint();
    let drawn = human::diagnostics(&errors, &analysis.sources, &|_| name.to_owned(), paint);
    out.error(&format!("{drawn}{}; `{name}` is left as it is\n", Counts::of(&errors).summary(paint)));
}

fn print_diff(name: &str, old: &str, new: &str, out: &mut Output) -> Result<(), Failure> {
    let paint = out.paint();
    for line in diff::unified(name, old, new) {
        out.line(&painted(&visible(&line), paint))?;
    }
    Ok(())
}

fn painted(line: &str, paint: Paint) -> String {
    match line.as_bytes() {
        [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => paint.bold(line),
        [b'-', ..] => paint.red(line),
        [b'+', ..] => paint.green(line),
        [b'@', ..] => paint.cyan(line),
        _ => line.to_owned(),
    }
}
