//! `clawc inspect`: what is in a bundle.

use std::path::PathBuf;

use claw_runtime::Policy;
use claw_runtime::bundle::{Bundle, ClauseKind, Kind};
use serde::Serialize;

use crate::Format;
use crate::failure::{Exit, Failure};
use crate::files;
use crate::output::{Output, Paint};
use crate::render::json;
use crate::render::text::{count, visible};

const AFTER_HELP: &str = "\
The digest names the bundle in every decision; the digests of the modules are those of their sources, so that a \
host can insist on a company's rules being part of it. A tool whose decision graph would have grown too large is \
decided clause by clause: the same decisions, more slowly.

Examples:
  clawc inspect policy.clawb
  clawc inspect policy.clawb --format json";

/// Show what is in a compiled bundle
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// The bundle
    bundle: PathBuf,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub fn run(args: &Args, out: &mut Output) -> Result<Exit, Failure> {
    let path = &args.bundle;
    let bytes = files::read_bytes(path, files::MAX_DATA)?;
    if !files::is_bundle(&bytes) && path.extension().is_some_and(|extension| extension == "claw") {
        return Err(Failure::new(format!("`{}` is a policy in source form, not a bundle", path.display()))
            .help(format!("compile it with `clawc build {} -o policy.clawb`", path.display())));
    }
    // The loader checks everything: what is shown here is what a host would run.
    let policy = Policy::from_bytes(&bytes)
        .map_err(|error| Failure::new(format!("cannot load `{}`: {error}", path.display())))?;
    let summary = summarise(policy.bundle(), policy.digest().to_string(), bytes.len());
    match args.format {
        Format::Human => out.print(&human(&summary, out.paint()))?,
        Format::Json => out.print(&json::pretty(&summary)?)?,
    }
    Ok(Exit::Clean)
}

#[derive(Debug, Serialize)]
struct Summary {
    package: String,
    digest: String,
    format: u32,
    bytes: usize,
    modules: Vec<Module>,
    environments: Vec<String>,
    tiers: Vec<String>,
    roles: Vec<String>,
    counts: Counts,
    tools: Vec<Tool>,
}

#[derive(Debug, Serialize)]
struct Module {
    name: String,
    file: String,
    digest: String,
}

#[derive(Debug, Serialize)]
struct Tool {
    name: String,
    kind: Kind,
    wire: String,
    server: Option<String>,
    tags: Vec<String>,
    pinned: Option<String>,
    /// Clauses that can apply.
    clauses: u32,
    /// False: decided clause by clause.
    graph: bool,
}

#[derive(Debug, Serialize)]
struct Counts {
    tools: usize,
    without_graph: usize,
    grants: usize,
    classify_arms: usize,
    matrix_cells: usize,
    rules: usize,
    limits: usize,
    shadow_clauses: usize,
    approvals: usize,
    atoms: usize,
    graph_nodes: usize,
    switches: usize,
    patterns: usize,
    pattern_bytes: usize,
    constants: usize,
}

fn summarise(bundle: &Bundle, digest: String, bytes: usize) -> Summary {
    let clauses = |kind| bundle.clauses.iter().filter(|clause| clause.kind == kind).count();
    let modules = bundle.modules.iter();
    Summary {
        package: bundle.package.clone(),
        digest,
        format: claw_runtime::bundle::FORMAT,
        bytes,
        modules: modules
            .map(|module| Module {
                name: module.name.clone(),
                file: module.file.clone(),
                digest: module.digest.to_string(),
            })
            .collect(),
        environments: bundle.environments.clone(),
        tiers: bundle.tiers.clone(),
        roles: bundle.roles.iter().map(|role| role.name.clone()).collect(),
        counts: Counts {
            tools: bundle.tools.len(),
            without_graph: bundle.tools.iter().filter(|tool| tool.roots.is_none()).count(),
            grants: clauses(ClauseKind::Grant),
            classify_arms: clauses(ClauseKind::Classify),
            matrix_cells: clauses(ClauseKind::Matrix),
            rules: clauses(ClauseKind::Rule),
            limits: clauses(ClauseKind::Limit),
            shadow_clauses: bundle.clauses.iter().filter(|clause| clause.shadow).count(),
            approvals: bundle.approvals.len(),
            atoms: bundle.atoms.len(),
            graph_nodes: bundle.nodes.len(),
            switches: bundle.switches.len(),
            patterns: bundle.patterns.len(),
            pattern_bytes: bundle.patterns.iter().map(Vec::len).sum(),
            constants: bundle.consts.len(),
        },
        tools: tools(bundle),
    }
}

fn tools(bundle: &Bundle) -> Vec<Tool> {
    let tag = |&tag: &u32| bundle.tags.get(tag as usize).cloned();
    let tool = |tool: &claw_runtime::bundle::ToolDef| Tool {
        name: tool.name.clone(),
        kind: tool.kind,
        wire: tool.wire.clone(),
        server: tool.server.clone(),
        tags: tool.tags.iter().filter_map(tag).collect(),
        pinned: tool.pinned.as_ref().map(ToString::to_string),
        clauses: tool.instances.len,
        graph: tool.roots.is_some(),
    };
    bundle.tools.iter().map(tool).collect()
}

fn human(summary: &Summary, paint: Paint) -> String {
    let c = &summary.counts;
    let mut text = format!("{}  {}\n", paint.bold(&visible(&summary.package)), summary.digest);
    text.push_str(&format!("  {} bytes, format {}\n", summary.bytes, summary.format));
    text.push_str(&format!("\n{}\n", paint.bold("modules")));
    for module in &summary.modules {
        text.push_str(&format!(
            "  {}  {}  {}\n",
            visible(&module.name),
            visible(&module.file),
            paint.dim(&module.digest)
        ));
    }
    let words = |title: &str, words: &[String], between: &str| match words {
        [] => String::new(),
        words => format!("{}  {}\n", paint.bold(&format!("{title:<12}")), visible(&words.join(between))),
    };
    text.push('\n');
    text.push_str(&words("environments", &summary.environments, ", "));
    text.push_str(&words("tiers", &summary.tiers, " < "));
    text.push_str(&words("roles", &summary.roles, ", "));
    let clauses = [
        count(c.grants, "grant"),
        count(c.classify_arms, "classify arm"),
        count(c.matrix_cells, "matrix cell"),
        count(c.rules, "rule"),
        count(c.limits, "limit"),
        count(c.approvals, "approval"),
    ];
    text.push_str(&words("clauses", &clauses, ", "));
    let graph = [
        count(c.graph_nodes, "node"),
        format!("{} tests", c.atoms),
        count(c.switches, "switch table"),
        format!("{} ({} bytes)", count(c.patterns, "pattern"), c.pattern_bytes),
    ];
    text.push_str(&words("graph", &graph, ", "));
    text.push_str(&format!("\n{}\n", paint.bold(&count(c.tools, "tool"))));
    for tool in &summary.tools {
        let mut facts = vec![count(tool.clauses as usize, "clause")];
        facts.extend((tool.wire != tool.name).then(|| format!("called `{}`", visible(&tool.wire))));
        facts.extend(tool.server.as_ref().map(|server| format!("on {}", visible(server))));
        facts.extend((!tool.tags.is_empty()).then(|| tool.tags.join(" ")));
        facts.extend(tool.pinned.as_ref().map(|_| "pinned".to_owned()));
        let slow = if tool.graph { String::new() } else { paint.yellow("  decided clause by clause") };
        text.push_str(&format!("  {}  {}{slow}\n", visible(&tool.name), paint.dim(&facts.join(", "))));
    }
    text
}
