//! `clawc query`: which roles can do what where, with and without approval.

use std::path::PathBuf;

use clap::ValueEnum;
use claw_compiler::proof::query::{Question, Reach, Row, Table, query};
use claw_compiler::proof::side::Side;
use claw_compiler::suggest;
use claw_runtime::bundle::ToolId;
use claw_runtime::glob_matches;

use crate::failure::{Exit, Failure};
use crate::files;
use crate::output::Output;
use crate::policy;
use crate::project::Project;
use crate::render;
use crate::render::text::visible;

const AFTER_HELP: &str = "\
The answer is a table of tools, roles and environments. A cell says what calls by an agent that holds this one role \
(with the roles that it includes) can get at best, whoever the acting user is and whatever else the request says:

  allow       every such call is allowed
  allow*      some are; a note says when
  needs NAME  none is allowed at once, and some wait for this approval; with a *, others are denied
  —           every such call is denied
  ?           it can't be told; a note says why

`—` and the absence of a `*` are proved for all requests. For the others there is a call that was decided by the \
runtime; --format json shows it. Of an agent that others delegated to, less may be allowed. Rows in which everything \
is denied are left out, unless --outcome asks for them.

Exit status: 0 answered, 1 the policy has errors, 2 wrong usage or unreadable files.

Examples:
  clawc query . --tool deploy --env prod         which roles can reach `deploy` in prod, and how?
  clawc query . --env prod --without-approval    who can do anything without approval in prod?
  clawc query . --role support --outcome any
  clawc query . --tool 'fs_*' --format markdown";

/// Tell which roles can do what where
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// The policy: a file or a directory
    path: PathBuf,
    /// Only these tools, by their names in the policy; `*` stands for any part of a name
    #[arg(long, value_name = "NAME")]
    tool: Vec<String>,
    /// Only these roles
    #[arg(long, value_name = "NAME")]
    role: Vec<String>,
    /// Only these environments
    #[arg(long, value_name = "NAME")]
    env: Vec<String>,
    /// Only rows with such a cell
    #[arg(long, value_enum)]
    outcome: Option<Wanted>,
    /// Only rows with something that needs no approval; the same as --outcome allow
    #[arg(long, conflicts_with = "outcome")]
    without_approval: bool,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// `--format`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Human,
    Json,
    Markdown,
}

/// `--outcome`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Wanted {
    Allow,
    Approval,
    Deny,
    Any,
}

impl Wanted {
    fn has(self, reach: Reach) -> bool {
        match self {
            Wanted::Allow => matches!(reach, Reach::Allow | Reach::Unknown),
            Wanted::Approval => matches!(reach, Reach::Approval | Reach::Unknown),
            Wanted::Deny => reach == Reach::Deny,
            Wanted::Any => true,
        }
    }
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let root = files::root(&args.path)?;
    let project = Project::open(&root)?;
    let Some(checked) = policy::checked(&project, out)? else { return Ok(Exit::Findings) };
    let side = Side::new(&checked, &project.analysis.sources)
        .map_err(|error| Failure::new(format!("the compiled policy does not load: {error}")))?;
    let tables = &side.lowered.tables;
    if tables.roles.is_empty() {
        return Err(Failure::new("this policy declares no roles, so nobody can do anything")
            .help("declare roles, and grant tools to them"));
    }
    let tools: Vec<&str> = tables.tools.iter().map(|tool| tool.name.as_str()).collect();
    let roles: Vec<&str> = tables.roles.iter().map(|role| role.name.as_str()).collect();
    let envs: Vec<&str> = tables.environments.iter().map(String::as_str).collect();
    let tool_ids = chosen("tool", &args.tool, &tools)?.into_iter().filter_map(|at| u32::try_from(at).ok());
    let question = Question {
        tools: tool_ids.map(ToolId).collect(),
        roles: chosen("role", &args.role, &roles)?,
        environments: chosen("environment", &args.env, &envs)?,
    };
    let mut table = query(&side, &question);
    let asked = table.rows.len();
    let wanted = if args.without_approval { Some(Wanted::Allow) } else { args.outcome };
    keep(&mut table, wanted);
    let left_out = asked - table.rows.len();
    let show = |file: &str| project.show(file);
    match args.format {
        Format::Human => out.print(&render::query::human(&table, left_out, &show, out.paint()))?,
        Format::Markdown => out.print(&render::query::markdown(&table, left_out, &show))?,
        Format::Json => out.line(&render::query::json(&table))?,
    }
    Ok(Exit::Clean)
}

fn keep(table: &mut Table, wanted: Option<Wanted>) {
    let has = |row: &Row, test: &dyn Fn(Reach) -> bool| row.cells.iter().any(|cell| test(cell.reach));
    table.rows.retain(|row| match wanted {
        Some(wanted) => has(row, &|reach| wanted.has(reach)),
        None => has(row, &|reach| reach != Reach::Deny),
    });
}

/// The indices of the names that were asked for; all, if none was.
fn chosen(what: &str, wanted: &[String], names: &[&str]) -> Result<Vec<usize>, Failure> {
    if wanted.is_empty() {
        return Ok((0..names.len()).collect());
    }
    let mut out: Vec<usize> = Vec::new();
    for pattern in wanted {
        let hits: Vec<usize> = (0..names.len()).filter(|at| glob_matches(pattern, names[*at])).collect();
        if hits.is_empty() {
            let failure = Failure::new(visible(&format!("there is no {what} `{pattern}` in this policy")));
            return Err(match suggest::nearest(pattern, names.iter().copied()) {
                Some(nearest) => failure.help(format!("did you mean `{nearest}`?")),
                None => failure.help(format!("it has {}", suggest::list(names.iter().copied()))),
            });
        }
        out.extend(hits);
    }
    out.sort_unstable();
    out.dedup();
    Ok(out)
}
