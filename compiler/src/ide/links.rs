//! Places that lead somewhere when clicked: files that are used, data files, and URLs in attributes.

use claw_syntax::Span;
use claw_syntax::ast::{AttrArg, Item, ItemKind, LetValue, StrLit, UseSource};

use crate::analysis::Analysis;
use crate::hir::FileId;
use crate::workspace::{normalize, parent};

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkTarget {
    /// A file, by its path in the workspace.
    File(String),
    Url(String),
}

/// A place that leads somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Without quotes.
    pub span: Span,
    pub target: LinkTarget,
}

/// The links of a file, in the order of the text.
pub fn links(analysis: &Analysis, file: FileId) -> Vec<Link> {
    let Some(parse) = analysis.parse(file) else { return Vec::new() };
    let folder = parent(&analysis.sources.get(file).path);
    parse.file.items.iter().flat_map(|item| of_item(item, folder)).collect()
}

fn of_item(item: &Item, folder: &str) -> Vec<Link> {
    let to_file = |literal: &StrLit| {
        let target = LinkTarget::File(normalize(folder, &literal.value));
        (!literal.value.is_empty()).then(|| Link { span: inside(literal), target })
    };
    let mut links: Vec<Link> = item.attrs.iter().flat_map(|attr| &attr.args).filter_map(url).collect();
    links.extend(match &item.kind {
        ItemKind::Use(used) => match &used.source {
            UseSource::File(path) => to_file(path),
            _ => None,
        },
        ItemKind::Let(constant) => match &constant.value {
            LetValue::File(path) => to_file(path),
            LetValue::Expr(_) => None,
        },
        _ => None,
    });
    links
}

/// An attribute's argument that is a web address.
fn url(arg: &AttrArg) -> Option<Link> {
    let AttrArg::Str(literal) = arg else { return None };
    let is_url = ["https://", "http://"].iter().any(|scheme| literal.value.starts_with(scheme));
    is_url.then(|| Link { span: inside(literal), target: LinkTarget::Url(literal.value.clone()) })
}

/// The literal without what it opens and closes with.
fn inside(literal: &StrLit) -> Span {
    let open = literal.source.find('"').map_or(0, |at| at as u32 + 1);
    let close = literal.source.rfind('"').map_or(0, |at| literal.source.len() as u32 - at as u32);
    if open + close > literal.span.len() {
        return literal.span;
    }
    Span::new(literal.span.start + open, literal.span.end - close)
}
