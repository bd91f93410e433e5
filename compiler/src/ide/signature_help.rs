//! What the call around the cursor takes: predicates, functions of the host, what is built in, `prior`, and calls of
//! tests.

use claw_runtime::{Field, Form, builtins, members_of};
use claw_syntax::TokenKind;

use super::Cursor;
use super::place::Place;
use crate::analysis::Analysis;
use crate::hir::{Decl, FileId, Tool};

/// A signature, and which of its parameters is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureHelp {
    /// The whole, such as `ours(a: email): bool`.
    pub label: String,
    /// Texts that are parts of `label`, in order.
    pub params: Vec<String>,
    /// Markdown.
    pub doc: String,
    /// The parameter at the cursor; none where it can't be told.
    pub active: Option<usize>,
}

/// The innermost call that the cursor stands in.
pub fn signature_help(analysis: &Analysis, file: FileId, offset: u32) -> Option<SignatureHelp> {
    let cursor = Cursor::new(analysis, file, offset)?;
    if cursor.in_comment() {
        return None;
    }
    let place = Place::new(cursor);
    place.open.iter().rev().find_map(|open| match place.kind(*open) {
        Some(TokenKind::LParen) => in_parentheses(&place, *open),
        Some(TokenKind::LBrace) => in_test(&place, *open),
        _ => None,
    })
}

/// How many commas stand between the bracket and the cursor, not counting those in inner brackets.
fn commas(place: &Place<'_>, open: usize) -> usize {
    let inside = place.back().take_while(|at| *at > open);
    inside.filter(|at| place.kind(*at) == Some(TokenKind::Comma)).count()
}

fn in_parentheses(place: &Place<'_>, open: usize) -> Option<SignatureHelp> {
    let start = place.path_start(open);
    let name = place.path_before(open);
    if name.is_empty() || start <= 1 && place.head().is_some() {
        return None; // A declaration's own parameters.
    }
    if start > 0 && place.kind(start - 1) == Some(TokenKind::KwPrior) {
        return place.tool(&name).map(|tool| of_tool(place, tool, "prior ", last_word(place, TokenKind::Dot)));
    }
    let package = &place.cursor.analysis.package;
    let is = |decl: &Decl| place.written(decl).as_deref() == Some(name.as_str());
    let active = Some(commas(place, open));
    if let Some(predicate) = package.predicates.iter().find(|p| is(&p.decl)) {
        return Some(typed(place, &name, &predicate.params, "bool", &predicate.decl.doc, active));
    }
    if let Some(external) = package.externs.iter().find(|e| is(&e.decl)) {
        let result = external.result.display(&package.schema);
        return Some(typed(place, &name, &external.params, &result, &external.decl.doc, active));
    }
    built_in(place, open)
}

/// A method of the receiver's type, or a function of the table.
fn built_in(place: &Place<'_>, open: usize) -> Option<SignatureHelp> {
    let name = place.word(open.checked_sub(1)?);
    let dot = open.checked_sub(2).filter(|at| place.kind(*at) == Some(TokenKind::Dot));
    let row = match dot {
        Some(dot) => {
            let receiver = place.type_before(dot, &place.variables())?;
            members_of(&receiver).find(|row| row.form == Form::Method && row.surface() == name)?
        }
        None => builtins().iter().find(|row| row.form == Form::Function && row.surface() == name)?,
    };
    Some(SignatureHelp { label: row.signature(), params: Vec::new(), doc: row.doc.to_owned(), active: None })
}

/// The arguments in `call tool {…}`.
fn in_test(place: &Place<'_>, open: usize) -> Option<SignatureHelp> {
    let start = place.path_start(open);
    if start == 0 || place.kind(start - 1) != Some(TokenKind::KwCall) {
        return None;
    }
    let tool = place.tool(&place.path_before(open))?;
    let key = (open..place.tokens.len()).rev().find(|at| place.kind(*at) == Some(TokenKind::Colon));
    let comma = place.back().find(|at| place.kind(*at) == Some(TokenKind::Comma) && *at > open);
    let key = key.filter(|key| comma.is_none_or(|comma| comma < *key)).and_then(|key| key.checked_sub(1));
    Some(of_tool(place, tool, "", key.map(|at| place.word(at))))
}

/// The word behind the last such token.
fn last_word<'a>(place: &Place<'a>, kind: TokenKind) -> Option<&'a str> {
    let at = (0..place.tokens.len()).rev().find(|at| place.kind(*at) == Some(kind))?;
    Some(place.word(at + 1)).filter(|word| !word.is_empty())
}

fn of_tool(place: &Place<'_>, tool: &Tool, before: &str, active: Option<&str>) -> SignatureHelp {
    let schema = &place.cursor.analysis.package.schema;
    let shown = |p: &Field| format!("{}{}: {}", p.name, if p.optional { "?" } else { "" }, p.ty.display(schema));
    let params: Vec<String> = tool.params.iter().map(shown).collect();
    let name = place.written(&tool.decl).unwrap_or_else(|| tool.decl.name.clone());
    SignatureHelp {
        label: format!("{before}{name}({})", params.join(", ")),
        active: active.and_then(|name| tool.params.iter().position(|p| p.name == name)),
        params,
        doc: tool.decl.doc.clone(),
    }
}

fn typed(
    place: &Place<'_>,
    name: &str,
    params: &[(String, claw_runtime::Type)],
    result: &str,
    doc: &str,
    active: Option<usize>,
) -> SignatureHelp {
    let schema = &place.cursor.analysis.package.schema;
    let params: Vec<String> = params.iter().map(|(name, ty)| format!("{name}: {}", ty.display(schema))).collect();
    SignatureHelp {
        label: format!("{name}({}): {result}", params.join(", ")),
        active: active.filter(|at| *at < params.len()),
        params,
        doc: doc.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Workspace;

    fn help(code: &str) -> Option<(String, Option<usize>)> {
        let text = format!(
            "package p\ntool refund(order: string, amount: decimal)\n\
             predicate big(x: decimal, y: decimal) = x > y\n{code}"
        );
        let offset = text.find('$').expect("a cursor");
        let mut workspace = Workspace::new();
        workspace.set_file("main.claw", text.replacen('$', "", 1));
        let analysis = workspace.analyze("main.claw");
        signature_help(&analysis, FileId(0), offset as u32).map(|help| (help.label, help.active))
    }

    #[test]
    fn the_parameter_being_written() {
        let big = |at| Some(("big(x: decimal, y: decimal): bool".to_owned(), Some(at)));
        assert_eq!(help("rule r { on refund when big($"), big(0));
        assert_eq!(help("rule r { on refund when big(args.amount, $) deny \"no\" }"), big(1));
        assert_eq!(help("rule r { on refund when args.amount > $"), None);
    }

    #[test]
    fn tools_in_tests_and_in_the_past() {
        let refund = "refund(order: string, amount: decimal)";
        assert_eq!(help("test \"t\" { call refund { $"), Some((refund.to_owned(), None)));
        assert_eq!(help("test \"t\" { call refund { order: \"x\", amount: $"), Some((refund.to_owned(), Some(1))));
        assert_eq!(help("rule r { on refund unless prior refund($"), Some((format!("prior {refund}"), None)));
        assert_eq!(help("tool t($"), None);
    }

    #[test]
    fn what_is_built_in() {
        let found = help("rule r { on refund when len($");
        assert!(found.is_some_and(|(label, _)| label.starts_with("len(")), "a signature");
    }
}
