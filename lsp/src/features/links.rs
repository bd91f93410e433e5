//! `textDocument/documentLink`

use claw_compiler::ide::links::{self as ide, LinkTarget};
use tower_lsp::lsp_types::{DocumentLink, Url};

use crate::snapshot::Snapshot;

pub fn links(snapshot: &Snapshot) -> Vec<DocumentLink> {
    let links = ide::links(snapshot.analysis(), snapshot.file());
    links.into_iter().filter_map(|link| of_link(snapshot, &link)).collect()
}

fn of_link(snapshot: &Snapshot, link: &ide::Link) -> Option<DocumentLink> {
    let target = match &link.target {
        LinkTarget::File(path) => snapshot.address(path)?,
        LinkTarget::Url(url) => Url::parse(url).ok()?,
    };
    Some(DocumentLink { range: snapshot.range(link.span), target: Some(target), tooltip: None, data: None })
}
