//! What an engine is made of, as Python names it: stores by their addresses, keys, limits, callers.

use std::path::PathBuf;
use std::sync::Arc;

use claw_engine::audit::{AuditLog, FileOptions, FileSink, Options, PostgresSink, Sink};
use claw_engine::ledger::{Ledger, PostgresStore, SqliteStore};
use claw_engine::signing::PublicKey;
use claw_engine::{RedisState, SharedState, SqliteState, Trust};
use claw_runtime::{AgentInput, Invalid, Json, Limits, MemoryState, RequestInput, UserInput};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::errors;
use crate::json::Reader;

/// Where something is kept.
enum Place {
    Memory,
    Path(PathBuf),
    Url(String),
}

/// The word `memory`, an address with a scheme, or a path.
fn place(of: &Bound<'_, PyAny>) -> PyResult<Place> {
    if let Ok(text) = of.cast::<PyString>() {
        let text = text.to_str()?;
        return Ok(match text {
            "memory" => Place::Memory,
            url if url.contains("://") => Place::Url(url.to_owned()),
            path => Place::Path(PathBuf::from(path)),
        });
    }
    of.extract().map(Place::Path)
}

fn unknown(what: &str, url: &str, known: &str) -> PyErr {
    let scheme = url.split("://").next().unwrap_or_default();
    PyValueError::new_err(format!("{what} can't be kept at `{scheme}://…`: {known}"))
}

/// A store of past calls.
pub fn state(py: Python<'_>, of: &Bound<'_, PyAny>) -> PyResult<SharedState> {
    let failed = |error| errors::state(py, &error);
    Ok(match place(of)? {
        Place::Memory => Arc::new(MemoryState::new()),
        Place::Path(path) => Arc::new(py.detach(|| SqliteState::open(path)).map_err(failed)?),
        Place::Url(url) if url.starts_with("redis") => {
            Arc::new(py.detach(|| RedisState::connect(&url)).map_err(failed)?)
        }
        Place::Url(url) => return Err(unknown("past calls", &url, "use `memory`, a path, or `redis://…`")),
    })
}

/// A ledger of approvals.
pub fn ledger(py: Python<'_>, of: &Bound<'_, PyAny>) -> PyResult<Ledger> {
    let failed = |error: claw_engine::ledger::StoreError| errors::ledger(py, error.to_string());
    Ok(match place(of)? {
        Place::Memory => Ledger::in_memory(),
        Place::Path(path) => Ledger::new(Arc::new(py.detach(|| SqliteStore::open(&path)).map_err(failed)?)),
        Place::Url(url) if url.starts_with("postgres") => {
            let config = postgres_config(&url)?;
            Ledger::new(Arc::new(py.detach(|| PostgresStore::connect(&config)).map_err(failed)?))
        }
        Place::Url(url) => return Err(unknown("approvals", &url, "use `memory`, a path, or `postgres://…`")),
    })
}

/// An audit log.
pub fn audit(py: Python<'_>, of: &Bound<'_, PyAny>) -> PyResult<AuditLog> {
    let place = place(of)?;
    if let Place::Memory = place {
        return Err(PyValueError::new_err("an audit log is kept in a folder, or at `postgres://…`"));
    }
    let config = match &place {
        Place::Url(url) if url.starts_with("postgres") => Some(postgres_config(url)?),
        Place::Url(url) => return Err(unknown("an audit log", url, "use a folder, or `postgres://…`")),
        _ => None,
    };
    let open = move || -> Result<AuditLog, String> {
        let sink: Box<dyn Sink> = match (place, config) {
            (_, Some(config)) => Box::new(PostgresSink::open(&config, "claw").map_err(|error| error.to_string())?),
            (Place::Path(path), None) => {
                Box::new(FileSink::open(path, FileOptions::default()).map_err(|error| error.to_string())?)
            }
            _ => return Err("it has no place".to_owned()),
        };
        AuditLog::open(sink, Options::default()).map_err(|error| error.to_string())
    };
    py.detach(open).map_err(|message| errors::audit(py, message))
}

fn postgres_config(url: &str) -> PyResult<postgres::Config> {
    // The error names what is wrong and not the address, which may hold a password.
    url.parse().map_err(|error| PyValueError::new_err(format!("this is no address of a PostgreSQL: {error}")))
}

/// Which bundles are accepted. `None` accepts anyone's; no key accepts none.
pub fn trust(
    keys: Option<Vec<Bound<'_, PyAny>>>,
    modules: Option<std::collections::BTreeMap<String, String>>,
) -> PyResult<Trust> {
    let mut trust = match keys {
        None => Trust::anyone(),
        Some(keys) => Trust::signed_by(keys.iter().map(key).collect::<PyResult<Vec<_>>>()?),
    };
    for (package, digest) in modules.unwrap_or_default() {
        let digest = digest.parse().map_err(|error: String| PyValueError::new_err(error))?;
        trust = trust.with_module(package, digest);
    }
    Ok(trust)
}

/// A public key: its text as a str, or the path of its file.
fn key(key: &Bound<'_, PyAny>) -> PyResult<PublicKey> {
    let text = match key.cast::<PyString>() {
        Ok(text) => text.to_str()?.to_owned(),
        Err(_) => std::fs::read_to_string(key.extract::<PathBuf>()?)?,
    };
    text.trim()
        .parse::<PublicKey>()
        .or_else(|_| PublicKey::from_file_text(&text))
        .map_err(|error| PyValueError::new_err(format!("this is no public key: {error}")))
}

/// Bounds on requests: the defaults, with those that are named.
pub fn limits(named: Option<&Bound<'_, PyDict>>) -> PyResult<Limits> {
    let mut limits = Limits::default();
    for (name, value) in named.into_iter().flatten() {
        let (name, value): (String, usize) = (name.extract()?, value.extract()?);
        let place = match name.as_str() {
            "bytes" => &mut limits.bytes,
            "depth" => &mut limits.depth,
            "string" => &mut limits.string,
            "elements" => &mut limits.elements,
            "nodes" => &mut limits.nodes,
            "number" => &mut limits.number,
            "command" => &mut limits.command,
            "domain" => &mut limits.domain,
            other => return Err(PyValueError::new_err(format!("`{other}` is no limit of requests"))),
        };
        *place = value;
    }
    // Values are read by recursion.
    if limits.depth > 128 {
        return Err(PyValueError::new_err("requests can't be nested more than 128 deep"));
    }
    Ok(limits)
}

/// An agent and a user as they stand in a request.
pub fn caller(
    agent: &Bound<'_, PyDict>,
    user: Option<&Bound<'_, PyDict>>,
    environment: &str,
    limits: &Limits,
) -> PyResult<(AgentInput, Option<UserInput>)> {
    let mut reader = Reader::new(limits);
    let mut read = |object: &Bound<'_, PyAny>| match reader.value(object) {
        Ok(json) => Ok(json),
        Err(refused) => Err(refused.split().map_or_else(|error| error, invalid)),
    };
    let mut members = vec![
        ("agent".into(), read(agent)?),
        ("environment".into(), Json::str(environment)),
        ("tool".into(), Json::str("")),
    ];
    if let Some(user) = user {
        members.push(("user".into(), read(user)?));
    }
    let input = RequestInput::from_value(&Json::Obj(members)).map_err(invalid)?;
    Ok((input.agent, input.user))
}

/// What is wrong with something that is no request, as an exception.
pub fn invalid(invalid: Invalid) -> PyErr {
    PyValueError::new_err(invalid.to_string())
}
