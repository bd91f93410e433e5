//! `clawc init`: a policy to start from.

mod agents;
mod template;

use std::fs;
use std::io::{self, BufRead, IsTerminal};
use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;
use claw_compiler::import::{Declarations, Options};
use claw_compiler::{Checked, Workspace, testing};

use crate::commands::import;
use crate::failure::{Exit, Failure};
use crate::files;
use crate::output::Output;
use crate::render::text::{count, visible};
use template::Answers;

/// As many calls are tried until one fits the tool that it is for.
const TRIES: usize = 8;

const AFTER_HELP: &str = "\
Writes main.claw, which checks without a finding and whose tests pass. On a terminal you are asked for two names; \
otherwise, and with --yes, the package is called after the directory and the agent's role is `assistant`.

With --from mcp, the tools are those of a server (what it answers to `tools/list`), and nothing is granted outright: \
every call waits for a person's consent until you have looked at its tool.

With --for, DIR is a project in which a coding agent works: .claw/policy/main.claw is written, unless there is one, and \
the agent's configuration gets a hook that asks it before each call. What else is in there stays.

Exit status: 0 written, 2 there is a policy already, wrong usage or unreadable files.

Examples:
  clawc init
  clawc init policies/ --name acme.support --yes
  clawc init policies/ --from mcp tools.json --server files --pin
  clawc init --for claude-code";

/// Start a policy
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// Where to write main.claw; the directory is made if it is not there
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    directory: PathBuf,
    /// Import the tools from a manifest; the only KIND is `mcp`, and `-` is standard input
    #[arg(long, num_args = 2, value_names = ["KIND", "FILE"])]
    from: Option<Vec<String>>,
    /// With --from: declare everything `on server "SERVER"`
    #[arg(long, value_name = "SERVER", requires = "from", value_parser = NonEmptyStringValueParser::new())]
    server: Option<String>,
    /// With --from: add the digest of each definition, so that a changed one is denied
    #[arg(long, requires = "from")]
    pin: bool,
    /// Guard a coding agent in the project DIR: a policy, and the hook that asks it
    #[arg(long = "for", value_enum, value_name = "AGENT", conflicts_with = "from")]
    agent: Option<agents::Agent>,
    /// With --for: show what would be written
    #[arg(long, requires = "agent")]
    print: bool,
    /// The package's name
    #[arg(long, value_name = "PKG")]
    name: Option<String>,
    /// Ask nothing
    #[arg(short, long)]
    yes: bool,
    /// Replace a main.claw that is there already
    #[arg(long)]
    force: bool,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    if let Some(agent) = args.agent {
        let (directory, name) = (args.directory.as_path(), args.name.as_deref());
        return agents::run(agents::Wish { agent, directory, name, force: args.force, print: args.print }, out);
    }
    let path = files::tidy(&args.directory.join("main.claw"));
    if !args.force && path.symlink_metadata().is_ok() {
        return Err(Failure::new(format!("there is a policy already: `{}`", path.display()))
            .help("name another directory, or replace it with --force"));
    }
    let declarations = args.from.as_deref().map(|from| manifest(from, args, out)).transpose()?;
    let answers = answers(args, out)?;
    let text = match &declarations {
        None => finished(&template::starter(&answers))
            .ok_or_else(|| Failure::new("the policy to start from does not check; this is a defect of clawc"))?,
        Some(declarations) => imported(&answers, declarations)?,
    };
    fs::create_dir_all(&args.directory).map_err(|error| Failure::io("make the directory", &args.directory, &error))?;
    files::write_atomically(&path, text.as_bytes())?;
    out.print(&next_steps(&path, args, declarations.as_ref()))?;
    Ok(Exit::Clean)
}

fn manifest(from: &[String], args: &Args, out: &mut Output) -> Result<Declarations, Failure> {
    let (kind, file) = match from {
        [kind, file] => (kind.as_str(), Path::new(file)),
        _ => return Err(Failure::new("--from needs a kind and a file: `--from mcp tools.json`")),
    };
    if kind != "mcp" {
        return Err(Failure::new(visible(&format!("tools can't be imported from `{kind}`")))
            .help("it is `--from mcp FILE`, with a server's answer to `tools/list`"));
    }
    let declarations = import::read(file, &Options { server: args.server.clone(), pin: args.pin })?;
    import::warn(&declarations, out);
    Ok(declarations)
}

/// The policy over imported tools, with a test of the first call that fits its tool.
fn imported(answers: &Answers, declarations: &Declarations) -> Result<String, Failure> {
    let calls = template::calls(declarations);
    let tried = calls.iter().take(TRIES).map(|call| Some(call.as_str())).chain([None]);
    tried.map(|call| template::imported(answers, declarations, call)).find_map(|text| finished(&text)).ok_or_else(
        || {
            Failure::new("the imported declarations do not make a policy without findings")
                .help("`clawc import mcp FILE > main.claw` and `clawc check main.claw` show what is in the way")
        },
    )
}

/// The text in canonical layout, if it checks without a finding and its tests pass.
fn finished(text: &str) -> Option<String> {
    let text = claw_syntax::format(text).ok()?;
    let analysis = analysis(&text);
    if !analysis.diagnostics.is_empty() {
        return None;
    }
    let checked = Checked::new(analysis.package.clone(), false)?;
    let results = testing::run(&checked, &analysis.sources, None).ok()?;
    results.iter().all(testing::TestResult::passed).then_some(text)
}

fn analysis(text: &str) -> claw_compiler::Analysis {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", text);
    workspace.analyze("main.claw")
}

/// What only the author can know, asked where somebody is there to answer.
fn answers(args: &Args, out: &mut Output) -> Result<Answers, Failure> {
    let package = args.name.clone();
    if let Some(name) = &package
        && !is_package(name)
    {
        return Err(Failure::new(visible(&format!("`{name}` can't be the name of a package")))
            .help("it is made of words with dots between them, such as `acme.support`"));
    }
    let mut answers =
        Answers { package: package.unwrap_or_else(|| package_of(&args.directory)), role: "assistant".to_owned() };
    if args.yes || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(answers);
    }
    if args.name.is_none() {
        answers.package = ask("The package's name", answers.package, is_package, out)?;
    }
    answers.role = ask("The agent's role", answers.role, is_role, out)?;
    Ok(answers)
}

/// Asks until there is an answer that fits; none is the default.
fn ask(question: &str, default: String, fits: fn(&str) -> bool, out: &mut Output) -> Result<String, Failure> {
    let paint = out.err_paint();
    loop {
        out.error(&format!("{} [{default}]: ", paint.bold(question)));
        let mut line = String::new();
        let failed = |error| Failure::io("read", Path::new("standard input"), &error);
        let end = io::stdin().lock().read_line(&mut line).map_err(failed)? == 0;
        let answer = line.trim();
        if answer.is_empty() || end {
            return Ok(default);
        }
        if fits(answer) {
            return Ok(answer.to_owned());
        }
        out.error(&format!("`{}` is no name here; letters, digits and `_` make one\n", visible(answer)));
    }
}

/// Letters, digits and `_`, not a word of the language, as the compiler sees it; and with `dots`, several of these.
fn is_name(name: &str, dots: bool, text: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || (dots && c == '.'))
        && !claw_syntax::parse(text).has_errors()
}

fn is_package(name: &str) -> bool {
    is_name(name, true, &format!("package {name}\n"))
}

fn is_role(name: &str) -> bool {
    is_name(name, false, &format!("roles {name}\n"))
}

/// The directory's name, made into one that a package can have.
fn package_of(directory: &Path) -> String {
    // A directory that is not there yet has the name that is written; `.` and `..` are looked up.
    let full = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
    let name = full.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let name = name.trim_matches('_');
    if is_package(name) { name.to_owned() } else { "policy".to_owned() }
}

fn next_steps(path: &Path, args: &Args, declarations: Option<&Declarations>) -> String {
    let shown = path.display();
    let directory = shell_word(&files::tidy(&args.directory));
    let what = match declarations {
        None => String::new(),
        Some(declarations) => format!(", with {}", count(declarations.items.len(), "declaration")),
    };
    let first = match declarations {
        None => format!("edit {shown}: put your own tools in"),
        Some(_) => format!("edit {shown}: review the tools, one line of the scope at a time"),
    };
    let commands =
        [("check", "what is wrong or still open"), ("test", "run the tests in it"), ("graph", "draw how it decides")];
    let here = directory == ".";
    let command = |name: &str| match (name, here) {
        ("graph", true) => "clawc graph . -o policy.svg".to_owned(),
        ("graph", false) => format!("clawc graph {} -o policy.svg", directory),
        (name, true) => format!("clawc {name}"),
        (name, false) => format!("clawc {name} {}", directory),
    };
    let width = commands.iter().map(|(name, _)| command(name).chars().count()).max().unwrap_or(0);
    let lines: String = commands.iter().map(|(name, why)| format!("  {:<width$}  {why}\n", command(name))).collect();
    format!("wrote {shown}{what}\n\nNext:\n  {first}\n{lines}")
}

/// A path as it is typed at a prompt.
fn shell_word(path: &Path) -> String {
    let path = visible(&path.display().to_string());
    let plain = |c: char| c.is_alphanumeric() || "_-./\\:".contains(c);
    if path.chars().all(plain) { path } else { format!("'{}'", path.replace('\'', "'\\''")) }
}
