//! What there is to know about the thing under the cursor.

use claw_runtime::{BuiltinId, Type, members_of};

use super::{Cursor, decl, facts};
use crate::analysis::{Analysis, Reference, Symbol};
use crate::hir::{FileId, Loc, ScopeId, ToolId};

/// An explanation and the place it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    pub loc: Loc,
    /// How it is declared or what type it has, in the language itself.
    pub signature: String,
    /// Paragraphs of Markdown.
    pub notes: Vec<String>,
}

impl Hover {
    /// The whole as one Markdown text.
    pub fn markdown(&self) -> String {
        let mut text = format!("```claw\n{}\n```", self.signature);
        for note in &self.notes {
            text.push_str("\n\n");
            text.push_str(note);
        }
        text
    }
}

/// The name at `offset`, or else a word of the language, or else the type of the innermost expression there.
pub fn hover(analysis: &Analysis, file: FileId, offset: u32) -> Option<Hover> {
    let cursor = Cursor::new(analysis, file, offset)?;
    if let Some(hover) = cursor.symbol().and_then(|reference| of_symbol(analysis, reference)) {
        return Some(hover);
    }
    let token = cursor.token()?;
    let items = analysis.parse(file).map_or(&[][..], |parse| &parse.file.items);
    if token.kind.is_keyword() || super::tokens::unreserved_words(items).contains(&token.span) {
        let word = cursor.text_of(token.span);
        let meaning = super::completion::meaning(word);
        if !meaning.is_empty() {
            let notes = vec![meaning.to_owned()];
            return Some(Hover { loc: cursor.loc(token.span), signature: word.to_owned(), notes });
        }
    }
    let (loc, ty) = analysis.symbols.type_at(file, token.span.start)?;
    let text = analysis.sources.text(*loc);
    let signature = format!("{text}: {}", ty.display(&analysis.package.schema));
    Some(Hover { loc: *loc, signature, notes: member_doc(analysis, *loc, text).into_iter().collect() })
}

/// The documentation of the builtin whose member `text` ends in.
fn member_doc(analysis: &Analysis, loc: Loc, text: &str) -> Option<String> {
    let (receiver, member) = text.rsplit_once('.')?;
    let end = loc.span.start.checked_add(u32::try_from(receiver.len()).ok()?)?;
    let exact = |place: &Loc| place.file == loc.file && place.span.start == loc.span.start && place.span.end == end;
    let (_, ty): &(Loc, Type) = analysis.symbols.types.iter().find(|(place, _)| exact(place))?;
    let row = members_of(ty).find(|row| row.surface() == member)?;
    Some(row.doc.to_owned())
}

fn of_symbol(analysis: &Analysis, reference: &Reference) -> Option<Hover> {
    let package = &analysis.package;
    let mut notes = Vec::new();
    match reference.symbol {
        Symbol::Param(tool, at) => notes.extend(param_doc(analysis, tool, at)),
        Symbol::Builtin(id) => notes.extend(id.get().map(|row| row.doc.to_owned())),
        symbol => notes.extend(decl(package, symbol).map(|d| d.doc.clone())),
    }
    notes.extend(facts_about(analysis, reference.symbol));
    if let Some(decl) = decl(package, reference.symbol) {
        let words = decl.attrs.iter().map(|attr| format!("`@{}({})`", attr.name, attr.args.join(", ")));
        notes.push(words.collect::<Vec<_>>().join(" "));
    }
    notes.retain(|note| !note.is_empty());
    let signature = signature(analysis, reference.symbol)?;
    Some(Hover { loc: reference.loc, signature, notes })
}

fn param_doc(analysis: &Analysis, tool: ToolId, at: u32) -> Option<String> {
    Some(analysis.package.tools.get(tool.index())?.params.get(at as usize)?.doc.clone())
}

/// What the rest of the policy says of it.
fn facts_about(analysis: &Analysis, symbol: Symbol) -> Option<String> {
    let package = &analysis.package;
    match symbol {
        Symbol::Tool(id) => Some(tiers(analysis, id)),
        Symbol::Scope(id) => Some(scope(analysis, id)),
        Symbol::Approval(id) => {
            package.approvals.get(id.index()).map(|approval| format!("Needs {}.", facts::approval(package, approval)))
        }
        Symbol::Tier(id) => {
            let row = facts::row(package, id, None);
            (!row.is_empty()).then_some(row)
        }
        _ => None,
    }
}

/// The tiers of a tool, with the outcome in each environment.
fn tiers(analysis: &Analysis, tool: ToolId) -> String {
    let package = &analysis.package;
    let line = |(tier, always): (crate::hir::TierId, bool)| {
        let sometimes = if always { "" } else { " under a condition" };
        let row = facts::row(package, tier, None);
        let dash = if row.is_empty() { "" } else { " — " };
        format!("- tier `{}`{sometimes}{dash}{row}", facts::tier_name(package, tier))
    };
    facts::tiers(package, tool).into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What a scope covers and who holds it.
fn scope(analysis: &Analysis, id: ScopeId) -> String {
    let package = &analysis.package;
    let tools = super::place::covered(package, id);
    let names = tools.iter().filter_map(|id| package.tools.get(id.index())).map(|tool| format!("`{}`", tool.decl.name));
    let covers = format!("Covers {}.", names.collect::<Vec<_>>().join(", "));
    let holders: Vec<String> = facts::holders(package, id).iter().map(|grant| format!("`{grant}`")).collect();
    match holders.is_empty() {
        true => format!("{covers} No grant names it."),
        false => format!("{covers} Granted by {}.", holders.join(", ")),
    }
}

/// The declaration in a line, as written: up to its body.
fn signature(analysis: &Analysis, symbol: Symbol) -> Option<String> {
    let package = &analysis.package;
    let typed = |field: &claw_runtime::Field| {
        let optional = if field.optional { "?" } else { "" };
        format!("{}{optional}: {}", field.name, field.ty.display(&package.schema))
    };
    match symbol {
        Symbol::Param(tool, at) => package.tools.get(tool.index())?.params.get(at as usize).map(typed),
        Symbol::Field(record, at) => package.schema.records.get(record.0 as usize)?.fields.get(at as usize).map(typed),
        Symbol::Let(id) => {
            let constant = package.lets.get(id.index())?;
            Some(format!("let {}: {}", constant.decl.name, constant.ty.display(&package.schema)))
        }
        Symbol::Live(id) => {
            let live = package.lives.get(id.index())?;
            Some(format!("live {}: {}", live.decl.name, live.ty.display(&package.schema)))
        }
        Symbol::Builtin(id) => builtin(id),
        Symbol::Tool(_) | Symbol::Predicate(_) | Symbol::Extern(_) => {
            let decl = decl(package, symbol)?;
            let whole = analysis.sources.text(decl.loc);
            let lines = whole.lines().map(str::trim).filter(|l| !l.starts_with("///") && !l.starts_with('@'));
            Some(lines.collect::<Vec<_>>().join(" "))
        }
        other => {
            let name = super::name(package, other)?;
            let kind = other.kind();
            let word = kind.split_once(' ').map_or(kind, |(_, word)| word);
            Some(format!("{word} {name}"))
        }
    }
}

fn builtin(id: BuiltinId) -> Option<String> {
    id.get().map(|row| row.signature())
}
