//! A gateway's loop: decide, ask, vote, execute, settle. Everything is kept in files of one folder and audited there.
//!
//! `cargo run -p claw-engine --example gateway -- policy.clawb requests.jsonl data/`

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use claw_engine::audit::{AuditLog, FileOptions, FileSink, Options};
use claw_engine::ledger::{Asking, Ledger, SqliteStore};
use claw_engine::{Engine, SqliteState, Trust};
use claw_runtime::{Json, Settlement, Time, Vote};

/// Where a gateway meets the world: `people` vote on what they are shown, `execute` calls the tool.
pub fn serve<'r>(
    engine: &Engine,
    requests: impl Iterator<Item = &'r [u8]>,
    mut people: impl FnMut(&Asking) -> Vec<Vote>,
    mut execute: impl FnMut(&str, &Json) -> Result<Vec<u8>, String>,
) -> Result<(), Box<dyn Error>> {
    for request in requests {
        let mut call = engine.begin_json(request);
        if call.needs_approval() {
            for asking in engine.ask(&call)? {
                for vote in people(&asking) {
                    engine.vote(None, &asking.id, vote)?;
                }
            }
            call = engine.begin_json(request);
        }
        println!("{}", call.decision());
        let Some(args) = call.args() else { continue };
        let (how, result) = match execute(&call.input().tool, args) {
            Ok(result) => (Settlement::Ok, result),
            Err(error) => (Settlement::Error, error.into_bytes()),
        };
        engine.settle(&call, how, Some(&result))?;
    }
    Ok(())
}

/// An engine that keeps everything in one folder.
pub fn open(bundle: &Path, data: &Path) -> Result<Engine, Box<dyn Error>> {
    let engine = Engine::builder(Trust::anyone())
        .state(SqliteState::open(data.join("state.db"))?)
        .ledger(Ledger::new(Arc::new(SqliteStore::open(&data.join("ledger.db"))?)))
        .audit(AuditLog::open(
            Box::new(FileSink::open(data.join("audit"), FileOptions::default())?),
            Options::default(),
        )?)
        .build();
    engine.load_file(None, bundle)?;
    Ok(engine)
}

#[allow(dead_code)] // The tests call the other functions.
fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [bundle, requests, data] = args.as_slice() else {
        return Err("usage: gateway BUNDLE REQUESTS.jsonl DATA".into());
    };
    std::fs::create_dir_all(data)?;
    let requests = std::fs::read(requests)?;
    let lines = requests.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let people = |asking: &Asking| {
        println!("{}", asking.shown.to_text());
        vec![Vote::grant("olga", Time::from_millis(0).unwrap_or(asking.opened_at)).role("sre")]
    };
    serve(&open(Path::new(bundle), Path::new(data))?, lines, people, |tool, args| Ok(format!("{tool} {args}").into()))
}
