//! The definitions that servers were first seen with, so that a changed one is noticed and waits for somebody to accept
//! it: kept in `pins.db` in the data folder, by server, kind and name.
//!
//! A definition is told by its digest, the one that `pinned "…"` in a policy names. Knows no policy and no protocol.
//! Reading and writing block; the pins in memory, which calls are held against, do not.

mod difference;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use claw_runtime::{Digest, Kind};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

/// The file in the data folder.
pub const FILE: &str = "pins.db";
/// Pins of one server. What a server lists beyond is not pinned, and not shown.
const PER_SERVER: usize = 100_000;
/// How long another process may keep the file locked.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is pinned: a server, a kind and a name.
type Name = (String, &'static str, String);

/// The pins of a gateway.
#[derive(Debug)]
pub struct Pins {
    file: Mutex<Connection>,
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The file's version that this was read from.
    version: i64,
    accepted: HashMap<Name, Digest>,
}

/// A definition that a server states now.
#[derive(Clone, Copy, Debug)]
pub struct Stated<'a> {
    /// What sort of thing is defined.
    pub kind: Kind,
    /// Its name.
    pub name: &'a str,
    /// The definition.
    pub definition: &'a Value,
    /// Its digest.
    pub digest: Digest,
}

/// A pin as `claw-gateway pins list` shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pin {
    /// The server.
    pub server: String,
    /// `tool`, `resource` or `prompt`.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The digest of the definition that is accepted.
    pub digest: String,
    /// The definition that is accepted.
    pub definition: Value,
    /// The digest and the definition that the server stated last, if that is another one: what accepting accepts.
    pub changed: Option<(String, Value)>,
}

/// The word for a kind, as the file and the command line have it.
#[must_use]
pub const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Tool => "tool",
        Kind::Resource => "resource",
        Kind::Prompt => "prompt",
    }
}

const SCHEMA: &str = "
    create table if not exists pins (
        server     text not null,
        kind       text not null,
        name       text not null,
        digest     text not null,
        definition text not null,
        new_digest     text,
        new_definition text,
        primary key (server, kind, name)
    ) strict, without rowid;
";

impl Pins {
    /// Opens the pins of a data folder, or begins them.
    ///
    /// # Errors
    /// In words, where the file can't be used.
    pub fn open(data: &Path) -> Result<Pins, String> {
        let path = data.join(FILE);
        let open = || -> rusqlite::Result<Pins> {
            let file = Connection::open(&path)?;
            file.busy_timeout(PATIENCE)?;
            file.pragma_update(None, "journal_mode", "wal")?;
            file.execute_batch(SCHEMA)?;
            let pins = Pins { file: Mutex::new(file), known: RwLock::default() };
            pins.read_again(&pins.file())?;
            Ok(pins)
        };
        open().map_err(|error| format!("can't use `{}`: {error}", path.display()))
    }

    /// Pins what was never seen of a server, notes what has changed, and says of each whether it is as it was pinned. What
    /// can't be pinned is not.
    pub fn hold(&self, server: &str, stated: &[Stated<'_>]) -> Vec<bool> {
        let pinned = |known: &Known| -> Vec<Option<Digest>> {
            stated.iter().map(|one| known.accepted.get(&one.key(server)).copied()).collect()
        };
        let is_held = |pins: &[Option<Digest>]| -> Vec<bool> {
            stated.iter().zip(pins).map(|(one, pin)| *pin == Some(one.digest)).collect()
        };
        let before = self.known(pinned);
        let held = is_held(&before);
        if held.iter().all(|held| *held) {
            return held;
        }
        let open: Vec<&Stated<'_>> = stated.iter().zip(&held).filter(|(_, held)| !**held).map(|(one, _)| one).collect();
        let mut file = self.file();
        let written = write(&mut file, server, &open).and_then(|new| {
            let others = self.known(|known| known.version) != version(&file)?;
            if new || others { self.read_again(&file) } else { Ok(()) }
        });
        match written {
            Ok(()) => is_held(&self.known(pinned)),
            Err(error) => {
                tracing::error!(server, %error, "definitions can't be pinned");
                held
            }
        }
    }

    /// The digest that is accepted, if anything is pinned.
    #[must_use]
    pub fn accepted(&self, server: &str, kind: Kind, name: &str) -> Option<Digest> {
        self.known(|known| known.accepted.get(&(server.to_owned(), word(kind), name.to_owned())).copied())
    }

    /// Reads what another process has accepted. Whether there was anything.
    ///
    /// # Errors
    /// In words, where the file can't be read.
    pub fn refresh(&self) -> Result<bool, String> {
        let file = self.file();
        let version = version(&file).map_err(|error| error.to_string())?;
        if self.known(|known| known.version) == version {
            return Ok(false);
        }
        self.read_again(&file).map(|()| true).map_err(|error| error.to_string())
    }

    /// All pins, of one server or of all.
    ///
    /// # Errors
    /// In words, where the file can't be read.
    pub fn all(&self, server: Option<&str>) -> Result<Vec<Pin>, String> {
        let file = self.file();
        let read = || -> rusqlite::Result<Vec<Pin>> {
            let mut query = file.prepare(
                "select server, kind, name, digest, definition, new_digest, new_definition from pins
                 where ?1 is null or server = ?1 order by server, kind, name",
            )?;
            let json = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
            let rows = query.query_map([server], |row| {
                let new: (Option<String>, Option<String>) = (row.get(5)?, row.get(6)?);
                Ok(Pin {
                    server: row.get(0)?,
                    kind: row.get(1)?,
                    name: row.get(2)?,
                    digest: row.get(3)?,
                    definition: json(row.get(4)?),
                    changed: new.0.zip(new.1.map(json)),
                })
            })?;
            rows.collect()
        };
        read().map_err(|error| error.to_string())
    }

    /// Accepts the definitions that a server stated last, all of them or those of one name. How many.
    ///
    /// # Errors
    /// In words, where the file can't be written.
    pub fn accept(&self, server: &str, name: Option<&str>) -> Result<usize, String> {
        let file = self.file();
        let accepted = file.execute(
            "update pins set digest = new_digest, definition = new_definition, new_digest = null, new_definition = null
             where server = ?1 and new_digest is not null and new_definition is not null and (?2 is null or name = ?2)",
            params![server, name],
        );
        accepted.map_err(|error| error.to_string())
    }

    fn known<T>(&self, read: impl FnOnce(&Known) -> T) -> T {
        read(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn file(&self) -> MutexGuard<'_, Connection> {
        // SQLite rolls back what a panic has left open.
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_again(&self, file: &Connection) -> rusqlite::Result<()> {
        // The version first: what changes in between is read twice rather than never.
        let version = version(file)?;
        let mut accepted = HashMap::new();
        let mut query = file.prepare("select server, kind, name, digest from pins")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let (kind, digest): (String, String) = (row.get(1)?, row.get(3)?);
            let kind = [Kind::Tool, Kind::Resource, Kind::Prompt].into_iter().map(word).find(|word| *word == kind);
            // A row that nobody can have written pins to nothing at all.
            let (Some(kind), Ok(digest)) = (kind, digest.parse()) else { continue };
            accepted.insert((row.get(0)?, kind, row.get(2)?), digest);
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Known { version, accepted };
        Ok(())
    }
}

impl Stated<'_> {
    fn key(&self, server: &str) -> Name {
        (server.to_owned(), word(self.kind), self.name.to_owned())
    }
}

/// Counts what other connections have changed.
fn version(file: &Connection) -> rusqlite::Result<i64> {
    file.query_row("select data_version from pragma_data_version", [], |row| row.get(0))
}

/// Pins what is new and notes what is another. Whether anything was pinned.
fn write(file: &mut Connection, server: &str, stated: &[&Stated<'_>]) -> rusqlite::Result<bool> {
    let mut new = false;
    let change = file.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    {
        let count: i64 = change.query_row("select count(*) from pins where server = ?1", [server], |row| row.get(0))?;
        let mut room = PER_SERVER.saturating_sub(usize::try_from(count).unwrap_or(usize::MAX));
        let mut find = change.prepare("select digest from pins where server = ?1 and kind = ?2 and name = ?3")?;
        let mut insert =
            change.prepare("insert into pins (server, kind, name, digest, definition) values (?1, ?2, ?3, ?4, ?5)")?;
        let mut note = change.prepare(
            "update pins set new_digest = ?4, new_definition = ?5
             where server = ?1 and kind = ?2 and name = ?3 and new_digest is not ?4",
        )?;
        for one in stated {
            let (kind, digest, text) = (word(one.kind), one.digest.to_string(), one.definition.to_string());
            let known: Option<String> = find.query_row(params![server, kind, one.name], |row| row.get(0)).optional()?;
            match known {
                Some(known) if known == digest => {}
                Some(_) => drop(note.execute(params![server, kind, one.name, digest, text])?),
                None if room == 0 => {}
                None => {
                    room = room.saturating_sub(1);
                    insert.execute(params![server, kind, one.name, digest, text])?;
                    new = true;
                }
            }
        }
    }
    change.commit()?;
    Ok(new)
}

/// What `claw-gateway pins list` prints: every pin on a line, and of one that has changed what is another.
///
/// # Errors
/// In words, where the file can't be read.
pub fn report(data: &Path, server: Option<&str>) -> Result<String, String> {
    let mut out = String::new();
    let pins = Pins::open(data)?.all(server)?;
    for pin in &pins {
        // Writing to a string can't fail.
        let Pin { server, kind, name, digest, definition, changed } = pin;
        let (server, name) = (difference::plain(server), difference::plain(name));
        let _ = writeln!(out, "{server}  {kind}  {name}  {digest}");
        if let Some((_, new)) = changed {
            let _ = writeln!(out, "  changed, and not callable until it is accepted:");
            for line in difference::lines(definition, new) {
                let _ = writeln!(out, "  {line}");
            }
        }
    }
    if pins.is_empty() {
        out.push_str("no definitions are pinned yet\n");
    }
    Ok(out)
}

/// What `claw-gateway pins accept` does: accepts what a server states now, as far as it was seen. How many definitions.
///
/// # Errors
/// In words, where the file can't be used.
pub fn accept(data: &Path, server: &str, name: Option<&str>) -> Result<usize, String> {
    Pins::open(data)?.accept(server, name)
}

#[cfg(test)]
mod tests;
