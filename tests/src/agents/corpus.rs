//! The recordings: tasks of users and of attackers, and which attack can reach which task.
//!
//! They are no part of the repository. `CLAW_CORPUS` names their folder, or they lie beside the checkout.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

/// The recordings for one agent.
#[derive(Debug, Deserialize)]
pub struct Suite {
    /// Its name, such as `banking`.
    pub suite: String,
    pub traces: Vec<Trace>,
    pub pairs: Vec<Pair>,
}

/// One task, carried out.
#[derive(Debug, Deserialize)]
pub struct Trace {
    pub task_id: String,
    /// `user` or `injection`.
    pub kind: String,
    pub prompt: String,
    pub calls: Vec<Call>,
}

/// One call with what came of it.
#[derive(Debug, Deserialize)]
pub struct Call {
    pub tool: String,
    pub args: Map<String, Value>,
    pub result: Value,
    /// Whether the call changed something.
    pub mutates: bool,
    injection_vectors_in_result: Vec<Value>,
}

/// An attack: the user's task up to a call that returns the attacker's text, then the attacker's task.
#[derive(Debug, Deserialize)]
pub struct Pair {
    pub user_task: String,
    pub injection_task: String,
    /// Index of the last call of the user's task.
    pub injection_point: usize,
}

impl Call {
    /// Whether the result holds text of strangers.
    pub fn is_foreign(&self) -> bool {
        !self.injection_vectors_in_result.is_empty()
    }

    /// The result as text.
    pub fn result_text(&self) -> String {
        self.result.as_str().map_or_else(|| self.result.to_string(), str::to_owned)
    }
}

impl Trace {
    /// Whether something is changed on the way.
    pub fn mutates(&self) -> bool {
        self.calls.iter().any(|call| call.mutates)
    }
}

impl Suite {
    /// The tasks of users.
    pub fn tasks(&self) -> impl Iterator<Item = &Trace> {
        self.traces.iter().filter(|trace| trace.kind == "user")
    }

    /// The attacks that want something changed: the user's task, the attacker's, and where one turns into the other.
    pub fn attacks(&self) -> impl Iterator<Item = (&Trace, &Trace, usize)> {
        self.pairs.iter().filter_map(|pair| {
            let of = |kind: &str, id: &str| self.traces.iter().find(|t| t.kind == kind && t.task_id == id);
            let user = of("user", &pair.user_task).expect("a pair names a user's task");
            let injection = of("injection", &pair.injection_task)?;
            injection.mutates().then_some((user, injection, pair.injection_point))
        })
    }
}

/// Where the recordings should lie, of agents and others.
pub fn corpus_folder() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    std::env::var_os("CLAW_CORPUS").map_or_else(beside, PathBuf::from)
}

/// All suites that are at hand, each with the tools that its server lists; or where none was found.
///
/// # Errors
/// The folder that is not there.
pub fn suites() -> Result<Vec<(Suite, Vec<u8>)>, PathBuf> {
    let folder = corpus_folder().join("agentdojo");
    let Ok(entries) = fs::read_dir(&folder) else { return Err(folder) };
    let mut found = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(stem) = name.strip_suffix(".json").filter(|stem| !stem.ends_with(".tools")) else { continue };
        let text = fs::read_to_string(&path).expect("a suite is text");
        let suite: Suite = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let tools = fs::read(folder.join(format!("{stem}.tools.json"))).expect("a suite has its tools beside");
        found.push((suite, tools));
    }
    found.sort_by(|a, b| a.0.suite.cmp(&b.0.suite));
    Ok(found)
}
