//! Declarations into a policy that has some of them already.
//!
//! The file is the author's. A declaration of it is recognised by its kind, server and name on the wire, whatever it is
//! called in the policy; only the spans that must change are changed, and nothing is ever deleted. What differs may be
//! the author's edit or the server's change. A `pinned` digest tells which: where it still fits, every difference is the
//! author's. Where there is no pin, the file wins wherever it is the stricter one or merely worded otherwise, and the
//! report says so.

use std::collections::BTreeSet;

use claw_syntax::ast::{DocLine, EnumDecl, File, Item, ItemKind, RecordDecl, ToolDecl, ToolOption};
use claw_syntax::{Span, TokenKind};

use super::edit::{Edits, Tokens};
use super::relate::{Pair, Relation, relate};
use super::report::{Entry, Report, Status};
use super::slots::{Slot, SlotList};
use super::{Declaration, Declarations, ImportError, Param, Presence, text, write};

/// The outcome of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The whole file.
    pub text: String,
    pub report: Report,
}

/// Updates `source`, a policy, to what a server declares now.
///
/// Declarations on other servers and of kinds that the manifest does not list are left alone. A file in canonical layout
/// stays in it; of another one only what changes is touched.
///
/// # Errors
/// Where the file has syntax errors: what can't be read can't be recognised.
pub fn merge(source: &str, new: &Declarations) -> Result<Merged, ImportError> {
    let parse = claw_syntax::parse(source);
    if parse.has_errors() {
        return Err(ImportError("the file has syntax errors: mend them first".to_owned()));
    }
    let mut merger = Merger {
        source,
        file: &parse.file,
        tokens: Tokens(&parse.tokens),
        edits: Edits::default(),
        taken: names(&parse.file),
        seen: BTreeSet::new(),
        details: Vec::new(),
        report: Report::default(),
    };
    let found: Vec<Option<&ToolDecl>> = new.items.iter().map(|d| declaration_of(&parse.file, d)).collect();
    merger.known(new, &found);
    let added = merger.added(new, &found);
    let report = merger.report;
    let mut text = merger.edits.apply(source);
    if !added.is_empty() {
        let gap = if text.trim().is_empty() { "" } else { "\n\n" };
        text = format!("{}{gap}{added}", text.trim_end());
    }
    if claw_syntax::format(source).is_ok_and(|canonical| canonical == source) {
        text = write::layout(text);
    }
    if claw_syntax::parse(&text).has_errors() {
        return Err(ImportError("the declarations don't fit into the file; this is a defect of the import".to_owned()));
    }
    Ok(Merged { text, report })
}

/// Every name that the file declares.
fn names(file: &File) -> BTreeSet<String> {
    let own = |item: &Item| match &item.kind {
        ItemKind::Tool(tool) => Some(tool.name.text()),
        ItemKind::Use(decl) => decl.alias.as_ref().map(|alias| alias.name.clone()),
        _ => item.name().map(|name| name.name.clone()),
    };
    file.items.iter().filter_map(own).collect()
}

/// The declaration of the file that stands for one of the server's.
///
/// Where the import names no server, the author may have: then it must be the only one of its name.
fn declaration_of<'a>(file: &'a File, d: &Declaration) -> Option<&'a ToolDecl> {
    let tools = || {
        file.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Tool(tool) if tool.kind == d.kind && wire(tool) == d.wire => Some(tool),
            _ => None,
        })
    };
    let exact = tools().find(|tool| tool.server().map(|s| &s.value) == d.server.as_ref());
    let mut others = tools();
    let only = if d.server.is_none() { others.next().filter(|_| others.next().is_none()) } else { None };
    exact.or(only)
}

/// Whose change a difference is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Since {
    /// The definition is another one than that which was pinned.
    Changed,
    /// There is no pin: nobody can tell.
    Unknown,
}

struct Merger<'a> {
    source: &'a str,
    file: &'a File,
    tokens: Tokens<'a>,
    edits: Edits,
    taken: BTreeSet<String>,
    /// Records and enums that were compared already, by position: several parameters may share one.
    seen: BTreeSet<u32>,
    /// Of the declaration at hand.
    details: Vec<String>,
    report: Report,
}

impl<'a> Merger<'a> {
    /// Updates what the file has.
    fn known(&mut self, new: &'a Declarations, found: &[Option<&ToolDecl>]) {
        for item in &self.file.items {
            let ItemKind::Tool(tool) = &item.kind else { continue };
            let of = |found: &Option<&ToolDecl>| found.is_some_and(|t| std::ptr::eq(t, tool));
            let declared = found.iter().position(of).and_then(|at| new.items.get(at));
            let before = self.edits.len();
            let status = match declared {
                Some(declared) => {
                    self.tool(item, tool, declared);
                    if self.edits.len() > before { Status::Changed } else { Status::Kept }
                }
                None if new.complete.contains(&tool.kind) && tool.server().map(|s| &s.value) == new.server.as_ref() => {
                    self.details.push("the server does not offer it any more; it is left in the file".to_owned());
                    Status::Removed
                }
                None => continue,
            };
            let details = std::mem::take(&mut self.details);
            let (name, wire) = (tool.name.text(), wire(tool));
            self.report.entries.push(Entry { status, kind: tool.kind, name, wire, details });
        }
    }

    /// The text of what the file lacks.
    fn added(&mut self, new: &Declarations, found: &[Option<&ToolDecl>]) -> String {
        let mut parts = Vec::new();
        for (declared, _) in new.items.iter().zip(found).filter(|(_, found)| found.is_none()) {
            let mut declared = declared.clone();
            declared.name = text::fresh_name(&declared.name, declared.kind, &mut self.taken);
            for own in &mut declared.types {
                own.name = text::fresh(&own.name, "", &mut self.taken);
            }
            parts.push(write::declaration(&declared));
            let Declaration { kind, name, wire, .. } = declared;
            self.report.entries.push(Entry { status: Status::Added, kind, name, wire, details: Vec::new() });
        }
        parts.join("\n")
    }

    fn tool(&mut self, item: &'a Item, tool: &'a ToolDecl, new: &'a Declaration) {
        let digest = new.digest.to_string();
        let since = match tool.pinned() {
            Some(pin) if pin.value == digest => return,
            Some(pin) => {
                if new.pin {
                    self.edits.replace(pin.span, format!("\"{digest}\""));
                    self.details.push("the definition has changed: pinned anew".to_owned());
                } else {
                    let detail = "the definition has changed, the pin has not: calls are refused until it is renewed";
                    self.details.push(detail.to_owned());
                }
                Since::Changed
            }
            None => {
                if new.pin {
                    let end = tool.options.last().map_or(item.span.end, |o: &ToolOption| o.span().end);
                    self.edits.insert(end, format!(" pinned \"{digest}\""));
                    self.details.push("pinned".to_owned());
                }
                Since::Unknown
            }
        };
        let place = item.attrs.first().map_or(item.span.start, |a| a.span.start.min(item.span.start));
        self.docs(&item.docs, place, &new.doc, since, "the documentation");
        let list = SlotList {
            slots: tool.params.iter().map(Slot::from).collect(),
            head: tool.name.span.end,
            close: TokenKind::RParen,
            prefix: String::new(),
            defaults: true,
        };
        self.slots(item, &list, &new.params, new, since);
    }

    /// Brings a list of parameters or fields up to date.
    fn slots(&mut self, item: &'a Item, list: &SlotList<'a>, new: &'a [Param], of: &'a Declaration, since: Since) {
        for slot in &list.slots {
            match new.iter().find(|p| p.name == slot.name.name) {
                Some(param) => self.slot(item, slot, param, list, of, since),
                None => self.gone(slot, list, since),
            }
        }
        let missing: Vec<&Param> = new.iter().filter(|p| list.slots.iter().all(|s| s.name.name != p.name)).collect();
        if missing.is_empty() {
            return;
        }
        for param in &missing {
            self.details.push(format!("`{}{}` is new", list.prefix, param.name));
        }
        let texts =
            self.with_types(item, of, |d| missing.iter().map(|p| write::param(d, p)).collect::<Vec<_>>(), &missing);
        self.append(list.slots.last().map(|s| s.span.end), list.head, list.close, &texts);
    }

    /// Writes something that may need types of the server's, and the types that it needs before the declaration.
    fn with_types<T>(
        &mut self,
        item: &Item,
        of: &Declaration,
        write: impl FnOnce(&Declaration) -> T,
        needed_by: &[&Param],
    ) -> T {
        let mut renamed = of.clone();
        let mut needed = BTreeSet::new();
        needed_by.iter().for_each(|p| own_types(&p.ty, of, &mut needed));
        for own in &needed {
            if let Some(own) = renamed.types.get_mut(*own) {
                own.name = text::fresh(&own.name, "", &mut self.taken);
            }
        }
        let start = self.line_start(item);
        for own in needed {
            self.edits.insert(start, format!("{}\n", write::own_type(&renamed, own)));
        }
        write(&renamed)
    }

    /// Where a declaration begins, with its documentation and the comments right above.
    fn line_start(&self, item: &Item) -> u32 {
        let first = item.docs.first().map_or(item.span.start, |d| d.span.start.min(item.span.start));
        let mut start = first;
        let before = self.tokens.0.partition_point(|t| t.span.start < first);
        for token in self.tokens.0.iter().take(before).rev() {
            match token.kind {
                TokenKind::Comment => start = token.span.start,
                TokenKind::Whitespace if token.span.text(self.source).matches('\n').count() < 2 => {}
                _ => break,
            }
        }
        // A comment at the end of a line belongs to that line.
        if start == 0 || self.margin(start).is_some() { start } else { first }
    }

    /// Adds elements to a list in brackets.
    fn append(&mut self, last: Option<u32>, head: u32, close: TokenKind, texts: &[String]) {
        let Some(close) = self.tokens.next(last.unwrap_or(head), close) else { return };
        if let Some(last) = last
            && !self.tokens.follows(last, TokenKind::Comma)
        {
            self.edits.insert(last, ",");
        }
        let margin = self.margin(close.start);
        let gap = if last.is_some() { " " } else { "" };
        if margin.is_none() && texts.iter().all(|t| !t.contains('\n')) {
            return self.edits.insert(close.start, format!("{gap}{}", texts.join(", ")));
        }
        let lines: Vec<String> = texts.join(",\n").lines().map(|line| format!("    {line}\n")).collect();
        match margin {
            Some(margin) => self.edits.insert(close.start - margin, lines.concat()),
            None => self.edits.insert(close.start, format!("\n{}", lines.concat())),
        }
    }

    /// How many blanks stand before `offset`, if nothing else does on its line.
    fn margin(&self, offset: u32) -> Option<u32> {
        let before = self.source.get(..offset as usize)?.rsplit('\n').next()?;
        let blank = before.chars().all(char::is_whitespace) && before.len() < offset as usize;
        if blank { u32::try_from(before.len()).ok() } else { None }
    }

    fn slot(
        &mut self,
        item: &'a Item,
        slot: &Slot<'a>,
        new: &'a Param,
        list: &SlotList<'a>,
        of: &'a Declaration,
        since: Since,
    ) {
        let shown = format!("`{}{}`", list.prefix, new.name);
        self.docs(slot.docs, slot.span.start, &new.doc, since, &format!("the documentation of {shown}"));
        let mut pairs = Vec::new();
        let relation = relate(self.file, slot.ty, &new.ty, of, &mut pairs);
        let mine = slot.ty.span.text(self.source);
        let replace = relation == Relation::Other || (relation == Relation::Wider && since == Since::Changed);
        if replace {
            let (ty, literal) =
                self.with_types(item, of, |d| (write::ty(d, &new.ty), presence_text(new, list)), &[new]);
            self.details.push(format!("{shown} is `{ty}` now, was `{mine}`"));
            self.mark(slot, new.presence == Presence::Optional);
            self.edits.replace(Span::new(slot.ty.span.start, slot.span.end), ty + &literal);
            return;
        }
        if relation != Relation::Same {
            let theirs = write::ty(of, &new.ty);
            self.details.push(format!("{shown} stays `{mine}`: the server says `{theirs}`"));
        }
        self.presence(slot, new, list, relation, since, &shown);
        for pair in pairs {
            match pair {
                Pair::Enum(item, mine, values) => self.variants(item, mine, values, since),
                Pair::Record(item, mine, fields) => self.record(item, mine, fields, of, since),
            }
        }
    }

    /// Whether it must be given, and what stands for it where it is not.
    fn presence(
        &mut self,
        slot: &Slot<'a>,
        new: &Param,
        list: &SlotList<'a>,
        relation: Relation,
        since: Since,
        shown: &str,
    ) {
        let mine = slot.default.map(|d| d.span.text(self.source));
        let after_type = Span::new(slot.ty.span.end, slot.span.end);
        // A literal of the server's type may be none of the author's.
        let fits = relation == Relation::Same && list.defaults;
        match (mine, slot.optional, &new.presence) {
            // A value of the author's for what may or must be given is the author's choice.
            (Some(_), _, Presence::Optional | Presence::Required) => {}
            (Some(mine), _, Presence::Default(theirs)) if mine == theirs => {}
            (Some(mine), _, Presence::Default(theirs)) => {
                if since == Since::Changed && fits {
                    self.details.push(format!("the default of {shown} is {theirs} now, was {mine}"));
                    self.edits.replace(after_type, format!(" = {theirs}"));
                } else {
                    self.details.push(format!("the default of {shown} stays {mine}: the server says {theirs}"));
                }
            }
            (None, true, Presence::Optional) | (None, false, Presence::Required) => {}
            (None, true, Presence::Required) => {
                self.details.push(format!("{shown} must be given now"));
                self.mark(slot, false);
            }
            (None, true, Presence::Default(theirs)) if fits && since == Since::Changed => {
                self.details.push(format!("{shown} has the default {theirs} now"));
                self.mark(slot, false);
                self.edits.insert(slot.ty.span.end, format!(" = {theirs}"));
            }
            (None, true, Presence::Default(theirs)) => {
                self.details.push(format!("{shown} stays without a default: the server takes {theirs}"));
            }
            (None, false, _) if since == Since::Unknown => {
                self.details.push(format!("{shown} must still be given: the server does without it"));
            }
            (None, false, Presence::Default(theirs)) if fits => {
                self.details.push(format!("{shown} may be left out now, and has the default {theirs}"));
                self.edits.insert(slot.ty.span.end, format!(" = {theirs}"));
            }
            (None, false, _) => {
                self.details.push(format!("{shown} may be left out now"));
                self.mark(slot, true);
            }
        }
    }

    /// What the server has no more: it stays, and after a known change nobody must give it.
    fn gone(&mut self, slot: &Slot<'a>, list: &SlotList<'a>, since: Since) {
        let required = !slot.optional && slot.default.is_none();
        let fate = match (required, since) {
            (false, _) => "it is left in place",
            (true, Since::Changed) => {
                self.mark(slot, true);
                "it is left in place, and may be left out now"
            }
            (true, Since::Unknown) => "it is left in place, and must still be given",
        };
        self.details.push(format!("the server does not know `{}{}`: {fate}", list.prefix, slot.name.name));
    }

    /// Sets or removes the `?`.
    fn mark(&mut self, slot: &Slot<'a>, optional: bool) {
        match (slot.optional, optional) {
            (false, true) => self.edits.insert(slot.name.span.end, "?"),
            (true, false) => {
                if let Some(question) = self.tokens.next(slot.name.span.end, TokenKind::Question) {
                    self.edits.replace(question, "");
                }
            }
            _ => {}
        }
    }

    fn record(&mut self, item: &'a Item, mine: &'a RecordDecl, fields: &'a [Param], of: &'a Declaration, since: Since) {
        if !self.seen.insert(item.span.start) {
            return;
        }
        let list = SlotList {
            slots: mine.fields.iter().map(Slot::from).collect(),
            head: mine.name.span.end,
            close: TokenKind::RBrace,
            prefix: format!("{}.", mine.name.name),
            defaults: false,
        };
        self.slots(item, &list, fields, of, since);
    }

    fn variants(&mut self, item: &'a Item, mine: &'a EnumDecl, values: &[String], since: Since) {
        if !self.seen.insert(item.span.start) {
            return;
        }
        let name = &mine.name.name;
        let known = |value: &str| mine.variants.iter().any(|v| v.name.name == value);
        for gone in mine.variants.iter().filter(|v| !values.contains(&v.name.name)) {
            let detail = format!("the server does not know `{}` of `{name}`: it is left in place", gone.name.name);
            self.details.push(detail);
        }
        let missing: Vec<&String> = values.iter().filter(|v| !known(v)).collect();
        if missing.is_empty() {
            return;
        }
        let shown: Vec<String> = missing.iter().map(|v| format!("`{}`", text::short(v))).collect();
        if since == Since::Unknown {
            self.details.push(format!("`{name}` stays without {}, which the server knows", shown.join(", ")));
            return;
        }
        self.details.push(format!("`{name}` has {} now", shown.join(", ")));
        let texts: Vec<String> = missing.iter().map(|v| text::variant(v)).collect();
        self.append(mine.variants.last().map(|v| v.name.span.end), mine.name.span.end, TokenKind::RBrace, &texts);
    }

    /// Documentation that the author added to is kept; so is any where nobody can tell whose change a difference is.
    fn docs(&mut self, mine: &[DocLine], place: u32, theirs: &[String], since: Since, what: &str) {
        if theirs.iter().all(|line| line.is_empty() || mine.iter().any(|m| m.text == *line)) {
            return;
        }
        if since == Since::Unknown {
            self.details.push(format!("{what} stays as it is: the server's differs"));
            return;
        }
        self.details.push(format!("{what} was replaced"));
        match (mine.first(), mine.last()) {
            (Some(first), Some(last)) => {
                let lines = write::doc_lines(theirs);
                self.edits.replace(first.span.join(last.span), lines.trim_end());
            }
            _ => {
                let gap = if place == 0 || self.margin(place).is_some() { "" } else { "\n" };
                self.edits.insert(place, format!("{gap}{}", write::doc_lines(theirs)));
            }
        }
    }
}

fn wire(tool: &ToolDecl) -> String {
    tool.wire_name().map_or_else(|| tool.name.text(), |name| name.value.clone())
}

/// ` = literal`, where there is a default and may be one.
fn presence_text(param: &Param, list: &SlotList<'_>) -> String {
    match &param.presence {
        Presence::Default(literal) if list.defaults => format!(" = {literal}"),
        _ => String::new(),
    }
}

/// The types that a type needs, itself included.
fn own_types(ty: &super::Ty, of: &Declaration, out: &mut BTreeSet<usize>) {
    match ty {
        super::Ty::Word(_) => {}
        super::Ty::List(element) => own_types(element, of, out),
        super::Ty::Own(own) => {
            if out.insert(*own)
                && let Some(super::Shape::Record(fields)) = of.types.get(*own).map(|t| &t.shape)
            {
                fields.iter().for_each(|f| own_types(&f.ty, of, out));
            }
        }
    }
}

#[cfg(test)]
mod tests;
