//! Lists: what the servers list, without what the caller may not have.

use std::sync::Arc;

use futures_util::future::join_all;
use rmcp::ErrorData;
use rmcp::model::ErrorCode;

use super::{Live, Scope, Session, Upstream, no_servers};
use crate::mcp::catalog::{Entry, Kind};
use crate::mcp::message::error;
use crate::mcp::params::{Params, Raw, raw};
use crate::mcp::seat::Listed;

/// Between a server's name and that of its tool or prompt.
pub(super) const BETWEEN: &str = "__";

impl Session {
    /// Answers a request for a list. All of it is one page.
    pub(super) async fn list(self: &Arc<Session>, method: &str, params: &Params) -> Result<Raw, ErrorData> {
        let kind = Kind::ALL.into_iter().find(|kind| kind.method() == method);
        let kind = kind.ok_or_else(|| error(ErrorCode::METHOD_NOT_FOUND, "there is no such list"))?;
        if params.contains("cursor") {
            return Err(error(ErrorCode::INVALID_PARAMS, "the gateway gives lists whole: it has given no cursor"));
        }
        let lists = join_all(self.upstreams.iter().map(|upstream| self.listed(upstream, kind))).await;
        let mut all = Vec::new();
        match self.scope {
            Scope::One => all.extend(lists.into_iter().next().unwrap_or_else(|| Err(no_servers()))?),
            Scope::Many { .. } => {
                // One server that fails does not hide the others.
                for (list, upstream) in lists.into_iter().zip(&self.upstreams) {
                    match list {
                        Ok(list) => all.extend(list),
                        Err(error) => tracing::warn!(server = upstream.server.name, "{}", error.message),
                    }
                }
            }
        }
        let mut answer = Params::default();
        answer.insert_raw(kind.member(), raw(&all));
        Ok(raw(&answer))
    }

    async fn listed(self: &Arc<Session>, upstream: &Arc<Upstream>, kind: Kind) -> Result<Vec<Raw>, ErrorData> {
        let live = self.live(upstream).await.map_err(|failure| upstream.told(failure))?;
        if self.scope == Scope::One && !live.can(kind.capability()) {
            return Err(error(ErrorCode::METHOD_NOT_FOUND, format!("the server has no {}", kind.capability())));
        }
        let catalog = live.catalog(kind).await.map_err(|failure| upstream.told(failure))?;
        let shown =
            upstream.seat.list(kind.of_policy(), catalog.entries.iter().map(|entry| listed(entry)).collect()).await;
        let entries = catalog.entries.iter().zip(shown).filter(|(_, shown)| *shown);
        Ok(entries.map(|(entry, _)| self.shown(upstream, kind, entry)).collect())
    }

    /// A definition as the client sees it.
    fn shown(&self, upstream: &Upstream, kind: Kind, entry: &Entry) -> Raw {
        if let (Kind::Tools | Kind::Prompts, Scope::Many { prefixed: true }) = (kind, self.scope)
            && let Some(mut definition) = Params::read(&entry.wire)
        {
            definition.insert(kind.key(), format!("{}{BETWEEN}{}", upstream.server.name, entry.name));
            return raw(&definition);
        }
        entry.wire.clone()
    }

    /// Whether the caller may see something, so that it may also be asked about.
    pub(super) async fn may_see(&self, upstream: &Upstream, kind: Kind, entry: &Entry) -> bool {
        let shown = upstream.seat.list(kind.of_policy(), vec![listed(entry)]).await;
        shown == [true]
    }

    /// The tool or prompt that a client means: the server, its name there, and how the server defines it now.
    pub(super) async fn find(
        self: &Arc<Session>,
        kind: Kind,
        name: &str,
    ) -> Result<(Arc<Upstream>, String, Option<Arc<Entry>>), ErrorData> {
        let mut found = Vec::new();
        for upstream in &self.upstreams {
            let Some(wire) = self.wire_name(upstream, name) else { continue };
            let entry = self.defined(upstream, kind, wire).await.map_err(|failure| upstream.told(failure))?;
            found.push((Arc::clone(upstream), wire.to_owned(), entry));
        }
        if found.len() > 1 {
            found.retain(|(_, _, entry)| entry.is_some());
        }
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some(found), None) => Ok(found),
            (Some(_), Some(_)) => {
                Err(error(ErrorCode::INVALID_PARAMS, format!("`{name}` is the name of something of several servers")))
            }
            (None, _) => Err(error(
                ErrorCode::INVALID_PARAMS,
                format!("nothing is called `{name}`: names begin with the server's and `{BETWEEN}`"),
            )),
        }
    }

    fn wire_name<'n>(&self, upstream: &Upstream, name: &'n str) -> Option<&'n str> {
        match self.scope {
            Scope::Many { prefixed: true } => name.strip_prefix(&upstream.server.name)?.strip_prefix(BETWEEN),
            Scope::One | Scope::Many { prefixed: false } => Some(name),
        }
    }

    /// How a server defines something now. What it did not list may be new: it is asked again, once.
    pub(super) async fn defined(
        self: &Arc<Session>,
        upstream: &Arc<Upstream>,
        kind: Kind,
        name: &str,
    ) -> Result<Option<Arc<Entry>>, super::Failure> {
        let live = self.live(upstream).await?;
        if let Some(entry) = live.catalog(kind).await?.get(name) {
            return Ok(Some(Arc::clone(entry)));
        }
        live.refresh(kind);
        Ok(live.catalog(kind).await?.get(name).cloned())
    }

    /// The server that a resource belongs to, and how it defines it: by its URI or by a template that the URI fits.
    pub(super) async fn owner(
        self: &Arc<Session>,
        uri: &str,
    ) -> Result<(Arc<Upstream>, Kind, Option<Arc<Entry>>), ErrorData> {
        let mut lives = Vec::new();
        for upstream in &self.upstreams {
            match self.live(upstream).await {
                Ok(live) => lives.push((upstream, live)),
                Err(failure) if self.upstreams.len() == 1 => return Err(upstream.told(failure)),
                Err(failure) => tracing::warn!(server = upstream.server.name, "{failure}"),
            }
        }
        for kind in [Kind::Resources, Kind::Templates] {
            let mut found = Vec::new();
            for (upstream, live) in &lives {
                let entry = entry_for(live, kind, uri).await.map_err(|failure| upstream.told(failure))?;
                found.extend(entry.map(|entry| (Arc::clone(upstream), kind, Some(entry))));
            }
            if found.len() > 1 {
                let names: Vec<String> =
                    found.iter().map(|(upstream, ..)| format!("`{}`", upstream.server.name)).collect();
                let what = format!("`{uri}` may be of several servers: {}", names.join(", "));
                return Err(error(ErrorCode::INVALID_PARAMS, format!("{what}; ask one of them by its own address")));
            }
            if let Some(found) = found.pop() {
                return Ok(found);
            }
        }
        match self.upstreams.as_slice() {
            [only] => Ok((Arc::clone(only), Kind::Resources, None)),
            _ => Err(error(ErrorCode::RESOURCE_NOT_FOUND, format!("no server lists `{uri}`"))),
        }
    }
}

async fn entry_for(live: &Live, kind: Kind, uri: &str) -> Result<Option<Arc<Entry>>, super::Failure> {
    let catalog = live.catalog(kind).await?;
    Ok(if kind == Kind::Templates { catalog.fitting(uri) } else { catalog.get(uri) }.cloned())
}

fn listed(entry: &Entry) -> Listed {
    Listed { name: entry.name.clone(), definition: entry.definition.clone() }
}
