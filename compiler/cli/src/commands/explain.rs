//! `clawc explain`: the page of a diagnostic.

use claw_compiler::diagnostics::{codes, page};
use claw_compiler::suggest;

use crate::failure::{Exit, Failure};
use crate::output::Output;

const AFTER_HELP: &str = "\
Examples:
  clawc explain E0101
  clawc explain --list";

/// Explain what a diagnostic means and how to mend it
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// The code as it stands in brackets behind `error` or `warning`, such as E0101
    #[arg(required_unless_present = "list")]
    code: Option<String>,
    /// List all codes
    #[arg(long, conflicts_with = "code")]
    list: bool,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let Some(code) = &args.code else {
        for info in codes::all() {
            out.line(&format!(
                "{}  {:<7}  {}",
                out.paint().bold(info.code.as_str()),
                info.severity.word(),
                info.title
            ))?;
        }
        return Ok(Exit::Clean);
    };
    let wanted = code.trim_matches(['[', ']']).to_uppercase();
    let Some(info) = codes::all().find(|info| info.code.as_str() == wanted) else { return Err(unknown(code, &wanted)) };
    match page(info.code.as_str()) {
        Some(page) => out.line(page.trim_end())?,
        None => {
            out.line(&format!("# {}: {}\n\nThis {} has no page yet.", info.code, info.title, info.severity.word()))?
        }
    }
    Ok(Exit::Clean)
}

fn unknown(written: &str, wanted: &str) -> Failure {
    let failure = Failure::new(format!("there is no diagnostic with the code `{written}`"));
    // Codes that share the most with what was written come first.
    let shared = |code: &str| code.bytes().zip(wanted.bytes()).take_while(|(a, b)| a == b).count();
    let mut near: Vec<&str> = codes::all().map(|info| info.code.as_str()).filter(|code| shared(code) >= 3).collect();
    near.sort_by_key(|code| (std::cmp::Reverse(shared(code)), *code));
    match suggest::nearest(wanted, codes::all().map(|info| info.code.as_str())) {
        Some(nearest) if near.is_empty() => failure.help(format!("did you mean `{nearest}`?")),
        _ if near.is_empty() => failure.help("`clawc explain --list` lists all codes"),
        _ => failure.help(format!("similar codes are {}", suggest::list(near.into_iter().take(5)))),
    }
}
