//! Where calls are decided and settled: the engine over what the data folder keeps.
//!
//! One process at a time has the folder: parallel calls of one turn wait for each other for some milliseconds, so limits are
//! exact and the audit log has one writer.
//!
//! **Confirmations by the user.** Where all that is missing is the acting user's own word, the host can ask for it, and
//! tells nobody of the answer until the call has run. So the call begins before the user is asked: its share of limits is
//! reserved and its labels are there while the host asks. The vote that this needs says in its note that it holds only if
//! the user agrees in the host's prompt. A call that is refused there is settled as not executed where the host says so,
//! and stays charged where it does not.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use claw_engine::audit::{AuditLog, FileOptions, FileSink, Options};
use claw_engine::ledger::{Asking, Ledger, SqliteStore, State};
use claw_engine::signing::PublicKey;
use claw_engine::{Call, Clock, Engine, SqliteState, SystemClock, Trust};
use claw_runtime::bundle::Kind;
use claw_runtime::{Outcome, RequestInput, SessionScope, SettleOutcome, Vote};

use super::answer::Answer;
use super::cache::{self, Bundle, From};
use super::claude::ASKS;
use super::event::{After, Before, limits};
use super::paths::Paths;
use super::setting::{OnAllow, Setting};
use crate::words;

/// The note of a vote that the host's prompt has the last word on.
const PROMPTED: &str = "left to the host's own prompt: it holds only if the user agrees there";
/// How long another hook may have the folder.
const PATIENCE: Duration = Duration::from_secs(60);
/// The session of all calls of a project, where its sessions are one.
const PROJECT: &str = "project";
/// Bytes of a segment of the audit log. Each hook reads the last one.
const SEGMENT: u64 = 1 << 20;
/// How often what is no longer needed is forgotten.
const TIDY: Duration = Duration::from_secs(24 * 60 * 60);
const DAY: claw_runtime::Duration = claw_runtime::Duration::from_millis(24 * 60 * 60 * 1000);
const MONTH: claw_runtime::Duration = claw_runtime::Duration::from_millis(30 * 24 * 60 * 60 * 1000);

/// What a hook needs to decide and to settle.
#[derive(Debug)]
pub struct Desk {
    setting: Setting,
    engine: Engine,
    state: Arc<SqliteState>,
    /// Other hooks wait for it.
    _lock: File,
}

impl Desk {
    /// Waits for the data folder and opens what is in it, or makes it. Settling needs no policy.
    ///
    /// # Errors
    /// What can't be opened, read or written.
    pub fn open(setting: Setting, with_policy: bool) -> Result<Desk, String> {
        let data = &setting.data;
        private_folder(data)?;
        let lock = lock(&data.join("hook.lock"))?;
        let bundle = with_policy.then(|| cache::bundle(&setting.policy, data)).transpose()?;
        // Every hook loads the policy. The log says so once.
        let marker = data.join("policy.recorded");
        let name = bundle.as_ref().map(|bundle| bundle.digest.to_string()).unwrap_or_default();
        let recorded = fs::read_to_string(&marker).is_ok_and(|there| there == name);
        let state =
            SqliteState::open(data.join("state.db")).map_err(|error| format!("past calls can't be opened: {error}"))?;
        let state = Arc::new(state);
        let engine = Engine::builder(trust(&setting)?)
            .shared_state(Arc::clone(&state) as claw_engine::SharedState)
            .ledger(ledger(data)?)
            .audit(audit(data)?)
            .limits(limits())
            .records_loads(!recorded)
            .build();
        if let Some(bundle) = bundle {
            load(&engine, &bundle)?;
            if !recorded {
                let failed = |error: std::io::Error| format!("cannot write `{}`: {error}", marker.display());
                fs::write(&marker, &name).map_err(failed)?;
            }
        }
        Ok(Desk { setting, engine, state, _lock: lock })
    }

    /// Decides a call and reserves what it needs.
    pub fn before(&self, call: &Before) -> Answer {
        match self.begin(call) {
            Ok(answer) => answer,
            Err(error) => Answer::Deny(error),
        }
    }

    fn begin(&self, call: &Before) -> Result<Answer, String> {
        let input = self.request(call)?;
        let begun = self.engine.begin(input.clone());
        match begun.decision().outcome {
            Outcome::Allow => self.allowed(&begun),
            Outcome::Deny => Ok(Answer::Deny(words::denial(&begun))),
            Outcome::RequireApproval => self.ask(call, &begun, input),
        }
    }

    /// The call as a request. Only its arguments come from the model.
    fn request(&self, call: &Before) -> Result<RequestInput, String> {
        let setting = &self.setting;
        let mut agent = setting.agent.clone();
        if call.delegated {
            // Of the same name, so that it has no limits of its own.
            agent.chain.push(setting.agent.clone());
        }
        let mut input = RequestInput {
            call_id: Some(call.call_id.clone()),
            session: Some(self.session(&call.session)),
            environment: setting.environment.clone(),
            agent,
            user: setting.user.clone(),
            tool: call.tool.clone(),
            server: call.server.clone(),
            args: call.args.clone(),
            context: Some(setting.context.clone()),
            ..RequestInput::default()
        };
        let loaded = self.engine.policies().current(None).ok_or("there is no policy")?;
        if let Some(tool) = loaded.policy.tool(Kind::Tool, call.server.as_deref(), &call.tool) {
            let project = &setting.project;
            let mut paths = Paths {
                schema: &loaded.policy.bundle().schema,
                cwd: call.cwd.as_deref().map(Path::new).filter(|cwd| cwd.is_absolute()),
                project,
                real: project.canonicalize().unwrap_or_else(|_| project.clone()),
                resolved: Default::default(),
            };
            paths.fields(&mut input.args, &tool.params, "/args");
            input.resolved = paths.resolved;
        }
        Ok(input)
    }

    fn session(&self, told: &str) -> String {
        if self.setting.one_session { PROJECT.to_owned() } else { told.to_owned() }
    }

    /// A call that is allowed only because of a vote that the host's prompt has the last word on is asked about, each time.
    fn allowed(&self, call: &Call) -> Result<Answer, String> {
        let (Some(ledger), Some(digest)) = (self.engine.ledger(), call.decision().request_digest) else {
            return Err("the request has no digest".to_owned());
        };
        let askings = ledger.of_request(None, &digest).map_err(|error| error.to_string())?;
        let prompted =
            askings.iter().find(|asking| asking.votes.iter().any(|vote| vote.note.as_deref() == Some(PROMPTED)));
        Ok(match prompted {
            Some(asking) => Answer::Ask(question(asking)),
            None if self.setting.on_allow == OnAllow::Allow => Answer::Allow,
            None => Answer::Pass,
        })
    }

    /// Asks whom the approvals name: the user through the host, where that is enough, others in the ledger.
    fn ask(&self, told: &Before, call: &Call, input: RequestInput) -> Result<Answer, String> {
        let askings = self.engine.ask(call).map_err(|error| format!("{}\n{error}", words::denial(call)))?;
        let now = SystemClock.now().ok_or("the time is not known")?;
        let open: Vec<&Asking> = askings.iter().filter(|asking| asking.state(now) == State::Open).collect();
        let users = |asking: &&Asking| asking.ballot.by_user && asking.ballot.by.is_empty();
        let user = self.setting.user.as_ref();
        let (true, Some(user)) = (told.can_ask && !open.is_empty() && open.iter().all(users), user) else {
            return Ok(Answer::Deny(waiting(call, &open)));
        };
        for asking in &open {
            let vote = Vote { roles: user.roles.clone(), ..Vote::grant(user.id.clone(), now) }.note(PROMPTED);
            self.engine.vote(None, &asking.id, vote).map_err(|error| error.to_string())?;
        }
        let begun = self.engine.begin(input);
        match (begun.is_allowed(), open.first()) {
            (true, Some(asking)) => Ok(Answer::Ask(question(asking))),
            _ => Ok(Answer::Deny(words::denial(&begun))),
        }
    }

    /// Settles calls that have ended.
    ///
    /// # Errors
    /// What could not be kept. The calls have run nevertheless.
    pub fn after(&self, end: &After) -> Result<(), String> {
        let session = self.session(&end.session);
        let scope = SessionScope { tenant: None, session: Some(&session), parent_session: None };
        for (id, how, result) in &end.calls {
            let settled = self.engine.settle_by_id(&scope, id, *how, result.as_deref());
            match settled {
                // Of a call that was denied, nothing is known; one that was settled stays so.
                Ok(SettleOutcome::Settled | _) => {}
                Err(error) => return Err(format!("how the call `{id}` ended could not be kept: {error}")),
            }
        }
        self.tidy()
    }

    /// Forgets, once a day, what can't matter any more.
    fn tidy(&self) -> Result<(), String> {
        let marker = self.setting.data.join("tidied");
        let age = fs::metadata(&marker).and_then(|meta| meta.modified()).ok().and_then(|at| at.elapsed().ok());
        if age.is_some_and(|age| age < TIDY) {
            return Ok(());
        }
        let now = SystemClock.now().ok_or("the time is not known")?;
        if let (Some(month), Some(day)) = (now.checked_sub(MONTH), now.checked_sub(DAY)) {
            self.state.forget_before(month).map_err(|error| error.to_string())?;
            if let Some(ledger) = self.engine.ledger() {
                ledger.forget(day).map_err(|error| error.to_string())?;
            }
        }
        fs::write(&marker, "").map_err(|error| format!("cannot write `{}`: {error}", marker.display()))
    }
}

fn load(engine: &Engine, bundle: &Bundle) -> Result<(), String> {
    let loaded = match &bundle.from {
        From::File(file) => engine.load_file(None, file),
        From::Sources(bytes) => engine.load(None, bytes, None),
    };
    loaded.map(drop).map_err(|error| format!("the policy can't be used: {error}"))
}

/// A data folder that only its owner can look into.
pub fn private_folder(data: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("cannot make `{}`: {error}", data.display());
    if data.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(data).map_err(failed)
}

/// Waits until no other process has the folder. The system gives it back when a process dies.
pub fn lock(path: &Path) -> Result<File, String> {
    let failed = |error: std::io::Error| format!("cannot open `{}`: {error}", path.display());
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(failed)?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(2)),
            Err(TryLockError::WouldBlock) => return Err("another hook does not end".to_owned()),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
}

/// The askings of a data folder.
pub fn ledger(data: &Path) -> Result<Ledger, String> {
    let store =
        SqliteStore::open(&data.join("ledger.db")).map_err(|error| format!("askings can't be opened: {error}"))?;
    Ok(Ledger::new(Arc::new(store)))
}

/// The audit log of a data folder.
pub fn audit(data: &Path) -> Result<AuditLog, String> {
    let options = FileOptions { segment_bytes: SEGMENT, ..FileOptions::default() };
    let sink = FileSink::open(data.join("audit"), options)
        .map_err(|error| format!("the audit log can't be opened: {error}"))?;
    AuditLog::open(Box::new(sink), Options::default())
        .map_err(|error| format!("the audit log can't be opened: {error}"))
}

fn trust(setting: &Setting) -> Result<Trust, String> {
    if setting.signed_by.is_empty() {
        return Ok(Trust::anyone());
    }
    let key = |path: &std::path::PathBuf| {
        let text = fs::read_to_string(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
        PublicKey::from_file_text(&text).map_err(|error| format!("`{}` is no public key: {error}", path.display()))
    };
    Ok(Trust::signed_by(setting.signed_by.iter().map(key).collect::<Result<Vec<_>, _>>()?))
}

/// What the user is asked. The host shows the call itself.
fn question(asking: &Asking) -> String {
    let said = |name: &str| {
        let lines = asking.shown.clauses.iter().flat_map(|clause| &clause.lines).filter(move |line| line.name == name);
        lines.map(|line| line.text.as_str()).collect::<Vec<_>>()
    };
    let (says, clauses) = (said("says"), &asking.shown.clauses);
    let why = match says.as_slice() {
        [] => clauses.iter().map(|clause| clause.clause.as_str()).collect::<Vec<_>>().join("; "),
        said => said.join("; "),
    };
    format!("{ASKS}{why} (`{}`)", asking.shown.approval)
}

/// What is told of a call that others have to approve.
fn waiting(call: &Call, open: &[&Asking]) -> String {
    let mut out = words::denial(call);
    for asking in open {
        let id: String = asking.id.to_string().trim_start_matches("sha256:").chars().take(12).collect();
        let needs = asking.shown.needs.join(", ");
        out.push_str(&format!(
            "\n`{}` is asked for ({needs}): a person runs `claw-gateway approvals grant {id}`",
            asking.shown.approval
        ));
    }
    if !open.is_empty() {
        out.push_str("\nthen make exactly the same call again");
    }
    out
}
