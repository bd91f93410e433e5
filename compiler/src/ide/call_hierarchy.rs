//! Who uses a predicate, a scope or an extern function, and what it uses in turn.

use std::collections::BTreeMap;

use claw_syntax::Span;
use claw_syntax::ast::{Item, ItemKind};

use super::Cursor;
use crate::analysis::{Analysis, Symbol};
use crate::hir::{FileId, Loc};

/// A declaration in the hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallItem {
    /// Its name; for a declaration without one, the word it begins with.
    pub name: String,
    /// The word it is declared with.
    pub detail: &'static str,
    /// The name, or that word.
    pub selection: Loc,
    /// The whole declaration.
    pub whole: Loc,
}

/// A declaration that uses, or is used, and the places where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub item: CallItem,
    /// In the file of the declaration that uses.
    pub places: Vec<Span>,
}

/// The predicate, scope or extern function at `offset`.
pub fn prepare(analysis: &Analysis, file: FileId, offset: u32) -> Option<CallItem> {
    let symbol = Cursor::new(analysis, file, offset)?.symbol()?.symbol;
    if !is_called(symbol) {
        return None;
    }
    let declared = analysis.symbols.declaration(symbol)?.loc;
    around(analysis, declared)
}

/// The declarations that use what is declared at `offset`.
pub fn incoming(analysis: &Analysis, file: FileId, offset: u32) -> Vec<Call> {
    let Some(reference) = analysis.symbols.at(file, offset).filter(|r| is_called(r.symbol)) else { return Vec::new() };
    let mut found: BTreeMap<Loc, Call> = BTreeMap::new();
    for place in analysis.symbols.of(reference.symbol).filter(|r| !r.is_declaration) {
        if let Some(item) = around(analysis, place.loc) {
            found.entry(item.whole).or_insert(Call { item, places: Vec::new() }).places.push(place.loc.span);
        }
    }
    found.into_values().collect()
}

/// What the declaration at `offset` uses.
pub fn outgoing(analysis: &Analysis, file: FileId, offset: u32) -> Vec<Call> {
    let Some(item) = around(analysis, Loc { file, span: Span::at(offset) }) else { return Vec::new() };
    let inside = analysis.symbols.references.iter().filter(|r| {
        !r.is_declaration && is_called(r.symbol) && r.loc.file == file && item.whole.span.covers(r.loc.span)
    });
    let mut found: BTreeMap<Loc, Call> = BTreeMap::new();
    for place in inside {
        let target = analysis.symbols.declaration(place.symbol).and_then(|declared| around(analysis, declared.loc));
        if let Some(target) = target {
            found.entry(target.whole).or_insert(Call { item: target, places: Vec::new() }).places.push(place.loc.span);
        }
    }
    found.into_values().collect()
}

fn is_called(symbol: Symbol) -> bool {
    matches!(symbol, Symbol::Predicate(_) | Symbol::Scope(_) | Symbol::Extern(_))
}

/// The declaration around a place.
fn around(analysis: &Analysis, loc: Loc) -> Option<CallItem> {
    let items = &analysis.parse(loc.file)?.file.items;
    let item = items.iter().find(|item| item.span.covers(loc.span))?;
    let text = &analysis.sources.get(loc.file).text;
    let at = |span| Loc { file: loc.file, span };
    let detail = word(item);
    let start = item.attrs.last().map_or(item.span.start, |attr| attr.span.end);
    let lead = Span::new(start, item.span.end).text(text);
    let start = start + (lead.len() - lead.trim_start().len()) as u32;
    let first = Span::new(start, (start + detail.len() as u32).min(item.span.end));
    let (name, selection) = match item.name() {
        Some(name) => (name.name.clone(), name.span),
        None => (title(item, text).unwrap_or_else(|| detail.to_owned()), first),
    };
    Some(CallItem { name, detail, selection: at(selection), whole: at(item.span) })
}

/// What a declaration without a name is about: `grant mail to bot`.
fn title(item: &Item, text: &str) -> Option<String> {
    let short = matches!(item.kind, ItemKind::Grant(_) | ItemKind::Test(_) | ItemKind::Invariant(_));
    let line = item.span.text(text).lines().last().filter(|_| matches!(item.kind, ItemKind::Grant(_)));
    let line = line.or_else(|| item.span.text(text).lines().next()).filter(|_| short)?;
    Some(line.trim_end_matches('{').trim().chars().take(60).collect())
}

fn word(item: &Item) -> &'static str {
    match &item.kind {
        ItemKind::Predicate(_) => "predicate",
        ItemKind::Scope(_) => "scope",
        ItemKind::Extern(_) => "extern",
        ItemKind::Rule(_) => "rule",
        ItemKind::Limit(_) => "limit",
        ItemKind::Grant(_) => "grant",
        ItemKind::Classify(_) => "classify",
        ItemKind::Invariant(_) => "invariant",
        ItemKind::Test(_) => "test",
        _ => "",
    }
}
