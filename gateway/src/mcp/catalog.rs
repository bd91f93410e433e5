//! What a server lists now: all pages of it, kept until the server says that it has changed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use tokio::sync::Mutex;

use super::link::{Failure, Link, Request};
use super::params::{Params, Raw, raw};
use super::template;

/// So many pages of a list are asked for.
const PAGES: usize = 1_000;

/// A kind of thing that servers list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Tools,
    Prompts,
    Resources,
    Templates,
}

impl Kind {
    pub(super) const ALL: [Kind; 4] = [Kind::Tools, Kind::Prompts, Kind::Resources, Kind::Templates];

    /// The request that lists it.
    pub(super) fn method(self) -> &'static str {
        match self {
            Kind::Tools => "tools/list",
            Kind::Prompts => "prompts/list",
            Kind::Resources => "resources/list",
            Kind::Templates => "resources/templates/list",
        }
    }

    /// The member of the answer that has the list.
    pub(super) fn member(self) -> &'static str {
        match self {
            Kind::Tools => "tools",
            Kind::Prompts => "prompts",
            Kind::Resources => "resources",
            Kind::Templates => "resourceTemplates",
        }
    }

    /// The member of each that names it.
    pub(super) fn key(self) -> &'static str {
        match self {
            Kind::Tools | Kind::Prompts => "name",
            Kind::Resources => "uri",
            Kind::Templates => "uriTemplate",
        }
    }

    /// The capability of servers that list it.
    pub(super) fn capability(self) -> &'static str {
        match self {
            Kind::Tools => "tools",
            Kind::Prompts => "prompts",
            Kind::Resources | Kind::Templates => "resources",
        }
    }

    /// As policies call it.
    pub(super) fn of_policy(self) -> claw_runtime::Kind {
        match self {
            Kind::Tools => claw_runtime::Kind::Tool,
            Kind::Prompts => claw_runtime::Kind::Prompt,
            Kind::Resources | Kind::Templates => claw_runtime::Kind::Resource,
        }
    }
}

/// Something that is listed.
#[derive(Debug)]
pub(super) struct Entry {
    pub name: String,
    /// As the server states it.
    pub definition: Value,
    /// The same to the byte.
    pub wire: Raw,
}

impl Entry {
    /// Something that a server does not list.
    pub(super) fn unlisted(name: &str) -> Entry {
        Entry { name: name.to_owned(), definition: Value::Null, wire: raw(&Value::Null) }
    }
}

/// All that a server lists of one kind.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    pub entries: Vec<Arc<Entry>>,
    by_name: HashMap<String, usize>,
}

impl Catalog {
    /// Names that a server uses twice are not listed: which of them a call means is unknown.
    fn new(kind: Kind, definitions: Vec<Raw>) -> Catalog {
        let mut times: HashMap<String, usize> = HashMap::new();
        let named: Vec<Arc<Entry>> = definitions
            .into_iter()
            .filter_map(|wire| {
                let definition: Value = serde_json::from_str(wire.get()).ok()?;
                let name = definition.get(kind.key())?.as_str()?.to_owned();
                let seen = times.entry(name.clone()).or_default();
                *seen = seen.saturating_add(1);
                Some(Arc::new(Entry { name, definition, wire }))
            })
            .collect();
        let entries: Vec<Arc<Entry>> = named.into_iter().filter(|entry| times.get(&entry.name) == Some(&1)).collect();
        let by_name = entries.iter().enumerate().map(|(at, entry)| (entry.name.clone(), at)).collect();
        Catalog { entries, by_name }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<Entry>> {
        self.entries.get(*self.by_name.get(name)?)
    }

    /// The template, of a catalog of templates, that a URI fits.
    pub(super) fn fitting(&self, uri: &str) -> Option<&Arc<Entry>> {
        self.entries.iter().find(|entry| template::fits(&entry.name, uri))
    }
}

/// A catalog that is fetched when it is needed.
#[derive(Debug)]
pub(super) struct Shelf {
    kind: Kind,
    /// Counts how often the server said that the list has changed.
    changes: AtomicU64,
    kept: Mutex<Option<(u64, Arc<Catalog>)>>,
}

impl Shelf {
    pub(super) fn new(kind: Kind) -> Shelf {
        Shelf { kind, changes: AtomicU64::new(0), kept: Mutex::default() }
    }

    /// The list is another one now.
    pub(super) fn changed(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// The list as it is now.
    pub(super) async fn get(&self, link: &Link, most: usize) -> Result<Arc<Catalog>, Failure> {
        let mut kept = self.kept.lock().await;
        let changes = self.changes.load(Ordering::Acquire);
        if let Some((at, catalog)) = &*kept
            && *at == changes
        {
            return Ok(Arc::clone(catalog));
        }
        let catalog = Arc::new(Catalog::new(self.kind, self.fetch(link, most).await?));
        // If it changed meanwhile, the next one fetches it again.
        *kept = Some((changes, Arc::clone(&catalog)));
        Ok(catalog)
    }

    async fn fetch(&self, link: &Link, most: usize) -> Result<Vec<Raw>, Failure> {
        let mut all = Vec::new();
        let mut cursor = None;
        for _ in 0..PAGES {
            let params = cursor.take().map(|cursor: String| Params::one("cursor", cursor)).unwrap_or_default();
            let page = link.request(Request { method: self.kind.method(), params, ..Request::default() }).await?;
            let page = Params::read(&page).unwrap_or_default();
            let listed = page.get(self.kind.member()).map(|listed| serde_json::from_str::<Vec<Raw>>(listed.get()));
            let Some(Ok(listed)) = listed else {
                return Err(Failure::Lost(format!("it answered `{}` without a list", self.kind.method())));
            };
            if all.len().saturating_add(listed.len()) > most {
                return Err(Failure::Lost(format!("it lists more than {most} {}", self.kind.member())));
            }
            all.extend(listed);
            match page.text("nextCursor") {
                Some(next) => cursor = Some(next),
                None => return Ok(all),
            }
        }
        Err(Failure::Lost(format!("its list of {} has more than {PAGES} pages", self.kind.member())))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_that_stands_for_two_things_stands_for_none() {
        let twice = [json!({"name": "a"}), json!({"name": "b"}), json!({"name": "a", "x": 1}), json!({"title": 1})];
        let catalog = Catalog::new(Kind::Tools, twice.iter().map(crate::mcp::params::raw).collect());
        assert!(catalog.get("a").is_none());
        assert_eq!(catalog.get("b").map(|entry| &entry.definition), Some(&json!({"name": "b"})));
        assert_eq!(catalog.entries.len(), 1);
    }
}
