//! Symbols and fixes: what editors ask of an analysis.

use claw_compiler::Symbol;
use claw_compiler::hir::FileId;

use crate::{PRELUDE, analyze};

#[test]
fn names_lead_to_their_declarations() {
    let source =
        format!("{PRELUDE}rule é {{ on send_email when any(a in args.to: ours(a)) deny \"{{args.subject}}\" }}\n");
    let analysis = analyze(&source);
    let target = |needle: &str, skip: usize| {
        let at = PRELUDE.len() + source[PRELUDE.len()..].find(needle).unwrap() + skip;
        let found = analysis.symbols.at(FileId(0), at as u32)?;
        let declared = analysis.symbols.declaration(found.symbol).map(|r| analysis.sources.text(r.loc).to_owned());
        Some((found.symbol.kind(), declared?))
    };
    assert_eq!(target("send_email", 2), Some(("a tool", "send_email".into())));
    assert_eq!(target("args.to", 5), Some(("a parameter", "to".into())));
    assert_eq!(target("ours(", 1), Some(("a predicate", "ours".into())));
    assert_eq!(target("(a)", 1), Some(("a variable", "a".into())));
    assert_eq!(target("subject", 1), Some(("a parameter", "subject".into())));
    let param = analysis.symbols.references.iter().find(|r| matches!(r.symbol, Symbol::Param(..)));
    assert!(param.is_some());
}

#[test]
fn every_fix_fits_its_text_and_mends() {
    let source = format!(
        "{PRELUDE}rule r {{ on send_emial deny \"x\" }}\nrule s {{ on send_email when subject == \"x\" deny \"x\" }}\n"
    );
    let analysis = analyze(&source);
    let mut text = source.clone();
    let mut edits: Vec<_> = analysis.diagnostics.iter().filter_map(|d| d.fix.as_ref()).flat_map(|f| &f.edits).collect();
    assert_eq!(edits.len(), 2);
    edits.sort_by_key(|e| std::cmp::Reverse(e.loc.span.start));
    for edit in edits {
        text.replace_range(edit.loc.span.range(), &edit.text);
    }
    assert_eq!(crate::check(&text), "");
}

#[test]
fn nothing_panics_on_any_prefix() {
    let whole = format!("{PRELUDE}{}", include_str!("support_bot.claw"));
    let step = whole.len() / 200;
    for end in (0..whole.len()).step_by(step.max(1)).filter(|at| whole.is_char_boundary(*at)) {
        analyze(&whole[..end]);
        analyze(&whole[end..]);
    }
}

#[test]
fn one_lost_token_is_not_many_mistakes() {
    let whole = include_str!("support_bot.claw");
    let tokens: Vec<_> = claw_syntax::lex(whole).into_iter().filter(|t| !t.kind.is_trivia()).collect();
    let mut said = 0;
    for token in tokens.iter().step_by(5) {
        let mut text = whole.to_owned();
        text.replace_range(token.span.range(), " ");
        let errors = crate::errors(&analyze(&text));
        said += errors.len();
    }
    let tried = tokens.len() / 5;
    assert!(said < tried * 3, "{said} errors after {tried} lost tokens");
}
