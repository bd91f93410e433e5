//! Reads an audit log: what it says, and whether it can be believed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use claw_engine::audit::{GENESIS, Record};
use claw_engine::lifecycle::{Usage, Window};

use crate::failure::Failure;
use crate::render::text::visible;

/// How many problems are told one by one.
const TOLD: usize = 5;

/// What a log says, and what is wrong with it.
#[derive(Debug)]
pub struct Log {
    pub usage: Usage,
    /// Records that are missing, changed or unreadable, in words; empty where the chain is whole.
    pub problems: Vec<String>,
}

/// Reads the parts of one log, the oldest first.
pub fn read(paths: &[PathBuf], window: Window) -> Result<Log, Failure> {
    let mut log = Log { usage: Usage::new(window), problems: Vec::new() };
    let mut last = (0, GENESIS);
    for path in paths {
        for file in files(path)? {
            let failed = |error| Failure::io("read", &file, &error);
            for (at, line) in BufReader::new(fs::File::open(&file).map_err(failed)?).lines().enumerate() {
                let line = line.map_err(failed)?;
                if line.trim().is_empty() {
                    continue;
                }
                match Record::parse(&line) {
                    Ok(record) => {
                        if record.seq != last.0 + 1 || record.prev != last.1 {
                            log.problem(format!("record {} does not follow record {}", record.seq, last.0));
                        }
                        last = (record.seq, record.hash);
                        log.usage.add(&record);
                    }
                    Err(error) => log.problem(format!("{}:{}: {error}", file.display(), at + 1)),
                }
            }
        }
    }
    log.usage.finish();
    Ok(log)
}

impl Log {
    fn problem(&mut self, problem: String) {
        if self.problems.len() < TOLD {
            self.problems.push(visible(&problem));
        }
    }
}

fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = fs::read_dir(path).map_err(|error| Failure::io("read", path, &error))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    Ok(files)
}
