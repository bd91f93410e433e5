//! `@owner("…")`, `@allow(CODE, "…")` and their kin.

use claw_syntax::ast::{self, AttrArg, ItemKind};

use super::Cx;
use crate::diagnostics::{Diagnostic, Severity, codes};
use crate::hir::{Attribute, Decl, Loc, ModuleId, Status};
use crate::suggest;

const NAMES: [&str; 5] = ["owner", "control", "see", "allow", "status"];
const STATUSES: [(&str, Status); 5] = [
    ("hint", Status::Hint),
    ("candidate", Status::Candidate),
    ("confirmed", Status::Confirmed),
    ("suspended", Status::Suspended),
    ("archived", Status::Archived),
];

impl Cx<'_> {
    /// The attributes of an item, checked.
    pub(super) fn attributes(&mut self, module: ModuleId, item: &ast::Item) -> Vec<Attribute> {
        let mut out = Vec::new();
        for attr in &item.attrs {
            if attr.name.is_hole() || attr.args.iter().any(|a| matches!(a, AttrArg::Error(_))) {
                continue;
            }
            let loc = self.loc(module, attr.span);
            let args: Vec<String> = attr.args.iter().map(arg_text).collect();
            match attr.name.name.as_str() {
                "owner" | "control" | "see" => self.check_text_attribute(loc, attr),
                "allow" => self.check_allow(module, loc, attr),
                "status" => self.check_status(module, loc, item, attr),
                other => self.unknown_attribute(self.loc(module, attr.name.span), other),
            }
            out.push(Attribute { name: attr.name.name.clone(), args, loc });
        }
        out
    }

    fn unknown_attribute(&mut self, loc: Loc, name: &str) {
        let near = suggest::nearest(name, NAMES);
        let error = Diagnostic::new(codes::E0112, loc, format!("there is no attribute `@{name}`"))
            .help(format!("there are {}", suggest::list(NAMES)))
            .did_you_mean(loc, near);
        self.report(error);
    }

    fn check_text_attribute(&mut self, loc: Loc, attr: &ast::Attribute) {
        let ok = !attr.args.is_empty() && attr.args.iter().all(|a| matches!(a, AttrArg::Str(_)));
        if !ok {
            let name = &attr.name.name;
            self.report(
                Diagnostic::new(codes::E0112, loc, format!("`@{name}` takes a text"))
                    .help(format!("write `@{name}(\"…\")`")),
            );
        }
    }

    fn check_allow(&mut self, module: ModuleId, loc: Loc, attr: &ast::Attribute) {
        let [AttrArg::Name(code), AttrArg::Str(reason)] = attr.args.as_slice() else {
            let error = Diagnostic::new(codes::E0112, loc, "`@allow` takes a code and a reason")
                .help("write `@allow(W0203, \"why this is fine here\")`");
            return self.report(error);
        };
        if reason.value.trim().is_empty() {
            let at = self.loc(module, reason.span);
            self.report(Diagnostic::new(codes::E0112, at, "the reason of this `@allow` is empty"));
        }
        let at = self.loc(module, code.span);
        match codes::find(&code.name) {
            Some(info) if info.severity == Severity::Warning => {}
            Some(_) => {
                let message = format!("`{}` is an error: only warnings can be silenced", code.name);
                self.report(Diagnostic::new(codes::E0112, at, message));
            }
            None => {
                let warnings: Vec<&str> =
                    codes::all().filter(|c| c.severity == Severity::Warning).map(|c| c.code.as_str()).collect();
                let near = suggest::nearest(&code.name, warnings);
                let message = format!("there is no diagnostic `{}`", code.name);
                self.report(Diagnostic::new(codes::E0112, at, message).did_you_mean(at, near));
            }
        }
    }

    fn check_status(&mut self, module: ModuleId, loc: Loc, item: &ast::Item, attr: &ast::Attribute) {
        if !matches!(item.kind, ItemKind::Rule(_) | ItemKind::Limit(_) | ItemKind::Grant(_)) {
            let error = Diagnostic::new(codes::E0112, loc, "`@status` only stands before rules, limits and grants");
            return self.report(error);
        }
        let words = STATUSES.map(|(word, _)| word);
        match attr.args.as_slice() {
            [AttrArg::Name(_), AttrArg::Str(reason)] if reason.value.trim().is_empty() => {
                let at = self.loc(module, reason.span);
                self.report(Diagnostic::new(codes::E0112, at, "the reason of this `@status` is empty"));
            }
            [AttrArg::Name(word)] | [AttrArg::Name(word), AttrArg::Str(_)] if words.contains(&word.name.as_str()) => {}
            [AttrArg::Name(word)] | [AttrArg::Name(word), AttrArg::Str(_)] => {
                let at = self.loc(module, word.span);
                let error = Diagnostic::new(codes::E0112, at, format!("there is no status `{}`", word.name))
                    .help(format!("there are {}", suggest::list(words)))
                    .did_you_mean(at, suggest::nearest(&word.name, words));
                self.report(error);
            }
            _ => {
                let error = Diagnostic::new(codes::E0112, loc, "`@status` takes a word, and perhaps a reason")
                    .help(format!("the word is one of {}", suggest::list(words)));
                self.report(error);
            }
        }
    }
}

/// The status that `@status(…)` gives a declaration.
pub(crate) fn status(decl: &Decl) -> Status {
    let word = decl.attrs.iter().find(|a| a.name == "status").and_then(|a| a.args.first());
    let known = |word: &String| STATUSES.iter().find(|(name, _)| name == word).map(|(_, status)| *status);
    word.and_then(known).unwrap_or_default()
}

fn arg_text(arg: &AttrArg) -> String {
    match arg {
        AttrArg::Name(ident) => ident.name.clone(),
        AttrArg::Str(lit) => lit.value.clone(),
        AttrArg::Error(_) => String::new(),
    }
}
