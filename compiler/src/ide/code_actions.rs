//! What can be done about a place: the mends of its findings, all mends at once, and what a finding asks to be written.

use claw_syntax::Span;
use claw_syntax::ast::{File, Ident, ItemKind};

use crate::analysis::Analysis;
use crate::checked::Checked;
use crate::diagnostics::{Applicability, Diagnostic, Edit, codes};
use crate::hir::{FileId, Loc};
use crate::testing::{self, Failure, FailureKind};

/// What an editor may offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// An imperative.
    pub title: String,
    pub kind: ActionKind,
    pub edits: Vec<Edit>,
    /// The finding it mends, as an index into the analysis' findings.
    pub mends: Option<usize>,
    /// The one that is surely meant.
    pub preferred: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionKind {
    QuickFix,
    /// All mends that guess at nothing.
    FixAll,
}

/// The actions for a range of a file.
pub fn code_actions(analysis: &Analysis, file: FileId, range: Span) -> Vec<Action> {
    let mut actions = Vec::new();
    for (at, finding) in analysis.diagnostics.iter().enumerate() {
        let here = finding.primary.loc;
        if here.file != file || here.span.start > range.end || here.span.end < range.start {
            continue;
        }
        if let Some(fix) = &finding.fix {
            actions.push(Action {
                title: fix.title.clone(),
                kind: ActionKind::QuickFix,
                edits: fix.edits.clone(),
                mends: Some(at),
                preferred: true,
            });
        }
        for (title, edit) in written_for(analysis, finding) {
            let kind = ActionKind::QuickFix;
            actions.push(Action { title, kind, edits: vec![edit], mends: Some(at), preferred: false });
        }
    }
    actions.extend(as_decided(analysis, file, range));
    actions.extend(fix_all(analysis, file));
    actions
}

/// In a test that fails: lets the expectation say what is decided. Runs the test, so only where one stands.
fn as_decided(analysis: &Analysis, file: FileId, range: Span) -> Vec<Action> {
    let Some(parse) = analysis.parse(file) else { return Vec::new() };
    let here = |span: Span| span.start <= range.end && range.start <= span.end;
    let title = parse.file.items.iter().find_map(|item| match &item.kind {
        ItemKind::Test(test) if here(item.span) => Some(test.title.value.as_str()),
        _ => None,
    });
    let (Some(title), Some(checked)) = (title, Checked::new(analysis.package.clone(), analysis.has_errors())) else {
        return Vec::new();
    };
    let results = testing::run(&checked, &analysis.sources, Some(title)).unwrap_or_default();
    let failures = results.into_iter().filter(|result| result.name == title).flat_map(|result| result.failures);
    let action = |failure: Failure| {
        let FailureKind::Unexpected { mismatches, .. } = failure.kind else { return None };
        let got = mismatches.into_iter().find(|mismatch| mismatch.what == "decision")?.got;
        // Reports part it by a comma, tests by a blank.
        let got = got.replacen(", reason ", " reason ", 1);
        (failure.loc.file == file && here(failure.loc.span)).then(|| Action {
            title: format!("expect what is decided: `{got}`"),
            kind: ActionKind::QuickFix,
            edits: vec![Edit { loc: failure.loc, text: format!("expect {got}") }],
            mends: None,
            preferred: false,
        })
    };
    failures.filter_map(action).collect()
}

/// Does the mend say what was written in the language's own words? One that guesses at a name is not made on saving.
fn is_mechanical(finding: &Diagnostic) -> bool {
    finding.code.as_str().starts_with("E00")
        || finding.fix.as_ref().is_some_and(|fix| fix.applicability == Applicability::Certain)
}

/// One action for all mechanical mends in a file. Where two touch the same text, the first is made.
pub fn fix_all(analysis: &Analysis, file: FileId) -> Option<Action> {
    let mut edits: Vec<Edit> = Vec::new();
    let mechanical = analysis.diagnostics.iter().filter(|d| is_mechanical(d));
    for fix in mechanical.filter_map(|d| d.fix.as_ref()) {
        let free = fix.edits.iter().all(|edit| {
            edit.loc.file == file
                && edits.iter().all(|e| e.loc.span.end <= edit.loc.span.start || edit.loc.span.end <= e.loc.span.start)
        });
        if free {
            edits.extend(fix.edits.iter().cloned());
        }
    }
    edits.sort_by_key(|edit| edit.loc.span);
    (!edits.is_empty()).then(|| Action {
        title: "Make all mechanical mends in this file".to_owned(),
        kind: ActionKind::FixAll,
        edits,
        mends: None,
        preferred: false,
    })
}

/// What a finding without a mend asks to be written.
fn written_for(analysis: &Analysis, finding: &Diagnostic) -> Vec<(String, Edit)> {
    let file = finding.primary.loc.file;
    let Some(parse) = analysis.parse(file) else { return Vec::new() };
    let text = &analysis.sources.get(file).text;
    let at = |span, text: String| Edit { loc: Loc { file, span }, text };
    let name = finding.primary.loc.span.text(text);
    match finding.code {
        codes::E0101 if finding.primary.text.contains("tool") => {
            let before = before_item(&parse.file, finding.primary.loc.span);
            vec![(format!("declare the tool `{name}`"), at(before, format!("tool {name}()\n\n")))]
        }
        codes::E0109 => declare_word(&parse.file, finding, name)
            .map(|(title, span, text)| (title, at(span, text)))
            .into_iter()
            .collect(),
        codes::E0407 => classify(analysis, &parse.file, name)
            .into_iter()
            .map(|(title, span, text)| (title, at(span, text)))
            .collect(),
        codes::E0402 => missing_rows(analysis, &parse.file, finding.primary.loc.span)
            .map(|(span, text)| ("add the missing rows, each a denial".to_owned(), at(span, text)))
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

/// Before the declaration around a place, with its documentation.
fn before_item(file: &File, span: Span) -> Span {
    let item = file.items.iter().find(|item| item.span.covers(span));
    Span::at(item.map_or(0, |item| item.docs.first().map_or(item.span.start, |doc| doc.span.start)))
}

/// Adds a word to its vocabulary, which stands in this file or is begun.
fn declare_word(file: &File, finding: &Diagnostic, name: &str) -> Option<(String, Span, String)> {
    let kinds = ["role", "label", "tag", "environment", "origin"];
    let kind = kinds.into_iter().find(|kind| finding.message.contains(&format!(" {kind} ")))?;
    let words = |words: &[Ident]| words.last().map(|word| Span::at(word.span.end));
    let end = file.items.iter().find_map(|item| match (&item.kind, kind) {
        (ItemKind::Roles(roles), "role") => roles.last().map(|role| Span::at(role.span.end)),
        (ItemKind::Labels(list), "label")
        | (ItemKind::Tags(list), "tag")
        | (ItemKind::Environments(list), "environment")
        | (ItemKind::Origins(list), "origin") => words(list),
        _ => None,
    });
    let title = format!("declare the {kind} `{name}`");
    Some(match end {
        Some(end) => (title, end, format!(", {name}")),
        None => (title, before_item(file, finding.primary.loc.span), format!("{kind}s {name}\n\n")),
    })
}

/// An arm for the tool, one action for each tier.
fn classify(analysis: &Analysis, file: &File, tool: &str) -> Vec<(String, Span, String)> {
    let tiers = analysis.package.tiers.iter().map(|tier| tier.decl.name.as_str());
    let end = file.items.iter().find_map(|item| match &item.kind {
        // Before the closing brace.
        ItemKind::Classify(_) => Some(Span::at(item.span.end.saturating_sub(1))),
        _ => None,
    });
    let whole = |tier: &str| match end {
        Some(end) => (end, format!("  {tier} on {tool}\n")),
        None => (Span::at(file.span.end), format!("\nclassify {{\n  {tier} on {tool}\n}}\n")),
    };
    tiers
        .map(|tier| {
            let (span, text) = whole(tier);
            (format!("classify `{tool}` as {tier}"), span, text)
        })
        .collect()
}

/// Rows for the tiers that a matrix lacks: `deny` everywhere, which is never too lax.
fn missing_rows(analysis: &Analysis, file: &File, header: Span) -> Option<(Span, String)> {
    let item = file.items.iter().find(|item| item.span.covers(header))?;
    let ItemKind::Matrix(matrix) = &item.kind else { return None };
    let written: Vec<&str> = matrix.rows.iter().map(|row| row.tier.name.as_str()).collect();
    let missing = analysis.package.tiers.iter().map(|t| t.decl.name.as_str()).filter(|tier| !written.contains(tier));
    let rows: String = missing.map(|tier| format!("  {tier}{}\n", " | deny".repeat(matrix.envs.len()))).collect();
    (!rows.is_empty()).then(|| (Span::at(item.span.end.saturating_sub(1)), rows))
}
