//! Renaming, with a check: the policy is analysed again with the new name, and nothing but the name may have changed.

use std::collections::BTreeMap;

use claw_runtime::glob_matches;
use claw_syntax::ast::{Item, ItemKind, Target, TargetKind};
use claw_syntax::visit::{self, Visit};
use claw_syntax::{KEYWORDS, Span};

use super::{Cursor, TextEdit};
use crate::analysis::{Analysis, Symbol};
use crate::diagnostics::Edit;
use crate::hir::{FileId, Loc};
use crate::workspace::Workspace;

/// The name under the cursor, if it can be renamed.
///
/// # Errors
/// Says why not.
pub fn prepare(analysis: &Analysis, file: FileId, offset: u32) -> Result<Loc, String> {
    let cursor = Cursor::new(analysis, file, offset).ok_or("there is nothing to rename")?;
    let reference = cursor.symbol().ok_or("there is no name here")?;
    match reference.symbol {
        Symbol::Builtin(_) => return Err("this name comes with the language".to_owned()),
        Symbol::Module(_) => return Err("a module is named by its file, or by `as` where it is used".to_owned()),
        _ => {}
    }
    let declared = analysis.symbols.declaration(reference.symbol).ok_or("its declaration is not in sight")?;
    if analysis.sources.get(declared.loc.file).is_standard() {
        return Err(format!(
            "it is declared in `{}`, which ships with claw",
            analysis.sources.get(declared.loc.file).path
        ));
    }
    Ok(reference.loc)
}

/// The edits, in all files, that give the name at `offset` another. A tool keeps its name on the wire.
///
/// # Errors
/// Says why the new name can't be: it is no name, it is taken, or something else would change its meaning.
pub fn rename(analysis: &Analysis, file: FileId, offset: u32, to: &str) -> Result<Vec<Edit>, String> {
    prepare(analysis, file, offset)?;
    let cursor = Cursor::new(analysis, file, offset).ok_or("there is nothing to rename")?;
    let symbol = cursor.symbol().ok_or("there is no name here")?.symbol;
    let old = super::name(&analysis.package, symbol)
        .unwrap_or_else(|| cursor.text_of(cursor.token().map_or(Span::at(0), |t| t.span)));
    let old = old.trim_matches('`').to_owned();
    let to = to.trim().trim_matches('`');
    if to == old {
        return Ok(Vec::new());
    }
    if to.is_empty() || to.contains(['`', '\n', '\r']) {
        return Err(format!("`{to}` is no name"));
    }
    let mut edits: Vec<Edit> = Vec::new();
    for place in analysis.symbols.of(symbol) {
        let written = analysis.sources.text(place.loc);
        let text = if written.starts_with('"') { format!("\"{to}\"") } else { quoted(to, &old) };
        edits.push(Edit { loc: place.loc, text });
    }
    if let Symbol::Tool(_) = symbol {
        globs(analysis, &old, to)?;
        edits.extend(wire_name(analysis, symbol, &old));
    }
    edits.sort_by_key(|edit| (edit.loc.file, edit.loc.span));
    edits.dedup();
    check(analysis, symbol, &edits)?;
    Ok(edits)
}

/// A name as it is written; dotted where the old one was.
fn quoted(to: &str, old: &str) -> String {
    let plain = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !KEYWORDS.contains(&word)
    };
    let dotted = old.contains('.') && to.split('.').all(plain);
    if plain(to) || dotted { to.to_owned() } else { format!("`{to}`") }
}

/// A pattern that covers a tool by its old name and not by its new one, or the other way round, would change who may do
/// what without a word.
fn globs(analysis: &Analysis, old: &str, to: &str) -> Result<(), String> {
    struct Globs(Vec<String>);
    impl Visit for Globs {
        fn visit_target(&mut self, target: &Target) {
            match &target.kind {
                TargetKind::Glob(pattern) => self.0.push(pattern.clone()),
                TargetKind::Quoted(pattern) => self.0.push(pattern.value.clone()),
                _ => {}
            }
        }
    }
    let mut found = Globs(Vec::new());
    analysis.parses.iter().flatten().for_each(|parse| visit::walk_file(&mut found, &parse.file));
    match found.0.iter().find(|pattern| glob_matches(pattern, old) != glob_matches(pattern, to)) {
        Some(pattern) => Err(format!("the pattern `{pattern}` covers only one of `{old}` and `{to}`: change it first")),
        None => Ok(()),
    }
}

/// `as "old"` behind the parameters, so that calls are still recognised.
fn wire_name(analysis: &Analysis, symbol: Symbol, old: &str) -> Option<Edit> {
    let loc = analysis.symbols.declaration(symbol)?.loc;
    let parse = analysis.parse(loc.file)?;
    let item: &Item = parse.file.items.iter().find(|item| item.span.covers(loc.span))?;
    let ItemKind::Tool(tool) = &item.kind else { return None };
    if tool.wire_name().is_some() {
        return None;
    }
    let mut depth = 0usize;
    for token in parse.tokens.iter().filter(|t| t.span.start >= loc.span.end) {
        if token.kind.is_opener() {
            depth += 1;
        } else if token.kind.is_closer() {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                let at = Loc { file: loc.file, span: Span::at(token.span.end) };
                return Some(Edit { loc: at, text: format!(" as {old:?}") });
            }
        }
    }
    None
}

/// Analyses the policy as it would be: no new error, and every name means what it meant.
fn check(analysis: &Analysis, symbol: Symbol, edits: &[Edit]) -> Result<(), String> {
    let mut by_file: BTreeMap<FileId, Vec<TextEdit>> = BTreeMap::new();
    for edit in edits {
        by_file.entry(edit.loc.file).or_default().push(TextEdit::new(edit.loc.span, edit.text.clone()));
    }
    let mut workspace = Workspace::new();
    for (at, source) in analysis.sources.files.iter().enumerate() {
        let file = FileId(u32::try_from(at).unwrap_or(u32::MAX));
        if source.is_standard() {
            if by_file.contains_key(&file) {
                return Err(format!("it is used in `{}`, which ships with claw", source.path));
            }
        } else if analysis.parse(file).is_some() {
            let edited = by_file.get(&file).map(|edits| TextEdit::apply(edits, &source.text));
            workspace.set_file(&source.path, edited.unwrap_or_else(|| source.text.to_string()));
        } else {
            workspace.set_data(&source.path, source.text.as_bytes());
        }
    }
    let Some(root) = analysis.sources.files.first() else { return Ok(()) };
    let after = workspace.analyze(&root.path);
    let errors = |of: &Analysis| of.diagnostics.iter().filter(|d| d.is_error()).count();
    if errors(&after) > errors(analysis) {
        let known: Vec<&str> = analysis.diagnostics.iter().map(|d| d.message.as_str()).collect();
        let new = after.diagnostics.iter().find(|d| d.is_error() && !known.contains(&d.message.as_str()));
        return Err(new.map_or_else(|| "the policy would no longer check".to_owned(), |d| d.message.clone()));
    }
    let uses = |of: &Analysis| of.symbols.of(symbol).count();
    let all = |of: &Analysis| of.symbols.references.len();
    if uses(&after) != uses(analysis) || all(&after) != all(analysis) {
        return Err("another name would change its meaning".to_owned());
    }
    Ok(())
}
