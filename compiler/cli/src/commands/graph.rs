//! `clawc graph`: drawings of how a policy decides.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use claw_compiler::picture::{Drawer, Picture};
use claw_compiler::{Checked, compile, graph::Budget, suggest};
use claw_runtime::{Json, Policy};

use crate::failure::{Exit, Failure};
use crate::files;
use crate::output::Output;
use crate::policy;
use crate::project::Project;
use crate::render::text::visible;

const AFTER_HELP: &str = "\
Drawn are, for each tool, the grant, the tier, the matrix, and the rules and limits that can apply. With --request it \
is the way of that one call, with the values that decided; the decision is the one of `clawc eval`.

  mermaid  for Markdown, GitHub and GitLab
  dot      for Graphviz
  svg      a complete picture, drawn without any other program
  json     the picture as data, with the compiled graph itself

Without --format the ending of the --output file tells (.mmd, .dot, .svg, .json); otherwise it is mermaid.

Exit status: 0 drawn, 1 the policy has errors, 2 wrong usage or unreadable files.

Examples:
  clawc graph main.claw -o policy.svg
  clawc graph policies/ --tool send_email
  clawc graph policies/ --request request.json --format svg -o why.svg
  clawc graph main.claw --format dot | dot -Tpdf -o policy.pdf";

/// Draw how a policy decides: all of it, one tool, or one request
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// The policy: a file or a directory
    path: PathBuf,
    /// Only this tool, by its name in the policy
    #[arg(long, value_name = "NAME", conflicts_with = "request")]
    tool: Option<String>,
    /// The way of the request in this file; `-` is standard input
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    #[arg(long, value_enum)]
    format: Option<Drawing>,
    /// Where to write the drawing; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// `--format`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Drawing {
    Mermaid,
    Dot,
    Json,
    Svg,
}

impl Drawing {
    /// What the ending of a file's name asks for.
    fn of(path: &Path) -> Option<Drawing> {
        match path.extension()?.to_str()? {
            "mmd" | "mermaid" => Some(Drawing::Mermaid),
            "dot" | "gv" => Some(Drawing::Dot),
            "json" => Some(Drawing::Json),
            "svg" => Some(Drawing::Svg),
            _ => None,
        }
    }

    fn text(self, picture: &Picture) -> String {
        match self {
            Drawing::Mermaid => picture.to_mermaid(),
            Drawing::Dot => picture.to_dot(),
            Drawing::Json => picture.to_json(),
            Drawing::Svg => picture.to_svg(),
        }
    }
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let file = args.output.as_deref().filter(|path| *path != Path::new("-"));
    if let Some(path) = file.filter(|path| path.extension().is_some_and(|extension| extension == "claw")) {
        return Err(Failure::new(format!("`{}` has the ending of a policy in source form", path.display()))
            .help("name the drawing `….svg`, `….mmd`, `….dot` or `….json`"));
    }
    let root = files::root(&args.path)?;
    // Read before the policy is compiled: wrong names of files are told first.
    let request = args.request.as_deref().map(read_request).transpose()?;
    let project = Project::open(&root)?;
    let Some(checked) = policy::checked(&project, out)? else { return Ok(Exit::Findings) };
    let drawer = Drawer::new(&checked, &project.analysis.sources);
    let picture = match (&request, &args.tool) {
        (Some(request), _) => path(&drawer, &checked, &project, request)?,
        (None, Some(name)) => drawer.tool(name).ok_or_else(|| unknown_tool(name, &checked))?,
        (None, None) => drawer.policy(),
    };
    let format = args.format.or_else(|| Drawing::of(file?)).unwrap_or(Drawing::Mermaid);
    let text = format.text(&picture);
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    match file {
        Some(path) => {
            files::write_atomically(path, format!("{text}{newline}").as_bytes())?;
            out.line(&format!("wrote {}", path.display()))?;
        }
        None => out.print(&format!("{text}{newline}"))?,
    }
    Ok(Exit::Clean)
}

/// A request as bytes, to be decided, and as a value, to be drawn.
struct Request {
    bytes: Vec<u8>,
    json: Json,
}

fn read_request(path: &Path) -> Result<Request, Failure> {
    let bytes = files::read_input(path)?;
    let name = files::input_name(path);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Failure::new(format!("there is no request in {name}"))
            .help("a request is a JSON object; see `clawc eval --help`"));
    }
    match Json::parse(&bytes, &claw_runtime::Limits::default()) {
        Ok(json) => Ok(Request { bytes, json }),
        Err(error) => Err(Failure::new(visible(&format!("cannot draw the request in {name}: {error}")))
            .help("`clawc eval` shows the denial that it gets")),
    }
}

fn path(drawer: &Drawer<'_>, checked: &Checked, project: &Project, request: &Request) -> Result<Picture, Failure> {
    let bundle = compile(checked, &project.analysis.sources, Budget::default());
    let policy = Policy::from_bundle(bundle)
        .map_err(|error| Failure::new(format!("the compiled policy does not load: {error}")))?;
    let decision = policy::decide_alone(&policy, &request.bytes);
    drawer.path(&request.json, &decision).ok_or_else(|| match tool_name(&request.json) {
        Some(tool) => Failure::new(visible(&format!("the request is for `{tool}`, which the policy does not declare")))
            .help("it is denied as `unknown_tool`; there is no way to draw"),
        None => Failure::new("the request names no `tool`").help("it is denied as `invalid_request`"),
    })
}

/// What a request calls: a plain string, or an object with a name.
fn tool_name(request: &Json) -> Option<&str> {
    let tool = request.get("tool")?;
    tool.as_str().or_else(|| tool.get("name")?.as_str())
}

fn unknown_tool(name: &str, checked: &Checked) -> Failure {
    let names = || checked.package().tools.iter().map(|tool| tool.decl.name.as_str());
    let failure = Failure::new(visible(&format!("there is no tool `{name}` in this policy")));
    match suggest::nearest(name, names()) {
        Some(nearest) => failure.help(format!("did you mean `{nearest}`?")),
        None => failure.help(format!("it has {}", suggest::list(names()))),
    }
}
