//! Approvals of calls that hooks decided, on the machine where the hooks run: a list, and votes from the command line.
//!
//! Who votes is whom the system says this process belongs to; which roles they hold is in `.claw/hook.toml`. Whoever can run
//! programs as a person can vote as that person: policies have to keep agents from this command.

use std::process::ExitCode;

use claw_engine::ledger::{Asking, AskingId};
use claw_engine::{Clock, Engine, SystemClock, Trust};
use claw_runtime::{Time, Vote};

use super::desk::{audit, ledger, lock};
use super::event::Host;
use super::setting::{Place, Setting, who};

/// Variables that commands of agents have. An agent can unset them; one that does so shows that it means to.
const AGENTS: [&str; 3] = ["CLAUDECODE", "CODEX_THREAD_ID", "OPENCLAW_SHELL"];

const AFTER_HELP: &str = "\
Exit status: 0 done, 1 the vote does not count, 2 wrong usage or unreadable files.

Examples:
  claw-gateway approvals list
  claw-gateway approvals show 3f9c01ab
  claw-gateway approvals grant 3f9c01ab --note \"agreed with the team\"";

/// List and answer the approvals that hooks ask for
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum What {
    /// List what waits for votes
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Show what is asked, as voters must see it
    Show {
        /// The beginning of its name
        id: String,
        #[command(flatten)]
        place: Place,
    },
    /// Agree to a call
    Grant(Voting),
    /// Refuse a call; nobody can overrule it
    Refuse(Voting),
}

#[derive(Clone, Debug, clap::Args)]
struct Voting {
    /// The beginning of its name
    id: String,
    /// Why; some approvals insist on it
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    place: Place,
}

/// Does what the command line says, and tells how the process is to end.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let done = match &args.what {
        What::List { place } => list(place),
        What::Show { id, place } => show(id, place),
        What::Grant(voting) => vote(voting, true),
        What::Refuse(voting) => vote(voting, false),
    };
    match done {
        Ok(text) => {
            // A pipe that was closed loses the text, not the vote.
            let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(Problem(code, text)) => {
            let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("error: {text}\n").as_bytes());
            ExitCode::from(code)
        }
    }
}

/// An exit status, and what is wrong.
struct Problem(u8, String);

impl From<String> for Problem {
    fn from(text: String) -> Problem {
        Problem(2, text)
    }
}

fn list(place: &Place) -> Result<String, Problem> {
    let (engine, _) = open(place)?;
    let askings = waiting(&engine)?;
    if askings.is_empty() {
        return Ok("nothing waits for a vote\n".to_owned());
    }
    let line = |asking: &Asking| {
        let tool = asking.shown.call.iter().find(|line| line.name == "tool").map_or("", |line| line.text.as_str());
        format!("{}  {}  {tool}  until {}\n", short(asking), asking.shown.approval, asking.expires_at.timestamp())
    };
    Ok(askings.iter().map(line).collect())
}

fn show(id: &str, place: &Place) -> Result<String, Problem> {
    let (engine, _) = open(place)?;
    Ok(one(&engine, id)?.shown.to_text())
}

fn vote(voting: &Voting, grant: bool) -> Result<String, Problem> {
    let place = &voting.place;
    if AGENTS.iter().any(|name| std::env::var_os(name).is_some()) {
        return Err(Problem(2, "agents do not vote: run this in a terminal of your own".to_owned()));
    }
    let (engine, setting) = open(place)?;
    let _lock = lock(&setting.data.join("hook.lock"))?;
    let person = who().ok_or_else(|| "the system does not say whom this process belongs to".to_owned())?;
    let roles = setting.people.get(&person).cloned().unwrap_or_default();
    let asking = one(&engine, &voting.id)?;
    let now = now()?;
    let vote = if grant { Vote::grant(person, now) } else { Vote::refuse(person, now) };
    let vote = Vote { roles, note: voting.note.clone(), ..vote };
    let asking = engine.vote(None, &asking.id, vote).map_err(|error| Problem(1, error.to_string()))?;
    Ok(format!("{} is {}\n", short(&asking), asking.state(now)))
}

/// The engine without a policy, which votes do not need.
fn open(place: &Place) -> Result<(Engine, Setting), String> {
    let setting = Setting::at(Host::Claude, place)?;
    if !setting.data.is_dir() {
        return Err(format!("no hook has kept anything in `{}` yet", setting.data.display()));
    }
    let engine = Engine::builder(Trust::anyone()).ledger(ledger(&setting.data)?).audit(audit(&setting.data)?).build();
    Ok((engine, setting))
}

fn waiting(engine: &Engine) -> Result<Vec<Asking>, String> {
    let ledger = engine.ledger().ok_or("there is no ledger")?;
    let (now, mut all, mut after) = (now()?, Vec::new(), None);
    loop {
        let page = ledger.open_askings(None, now, after.as_ref()).map_err(|error| error.to_string())?;
        all.extend(page.askings);
        after = page.next;
        if after.is_none() {
            return Ok(all);
        }
    }
}

fn one(engine: &Engine, id: &str) -> Result<Asking, Problem> {
    if let Ok(id) = id.parse::<AskingId>() {
        let ledger = engine.ledger().ok_or_else(|| "there is no ledger".to_owned())?;
        return ledger.get(None, &id).map_err(|error| Problem(1, error.to_string()));
    }
    let mut found: Vec<Asking> = waiting(engine)?.into_iter().filter(|asking| name(asking).starts_with(id)).collect();
    match (found.pop(), found.is_empty()) {
        (Some(asking), true) if !id.is_empty() => Ok(asking),
        (Some(_), _) => Err(Problem(2, format!("several askings begin with `{id}`"))),
        (None, _) => Err(Problem(1, format!("nothing that waits for a vote begins with `{id}`"))),
    }
}

fn name(asking: &Asking) -> String {
    asking.id.to_string().trim_start_matches("sha256:").to_owned()
}

fn short(asking: &Asking) -> String {
    name(asking).chars().take(12).collect()
}

fn now() -> Result<Time, String> {
    SystemClock.now().ok_or_else(|| "the time is not known".to_owned())
}
