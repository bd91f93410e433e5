//! `clawc inspect`: what is in a bundle.

use std::path::PathBuf;
use std::sync::Arc;

use claw_engine::policies::{LoadFailure, Loaded, Policies, Trust, signature_path};
use claw_engine::signing::MAX_TEXT;
use claw_runtime::Digest;
use claw_runtime::bundle::{Bundle, ClauseKind, Kind, PatternDef};
use serde::Serialize;

use crate::Format;
use crate::failure::{Exit, Failure};
use crate::files;
use crate::keys;
use crate::output::{Output, Paint};
use crate::render::json;
use crate::render::text::{count, visible};

const AFTER_HELP: &str = "\
The digest names the bundle in every decision; the digests of the modules are those of their sources, so that a \
host can insist on a company's rules being part of it. A tool whose decision graph would have grown too large is \
decided clause by clause: the same decisions, more slowly.

With --verify, the bundle is accepted as a gateway accepts it: signed by one of the keys, the signature beside it \
(BUNDLE.minisig), a trusted comment of claw naming this bundle. --module demands a module with exactly that source.

Exit status: 0 shown, 1 the bundle is not what --verify or --module demand, 2 wrong usage or unreadable files.

Examples:
  clawc inspect policy.clawb
  clawc inspect policy.clawb --verify release.pub
  clawc inspect policy.clawb --module acme.company=sha256:…
  clawc inspect policy.clawb --format json";

/// Show what is in a compiled bundle
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// The bundle
    bundle: PathBuf,
    /// Demand a signature of this public key: a file, or the key in base64; of one of them, if given more than once
    #[arg(long, value_name = "PUB")]
    verify: Vec<String>,
    /// Where the signature is, if not beside the bundle
    #[arg(long, value_name = "FILE", requires = "verify")]
    signature: Option<PathBuf>,
    /// Demand a module whose source has this digest
    #[arg(long = "module", value_name = "PACKAGE=DIGEST", value_parser = module)]
    modules: Vec<(String, Digest)>,
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
    let loaded = match accepted(args, &bytes)? {
        Ok(loaded) => loaded,
        Err(failure) => return refuse(args, &failure, out),
    };
    let mut summary = summarise(loaded.policy.bundle(), loaded.policy.digest().to_string(), bytes.len());
    summary.signature = loaded.version.signer.map(|key| Signature {
        key: key.to_string(),
        trusted_comment: loaded.version.trusted_comment.clone().unwrap_or_default(),
    });
    match args.format {
        Format::Human => out.print(&human(&summary, out.paint()))?,
        Format::Json => out.print(&json::pretty(&summary)?)?,
    }
    Ok(Exit::Clean)
}

/// The bundle, if a gateway with these demands would accept it. What no gateway could load is a failure of the command,
/// unless something is demanded.
fn accepted(args: &Args, bytes: &[u8]) -> Result<Result<Arc<Loaded>, LoadFailure>, Failure> {
    let mut trust = Trust::anyone();
    let mut signature = None;
    if !args.verify.is_empty() {
        let keys = args.verify.iter().map(|key| keys::public(key)).collect::<Result<Vec<_>, _>>()?;
        trust = Trust::signed_by(keys);
        signature = read_signature(args)?;
    }
    trust = args.modules.iter().fold(trust, |trust, (package, digest)| trust.with_module(package, *digest));
    let policies = Policies::builder(trust).max_bytes(bytes.len()).build();
    let loaded = policies.load(None, bytes, signature.as_deref());
    match loaded {
        Err(LoadFailure::Bundle(error)) if args.verify.is_empty() => {
            Err(Failure::new(format!("cannot load `{}`: {error}", args.bundle.display())))
        }
        loaded => Ok(loaded),
    }
}

/// The text of the signature. One that should be beside the bundle may be missing: then it is not signed.
fn read_signature(args: &Args) -> Result<Option<String>, Failure> {
    let beside = signature_path(&args.bundle);
    let path = match &args.signature {
        Some(path) => path,
        None if beside.exists() => &beside,
        None => return Ok(None),
    };
    // What is no text is no signature either.
    let bytes = files::read_bytes(path, MAX_TEXT as u64)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Says why the bundle is not what is demanded. Nothing else of it is shown.
fn refuse(args: &Args, failure: &LoadFailure, out: &mut Output) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Refusal {
        error: &'static str,
        message: String,
    }
    let message = failure.to_string();
    match args.format {
        Format::Json => out.print(&json::pretty(&Refusal { error: failure.kind(), message })?)?,
        Format::Human => out.failure(&Failure::new(format!("`{}` is refused: {message}", args.bundle.display()))),
    }
    Ok(Exit::Findings)
}

/// `PACKAGE=sha256:…`
fn module(text: &str) -> Result<(String, Digest), String> {
    let (package, digest) = text.split_once('=').ok_or("a module is demanded as `package=sha256:…`")?;
    Ok((package.to_owned(), digest.parse()?))
}

#[derive(Debug, Serialize)]
struct Summary {
    package: String,
    digest: String,
    /// What was verified, if anything was to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<Signature>,
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
struct Signature {
    key: String,
    trusted_comment: String,
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
        signature: None,
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
            pattern_bytes: bundle.patterns.iter().map(size).sum(),
            constants: bundle.consts.len(),
        },
        tools: tools(bundle),
    }
}

/// The bytes of a pattern.
fn size(pattern: &PatternDef) -> usize {
    match pattern {
        PatternDef::Glob(text) => text.len(),
        PatternDef::Automaton(bytes) => bytes.len(),
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
    if let Some(signature) = &summary.signature {
        let comment = visible(&signature.trusted_comment);
        text.push_str(&format!("  signed with the key {}: {comment}\n", signature.key));
    }
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
