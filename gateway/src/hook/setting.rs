//! Where a hook finds things, and what it says about the caller: flags, the environment of the process, `.claw/hook.toml`.
//!
//! All of it is the host's word. Nothing here comes from the event but the folder names of the project that flags and
//! environment leave open.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use claw_runtime::{AgentInput, Json, Limits, UserInput};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::Args;
use super::event::Host;

/// The folder of a project that says it is guarded.
const FOLDER: &str = ".claw";
/// The longest configuration.
const CONFIG: u64 = 1 << 20;

/// Where things are.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Place {
    /// The project; the host's own word for it, or the nearest folder with a `.claw` from the working directory upwards
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// The policy: a folder, a `.claw` file or a bundle
    #[arg(long, value_name = "PATH")]
    pub policy: Option<PathBuf>,
    /// Where past calls, askings and the audit log are kept
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// What else is to be known about the caller
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// What an allowed call means to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum OnAllow {
    /// Its own rules still apply: claw restricts and never widens
    #[default]
    Defer,
    /// It does not ask its user
    Allow,
}

/// Everything that is known before the event is looked at.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The project's folder, absolute.
    pub project: PathBuf,
    /// The policy.
    pub policy: PathBuf,
    /// Files of public keys: with any, only a bundle that one of them signed is used.
    pub signed_by: Vec<PathBuf>,
    /// The folder for everything that is kept.
    pub data: PathBuf,
    /// Where calls take effect.
    pub environment: String,
    /// The agent.
    pub agent: AgentInput,
    /// The person it works for.
    pub user: Option<UserInput>,
    /// Facts, `project` among them.
    pub context: Json,
    /// Roles of people who may vote here.
    pub people: BTreeMap<String, Vec<String>>,
    /// What an allowed call means.
    pub on_allow: OnAllow,
    /// Whether all sessions of the project are one.
    pub one_session: bool,
}

/// `.claw/hook.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    policy: Option<PathBuf>,
    #[serde(default)]
    signed_by: Vec<PathBuf>,
    data: Option<PathBuf>,
    environment: Option<String>,
    on_allow: Option<OnAllow>,
    session: Option<SessionBy>,
    agent: Option<Principal>,
    user: Option<Principal>,
    #[serde(default)]
    context: toml::Table,
    #[serde(default)]
    people: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SessionBy {
    Host,
    Project,
}

#[derive(Debug, Deserialize)]
struct Principal {
    id: Option<String>,
    roles: Option<Vec<String>>,
    owner: Option<String>,
    #[serde(flatten)]
    attrs: toml::Table,
}

impl Setting {
    /// What flags, environment and configuration say.
    ///
    /// # Errors
    /// What is missing or wrong, for the reason of a block.
    pub fn find(args: &Args) -> Result<Setting, String> {
        let mut setting = Setting::at(args.host, &args.place)?;
        if let Some(environment) = args.environment.clone().or_else(|| variable("CLAW_ENVIRONMENT")) {
            setting.environment = environment;
        }
        setting.on_allow = args.on_allow.unwrap_or(setting.on_allow);
        Ok(setting)
    }

    /// The same without what only an event needs.
    pub fn at(host: Host, place: &Place) -> Result<Setting, String> {
        let project = project(host, place)?;
        let folder = project.join(FOLDER);
        let named = place.config.is_some();
        let config = place.config.clone().unwrap_or_else(|| folder.join("hook.toml"));
        let file = File::read(&config, named)?;
        let beside = config.parent().unwrap_or(Path::new("")).to_owned();
        let from_file = |path: &PathBuf| beside.join(path);
        let policy = place.policy.clone().or_else(|| file.policy.as_ref().map(from_file));
        let policy = policy.map_or_else(|| default_policy(&folder), Ok)?;
        let data = place.data.clone().or_else(|| file.data.as_ref().map(from_file));
        let data = data.map_or_else(|| default_data(&project), Ok)?;
        let environment = file.environment.clone().unwrap_or_else(|| {
            if variable("CI").is_some_and(|value| value != "false" && value != "0") { "ci" } else { "laptop" }
                .to_owned()
        });
        Ok(Setting {
            policy,
            signed_by: file.signed_by.iter().map(from_file).collect(),
            data: absolute(data)?,
            environment,
            agent: agent(host, file.agent)?,
            user: user(file.user)?,
            context: context(&project, file.context)?,
            people: file.people,
            on_allow: file.on_allow.unwrap_or_default(),
            one_session: matches!(file.session, Some(SessionBy::Project)),
            project,
        })
    }
}

impl File {
    fn read(path: &Path, wanted: bool) -> Result<File, String> {
        let meta = match std::fs::metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !wanted => return Ok(File::default()),
            other => other.map_err(|error| format!("cannot read `{}`: {error}", path.display()))?,
        };
        if meta.len() > CONFIG {
            return Err(format!("`{}` is too long", path.display()));
        }
        let text =
            std::fs::read_to_string(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
        toml::from_str(&text).map_err(|error| format!("`{}` is wrong: {}", path.display(), error.message()))
    }
}

/// The project. The folder that an event names is none: in some hosts the model can choose it.
fn project(host: Host, place: &Place) -> Result<PathBuf, String> {
    if let Some(project) = &place.project {
        return absolute(project.clone());
    }
    if host == Host::Claude
        && let Some(project) = variable("CLAUDE_PROJECT_DIR")
    {
        return absolute(project.into());
    }
    let here = env::current_dir().map_err(|error| format!("the working directory is not known: {error}"))?;
    let guarded = here.ancestors().find(|folder| folder.join(FOLDER).is_dir());
    Ok(guarded.unwrap_or(&here).to_owned())
}

fn default_policy(folder: &Path) -> Result<PathBuf, String> {
    let bundle = folder.join("policy.clawb");
    let sources = folder.join("policy");
    match (bundle.exists(), sources.exists()) {
        (true, false) => Ok(bundle),
        (false, true) => Ok(sources),
        (true, true) => Err(format!(
            "`{}` and `{}` are both there: say `policy = …` in `hook.toml`",
            bundle.display(),
            sources.display()
        )),
        (false, false) => Err(format!("there is no policy in `{}`; `clawc init --for` writes one", folder.display())),
    }
}

/// Outside of the project, where nobody commits it: a folder for each project.
fn default_data(project: &Path) -> Result<PathBuf, String> {
    let home = || variable("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let state = variable("XDG_STATE_HOME").map(PathBuf::from).or_else(home);
    let state = state.ok_or("there is no `HOME`: say where to keep things with --data")?;
    let real = project.canonicalize().unwrap_or_else(|_| project.to_owned());
    let digest = Sha256::digest(real.as_os_str().as_encoded_bytes());
    let short: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let name = real.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(state.join("claw").join(format!("{name}-{short}")))
}

fn agent(host: Host, told: Option<Principal>) -> Result<AgentInput, String> {
    let mut agent = AgentInput::new(host.name());
    agent.roles = vec!["coder".to_owned()];
    if let Some(told) = told {
        agent.id = told.id.unwrap_or(agent.id);
        agent.roles = told.roles.unwrap_or(agent.roles);
        agent.owner = told.owner;
        agent.attrs = attributes(told.attrs)?;
    }
    Ok(agent)
}

fn user(told: Option<Principal>) -> Result<Option<UserInput>, String> {
    let login = || variable("USER").or_else(|| variable("LOGNAME")).or_else(who);
    let Some(told) = told else { return Ok(login().map(UserInput::new)) };
    let Some(id) = told.id.or_else(login) else { return Ok(None) };
    let mut user = UserInput::new(id);
    user.roles = told.roles.unwrap_or_default();
    user.attrs = attributes(told.attrs)?;
    Ok(Some(user))
}

/// Who runs this process, as the system knows it; no variable can say otherwise.
pub fn who() -> Option<String> {
    let path = ["/usr/bin/id", "/bin/id"].into_iter().find(|path| Path::new(path).exists())?;
    let output = Command::new(path).arg("-un").output().ok().filter(|output| output.status.success())?;
    let name = String::from_utf8(output.stdout).ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn context(project: &Path, told: toml::Table) -> Result<Json, String> {
    let mut fields = attributes(told)?;
    if let Some(project) = project.to_str() {
        fields.retain(|(name, _)| name != "project");
        fields.push(("project".to_owned(), Json::str(project)));
    }
    Ok(Json::Obj(fields.into_iter().map(|(name, value)| (name.into(), value)).collect()))
}

fn attributes(table: toml::Table) -> Result<Vec<(String, Json)>, String> {
    let wrong = |name: &str, error: String| format!("`{name}` in `hook.toml` can't be used: {error}");
    let value = |(name, value): (String, toml::Value)| {
        let text = serde_json::to_string(&value).map_err(|error| wrong(&name, error.to_string()))?;
        let json = Json::parse(text.as_bytes(), &Limits::default()).map_err(|error| wrong(&name, error.to_string()))?;
        Ok((name, json))
    };
    table.into_iter().map(value).collect()
}

fn absolute(path: PathBuf) -> Result<PathBuf, String> {
    std::path::absolute(&path).map_err(|error| format!("`{}` can't be found: {error}", path.display()))
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
